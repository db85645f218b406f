"""Measures against scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chainrule.engines.arrays import evaluate_arrays
from chainrule.formulas.measures import MEASURES
from tolerances import assert_close

RNG = np.random.default_rng(21)
NUMBERS, GUESSES = RNG.normal(size=(2, 40, 1)) * 3
CLASSES, GUESSED = RNG.integers(0, 4, size=(2, 40, 1))
CHANCES = RNG.dirichlet(np.ones(4), size=40)
ONE_HOT = np.eye(4)[CLASSES.ravel()]


def test_accuracy_is_scikit_learns() -> None:
    from sklearn.metrics import accuracy_score

    got = evaluate_arrays(MEASURES["accuracy"].value.tree, {"y": CLASSES, "y_hat": GUESSED})
    assert_close(got, accuracy_score(CLASSES, GUESSED), "rounding")


def test_log_loss_is_scikit_learns() -> None:
    from sklearn.metrics import log_loss

    got = evaluate_arrays(MEASURES["log_loss"].value.tree, {"Y": ONE_HOT, "P": CHANCES})
    assert_close(got, log_loss(CLASSES.ravel(), CHANCES), "rounding")


def test_the_measures_of_numbers_are_scikit_learns() -> None:
    from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

    for name, theirs in {"rmse": root_mean_squared_error, "mae": mean_absolute_error, "r2": r2_score}.items():
        got = evaluate_arrays(MEASURES[name].value.tree, {"y": NUMBERS, "y_hat": GUESSES})
        assert_close(got, theirs(NUMBERS, GUESSES), "rounding", what=name)


def test_the_comparison_can_fail() -> None:
    from sklearn.metrics import mean_absolute_error

    got = evaluate_arrays(MEASURES["mae"].value.tree, {"y": NUMBERS, "y_hat": GUESSES + 1e-6})
    with pytest.raises(AssertionError):
        assert_close(got, mean_absolute_error(NUMBERS, GUESSES), "rounding")


def test_a_certain_mistake_has_a_finite_log_loss() -> None:
    got = evaluate_arrays(
        MEASURES["log_loss"].value.tree, {"Y": np.array([[1.0, 0.0]]), "P": np.array([[0.0, 1.0]])}
    )
    assert got == pytest.approx(-math.log(1e-15))


def test_a_constant_target_has_no_r2() -> None:
    same = np.ones((3, 1))
    assert not math.isfinite(evaluate_arrays(MEASURES["r2"].value.tree, {"y": same, "y_hat": same + 0.5}))


def test_each_measure_says_what_it_is_for() -> None:
    assert {name: (m.task, m.more_is_better) for name, m in MEASURES.items()} == {
        "accuracy": ("classify", True),
        "log_loss": ("classify", False),
        "rmse": ("regress", False),
        "mae": ("regress", False),
        "r2": ("regress", True),
    }
