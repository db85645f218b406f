"""The gradient check: back-propagation's slopes against central differences of the loss, entry by entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation
from chainrule.derivation.network import Network, Parameter
from chainrule.engines.check_report import EntryCheck, GradientCheck, ParameterCheck, summary
from chainrule.engines.engine import Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.program import Arena, Program
from chainrule.engines.samples import check_inputs, check_parameters, check_targets, check_weights
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.losses import LOSSES, Loss

Floats = NDArray[np.float64]

# Where a kink lies between the sides, or the two disagree, these multiples of the step are tried in turn.
STEPS = (1.0, 0.1, 0.01, 10.0)
# The rounding of a loss, in units of the last digit of the numbers it is made of.
ROUNDING = 8 * float(np.finfo(np.float64).eps)
# Beside a slope that changes by 1 between the two sides, one of a tenth of the tolerance cannot be judged.
CURVATURE = 10.0
# A slope is judged by the steepest one where that changes the loss over a million times as much.
NEGLIGIBLE = 1e-6
# A check that would pass over the steepest slope wrong by this much says so.
NOTABLE = 0.01
# Slopes below the smallest numbers of full precision are no slopes.
TINY = float(np.finfo(np.float64).tiny)


def check_gradients(
    network: Network,
    X: ArrayLike,
    y: ArrayLike,
    loss: str | Loss,
    *,
    l2: float = 0.0,
    class_weights: Sequence[float] | None = None,
    sample_weights: ArrayLike | None = None,
    parameters: Mapping[str, ArrayLike] | None = None,
    seed: int = 0,
    step: float = 1e-5,
    tolerance: float = 1e-5,
    limit: int | None = None,
) -> GradientCheck:
    """Compare every entry of the gradient with (C(w + h) − C(w − h)) / 2h, in float64.

    X: (N, I)   y: (N, O), numbers (N,) for one output, or class numbers (N,) from 0   sample_weights: (N,)
    parameters: by name; drawn from `seed` by default.  seed: also of dropout's masks and of the sample
    step:       how far each side moves a weighted sum; h follows from it and the size of the inputs
    tolerance:  of |a − n| / (|a| + |n|); where that is so small that the loss's own rounding or bending hides
                differences, or negligible beside the network's steepest slope, they are taken relative to that
    limit:      compare at most this many entries of each parameter, drawn at random

    Frozen parameters have no gradient and are left alone. Dropout takes the same mask on both sides.
    Raises InvalidInput (ShapeMismatch, ConfigError) for data or settings that do not fit.

    >>> from chainrule.derivation.network import Dense
    >>> net = Network(2, [Dense(3, "tanh"), Dense(1, "sigmoid")])
    >>> check_gradients(net, [[0, 1], [1, 1]], [1, 0], "binary_crossentropy").ok
    True
    """
    _check_settings(step, tolerance, limit)
    chosen = LOSSES.find(loss)
    inputs = check_inputs(X, network)
    targets = check_targets(y, len(inputs), network, chosen)
    integer = targets.dtype.kind == "i"
    weighted = sample_weights is not None
    derivation = derive(
        network,
        chosen,
        l2=l2,
        class_weights=class_weights,
        sample_weights=weighted,
        integer_targets=integer,
    )
    values: dict[str, Any] = {"x": inputs, "y": targets, **check_parameters(network, parameters, seed)}
    if weighted:
        name = "q" if "q" in derivation.inputs else "s"
        values[name] = check_weights(sample_weights, len(inputs))
    return check_step(derivation, values, key=seed, seed=seed, step=step, tolerance=tolerance, limit=limit)


def check_step(
    derivation: Derivation,
    values: Mapping[str, Any],
    *,
    shown: Step | None = None,
    key: int = 0,
    number: int = 1,
    seed: int = 0,
    step: float = 1e-5,
    tolerance: float = 1e-5,
    limit: int | None = None,
) -> GradientCheck:
    """Compare the gradient of one training step with central differences of its loss, in float64.

    values: x (B, I), y, the parameters by name, and what else the derivation asks for
    shown:  the step whose gradients are compared; by default it is computed here in float64
    key, number: of the dropout masks, and of the step; the rest as for `check_gradients`

    Raises ConfigError where nothing is trained.
    """
    if not derivation.gradients:
        raise ConfigError("every parameter is frozen, so there is no gradient to check: unfreeze a layer")
    base = shown if shown is not None else NumpyEngine().run(derivation, values, key=key, step=number)
    comparison = _Comparison(derivation, values, base, (key, number), step, tolerance)
    rng = np.random.default_rng(seed)
    found = tuple(comparison.parameter(p, _drawn(p.size, limit, rng)) for p in derivation.trained)
    return summary(derivation, comparison.loss, found, limit, tolerance, lost=comparison.lost)


def check_entries(
    derivation: Derivation,
    values: Mapping[str, Any],
    shown: Step,
    *,
    key: int = 0,
    number: int = 1,
    limit: int | None = None,
    places: Mapping[str, Sequence[int]] | None = None,
) -> tuple[tuple[EntryCheck, ...], int]:
    """Single entries of a step's gradient beside central differences of its loss, and how many are at a kink.

    places: parameter → places in it, flattened; by default all of every parameter, or `limit` drawn of each
    The rest is as for `check_step`.
    """
    comparison = _Comparison(derivation, values, shown, (key, number), 1e-5, 1e-5)
    rng = np.random.default_rng(0)
    found: list[EntryCheck] = []
    left_out = 0
    for parameter in derivation.trained:
        chosen = _drawn(parameter.size, limit, rng) if places is None else places.get(parameter.name, ())
        for place in chosen:
            one = comparison.parameter(parameter, np.array([place], dtype=np.intp))
            left_out += one.left_out
            if one.compared:
                found.append(EntryCheck(one.symbol, one.index, one.error, one.analytic, one.numeric))
    return tuple(found), left_out


class _Comparison:
    """The loss as a function of one entry at a time, beside the gradient at the starting point."""

    def __init__(
        self,
        derivation: Derivation,
        values: Mapping[str, Any],
        base: Step,
        key_and_number: tuple[int, int],
        step: float,
        tolerance: float,
    ) -> None:
        self.base = base
        self.derivation = derivation
        self.tolerance = tolerance
        self.step = step
        lines = tuple(line for line in derivation.lines if line.phase in ("feedforward", "loss"))
        forward = replace(derivation, lines=lines, gradients={})
        self.program = Program(forward, Arena(forward, np.dtype(np.float64)), len(values["x"]))
        for name, value in values.items():
            np.copyto(self.program.buffers[name], value, casting="same_kind")
        for name, number in zip(("key", "t"), key_and_number, strict=True):
            if name in self.program.scalars:
                self.program.give(name, number)
        self.objective = "J" if "J" in derivation.shapes else "C"
        # Not the loss of the step shown: in float32, its rounding would pass for bending.
        with np.errstate(all="ignore"):
            self.program.run(self.program.compute)
        self.loss = self.program.number(self.objective)
        if not isfinite(self.loss):
            raise InvalidInput(
                f"the loss is {self.loss} with these parameters and data, so it has no slopes to compare: "
                "give finite ones of moderate size"
            )
        self.kinks = self._kinks()
        top = len(derivation.network.dense)
        self.outputs = ROUNDING * max(float(np.abs(self.base[f"{letter}{top}"]).max()) for letter in "za")
        sizes = (
            float(np.abs(self.base[gradient]).max() * np.abs(self.base[name]).max())
            for name, gradient in derivation.gradients.items()
        )
        inside = _size_inside(derivation)
        self.rounding = ROUNDING * (abs(self.loss) + inside + max(filter(isfinite, sizes), default=0.0))
        self.steps = {p.name: self._steps(p) for p in derivation.trained}
        changes = (float(np.abs(self._gradient(name) * h).max()) for name, h in self.steps.items())
        greatest = max(filter(isfinite, changes), default=0.0)
        self.negligible = NEGLIGIBLE * greatest
        self.lost = 0 < greatest * NOTABLE < self.rounding

    def _gradient(self, name: str) -> Floats:
        return np.asarray(self.base[self.derivation.gradients[name]])

    def _kinks(self) -> list[tuple[Floats, Floats | None, float]]:
        """(values, what is taken off them, kink) for each kink: z of a layer, or p − y of the loss."""
        buffers, loss = self.program.buffers, self.derivation.loss
        found: list[tuple[Floats, Floats | None, float]] = []
        for number, layer in enumerate(self.derivation.network.dense, start=1):
            for kink in layer.activation.kink_values():
                found.append((buffers[f"z{number}"], None, kink))
        for declared in loss.kinks if loss is not None else ():
            kink = loss.parameters[declared] if isinstance(declared, str) and loss else float(declared)
            found.append((buffers[self.derivation.output], buffers["y"], kink))
        return found

    def parameter(self, parameter: Parameter, chosen: NDArray[np.intp]) -> ParameterCheck:
        """Compare the chosen entries (places in the flattened parameter)."""
        name = parameter.name
        gradient = self._gradient(name).reshape(-1)
        weights = self.program.buffers[name].reshape(-1)
        steps = self.steps[name].reshape(-1)
        left_out, worst = 0, (-1.0, 0, 0.0, 0.0)
        with np.errstate(all="ignore"):
            for place in map(int, chosen):
                analytic = float(gradient[place])
                met = self._entry(weights, place, analytic, float(steps[place]))
                if met is None:
                    left_out += 1
                elif met[0] > worst[0]:
                    worst = (met[0], place, analytic, met[1])
        compared = len(chosen) - left_out
        index = np.unravel_index(worst[1], parameter.shape) if compared else ()
        place_from_1 = tuple(int(at) + 1 for at in index)
        figures = (max(worst[0], 0.0), place_from_1, worst[2], worst[3])
        return ParameterCheck(name, parameter.shape, compared, left_out, *figures)

    def _steps(self, parameter: Parameter) -> Floats:
        """h for each entry: what moves a weighted sum by `step`, but moderate beside the entry itself."""
        name, z = parameter.name, f"z{parameter.layer}"
        reach: Any = 1.0
        if parameter.role == "weights":
            below = next(line.arguments[0] for line in self.derivation.lines if line.symbol == z)
            reach = np.abs(self.base[below]).max(axis=0)[:, np.newaxis]
        elif parameter.role == "activation":
            reach = np.abs(self.base[z]).max()
        size = np.abs(self.program.buffers[name])
        with np.errstate(divide="ignore"):
            steps = np.minimum(self.step / reach, self.step * np.maximum(1.0, size))
        return np.asarray(np.maximum(steps, 1e-10 * size))

    def _entry(self, weights: Floats, place: int, analytic: float, step: float) -> tuple[float, float] | None:
        """(relative error, numeric slope) of an entry; None where a kink lies between every two sides."""
        start = float(weights[place])
        best: tuple[float, float] | None = None
        floor = 0.0
        negligible = self.negligible / step
        for multiple in STEPS:
            high, low = start + multiple * step, start - multiple * step
            upper, sides = self._loss_at(weights, place, high)
            lower, other_sides = self._loss_at(weights, place, low)
            if not all(map(np.array_equal, sides, other_sides)):
                continue
            numeric = (upper - lower) / (high - low)
            floor = floor or self.rounding / (multiple * step * self.tolerance)
            # By how much the slope itself changes on the way from one side to the other.
            change = abs(upper + lower - 2 * self.loss) / (multiple * step)
            # Rounding of the outputs shifts the place where the slope is 0; √(change / h) is ∂a/∂w beside a fit.
            shift = self.outputs * sqrt(change / (multiple * step)) / self.tolerance
            scale = max(abs(analytic) + abs(numeric), floor, negligible, CURVATURE * change, shift, TINY)
            error = abs(analytic - numeric) / scale
            error = error if isfinite(error) else float("inf")
            if best is None or error < best[0]:
                best = (error, numeric)
            if error <= self.tolerance:
                break
        weights[place] = start
        return best

    def _loss_at(self, weights: Floats, place: int, value: float) -> tuple[float, list[Floats]]:
        """The loss with one entry changed, and on which side of each kink every value is."""
        weights[place] = value
        self.program.run(self.program.compute)
        sides = [np.sign((z if y is None else z - y) - kink) for z, y, kink in self.kinks]
        return self.program.number(self.objective), sides


def _size_inside(derivation: Derivation) -> float:
    """The size of the sums inside the loss, where the loss itself may be far smaller than their rounding."""
    loss = derivation.loss
    # ln(p) and ln(Σ exp(z)) of a good fit are logarithms of sums beside 1, however small the loss.
    return 1.0 if loss is not None and loss.domain[1] == 1 else 0.0


def _check_settings(step: float, tolerance: float, limit: int | None) -> None:
    for what, value in (("step", step), ("tolerance", tolerance)):
        if not 0 < value < 1:
            raise ConfigError(f"the {what} must lie between 0 and 1, not {value!r}: 1e-5 is usual")
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ConfigError(f"the limit is a whole number of entries, at least 1, not {limit!r}")


def _drawn(size: int, limit: int | None, rng: np.random.Generator) -> NDArray[np.intp]:
    if limit is None or size <= limit:
        return np.arange(size)
    return np.sort(rng.choice(size, limit, replace=False))
