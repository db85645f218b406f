"""Notation files of one's own, checked with every mistake named."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from chainrule.files.atomic import quoted
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.learning.configuration import Section, checked, read_toml
from chainrule.working.names.notation import as_templates

__all__ = ["read_notation_file"]


def read_notation_file(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a TOML file states. Raises ConfigError, one sentence that names every mistake."""
    stated = checked(_File, read_toml(path), quoted(path))
    return {**dict(stated), "special": [dict(each) for each in stated.special]}


_Names = Annotated[Any, AfterValidator(as_templates)]


class _Special(Section):
    layers: Annotated[int, Field(ge=1)] | None = None
    outputs: Annotated[int, Field(ge=1)] | None = None
    names: _Names


class _File(Section):
    title: str
    source: str = ""
    base: Annotated[int, Field(ge=0, le=1)] = 1
    columns: bool = False
    bias: Literal["bias", "weight"] = "bias"
    samples: bool = False
    squared_error: Annotated[Loss, BeforeValidator(LOSSES.find)] = LOSSES["mse"]
    names: _Names = Field(default_factory=dict)
    special: list[_Special] = Field(default_factory=list)
