"""Word2vec's two tables while it trains, and what they start from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.program import aligned_zeros
from chainrule.words.glove_tables import Start
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.word2vec_kernels import Shape

Array = NDArray[Any]
_ROWS = 4096


class Tables:
    """Input vectors and output vectors, (2, V, P), and which words stay as they are."""

    def __init__(self, words: int, shape: Shape) -> None:
        self.size = shape.size
        self.numbers: Array = aligned_zeros((2, words, shape.width), np.dtype(shape.dtype).type)
        self.frozen: NDArray[np.int32] | None = None

    def draw(self, seed: int) -> None:
        """Start as the authors' program does: inputs uniform on (−½, ½)/D, outputs 0."""
        rng = np.random.default_rng(seed)
        inputs = self.numbers[0]
        for at in range(0, len(inputs), _ROWS):
            rows = inputs[at : at + _ROWS]
            rows[:, : self.size] = (rng.random((len(rows), self.size)) - 0.5) / self.size

    def begin_from(self, start: Start, vocabulary: Vocabulary) -> list[str]:
        """The words of the vocabulary that `start` has begin there, outputs at 0 if it has none; which."""
        known = {name: i for i, name in enumerate(start.names)}
        names = [word for word in vocabulary.words if word in known]
        there = np.array([known[word] for word in names], np.int64)
        rows = _rows_of(names, vocabulary)
        for side, vectors in enumerate((start.vectors, start.contexts)):
            if vectors is not None:
                self.numbers[side][rows, : self.size] = np.asarray(vectors)[there]
        return names

    def freeze(self, words: Iterable[str], vocabulary: Vocabulary) -> None:
        """These words keep both of their vectors."""
        rows = _rows_of(words, vocabulary)
        if len(rows):
            self.frozen = np.zeros(len(vocabulary), np.int32)
            self.frozen[rows] = 1

    def vectors(self, side: int) -> Array:
        """The vectors of the words (0) or of the contexts (1), (V, D)."""
        return self.numbers[side, :, : self.size].copy()


def _rows_of(words: Iterable[str], vocabulary: Vocabulary) -> NDArray[np.int64]:
    return np.array([vocabulary.place(word) for word in words], np.int64)
