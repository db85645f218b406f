"""The order of the rows in each epoch: a function of the seed and the epoch, so nothing needs to be kept."""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

# A block of orders has about this many numbers, whatever else happens; each is begun with a seed of its own.
BLOCK = 1 << 20
# How many numbers of a block are drawn at first; then as many again, each time that more are wanted.
AT_FIRST = 1 << 15
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
        self._number, self._drawn = -1, 0
        self._block: NDArray[np.intp] = np.empty((0, 0), np.intp)
        self._rng = np.random.default_rng(0)

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
            self._rng = np.random.default_rng(np.random.SeedSequence([self._seed, 2, number]))
            self._block = np.empty((self._epochs, self.count), np.intp)
            self._number, self._drawn = number, 0
        while self._drawn <= place:
            self._draw()
        return self._block[place : self._drawn], self._drawn - place

    def _draw(self) -> None:
        """More orders of the block: it is the same in one piece or in many."""
        more = max(1, self._drawn, AT_FIRST // self.count)
        orders = self._block[self._drawn : self._drawn + more]
        orders[:] = np.arange(self.count, dtype=np.intp)
        self._rng.permuted(orders, axis=1, out=orders)
        self._drawn += len(orders)
