"""Example files: TOML, checked with every mistake named, every number kept as it was written."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from chainrule.engines.rounding import Policy
from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.atomic import quoted
from chainrule.learning.configuration import Section, checked, read_toml
from chainrule.learning.networkfile import NetworkFile, NetworkSection, made_network
from chainrule.working.names.notation import Notation, read_notation
from chainrule.working.unfolding import Chain

__all__ = ["Answer", "ExampleFile", "Formulas", "read_example_file"]

PASS = "pass"
LARGEST = sys.float_info.max


@dataclass(frozen=True)
class Answer:
    """A number as a source prints it: name and digits as written, the pass it belongs to, where it stands."""

    name: str
    written: str
    number: int
    source: str = ""


@dataclass(frozen=True)
class Formulas:
    """Formulas of one's own: the numbers given, lines such as "u = x^2 + 1", a derivative such as "dy/dx"."""

    given: Mapping[str, Any]
    lines: tuple[str, ...]
    derivative: str


@dataclass(frozen=True)
class ExampleFile:
    """An example as its file states it.

    rounding: as written, a text or a table;  policy: the same read
    values:   x, y and the parameters as they were written (Decimal or int), rows of numbers
    whole:    whether the last pass has back-propagation and update too;  also: further lines
    """

    title: str
    source: str
    explanation: str
    notation: Notation
    rounding: str | Mapping[str, str]
    policy: Policy
    passes: int
    whole: bool
    chain: Chain | None
    fused: bool
    network: NetworkFile | None
    rate: Any
    values: Mapping[str, Any]
    also: tuple[str, ...]
    formula: Formulas | None
    printed: tuple[Answer, ...]


def read_example_file(path: str | os.PathLike[str]) -> ExampleFile:
    """The example of a TOML file. Raises ConfigError, one sentence that names every mistake."""
    return example_of(read_toml(path), written_numbers(path), quoted(path), Path(path).parent)


def written_numbers(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file that `read_toml` can read, each decimal number with its digits as written."""
    return tomllib.loads(Path(path).read_bytes().decode("utf-8-sig"), parse_float=Decimal)


def example_of(
    table: Mapping[str, Any], written: Mapping[str, Any], source: str, folder: Path | None = None
) -> ExampleFile:
    """The example that a table states, such as one of a sheet.

    table: with floating-point numbers, which are checked; written: the same with decimals, which are used
    source: what it is called in messages; folder: where a notation's file is looked for
    """
    stated = checked(_Example, _prepared(table, folder), source)
    network = made_network(stated.network, source) if stated.network is not None else None
    values: dict[str, Any] = {}
    if network is not None and stated.data is not None:
        values = _values(network, written, source)
    formula = None
    if stated.formula is not None:
        given = {name: _number(value) for name, value in written["formula"].get("given", {}).items()}
        formula = Formulas(given, tuple(stated.formula.lines), stated.formula.derivative)
    return ExampleFile(
        stated.title,
        stated.source,
        " ".join(stated.explanation.split()),
        stated.notation,
        stated.rounding,
        Policy.parse(stated.rounding),
        stated.passes,
        stated.last_pass == "whole",
        stated.chain,
        stated.fused,
        network,
        written.get("network", {}).get("rate"),
        values,
        tuple(stated.also),
        formula,
        tuple(stated.printed),
    )


def _prepared(table: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """The table with its notation's file found, and "squared_error" read as its notation means it."""
    made = dict(table)
    named = made.get("notation", "chainrule")
    if isinstance(named, str) and named.endswith(".toml") and folder is not None:
        made["notation"] = named = str(folder / named)
    network = made.get("network")
    if isinstance(network, dict) and network.get("loss") == "squared_error":
        loss = read_notation("chainrule").squared_error  # of a notation that cannot be read, told by itself
        with suppress(InvalidInput, TypeError):
            loss = read_notation(named).squared_error
        made["network"] = network | {"loss": loss}
    return made


def _values(network: NetworkFile, written: Mapping[str, Any], source: str) -> dict[str, Any]:
    """x, y and the parameters that are given, as written."""
    data = written["data"]
    values = {name: _rows(data[name]) for name in ("x", "y") if name in data}
    sizes = {"x": network.network.inputs, "y": network.network.outputs}
    for name, rows in values.items():
        what = "input" if name == "x" else "output"
        for number, row in enumerate(rows, start=1):
            if len(row) != sizes[name]:
                raise ConfigError(
                    f"{source}: row {number} of {name} has {_counted(len(row), 'number')}, but the network has "
                    f"{_counted(sizes[name], what)}: give one number for each"
                )
    if "y" in values and len(values["y"]) != len(values["x"]):
        raise ConfigError(
            f"{source}: x has {_counted(len(values['x']), 'row')} and y {len(values['y'])}: "
            "give one of each per sample"
        )
    if network.loss is not None and "y" not in values:
        raise ConfigError(f"{source}: the loss compares with y: add y to the data")
    layers = [layer for layer in written["network"]["layers"] if "units" in layer]
    for number, layer in enumerate(layers, start=1):
        for key, letter in (("weights", "W"), ("bias", "b"), ("threshold", "theta")):
            if isinstance(layer.get(key), list):
                values[f"{letter}{number}"] = layer[key]
    for parameter in network.network.parameters:
        if parameter.role in ("bias", "threshold") and parameter.name not in values:
            values[parameter.name] = [0] * parameter.size
        elif parameter.role == "weights" and parameter.name not in values:
            raise ConfigError(f"{source}: layer {parameter.layer} has no weights: give it their numbers")
    return values


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _rows(given: Any) -> Any:
    return given if isinstance(given[0], list) else [given]


def _number(written: Any) -> Any:
    """A given number, in quotes or not, with its digits."""
    return Decimal(written) if isinstance(written, str) else written


# --- what a file may state --------------------------------------------------------------------------


def _checked_rows(given: Any) -> Any:
    rows = given if isinstance(given, list) and given and isinstance(given[0], list) else [given]
    for row in rows:
        if not isinstance(row, list) or not row:
            raise ValueError("the samples are rows of numbers, such as [[0.5, 0.3]]")
        for value in row:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"the samples are rows of numbers, but one is {value!r}")
            if not abs(value) <= LARGEST:
                raise ValueError("the samples are rows of numbers, but one is infinite, too large or none")
    return given


