"""Runs that are looked at while they train, to compare their replay with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from chainrule import Dense, Dropout, Network, Run, train
from chainrule.engines.engine import Slice
from chainrule.engines.numpy import NumpyTrainer
from chainrule.learning import loop
from chainrule.learning.replay import Replay, Replayed

Array = NDArray[Any]
Rows = tuple[NDArray[np.float64], NDArray[np.int64]]
EPOCHS, BATCH = 6, 16


class PulledPlug(Exception):
    """Stands for a power cut."""


def pull_at(epoch: int) -> Any:
    def pulls(record: Any) -> None:
        if record.epoch == epoch:
            raise PulledPlug

    return pulls


@dataclass(frozen=True)
class Seen:
    """What training itself had at one step."""

    before: Mapping[str, Array]
    after: Mapping[str, Array]
    gradients: Mapping[str, Array]
    x: Array
    rate: float


def watched(rows: Rows, **choices: Any) -> tuple[Run, list[Seen]]:
    """A run, and what was seen at every step of its training, in order."""
    seen: list[Seen] = []
    steps = NumpyTrainer.steps

    def looks(self: NumpyTrainer, order: Any, batch: int, start: int, rate: float, *rest: Any) -> Slice:
        before = {**self.parameters(), **self.state()}
        done = steps(self, order, batch, start, rate, *rest)
        assert done.batches == 1
        assert self._latest is not None
        gradients = {s: self._arena.views[s].copy() for s in self.derivation.gradients.values()}
        x = self._latest.buffers["x"].copy()
        seen.append(Seen(before, {**self.parameters(), **self.state()}, gradients, x, rate))
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "SLICE", 0.0)
        patch.setattr(NumpyTrainer, "steps", looks)
        return fit(rows, **choices), seen


def fit(rows: Rows, **choices: Any) -> Run:
    net = Network(4, [Dense(6, "prelu"), Dropout(0.2), Dense(1, "sigmoid")])
    return train(net, *rows, **{"epochs": EPOCHS, "batch": BATCH, "rate": 0.01, **choices})


def each(replay: Replay) -> Iterator[tuple[int, int]]:
    """Epoch and batch of every step, the last one first, so that none goes on from the one before."""
    steps = replay.epochs * replay.batches + replay.partial
    for number in reversed(range(steps)):
        epoch, batch = divmod(number, replay.batches)
        yield epoch + 1, batch + 1


def assert_same_bits(replayed: Replayed, seen: Seen) -> None:
    for name, array in seen.before.items():
        found = np.asarray(replayed.step.values[name])
        assert found.dtype == array.dtype
        assert_array_equal(found, array, err_msg=f"{name} before {replayed!r}", strict=True)
    for name, array in seen.after.items():
        assert_array_equal(
            np.asarray(replayed[name]), array, err_msg=f"{name} after {replayed!r}", strict=True
        )
    for name in replayed.state:
        assert_array_equal(replayed.state[name], seen.before[name])
    for name, array in seen.gradients.items():
        assert_array_equal(np.asarray(replayed[name]), array, err_msg=f"{name} of {replayed!r}", strict=True)
    assert_array_equal(np.asarray(replayed["x"]), seen.x)
    assert replayed.rate == replayed["eta"] == seen.rate


def assert_all_same(run: Run, seen: list[Seen]) -> None:
    steps = list(each(run.replay))
    assert len(steps) == len(seen)
    for (epoch, batch), had in zip(steps, reversed(seen), strict=True):
        replayed = run.at(epoch=epoch, batch=batch)
        assert (replayed.epoch, replayed.batch) == (epoch, batch)
        assert replayed.number == replayed["t"] == (epoch - 1) * run.replay.batches + batch
        assert_same_bits(replayed, had)


def interrupt_after(monkeypatch: pytest.MonkeyPatch, rows: Rows, steps: int, **choices: Any) -> Run:
    """A run that Ctrl-C ends after so many steps."""
    taken: list[int] = []

    @contextmanager
    def stops() -> Iterator[Callable[[], bool]]:
        yield lambda: len(taken) >= steps

    compute = NumpyTrainer._compute

    def computes(self: NumpyTrainer, program: Any, rate: float) -> float:
        taken.append(1)
        return compute(self, program, rate)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "stop_on_interrupt", stops)
        patch.setattr(NumpyTrainer, "_compute", computes)
        return fit(rows, **choices)


def counted(monkeypatch: pytest.MonkeyPatch, action: Callable[[], Any]) -> int:
    """How many steps of training an action takes."""
    taken: list[int] = []
    compute = NumpyTrainer._compute

    def computes(self: NumpyTrainer, program: Any, rate: float) -> float:
        taken.append(1)
        return compute(self, program, rate)

    with monkeypatch.context() as patch:
        patch.setattr(NumpyTrainer, "_compute", computes)
        action()
    return len(taken)
