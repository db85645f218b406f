"""Training on arrays: what the targets may be, what each choice does to the numbers, what is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from chainrule import Dense, Dropout, Network, Run, train
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.learning.splitting import hold_out
from tolerances import assert_close

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]
Told = Callable[[type, Callable[[], object]], str]


def network(outputs: int = 1, output: str = "sigmoid", **last: Any) -> Network:
    return Network(4, [Dense(5, "tanh"), Dense(outputs, output, **last)])


def fit(net: Network, X: Any, y: Any, **choices: Any) -> Run:
    return train(net, X, y, **{"epochs": 3, "batch": 16, "dtype": "float64", **choices})


def assert_same_parameters(one: Run, other: Run) -> None:
    for name, array in one.model.parameters.items():
        assert_close(array, other.model.parameters[name], "rounding", what=name)


# --- targets ------------------------------------------------------------------------------------------


def test_class_numbers_and_one_hot_rows_train_alike(three_classes: Rows) -> None:
    X, y = three_classes
    net = network(3, "softmax")
    numbers, one_hot = fit(net, X, y), fit(net, X, np.eye(3)[y])
    assert numbers.model.settings.loss.name == "crossentropy"
    assert numbers.model.digest == one_hot.model.digest
    assert numbers.history.losses == one_hot.history.losses


def test_soft_targets_are_learnt(three_classes: Rows) -> None:
    X, y = three_classes
    soft = 0.7 * np.eye(3)[y] + 0.1
    run = fit(network(3, "softmax"), X, soft)
    p = run.model.predict_proba(X)
    assert run.model.evaluate(X, soft)["loss"] == pytest.approx(-(soft * np.log(p)).sum(axis=1).mean())
    assert run.model.digest != fit(network(3, "softmax"), X, y).model.digest


def test_two_classes_are_learnt(two_classes: Rows) -> None:
    X, y = two_classes
    run = train(network(), X, y, epochs=60, rate=0.03)
    assert run.model.settings.loss.name == "binary_crossentropy"
    assert run.model.evaluate(X, y)["accuracy"] > 0.95
    assert set(run.model.predict(X).tolist()) == {0, 1}


def test_three_classes_are_learnt(three_classes: Rows) -> None:
    X, y = three_classes
    run = train(network(3, "softmax"), X, y, epochs=60, rate=0.03)
    assert run.model.evaluate(X, y)["accuracy"] > 0.9


def test_a_number_is_learnt(two_classes: Rows) -> None:
    X, _ = two_classes
    run = train(network(1, "identity"), X, X[:, 0] - 2 * X[:, 1], epochs=100, rate=0.03)
    assert run.model.settings.loss.name == "mse"
    assert run.model.evaluate(X, X[:, 0] - 2 * X[:, 1])["r2"] > 0.95
    assert run.model.predict(X).shape == (60,)


def test_several_numbers_a_row_are_learnt(two_classes: Rows) -> None:
    X, _ = two_classes
    y = X[:, :2] @ np.array([[1.0, 0.5, -1.0], [0.0, 1.0, 1.0]])
    run = train(network(3, "identity"), X, y, epochs=100, rate=0.03, validation=0.2)
    assert run.model.predict(X).shape == (60, 3)
    assert run.model.evaluate(X, y)["r2"] > 0.9


def test_several_labels_a_row_are_learnt(two_classes: Rows) -> None:
    X, y = two_classes
    labels = np.stack([y, X[:, 2] > 0], axis=1)
    run = train(network(2), X, labels, epochs=100, rate=0.03)
    assert run.model.predict(X).shape == (60, 2)
    assert run.model.evaluate(X, labels)["accuracy"] > 0.9


# --- weights ------------------------------------------------------------------------------------------


def test_a_row_of_weight_2_counts_as_two_rows(two_classes: Rows) -> None:
    X, y = two_classes
    rows = np.r_[np.arange(60), np.arange(20)]
    weighted = fit(network(), X, y, sample_weight=np.r_[np.full(20, 2.0), np.ones(40)], batch=100)
    assert_same_parameters(weighted, fit(network(), X[rows], y[rows], batch=100))


def test_a_row_of_weight_0_does_not_count(two_classes: Rows) -> None:
    X, y = two_classes
    weighted = fit(network(), X, y, sample_weight=np.r_[np.zeros(20), np.ones(40)], batch=100)
    assert_same_parameters(weighted, fit(network(), X[20:], y[20:], batch=100))


def test_weights_matter(two_classes: Rows) -> None:
    X, y = two_classes
    weights = np.r_[np.full(20, 2.0), np.ones(40)]
    assert fit(network(), X, y, sample_weight=weights).model.digest != fit(network(), X, y).model.digest


def test_balanced_class_weights_are_rows_over_classes_times_count(three_classes: Rows) -> None:
    X, y = three_classes
    run = fit(network(3, "softmax"), X, y, class_weight="balanced")
    wanted = (60 / (3 * 30), 60 / (3 * 20), 60 / (3 * 10))
    assert run.model.settings.class_weight == wanted
    assert_same_parameters(run, fit(network(3, "softmax"), X, y, sample_weight=np.array(wanted)[y]))
    assert run.model.digest != fit(network(3, "softmax"), X, y).model.digest


def test_two_classes_are_balanced_too(two_classes: Rows) -> None:
    X, y = two_classes
    run = fit(network(), X, y, class_weight="balanced")
    counts = np.bincount(y)
    assert run.model.settings.class_weight == tuple(60 / (2 * counts))
    assert_same_parameters(run, fit(network(), X, y, sample_weight=(60 / (2 * counts))[y]))


def test_given_class_weights_are_taken(two_classes: Rows) -> None:
    X, y = two_classes
    run = fit(network(), X, y, class_weight=[1, 3])
    assert_same_parameters(run, fit(network(), X, y, sample_weight=1.0 + 2 * y))


# --- held-out rows ------------------------------------------------------------------------------------


def test_validation_holds_out_a_stratified_fraction(three_classes: Rows) -> None:
    X, y = three_classes
    rows, held = hold_out(y, 0.2, seed=4, stratify=True)
    assert np.bincount(y[held]).tolist() == [6, 4, 2]
    net = network(3, "softmax")
    fraction = fit(net, X, y, validation=0.2, seed=4)
    given = fit(net, X[rows], y[rows], validation_data=(X[held], y[held]), seed=4)
    assert fraction.model.digest == given.model.digest
    assert fraction.history.validation_losses == given.history.validation_losses


def test_the_validation_loss_is_that_of_the_model_on_the_held_out_rows(two_classes: Rows) -> None:
    X, y = two_classes
    net = Network(4, [Dense(5, "tanh"), Dropout(0.3), Dense(1, "sigmoid")])
    run = fit(net, X[:40], y[:40], validation_data=(X[40:], y[40:]), l2=0.1)
    last, measured = run.history[-1], run.model.evaluate(X[40:], y[40:])
    assert last.validation_loss == measured["loss"]
    assert last.measures == {name: measured[name] for name in ("accuracy", "log_loss")}


def test_held_out_rows_are_not_learnt_from(two_classes: Rows) -> None:
    X, y = two_classes
    with_them = fit(network(), X[:40], y[:40], validation_data=(X[40:], y[40:]))
    assert with_them.model.digest == fit(network(), X[:40], y[:40]).model.digest


# --- seeds, orders, batches ---------------------------------------------------------------------------


def test_a_seed_gives_the_same_bits_and_another_seed_others(two_classes: Rows) -> None:
    X, y = two_classes
    net = Network(4, [Dense(5, "relu"), Dropout(0.2), Dense(1, "sigmoid")])
    once, again = fit(net, X, y, seed=5, dtype="float32"), fit(net, X, y, seed=5, dtype="float32")
    assert once.model.digest == again.model.digest
    assert once.history.losses == again.history.losses
    assert fit(net, X, y, seed=6, dtype="float32").model.digest != once.model.digest


def given_weights() -> Network:
    return Network(4, [Dense(1, "sigmoid", weights=[[0.1], [0.2], [0.3], [0.4]])])


def test_without_shuffling_the_seed_has_no_part_in_the_order(two_classes: Rows) -> None:
    X, y = two_classes
    for shuffle, same in ((False, True), (True, False)):
        runs = [fit(given_weights(), X, y, shuffle=shuffle, seed=seed) for seed in (1, 2)]
        assert (runs[0].model.digest == runs[1].model.digest) is same


def test_a_batch_larger_than_the_data_is_all_of_it(two_classes: Rows) -> None:
    X, y = two_classes
    assert fit(network(), X, y, batch=1000).model.digest == fit(network(), X, y, batch=60).model.digest


def test_the_last_batch_may_be_smaller() -> None:
    X, y = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 0.0, 2.0])
    net = Network(1, [Dense(1, bias=False, weights=[[0.5]])])
    run = train(
        net, X, y, loss="mse", rule="sgd", rate=0.1, epochs=1, batch=2, shuffle=False, dtype="float64"
    )
    w = 0.5
    losses = []
    for x, t in ((X[:2, 0], y[:2]), (X[2:, 0], y[2:])):
        losses.append(((w * x - t) ** 2).mean() * len(x))
        w -= 0.1 * (2 * (w * x - t) * x).mean()
    assert run.model.parameters["W1"][0, 0] - 0.5 == pytest.approx(w - 0.5, rel=1e-12)
    assert run.history[0].loss == pytest.approx(sum(losses) / 3, rel=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_numbers_are_of_the_dtype(two_classes: Rows, dtype: str) -> None:
    X, y = two_classes
    run = fit(network(), X, y, dtype=dtype)
    assert {array.dtype for array in run.model.parameters.values()} == {np.dtype(dtype)}
    assert run.model.predict_proba(X).dtype == np.dtype(dtype)


def test_float32_is_the_default(two_classes: Rows) -> None:
    assert train(network(), *two_classes, epochs=1).model.dtype == np.float32


# --- layers -------------------------------------------------------------------------------------------


def start(net: Network) -> Mapping[str, NDArray[Any]]:
    from chainrule.engines.initial import initial_parameters

    return initial_parameters(net, 0)


def test_a_frozen_layer_stays_as_it_is(two_classes: Rows) -> None:
    net = Network(4, [Dense(5, "tanh", frozen=True), Dense(1, "sigmoid")])
    run, before = fit(net, *two_classes), start(net)
    assert_array_equal(run.model.parameters["W1"], before["W1"])
    assert np.all(run.model.parameters["W2"] != before["W2"])
    assert len(run.history[0].gradient_norms) == 1


def test_dropout_is_at_work_only_while_training(two_classes: Rows) -> None:
    X, y = two_classes
    net = Network(4, [Dense(5, "tanh"), Dropout(0.5), Dense(1, "sigmoid")])
    run = fit(net, X, y, validation=0.2)
    plain = fit(network(), X, y, validation=0.2)
    assert run.model.digest != plain.model.digest
    p = run.model.parameters
    hidden = np.tanh(X @ p["W1"] + p["b1"])
    wanted = 1 / (1 + np.exp(-(hidden @ p["W2"] + p["b2"])))
    assert_close(run.model.predict_proba(X)[:, 1:], wanted, "rounding")
    assert_array_equal(run.model.predict_proba(X), run.model.predict_proba(X))


def test_thresholds_are_learnt() -> None:
    X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
    run = train(Network(2, [Dense(1, "sigmoid", threshold=True)]), X, y, epochs=400, rate=0.1)
    assert set(run.model.parameters) == {"W1", "theta1"}
    assert run.model.parameters["theta1"][0] > 1
    assert run.model.predict(X).tolist() == y


def test_the_slope_of_prelu_is_learnt(two_classes: Rows) -> None:
    net = Network(4, [Dense(5, "prelu"), Dense(1, "sigmoid")])
    alpha = fit(net, *two_classes).model.parameters["alpha1"]
    assert alpha.shape == (1,)
    assert abs(alpha[0] - start(net)["alpha1"][0]) > 1e-4


ONE_STEP = {"loss": "mse", "rule": "sgd", "rate": 0.1, "epochs": 1, "batch": 60}


def test_l2_pulls_the_weights_and_not_the_biases(two_classes: Rows) -> None:
    net = network(bias=[0.5])
    plain, pulled = fit(net, *two_classes, **ONE_STEP), fit(net, *two_classes, **ONE_STEP, l2=0.3)
    for name, before in start(net).items():
        difference = pulled.model.parameters[name] - plain.model.parameters[name]
        wanted = -0.1 * 0.3 * before if name.startswith("W") else np.zeros_like(before)
        assert_close(difference, wanted, "rounding", what=name)
    assert plain.history.losses == pulled.history.losses


def length_of_step(run: Run, net: Network) -> float:
    before = start(net)
    squares = [((array - before[name]) ** 2).sum() for name, array in run.model.parameters.items()]
    return float(np.sqrt(sum(squares)))


def test_clipping_by_norm_bounds_the_step(two_classes: Rows) -> None:
    net = network()
    assert length_of_step(fit(net, *two_classes, **ONE_STEP), net) > 0.1 * 0.02
    clipped = fit(net, *two_classes, **ONE_STEP, clip_norm=0.01)
    assert length_of_step(clipped, net) == pytest.approx(0.1 * 0.01, rel=1e-9)


def test_clipping_by_value_bounds_every_entry(two_classes: Rows) -> None:
    net = network()
    run = fit(net, *two_classes, **ONE_STEP, clip_value=0.001)
    steps = [np.abs(array - start(net)[name]).max() for name, array in run.model.parameters.items()]
    assert max(steps) == pytest.approx(0.1 * 0.001, rel=1e-9)


# --- what a run tells ---------------------------------------------------------------------------------


def test_a_run_tells_what_happened(two_classes: Rows) -> None:
    run = fit(network(), *two_classes)
    assert (run.epochs, run.best_epoch, run.stopped) == (3, 3, "all 3 epochs are done")
    assert (run.interrupted, run.notes) == (False, ())
    assert repr(run).startswith("<Run: 3 epochs in ")
    assert [record.epoch for record in run.history] == [1, 2, 3]
    assert all(record.seconds > 0 for record in run.history)
    assert sum(record.seconds for record in run.history) <= run.seconds
    assert run.model.made_with["engine"] == "numpy"
    assert run.model.made_with["threads"] >= 1


def test_the_step_of_a_run_is_of_the_last_batch_under_the_final_weights(two_classes: Rows) -> None:
    run = fit(network(), *two_classes, shuffle=False)
    X, _ = two_classes
    assert_array_equal(run.step["x"], X[48:])
    assert_array_equal(run.step["W1"], run.model.parameters["W1"])
    assert not np.array_equal(run.step.updated["W1"], run.model.parameters["W1"])


def test_the_loss_of_a_sum_over_the_batch_is_the_sum(two_classes: Rows) -> None:
    X, y = two_classes
    mean = fit(given_weights(), X, y, loss="mse", epochs=1, batch=60)
    summed = fit(given_weights(), X, y, loss="mse(batch=sum)", epochs=1, batch=60)
    assert summed.history[0].loss == pytest.approx(60 * mean.history[0].loss)


def test_training_works_in_another_thread(two_classes: Rows) -> None:
    runs: list[Run] = []
    thread = threading.Thread(target=lambda: runs.append(fit(network(), *two_classes)))
    thread.start()
    thread.join()
    assert runs[0].model.digest == fit(network(), *two_classes).model.digest


# --- what is refused ----------------------------------------------------------------------------------

X4, Y4 = np.eye(4), [0, 1, 0, 1]
WRONG: dict[str, tuple[dict[str, Any], type, str]] = {
    "no checkpoint to resume": (
        {"resume": True},
        ConfigError,
        "resuming needs the checkpoint file to go on from: give checkpoint=…",
    ),
    "an unknown engine": (
        {"engine": "abacus"},
        UnknownName,
        'there is no engine called "abacus" (known: auto, compiled, numpy)',
    ),
    "validation twice": (
        {"validation": 0.25, "validation_data": (X4, Y4)},
        ConfigError,
        "give validation_data or the fraction validation, not both: leave one out",
    ),
    "no pair": (
        {"validation_data": X4},
        InvalidInput,
        "validation_data is a pair (X, y) of held-out rows: give both",
    ),
    "held-out rows too narrow": (
        {"validation_data": ([[1.0]], [0])},
        ShapeMismatch,
        "the network has 4 inputs but X has 1 columns: make them equal",
    ),
    "too few rows to hold out": (
        {"validation": 0.1},
        InvalidInput,
        "holding out 0.1 of 4 rows holds out none: give more rows or a larger fraction",
    ),
    "three weights for two classes": (
        {"class_weight": [1, 2, 3]},
        ConfigError,
        "2 classes need 2 class weights, not 3",
    ),
    "balanced numbers": (
        {"loss": "mse", "y": [0.5, 1.0, 2.0, 3.0], "class_weight": "balanced"},
        ConfigError,
        "class weights need a target of classes: leave class_weight out",
    ),
    "a target beyond float32": (
        {"loss": "mse", "y": [0, 0, 1e300, 0]},
        InvalidInput,
        "row 2, column 0 of y is 1e+300, more than float32 holds: scale the column, or choose float64",
    ),
    "a loss of probabilities after another output": (
        {"loss": "binary_crossentropy", "network": Network(4, [Dense(1, "tanh")])},
        ConfigError,
        "binary_crossentropy takes outputs from 0 to 1, which tanh may leave: make the output layer sigmoid, "
        "or choose another loss",
    ),
    "an unknown schedule": (
        {"schedule": "cosin"},
        UnknownName,
        'there is no schedule called "cosin": did you mean "cosine"? (known: constant, cosine, '
        "exponential, inverse_time, linear_warmup, reduce_on_plateau, step)",
    ),
    "checkpoints every 0 epochs": (
        {"checkpoint": "c", "checkpoint_epochs": 0},
        ConfigError,
        "checkpoints come every 1 epoch or more, not every 0",
    ),
    "checkpoints every 0 seconds": (
        {"checkpoint": "c", "checkpoint_seconds": 0},
        ConfigError,
        "the seconds between checkpoints must be above 0, not 0",
    ),
}


@pytest.mark.parametrize(("choices", "kind", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused(told: Told, choices: dict[str, Any], kind: type, message: str) -> None:
    choices = {"network": network(), "X": X4, "y": Y4, "epochs": 1, **choices}
    assert told(kind, lambda: train(**choices)) == message


def test_balancing_several_labels_a_row_is_refused(told: Told, two_classes: Rows) -> None:
    X, y = two_classes
    labels = np.stack([y, np.ones_like(y)], axis=1)
    message = told(ConfigError, lambda: fit(network(2), X, labels, class_weight="balanced"))
    assert message == "class weights need a target of classes: leave class_weight out"
