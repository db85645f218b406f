"""A perceptron's lesson: one sample after the other, an update after each mistake, and the trace of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines.initial import initial_parameters
from chainrule.engines.program import Arena, Program
from chainrule.errors import Divergence

Floats = NDArray[np.float64]

# How many presentations of a sample the trace keeps.
TRACED = 1000
# A weighted sum this close to the threshold, beside what it is summed from, differs from it by rounding.
ROUNDING = 1e-14


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


class Lesson:
    """Samples shown one by one to the program of a perceptron's derivation.

    weights:  (I, 1), as they are now; mistakes: in each epoch so far; trace: the first presentations
    close:    (epoch, sample) of the first weighted sum that lay within rounding of the threshold
    """

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
        self.close: tuple[int, int] | None = None
        self._reach = np.maximum(np.abs(inputs).max(axis=1), 1.0).tolist()
        self._seen = {self._state(): 0}

    @property
    def threshold(self) -> float:
        """As it is now, learnt or fixed."""
        return float(self.program.buffers["theta1"][0]) if self.fixed is None else self.fixed

    def epoch(self, order: NDArray[np.intp]) -> None:
        """Show every sample once, and learn from the mistakes."""
        buffers, compute, update = self.program.buffers, self.program.compute, self.program.update
        x, y, output = buffers["x"], buffers["y"], buffers["a1"]
        z, offset, size = buffers["z1"], self.fixed or 0.0, self._size()
        mistakes = 0
        with np.errstate(all="ignore"):
            for sample in order.tolist():
                x[0] = self.inputs[sample]
                y[0, 0] = target = self.targets[sample]
                for function, arguments in compute:
                    function(*arguments)
                gap = abs(float(z[0, 0]) - offset)
                if 0 < gap <= ROUNDING * self._reach[sample] * size and self.close is None:
                    self.close = len(self.mistakes) + 1, sample + 1
                wrong = output[0, 0] != target
                before = self._numbers() if len(self.trace) < TRACED else None
                if wrong:
                    mistakes += 1
                    for function, arguments in update:
                        function(*arguments)
                    size = self._size()
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

    def _size(self) -> float:
        return float(np.abs(self.weights).sum()) + abs(self.threshold)

    def _numbers(self) -> tuple[tuple[float, ...], float]:
        return tuple(self.weights[:, 0].tolist()), self.threshold

    def _state(self) -> bytes:
        return np.append(self.weights, self.threshold).tobytes()

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
