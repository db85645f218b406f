"""When training ends, and with which numbers: patience, tolerance, schedules, callbacks."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule import Dense, EpochRecord, Network, Run, train

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


@pytest.fixture
def fit() -> Callable[..., Run]:
    """Trains on noise: 20 rows are soon known by heart, and the other 20 are watched."""
    rng = np.random.default_rng(3)
    X = rng.normal(size=(40, 4))
    y = (X[:, 0] + rng.normal(size=40) > 0).astype(int)
    net = Network(4, [Dense(16, "tanh"), Dense(1, "sigmoid")])

    def fits(**choices: Any) -> Run:
        choices = {"epochs": 200, "batch": 8, "rate": 0.02, **choices}
        if choices.pop("watched", True):
            choices["validation_data"] = (X[20:], y[20:])
        return train(net, X[:20], y[:20], **choices)

    return fits


def test_patience_restores_the_best(fit: Callable[..., Run]) -> None:
    run = fit(patience=5)
    assert run.epochs == run.best_epoch + 5 < 200
    assert run.stopped == (
        f"the validation loss has not improved for 5 epochs; the best, of epoch {run.best_epoch}, is restored"
    )
    losses = run.history.validation_losses
    assert losses[run.best_epoch - 1] == min(loss for loss in losses if loss is not None)
    exactly = fit(epochs=run.best_epoch)
    assert run.model.digest == exactly.model.digest
    assert exactly.history.validation_losses == losses[: run.best_epoch]
    assert run.model.digest != fit(epochs=run.epochs).model.digest


def test_the_best_is_restored_when_the_epochs_run_out(fit: Callable[..., Run]) -> None:
    best = fit(patience=5).best_epoch
    run = fit(patience=50, epochs=best + 3)
    assert (run.epochs, run.best_epoch, run.stopped) == (best + 3, best, f"all {best + 3} epochs are done")
    assert run.model.digest == fit(epochs=best).model.digest


def test_without_patience_the_last_is_kept(fit: Callable[..., Run]) -> None:
    best = fit(patience=5).best_epoch
    run = fit(epochs=best + 3)
    assert (run.best_epoch, run.model.digest == fit(epochs=best).model.digest) == (best + 3, False)


def test_without_held_out_rows_the_training_loss_is_watched(fit: Callable[..., Run]) -> None:
    run = fit(watched=False, patience=2, improvement=0.02)
    assert run.stopped == (
        f"the loss has not improved for 2 epochs; the best, of epoch {run.best_epoch}, is restored"
    )
    losses = run.history.losses
    assert losses[run.best_epoch] > losses[run.best_epoch - 1] - 0.02


def test_an_improvement_must_be_large_enough(fit: Callable[..., Run]) -> None:
    assert fit(patience=3, improvement=0.05).epochs < fit(patience=3).epochs


def length(record: EpochRecord) -> float:
    return math.hypot(*record.gradient_norms)


def test_training_stops_where_the_gradient_is_short(fit: Callable[..., Run]) -> None:
    run = fit(watched=False, tolerance=0.05, epochs=500)
    assert run.epochs < 500
    assert run.stopped == f"the gradient's length, {length(run.history[-1]):.3g}, is below 0.05"
    assert length(run.history[-1]) < 0.05
    assert min(length(record) for record in list(run.history)[:-1]) >= 0.05


def test_the_length_of_the_gradient_is_its_root_mean_square(two_classes: Rows) -> None:
    X, y = two_classes
    net = Network(4, [Dense(1, "sigmoid", weights=np.full((4, 1), 0.1))])
    run = train(net, X, y, epochs=1, batch=30, shuffle=False, rate=1e-9, rule="sgd", dtype="float64")
    error = 1 / (1 + np.exp(-X @ np.full(4, 0.1))) - y
    with_bias = np.c_[X, np.ones(60)]
    squares = [((with_bias[b] * error[b, None]).mean(axis=0) ** 2).sum() for b in (slice(30), slice(30, 60))]
    assert run.history[0].gradient_norms == pytest.approx((math.sqrt(np.mean(squares)),), rel=1e-6)


def test_the_rates_of_the_history_are_those_of_the_schedule(fit: Callable[..., Run]) -> None:
    run = fit(schedule="linear_warmup(2) * cosine", epochs=8, rate=0.1)
    wanted = [0.1 * min(1, (e + 1) / 2) * (1 + math.cos(math.pi * e / 8)) / 2 for e in range(8)]
    assert [record.rate for record in run.history] == pytest.approx(wanted, rel=1e-12)


def test_the_rate_of_the_schedule_is_the_one_that_trains(fit: Callable[..., Run]) -> None:
    scheduled = fit(schedule="step(1, 0.5)", epochs=2, rate=0.1, rule="sgd")
    first, second = fit(epochs=1, rate=0.1, rule="sgd"), fit(epochs=2, rate=0.1, rule="sgd")
    ran = scheduled.model.parameters["W1"] - first.model.parameters["W1"]
    full = second.model.parameters["W1"] - first.model.parameters["W1"]
    assert np.abs(ran / full).mean() == pytest.approx(0.5, abs=0.1)


def test_a_plateau_of_the_watched_loss_cuts_the_rate(fit: Callable[..., Run]) -> None:
    run = fit(schedule="plateau(gamma=0.5, patience=2)", epochs=40)
    best, waited, cut = math.inf, 0, 1.0
    for record in run.history:
        assert record.rate == pytest.approx(0.02 * cut, rel=1e-12)
        waited = 0 if record.watched < best * (1 - 1e-4) else waited + 1
        best = min(best, record.watched) if waited == 0 else best
        if waited > 2:
            cut, waited = cut / 2, 0
    assert cut < 1


def test_a_callback_gets_every_record(fit: Callable[..., Run]) -> None:
    seen: list[EpochRecord] = []
    run = fit(epochs=4, callbacks=[seen.append])
    assert seen == list(run.history)


def test_a_callback_that_returns_true_ends_the_training(fit: Callable[..., Run]) -> None:
    run = fit(callbacks=[lambda record: record.epoch == 3])
    assert (run.epochs, run.stopped) == (3, "a callback asked to stop")
    assert run.model.digest == fit(epochs=3).model.digest


def test_any_other_answer_of_a_callback_goes_on(fit: Callable[..., Run]) -> None:
    assert fit(epochs=4, callbacks=[lambda record: "yes", lambda record: 1]).epochs == 4


def test_all_callbacks_are_called_before_the_end(fit: Callable[..., Run]) -> None:
    seen: list[int] = []
    fit(callbacks=[lambda record: True, lambda record: seen.append(record.epoch)])
    assert seen == [1]


def test_a_failing_callback_is_not_hidden(fit: Callable[..., Run]) -> None:
    def fails(record: EpochRecord) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        fit(callbacks=[fails])
