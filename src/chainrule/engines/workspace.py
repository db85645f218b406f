"""What a training run computes in: programs, their buffers, and the tables that batches are taken from.

Lowering a training step costs more than a short run on little data, so the workspace of such a run is kept
for the next one that computes the same lines in the same shapes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation
from chainrule.engines.engine import Array
from chainrule.engines.machine import the_machine
from chainrule.engines.machinery import Machinery
from chainrule.engines.program import Arena, aligned_zeros

# Workspaces of at most so many bytes are kept, the latest so many of them.
LARGEST, MOST = 2**20, 8
# How many batch sizes a kept one may have programs for.
SIZES = 4


class Workspace:
    """An arena, programs by batch size, and tables by symbol; for one run at a time.

    key: what it computes, where it may be kept; its tables are then its own, and hold copies
    """

    def __init__(
        self, derivation: Derivation, dtype: np.dtype[Any], tables: Mapping[str, Any], key: Any = None
    ) -> None:
        self.key, self.machine = key, the_machine()
        self.arena = Arena(derivation, dtype)
        self.machinery = Machinery(derivation, self.arena)
        self.programs: dict[int, Any] = {}
        self.tables = dict(tables)
        if key is not None:
            self.tables = {name: aligned_zeros(table.shape, dtype) for name, table in tables.items()}
            self._fill(tables)

    def begin(self, tables: Mapping[str, Array]) -> None:
        """Make ready for another run on these tables: all else as it was at first."""
        self._fill(tables)
        derivation, machinery = self.machinery.derivation, self.machinery
        for symbol, (_, start) in derivation.state.items():
            self.arena.views[symbol].fill(start)
        machinery.plan[:] = 0
        machinery.ready()
        if len(self.programs) > SIZES:
            self.programs.clear()

    def _fill(self, tables: Mapping[str, Array]) -> None:
        for name, table in tables.items():
            np.copyto(self.tables[name], table, casting="same_kind")


# Taking out and putting in are each one operation of the interpreter, so no lock is needed.
_idle: deque[Workspace] = deque(maxlen=MOST)


def find_workspace(derivation: Derivation, dtype: np.dtype[Any], tables: Mapping[str, Any]) -> Workspace:
    """A workspace on these tables, in the derivation's dtype: one that was kept, or a new one.

    Raises NotLowered for a derivation that the compiled engine has no code for.
    """
    numbers = 4 * derivation.network.parameter_count + 2 * sum(
        table.size for table in tables.values() if isinstance(table, np.ndarray)
    )
    dense = all(isinstance(table, np.ndarray) for table in tables.values())
    if not dense or numbers * dtype.itemsize > LARGEST:
        return Workspace(derivation, dtype, tables)
    key = _key(derivation, dtype, tables)
    for found in list(_idle):
        if found.key == key and found.machine is the_machine():
            try:
                _idle.remove(found)
            except (ValueError, IndexError):
                # Another thread has taken it, or changed the queue.
                continue
            found.begin(tables)
            return found
    return Workspace(derivation, dtype, tables, key)


def keep_workspace(workspace: Workspace) -> None:
    """Keep for another run what may be kept; the run that had it must let it go."""
    if workspace.key is not None:
        _idle.append(workspace)


def _key(derivation: Derivation, dtype: np.dtype[Any], tables: Mapping[str, Array]) -> tuple[Any, ...]:
    """All that lowering reads; equal trees are one object, so they are compared soon."""
    loss, network = derivation.loss, derivation.network
    return (
        dtype.name,
        tuple((name, table.shape) for name, table in tables.items()),
        tuple((p.name, p.layer, p.shape, p.frozen) for p in network.parameters),
        tuple(
            (
                line.symbol,
                made.name,
                made.tree,
                made.arguments,
                line.arguments,
                line.phase,
                line.of,
                line.shape,
            )
            for line, made in ((line, line.definition) for line in derivation.lines)
        ),
        derivation.inputs,
        # In writing, which tells −0 from 0.
        repr((derivation.constants, derivation.vectors, derivation.state)),
        tuple(derivation.gradients.items()),
        tuple(derivation.sizes.items()),
        None if loss is None else loss.over_batch,
        derivation.rule is None,
    )
