from __future__ import annotations

from collections.abc import Iterator
from dataclasses import FrozenInstanceError
from time import process_time
from typing import Any

import numpy as np
import pytest

from chainrule.derivation.derive import derive
from chainrule.derivation.network import Dense, Dropout, Network
from chainrule.engines.checking import check_gradients
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.losses import LOSSES, loss
from chainrule.formulas.vocabulary import exp, where

SMOOTH = ("sigmoid", "tanh", "softplus", "swish", "gelu", "gelu_tanh", "softmax", "identity")
KINKED = ("relu", "leaky_relu", "prelu", "elu(0.5)")
RNG = np.random.default_rng(11)
X = RNG.normal(size=(6, 3))
NUMBERS = RNG.normal(size=(6, 2))
BITS = RNG.integers(0, 2, (6, 2))
CLASSES = RNG.integers(0, 2, 6)
PAIRS: list[tuple[str, str, Any]] = [
    ("mse", "identity", NUMBERS),
    ("half_squared_error", "sigmoid", BITS),
    ("mae", "tanh", NUMBERS),
    ("huber", "identity", NUMBERS),
    ("binary_crossentropy", "sigmoid", BITS),
    ("crossentropy", "softmax", CLASSES),
    ("crossentropy", "softmax", np.eye(2)[CLASSES]),
]


@pytest.fixture
def one_percent_off() -> Iterator[str]:
    activation("off", value=lambda z: 1 / (1 + exp(-z)), slope=lambda a: 1.01 * a * (1 - a), range=(0, 1))
    yield "off"
    ACTIVATIONS.remove("off")


@pytest.fixture
def wrong_beyond_2() -> Iterator[str]:
    activation("late", value=lambda z: z**2, slope=lambda z: where(z > 2, 2.02 * z, 2 * z))
    yield "late"
    ACTIVATIONS.remove("late")


@pytest.mark.parametrize("hidden", SMOOTH + KINKED)
@pytest.mark.parametrize(("chosen", "output", "y"), PAIRS)
def test_the_gradients_of_the_catalogue_agree(hidden: str, chosen: str, output: str, y: Any) -> None:
    network = Network(3, [Dense(4, hidden), Dense(2, output)])
    weights = np.arange(1.0, 7.0)
    check = check_gradients(network, X, y, chosen, l2=0.02, sample_weights=weights, tolerance=1e-6)
    assert check.ok, str(check)
    assert check.compared + check.left_out == check.entries == network.parameter_count


@pytest.mark.parametrize("scale", [1e-4, 1e-2, 1e2, 1e4])
@pytest.mark.parametrize("hidden", ["tanh", "relu", "prelu"])
def test_inputs_that_are_not_standardised_do_not_matter(scale: float, hidden: str) -> None:
    network = Network(3, [Dense(4, hidden), Dense(2)])
    check = check_gradients(network, X * scale, NUMBERS, "mse", tolerance=1e-6)
    assert check.ok, str(check)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_weights_that_make_up_for_the_scale_of_the_inputs_are_checked_as_well(scale: float) -> None:
    network = Network(3, [Dense(4, "tanh"), Dense(2)])
    parameters = initial_parameters(network, 0)
    parameters["W1"] /= scale
    check = check_gradients(network, X * scale, NUMBERS, "mse", parameters=parameters, tolerance=1e-6)
    assert check.ok, str(check)


def test_a_slope_one_percent_off_is_found_in_the_layers_it_reaches(one_percent_off: str) -> None:
    network = Network(3, [Dense(4, one_percent_off), Dense(3, "tanh"), Dense(1)])
    check = check_gradients(network, X, NUMBERS[:, 0], "mse")
    assert not check.ok
    assert check.symbol in ("W1", "b1")
    assert check.error == pytest.approx(0.01 / 2.01, rel=1e-3)
    errors = {found.symbol: found.error for found in check.parameters}
    assert errors["W1"] > 1e-3
    assert errors["b1"] > 1e-3
    assert max(errors[name] for name in ("W2", "b2", "W3", "b3")) < 1e-6
    assert any("layer 1 is the first to disagree" in remark and "(off)" in remark for remark in check.remarks)


