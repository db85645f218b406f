"""Deterministic replay: any step of a run, computed again with the bits that the training had."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from math import inf
from numbers import Integral
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Derivation
from chainrule.engines.choose import find_engine
from chainrule.engines.engine import Data, Engine, Number, Step, Trainer
from chainrule.engines.initial import initial_parameters
from chainrule.engines.threads import enough_threads
from chainrule.errors import InvalidInput, unknown
from chainrule.learning.orders import Orders
from chainrule.learning.settings import Settings
from chainrule.learning.snapshots import KeptFile, Snapshot, Snapshots
from chainrule.learning.unchanged import Unchanged

Array = NDArray[Any]
WORKING = "chainrule.working.recorded"


@dataclass(frozen=True, eq=False)
class Replayed:
    """One step of a run, with every number in the dtype of training.

    derivation: its lines; step: every symbol's value before the update, and the new ones
    epoch, batch: where it stands in the run, from 1; number: t, which step of the whole run it is
    rows:  which of the training rows were in the batch, counted from 0 (rows held out are not among them)
    rate:  the learning rate
    state: the rule's state before the step, by symbol

    By name it gives what the derivation's line of that name computes, so a parameter as it is after the update:
    `replayed["W1"]` an array, `replayed["dW1[2,1]"]` one number, indices counted from 1. What a parameter was
    before is in `step.values`.
    """

    derivation: Derivation
    step: Step
    rows: NDArray[np.intp]
    epoch: int
    batch: int
    rate: float
    number: int
    state: Mapping[str, Array]

    @property
    def working(self) -> Any:
        """The step as a worked solution, a `Working`: `run.at(epoch=3).working["dW1[2,1]"]`."""
        # By name, as the vocabulary has its spellings: the working is a floor above.
        return import_module(WORKING).step_of_run(self).working

    def __repr__(self) -> str:
        return f"<Replayed: step {self.number}, batch {self.batch} of epoch {self.epoch}>"

    def __getitem__(self, name: str) -> Number:
        """The array or number of a symbol, or one entry of it; UnknownName or InvalidInput for a wrong name."""
        if not isinstance(name, str):
            raise InvalidInput(f'a value is asked for by name, such as "W1" or "W1[2,1]", not by {name!r}')
        symbol, bracket, places = name.replace(" ", "").partition("[")
        known = {**self.step.values, **self.step.updated}
        if symbol not in known:
            raise unknown("symbol", symbol, known)
        value = known[symbol]
        if not bracket:
            return value
        if not places.endswith("]"):
            raise InvalidInput(f'"{name}" has no closing bracket: write for example "{symbol}[1,1]"')
        return _entry(symbol, value, places[:-1])


class Replay:
    """The steps of a run that has ended, each recomputed when it is asked for.

    A step is reached by training again from the nearest snapshot before it: the first weights, those that the
    run held in memory, where it was resumed, or its checkpoint file while that is there. Engine, order of the
    rows, dropout masks, rates and clipping are the run's own, so the bits are, too; of a resumed run, those
    before the break if it was trained on the same machine and versions. Steps one after another are quick.

    epochs:  how many were completed; batches: how many make an epoch
    partial: how many more were done of an epoch that Ctrl-C broke off
    """

    def __init__(
        self,
        derivation: Derivation,
        data: Data,
        settings: Settings,
        engine: str,
        rates: tuple[float, ...],
        steps: int,
        snapshots: Snapshots,
        file: KeptFile | None,
        given: Unchanged | None = None,
    ) -> None:
        self.derivation = derivation
        self._data, self._settings, self._engine = data, settings, engine
        self._rates, self._snapshots, self._file, self._given = rates, snapshots, file, given
        self._begin()
        self.batches = self._orders.steps
        self.epochs, self.partial = divmod(steps, self.batches)

    def _begin(self) -> None:
        settings = self._settings
        self._lock = Lock()
        self._orders = Orders(len(self._data.X), settings.batch, settings.seed, settings.shuffle)
        self._trainer: Trainer | None = None
        self._stands: int | None = None

    def __getstate__(self) -> dict[str, Any]:
        made = ("_lock", "_orders", "_trainer", "_stands")
        return {name: value for name, value in self.__dict__.items() if name not in made}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._begin()

    def __repr__(self) -> str:
        return f"<Replay of {self._extent()}>"

    def step(self, epoch: int, batch: int = 1) -> Replayed:
        """The step of a batch, both counted from 1. Raises InvalidInput where the run had no such step."""
        number = self._number(epoch, batch)
        if self._given is not None:
            self._given.check(self._data.X)
        rows = min(self._settings.batch, len(self._data.X))
        with self._lock, enough_threads(self.derivation.network, rows):
            return self._replayed(number)

    def _number(self, epoch: int, batch: int) -> int:
        for what, given in (("epoch", epoch), ("batch", batch)):
            if isinstance(given, bool) or not isinstance(given, Integral) or given < 1:
                raise InvalidInput(
                    f"the {what} is a whole number from 1, not {given!r}: the run had {self._extent()}"
                )
        number = (int(epoch) - 1) * self.batches + int(batch)
        if batch > self.batches or number > self.epochs * self.batches + self.partial:
            raise InvalidInput(f"there is no batch {batch} of epoch {epoch}: the run had {self._extent()}")
        return number

    def _extent(self) -> str:
        """How many steps there were."""
        each = f" of {_count(self.batches, 'batch', 'batches')}"
        each += " each" if self.epochs != 1 else ""
        said = _count(self.epochs, "epoch", "epochs") + each
        if not self.partial:
            return said
        return f"{said} and {_count(self.partial, 'batch', 'batches')} of epoch {self.epochs + 1}"

    # --- computing it again -------------------------------------------------------------------------

    def _replayed(self, number: int) -> Replayed:
        trainer = self._reach(number - 1)
        before = Snapshot.of(trainer)
        # Taken once to put its batch in place, and once more with every number noted.
        self._advance(trainer, number)
        _load(trainer, before)
        step = trainer.last_step()
        self._stands = before.steps
        epoch, batch = divmod(number - 1, self.batches)
        size = self._settings.batch
        return Replayed(
            self.derivation,
            step,
            self._rows(epoch)[batch * size : (batch + 1) * size].copy(),
            epoch + 1,
            batch + 1,
            self._rates[epoch],
            number,
            before.state,
        )

    def _rows(self, epoch: int) -> NDArray[np.intp]:
        """The rows in the order of an epoch."""
        order = self._orders.of(epoch)
        return np.arange(len(self._data.X), dtype=np.intp) if order is None else order

    def _reach(self, steps: int) -> Trainer:
        """The trainer as it stood after so many steps of the run."""
        stands, self._stands = self._stands, None
        if self._trainer is None:
            self._trainer = begin_training(
                find_engine(self._engine), self.derivation, self._data, self._settings
            )
            # Every step was taken by the run itself, so none of them exploded.
            self._trainer.loss_limit = sys.float_info.max
        nearest = self._nearest(steps, -1 if stands is None or stands > steps else stands)
        if nearest is not None:
            _load(self._trainer, nearest)
        self._advance(self._trainer, steps)
        return self._trainer

    def _nearest(self, steps: int, stands: int) -> Snapshot | None:
        """The latest snapshot after at most `steps` steps; None if the trainer stands nearer by itself."""
        held = self._snapshots.latest(steps)
        reached = max(stands, 0 if held is None else held.steps)
        if self._file is not None and reached < self._file.steps <= steps:
            found = self._file.read()
            if found is not None:
                return found
            self._file = None
        if stands >= reached:
            return None
        return held or Snapshot.first(self.derivation, self._settings.seed)

    def _advance(self, trainer: Trainer, steps: int) -> None:
        """Train on until so many steps of the run are taken."""
        while trainer.step_number < steps:
            epoch, batch = divmod(trainer.step_number, self.batches)
            left = self.batches - batch
            # To the end of the epoch in one call; to a batch within it, one step a call.
            whole = left <= steps - trainer.step_number
            order, rate = self._orders.of(epoch), self._rates[epoch]
            seconds = inf if whole else 0.0
            done = trainer.steps(order, self._settings.batch, batch, rate, seconds, lambda: False)
            assert done.batches == (left if whole else 1), (
                "a step that training took has failed in its replay"
            )


def begin_training(engine: Engine, derivation: Derivation, data: Data, settings: Settings) -> Trainer:
    """A trainer on the first weights, with the dropout masks of the seed."""
    start = initial_parameters(derivation.network, settings.seed)
    key = int(np.random.SeedSequence([settings.seed, 1]).generate_state(1)[0])
    return engine.trainer(derivation, start, data, dtype=settings.dtype, key=key)


def in_dtype(data: Data, dtype: str) -> Data:
    """The data as training reads them: floating numbers in its dtype, class numbers as they are."""
    y = data.y if data.y.dtype.kind in "iu" else data.y.astype(dtype, copy=False)
    weights = None if data.weights is None else data.weights.astype(dtype, copy=False)
    return Data(data.X.astype(dtype, copy=False), y, weights)


def _load(trainer: Trainer, snapshot: Snapshot) -> None:
    trainer.load(snapshot.parameters, snapshot.state, snapshot.steps)


def _entry(symbol: str, value: Number, places: str) -> float:
    """One entry of a value, at indices written from 1."""
    shape = np.shape(value)
    if not shape:
        raise InvalidInput(f"{symbol} is a single number: leave the index out")
    written = places.split(",")
    size = " × ".join(map(str, shape)) if len(shape) > 1 else f"a row of {shape[0]}"
    if len(written) != len(shape):
        example = ",".join("1" * len(shape))
        raise InvalidInput(f'{symbol} is {size}: write an entry of it as "{symbol}[{example}]"')
    indices = []
    for which, (text, length) in enumerate(zip(written, shape, strict=True)):
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= length):
            ordinal = ("its index", "its first index", "its second index")[(len(shape) > 1) * (which + 1)]
            raise InvalidInput(
                f"there is no {symbol}[{places}]: {symbol} is {size}, so {ordinal} goes from 1 to {length}"
            )
        indices.append(int(text) - 1)
    entry: float = np.asarray(value)[tuple(indices)].item()
    return entry


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
