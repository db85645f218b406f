"""Loss curves, gradient lengths and learning rates."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule import Dense, Network, train
from chainrule.errors import InvalidInput
from chainrule.learning.history import EpochRecord, History
from chainrule.working.charts.training import FAR_OFF, gradient_norms, learning_rates, loss_curve

RECORDS = [
    EpochRecord(1, 0.9, 0.8, {}, 0.1, (0.5, 0.25), 0.0),
    EpochRecord(2, 0.5, 0.6, {}, 0.1, (0.4, 0.125), 0.0),
    EpochRecord(3, 0.3, 0.7, {}, 0.1, (0.3, 0.1), 0.0),
]


def test_the_loss_curve_is_the_history() -> None:
    (panel,) = loss_curve(History(RECORDS)).panels
    assert [(s.name, s.xs, s.ys) for s in panel.series] == [
        ("training", (1.0, 2.0, 3.0), (0.9, 0.5, 0.3)),
        ("validation", (1.0, 2.0, 3.0), (0.8, 0.6, 0.7)),
    ]
    assert [(note.text, note.x, note.y) for note in panel.notes] == [("lowest at epoch 2", 2, 0.6)]


def test_without_held_out_rows_there_is_one_line() -> None:
    (panel,) = loss_curve(History([EpochRecord(1, 0.9, None, {}, 0.1, (0.5,), 0.0)])).panels
    assert [s.name for s in panel.series] == ["training"]
    assert panel.notes == ()


def test_the_example_overfits() -> None:
    (panel,) = loss_curve().panels
    training, validation = (np.array(s.ys) for s in panel.series)
    assert training[-1] < training[10]
    assert validation[-1] > 2 * validation.min()


def test_gradient_lengths_are_those_of_the_history_from_light_to_dark() -> None:
    (panel,) = gradient_norms(History(RECORDS)).panels
    assert [(s.name, s.ys, s.shade) for s in panel.series] == [
        ("layer 1", (0.5, 0.4, 0.3), 0.0),
        ("layer 2", (0.25, 0.125, 0.1), 1.0),
    ]


def test_a_history_without_an_epoch_is_refused(told: Callable[..., str]) -> None:
    assert told(InvalidInput, lambda: loss_curve(History())) == (
        "the history has no epoch to draw: train for at least one"
    )


def test_a_rate_is_too_small_right_or_too_large() -> None:
    (panel,) = learning_rates().panels
    small, right, large = panel.series
    assert [s.name for s in panel.series] == [
        "η = 0.005 (too small)",
        "η = 0.4 (right)",
        "η = 1 (too large)",
    ]
    assert right.ys[-1] < small.ys[-1] / 5
    assert max(large.ys) > FAR_OFF * large.ys[0]
    assert small.ys[0] == right.ys[0] == large.ys[0]
    assert [note.text for note in panel.notes] == ["η = 1 diverges"]
    assert panel.y.high == FAR_OFF * small.ys[0]


def test_a_learning_rates_line_is_an_ordinary_training_run() -> None:
    X = np.linspace(-1.0, 1.0, 64)[:, None]
    network = Network(1, [Dense(8, "tanh"), Dense(1)])
    run = train(
        network, X, np.sin(np.pi * X), loss="mse", rule="gradient_descent", rate=0.1, epochs=20, batch=64, seed=3,
        dtype="float64",
    )  # fmt: skip
    (panel,) = learning_rates((0.1,), epochs=20, seed=3).panels
    assert panel.series[0].ys == tuple(run.history.losses)
    assert panel.series[0].name == "η = 0.1"


def test_no_rate_is_refused(told: Callable[..., str]) -> None:
    assert (
        told(InvalidInput, lambda: learning_rates(())) == "learning rates are compared, so give at least one"
    )
