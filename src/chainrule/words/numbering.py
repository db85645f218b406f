"""Words to numbers, by the order in which they first appear."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.words.word_kernels import Read, read_words, rehash

__all__ = ["Numbering"]

_FIRST_WORDS, _FIRST_BYTES = 1 << 14, 1 << 17


class Numbering:
    """The distinct words of a text that comes in pieces, and how often each was seen."""

    def __init__(self, newlines: int) -> None:
        self._fields = np.zeros(Read.SIZE, np.int64)
        self._fields[Read.NEEDED] = self._fields[Read.NEWLINES] = newlines
        self._hashes = np.empty(_FIRST_WORDS, np.uint64)
        self._starts = np.zeros(_FIRST_WORDS + 1, np.int64)
        self._counts = np.zeros(_FIRST_WORDS, np.int64)
        self._bytes = np.empty(_FIRST_BYTES, np.uint8)
        self._make_slots()

    def __len__(self) -> int:
        return int(self._fields[Read.WORDS])

    @property
    def nbytes(self) -> int:
        """The memory that the table takes."""
        return sum(a.nbytes for a in (self._slots, self._hashes, self._starts, self._counts, self._bytes))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How often each word was seen."""
        return self._counts[: len(self)]

    def word(self, number: int) -> bytes:
        """The word of a number, in UTF-8."""
        return self._bytes[self._starts[number] : self._starts[number + 1]].tobytes()

    def end_document(self) -> None:
        """What comes next belongs to another document."""
        self._fields[Read.NEWLINES] = self._fields[Read.NEEDED]

    def read(self, text: bytes) -> NDArray[np.int32]:
        """The numbers of the words of a text that ends in white space; −1 at every border of documents."""
        fields = self._fields
        ids = np.empty(len(text) + 1, np.int32)
        given = np.frombuffer(text, np.uint8)
        fields[Read.TEXT], fields[Read.LENGTH] = given.ctypes.data, len(text)
        fields[Read.IDS], fields[Read.FILLED], fields[Read.POSITION] = ids.ctypes.data, 0, 0
        while True:
            self._call(read_words())
            if fields[Read.POSITION] >= len(text):
                return ids[: fields[Read.FILLED]].copy()
            self._grow(len(text))

    def _grow(self, text: int) -> None:
        words = len(self)
        if words == len(self._hashes):
            self._hashes = _doubled(self._hashes, len(self._hashes))
            self._starts = _doubled(self._starts, len(self._hashes) - words)
            self._counts = _doubled(self._counts, len(self._hashes) - words)
            self._make_slots()
            self._call(rehash())
        else:
            self._bytes = _doubled(self._bytes, max(len(self._bytes), text))

    def _make_slots(self) -> None:
        self._slots = np.zeros(2 * len(self._hashes), np.int32)

    def _call(self, text: str) -> None:
        from chainrule.engines.machinery import function

        fields = self._fields
        for place, array in (
            (Read.SLOTS, self._slots),
            (Read.HASHES, self._hashes),
            (Read.STARTS, self._starts),
            (Read.COUNTS, self._counts),
            (Read.BYTES, self._bytes),
        ):
            fields[place] = array.ctypes.data
        fields[Read.MASK] = len(self._slots) - 1
        fields[Read.WORD_ROOM], fields[Read.BYTE_ROOM] = len(self._hashes), len(self._bytes)
        function(text)(fields.ctypes.data, 0, 0)


def _doubled(array: NDArray[Any], more: int) -> NDArray[Any]:
    larger = np.zeros(len(array) + more, array.dtype)
    larger[: len(array)] = array
    return larger
