"""How many threads matrix products use: decided by the size of the work alone, so that results repeat."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import pairwise

from chainrule.derivation.network import Network

# OpenBLAS itself keeps to one thread below B · I · O = 2^18; up to about 2 ms of work on one thread,
# waking and waiting for others costs more than it saves, most of all beside a busy neighbour.
NEVER_SHARED, WORTH_SHARING = 2**18, 10**8

_decided: ContextVar[bool] = ContextVar("decided", default=False)


@contextmanager
def enough_threads(network: Network, rows: int) -> Iterator[None]:
    """One BLAS thread, or all where the largest product B · I · O of a step is worth sharing.

    Inside another such decision, that one holds.
    """
    largest = rows * max(i * o for i, o in pairwise(network.sizes))
    if _decided.get() or not NEVER_SHARED < largest < WORTH_SHARING:
        yield
        return
    from threadpoolctl import threadpool_limits

    token = _decided.set(True)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        _decided.reset(token)


def count_threads() -> int:
    """How many threads BLAS may use now."""
    from threadpoolctl import threadpool_info

    pools = (pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
    return max(pools, default=1)
