"""What a file of word vectors holds, and how its numbers are reached."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import quoted

__all__ = ["InMemory", "Matrix", "PackedWords", "Sum", "VectorData", "refused", "shown"]

Array = NDArray[Any]


class Matrix(Protocol):
    """A (V, D) matrix that is read by its rows, each part checked before it is given."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def rows(self, start: int, stop: int) -> Array:
        """(stop − start, D): rows that lie side by side; not to be written to."""

    def take(self, places: NDArray[np.intp]) -> Array:
        """(N, D): rows of any places, copied."""


@dataclass(frozen=True)
class InMemory:
    """An array, as it is."""

    array: Array

    @property
    def shape(self) -> tuple[int, int]:
        return (self.array.shape[0], self.array.shape[1])

    def rows(self, start: int, stop: int) -> Array:
        return self.array[start:stop]

    def take(self, places: NDArray[np.intp]) -> Array:
        taken: Array = self.array[places]
        return taken


@dataclass(frozen=True)
class Sum:
    """w + w̃, added where it is read."""

    words: Matrix
    contexts: Matrix

    @property
    def shape(self) -> tuple[int, int]:
        return self.words.shape

    def rows(self, start: int, stop: int) -> Array:
        added: Array = self.words.rows(start, stop) + self.contexts.rows(start, stop)
        return added

    def take(self, places: NDArray[np.intp]) -> Array:
        added: Array = self.words.take(places) + self.contexts.take(places)
        return added


class PackedWords(Sequence[str]):
    """Words as one run of UTF-8 bytes, found by halving: nothing is made for a word that is not asked for.

    packed: all words, one after the other; ends: (V,) int64, where each ends; order: (V,) int32, the places
    of the words in the order of their bytes
    """

    def __init__(self, packed: bytes, ends: NDArray[np.int64], order: NDArray[np.int32]) -> None:
        self.packed, self.ends, self.order = packed, ends, order

    @staticmethod
    def of(words: Sequence[str]) -> PackedWords:
        """Pack words. Raises UnicodeEncodeError for one that UTF-8 cannot write."""
        encoded = [word.encode() for word in words]
        ends = np.cumsum([len(word) for word in encoded], dtype=np.int64)
        order = np.array(sorted(range(len(encoded)), key=encoded.__getitem__), np.int32)
        return PackedWords(b"".join(encoded), ends, order)

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[i] for i in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        return self._bytes(int(place) % len(self)).decode()

    def __iter__(self) -> Iterator[str]:
        start = 0
        for end in self.ends.tolist():
            yield self.packed[start:end].decode()
            start = end

    def find(self, word: str) -> int:
        """The place of a word, or −1."""
        wanted = word.encode("utf-8", "surrogatepass")
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(int(self.order[middle])) < wanted:
                low = middle + 1
            else:
                high = middle
        if low < len(self) and self._bytes(place := int(self.order[low])) == wanted:
            return place
        return -1

    def __contains__(self, word: object) -> bool:
        return isinstance(word, str) and self.find(word) >= 0

    def _bytes(self, place: int) -> bytes:
        return self.packed[int(self.ends[place - 1]) if place else 0 : int(self.ends[place])]


@dataclass(frozen=True, kw_only=True)
class VectorData:
    """Word vectors as a file holds them.

    words: V, each once; matrix: (V, D); counts: (V,) int64, how often each word was seen
    contexts: (V, D), w̃; word_bias, context_bias: (V,), b and b̃, where the training kept them
    use: which vectors to use where there are two, "sum", "words" or "contexts"; settings: of the training
    notes: what was read otherwise than it stands in the file, each as one sentence
    """

    words: Sequence[str]
    matrix: Matrix
    counts: NDArray[np.int64] | None = None
    contexts: Matrix | None = None
    word_bias: Array | None = None
    context_bias: Array | None = None
    use: str = "words"
    settings: Mapping[str, Any] = field(default_factory=dict)
    format: str = ""
    notes: tuple[str, ...] = ()


def shown(text: str | bytes, longest: int = 40) -> str:
    """A word or a field in quotes, on one line, cut where it is long.

    >>> print(shown(b"caf\\xe9"), shown("x" * 50, 5))
    "caf�" "xxxx…"
    """
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    plain = plain.encode("utf-8", "replace").decode()
    return quoted(plain if len(plain) <= longest else plain[: longest - 1] + "…")


def refused(where: str, what: str, do: str = "copy the file again, or make it again") -> ModelFileError:
    """The error for a file of vectors that cannot be used."""
    return ModelFileError(f"cannot read {where}: {what}: {do}")
