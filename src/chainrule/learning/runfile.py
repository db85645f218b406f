"""`run.toml`: the choices of a training run in a file, under the names of the command line's options."""

from __future__ import annotations

import os
from typing import Any

from chainrule.learning.configuration import Section, checked, read_toml


class RunFile(Section):
    """Every key is optional; an option on the command line goes before it."""

    target: str | int | None = None
    task: str | None = None
    layers: list[int] | str | None = None
    activation: list[str] | str | None = None
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
    class_weight: list[float] | str | None = None
    missing: str | None = None
    drop: list[str] | None = None
    test: float | str | None = None
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
