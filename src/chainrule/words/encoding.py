"""A corpus as numbers: read once, then counted, sampled and trained on as often as is wanted."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ConfigError, InvalidInput
from chainrule.words.corpus import Corpus, Progress
from chainrule.words.numbering import Numbering
from chainrule.words.spill import Store
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.word_kernels import BORDER

__all__ = ["MEMORY", "Encoded", "encode"]

# What counting may use where nothing is said, in bytes.
MEMORY = 4_000_000_000
_LEFT_OUT = -2
_BLOCK = 1 << 20


class Encoded:
    """Every word of a corpus as a number, and −1 where a document begins or ends.

    tokens: how many words; distinct: how many different ones; length: words and borders together.

    >>> encoded = encode(Corpus.of_texts(["ice is ice", "steam is fog"]))
    >>> vocabulary = encoded.vocabulary(minimum=2)
    >>> vocabulary.words, np.concatenate(list(encoded.ids(vocabulary))).tolist()
    (('ice', 'is'), [-1, 0, 1, 0, -1, 1, -1])
    """

    def __init__(self, numbering: Numbering, store: Store) -> None:
        self._numbering, self._store = numbering, store
        self.tokens = int(numbering.counts.sum())
        self.distinct = len(numbering)
        self.length = store.length + 1
        self._known: tuple[Vocabulary, NDArray[np.int32]] | None = None

    def vocabulary(self, minimum: int = 5, largest: int | None = None) -> Vocabulary:
        """The words seen at least `minimum` times, at most `largest` of them.

        Raises InvalidInput where none is, ConfigError for a number below 1.
        """
        if minimum < 1 or (largest is not None and largest < 1):
            raise ConfigError(
                f"a vocabulary of words seen {minimum} times, at most {largest}: give 1 or more"
            )
        counts = self._numbering.counts
        kept = np.flatnonzero(counts >= minimum)
        words = {self._numbering.word(k).decode(): k for k in kept.tolist()}
        found = Vocabulary.of(
            ((w, int(counts[k])) for w, k in words.items()),
            minimum=minimum,
            largest=largest,
            tokens=self.tokens,
        )
        if not found.words:
            raise InvalidInput(self._nothing(minimum))
        table = np.full(self.distinct + 1, _LEFT_OUT, np.int32)
        table[[words[word] for word in found.words]] = np.arange(len(found))
        table[BORDER] = BORDER
        self._known = found, table
        return found

    def ids(self, vocabulary: Vocabulary) -> Iterator[NDArray[np.int32]]:
        """The corpus in blocks of int32: the places of its words in the vocabulary, others left out; −1 at
        every border of documents, also before the first and after the last.
        """
        table = self._table(vocabulary)
        pieces = self._store.pieces()
        starts = range(0, self._store.length, _BLOCK)
        blocks = (self._store.read(k, min(k + _BLOCK, self._store.length)) for k in starts)
        for piece in blocks if pieces is None else pieces:
            ids = table[piece]
            yield ids[ids != _LEFT_OUT]
        yield np.array([BORDER], np.int32)

    def _table(self, vocabulary: Vocabulary) -> NDArray[np.int32]:
        if self._known is not None and self._known[0] is vocabulary:
            return self._known[1]
        table = np.full(self.distinct + 1, _LEFT_OUT, np.int32)
        table[BORDER] = BORDER
        for k in range(self.distinct):
            table[k] = vocabulary.index.get(self._numbering.word(k).decode(), _LEFT_OUT)
        self._known = vocabulary, table
        return table

    def _nothing(self, minimum: int) -> str:
        if not self.tokens:
            return "the corpus holds no words: give text, or check how it is cut into words"
        most = int(self._numbering.counts.max())
        return (
            f"no word of the corpus is seen {minimum} times (the most frequent one {most} times in "
            f"{self.tokens:,} words): give a larger corpus or a smaller minimum"
        )


def encode(corpus: Corpus, *, memory: int | None = None, progress: Progress | None = None) -> Encoded:
    """Read a corpus once. memory: bytes; what is more than an eighth of it lies in a temporary file.

    Raises InvalidInput for text that cannot be read, and for more different words than the memory can hold.
    """
    memory = MEMORY if memory is None else memory
    numbering = Numbering(corpus.newlines)
    store = Store(np.int32, memory // 8)
    for piece in corpus.pieces(progress):
        if piece is None:
            numbering.end_document()
            continue
        store.append(numbering.read(piece))
        if numbering.nbytes > memory // 4:
            raise InvalidInput(
                f"the {len(numbering):,} different words of {corpus!r} need more than a quarter of the "
                f"{memory / 1e6:,.0f} MB allowed: allow more memory"
            )
    return Encoded(numbering, store)