def test_the_same_network_with_the_right_slope_agrees() -> None:
    network = Network(3, [Dense(4, "sigmoid"), Dense(3, "tanh"), Dense(1)])
    assert check_gradients(network, X, NUMBERS[:, 0], "mse").error < 1e-6


def test_one_wrong_entry_is_named_by_its_row_and_column(wrong_beyond_2: str) -> None:
    weights = [[0.1, 0.2], [0.3, 3.0]]
    network = Network(2, [Dense(2, wrong_beyond_2, bias=False, weights=weights)])
    check = check_gradients(network, [[0.0, 1.0]], [[0.5, 0.5]], "mse")
    assert (check.worst, check.symbol, check.index) == ("W1[2,2]", "W1", (2, 2))
    assert check.analytic == pytest.approx(1.01 * check.numeric, rel=1e-6)
    assert not check.ok


def test_a_wrong_loss_slope_is_found_at_the_last_layer() -> None:
    loss("off", value=lambda p, y: (p - y) ** 2, slope=lambda p, y: 1.98 * (p - y))
    try:
        check = check_gradients(Network(3, [Dense(2)]), X, NUMBERS, "off")
    finally:
        LOSSES.remove("off")
    assert not check.ok
    assert any("(identity) or of the loss" in remark for remark in check.remarks)


def test_a_wrong_slope_of_small_gradients_is_found(one_percent_off: str) -> None:
    network = Network(3, [Dense(4, one_percent_off), Dense(1)])
    parameters = initial_parameters(network, 0)
    parameters["W2"] *= 1e-4
    assert not check_gradients(network, X, NUMBERS[:, 0], "mse", parameters=parameters).ok


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_a_wrong_slope_is_found_whatever_the_scale_of_the_inputs(one_percent_off: str, scale: float) -> None:
    network = Network(3, [Dense(4, one_percent_off, bias=False), Dense(1)])
    parameters = initial_parameters(network, 0)
    parameters["W1"] /= scale
    check = check_gradients(network, X * scale, NUMBERS[:, 0], "mse", parameters=parameters)
    assert check.symbol == "W1"
    assert check.error == pytest.approx(0.01 / 2.01, rel=0.01)


@pytest.mark.parametrize("hidden", [[], [Dense(4, "tanh")], [Dense(4, "relu"), Dense(4, "sigmoid")]])
@pytest.mark.parametrize("seed", range(3))
def test_a_network_that_fits_exactly_has_gradients_that_agree(hidden: list[Dense], seed: int) -> None:
    network = Network(3, [*hidden, Dense(2)])
    step = NumpyEngine().run(derive(network), {"x": X, **initial_parameters(network, seed)})
    fitted = np.asarray(step[derive(network).output])
    for distance in (0.0, 1e-9, 1e-5):
        check = check_gradients(network, X, fitted + distance, "mse", seed=seed, tolerance=1e-6)
        assert check.ok, str(check)


def test_a_wrong_slope_is_found_close_to_a_fit(one_percent_off: str) -> None:
    network = Network(3, [Dense(4, one_percent_off), Dense(2)])
    step = NumpyEngine().run(derive(network), {"x": X, **initial_parameters(network, 0)})
    check = check_gradients(network, X, np.asarray(step["a2"]) + 1e-6, "mse")
    assert not check.ok
    assert check.symbol in ("W1", "b1")


