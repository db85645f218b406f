"""Shapes of activations, and saturation."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.errors import InvalidInput, UnknownName
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.working.charts.activations import activation_shapes, saturation


def test_every_point_is_the_catalogues() -> None:
    value, slope, *_ = activation_shapes().panels
    for panel, method in ((value, "value_at"), (slope, "slope_at")):
        for shown in panel.series:
            of = getattr(ACTIVATIONS.find(shown.name), method)
            points = [(z, a) for z, a in zip(shown.xs, shown.ys, strict=True) if math.isfinite(a)]
            assert len(points) > 150
            assert all(of(z) == a for z, a in points)


def test_a_bias_shifts_the_curve_against_its_sign() -> None:
    _, _, shifted = activation_shapes(["sigmoid"], 1.5).panels
    down, none, up = shifted.series
    assert (down.name, none.name, up.name) == ("b = −1.5", "b = 0", "b = 1.5")

    def middle(at: int) -> float:
        shown = shifted.series[at]
        return float(np.interp(0.5, shown.ys, shown.xs))

    assert [middle(at) for at in range(3)] == pytest.approx([1.5, 0.0, -1.5], abs=1e-9)


def test_a_slope_breaks_at_a_kink() -> None:
    _, slope, shifted = activation_shapes(["relu"], 2.0).panels
    shown = slope.series[0]
    (gap,) = [z for z, a in zip(shown.xs, shown.ys, strict=True) if math.isnan(a)]
    assert gap == 0.0
    gaps = [z for s in shifted.series for z, a in zip(s.xs, s.ys, strict=True) if math.isnan(a)]
    assert gaps == [2.0, 0.0, -2.0]


def test_a_name_that_is_not_there_is_refused(told: Callable[..., str]) -> None:
    assert told(UnknownName, lambda: activation_shapes(["sigmiod"])).startswith(
        'there is no activation called "sigmiod": did you mean "sigmoid"?'
    )


def test_softmax_has_no_curve(told: Callable[..., str]) -> None:
    assert told(InvalidInput, lambda: activation_shapes(["softmax"])) == (
        "softmax of one unit depends on the others of its layer: give it the whole vector"
    )


@pytest.mark.parametrize("count", [0, 7])
def test_none_or_too_many_are_refused(told: Callable[..., str], count: int) -> None:
    assert told(InvalidInput, lambda: activation_shapes(["relu"] * count)) == (
        f"one to six activations fit into a chart, not {count}: name fewer or more"
    )


def test_the_slopes_of_both_losses_are_the_lectures() -> None:
    slopes, _ = saturation(steps=1).panels
    mse, crossentropy = slopes.series
    z = np.array(mse.xs)
    a = 1 / (1 + np.exp(-z))
    np.testing.assert_allclose(mse.ys, 2 * (a - 1) * a * (1 - a), rtol=1e-12)
    np.testing.assert_allclose(crossentropy.ys, a - 1, rtol=1e-9, atol=1e-15)


def test_cross_entropy_leaves_saturation_sooner() -> None:
    _, outputs = saturation().panels
    mse, crossentropy = (np.array(s.ys) for s in outputs.series)
    assert mse[0] == crossentropy[0] < 0.01
    assert np.argmax(crossentropy > 0.5) * 5 < np.argmax(mse > 0.5)
