"""`run.toml`: the choices of a training run in a file, under the names of the command line's options."""

from __future__ import annotations

import os
from typing import Annotated, Any

from pydantic import BeforeValidator

from chainrule.learning.configuration import Section, checked, read_toml


def _either(wanted: str, *kinds: type, entries: tuple[type, ...] = ()) -> BeforeValidator:
    """One sentence for a key that takes several types, where pydantic has one for each."""

    def fits(value: Any, kinds: tuple[type, ...]) -> bool:
        return isinstance(value, kinds) and not isinstance(value, bool)

    def check(value: Any) -> Any:
        listed = value if isinstance(value, list) else []
        if not fits(value, kinds) or not all(fits(entry, entries) for entry in listed):
            raise ValueError(f"write {wanted}")
        return value

    return BeforeValidator(check)


Column = Annotated[Any, _either("a column's name in quotes, or its number", str, int)]
Layers = Annotated[Any, _either('whole numbers, [32, 16], or "none"', list, str, entries=(int,))]
Names = Annotated[Any, _either('a name in quotes, or a list, ["relu", "tanh"]', list, str, entries=(str,))]
Weights = Annotated[Any, _either('"balanced", or a list, [1.0, 2.5]', list, str, entries=(float, int))]
Test = Annotated[Any, _either("a fraction, or a file's name in quotes", float, int, str)]


class RunFile(Section):
    """Every key is optional; an option on the command line goes before it."""

    target: Column = None
    task: str | None = None
    layers: Layers = None
    activation: Names = None
    loss: str | None = None
    rule: str | None = None
    rate: float | None = None
    schedule: str | None = None
    epochs: int | None = None
    batch: int | None = None
    shuffle: bool | None = None
    validation: float | None = None
    patience: int | None = None
    improvement: float | None = None
    tolerance: float | None = None
    l2: float | None = None
    dropout: float | None = None
    clip_norm: float | None = None
    clip_value: float | None = None
    class_weight: Weights = None
    missing: str | None = None
    scale: str | None = None
    drop: list[str] | None = None
    test: Test = None
    header: bool | None = None
    delimiter: str | None = None
    sql: str | None = None
    threshold: float | None = None
    seed: int | None = None
    dtype: str | None = None
    engine: str | None = None


def read_run(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The choices of a run file. Raises ConfigError that names every mistake."""
    stated = checked(RunFile, read_toml(path), os.fspath(path))
    return {name: value for name, value in stated if value is not None}
