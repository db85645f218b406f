"""Why two words are alike: the contexts that they share, and how much each adds to their similarity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.errors import ConfigError, InvalidInput
from chainrule.words.counts import Counts
from chainrule.words.ratios import ppmi_of

__all__ = ["Shared", "Why", "why"]


@dataclass(frozen=True)
class Shared:
    """A context of both words: its PPMI with each, and what it adds to their cosine."""

    word: str
    ppmi_a: float
    ppmi_b: float
    adds: float


@dataclass(frozen=True)
class Why:
    """The cosine of two words' rows of PPMI, and the contexts that make it.

    shared: the most telling ones; others, others_add: how many more contexts are shared, and what they add.
    The shares add up to the cosine.
    """

    a: str
    b: str
    cosine: float
    shared: tuple[Shared, ...]
    others: int
    others_add: float


def why(counts: Counts, a: str, b: str, most: int = 10) -> Why:
    """The shared contexts that carry the similarity of two words, the weightiest first.

    A word's row holds the PPMI of each context: how much more often than by chance it stands near. Raises
    UnknownName for an unknown word, InvalidInput for one without contexts beyond chance.

    >>> from chainrule.words.vocabulary import Vocabulary
    >>> words = Vocabulary(["king", "queen", "crown", "soil"], [9, 8, 7, 6])
    >>> cells = [0, 1, 2, 2, 3], [2, 2, 0, 1, 3], [4.0, 2.0, 4.0, 2.0, 9.0]
    >>> found = why(Counts.from_cells(words, *cells), "king", "queen")
    >>> round(found.cosine, 3), [each.word for each in found.shared]
    (1.0, ['crown'])
    """
    if a == b:
        raise ConfigError(f'the two words are both "{a}": name two different ones')
    if type(most) is not int or most < 1:
        raise ConfigError(f"how many contexts to give is a whole number of at least 1, not {most!r}")
    rows = [ppmi_of(counts, word) for word in (a, b)]
    lengths = [float(np.linalg.norm(row)) for row in rows]
    for word, length in zip((a, b), lengths, strict=True):
        if not length:
            raise InvalidInput(
                f'nothing stands near "{word}" more often than by chance: name another word, or count more text'
            )
    adds = rows[0] * rows[1] / (lengths[0] * lengths[1])
    order = np.argsort(-adds, kind="stable")
    order = order[adds[order] > 0]
    words = counts.vocabulary.words
    shared = [Shared(words[k], float(rows[0][k]), float(rows[1][k]), float(adds[k])) for k in order[:most]]
    rest = order[most:]
    return Why(a, b, float(adds.sum()), tuple(shared), len(rest), float(adds[rest].sum()))
