from __future__ import annotations

import itertools
from dataclasses import FrozenInstanceError
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import ConfigError, Divergence, InvalidInput, ShapeMismatch
from chainrule.learning.perceptron import PerceptronRun, train_perceptron
from chainrule.learning.separability import separate, within_reach

BITS = [[0, 0], [0, 1], [1, 0], [1, 1]]
AND, OR, NAND, XOR = [0, 0, 0, 1], [0, 1, 1, 1], [1, 1, 1, 0], [0, 1, 1, 0]


def by_hand(
    X: Any, y: Any, rate: float, weights: list[float], threshold: float, learnt: bool, epochs: int
) -> tuple[list[float], float, int]:
    """The rule with plain Python numbers: w ← w + η x (y − ŷ), θ ← θ − η (y − ŷ)."""
    updates = 0
    for _ in range(epochs):
        for row, target in zip(X, y, strict=True):
            fires = int(sum(a * b for a, b in zip(row, weights, strict=True)) - threshold >= 0)
            if fires != target:
                updates += 1
                weights = [w + rate * x * (target - fires) for w, x in zip(weights, row, strict=True)]
                threshold -= rate * (target - fires) if learnt else 0.0
    return weights, threshold, updates


def separable(seed: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(int(rng.integers(5, 40)), int(rng.integers(1, 6)))) * rng.uniform(0.1, 10)
    plane = rng.normal(size=X.shape[1] + 1)
    return X, (X @ plane[:-1] >= plane[-1]).astype(int)


@pytest.mark.parametrize("y", [AND, OR, NAND])
@pytest.mark.parametrize("order", ["cyclic", "shuffled"])
def test_what_a_line_separates_is_learnt(y: list[int], order: Any) -> None:
    run = train_perceptron(BITS, y, order=order)
    assert run.converged
    assert run.predict(BITS).tolist() == y
    assert run.mistakes[-1] == 0
    assert sum(run.mistakes) == run.updates
    assert run.bound is not None
    assert run.updates <= run.bound
    assert str(run).startswith(
        f"Converged: epoch {run.epochs} went through 4 samples without a mistake, after "
    )


def test_the_story_of_and_is_pinned() -> None:
    assert train_perceptron(BITS, AND, names=("left", "right")).story() == (
        "Converged: epoch 6 went through 4 samples without a mistake, after 11 updates.\n"
        "No order of the samples could have taken more than (R/γ)² = 51 updates: R = 1.732 is the length of "
        "the longest input (with the constant −1), γ = 0.2425 the margin of the best separation found.\n"
        "The unit fires where 2 · left + 1 · right ≥ 3."
    )


def test_the_bound_of_and_is_the_one_worked_by_hand() -> None:
    # The widest separation of ±(x1, x2, −1) is w = (2, 2, 3) with least product 1, so γ = 1/√17; R² = 3.
    run = train_perceptron(BITS, AND)
    assert run.separation.margin == pytest.approx(1 / np.sqrt(17), rel=1e-12)
    assert run.separation.radius == pytest.approx(np.sqrt(3), rel=1e-15)
    assert run.bound == pytest.approx(51, rel=1e-12)


def test_xor_comes_to_an_honest_end() -> None:
    run = train_perceptron(BITS, XOR)
    assert not run.converged
    assert run.separation.separable is False
    assert run.bound is None
    assert run.cycle == (3, 3)
    assert str(run) == (
        "No convergence: each of the 3 epochs had mistakes (10 updates in all), and epoch 3 repeats for ever, "
        "since the weights are exactly what they were after epoch 2.\n"
        "The reason: the classes are not linearly separable, since no line leaves them on its two sides.\n"
        "The suggestion: a network with a hidden layer can tell them apart, for example "
        'Network(2, [Dense(4, "tanh"), Dense(1, "sigmoid")]).\n'
        "The unit fires where −1 · x1 + 0 · x2 ≥ 0."
    )


def test_xor_shuffled_uses_its_epochs_up() -> None:
    run = train_perceptron(BITS, XOR, order="shuffled", epochs=37)
    assert (run.converged, run.epochs, run.cycle) == (False, 37, None)
    assert str(run).startswith("No convergence: each of the 37 epochs had mistakes (")
    assert "not linearly separable" in str(run)


def test_and_cycles_with_a_fixed_threshold() -> None:
    run = train_perceptron(BITS, AND, threshold=0.5, learning_rate=1.0)
    assert not run.converged
    assert run.cycle == (2, 2)
    assert (run.threshold, run.learnt, run.bound) == (0.5, False, None)
    assert (
        "The reason: the classes are linearly separable, but with the threshold fixed at 0.5 nothing promises "
        "convergence.\nThe suggestion: let the threshold be learnt (leave it out), or take a smaller learning rate."
    ) in str(run)


