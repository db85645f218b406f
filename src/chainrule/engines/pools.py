"""The thread pools that the process has loaded."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Any


def blas_pools() -> list[dict[str, Any]]:
    """What threadpoolctl tells of each loaded BLAS: its API, version, architecture, number of threads now."""
    return [pool for pool in _loaded(len(sys.modules)).info() if pool["user_api"] == "blas"]


def limit_blas(threads: int) -> Any:
    """Hold each BLAS to so many threads; `restore_original_limits` of what it returns ends that."""
    return _loaded(len(sys.modules)).limit(limits=threads, user_api="blas")


@lru_cache(maxsize=1)
def _loaded(modules: int) -> Any:
    """Every pool of the process. Looking for them takes milliseconds, and they come with modules only."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
