"""The perceptron: a unit with a threshold and the step, learning from its mistakes one sample at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation
from chainrule.derivation.network import Dense, Network
from chainrule.engines import given
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.program import Arena, Program
from chainrule.errors import ConfigError, Divergence, InvalidInput, ShapeMismatch
from chainrule.formulas.activations import step
from chainrule.formulas.rules import Perceptron
from chainrule.learning.perceptron_story import tell
from chainrule.learning.separability import Separation, separate

Floats = NDArray[np.float64]
Order = Literal["cyclic", "shuffled"]

# How many presentations of a sample the trace keeps.
TRACED = 1000


@dataclass(frozen=True)
class TraceRow:
    """One presentation of a sample; epoch and sample count from 1, error = target − output.

    weighted_sum: x · w, which fires the unit where it reaches the threshold
    """

    epoch: int
    sample: int
    x: tuple[float, ...]
    target: int
    weighted_sum: float
    output: int
    error: int
    weights_before: tuple[float, ...]
    threshold_before: float
    weights_after: tuple[float, ...]
    threshold_after: float


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
        table = given.table("X", X, self.network.inputs)
        data = Data(table, np.zeros((len(table), 1)))
        outputs, _ = NumpyEngine().forward(derive(self.network), self.parameters, data, dtype=np.float64)
        return outputs[:, 0].astype(np.int64)

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
    (True, 10, [1, 0])
    """
    inputs, targets = _samples(X, y)
    _check(epochs, order, threshold)
    count = inputs.shape[1]
    called = tuple(names) if names is not None else tuple(f"x{n}" for n in range(1, count + 1))
    if len(called) != count:
        raise ShapeMismatch(f"{count} inputs need {count} names, not {len(called)}")
    network = _network(count, threshold, weights)
    rule = Perceptron(learning_rate=learning_rate)
    lesson = _Lesson(derive(network, "mse", rule), inputs, targets, threshold, learning_rate)
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
        bound=separation.bound if threshold is None and from_zero else None,
        learning_rate=learning_rate,
        order=order,
        names=called,
        samples=len(inputs),
        network=network,
        parameters={p.name: lesson.program.buffers[p.name].copy() for p in network.parameters},
    )


class _Lesson:
    """Samples shown one by one to the program of a derivation."""

    def __init__(
        self, derivation: Derivation, inputs: Floats, targets: Floats, fixed: float | None, rate: float
    ) -> None:
        self.program = Program(derivation, Arena(derivation, np.dtype(np.float64)), 1)
        for name, start in initial_parameters(derivation.network).items():
            np.copyto(self.program.buffers[name], start)
        self.program.give("eta", rate)
        self.inputs, self.targets, self.fixed = inputs, targets, fixed
        self.weights: Floats = self.program.buffers["W1"]
        self.trace: list[TraceRow] = []
        self.mistakes: list[int] = []
        self._seen = {self._state(): 0}

    @property
    def threshold(self) -> float:
        return float(self.program.buffers["theta1"][0]) if self.fixed is None else self.fixed

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Show every sample once, and learn from the mistakes."""
        buffers, compute, update = self.program.buffers, self.program.compute, self.program.update
        x, y, output = buffers["x"], buffers["y"], buffers["a1"]
        mistakes = 0
        with np.errstate(all="ignore"):
            for sample in order.tolist():
                x[0] = self.inputs[sample]
                y[0, 0] = target = self.targets[sample]
                for function, arguments in compute:
                    function(*arguments)
                wrong = output[0, 0] != target
                before = self._numbers() if len(self.trace) < TRACED else None
                if wrong:
                    mistakes += 1
                    for function, arguments in update:
                        function(*arguments)
                if before is not None:
                    self._trace(sample, before)
        self.mistakes.append(mistakes)
        if not (np.isfinite(self.weights).all() and np.isfinite(self.threshold)):
            raise Divergence(
                f"the weights left the finite numbers in epoch {len(self.mistakes)}: "
                "standardise the inputs, or take a smaller learning rate"
            )

    def repeated(self) -> tuple[int, int] | None:
        """The first and last epoch of a cycle, once the weights are exactly as at an earlier epoch's end."""
        now = len(self.mistakes)
        first = self._seen.setdefault(self._state(), now)
        return (first + 1, now) if first < now else None

    def _numbers(self) -> tuple[tuple[float, ...], float]:
        return tuple(self.weights[:, 0].tolist()), self.threshold

    def _state(self) -> bytes:
        # Adding 0.0 turns −0.0 into 0.0, which is the same weight.
        return (np.append(self.weights, self.threshold) + 0.0).tobytes()

    def _trace(self, sample: int, before: tuple[tuple[float, ...], float]) -> None:
        buffers = self.program.buffers
        target, output = int(self.targets[sample]), int(buffers["a1"][0, 0])
        weights, threshold = self._numbers()
        # z has the learnt threshold taken off already; the sum alone is what a reader compares with it.
        summed = float(buffers["z1"][0, 0]) + (before[1] if self.fixed is None else 0.0)
        self.trace.append(
            TraceRow(
                epoch=len(self.mistakes) + 1,
                sample=sample + 1,
                x=tuple(self.inputs[sample].tolist()),
                target=target,
                weighted_sum=summed,
                output=output,
                error=target - output,
                weights_before=before[0],
                threshold_before=before[1],
                weights_after=weights,
                threshold_after=threshold,
            )
        )


def _network(inputs: int, threshold: float | None, weights: Sequence[float] | None) -> Network:
    start = "zeros" if weights is None else given.column("weights", weights, inputs)
    if threshold is None:
        return Network(inputs, [Dense(1, "step", weights=start, threshold=True)])
    return Network(inputs, [Dense(1, step(threshold=float(threshold)), weights=start, bias=False)])


def _samples(X: ArrayLike, y: ArrayLike) -> tuple[Floats, Floats]:
    table = given.numbers("X", X)
    if table.ndim != 2 or not table.size:
        raise ShapeMismatch(
            f"X must be a table (N, I) with at least one row and one column, not of shape {table.shape}"
        )
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
    if threshold is not None and not np.isfinite(threshold):
        raise ConfigError(
            f"the threshold must be a finite number, not {threshold}: or leave it out to learn it"
        )