def test_a_smaller_rate_does_what_the_story_suggests() -> None:
    run = train_perceptron(BITS, AND, threshold=0.5, learning_rate=0.25)
    assert run.converged
    assert run.predict(BITS).tolist() == AND


def test_a_fixed_threshold_that_no_weights_can_meet_is_said_to_be_one() -> None:
    run = train_perceptron(BITS, NAND, threshold=0.5)
    assert run.reachable is False
    assert "with the threshold fixed at 0.5 no weights tell the classes apart" in str(run)


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
@pytest.mark.parametrize("threshold", [None, 0.5])
def test_a_named_cycle_really_repeats(seed: int, threshold: float | None) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.integers(-2, 3, (12, 2)).astype(float), rng.integers(0, 2, 12).tolist()
    run = train_perceptron(X, y, threshold=threshold, epochs=500)
    assert run.cycle is not None
    first, last = run.cycle
    assert last == run.epochs
    begin = threshold or 0.0
    for turns in (1, 3):
        length = first - 1 + turns * (last - first + 1)
        weights, theta, _ = by_hand(X.tolist(), y, 1.0, [0.0, 0.0], begin, threshold is None, length)
        assert weights == run.weights.tolist()
        assert theta == run.threshold


def test_the_lectures_unit_fires_with_0_69() -> None:
    run = train_perceptron([[0.5, 0.7, 0.3]], [1], threshold=0.5, weights=(0.3, 0.6, 0.4))
    (row,) = run.trace
    assert row.weighted_sum == pytest.approx(0.69, rel=1e-12)
    assert (row.output, row.error, run.converged, run.updates) == (1, 0, True, 0)
    assert run.predict([[0.5, 0.7, 0.3], [0.5, 0.3, 0.3]]).tolist() == [1, 0]


def test_one_update_is_the_rules() -> None:
    run = train_perceptron(
        [[0.5, 0.7, 0.3]], [0], threshold=0.5, weights=(0.3, 0.6, 0.4), learning_rate=0.1, epochs=1
    )
    assert run.weights - [0.3, 0.6, 0.4] == pytest.approx([-0.05, -0.07, -0.03], rel=1e-12)


@given(seed=st.integers(0, 10**6), rate=st.sampled_from([0.25, 0.1, 1.0, 3.0]), learnt=st.booleans())
def test_training_is_the_rule_worked_by_hand(seed: int, rate: float, learnt: bool) -> None:
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(8, 3)), rng.integers(0, 2, 8)
    start = rng.normal(size=3).tolist()
    threshold = None if learnt else 0.5
    run = train_perceptron(X, y, threshold=threshold, learning_rate=rate, epochs=6, weights=start)
    expected = by_hand(X.tolist(), y.tolist(), rate, start, 0.0 if learnt else 0.5, learnt, run.epochs)
    assert run.weights == pytest.approx(expected[0], rel=1e-9, abs=1e-12)
    assert run.threshold == pytest.approx(expected[1], rel=1e-9, abs=1e-12)
    assert run.updates == expected[2]


@given(seed=st.integers(0, 10**6), rate=st.sampled_from([0.3, 1.0, 7.0]))
def test_updates_on_separable_data_stay_within_the_bound(seed: int, rate: float) -> None:
    X, y = separable(seed)
    run = train_perceptron(X, y, epochs=3000, learning_rate=rate)
    assert run.separation.separable
    assert run.bound is not None
    assert run.updates <= run.bound
    if run.converged:
        assert run.predict(X).tolist() == y.tolist()
    else:
        assert "The classes are linearly separable, so training would end after at most (R/γ)² = " in str(run)


def test_a_bound_can_be_exceeded_by_another_start_and_is_then_not_given() -> None:
    far = train_perceptron(BITS, AND, weights=(100.0, -50.0), epochs=1000)
    assert far.converged
    assert far.updates > 51
    assert far.bound is None


@given(seed=st.integers(0, 10**6))
def test_the_margin_found_is_no_less_than_any_other(seed: int) -> None:
    X, y = separable(seed)
    found = separate(X, y.astype(float))
    assert found.margin is not None
    run = train_perceptron(X, y, epochs=3000)
    separator = np.append(run.weights, run.threshold)
    signed = np.column_stack([X, -np.ones(len(X))]) * (2 * y - 1)[:, np.newaxis]
    assert (signed @ separator).min() / np.linalg.norm(separator) <= found.margin * (1 + 1e-9)


@pytest.mark.parametrize("y", list(itertools.product([0, 1], repeat=4)))
def test_of_the_16_functions_of_two_bits_a_line_separates_14(y: tuple[int, ...]) -> None:
    separable = list(y) not in (XOR, [1, 0, 0, 1])
    assert separate(np.array(BITS, float), np.array(y, float)).separable is separable
    assert train_perceptron(BITS, y).converged is separable


