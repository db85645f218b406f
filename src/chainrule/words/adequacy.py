"""Whether a corpus is large enough for what is asked of it, and why not."""

from __future__ import annotations

__all__ = ["shortcomings"]

# Altszyler, Sigman & Slezak 2016 (Comparative study of LSA vs Word2vec embeddings in small corpora): below
# about ten million words, vectors from a singular value decomposition of counts are better than predicted ones.
FEW_TOKENS = 10_000_000
VERY_FEW_TOKENS = 1_000_000


def shortcomings(tokens: int, words: int, size: int, *, cells: int | None = None) -> list[str]:
    """Why a corpus is too small for vectors of this size, one sentence each; nothing where it is not.

    tokens: words of the corpus; words: V, those of the vocabulary; size: D, numbers in a vector;
    cells: the non-zero counts, where they are known.

    >>> for reason in shortcomings(tokens=40_000, words=900, size=300, cells=60_000):
    ...     print(reason)
    the corpus has 40,000 words: below about 1,000,000 what vectors say is mostly chance
    540,000 numbers are to be learnt from 60,000 counts: use a size of 16 or less, or more text
    >>> shortcomings(tokens=400_000_000, words=200_000, size=100)
    []
    """
    reasons = []
    if tokens < VERY_FEW_TOKENS:
        reasons.append(
            f"the corpus has {tokens:,} words: below about {VERY_FEW_TOKENS:,} what vectors say is mostly chance"
        )
    elif tokens < FEW_TOKENS:
        reasons.append(
            f"the corpus has {tokens:,} words: below about {FEW_TOKENS:,} the model svd is often the better one"
        )
    if size >= words:
        reasons.append(
            f"vectors of {size} numbers for {words:,} words tell no more than the counts themselves: "
            f"use a size well below {words:,}, or more text"
        )
    elif cells is not None and 2 * words * size > cells:
        few = max(cells // (4 * words), 1)
        reasons.append(
            f"{2 * words * size:,} numbers are to be learnt from {cells:,} counts: "
            f"use a size of {few:,} or less, or more text"
        )
    return reasons
