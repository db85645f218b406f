"""Large arrays are held as they were given, with a sum that tells whether anybody changed them since."""

from __future__ import annotations

from functools import cache
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput

# From so many bytes on an array is not copied.
LARGE = 2**23
# Words of 8 bytes that are added up together.
WORDS = 1024


class Unchanged:
    """What a large array of training rows (N, I) was when it was given.

    >>> X = np.zeros((3, 2))
    >>> given = Unchanged(X)
    >>> X[1, 1] = 5
    >>> given.check(X)
    Traceback (most recent call last):
    chainrule.errors.InvalidInput: X was changed in place since training began, so no step of the run can be ...
    """

    def __init__(self, rows: NDArray[Any]) -> None:
        self._sum = checksum(rows)

    def check(self, rows: NDArray[Any]) -> None:
        """Raise InvalidInput if they are no longer the same."""
        if checksum(rows) != self._sum:
            raise InvalidInput(
                "X was changed in place since training began, so no step of the run can be computed again: "
                "put its numbers back, or train on a copy (X.copy())"
            )


def is_held_as_given(X: Any, dtype: str) -> bool:
    """Whether training reads X where it lies, and a copy of it would cost much memory."""
    return isinstance(X, np.ndarray) and X.dtype == dtype and X.nbytes > LARGE and bool(X.flags.c_contiguous)


def checksum(array: NDArray[Any]) -> int:
    """A sum over all bytes of a contiguous array, which any single changed word of 8 bytes changes.

    Words are multiplied by odd numbers, so that exchanged ones tell, too: half the time of a plain CRC.
    """
    data = array.reshape(-1).view(np.uint8)
    whole = len(data) // (8 * WORDS) * 8 * WORDS
    sums = data[:whole].view(np.uint64).reshape(-1, WORDS) @ _factors()
    return crc32(data[whole:].data, crc32(sums.data))


@cache
def _factors() -> NDArray[np.uint64]:
    drawn = np.random.default_rng(0).integers(0, 2**64, WORDS, dtype=np.uint64)
    factors: NDArray[np.uint64] = drawn | np.uint64(1)
    return factors
