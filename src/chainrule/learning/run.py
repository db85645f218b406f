"""What a training run that has ended is known by."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.derivation import Derivation
from chainrule.engines.engine import Step
from chainrule.learning.history import History
from chainrule.learning.model import Model
from chainrule.learning.replay import Replay, Replayed


@dataclass(frozen=True, eq=False)
class Run:
    """A training run that has ended.

    model:   the trained model (the best one, where early stopping or Ctrl-C chose it)
    stopped: why it ended: one sentence
    epochs:  how many were completed; best_epoch: the one the model is of
    derivation, step: the lines of a training step, and every number of the last batch under the final weights
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
    step: Step
    replay: Replay
    interrupted: bool = False
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<Run: {self.epochs} epochs in {self.seconds:.3g} s; {self.stopped}>"

    def at(self, *, epoch: int, batch: int = 1) -> Replayed:
        """The step of a batch, both counted from 1, with the bits that the training had.

        Raises InvalidInput where the run had no such step.
        """
        return self.replay.step(epoch, batch)
