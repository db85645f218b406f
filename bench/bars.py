"""What is asked for, beside what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bar:
    """A figure and the one that is asked for.

    found, wanted: ratios unless `unit` says otherwise; at_most: whether less is better
    """

    workload: str
    against: str
    found: float
    wanted: float
    unit: str = " ×"
    at_most: bool = False

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.found <= self.wanted if self.at_most else self.found >= self.wanted

    def row(self) -> str:
        """It as a row of a table.

        >>> Bar("xor", "the best peer: JAX", 2.5, 2).row()
        '| xor | the best peer: JAX | 2.50 × | ≥ 2 × | yes |'
        """
        sign = "≤" if self.at_most else "≥"
        return (
            f"| {self.workload} | {self.against} | {self.found:.2f}{self.unit} "
            f"| {sign} {self.wanted:g}{self.unit} | {'yes' if self.met else '**no**'} |"
        )


def best(seconds: Mapping[str, float]) -> tuple[str, float]:
    """The fastest and its time.

    >>> best({"JAX": 2.0, "PyTorch": 3.0})
    ('JAX', 2.0)
    """
    name = min(seconds, key=lambda each: seconds[each])
    return name, seconds[name]


def table(bars: Iterable[Bar]) -> str:
    """All of them."""
    head = ["| workload | against | measured | asked for | met |", "|---|---|---:|---:|---|"]
    return "\n".join([*head, *(bar.row() for bar in bars)])


def save(bars: Iterable[Bar], path: Path | None) -> None:
    """Write them for `load`; nowhere without a path."""
    if path is not None:
        path.write_text(json.dumps([asdict(bar) for bar in bars]))


def load(path: Path) -> list[Bar]:
    """What `save` wrote."""
    return [Bar(**each) for each in json.loads(path.read_text())] if path.exists() else []
