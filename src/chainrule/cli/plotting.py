"""Small plots in characters: a line of blocks, and curves on a grid."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

__all__ = ["plot_curves", "sparkline"]

BLOCKS = "▁▂▃▄▅▆▇█"
MARKS = "*·o"
OVERSAMPLED = 8


def sparkline(values: Iterable[float], width: int = 60) -> str:
    """Values as a line of blocks, lowest to highest; more of them than `width` are averaged in groups.

    >>> sparkline([1.0, 2.0, 3.0, 8.0])
    '▁▂▃█'
    >>> sparkline([2.0, float("nan"), 2.0])
    '▁×▁'
    """
    kept = list(values)
    groups = min(len(kept), width)
    cuts = [index * len(kept) // groups for index in range(groups + 1)] if groups else [0]
    means = [_mean(kept[start:end]) for start, end in pairwise(cuts)]
    finite = [mean for mean in means if math.isfinite(mean)]
    low, span = min(finite, default=0.0), max(finite, default=0.0) - min(finite, default=0.0)

    def block(mean: float) -> str:
        if not math.isfinite(mean):
            return "×"
        return BLOCKS[min(int((mean - low) / span * len(BLOCKS)), len(BLOCKS) - 1) if span else 0]

    return "".join(map(block, means))


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if all(map(math.isfinite, values)) else math.nan


def plot_curves(
    curves: Mapping[str, Callable[[float], float]],
    low: float,
    high: float,
    *,
    across: str = "",
    width: int = 60,
    height: int = 12,
) -> str:
    """Functions of one number, drawn over [low, high] on a grid of characters with labelled axes.

    curves: the name of each curve and its function, drawn with *, · and o in this order; `across` names
    the axis. Values that are not finite are left out.

    >>> print(plot_curves({"double": lambda x: 2 * x}, 0, 1, across="x", width=9, height=3))
          2 ┤      ***
            │  *****
          0 ┤***──────
            └─────────
             0       1   x
             * double
    """
    points = {name: _samples(curve, low, high, width) for name, curve in curves.items()}
    heights = [y for samples in points.values() for _, y in samples]
    bottom, top = min(heights, default=0.0), max(heights, default=0.0)
    if top - bottom < 1e-12:
        bottom, top = bottom - 0.5, top + 0.5

    def row(y: float) -> int:
        return round((top - y) / (top - bottom) * (height - 1))

    grid = [[" "] * width for _ in range(height)]
    labels = {0: top, height - 1: bottom}
    if low < 0 < high:
        for line in grid:
            line[_column(0, low, high, width)] = "│"
    if bottom <= 0 <= top:
        labels = {at: label for at, label in labels.items() if abs(at - row(0)) > 1} | {row(0): 0.0}
        grid[row(0)] = ["┼" if cell == "│" else "─" for cell in grid[row(0)]]
    for mark, samples in reversed(list(zip(MARKS, points.values(), strict=False))):
        for column, y in samples:
            grid[row(y)][column] = mark
    lines = [_labelled(labels.get(at), "".join(cells)) for at, cells in enumerate(grid)]
    return "\n".join([*lines, *_below(list(curves), low, high, across, width)])


def _samples(curve: Callable[[float], float], low: float, high: float, width: int) -> list[tuple[int, float]]:
    """(column, value) where the value is finite, several to a column."""
    count = width * OVERSAMPLED
    found = []
    for index in range(count):
        x = low + (high - low) * index / (count - 1)
        y = curve(x)
        if math.isfinite(y):
            found.append((index // OVERSAMPLED, y))
    return found


def _column(x: float, low: float, high: float, width: int) -> int:
    return min(int((x - low) / (high - low) * width), width - 1)


def _labelled(label: float | None, cells: str) -> str:
    edge = f"{'':>7} │" if label is None else f"{label:>7.3g} ┤"
    return f"{edge}{cells}".rstrip()


def _below(names: Sequence[str], low: float, high: float, across: str, width: int) -> list[str]:
    left, right = f"{low:g}", f"{high:g}"
    scale = f"{left}{right:>{width - len(left)}}"
    if low < 0 < high:
        middle = _column(0, low, high, width)
        scale = f"{scale[:middle]}0{scale[middle + 1 :]}"
    keys = "   ".join(f"{mark} {name}" for mark, name in zip(MARKS, names, strict=False))
    margin = " " * 9
    return [f"{'':8}└{'─' * width}", f"{margin}{scale}   {across}".rstrip(), f"{margin}{keys}"]
