"""Numbers of a run as they stood after some of its steps: where a replay can set out from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Derivation, Network
from chainrule.engines.engine import Trainer
from chainrule.engines.initial import initial_parameters
from chainrule.errors import ModelFileError
from chainrule.learning.checkpoints import Checkpoint
from chainrule.learning.settings import Settings

Array = NDArray[Any]
# At most so many are held in memory, of so many bytes together, the first after so many seconds.
MOST, MEMORY, SECONDS = 16, 64_000_000, 0.25


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Parameters and rule state after `steps` steps of the run."""

    steps: int
    parameters: Mapping[str, Array]
    state: Mapping[str, Array]

    @classmethod
    def of(cls, trainer: Trainer) -> Snapshot:
        """Training as it stands."""
        return cls(trainer.step_number, trainer.parameters(), trainer.state())

    @classmethod
    def first(cls, derivation: Derivation, seed: int) -> Snapshot:
        """A run before its first step: weights given or drawn from the seed, the rule's state as it starts."""
        parameters = initial_parameters(derivation.network, seed)
        state = {
            symbol: np.full(parameters[of].shape, start) for symbol, (of, start) in derivation.state.items()
        }
        return cls(0, parameters, state)


class Snapshots:
    """Sparse snapshots of a run in progress, held in memory.

    One is taken every quarter of a second at first; when there are more than there is room for, every other
    one is let go and the interval doubles. So a run of any length holds at most 16 of them in 64 MB, evenly
    spread over its time, and short runs and very large networks none.
    """

    def __init__(self, derivation: Derivation, dtype: str) -> None:
        sizes = {p.name: p.size for p in derivation.network.parameters}
        numbers = sum(sizes.values()) + sum(sizes[of] for of, _ in derivation.state.values())
        self.room = min(MOST, MEMORY // (numbers * np.dtype(dtype).itemsize))
        self.kept: list[Snapshot] = []
        self.resumed: Snapshot | None = None
        self._seconds = SECONDS
        self._due = inf

    def begin(self, now: float) -> None:
        """Start the clock."""
        self._due = now + self._seconds if self.room else inf

    def watch(self, trainer: Trainer, now: float) -> None:
        """Take a snapshot if it is time for one."""
        if now < self._due:
            return
        self.kept.append(Snapshot.of(trainer))
        if len(self.kept) > self.room:
            self.kept = self.kept[::-2][::-1]
            self._seconds *= 2
        self._due = now + self._seconds

    def resume(self, trainer: Trainer) -> None:
        """Hold on to where a run was gone on from: another machine may have made the bits until there."""
        if self.room:
            self.resumed = Snapshot.of(trainer)

    def latest(self, steps: int) -> Snapshot | None:
        """The latest one after at most so many steps."""
        held = self.kept if self.resumed is None else [self.resumed, *self.kept]
        fitting = [snapshot for snapshot in held if snapshot.steps <= steps]
        return max(fitting, key=lambda snapshot: snapshot.steps, default=None)


@dataclass(frozen=True, eq=False)
class KeptFile:
    """The checkpoint file that a run has left, written last after `steps` steps."""

    path: Path
    steps: int
    network: Network
    settings: Settings
    data: str
    made_with: Mapping[str, Any]

    def read(self) -> Snapshot | None:
        """Its numbers, or None where it is gone or has become that of another run."""
        try:
            found = Checkpoint.load(self.path)
        except (OSError, ModelFileError):
            return None
        same = (
            found.position.step == self.steps
            and found.network == self.network
            and not self.settings.differences(found.settings)
            and found.data == self.data
            and dict(found.made_with) == dict(self.made_with)
        )
        return Snapshot(self.steps, found.parameters, found.state) if same else None