def test_offset_and_scale_of_the_inputs_do_not_change_what_is_separable() -> None:
    for y in (AND, XOR):
        moved = np.array(BITS) * [1e-5, 1e4] + [3.0, -700.0]
        assert separate(moved, np.array(y, float)).separable is (y == AND)


def test_a_threshold_within_reach_is_told_from_one_that_is_not() -> None:
    bits = np.array(BITS, float)
    assert within_reach(bits, np.array(AND, float), 0.5)
    assert within_reach(bits, np.array(NAND, float), -1.5)
    assert within_reach(bits, np.array(NAND, float), 0.5) is False
    assert within_reach(bits, np.array(AND, float), 0.0) is False


def test_equal_samples_of_both_classes_are_named() -> None:
    run = train_perceptron([[1, 2], [1, 2], [0, 1]], [0, 1, 1])
    assert "samples with equal inputs are of both classes, so no network can tell them apart" in str(run)
    assert "hidden layer" not in str(run)


def test_too_few_epochs_on_separable_data_ask_for_more() -> None:
    run = train_perceptron(BITS, AND, epochs=2)
    assert not run.converged
    assert "so training would end after at most (R/γ)² = 51 updates.\nThe suggestion: more epochs" in str(run)


def test_updates_lost_in_rounding_are_explained() -> None:
    run = train_perceptron([[1.0], [-1.0]], [0, 1], weights=[1e17])
    assert run.cycle == (1, 1)
    assert "The reason: the classes are linearly separable, but the numbers are so large" in str(run)


def test_a_sum_within_rounding_of_the_threshold_is_pointed_out() -> None:
    exact, rounded = (train_perceptron(BITS, AND, learning_rate=rate) for rate in (0.25, 0.1))
    assert exact.close is None
    assert exact.updates == 11
    assert rounded.close == (4, 3)
    assert rounded.updates == 8
    assert "In epoch 4 the weighted sum of sample 3 lies within rounding of the threshold" in str(rounded)
    assert rounded.predict(BITS).tolist() == AND


def rows_follow(run: PerceptronRun, X: Any, y: Any) -> None:
    for before, row in itertools.pairwise(run.trace):
        assert row.weights_before == before.weights_after
        assert row.threshold_before == before.threshold_after
    for row in run.trace:
        assert row.x == tuple(X[row.sample - 1])
        assert row.target == y[row.sample - 1]
        assert row.error == row.target - row.output
        assert row.output == (np.dot(row.x, row.weights_before) >= row.threshold_before)
        assert row.weighted_sum == pytest.approx(np.dot(row.x, row.weights_before), abs=1e-12)
        change = run.learning_rate * row.error
        assert row.weights_after == tuple(
            w + change * x for w, x in zip(row.weights_before, row.x, strict=True)
        )
        moved = change if run.learnt else 0.0
        assert row.threshold_after == row.threshold_before - moved


@pytest.mark.parametrize("threshold", [None, 0.5])
@pytest.mark.parametrize("order", ["cyclic", "shuffled"])
def test_the_trace_is_consistent_row_by_row(threshold: float | None, order: Any) -> None:
    run = train_perceptron(BITS, XOR, threshold=threshold, order=order, learning_rate=0.5, epochs=9)
    rows_follow(run, np.array(BITS, float), XOR)
    assert [row.epoch for row in run.trace] == [e for e in range(1, run.epochs + 1) for _ in range(4)]
    assert sum(row.error != 0 for row in run.trace) == run.updates
    assert run.trace[-1].weights_after == tuple(run.weights)
    assert run.trace[-1].threshold_after == run.threshold


def test_a_trace_that_is_cut_says_so() -> None:
    run = train_perceptron(BITS, XOR, order="shuffled", epochs=300)
    assert len(run.trace) == 1000
    assert run.presentations == 1200
    assert str(run).endswith("The trace keeps the first 1,000 of 1,200 presentations.")


def test_the_same_seed_gives_the_same_run_and_another_seed_another() -> None:
    X, y = separable(4)
    runs = [train_perceptron(X, y, order="shuffled", seed=seed, epochs=20) for seed in (1, 1, 2)]
    assert runs[0].trace == runs[1].trace
    assert np.array_equal(runs[0].weights, runs[1].weights)
    assert runs[0].trace != runs[2].trace


def test_the_rate_only_scales_weights_that_start_from_zero() -> None:
    one, four = (train_perceptron(BITS, OR, learning_rate=rate) for rate in (1.0, 4.0))
    assert (4 * one.weights).tolist() == four.weights.tolist()
    assert one.updates == four.updates


def test_the_network_and_parameters_are_those_of_the_run() -> None:
    run = train_perceptron(BITS, OR)
    assert run.network.dense[0].activation.name == "step"
    assert run.parameters["W1"][:, 0].tolist() == run.weights.tolist()
    assert run.parameters["theta1"].tolist() == [run.threshold]


