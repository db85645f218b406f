"""What a file of vectors holds beside the vectors to use: both sides, their biases, and how they were trained."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput, UnknownName
from chainrule.files.vector_data import Matrix, VectorData
from chainrule.words.counts import Counts

__all__ = ["GloveParts", "TwoSides", "Words", "glove_parts", "of_other_counts", "two_sides"]

Row = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Words:
    """The vectors of a file, by word, in float64."""

    data: VectorData

    @cached_property
    def _index(self) -> dict[str, int]:
        return {word: i for i, word in enumerate(self.data.words)}

    def place(self, word: str) -> int:
        """The row of a word. Raises UnknownName, with near words."""
        found = self._index.get(word)
        if found is None:
            near = get_close_matches(word.lower(), self._index, n=3, cutoff=0.75)
            hint = f"did you mean {', '.join(map(repr, near))}?" if near else "name a word of the vectors"
            raise UnknownName(
                f'the word "{word}" has no vector among {len(self._index):,}: {hint}'.replace("'", '"')
            )
        return found

    def word(self, place: int) -> Row:
        """(D,)"""
        return _row(self.data.matrix, place)

    def used(self, word: str) -> Row:
        """(D,), the vector to use: the word's, the context's, or the sum of both, as the file says."""
        place, other = self.place(word), self.data.contexts
        if other is None or self.data.use == "words":
            return self.word(place)
        context = _row(other, place)
        return context if self.data.use == "contexts" else self.word(place) + context


@dataclass(frozen=True, eq=False)
class TwoSides(Words):
    """Vectors of words and of contexts."""

    contexts: Matrix

    def context(self, place: int) -> Row:
        """(D,)"""
        return _row(self.contexts, place)


@dataclass(frozen=True, eq=False)
class GloveParts(TwoSides):
    """GloVe's vectors with their biases."""

    biases: tuple[NDArray[Any], NDArray[Any]]

    def word_bias(self, place: int) -> float:
        """b of a word."""
        return float(self.biases[0][place])

    def context_bias(self, place: int) -> float:
        """b̃ of a context."""
        return float(self.biases[1][place])

    @property
    def settings(self) -> dict[str, float]:
        """x_max, alpha, rate and bias_rate of the training, where the file says them."""
        kept = self.data.settings
        names = ("x_max", "alpha", "rate", "bias_rate")
        return {name: float(kept[name]) for name in names if isinstance(kept.get(name), int | float)}


def two_sides(data: VectorData) -> TwoSides:
    """Both sides of vectors. Raises InvalidInput where the file has one only."""
    if data.contexts is None:
        raise InvalidInput(_lacking("contexts' vectors"))
    return TwoSides(data, data.contexts)


def glove_parts(data: VectorData) -> GloveParts:
    """All that GloVe trained. Raises InvalidInput where the file does not have it."""
    if data.contexts is None:
        raise InvalidInput(_lacking("contexts' vectors"))
    if data.word_bias is None or data.context_bias is None:
        raise InvalidInput(_lacking("biases"))
    return GloveParts(data, data.contexts, (data.word_bias, data.context_bias))


def of_other_counts(parts: Words, counts: Counts, words: Iterable[str]) -> str:
    """What shows that vectors were trained on other counts, "" where nothing does: how often words were seen.

    Raises UnknownName for a word that the vectors or the counts lack.
    """
    if parts.data.counts is None:
        return ""
    for word in words:
        here = int(counts.vocabulary.counts[counts.vocabulary.place(word)])
        there = int(parts.data.counts[parts.place(word)])
        if here != there:
            return (
                f'the vectors were trained on other counts: "{word}" was seen {there:,} times there '
                f"and {here:,} times in these"
            )
    return ""


def _lacking(what: str) -> str:
    return (
        f"these vectors come without the {what} of their training, which our own format keeps: "
        "give a .safetensors file of a GloVe model"
    )


def _row(matrix: Matrix, place: int) -> Row:
    row: Row = np.asarray(matrix.rows(place, place + 1), dtype=np.float64)[0]
    return row
