"""Whether a corpus is large enough for what is asked of it, and why not."""

from __future__ import annotations

__all__ = ["shortcomings"]

# Of the ten neighbours of a frequent word, GloVe of size 100 shared with itself under another seed 32 % at 50,000 words
# of English Wikipedia, 53 % at 200,000 and 78 % at 1,000,000; skip-gram 17 % and 48 % at the first two.
FEW_TOKENS = 1_000_000


def shortcomings(
    tokens: int, words: int, size: int, *, cells: int | None = None, learnt: bool = True
) -> list[str]:
    """Why a corpus is too small for vectors of this size, one sentence each; nothing where it is not.

    tokens: words of the corpus; words: V, those of the vocabulary; size: D, numbers in a vector;
    cells: the non-zero counts, where they are known; learnt: whether the vectors are learnt from a random start,
    not computed as those of an SVD are.

    >>> for reason in shortcomings(tokens=40_000, words=900, size=300, cells=60_000):
    ...     print(reason)
    the corpus has 40,000 words: below about 1,000,000 a word's neighbours depend much on the seed, so compare several
    540,000 numbers are to be learnt from 60,000 counts: use a size of 16 or less, or more text
    >>> shortcomings(tokens=400_000_000, words=200_000, size=100)
    []
    """
    reasons = []
    if learnt and tokens < FEW_TOKENS:
        reasons.append(
            f"the corpus has {tokens:,} words: below about {FEW_TOKENS:,} a word's neighbours depend much on the "
            "seed, so compare several"
        )
    if size >= words:
        reasons.append(
            f"vectors of {size} numbers for {words:,} words tell no more than the counts themselves: "
            f"use a size well below {words:,}, or more text"
        )
    elif learnt and cells is not None and 2 * words * size > cells:
        few = max(cells // (4 * words), 1)
        reasons.append(
            f"{2 * words * size:,} numbers are to be learnt from {cells:,} counts: "
            f"use a size of {few:,} or less, or more text"
        )
    return reasons