def test_targets_may_be_a_column_or_booleans() -> None:
    runs = [train_perceptron(BITS, y) for y in (OR, np.array(OR)[:, np.newaxis], np.array(OR, bool))]
    assert len({run.weights.tobytes() for run in runs}) == 1


def test_a_hundred_thousand_presentations_take_seconds_at_most() -> None:
    rng = np.random.default_rng(0)
    start = process_time()
    run = train_perceptron(rng.normal(size=(1000, 5)), rng.integers(0, 2, 1000))
    assert run.presentations == 100_000
    assert process_time() - start < 20


def test_weights_that_overflow_stop_the_training() -> None:
    with pytest.raises(
        Divergence, match="the weights left the finite numbers in epoch 1: standardise the inputs"
    ):
        train_perceptron([[1e308], [-1e308]], [0, 1], learning_rate=10.0)


def test_a_run_cannot_be_changed() -> None:
    run = train_perceptron(BITS, OR)
    with pytest.raises(FrozenInstanceError):
        run.converged = False  # type: ignore[misc]


BAD: list[tuple[dict[str, Any], type[Exception], str]] = [
    (
        {"X": [[0, 0], [0, np.nan], [1, 0], [1, 1]]},
        InvalidInput,
        "row 1, column 1 of X is nan: leave the row out or fill the gap",
    ),
    (
        {"X": [["a", "b"]] * 4},
        InvalidInput,
        "X must be numbers: could not convert string to float: 'a'",
    ),
    (
        {"X": np.zeros((0, 2)), "y": []},
        ShapeMismatch,
        "X must be a table (N, I) with at least one row and one column, not of shape (0, 2)",
    ),
    (
        {"X": [0, 1, 1, 0]},
        ShapeMismatch,
        "X must be a table (N, I) with at least one row and one column, not of shape (4,)",
    ),
    (
        {"y": [0, 1, 2, 1]},
        InvalidInput,
        "y must hold the classes as 0 and 1, but y[2] is 2: number your two classes so",
    ),
    (
        {"y": [-1, 1, 1, 1]},
        InvalidInput,
        "y must hold the classes as 0 and 1, but y[0] is -1: number your two classes so",
    ),
    (
        {"y": [0, 1, 1, np.nan]},
        InvalidInput,
        "y must hold the classes as 0 and 1, but y[3] is nan: number your two classes so",
    ),
    (
        {"y": ["no", "no", "no", "yes"]},
        InvalidInput,
        "y must hold the classes as 0 and 1: number your two classes so",
    ),
    ({"y": [0, 1]}, ShapeMismatch, "y must hold one class a row, (4,), not be of shape (2,)"),
    (
        {"learning_rate": 0.0},
        ConfigError,
        "the learning rate must be above 0 and finite, not 0.0: give for example 0.01",
    ),
    ({"epochs": 0}, ConfigError, "epochs must be a whole number, at least 1, not 0"),
    (
        {"order": "random"},
        ConfigError,
        'the order is "cyclic" or "shuffled", not \'random\': choose one of them',
    ),
    (
        {"threshold": np.inf},
        ConfigError,
        "the threshold must be a finite number, not inf: or leave it out to learn it",
    ),
    (
        {"weights": [1.0]},
        ShapeMismatch,
        "layer 1's weights are 1 × 1, but it has 2 inputs and 1 units: give one row per input and one column "
        "per unit",
    ),
    ({"weights": [1.0, np.nan]}, ConfigError, "weights must be finite numbers, but one is nan"),
    (
        {"weights": ["one", 2]},
        InvalidInput,
        "weights must be numbers: could not convert string to float: 'one'",
    ),
    ({"X": None}, InvalidInput, "X is missing: give an array of numbers"),
    ({"names": ["a"]}, ShapeMismatch, "2 inputs need 2 names, not 1"),
]


@pytest.mark.parametrize(("changed", "error", "message"), BAD)
def test_wrong_input_is_refused_in_a_sentence(
    changed: dict[str, Any], error: type[Exception], message: str
) -> None:
    given = {"X": BITS, "y": AND, **changed}
    with pytest.raises(error) as caught:
        train_perceptron(given.pop("X"), given.pop("y"), **given)
    assert str(caught.value) == message


def test_predicting_with_another_number_of_inputs_is_refused() -> None:
    with pytest.raises(ShapeMismatch) as caught:
        train_perceptron(BITS, OR).predict([[1, 2, 3]])
    assert str(caught.value) == "the network has 2 inputs but X has 3 columns: make them equal"


def test_predicting_with_a_gap_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        train_perceptron(BITS, OR).predict([[1, 0], [np.inf, 1]])
    assert str(caught.value) == "row 1, column 0 of X is inf: leave the row out or fill the gap"
