"""The perceptron: a unit with a threshold and the step, learning from its mistakes one sample at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.derivation.derive import derive
from chainrule.derivation.network import Dense, Network
from chainrule.engines.program import Arena, Program
from chainrule.engines.samples import check_finite, check_inputs, numeric
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.formulas.activations import step
from chainrule.formulas.rules import Perceptron
from chainrule.learning.lesson import Lesson, TraceRow
from chainrule.learning.perceptron_story import tell
from chainrule.learning.separability import Separation, separate, within_reach

Floats = NDArray[np.float64]
Order = Literal["cyclic", "shuffled"]


@dataclass(frozen=True, eq=False)
class PerceptronRun:
    """What a perceptron's training came to; `print` it to read it.

    converged:  the last epoch went through every sample without a mistake
    epochs:     how many were run, the last one included; updates: mistakes, each of them an update
    mistakes:   in each epoch
    weights:    (I,), and threshold, at the end; learnt: whether the threshold was learnt
    trace:      the first 1,000 presentations, each a row
    cycle:      (first, last): these epochs repeat for ever, exactly; None where no such cycle was met
    separation: whether the classes can be told apart by a line, and by how much
    reachable:  whether any weights classify every sample with the fixed threshold; None where it is learnt
    close:      (epoch, sample) of the first weighted sum within rounding of the threshold, where exact
                arithmetic may have decided otherwise; None where there was none
    bound:      (R/γ)², the most updates there can be; None where it cannot be computed or does not hold
    """

    converged: bool
    epochs: int
    updates: int
    mistakes: tuple[int, ...]
    weights: Floats
    threshold: float
    learnt: bool
    trace: tuple[TraceRow, ...]
    cycle: tuple[int, int] | None
    separation: Separation
    reachable: bool | None
    close: tuple[int, int] | None
    bound: float | None
    learning_rate: float
    order: Order
    names: tuple[str, ...]
    samples: int
    network: Network
    parameters: dict[str, Floats] = field(repr=False)

    @property
    def presentations(self) -> int:
        """How many times a sample was shown."""
        return self.epochs * self.samples

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """The classes, 0 or 1, of X (N, I): (N,)."""
        table = check_inputs(X, self.network)
        # One row at a time, as in training: a product of many rows may round the last digit otherwise.
        derivation = derive(self.network)
        program = Program(derivation, Arena(derivation, np.dtype(np.float64)), 1)
        for name, value in self.parameters.items():
            np.copyto(program.buffers[name], value)
        classes = np.empty(len(table), np.int64)
        for row, inputs in enumerate(table):
            program.buffers["x"][0] = inputs
            program.run(program.compute)
            classes[row] = program.buffers["a1"][0, 0]
        return classes

    def story(self) -> str:
        """What happened, in plain sentences."""
        return tell(self)

    def __str__(self) -> str:
        return tell(self)


def train_perceptron(
    X: ArrayLike,
    y: ArrayLike,
    *,
    threshold: float | None = None,
    learning_rate: float = 1.0,
    epochs: int = 100,
    order: Order = "cyclic",
    seed: int = 0,
    weights: Sequence[float] | None = None,
    names: Sequence[str] | None = None,
) -> PerceptronRun:
    """Train a perceptron: after each mistake w ← w + η x (y − ŷ), until an epoch passes without one.

    X: (N, I)   y: (N,) of 0 and 1
    threshold: None: learnt from 0, as the weight of a constant input −1; a number: fixed at that number
    order:     "cyclic": as the rows come; "shuffled": anew in each epoch, from the seed
    weights:   (I,) to start from; zeros by default.   names: of the inputs, for the story

    Training stops early where it can only repeat itself. Raises InvalidInput (ShapeMismatch, ConfigError)
    for what does not fit, and Divergence where the weights leave the finite numbers.

    Source: Rosenblatt 1958; the bound on the updates, Novikoff 1962.

    >>> run = train_perceptron([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> run.converged, run.updates, run.predict([[1, 1], [1, 0]]).tolist()
    (True, 11, [1, 0])
    """
    inputs, targets = _samples(X, y)
    _check(epochs, order, threshold)
    count = inputs.shape[1]
    called = tuple(names) if names is not None else tuple(f"x{n}" for n in range(1, count + 1))
    if len(called) != count:
        raise ShapeMismatch(f"{count} inputs need {count} names, not {len(called)}")
    network = _network(count, threshold, weights)
    rule = Perceptron(learning_rate=learning_rate)
    lesson = Lesson(derive(network, "mse", rule), inputs, targets, threshold, learning_rate)
    rng = np.random.default_rng(seed)
    rows = np.arange(len(inputs))
    cycle = None
    while len(lesson.mistakes) < epochs:
        lesson.epoch(rng.permutation(rows) if order == "shuffled" else rows)
        if not lesson.mistakes[-1]:
            break
        cycle = lesson.repeated() if order == "cyclic" else None
        if cycle:
            break
    separation = separate(inputs, targets)
    reachable = None if threshold is None else within_reach(inputs, targets, threshold)
    from_zero = weights is None or not np.any(weights)
    return PerceptronRun(
        converged=not lesson.mistakes[-1],
        epochs=len(lesson.mistakes),
        updates=sum(lesson.mistakes),
        mistakes=tuple(lesson.mistakes),
        weights=lesson.weights[:, 0].copy(),
        threshold=lesson.threshold,
        learnt=threshold is None,
        trace=tuple(lesson.trace),
        cycle=cycle,
        separation=separation,
        reachable=reachable,
        close=lesson.close,
        bound=separation.bound if threshold is None and from_zero else None,
        learning_rate=learning_rate,
        order=order,
        names=called,
        samples=len(inputs),
        network=network,
        parameters={p.name: lesson.program.buffers[p.name].copy() for p in network.parameters},
    )


def _network(inputs: int, threshold: float | None, weights: Sequence[float] | None) -> Network:
    start = "zeros" if weights is None else [[w] for w in numeric("weights", weights).reshape(-1).tolist()]
    if threshold is None:
        return Network(inputs, [Dense(1, "step", weights=start, threshold=True)])
    return Network(inputs, [Dense(1, step(threshold=float(threshold)), weights=start, bias=False)])


def _samples(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    table = np.asarray(numeric("X", X), np.float64)
    if table.ndim != 2 or not table.size:
        raise ShapeMismatch(
            f"X must be a table (N, I) with at least one row and one column, not of shape {table.shape}"
        )
    check_finite("X", table)
    try:
        labels = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput("y must hold the classes as 0 and 1: number your two classes so") from None
    if labels.shape not in ((len(table),), (len(table), 1)):
        raise ShapeMismatch(f"y must hold one class a row, ({len(table)},), not be of shape {labels.shape}")
    labels = labels.reshape(-1)
    odd = np.flatnonzero((labels != 0) & (labels != 1))
    if len(odd):
        raise InvalidInput(
            f"y must hold the classes as 0 and 1, but y[{odd[0]}] is {labels[odd[0]]:g}: "
            "number your two classes so"
        )
    return table, labels


def _check(epochs: int, order: str, threshold: float | None) -> None:
    if isinstance(epochs, bool) or not isinstance(epochs, int) or epochs < 1:
        raise ConfigError(f"epochs must be a whole number, at least 1, not {epochs!r}")
    if order not in ("cyclic", "shuffled"):
        raise ConfigError(f'the order is "cyclic" or "shuffled", not {order!r}: choose one of them')
    if threshold is not None and (not isinstance(threshold, Real) or not np.isfinite(float(threshold))):
        raise ConfigError(
            f"the threshold must be a finite number, not {threshold}: or leave it out to learn it"
        )
