"""Checkpoints: everything a run needs to go on to the same bits."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Network, derive
from chainrule.engines.engine import Data
from chainrule.engines.sparse import SparseRows
from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.learning.history import History, is_number, is_numbers
from chainrule.learning.settings import Settings

Array = NDArray[Any]
KIND = "checkpoint"


@dataclass
class Position:
    """How far a run has come.

    epoch, batch: epochs done, and steps done of the present one; step: of the whole run
    loss, samples, squares: what the present epoch has added up to so far
    rate: the learning rate of the present epoch, once it has begun
    waited, best_epoch, best_loss: of early stopping
    schedules: the schedules' state; loss_limit: beyond which the loss has exploded; seconds: spent so far
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    samples: float = 0.0
    squares: list[float] = field(default_factory=list)
    waited: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    schedules: list[dict[str, float]] = field(default_factory=list)
    loss_limit: float = float("inf")
    seconds: float = 0.0
    rate: float | None = None

    def __post_init__(self) -> None:
        for name in ("epoch", "batch", "step", "waited", "best_epoch"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                raise ConfigError(f"its {name} must be a whole number, at least 0, not {value!r}")
        for name in ("loss", "samples", "best_loss", "loss_limit", "seconds"):
            if not is_number(getattr(self, name)):
                raise ConfigError(f"its {name} must be a number, not {getattr(self, name)!r}")
        if self.rate is not None and not is_number(self.rate):
            raise ConfigError(f"its rate must be a number, not {self.rate!r}")
        if not isinstance(self.squares, list) or not all(map(is_number, self.squares)):
            raise ConfigError(f"its squares must be a list of numbers, not {self.squares!r}")
        if not isinstance(self.schedules, list) or not all(map(is_numbers, self.schedules)):
            raise ConfigError(f"its schedules must be a list of named numbers, not {self.schedules!r}")


@dataclass(frozen=True)
class Checkpoint:
    """A run as it stood after a step: settings, data, position, numbers."""

    network: Network
    settings: Settings
    data: str
    made_with: Mapping[str, Any]
    position: Position
    history: History
    parameters: Mapping[str, Array]
    state: Mapping[str, Array]
    best: Mapping[str, Array]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the checkpoint in one step. Raises CannotWrite."""
        groups = {"parameters": self.parameters, "state": self.state, "best": self.best}
        tensors = {
            f"{group}/{name}": array for group, named in groups.items() for name, array in named.items()
        }
        header = {
            "network": self.network.to_json(),
            "settings": self.settings.to_json(),
            "data": self.data,
            "made_with": dict(self.made_with),
            "position": asdict(self.position),
            "history": self.history.to_json(),
        }
        write_tensors(path, tensors, header, kind=KIND)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Checkpoint:
        """Read a checkpoint. Raises ModelFileError."""
        tensors, header = read_tensors(path, kind=KIND)
        groups: dict[str, dict[str, Array]] = {"parameters": {}, "state": {}, "best": {}}
        try:
            for name, array in tensors.items():
                group, _, symbol = name.partition("/")
                groups[group][symbol] = array
            found = cls(
                Network.from_json(header["network"]),
                Settings.from_json(header["settings"]),
                header["data"],
                header["made_with"],
                Position(**header["position"]),
                History.from_json(header["history"]),
                **groups,
            )
            found._check_parts()
            return found
        except ModelFileError:
            raise
        except (ChainruleError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f'cannot resume from "{os.fspath(path)}": {error}: start without it'
            ) from None

    def _check_parts(self) -> None:
        """Raise ConfigError unless numbers, position and history are those of the network and settings."""
        derivation = derive(self.network, self.settings.loss, self.settings.rule, fused=self.settings.fused)
        shapes = {p.name: p.shape for p in self.network.parameters}
        kept = {symbol: shapes[of] for symbol, (of, _) in derivation.state.items()}
        groups = {"parameters": (self.parameters, shapes), "state": (self.state, kept)}
        if self.best:
            groups["best"] = (self.best, shapes)
        for group, (arrays, wanted) in groups.items():
            dtypes = {array.dtype for array in arrays.values()} - {np.dtype(self.settings.dtype)}
            if {name: array.shape for name, array in arrays.items()} != wanted or dtypes:
                raise ConfigError(f"the numbers of its {group} are not those of its network")
            for name, array in arrays.items():
                # A sum of squares may overflow: the steps are then 0, and the run goes on.
                if np.isnan(array).any() or (group != "state" and np.isinf(array).any()):
                    raise ConfigError(f"{name} among its {group} holds a number that is not finite")
        starts = [
            set(schedule.start()) for schedule in self.settings.schedules if schedule.name != "constant"
        ]
        if [set(state) for state in self.position.schedules] != starts:
            raise ConfigError("the state of its schedules is not that of its settings")
        if len(self.position.squares) != len({p.layer for p in derivation.trained}):
            raise ConfigError("its squares are not one a trained layer")
        if len(self.history) != self.position.epoch:
            raise ConfigError(f"it stands after epoch {self.position.epoch} but tells of {len(self.history)}")
        if not isinstance(self.data, str) or not isinstance(self.made_with, Mapping):
            raise ConfigError("its data or versions are not what chainrule writes")

    def check(self, network: Network, settings: Settings, data: str, path: str | os.PathLike[str]) -> None:
        """Raise ConfigError unless the checkpoint is of this very run; more epochs may be asked for."""
        where = os.fspath(path)
        if network != self.network:
            raise ConfigError(
                f'"{where}" is of another network ({self.network}): give the same layers, or start anew'
            )
        different = [name for name in settings.differences(self.settings) if name != "epochs"]
        if different:
            raise ConfigError(
                f'"{where}" is of a run with other settings ({", ".join(different)}): give the same ones, '
                "or start anew without resuming"
            )
        if data != self.data:
            raise ConfigError(
                f'"{where}" is of a run on other data: give the same data, or start anew without resuming'
            )
        at = self.position
        if at.epoch > settings.epochs:
            raise ConfigError(f'"{where}" has come to epoch {at.epoch} already: ask for at least as many')
        if (at.epoch, at.batch) > (settings.epochs, 0):
            raise ConfigError(
                f'"{where}" has come to batch {at.batch} of epoch {at.epoch + 1} already: '
                f"ask for at least {at.epoch + 1} epochs"
            )


@dataclass
class Keeper:
    """Writes checkpoints to a path every so many epochs or seconds."""

    path: Path
    every_epochs: int | None = None
    every_seconds: float | None = 30.0
    last_epoch: int = 0
    last_time: float = 0.0

    def __post_init__(self) -> None:
        if self.every_epochs is not None and not self.every_epochs >= 1:
            raise ConfigError(f"checkpoints come every 1 epoch or more, not every {self.every_epochs}")
        if self.every_seconds is not None and not self.every_seconds > 0:
            raise ConfigError(f"the seconds between checkpoints must be above 0, not {self.every_seconds}")

    def due(self, epoch: int, now: float, *, between_epochs: bool) -> bool:
        """Whether it is time for a checkpoint."""
        by_epochs = (
            self.every_epochs is not None and between_epochs and epoch - self.last_epoch >= self.every_epochs
        )
        by_time = self.every_seconds is not None and now - self.last_time >= self.every_seconds
        return by_epochs or by_time

    def epochs_left(self, epoch: int) -> int:
        """After how many more epochs one is due; where epochs do not count, very many."""
        if self.every_epochs is None:
            return sys.maxsize
        return max(self.last_epoch + self.every_epochs - epoch, 1)

    def done(self, epoch: int, now: float) -> None:
        """Note that one was written."""
        self.last_epoch, self.last_time = epoch, now


def fingerprint(*parts: Data | None) -> str:
    """SHA-256 of the data a run trains on and is watched by."""
    hashed = hashlib.sha256()
    for data in parts:
        for array in (*_arrays(data.X), data.y, data.weights) if data is not None else (None,):
            if array is None:
                hashed.update(b"none")
            else:
                hashed.update(f"{array.dtype.str}{array.shape}".encode())
                hashed.update(np.ascontiguousarray(array).data)
    return hashed.hexdigest()


def _arrays(X: Any) -> tuple[Any, ...]:
    """The arrays that hold X."""
    return (np.array(X.shape), *X.parts) if isinstance(X, SparseRows) else (X,)
