"""The rows of a matrix with the greatest cosines, exactly: all of a small one, those of a scan of a large one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.files.vector_data import Matrix
from chainrule.words.scan import BLOCK, Scan, shared, unit_rows

__all__ = ["EPSILON", "Nearest"]

Floats = NDArray[np.float64]
SMALL = 1 << 21
EPSILON = 0.001  # Levy & Goldberg 2014, equation 4
_GROUP = 64


class Nearest:
    """matrix: (V, D). Rows of length 0 have no direction and are never near."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix

    @cached_property
    def lengths(self) -> Floats:
        """(V,): the length of every row, in float64."""
        found = np.empty(self.matrix.shape[0])

        def fill(start: int, stop: int) -> None:
            for first in range(start, stop, BLOCK):
                part = self.matrix.rows(first, min(first + BLOCK, stop)).astype(np.float64)
                found[first : first + len(part)] = np.sqrt(np.einsum("ij,ij->i", part, part))

        shared(len(found), fill)
        return found

    def units(self, places: Sequence[int] | NDArray[np.intp]) -> Floats:
        """(N, D): rows divided by their lengths, in float64."""
        rows = self.matrix.take(np.asarray(places, np.intp)).astype(np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))[:, None]
        units: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
        return units

    def nearest(self, direction: Floats, count: int, without: Sequence[int]) -> list[tuple[int, float]]:
        """The rows with the greatest cosine with a direction of length 1."""
        return self._best(direction[None], count, without, lambda cosines: cosines[0], _same_bounds)

    def product(
        self, a: Floats, b: Floats, c: Floats, count: int, without: Sequence[int]
    ) -> list[tuple[int, float]]:
        """The rows with the greatest cos′(b) cos′(c) / (cos′(a) + ε), where cos′ = (1 + cos)/2."""
        return self._best(np.stack([a, b, c]), count, without, _multiplied, _multiplied_bounds)

    def _best(
        self,
        directions: Floats,
        count: int,
        without: Sequence[int],
        scored: Callable[[Any], Any],
        bounded: Callable[[Any, Any], tuple[Any, Any]],
    ) -> list[tuple[int, float]]:
        left_out = [*without, *self._zero]
        if self._all is not None:
            places = np.arange(len(self._all))
            scores = scored(directions @ self._all.T)
        else:
            low, high = bounded(*self._scan.bounds(directions))
            low[left_out] = high[left_out] = -np.inf
            places = np.flatnonzero(high >= _at_least(low, count))
            scores = scored(directions @ self.units(places).T)
        keep = ~np.isin(places, left_out)
        places, scores = places[keep], scores[keep]
        if len(places) > count > 0:
            few = np.flatnonzero(scores >= np.partition(scores, -count)[-count])
            places, scores = places[few], scores[few]
        order = np.lexsort((places, -scores))[:count]
        return [(int(places[i]), float(scores[i])) for i in order]

    @cached_property
    def _zero(self) -> list[int]:
        zero: list[int] = np.flatnonzero(self.lengths == 0).tolist()
        return zero

    @cached_property
    def _all(self) -> Floats | None:
        """All unit rows, where they are few."""
        count, size = self.matrix.shape
        return unit_rows(self.matrix, self.lengths, 0, count) if count * size <= SMALL else None

    @cached_property
    def _scan(self) -> Scan:
        return Scan(self.matrix, self.lengths)


def _at_least(low: NDArray[np.float32], count: int) -> float:
    """A value that at least `count` of the least possible scores reach."""
    if count >= len(low) // _GROUP:
        return float(np.partition(low, -count)[-count]) if count < len(low) else -np.inf
    # The greatest of each group: their count-th greatest is reached by count scores, and found sooner.
    whole = len(low) // _GROUP * _GROUP
    greatest = low[:whole].reshape(-1, _GROUP).max(axis=1)
    return float(np.partition(greatest, -count)[-count])


def _same_bounds(low: Any, high: Any) -> tuple[Any, Any]:
    return low[0], high[0]


def _multiplied(cosines: Any) -> Any:
    a, b, c = (1 + cosines) / 2
    return b * c / (a + EPSILON)


def _multiplied_bounds(low: Any, high: Any) -> tuple[Any, Any]:
    a, b, c = np.maximum((1 + low) / 2, 0)
    least, slack = np.float32(EPSILON), np.float32(1e-5)
    a_high, b_high, c_high = (1 + high) / 2
    return b * c / (a_high + least) * (1 - slack), b_high * c_high / (a + least) * (1 + slack)