def _checked_rounding(given: Any) -> Any:
    Policy.parse(given)
    return given


def _checked_given(given: Any) -> Any:
    if not isinstance(given, dict):
        raise ValueError('the numbers given are a table, such as { x = "2" }')
    for name, value in given.items():
        try:
            fits = not isinstance(value, bool) and Decimal(value).is_finite()
        except (ArithmeticError, TypeError, ValueError):
            fits = False
        if not fits:
            raise ValueError(f"{name} must be a number, not {value!r}")
    return given


def _answers(given: Any) -> list[Answer]:
    if not isinstance(given, dict):
        raise ValueError('printed answers are a table, such as z1 = "0.47"')
    return list(_read_answers(given, 1))


def _read_answers(given: Mapping[str, Any], number: int) -> Iterator[Answer]:
    for name, value in given.items():
        later = name.removeprefix(PASS)
        if isinstance(value, dict) and name.startswith(PASS) and later.isdigit():
            yield from _read_answers(value, int(later))
            continue
        for one in value if isinstance(value, list) else [value]:
            yield _answer(name, one, number)


def _answer(name: str, given: Any, number: int) -> Answer:
    source = ""
    if isinstance(given, dict):
        unknown_keys = set(given) - {"value", "source"}
        if unknown_keys or not isinstance(given.get("source", ""), str):
            raise ValueError(f'{name} is given as {{ value = "0.47", source = "…" }}')
        given, source = given.get("value"), given.get("source", "")
    if not isinstance(given, str):
        raise ValueError(f'{name} must be in quotes, "{given}", so that its digits stay as they are printed')
    return Answer(name, given, number, source)


class _Data(Section):
    x: Annotated[Any, AfterValidator(_checked_rows)]
    y: Annotated[Any, AfterValidator(_checked_rows)] = None


class _Formula(Section):
    given: Annotated[Any, AfterValidator(_checked_given)] = Field(default_factory=dict)
    lines: Annotated[list[str], Field(min_length=1)]
    derivative: str = ""


class _Example(Section):
    title: str = ""
    source: str = ""
    explanation: str = ""
    notation: Annotated[Notation, BeforeValidator(read_notation)] = Field(
        default_factory=lambda: read_notation("chainrule")
    )
    rounding: Annotated[Any, AfterValidator(_checked_rounding)] = "exact"
    passes: Annotated[int, Field(ge=1)] = 1
    last_pass: Literal["whole", "feedforward"] = "whole"
    chain: Literal["paths", "deltas"] | None = None
    fused: bool = False
    network: NetworkSection | None = None
    data: _Data | None = None
    formula: _Formula | None = None
    also: list[str] = Field(default_factory=list)
    printed: Annotated[Any, AfterValidator(_answers)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _is_one_thing(self) -> _Example:
        if (self.network is None) == (self.formula is None):
            both = "both" if self.network is not None else "neither"
            raise ValueError(f"an example has either a [network] or a [formula], and this has {both}")
        if self.network is not None and self.data is None:
            raise ValueError("a network's example needs [data] with the inputs x, and this has none")
        return self
