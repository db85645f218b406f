"""How many threads matrix products use: decided by the size of the work alone, so that results repeat."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise
from threading import Lock
from typing import Any

from chainrule.derivation.network import Network
from chainrule.engines.pools import blas_pools, limit_blas

# OpenBLAS itself keeps to one thread below B · I · O = 2^18; up to about 2 ms of work on one thread,
# waking and waiting for others costs more than it saves, most of all beside a busy neighbour.
NEVER_SHARED, WORTH_SHARING = 2**18, 10**8

_decided: ContextVar[bool] = ContextVar("decided", default=False)


class _OneThread:
    """BLAS held to one thread for as long as anybody in the process asks for it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._limits: Any = None
        if hasattr(os, "register_at_fork"):
            # Another thread may hold it at that moment, and would never let go in the child.
            os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def take(self) -> None:
        with self._lock:
            if not self._users:
                self._limits = limit_blas(1)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._limits.restore_original_limits()


_one_thread = _OneThread()


def largest_product(network: Network, rows: int) -> int:
    """The multiplications of the largest product of a step: B · I · O."""
    return rows * max(i * o for i, o in pairwise(network.sizes))


@contextmanager
def enough_threads(network: Network, rows: int) -> Iterator[None]:
    """One BLAS thread, or all where the largest product B · I · O of a step is worth sharing.

    Inside another such decision, that one holds. The pool is the process's own: while one Python thread
    holds it to one BLAS thread, all are held.
    """
    largest = largest_product(network, rows)
    limited = not _decided.get() and NEVER_SHARED < largest < WORTH_SHARING
    token = _decided.set(True)
    if limited:
        _one_thread.take()
    try:
        yield
    finally:
        if limited:
            _one_thread.leave()
        _decided.reset(token)


@contextmanager
def threads_of_ones_own() -> Iterator[int]:
    """How many threads may each compute products of their own: as many as BLAS had, which is held to one."""
    count = count_threads()
    _one_thread.take()
    try:
        yield count
    finally:
        _one_thread.leave()


def count_threads() -> int:
    """How many threads BLAS may use now."""
    return max((pool["num_threads"] for pool in blas_pools()), default=1)