def fitted_classes(hidden: str, sureness: float) -> tuple[Network, dict[str, Any], Any]:
    """A classifier of X, its parameters, and the classes it gives, none with odds below e^sureness to 1."""
    network = Network(3, [Dense(8, hidden), Dense(5, hidden), Dense(2, "softmax")])
    parameters = initial_parameters(network, 4)
    step = NumpyEngine().run(derive(network), {"x": X, **parameters})
    odds = np.diff(np.asarray(step["z3"]), axis=1)[:, 0]
    parameters["W3"] = parameters["W3"] * sureness / np.abs(odds).min()
    return network, parameters, (odds > 0).astype(int)


@pytest.mark.parametrize("sureness", [5.0, 15.0, 25.0, 40.0])
@pytest.mark.parametrize("hidden", [*SMOOTH[:6], "elu", "relu", "prelu"])
def test_a_classifier_that_is_all_but_sure_has_gradients_that_agree(hidden: str, sureness: float) -> None:
    network, parameters, classes = fitted_classes(hidden, sureness)
    check = check_gradients(network, X, classes, "crossentropy", parameters=parameters)
    assert check.ok, str(check)


@pytest.mark.parametrize("off", [0.01, 0.001])
def test_a_wrong_slope_is_found_in_a_trained_classifier(off: float) -> None:
    activation("sure", value=lambda z: 1 / (1 + exp(-z)), slope=lambda a: (1 + off) * a * (1 - a))
    try:
        network, parameters, classes = fitted_classes("sure", 8.0)
        check = check_gradients(network, X, classes, "crossentropy", parameters=parameters)
    finally:
        ACTIVATIONS.remove("sure")
    assert check.loss < 1e-3
    assert not check.ok


def test_a_slope_that_is_negligible_beside_the_steepest_is_not_judged_by_itself() -> None:
    loss("tilted", value=lambda p, y: p - y, slope=lambda p, y: where(p > 1, 1 + 1e-9, 1))
    try:
        network = Network(2, [Dense(1, weights=[[1.0], [1.0]])])
        rows = [[1.0, 1.0], [1.0, -1.0]]
        check = check_gradients(network, rows, [1.0, 1.0], "tilted", step=1e-2, tolerance=1e-3)
    finally:
        LOSSES.remove("tilted")
    assert check.ok, str(check)


@pytest.mark.parametrize(("sureness", "told"), [(1.0, False), (40.0, True)])
def test_a_fit_that_hides_wrong_slopes_is_told_of(sureness: float, told: bool) -> None:
    network, parameters, classes = fitted_classes("sigmoid", sureness)
    check = check_gradients(network, X, classes, "crossentropy", parameters=parameters)
    assert any("hides even the steepest slope" in remark for remark in check.remarks) is told


def test_the_analytic_values_are_those_of_back_propagation() -> None:
    network = Network(3, [Dense(2, "tanh"), Dense(1)])
    y = NUMBERS[:, :1]
    parameters = initial_parameters(network, 5)
    step = NumpyEngine().run(derive(network, "mse"), {"x": X, "y": y, **parameters})
    check = check_gradients(network, X, y, "mse", seed=5)
    for found in check.parameters:
        place = tuple(at - 1 for at in found.index)
        assert found.analytic == np.asarray(step[f"d{found.symbol}"])[place]
    assert check.loss == step["C"]


def test_the_penalty_is_part_of_the_loss_that_is_checked() -> None:
    network = Network(3, [Dense(2)])
    plain, penalised = (check_gradients(network, X, NUMBERS, "mse", l2=l2) for l2 in (0.0, 0.5))
    weights = initial_parameters(network, 0)["W1"]
    assert penalised.loss - plain.loss == pytest.approx(0.25 * (weights**2).sum())
    assert penalised.ok


def test_dropout_takes_the_same_mask_on_both_sides() -> None:
    network = Network(3, [Dense(16, "tanh"), Dropout(0.5), Dense(8, "tanh"), Dropout(0.2), Dense(2)])
    check = check_gradients(network, X, NUMBERS, "mse", seed=3, tolerance=1e-6)
    assert check.ok, str(check)
    assert check.loss != check_gradients(Network(3, network.dense), X, NUMBERS, "mse", seed=3).loss


