"""The non-zero cells of a table of V rows and V columns, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cells", "cells_of", "sum_of"]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of row i are those from starts[i] to starts[i + 1], their columns ascending.

    starts: (V + 1,) int64; columns: (n,) int32; values: (n,) float64
    """

    starts: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float64]

    @cached_property
    def rows(self) -> NDArray[np.int32]:
        """The row of every cell, (n,) int32."""
        return np.repeat(np.arange(len(self.starts) - 1, dtype=np.int32), np.diff(self.starts))

    def row(self, i: int) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The columns and the values of one row."""
        span = slice(int(self.starts[i]), int(self.starts[i + 1]))
        return self.columns[span], self.values[span]

    def at(self, i: int, j: int) -> float:
        """One cell's value, 0 where there is none."""
        columns, values = self.row(i)
        place = int(np.searchsorted(columns, np.int32(j)))
        return float(values[place]) if place < len(columns) and columns[place] == j else 0.0


def cells_of(
    size: int, rows: NDArray[np.int32], columns: NDArray[np.int32], values: NDArray[np.float64]
) -> Cells:
    """Cells given in any order, each once, put in order.

    >>> cells_of(2, np.array([1, 0]), np.array([0, 1]), np.array([2.0, 3.0])).row(0)
    (array([1], dtype=int32), array([3.]))
    """
    order = np.lexsort((columns, rows))
    starts = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(rows, minlength=size), out=starts[1:])
    return Cells(
        starts, np.asarray(columns, np.int32)[order], np.ascontiguousarray(values, np.float64)[order]
    )


def sum_of(tables: tuple[Cells, ...]) -> Cells:
    """The tables added cell by cell, in their order, so that the sums have the same bits each time."""
    if len(tables) == 1:
        return tables[0]
    size = len(tables[0].starts) - 1
    keys = [table.rows.astype(np.int64) * size + table.columns for table in tables]
    every = np.unique(np.concatenate(keys))
    values = np.zeros(len(every))
    for key, table in zip(keys, tables, strict=True):
        values[np.searchsorted(every, key)] += table.values
    starts = np.searchsorted(every, np.arange(size + 1, dtype=np.int64) * size)
    return Cells(starts, (every % max(size, 1)).astype(np.int32), values)
