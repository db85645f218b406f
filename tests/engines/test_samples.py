"""Arrays as a user gives them: the shapes they are brought into, and what is refused, by row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule import LOSSES, Dense, Network
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.samples import (
    auto_loss,
    check_inputs,
    check_parameters,
    check_range,
    check_targets,
    check_weights,
    class_numbers,
    classes_of,
    numeric,
    take,
)
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName

Told = Callable[[type, Callable[[], object]], str]


def network(outputs: int = 1, output: str = "identity", inputs: int = 2) -> Network:
    return Network(inputs, [Dense(outputs, output)])


def targets(y: Any, outputs: int = 1, loss: str = "mse", rows: int | None = None) -> Any:
    output = {"crossentropy": "softmax", "binary_crossentropy": "sigmoid"}.get(loss, "identity")
    if outputs == 1 and output == "softmax":
        output = "sigmoid"
    return check_targets(y, len(y) if rows is None else rows, network(outputs, output), LOSSES.find(loss))


@pytest.mark.parametrize(
    ("output", "loss"),
    [("softmax", "crossentropy"), ("sigmoid", "binary_crossentropy"), ("identity", "mse"), ("tanh", "mse")],
)
def test_the_loss_belongs_to_the_output(output: str, loss: str) -> None:
    assert auto_loss(network(2, output)).name == loss


def test_inputs_of_lists_are_a_table() -> None:
    assert check_inputs([[1, 2], [3, 4]], network()).shape == (2, 2)


WRONG_INPUTS: dict[str, tuple[Any, type, str]] = {
    "a row": (
        [1.0, 2.0],
        ShapeMismatch,
        "X must be a table (N, 2), one row per sample, not of shape (2,)",
    ),
    "a number": (3.0, ShapeMismatch, "X must be an array, not a single number"),
    "three columns": (
        [[1, 2, 3]],
        ShapeMismatch,
        "the network has 2 inputs but X has 3 columns: make them equal",
    ),
    "no rows": (np.empty((0, 2)), InvalidInput, "X has no rows: give at least one"),
    "a gap": (
        [[1, 2], [3, np.nan]],
        InvalidInput,
        "row 1, column 1 of X is nan: leave the row out or fill the gap",
    ),
    "an infinity": (
        [[-np.inf, 2]],
        InvalidInput,
        "row 0, column 0 of X is -inf: leave the row out or fill the gap",
    ),
    "nothing": (None, InvalidInput, "X is missing: give an array of numbers"),
    "ragged rows": (
        [[1, 2], [3]],
        InvalidInput,
        "X must be numbers: setting an array element with a sequence. The requested array has an "
        "inhomogeneous shape after 1 dimensions. The detected shape was (2,) + inhomogeneous part.",
    ),
    "text": (
        [["a", "b"]],
        InvalidInput,
        "X must be numbers: could not convert string to float: 'a'",
    ),
}


@pytest.mark.parametrize(("X", "kind", "message"), WRONG_INPUTS.values(), ids=WRONG_INPUTS)
def test_wrong_inputs_are_refused(told: Told, X: Any, kind: type, message: str) -> None:
    assert told(kind, lambda: check_inputs(X, network())) == message


def test_numbers_become_a_column() -> None:
    y = targets([1, 2, 3])
    assert (y.shape, y.dtype) == ((3, 1), np.float64)


def test_class_numbers_stay_whole() -> None:
    y = targets([0.0, 2.0, 1.0], 3, "crossentropy")
    assert (y.tolist(), y.dtype) == ([[0], [2], [1]], np.int64)


def test_a_column_of_class_numbers_is_taken() -> None:
    assert targets(np.array([[0], [2]]), 3, "crossentropy").tolist() == [[0], [2]]


def test_booleans_are_0_and_1() -> None:
    assert targets([True, False], 1, "binary_crossentropy").tolist() == [[1.0], [0.0]]


WRONG_TARGETS: dict[str, tuple[Callable[[], Any], type, str]] = {
    "too few": (
        lambda: targets([1.0, 2.0], rows=3),
        ShapeMismatch,
        "X has 3 rows but y has 2: make them equal",
    ),
    "two columns for one output": (
        lambda: targets([[1.0, 2.0]]),
        ShapeMismatch,
        "the network has 1 outputs, so y must have shape (1, 1), not (1, 2)",
    ),
    "three axes": (
        lambda: targets(np.zeros((4, 1, 5), int), 3, "crossentropy"),
        ShapeMismatch,
        "the network has 3 outputs, so y must have shape (4, 3), not (4, 1, 5)",
    ),
    "a gap": (
        lambda: targets([1.0, np.nan]),
        InvalidInput,
        "row 1, column 0 of y is nan: leave the row out or fill the gap",
    ),
    "a class too high": (
        lambda: targets([0, 3], 3, "crossentropy"),
        InvalidInput,
        "row 1 of y is 3: with 3 outputs a class is a whole number from 0 to 2",
    ),
    "a class between": (
        lambda: targets([0, 1, 0.5], 3, "crossentropy"),
        InvalidInput,
        "row 2 of y is 0.5: with 3 outputs a class is a whole number from 0 to 2",
    ),
    "a class below 0": (
        lambda: targets([-1, 0], 3, "crossentropy"),
        InvalidInput,
        "row 0 of y is -1: with 3 outputs a class is a whole number from 0 to 2",
    ),
    "probabilities that do not sum to 1": (
        lambda: targets([[0.5, 0.5], [0.5, 0.4]], 2, "crossentropy"),
        InvalidInput,
        "row 1 of y sums to 0.9: the probabilities of the classes must sum to 1",
    ),
    "a target of 2": (
        lambda: targets([0, 2], 1, "binary_crossentropy"),
        InvalidInput,
        "row 1, column 0 of y is 2: binary_crossentropy needs targets from 0 to 1",
    ),
    "one output for classes": (
        lambda: targets([0, 1], 1, "crossentropy"),
        ConfigError,
        "crossentropy needs an output for each class, but the network has one: use binary_crossentropy "
        "with a sigmoid output, or softmax with an output for each class",
    ),
    "words": (
        lambda: targets(["no", "yes"]),
        InvalidInput,
        "y must be numbers: could not convert string to float: 'no'",
    ),
}


@pytest.mark.parametrize(("action", "kind", "message"), WRONG_TARGETS.values(), ids=WRONG_TARGETS)
def test_wrong_targets_are_refused(told: Told, action: Callable[[], Any], kind: type, message: str) -> None:
    assert told(kind, action) == message


def test_weights_become_a_column() -> None:
    assert check_weights(None, 3) is None
    weights = check_weights([1, 0, 2], 3)
    assert weights is not None
    assert weights.shape == (3, 1)


@pytest.mark.parametrize(
    ("weights", "kind", "message"),
    [
        ([1, 2], ShapeMismatch, "X has 3 rows but sample_weight has shape (2,): give one number a row"),
        ([1, -1, 1], InvalidInput, "sample weights must not be negative, and at least one must be above 0"),
        ([0, 0, 0], InvalidInput, "sample weights must not be negative, and at least one must be above 0"),
        (
            [1, np.inf, 1],
            InvalidInput,
            "row 1, column 0 of sample_weight is inf: leave the row out or fill the gap",
        ),
    ],
)
def test_wrong_weights_are_refused(told: Told, weights: Any, kind: type, message: str) -> None:
    assert told(kind, lambda: check_weights(weights, 3)) == message


def test_class_numbers_are_found_in_every_form() -> None:
    for y in (np.array([[0], [1]]), np.array([[0.0], [1.0]]), np.array([[0.9, 0.1], [0.2, 0.8]])):
        found = class_numbers(y)
        assert found is not None
        assert found.tolist() == [0, 1]
    assert class_numbers(np.array([[0.5], [1.0]])) is None


def test_several_numbers_or_labels_a_row_are_no_classes() -> None:
    numbers, labels = np.array([[0.3, 2.0], [1.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 0.0]])
    assert classes_of(numbers, LOSSES["mse"]) is None
    assert classes_of(labels, LOSSES["binary_crossentropy"]) is None


def test_one_hot_rows_are_classes_whatever_the_loss() -> None:
    for loss in ("mse", "binary_crossentropy", "crossentropy"):
        found = classes_of(np.eye(3)[[2, 0]], LOSSES[loss])
        assert found is not None
        assert found.tolist() == [2, 0]


def test_a_number_beyond_float32_is_named(told: Told) -> None:
    big = np.array([[1.0, 2.0], [3.0, -1e300]])
    assert told(InvalidInput, lambda: check_range("X", big, "float32")) == (
        "row 1, column 1 of X is -1e+300, more than float32 holds: scale the column, or choose float64"
    )
    check_range("X", big, "float64")
    check_range("sample_weight", None, "float32")


def test_rows_are_taken_with_their_weights() -> None:
    data = Data(np.arange(6.0).reshape(3, 2), np.arange(3).reshape(3, 1), np.ones((3, 1)))
    part = take(data, np.array([2, 0]))
    assert part.X.tolist() == [[4, 5], [0, 1]]
    assert part.y.tolist() == [[2], [0]]
    assert part.weights is not None
    assert take(Data(data.X, data.y), np.array([1])).weights is None


@pytest.mark.parametrize("given", [[[1, 0]], [[True, False]], np.array([[1, 0]], object), (["1", "0"],)])
def test_numbers_in_any_wrapping_are_numbers(given: Any) -> None:
    array = numeric("X", given)
    assert array.tolist() == [[1, 0]]
    assert array.dtype.kind in "fi"


# --- parameters ---------------------------------------------------------------------------------------


def test_parameters_that_are_not_given_are_drawn_from_the_seed() -> None:
    drawn = check_parameters(network(), None, 7)
    assert {name: array.tolist() for name, array in drawn.items()} == {
        name: array.tolist() for name, array in initial_parameters(network(), 7).items()
    }
    assert drawn["W1"].tolist() != check_parameters(network(), None, 8)["W1"].tolist()


def test_given_parameters_become_float64_in_the_networks_order() -> None:
    made = check_parameters(network(), {"b1": [True], "W1": np.array([[1], [2]], np.float32)}, 0)
    assert [(name, array.tolist(), array.dtype) for name, array in made.items()] == [
        ("W1", [[1.0], [2.0]], np.float64),
        ("b1", [1.0], np.float64),
    ]


WRONG_PARAMETERS: dict[str, tuple[dict[str, Any], type, str]] = {
    "one missing": (
        {"W1": [[1], [2]]},
        InvalidInput,
        'parameters lack "b1" of shape (1,): give every parameter, or none',
    ),
    "one unknown": (
        {"W1": [[1], [2]], "b1": [0], "b11": [0]},
        UnknownName,
        'there is no parameter called "b11": did you mean "b1"? (known: W1, b1)',
    ),
    "turned": (
        {"W1": [[1, 2]], "b1": [0]},
        ShapeMismatch,
        'parameter "W1" must have shape (2, 1), not (1, 2)',
    ),
    "a number": ({"W1": [[1], [2]], "b1": 0}, ShapeMismatch, "b1 must be an array, not a single number"),
    "text": (
        {"W1": [["x"], [2]], "b1": [0]},
        InvalidInput,
        "W1 must be numbers: could not convert string to float: 'x'",
    ),
}


@pytest.mark.parametrize(("given", "kind", "message"), WRONG_PARAMETERS.values(), ids=WRONG_PARAMETERS)
def test_wrong_parameters_are_refused(told: Told, given: dict[str, Any], kind: type, message: str) -> None:
    assert told(kind, lambda: check_parameters(network(), given, 0)) == message


MASKED: dict[str, tuple[Any, str]] = {
    "one of a table": (
        np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], [[0, 0], [0, 1]]),
        "row 1, column 1 of X is masked, so missing: leave the row out or fill the gap",
    ),
    "one of a row": (
        np.ma.masked_array([1, 2, 3], [0, 0, 1]),
        "row 2 of X is masked, so missing: leave the row out or fill the gap",
    ),
}


@pytest.mark.parametrize(("given", "message"), MASKED.values(), ids=MASKED)
def test_masked_numbers_are_missing(told: Told, given: Any, message: str) -> None:
    assert told(InvalidInput, lambda: numeric("X", given)) == message


def test_a_masked_array_without_a_masked_number_is_taken() -> None:
    assert numeric("X", np.ma.masked_array([1.0, 2.0], [0, 0])).tolist() == [1.0, 2.0]
