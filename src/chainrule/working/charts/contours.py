"""Lines along which a sampled surface has one height, by marching squares."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["contour"]

Point = tuple[float, float]
Edge = tuple[str, int, int]
# For each pattern of corners above the level (1 lower left, 2 lower right, 4 upper right, 8 upper left),
# the sides of the square that the line joins: bottom, right, top, left.
_SIDES: dict[int, tuple[tuple[str, str], ...]] = {
    1: (("left", "bottom"),), 2: (("bottom", "right"),), 3: (("left", "right"),), 4: (("right", "top"),),
    5: (("left", "top"), ("bottom", "right")), 6: (("bottom", "top"),), 7: (("left", "top"),),
    8: (("left", "top"),), 9: (("bottom", "top"),), 10: (("left", "bottom"), ("right", "top")),
    11: (("right", "top"),), 12: (("left", "right"),), 13: (("bottom", "right"),), 14: (("left", "bottom"),),
}  # fmt: skip
_OTHER = {5: 10, 10: 5}
# Of the size of a square: points so near one another are one, directions so near are straight on.
NEAR, STRAIGHT = 1e-6, 1e-9


def contour(
    xs: Sequence[float] | NDArray[Any],
    ys: Sequence[float] | NDArray[Any],
    heights: NDArray[Any],
    level: float,
) -> list[list[Point]]:
    """The lines of one height, each a list of points (x, y), closed ones ending where they began.

    xs: (N,), ys: (M,), heights: (M, N), one row for each y

    >>> contour([0, 1], [0, 1], np.array([[0.0, 1.0], [0.0, 1.0]]), 0.5)
    [[(0.5, 0.0), (0.5, 1.0)]]
    """
    above = heights >= level
    pattern = above[:-1, :-1] + 2 * above[:-1, 1:] + 4 * above[1:, 1:] + 8 * above[1:, :-1]
    joined: dict[Edge, list[Edge]] = {}
    for i, j in np.argwhere((pattern != 0) & (pattern != 15)).tolist():
        kind = int(pattern[i, j])
        if kind in _OTHER and heights[i : i + 2, j : j + 2].mean() < level:
            kind = _OTHER[kind]
        sides = {"bottom": ("h", i, j), "top": ("h", i + 1, j), "left": ("v", i, j), "right": ("v", i, j + 1)}
        for one, other in _SIDES[kind]:
            joined.setdefault(sides[one], []).append(sides[other])
            joined.setdefault(sides[other], []).append(sides[one])
    places = {edge: _crossing(edge, xs, ys, heights, level) for edge in joined}
    near = NEAR * min(float(np.diff(xs).min()), float(np.diff(ys).min()))
    return [_without_straight([places[edge] for edge in line], near) for line in _lines(joined)]


def _crossing(edge: Edge, xs: Any, ys: Any, heights: NDArray[Any], level: float) -> Point:
    """Where along an edge of the grid the height is met."""
    direction, i, j = edge
    k, m = (i, j + 1) if direction == "h" else (i + 1, j)
    here, there = float(heights[i, j]), float(heights[k, m])
    share = (level - here) / (there - here)
    return float(xs[j] + share * (xs[m] - xs[j])), float(ys[i] + share * (ys[k] - ys[i]))


def _lines(joined: dict[Edge, list[Edge]]) -> list[list[Edge]]:
    """Edges in the order in which a line crosses them; open lines from an end."""
    left = {edge: list(others) for edge, others in joined.items()}
    ends = [edge for edge, others in joined.items() if len(others) == 1]
    found = []
    for start in [*ends, *joined]:
        if not left[start]:
            continue
        line = [start]
        while left[line[-1]]:
            here = line[-1]
            there = left[here].pop()
            left[there].remove(here)
            line.append(there)
        found.append(line)
    return found


def _without_straight(points: list[Point], near: float) -> list[Point]:
    """The line without points `near` another, and without those on the way between their neighbours."""
    apart = points[:1]
    for point in points[1:]:
        if max(abs(point[0] - apart[-1][0]), abs(point[1] - apart[-1][1])) > near:
            apart.append(point)
    kept = apart[:1]
    for here, after in pairwise(apart[1:]):
        before = kept[-1]
        ahead, behind = (after[0] - here[0], after[1] - here[1]), (here[0] - before[0], here[1] - before[1])
        size = (abs(ahead[0]) + abs(ahead[1])) * (abs(behind[0]) + abs(behind[1]))
        if abs(ahead[0] * behind[1] - ahead[1] * behind[0]) > STRAIGHT * size:
            kept.append(here)
    return [*kept, *apart[-1:]] if len(apart) > 1 else kept