def test_class_and_sample_weights_are_checked_together() -> None:
    for output, chosen in (("softmax", "crossentropy"), ("sigmoid", "binary_crossentropy")):
        network = Network(3, [Dense(3, "tanh"), Dense(2 if output == "softmax" else 1, output)])
        weights = {"class_weights": (1.0, 7.0), "sample_weights": np.arange(6.0), "tolerance": 1e-6}
        check = check_gradients(network, X, CLASSES, chosen, **weights)  # type: ignore[arg-type]
        assert check.ok, str(check)
        assert check.loss != check_gradients(network, X, CLASSES, chosen).loss


def test_an_entry_with_a_kink_between_its_sides_is_left_out_and_counted() -> None:
    network = Network(2, [Dense(1, "relu", weights=[[1.0], [2.0]]), Dense(1, weights=[[1.0]])])
    check = check_gradients(network, [[0.0, 0.0], [1.0, 1.0]], [1.0, 1.0], "mse")
    left_out = {found.symbol: found.left_out for found in check.parameters}
    assert left_out == {"W1": 0, "b1": 1, "W2": 0, "b2": 0}
    assert check.ok
    assert (check.left_out, check.compared) == (1, 4)
    assert any(remark.startswith("1 left out: a kink") for remark in check.remarks)


def test_a_kink_close_by_is_avoided_by_a_smaller_step() -> None:
    network = Network(1, [Dense(1, "relu", weights=[[1.0]]), Dense(1, weights=[[1.0]])])
    check = check_gradients(network, [[3e-6]], [1.0], "mse")
    assert check.left_out == 0
    assert check.ok, str(check)


def test_an_undeclared_kink_is_not_passed_over() -> None:
    activation("bent", value=lambda z: where(z > 0, z, 0), slope=lambda z: where(z > 0, 1, 0))
    try:
        network = Network(1, [Dense(1, "bent", weights=[[1.0]]), Dense(1, weights=[[1.0]])])
        check = check_gradients(network, [[0.0]], [1.0], "mse")
    finally:
        ACTIVATIONS.remove("bent")
    assert not check.ok
    assert check.worst == "b1[1]"
    assert any("a kink that is not declared" in remark for remark in check.remarks)


def test_the_kink_of_the_absolute_error_is_left_out() -> None:
    network = Network(1, [Dense(1, weights=[[2.0]])])
    check = check_gradients(network, [[1.0]], [2.0], "mae")
    assert (check.compared, check.left_out, check.ok) == (0, 2, False)
    assert "No gradient was compared" in str(check)


def test_step_activations_are_said_to_make_the_check_meaningless() -> None:
    check = check_gradients(Network(3, [Dense(2, "step"), Dense(2)]), X, NUMBERS, "mse")
    assert check.remarks[0] == (
        "Layer 1's step activation has slope 0 wherever it has one, so no gradient passes through it "
        "and the check is meaningless up to there: train it by the perceptron rule."
    )


def test_frozen_layers_are_left_alone() -> None:
    network = Network(3, [Dense(2, "tanh", frozen=True), Dense(2)])
    check = check_gradients(network, X, NUMBERS, "mse")
    assert [found.symbol for found in check.parameters] == ["W2", "b2"]
    with pytest.raises(ConfigError, match="every parameter is frozen"):
        check_gradients(Network(3, [Dense(2, frozen=True)]), X, NUMBERS, "mse")


def test_targets_of_shape_n_and_n_1_are_the_same() -> None:
    network = Network(3, [Dense(1, "sigmoid")])
    flat = check_gradients(network, X, CLASSES, "binary_crossentropy")
    assert flat == check_gradients(network, X, CLASSES.reshape(-1, 1), "binary_crossentropy")


