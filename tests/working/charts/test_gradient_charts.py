"""Vanishing gradients and dead ReLUs."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.errors import InvalidInput
from chainrule.working.charts.gradients import dead_relus, vanishing_gradients


def test_gradients_vanish_through_sigmoids_and_not_through_relus() -> None:
    sigmoid, relu = vanishing_gradients(6, epochs=5).panels
    first = {panel.title: [s.ys[0] for s in panel.series] for panel in (sigmoid, relu)}
    assert len(first["sigmoid"]) == 7
    assert first["sigmoid"] == sorted(first["sigmoid"])
    assert first["sigmoid"][-1] > 500 * first["sigmoid"][0]
    assert first["relu"][-1] < 20 * first["relu"][0]


def test_both_panels_have_the_same_axis() -> None:
    one, other = vanishing_gradients(3, activations=("tanh", "sigmoid"), epochs=2).panels
    assert one.y == other.y
    assert (one.title, other.title) == ("tanh", "sigmoid")


def test_one_layer_is_too_few(told: Callable[..., str]) -> None:
    assert told(InvalidInput, lambda: vanishing_gradients(1)) == (
        "gradients vanish over layers: a depth of at least 2 is needed, not 1"
    )


def test_high_rates_and_low_biases_kill_relus() -> None:
    by_rate, by_bias = dead_relus().panels
    low, middle, high = (s.ys for s in by_rate.series)
    assert low[0] == middle[0] == high[0] == 0
    assert low[-1] < middle[-1] < high[-1]
    starts = [s.ys[0] for s in by_bias.series]
    assert starts == sorted(starts)
    assert starts[-1] > 0.3
    assert by_bias.series[0].ys == low


def test_a_unit_below_every_row_is_dead_from_the_start() -> None:
    _, by_bias = dead_relus((0.1,), (-50.0,), epochs=2).panels
    assert by_bias.series[0].ys == (1.0, 1.0, 1.0)
    assert by_bias.series[0].name == "b = −50"


def test_nothing_to_count_is_refused(told: Callable[..., str]) -> None:
    assert told(InvalidInput, lambda: dead_relus(())) == (
        "dead ReLUs are counted by learning rate and by bias: give at least one of each"
    )
