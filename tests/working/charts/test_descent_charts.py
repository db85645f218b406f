"""The loss by one weight, and the learning rules on one surface."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from chainrule.errors import InvalidInput, UnknownName
from chainrule.working.charts.descent import CURVATURES, START, loss_parabola, rules_on_a_surface

Told = Callable[..., str]


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def test_the_loss_is_psyc681s() -> None:
    left, _ = loss_parabola("w5").panels
    (point,) = left.notes
    assert (point.x, point.y) == (0.55, pytest.approx(0.1255185, abs=5e-8))
    assert point.text == "slope −0.0998, step +0.00998"
    hidden = sigmoid(np.array([0.47, 0.33]))
    w5 = np.array(left.series[0].xs)
    by_hand = (sigmoid(w5 * hidden[0] + 0.45 * hidden[1]) - 1) ** 2
    np.testing.assert_allclose(left.series[0].ys, by_hand, rtol=1e-12)


def test_with_a_linear_output_it_is_a_parabola() -> None:
    _, right = loss_parabola("w6").panels
    curve = right.series[0]
    thirds = np.diff(curve.ys, 3)
    assert np.abs(thirds).max() < 1e-12


def test_the_step_goes_downhill_on_both_sides() -> None:
    _, right = loss_parabola("w5").panels
    left_arrow, right_arrow = right.arrows
    assert left_arrow.to_x > left_arrow.x
    assert right_arrow.to_x < right_arrow.x
    assert right.notes[0].text == "slope −0.492, step +0.0492"
    assert right.notes[1].text.startswith("slope +")


def test_a_tangent_touches_the_curve() -> None:
    for panel in loss_parabola("w1").panels:
        curve = panel.series[0]
        for line, note in zip(panel.series[1:], panel.notes, strict=True):
            slope = (line.ys[1] - line.ys[0]) / (line.xs[1] - line.xs[0])
            near = np.interp([note.x - 0.05, note.x + 0.05], curve.xs, curve.ys)
            assert slope == pytest.approx((near[1] - near[0]) / 0.1, rel=0.02)


def test_a_weight_has_two_names() -> None:
    assert loss_parabola("W1[2,1]").panels[0].series[0].ys == loss_parabola("w3").panels[0].series[0].ys


@pytest.mark.parametrize("name", ["w7", "W3[1,1]", "W1[3,1]", ""])
def test_a_weight_that_is_not_there_is_refused(told: Told, name: str) -> None:
    assert told(UnknownName, lambda: loss_parabola(name)).startswith(
        f'there is no weight of the 2-2-1 network called "{name}"'
    )


def test_gradient_descent_goes_down_the_bowl_as_it_does_by_hand() -> None:
    way, losses = rules_on_a_surface(["gradient_descent(0.1)"], steps=12).panels
    curvatures = np.array(CURVATURES)
    by_hand = np.array(START) * (1 - 0.1 * 2 * curvatures) ** np.arange(13)[:, None]
    shown = way.series[0]
    np.testing.assert_allclose(np.array([shown.xs, shown.ys]).T, by_hand, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(losses.series[0].ys, (curvatures * by_hand**2).sum(axis=1), rtol=1e-12)


def test_lines_of_equal_loss_lie_behind() -> None:
    way, _ = rules_on_a_surface(["adam(0.2)"], steps=2).panels
    for shown in [s for s in way.series if s.style == "thin"]:
        heights = CURVATURES[0] * np.square(shown.xs) + CURVATURES[1] * np.square(shown.ys)
        np.testing.assert_allclose(heights, heights.mean(), rtol=0.1, atol=0.01)


def test_every_rule_of_the_example_gets_down() -> None:
    _, losses = rules_on_a_surface().panels
    assert len(losses.series) == 6
    for shown in losses.series:
        assert shown.ys[-1] < 0.05 * shown.ys[0], shown.name


def test_the_perceptron_rule_is_refused(told: Told) -> None:
    assert told(InvalidInput, lambda: rules_on_a_surface(["perceptron"])) == (
        "the perceptron rule follows no gradient, so it has no way down: leave it out"
    )


def test_a_rule_that_diverges_ends_early() -> None:
    way, _ = rules_on_a_surface(["gradient_descent(1e200)"], steps=9).panels
    assert 1 <= len(way.series[0].xs) < 10


def test_a_rule_keeps_its_state_from_step_to_step() -> None:
    way, _ = rules_on_a_surface(["momentum(0.05, 0.9)"], steps=10).panels
    w, v = np.array(START), np.zeros(2)
    by_hand = [w]
    for _ in range(10):
        v = 0.9 * v + 2 * np.array(CURVATURES) * w
        w = w - 0.05 * v
        by_hand.append(w)
    shown = way.series[0]
    np.testing.assert_allclose(np.array([shown.xs, shown.ys]).T, by_hand, rtol=1e-12)