def test_class_numbers_and_one_hot_rows_give_the_same_loss() -> None:
    network = Network(3, [Dense(2, "softmax")])
    number, one_hot = (check_gradients(network, X, y, "crossentropy") for y in (CLASSES, np.eye(2)[CLASSES]))
    assert number.loss == pytest.approx(one_hot.loss, rel=1e-14)


def test_a_limit_draws_entries_by_the_seed_and_says_so() -> None:
    network = Network(3, [Dense(40, "tanh"), Dense(2)])
    checks = [check_gradients(network, X, NUMBERS, "mse", limit=7, seed=1) for _ in range(2)]
    assert checks[0] == checks[1]
    assert checks[0].compared == 7 + 7 + 7 + 2
    assert checks[0].entries == network.parameter_count
    assert "At most 7 entries of each parameter were compared, drawn at random." in str(checks[0])


def test_given_parameters_are_used_and_left_as_they_were() -> None:
    network = Network(3, [Dense(2)])
    parameters: dict[str, Any] = {"W1": np.full((3, 2), 0.5, np.float32), "b1": [0.0, 1.0]}
    check = check_gradients(network, X, NUMBERS, "mse", parameters=parameters)
    assert check.loss == pytest.approx(((X @ np.full((3, 2), 0.5) + [0.0, 1.0] - NUMBERS) ** 2).mean())
    assert (np.asarray(parameters["W1"]) == 0.5).all()


def test_a_network_of_4810_parameters_takes_seconds_at_most() -> None:
    network = Network(64, [Dense(64, "relu"), Dense(10, "softmax")])
    rng = np.random.default_rng(0)
    start = process_time()
    check = check_gradients(
        network, rng.random((32, 64)), rng.integers(0, 10, 32), "crossentropy", tolerance=1e-6
    )
    assert check.ok, str(check)
    assert check.entries == 4810
    assert process_time() - start < 10


def test_the_report_has_a_row_for_each_parameter_and_a_verdict(one_percent_off: str) -> None:
    text = str(check_gradients(Network(3, [Dense(2, "tanh"), Dense(2)]), X, NUMBERS, "mse"))
    assert [line.split()[0] for line in text.splitlines()[:5]] == ["parameter", "W1", "b1", "W2", "b2"]
    assert "3 × 2  6 of 6" in text
    assert text.splitlines()[-1].startswith("The gradients agree at a loss of ")
    wrong = str(check_gradients(Network(3, [Dense(2, one_percent_off)]), X, NUMBERS, "mse"))
    assert "The gradients disagree: at " in wrong
    assert wrong.endswith("a relative error of 5.0e-03 where 1e-05 is allowed.")


@pytest.mark.parametrize(("off", "by_default", "at_a_millionth"), [(1e-5, True, False), (4e-5, False, False)])
def test_a_relative_error_of_1_in_100_000_is_allowed_unless_told(
    off: float, by_default: bool, at_a_millionth: bool
) -> None:
    loss("off", value=lambda p, y: (p - y) ** 2, slope=lambda p, y: 2 * (1 + off) * (p - y))
    try:
        network = Network(3, [Dense(2)])
        check = check_gradients(network, X, NUMBERS, "off")
        assert check.error == pytest.approx(off / 2, rel=0.01)
        assert check.ok is by_default
        assert check_gradients(network, X, NUMBERS, "off", tolerance=1e-6).ok is at_a_millionth
    finally:
        LOSSES.remove("off")


def test_data_of_any_dtype_is_checked_in_float64() -> None:
    network = Network(3, [Dense(2, "tanh")])
    small, whole = X.astype(np.float32), (10 * X).astype(np.int8)
    for given in (small, whole):
        weights = np.arange(1, 7, dtype=given.dtype)
        check, same = (
            check_gradients(network, x, NUMBERS, "mse", sample_weights=s, tolerance=1e-6)
            for x, s in ((given, weights), (given.astype(float), weights.astype(float)))
        )
        assert check == same
        assert check.ok, str(check)


