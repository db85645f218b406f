"""What a training run that has ended is known by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from chainrule.derivation import Derivation, Network
from chainrule.engines.engine import Step
from chainrule.engines.threads import enough_threads
from chainrule.learning.history import History
from chainrule.learning.model import Model
from chainrule.learning.replay import Replay, Replayed


class LastStep:
    """The numbers of a run's last batch, computed when they are first asked for.

    compute: does that; network, rows: how large it is, which decides how many threads take part
    """

    def __init__(self, compute: Callable[[], Step], network: Network, rows: int) -> None:
        self._compute: Callable[[], Step] | None = compute
        self._size = network, rows
        self._lock = Lock()
        self._step: Step | None = None

    def __call__(self) -> Step:
        with self._lock:
            if self._step is None:
                assert self._compute is not None
                with enough_threads(*self._size):
                    self._step = self._compute()
                self._compute = None
            return self._step

    def __getstate__(self) -> dict[str, Any]:
        return {"_compute": None, "_size": self._size, "_step": self()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())


@dataclass(frozen=True, eq=False)
class Run:
    """A training run that has ended.

    model:   the trained model (the best one, where early stopping or Ctrl-C chose it)
    stopped: why it ended: one sentence
    epochs:  how many were completed; best_epoch: the one the model is of
    derivation: the lines of a training step
    last_step, step: every number of the last batch under the final weights, computed when first asked for
    replay:  computes any step of the run again; for this the run holds the training rows
    notes:   what a user should know

    >>> from chainrule import Dense, Network, train
    >>> net = Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")])
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> run = train(net, X, y, epochs=3, batch=2)
    >>> run.at(epoch=3, batch=2)
    <Replayed: step 6, batch 2 of epoch 3>
    >>> run.at(epoch=3, batch=2)["W1[2,1]"] == float(run.model.parameters["W1"][1, 0])
    True
    """

    model: Model
    history: History
    stopped: str
    epochs: int
    best_epoch: int
    seconds: float
    derivation: Derivation
    last_step: LastStep
    replay: Replay
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Run: {self.epochs} epochs in {self.seconds:.3g} s; {self.stopped}>"

    @property
    def step(self) -> Step:
        """Every number of the last batch under the final weights."""
        return self.last_step()

    def at(self, *, epoch: int, batch: int = 1) -> Replayed:
        """The step of a batch, both counted from 1, with the bits that the training had.

        Raises InvalidInput where the run had no such step.
        """
        return self.replay.step(epoch, batch)
