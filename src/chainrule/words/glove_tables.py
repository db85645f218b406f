"""GloVe's tables while it trains: what they start from, and the four arrays that come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.program import aligned_zeros
from chainrule.errors import InvalidInput, ShapeMismatch
from chainrule.formulas.wordvectors import glove_adagrad
from chainrule.words.glove_kernels import padded
from chainrule.words.strata import Dealing
from chainrule.words.vocabulary import Vocabulary

Array = NDArray[Any]
_ROWS = 4096


@dataclass(frozen=True, eq=False)
class Start:
    """Vectors to start from.

    names: of the N words; vectors, contexts: (N, D); word_bias, context_bias: (N,). Without contexts, as with
    vectors from a file, which are usually the sums of both, word and context get half of `vectors` each;
    without biases they start from 0.
    """

    names: Sequence[str]
    vectors: Array
    contexts: Array | None = None
    word_bias: Array | None = None
    context_bias: Array | None = None

    def __post_init__(self) -> None:
        shape = np.shape(self.vectors)
        if len(shape) != 2 or shape[0] != len(self.names):
            raise ShapeMismatch(
                f"{len(self.names)} words to start from have vectors of shape {shape}: give a row for each word"
            )
        biases = {"word_bias": self.word_bias, "context_bias": self.context_bias}
        for name, wanted, array in (
            ("contexts", shape, self.contexts),
            *((name, shape[:1], bias) for name, bias in biases.items()),
        ):
            if array is not None and np.shape(array) != wanted:
                raise ShapeMismatch(
                    f"{name} to start from have shape {np.shape(array)}, and the vectors {shape}: "
                    f"give {name} of shape {wanted}"
                )
        for array in (self.vectors, self.contexts, *biases.values()):
            if array is not None and not np.isfinite(array).all():
                place = int(np.argwhere(~np.isfinite(array))[0][0])
                raise InvalidInput(
                    f'the vector of "{self.names[place]}" to start from is not finite: leave the word out'
                )

    @property
    def size(self) -> int:
        """D."""
        return int(np.shape(self.vectors)[1])

    def sides(self) -> tuple[tuple[Array, Array | None], tuple[Array, Array | None]]:
        """Vectors and biases of the words, then of the contexts."""
        if self.contexts is None:
            half = np.asarray(self.vectors) / 2
            return (half, self.word_bias), (half, self.context_bias)
        return (self.vectors, self.word_bias), (self.contexts, self.context_bias)


class Tables:
    """Both tables (2, V, 2, P), in the order of the dealing, and which words stay as they are.

    A row is [w, b, 1, 0 …] for a word, [w̃, 1, b̃, 0 …] for a context, and behind it the sums of squares.
    """

    def __init__(self, size: int, dealing: Dealing, dtype: str) -> None:
        self.size, self.dealing, self.dtype = size, dealing, dtype
        self.numbers: Array = aligned_zeros(
            (2, len(dealing.order), 2, padded(size, dtype)), np.dtype(dtype).type
        )
        self.frozen: NDArray[np.int32] | None = None

    def draw(self, seed: int) -> None:
        """Start as Stanford's program does: uniform on (−½, ½)/(D + 1), biases included, and sums of 1."""
        assert glove_adagrad.state is not None
        rng = np.random.default_rng(seed)
        rows = np.argsort(self.dealing.order)
        self.numbers[:, :, 1] = glove_adagrad.state["s"]
        for side in range(2):
            for at in range(0, len(rows), _ROWS):
                place = rows[at : at + _ROWS]
                drawn = (rng.random((len(place), self.size + 1)) - 0.5) / (self.size + 1)
                self._put(side, place, drawn[:, : self.size], drawn[:, self.size])

    def _put(self, side: int, rows: Array, vectors: Array, bias: Array) -> None:
        values = self.numbers[side, :, 0]
        values[rows, : self.size] = vectors
        values[rows, self.size + side] = bias
        values[rows, self.size + 1 - side] = 1

    def begin_from(self, start: Start, vocabulary: Vocabulary) -> list[str]:
        """The words of the vocabulary that `start` has begin there; which these are."""
        known = {name: i for i, name in enumerate(start.names)}
        names = [word for word in vocabulary.words if word in known]
        there = np.array([known[word] for word in names], np.int64)
        rows = self._rows_of(names, vocabulary)
        for side, (vectors, bias) in enumerate(start.sides()):
            chosen = np.zeros(len(names)) if bias is None else np.asarray(bias)[there]
            self._put(side, rows, np.asarray(vectors)[there], chosen)
        return names

    def freeze(self, words: Iterable[str], vocabulary: Vocabulary) -> None:
        """These words keep their vectors and biases."""
        rows = self._rows_of(list(words), vocabulary)
        if len(rows):
            self.frozen = np.zeros(len(vocabulary), np.int32)
            self.frozen[rows] = 1

    def _rows_of(self, words: Sequence[str], vocabulary: Vocabulary) -> NDArray[np.int64]:
        place = np.argsort(self.dealing.order)
        return place[np.array([vocabulary.place(word) for word in words], np.int64)]

    def vectors(self, side: Literal[0, 1]) -> tuple[Array, Array]:
        """The vectors (V, D) and biases (V,) of the words (0) or of the contexts (1)."""
        values = self.numbers[side, :, 0]
        vectors = np.empty((len(values), self.size), self.dtype)
        bias = np.empty(len(values), self.dtype)
        vectors[self.dealing.order] = values[:, : self.size]
        bias[self.dealing.order] = values[:, self.size + side]
        return vectors, bias
