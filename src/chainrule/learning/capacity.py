"""Whether a network fits into the machine's memory, asked before anything is allocated."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import numpy as np

from chainrule.derivation import Network
from chainrule.errors import ConfigError
from chainrule.learning.settings import Settings

__all__ = ["check_memory", "memory_needed", "memory_there"]

GIGABYTE = 1e9
LIMIT = Path("/sys/fs/cgroup/memory.max")


def check_memory(network: Network, settings: Settings, rows: int) -> None:
    """Raise ConfigError for a network that cannot be trained in this machine's memory.

    Without this the system would end the process without a word, or the whole machine would stand still.
    """
    needed, there = memory_needed(network, settings, rows), memory_there()
    if there is not None and needed > there:
        raise ConfigError(
            f"a network of {network.parameter_count:,} parameters needs about {_gigabytes(needed)} of memory to "
            f"train, and this machine has {_gigabytes(there)}: give its layers fewer units"
        )


def memory_needed(network: Network, settings: Settings, rows: int) -> int:
    """Bytes, at the least: first weights, parameters, gradients, the rule's state, and a batch of each layer.

    >>> from chainrule.derivation import Dense
    >>> from chainrule.learning.settings import make_settings
    >>> memory_needed(Network(9, [Dense(10)]), make_settings(loss="mse", rule="sgd", batch=8), rows=100)
    2560
    """
    size = np.dtype(settings.dtype).itemsize
    each = 8 + size * (2 + len(settings.rule.state or ()))
    batch = min(settings.batch, rows)
    return network.parameter_count * each + 3 * batch * sum(network.sizes[1:]) * size


def memory_there() -> int | None:
    """Bytes of memory that this process may use, None where the system does not tell."""
    found = []
    with suppress(OSError, ValueError, AttributeError):
        found.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    with suppress(OSError, ValueError):
        found.append(int(LIMIT.read_text()))
    return min((n for n in found if n > 0), default=None)


def _gigabytes(size: int) -> str:
    return f"{size / GIGABYTE:,.2g} GB" if size < 10 * GIGABYTE else f"{size / GIGABYTE:,.0f} GB"
