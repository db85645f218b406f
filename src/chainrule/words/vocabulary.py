"""The words that are counted, the most frequent first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput, UnknownName

__all__ = ["Vocabulary"]


class Vocabulary:
    """V words, the most frequent first, equally frequent ones in alphabetical order; not to be changed.

    words: V of them; counts: (V,) int64, how often each was seen; minimum: the least count that a word needed
    to be in; tokens: how many words the corpus has, those left out included.

    >>> vocabulary = Vocabulary(["the", "ice", "steam"], [9, 4, 4], minimum=2, tokens=20)
    >>> vocabulary.index["ice"], len(vocabulary), vocabulary.coverage
    (1, 3, 0.85)
    """

    def __init__(
        self,
        words: Sequence[str],
        counts: Sequence[int] | NDArray[np.int64],
        *,
        minimum: int = 1,
        tokens: int | None = None,
    ) -> None:
        self.words = tuple(words)
        self.counts = np.array(counts, np.int64)
        self.counts.flags.writeable = False
        if self.counts.shape != (len(self.words),):
            raise InvalidInput(
                f"a vocabulary of {len(self.words)} words has {self.counts.size} counts: give one for each"
            )
        self.minimum = minimum
        self.tokens = int(self.counts.sum()) if tokens is None else tokens
        if len(self.index) < len(self.words):
            twice = next(word for i, word in enumerate(self.words) if self.index[word] != i)
            raise InvalidInput(f'the word "{twice}" is in the vocabulary twice: give each word once')

    @staticmethod
    def of(
        counted: Iterable[tuple[str, int]],
        *,
        minimum: int = 1,
        largest: int | None = None,
        tokens: int | None = None,
    ) -> Vocabulary:
        """The words seen at least `minimum` times, at most `largest` of them; each word is given once.

        tokens: how many words the corpus has, where not all are given.

        >>> Vocabulary.of([("steam", 4), ("ice", 4), ("fog", 1), ("the", 9)], minimum=2).words
        ('the', 'ice', 'steam')
        """
        given = list(counted)
        kept = sorted((pair for pair in given if pair[1] >= minimum), key=lambda pair: (-pair[1], pair[0]))
        kept = kept[:largest]
        return Vocabulary(
            [word for word, _ in kept],
            [count for _, count in kept],
            minimum=minimum,
            tokens=sum(count for _, count in given) if tokens is None else tokens,
        )

    @cached_property
    def index(self) -> dict[str, int]:
        """The place of each word."""
        return {word: i for i, word in enumerate(self.words)}

    @property
    def coverage(self) -> float:
        """The share of the corpus's words that are in the vocabulary; 0 for an empty corpus."""
        return float(self.counts.sum() / self.tokens) if self.tokens else 0.0

    def place(self, word: str) -> int:
        """The place of a word. Raises UnknownName, with near words, where it is not in the vocabulary."""
        found = self.index.get(word)
        if found is None:
            raise UnknownName(self._missing(word))
        return found

    def near(self, word: str) -> list[str]:
        """Up to three words that are written like this one, the most alike first."""
        lower = word.lower()
        if lower != word and lower in self.index:
            return [lower]
        alike = [known for known in self.words if abs(len(known) - len(word)) <= 2 and set(known) & set(word)]
        return get_close_matches(lower, alike, n=3, cutoff=0.75)

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Vocabulary)
            and (self.words, self.minimum, self.tokens) == (other.words, other.minimum, other.tokens)
            and np.array_equal(self.counts, other.counts)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Vocabulary of {len(self):,} words, of a corpus of {self.tokens:,}>"

    def _missing(self, word: str) -> str:
        size = f"{len(self):,} words" + (f" seen {self.minimum} times or more" if self.minimum > 1 else "")
        near = ", ".join(f'"{other}"' for other in self.near(word))
        hint = f"did you mean {near}?" if near else "name a word of the corpus"
        return f'the word "{word}" is not in the vocabulary of {size}: {hint}'
