"""Charts of single units: shapes of activations, what a bias does, cross-entropy against MSE."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import InvalidInput
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.losses import LOSSES
from chainrule.working.charts.chart import Axis, Chart, Panel, Series, series
from chainrule.working.charts.stepping import column_values, passes

__all__ = ["activation_shapes", "saturation"]

USUAL = ("sigmoid", "relu", "tanh", "leaky_relu(0.1)", "gelu")
SAMPLES = 161
BESIDE_KINK = 1e-9
STARTED = -5.0  # the weighted sum of a unit that is wrong and sure of it
LABELS = {"mse": "MSE", "binary_crossentropy": "cross-entropy"}


def activation_shapes(names: Sequence[str] | None = None, bias: float = 2.0, *, reach: float = 5.0) -> Chart:
    """Value and slope of activations over z from −reach to reach, and f(z + b) for a few biases b.

    names: activations as the catalogue finds them, six at most; a few usual ones by default. The first two
    are drawn with the biases −bias, 0 and bias. Raises UnknownName, and InvalidInput for one that is not
    entry by entry (softmax).
    """
    entries = [ACTIVATIONS.find(name) for name in (USUAL if names is None else names)]
    if not 1 <= len(entries) <= 6:
        raise InvalidInput(f"one to six activations fit into a chart, not {len(entries)}: name fewer or more")
    z = Axis("z", low=-reach, high=reach)
    values = [_curve(entry.spec, entry, entry.value_at, reach) for entry in entries]
    slopes = [_curve(entry.spec, entry, entry.slope_at, reach) for entry in entries]
    panels = [
        Panel("value: a = f(z)", z, Axis("a"), tuple(values)),
        Panel("slope: f′(z)", z, Axis("f′(z)"), tuple(slopes)),
    ]
    for entry in entries[:2]:
        shifted = (_shifted(entry, shift, reach) for shift in (-bias, 0.0, bias))
        title = f"{entry.name}: a bias shifts it, a = f(wx + b)"
        panels.append(Panel(title, Axis("wx", low=-reach, high=reach), Axis("a"), tuple(shifted)))
    told = "A positive bias moves the curve to the left: the unit fires for smaller inputs."
    return Chart("Activations", told, tuple(panels))


def _shifted(entry: Activation, shift: float, reach: float) -> Series:
    name = f"b = {shift:g}".replace("-", "−")
    return _curve(name, entry, lambda z: entry.value_at(z + shift), reach, shift)


def _curve(
    name: str, entry: Activation, function: Callable[[float], float], reach: float, shift: float = 0.0
) -> Series:
    """The function sampled from −reach to reach, with a break at each kink, where it may jump."""
    points = [float(z) for z in np.linspace(-reach, reach, SAMPLES)]
    kinks = [kink - shift for kink in entry.kink_values() if -reach < kink - shift < reach]
    near = [z for z in points if all(abs(z - kink) > BESIDE_KINK for kink in kinks)]
    samples = [(z, function(z)) for z in near]
    for kink in kinks:
        # The gap sorts between its two ends.
        samples += [(z, function(z)) for z in (kink - BESIDE_KINK, kink + BESIDE_KINK)]
        samples.append((kink, math.nan))
    xs, ys = zip(*sorted(samples, key=lambda point: point[0]), strict=True)
    return series(name, xs, ys)


def saturation(rate: float = 0.5, *, steps: int = 300) -> Chart:
    """A sigmoid unit that is wrong and sure of it, trained with MSE and with cross-entropy.

    Left the slope ∂C/∂z of both losses by the unit's weighted sum z for the target 1; right the unit's output,
    by step, from z = −5 with the same learning rate.
    """
    if steps < 1:
        raise InvalidInput(f"at least one step must be taken, not {steps}")
    z = np.linspace(-8.0, 8.0, SAMPLES)
    slopes, outputs = [], []
    for name, label in LABELS.items():
        slopes.append(series(label, z, _slopes(name, z)))
        unit = Network(1, [Dense(1, "sigmoid", weights=[[STARTED]])])
        ran = passes(unit, [[1.0]], [[1.0]], loss=name, rule=f"gradient_descent({rate!r})", steps=steps)
        outputs.append(series(label, range(steps), [column_values(step, "a1")[0] for step in ran]))
    told = (
        "Through the sigmoid the slope of MSE carries the factor a(1 − a), which vanishes where the unit is "
        "saturated; with cross-entropy the factor cancels, and the slope is a − y."
    )
    panels = (
        Panel("slope in z for y = 1", Axis("z"), Axis("∂C/∂z"), tuple(slopes)),
        Panel(
            f"from z = −5 to y = 1, η = {rate:g}",
            Axis("step", whole=True),
            Axis("output a", low=-0.02, high=1.02),
            tuple(outputs),
        ),
    )
    return Chart("Cross-entropy against MSE from saturation", told, panels)


def _slopes(loss: str, z: Iterable[float]) -> list[float]:
    """∂C/∂z at each z: a batch of one-weight units whose inputs are the z, the loss summed, not averaged."""
    unit = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[1.0]])])
    derivation = derive(unit, LOSSES.find(loss)(batch="sum"), "gradient_descent")
    rows = [[float(value)] for value in z]
    step = NumpyEngine().run(derivation, {"x": rows, "y": [[1.0]] * len(rows), "W1": [[1.0]]})
    return [float(slope) for slope in column_values(step, "d1")]