def test_a_check_cannot_be_changed() -> None:
    check = check_gradients(Network(3, [Dense(2)]), X, NUMBERS, "mse")
    with pytest.raises(FrozenInstanceError):
        check.ok = False  # type: ignore[misc]


NET = Network(3, [Dense(2)])
SOFTMAX = Network(3, [Dense(2, "softmax")])
BAD: list[tuple[Network, dict[str, Any], type[Exception], str]] = [
    (
        NET,
        {"X": X[:, :2]},
        ShapeMismatch,
        "the network has 3 inputs but X has 2 columns: make them equal",
    ),
    (NET, {"X": X[:0]}, InvalidInput, "X has no rows: give at least one"),
    (NET, {"X": X[0]}, ShapeMismatch, "X must be a table (N, 3), one row per sample, not of shape (3,)"),
    (
        NET,
        {"X": [["a", "b", "c"]]},
        InvalidInput,
        "X must be numbers: could not convert string to float: 'a'",
    ),
    (
        NET,
        {"X": np.where(X[4, 1] == X, np.nan, X)},
        InvalidInput,
        "row 4, column 1 of X is nan: leave the row out or fill the gap",
    ),
    (
        NET,
        {"y": NUMBERS[:5]},
        ShapeMismatch,
        "X has 6 rows but y has 5: make them equal",
    ),
    (
        NET,
        {"y": CLASSES},
        ShapeMismatch,
        "the network has 2 outputs, so y must have shape (6, 2), not (6,)",
    ),
    (
        SOFTMAX,
        {"y": [0, 1, 2, 0, 1, 0], "loss": "crossentropy"},
        InvalidInput,
        "row 2 of y is 2: with 2 outputs a class is a whole number from 0 to 1",
    ),
    (
        NET,
        {"sample_weights": [1.0, 2.0]},
        ShapeMismatch,
        "X has 6 rows but sample_weight has shape (2,): give one number a row",
    ),
    (
        NET,
        {"sample_weights": [1, 1, 1, 1, 1, -1]},
        InvalidInput,
        "sample weights must not be negative, and at least one must be above 0",
    ),
    (
        NET,
        {"loss": "binary_crossentropy", "y": BITS},
        ConfigError,
        "binary_crossentropy takes outputs from 0 to 1, which identity may leave: "
        "make the output layer sigmoid, or choose another loss",
    ),
    (
        NET,
        {"parameters": {"W1": np.zeros((3, 2))}},
        InvalidInput,
        'parameters lack "b1" of shape (2,): give every parameter, or none',
    ),
    (
        NET,
        {"parameters": {"W1": np.zeros((2, 3)), "b1": np.zeros(2)}},
        ShapeMismatch,
        'parameter "W1" must have shape (3, 2), not (2, 3)',
    ),
    (NET, {"parameters": {"W9": [1.0]}}, UnknownName, 'there is no parameter called "W9"'),
    (NET, {"step": 0.0}, ConfigError, "the step must lie between 0 and 1, not 0.0: 1e-5 is usual"),
    (NET, {"tolerance": -1.0}, ConfigError, "the tolerance must lie between 0 and 1, not -1.0"),
    (NET, {"limit": 0}, ConfigError, "the limit is a whole number of entries, at least 1, not 0"),
    (
        NET,
        {"parameters": {"W1": np.full((3, 2), 1e200), "b1": np.zeros(2)}},
        InvalidInput,
        "the loss is inf with these parameters and data, so it has no slopes to compare: "
        "give finite ones of moderate size",
    ),
]


@pytest.mark.parametrize(("network", "changed", "error", "message"), BAD)
def test_wrong_input_is_refused_in_a_sentence(
    network: Network, changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"X": X, "y": NUMBERS, "loss": "mse", **changed}
    with pytest.raises(error) as caught:
        check_gradients(network, given.pop("X"), given.pop("y"), given.pop("loss"), **given)
    assert str(caught.value).startswith(message)
