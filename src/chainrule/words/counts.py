"""How often words stand near each other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput
from chainrule.words.bands import bands_of
from chainrule.words.cells import Cells, cells_of, sum_of
from chainrule.words.vocabulary import Vocabulary

__all__ = ["Counts"]


class Counts:
    """X: how often each word of a vocabulary has each other word near it; not to be changed once made.

    vocabulary: V words; window: how many words on each side are near; symmetric: whether both sides count,
    or only the words before; weighting: "distance", where a pair d words apart counts 1/d, or "flat".
    The n cells that are not zero lie row by row, columns ascending: rows (n,) int32, columns (n,) int32,
    values (n,) float64, and starts (V + 1,) int64, where each row begins. The row is the word, the column
    its context. Symmetric counts hold both (i, j) and (j, i).

    A value is a whole multiple of 1/lcm(1, …, window), rounded once to float64; the whole numbers come back
    exactly, so that counts can be merged without loss.

    >>> counts = Counts.from_cells(Vocabulary(["ice", "solid"], [5, 3]), [0, 1], [1, 0], [2.5, 2.5])
    >>> counts.of("ice", "solid"), counts.of("ice", "ice")
    (2.5, 0.0)
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        tables: Sequence[Cells],
        *,
        window: int,
        symmetric: bool,
        weighting: str,
    ) -> None:
        self.vocabulary = vocabulary
        self.window = window
        self.symmetric = symmetric
        self.weighting = weighting
        self.bands = bands_of(window, weighting)
        self.tables = tuple(tables)
        if len(self.tables) != len(self.bands):
            raise InvalidInput(
                f"counts of window {window} have {len(self.bands)} tables, not {len(self.tables)}"
            )

    @staticmethod
    def from_cells(
        vocabulary: Vocabulary,
        rows: Sequence[int] | NDArray[np.int32],
        columns: Sequence[int] | NDArray[np.int32],
        values: Sequence[float] | NDArray[np.float64],
        *,
        window: int = 10,
        symmetric: bool = True,
        weighting: str = "distance",
    ) -> Counts:
        """Counts of cells that are given in any order, each once; the window is 18 at most."""
        cells = cells_of(
            len(vocabulary),
            np.asarray(rows, np.int32),
            np.asarray(columns, np.int32),
            np.asarray(values, float),
        )
        return Counts(vocabulary, (cells,), window=window, symmetric=symmetric, weighting=weighting)

    @cached_property
    def cells(self) -> Cells:
        """All bands together."""
        return sum_of(self.tables)

    @property
    def starts(self) -> NDArray[np.int64]:
        """(V + 1,): where each row's cells begin."""
        return self.cells.starts

    @property
    def rows(self) -> NDArray[np.int32]:
        """(n,): the word of every cell."""
        return self.cells.rows

    @property
    def columns(self) -> NDArray[np.int32]:
        """(n,): the context of every cell."""
        return self.cells.columns

    @property
    def values(self) -> NDArray[np.float64]:
        """(n,): the count in every cell."""
        return self.cells.values

    def __len__(self) -> int:
        """n, the cells that are not zero."""
        return len(self.columns)

    def of(self, word: str, context: str) -> float:
        """How often `context` stands near `word`, weighted; 0 where never.

        Raises UnknownName, with near words, for a word that is not in the vocabulary.
        """
        return self.cells.at(self.vocabulary.place(word), self.vocabulary.place(context))

    def row(self, word: str) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """The contexts of a word: their places in the vocabulary, ascending, and their counts."""
        return self.cells.row(self.vocabulary.place(word))

    def contexts(self, word: str, most: int | None = 10) -> list[tuple[str, float]]:
        """The most frequent contexts of a word with their counts; equal counts by the word's frequency."""
        columns, values = self.row(word)
        order = np.argsort(-values, kind="stable")[:most]
        return [(self.vocabulary.words[columns[k]], float(values[k])) for k in order]

    @cached_property
    def totals(self) -> NDArray[np.float64]:
        """X_i = Σ_j X_ij, (V,): the whole company of each word."""
        total = np.zeros(len(self.vocabulary))
        for band, table in zip(self.bands, self.tables, strict=True):
            total += _row_sums(table, band.denominator) / band.denominator
        return total

    def total(self, word: str) -> float:
        """The whole company of one word."""
        return float(self.totals[self.vocabulary.place(word)])

    def probability(self, context: str, word: str) -> float:
        """P(context | word) = X_ij / X_i; 0 for a word that is never near another.

        >>> counts = Counts.from_cells(Vocabulary(["ice", "solid", "gas"], [5, 3, 2]), [0, 0], [1, 2], [3.0, 1.0])
        >>> counts.probability("solid", "ice")
        0.75
        """
        total = self.total(word)
        return self.of(word, context) / total if total else 0.0

    def __repr__(self) -> str:
        sides = "on each side" if self.symmetric else "before"
        return (
            f"<Counts of {len(self.vocabulary):,} words: {len(self):,} cells, "
            f"window {self.window} {sides}, weighting {self.weighting}>"
        )


def _row_sums(table: Cells, denominator: int) -> NDArray[np.int64]:
    """The sum of every row in units of 1/denominator: integers, so that no order of adding matters."""
    sums = np.zeros(len(table.starts) - 1, np.int64)
    block = 1 << 20
    for start in range(0, len(table.columns), block):
        stop = min(start + block, len(table.columns))
        first = int(np.searchsorted(table.starts, start, "right")) - 1
        last = int(np.searchsorted(table.starts, stop, "left"))
        whole = np.rint(table.values[start:stop] * denominator).astype(np.int64)
        edges = np.clip(table.starts[first : last + 1], start, stop) - start
        running = np.concatenate([[0], np.cumsum(whole)])
        sums[first:last] += running[edges[1:]] - running[edges[:-1]]
    return sums
