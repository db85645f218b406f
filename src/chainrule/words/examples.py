"""Examples of words near words, drawn from a corpus in memory: sub-sampling, windows, noise words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import InvalidInput
from chainrule.formulas.hashing import hash_start, mix64
from chainrule.formulas.wordvectors import noise, program_keep_probability
from chainrule.words.encoding import Encoded
from chainrule.words.example_kernels import drawing
from chainrule.words.kernels import call, row_of
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.word2vec_kernels import SPARE
from chainrule.words.word_kernels import BORDER

__all__ = ["CHUNK", "Examples", "Room", "Sampler", "apart", "ids_of"]

Array = NDArray[Any]
# Places of the corpus that are drawn from and trained on together. The numbers depend on it.
CHUNK = 4096
_WHOLE = 1 << 32


def ids_of(encoded: Encoded, vocabulary: Vocabulary) -> NDArray[np.int32]:
    """The corpus as numbers, with a border at its beginning, its end and between documents.

    Raises InvalidInput where no word of the vocabulary stands near another.
    """
    blocks = list(encoded.ids(vocabulary))
    if not len(blocks[0]) or blocks[0][0] != BORDER:
        blocks.insert(0, np.array([BORDER], np.int32))
    ids = np.concatenate(blocks)
    known = ids >= 0
    if not (known[1:] & known[:-1]).any():
        raise InvalidInput(
            "no word of the corpus stands near another: give more text or a lower minimum count"
        )
    return ids


def apart(
    ids: NDArray[np.int32], share: float, seed: int
) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
    """The documents to train on, and those held out, None where the share is 0.

    Raises InvalidInput where no document with two words would be left on one of the sides.
    """
    if not share:
        return ids, None
    documents = np.cumsum(ids < 0) - 1
    drawn = np.random.default_rng([seed, 2]).random(int(documents[-1]) + 1) < share
    held = drawn[documents] & (ids >= 0)
    sides = [np.append(ids[side | (ids < 0)], np.int32(BORDER)) for side in (~held, held)]
    for side, lacking in zip(sides, ("train on", "hold out"), strict=True):
        if not ((side[1:] >= 0) & (side[:-1] >= 0)).any():
            count = len(np.unique(documents[ids >= 0]))
            raise InvalidInput(
                f"held_out = {share:g} leaves none of {count} documents to {lacking}: give another share, or a "
                "corpus of more documents"
            )
    return sides[0], sides[1]


@dataclass(frozen=True, eq=False)
class Examples:
    """rows: (n, 2 + K) int32 and inputs: int32, as in `example_kernels.Draw`."""

    rows: NDArray[np.int32]
    inputs: NDArray[np.int32]
    cbow: bool

    def __len__(self) -> int:
        return len(self.rows)

    def inputs_of(self, example: int) -> list[int]:
        """The input word, or CBOW's contexts."""
        if not self.cbow:
            return [int(self.rows[example, 0])]
        # The row behind the last example says where its contexts end.
        ends = np.append(self.rows[1:, 0], len(self.inputs))
        return list(map(int, self.inputs[self.rows[example, 0] : ends[example]]))


class Room:
    """Memory that examples of one stretch are drawn into, used again for the next."""

    def __init__(self, window: int, negatives: int, cbow: bool, chunk: int = CHUNK) -> None:
        words = chunk + 2 * window + 8
        self.kept, self.places = np.empty(words, np.int32), np.empty(words, np.int64)
        most = chunk if cbow else 2 * window * chunk
        self.rows = np.zeros((most + 1) * (negatives + 2) + SPARE * (negatives + 2), np.int32)
        self.inputs = np.empty(2 * window * chunk if cbow else 0, np.int32)
        self.filled = np.zeros(1, np.int64)


@dataclass(frozen=True, eq=False)
class Sampler:
    """What is drawn, and from which seed.

    sample: the threshold t of sub-sampling, 0 to keep all; power: of the counts, for the noise
    """

    vocabulary: Vocabulary
    window: int
    negatives: int
    sample: float
    power: float
    seed: int
    cbow: bool

    @cached_property
    def keep(self) -> NDArray[np.uint32]:
        """(V,): the greatest draw of 32 bits with which a word is kept."""
        counts = self.vocabulary.counts
        if not self.sample:
            return np.full(len(counts), _WHOLE - 1, np.uint32)
        formula = program_keep_probability(t=self.sample)
        values = {"f": counts / counts.sum(), **formula.parameters}
        p = evaluate_arrays(formula.definition.tree, values)
        found: NDArray[np.uint32] = np.minimum(p * _WHOLE, _WHOLE - 1).astype(np.uint32)
        return found

    @cached_property
    def noise(self) -> Array:
        """P of every word, (V,)."""
        values = {"n": self.vocabulary.counts[:, None].astype(float), "power": self.power}
        found: Array = evaluate_arrays(noise.definition.tree, values)[:, 0]
        return found

    @cached_property
    def _alias(self) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
        return alias_table(self.noise)

    def room(self) -> Room:
        """Memory for the examples of a stretch."""
        return Room(self.window, self.negatives, self.cbow)

    def draw(self, ids: NDArray[np.int32], first: int, stop: int, epoch: int, room: Room) -> Examples:
        """The examples of the places first … stop; epoch 0 is for what is held out. They lie in `room`."""
        accept, alias = self._alias
        keys = [_signed(hash_start(mix64(self.seed), 3 * epoch + k)) for k in range(3)]
        row = row_of(
            ids, first, stop, room.kept, room.places, self.keep, accept, alias, len(self.vocabulary), *keys,
            self.window, self.negatives, room.rows, room.inputs, room.filled,
        )  # fmt: skip
        call(drawing(self.cbow), row)
        width, n = self.negatives + 2, int(room.filled[0])
        used = int(room.rows[n * width]) if self.cbow else 0
        return Examples(room.rows[: n * width].reshape(n, width), room.inputs[:used], self.cbow)


def _signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def alias_table(chances: Array) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """Walker's alias table, built as Vose 1991 does: a column, and then its own word or its alias.

    A column's own word is taken where 32 bits are not above its entry of the first array.

    >>> [a.tolist() for a in alias_table(np.array([0.75, 0.25]))]
    [[4294967295, 2147483647], [0, 0]]
    """
    n = len(chances)
    scaled = (np.asarray(chances, float) * n).tolist()
    alias = list(range(n))
    small = [i for i in range(n) if scaled[i] < 1]
    large = [i for i in range(n) if scaled[i] >= 1]
    while small and large:
        less, more = small.pop(), large[-1]
        alias[less] = more
        scaled[more] -= 1 - scaled[less]
        if scaled[more] < 1:
            small.append(large.pop())
    for rest in (*small, *large):
        scaled[rest] = 1.0
    accept = np.clip(np.floor(np.array(scaled) * _WHOLE) - 1, 0, _WHOLE - 1)
    return accept.astype(np.uint32), np.array(alias, np.int32)
