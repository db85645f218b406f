"""Notations: what a course calls the numbers of a network, as data.

A notation is a TOML file of name templates. `w_{number}` is w with a running number below it, so w5;
`W^[{l}]_{j}{i}` has the layer above and two indices below; `z{l}[{n},{k}]` has indices in brackets.

{l} layer  {i} from which unit  {j} to which unit  {k} place inside the layer  {n} sample
{number} counts all weights, row by row and layer after layer; {unit} counts units over the layers.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from chainrule.errors import ConfigError, unknown
from chainrule.formulas.losses import LOSSES, Loss

__all__ = ["NOTATIONS", "Notation", "Special", "read_notation"]

FOLDER = Path(__file__).parent / "notations"
OWN = "chainrule"
NOTATIONS = (OWN, "psyc681", "cap4453", "comp0087")
PLACEHOLDERS = ("l", "i", "j", "k", "n", "number", "unit")

Templates = Mapping[str, tuple[str, ...]]
_TEMPLATE = re.compile(r"[^\W\d][^_^\[\]]*(_[^_^\[\]]+|\^(\[[^\]]+\]|[^_^\[\]]+)|\[[^\]]+\])*")
_SYMBOL = re.compile(r"([A-Za-z]+?)(\d*)")


@dataclass(frozen=True)
class Special:
    """Names for networks of a certain form only: so many layers with weights, so many outputs."""

    names: Templates
    layers: int | None = None
    outputs: int | None = None

    def fits(self, layers: int, outputs: int) -> bool:
        """Whether a network has this form."""
        return self.layers in (None, layers) and self.outputs in (None, outputs)


@dataclass(frozen=True)
class Notation:
    """What a course calls things.

    base:          what indices count from, 1 or 0
    columns:       vectors are columns: z = W x, the weight matrix shown transposed
    bias:          "bias", or "weight": the weight of a constant input 1
    samples:       whether the sample's index is shown even when there is only one
    squared_error: the catalogue's loss that "squared_error" means: ½ or 1, mean or sum
    names:         symbol (z2), kind with its place (z_output, z_hidden) or kind (z) → templates: the first
                   is written, the others are understood; special: the same for networks of some form
    """

    name: str
    title: str
    source: str
    base: int
    columns: bool
    bias: Literal["bias", "weight"]
    samples: bool
    squared_error: Loss
    names: Templates
    special: tuple[Special, ...] = ()

    def templates(self, symbol: str, layers: int, outputs: int) -> tuple[str, ...]:
        """The templates for a symbol of a network with so many layers and outputs; () if there are none."""
        matched = _SYMBOL.fullmatch(symbol)
        wanted = [symbol]
        if matched and matched[2]:
            place = "output" if int(matched[2]) == layers else "hidden"
            wanted += [f"{matched[1]}_{place}", matched[1]]
        tables = [*(s.names for s in self.special if s.fits(layers, outputs)), self.names]
        return next((table[name] for table in tables for name in wanted if name in table), ())

    def loss(self, name: str | Loss) -> Loss:
        """The catalogue's loss of that name; "squared_error" is the one that this notation means."""
        return self.squared_error if name == "squared_error" else LOSSES.find(name)


def read_notation(name_or_path: str | os.PathLike[str] | Notation) -> Notation:
    """A built-in notation, or the one in a TOML file.

    Raises UnknownName for a name that is none of them, ConfigError for a file with mistakes.

    >>> read_notation("psyc681").names["W"]
    ('w_{number}',)
    """
    if isinstance(name_or_path, Notation):
        return name_or_path
    if not isinstance(name_or_path, (str, os.PathLike)):
        raise ConfigError(f"a notation is a name such as psyc681 or a file, not {name_or_path!r}")
    named = os.fspath(name_or_path)
    if named in NOTATIONS:
        return _built_in(named)
    if not named.endswith(".toml") and os.sep not in named:
        raise unknown("notation", named, NOTATIONS)
    from chainrule.working.names.notation_file import read_notation_file  # the checks load pydantic

    return _made(Path(named).stem, read_notation_file(named))


@cache
def _built_in(name: str) -> Notation:
    return _made(name, tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8")))


def _made(name: str, stated: Mapping[str, Any]) -> Notation:
    """A notation from what its file states; what it leaves out is our own."""
    names = as_templates(stated.get("names", {}))
    if name != OWN:
        names = {**_built_in(OWN).names, **names}
    special = (
        Special(as_templates(each["names"]), each.get("layers"), each.get("outputs"))
        for each in stated.get("special", ())
    )
    return Notation(
        name,
        stated["title"],
        stated.get("source", ""),
        stated.get("base", 1),
        stated.get("columns", False),
        stated.get("bias", "bias"),
        stated.get("samples", False),
        LOSSES.find(stated.get("squared_error", "mse")),
        names,
        tuple(special),
    )


def as_templates(given: Any) -> Templates:
    """A table of templates as it is used: a tuple for each name. Raises ValueError for what is none."""
    if not isinstance(given, dict):
        raise ValueError('names must be a table of templates, such as W = "w_{number}"')
    return {name: _checked_templates(name, value) for name, value in given.items()}


def _checked_templates(name: str, value: Any) -> tuple[str, ...]:
    templates = tuple(value) if isinstance(value, list | tuple) else (value,)
    if not templates:
        raise ValueError(f'{name} has no template: give one, such as "w_{{number}}"')
    for template in templates:
        if not isinstance(template, str):
            raise ValueError(f"the template of {name} must be text in quotes, not {template!r}")
        for placeholder in re.findall(r"\{(.*?)\}", template):
            if placeholder not in PLACEHOLDERS:
                known = ", ".join(f"{{{p}}}" for p in PLACEHOLDERS)
                raise ValueError(f'the template "{template}" has {{{placeholder}}}: known are {known}')
        filled = re.sub(r"\{.*?\}", "1", template)
        if not _TEMPLATE.fullmatch(filled):
            raise ValueError(
                f'"{template}" is no template: write a letter, then _below, ^above or [index], '
                'as in "W^[{l}]_{i}{j}"'
            )
    return templates
