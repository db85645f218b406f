"""The order of the rows in each epoch: a function of the seed and the epoch, so nothing needs to be kept."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

# Orders are drawn in blocks of about this many numbers, whatever else happens.
BLOCK = 1 << 20
# Without an order, this many epochs go together at most.
MOST = 1 << 14


class Orders:
    """Orders of `count` rows in batches, shuffled anew each epoch.

    >>> orders = Orders(5, batch=2, seed=0, shuffle=True)
    >>> orders.steps, sorted(orders.of(7).tolist()) == [0, 1, 2, 3, 4]
    (3, True)
    """

    def __init__(self, count: int, batch: int, seed: int, shuffle: bool) -> None:
        self.count = count
        self.steps = ceil(count / batch)
        # With all rows in one batch their order changes nothing, so none is drawn.
        self._shuffled = shuffle and self.steps > 1
        self._seed = seed
        self._epochs = max(1, min(1024, BLOCK // count))
        self._number = -1
        self._block: NDArray[np.intp] = np.empty((0, 0), np.intp)

    def of(self, epoch: int) -> NDArray[np.intp] | None:
        """The order of an epoch counted from 0; None where rows come as they stand."""
        orders, _ = self.following(epoch)
        return None if orders is None else orders[0]

    def following(self, epoch: int) -> tuple[NDArray[np.intp] | None, int]:
        """The orders of an epoch and of some that follow, (epochs, N), None where rows come as they stand;
        and how many epochs that is.
        """
        if not self._shuffled:
            return None, MOST
        number, place = divmod(epoch, self._epochs)
        if number != self._number:
            rng = np.random.default_rng(np.random.SeedSequence([self._seed, 2, number]))
            plain = np.tile(np.arange(self.count, dtype=np.intp), (self._epochs, 1))
            self._block = rng.permuted(plain, axis=1)
            self._number = number
        return self._block[place:], self._epochs - place
