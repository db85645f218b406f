"""Losses: slopes before their referees, the textbook and the fused form against each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
from sympy_forms import digits, sympy_form, sympy_row

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ConfigError, InvalidInput, UnknownName
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.expression import evaluate
from chainrule.formulas.losses import LOSSES, Loss, loss
from tolerances import TOLERANCE, assert_close

VARIANTS = [*LOSSES, "huber(delta=0.25)"]
SCALAR_FUSED = [spec for spec in VARIANTS if LOSSES.find(spec).output != "softmax"]
NUMBER_PAIRS = [(p, y) for p in (-1e3, -2.6, -0.4, 0.15, 0.9, 3.7, 512.5) for y in (-1.0, 0.0, 1.3)]
CHANCE_PAIRS = [(p, y) for p in (1e-9, 1e-3, 0.2, 0.5, 0.7, 0.999) for y in (0.0, 0.25, 1.0)]
LOGITS = (-38.0, -12.0, -3.1, -0.6, 0.4, 1.7, 9.0, 30.0)


def _pairs(f: Loss) -> list[tuple[float, float]]:
    return NUMBER_PAIRS if f.targets == "numbers" else CHANCE_PAIRS


def _exact(f: Loss) -> dict[str, Any]:
    return {name: sympy.Rational(value) for name, value in f.parameters.items()}


@cache
def _symbols() -> dict[str, Any]:
    return {name: sympy.Symbol(name, real=True) for name in ("p", "y", "z", "a")}


def assert_textbook_slope_is_the_derivative(f: Loss) -> None:
    """In 50 digits, strictly relative; and in float64."""
    names = _symbols() | _exact(f)
    derivative = sympy.diff(sympy_form(f.value.tree, names), names["p"])
    slope = sympy_form(f.slope.tree, names)
    for p, y in _pairs(f):
        numbers = {names["p"]: sympy.Rational(p), names["y"]: sympy.Rational(y)}
        wanted, got = digits(derivative.subs(numbers)), digits(slope.subs(numbers))
        assert abs(got - wanted) <= TOLERANCE["referee"] * abs(wanted), f"{f.spec}: slope at p = {p}, y = {y}"
        assert_close(f.slope_at(p, y), float(wanted), "referee", what=f"{f.spec} at {p}, {y}")


@pytest.mark.parametrize("spec", VARIANTS)
def test_the_textbook_slope_is_the_derivative_of_the_value(spec: str) -> None:
    assert_textbook_slope_is_the_derivative(LOSSES.find(spec))


@pytest.mark.parametrize("spec", VARIANTS)
def test_the_textbook_slope_is_the_central_difference(spec: str) -> None:
    f = LOSSES.find(spec)
    for p, y in _pairs(f):
        if f.targets != "numbers" and not 0.1 < p < 0.9:
            continue  # 1/p bends too much for a difference; the referee has those
        h = 2.0**-17
        wanted = (f.value_at(p + h, y) - f.value_at(p - h, y)) / (2 * h)
        assert_close(f.slope_at(p, y), wanted, "central difference", what=f"{spec} at {p}, {y}")


@pytest.mark.parametrize("spec", SCALAR_FUSED)
def test_the_fused_slope_is_the_derivative_of_the_fused_value(spec: str) -> None:
    f = LOSSES.find(spec)
    assert f.fused is not None
    names = _symbols() | _exact(f)
    output = ACTIVATIONS[f.output].definition.tree
    derivative = sympy.diff(sympy_form(f.fused.value.tree, names), names["z"])
    for z in LOGITS:
        for y in (0.0, 0.3, 1.0):
            numbers = {**_exact(f), "z": sympy.Rational(z), "y": sympy.Rational(y)}
            numbers["a"] = sympy_form(output, numbers)
            wanted = digits(derivative.subs({names[n]: numbers[n] for n in "zy"}))
            got = digits(sympy_form(f.fused.slope.tree, numbers))
            assert abs(got - wanted) <= TOLERANCE["referee"] * abs(wanted), f"{spec} at z = {z}, y = {y}"
            assert_close(_fused_slope(f, z, y), float(wanted), "referee", what=f"{spec} at {z}, {y}")
            wanted = _central(lambda at, y=y: _fused_value(f, at, y), z)
            assert_close(_fused_slope(f, z, y), wanted, "central difference", what=f"{spec} at {z}, {y}")


def test_the_fused_slope_of_crossentropy_is_the_derivative() -> None:
    f = LOSSES["crossentropy"]
    assert f.fused is not None
    z = sympy.symbols("z1:4", real=True)
    rng = np.random.default_rng(3)
    for y in ([0.0, 1.0, 0.0], [0.2, 0.3, 0.5]):
        target = tuple(sympy.Rational(value) for value in y)
        rest = sympy.Integer(1) - sum(target)
        target = (*target[:2], target[2] + rest)  # sums to exactly 1
        error = sum(sympy_row(f.fused.value.tree, {"z": z, "y": target}))
        for scale in (1.0, 12.0):
            at = (rng.normal(size=3) * scale).tolist()
            numbers = dict(zip(z, map(sympy.Rational, at), strict=True))
            wanted = [float(digits(sympy.diff(error, each).subs(numbers))) for each in z]
            rows = {"z": np.array([at]), "y": np.array([y])}
            rows["a"] = evaluate_arrays(ACTIVATIONS["softmax"].definition.tree, rows)
            assert_close(evaluate_arrays(f.fused.slope.tree, rows)[0], wanted, "referee")


@pytest.mark.parametrize("spec", SCALAR_FUSED)
def test_the_textbook_and_the_fused_form_agree(spec: str) -> None:
    f = LOSSES.find(spec)
    output = ACTIVATIONS[f.output]
    for z in LOGITS[1:-2]:
        for y in (0.0, 0.3, 1.0):
            assert_close(_fused_value(f, z, y), f.value_at(output.value_at(z), y), "referee")
            through = f.slope_at(output.value_at(z), y) * output.slope_at(z)
            assert_close(_fused_slope(f, z, y), through, "referee")


def test_the_two_forms_of_crossentropy_agree() -> None:
    f, softmax = LOSSES["crossentropy"], ACTIVATIONS["softmax"]
    assert f.fused is not None
    rng = np.random.default_rng(8)
    z, y = rng.normal(size=(5, 4)) * 3, np.eye(4)[[0, 3, 1, 2, 2]] * 0.7 + 0.075
    a = evaluate_arrays(softmax.definition.tree, {"z": z})
    rows = {"z": z, "a": a, "p": a, "y": y}
    textbook = evaluate_arrays(f.value.tree, rows).sum(axis=1)
    assert_close(evaluate_arrays(f.fused.value.tree, rows).sum(axis=1), textbook, "rounding")
    rows["g"] = evaluate_arrays(f.slope.tree, rows)
    through = evaluate_arrays(softmax.definition.gradients["z"].tree, rows)
    assert_close(evaluate_arrays(f.fused.slope.tree, rows), through, "rounding")


def test_the_fused_forms_stay_exact_where_the_output_is_saturated() -> None:
    binary, classes = LOSSES["binary_crossentropy"], LOSSES["crossentropy"]
    assert classes.fused is not None
    assert _fused_value(binary, 800.0, 0.0) == 800.0
    assert _fused_value(binary, -800.0, 1.0) == 800.0
    rows = {"z": np.array([[900.0, -900.0]]), "y": np.array([[0.0, 1.0]])}
    assert evaluate_arrays(classes.fused.value.tree, rows).sum() == 1800.0


@pytest.mark.parametrize("name", LOSSES)
def test_known_points_hold(name: str) -> None:
    f = LOSSES[name]
    assert len(f.points) >= 2
    assert f.source
    assert_close([f.value_at(p, y) for p, y, _ in f.points], [e for _, _, e in f.points], "rounding", scale=0)


def test_the_slope_at_a_kink_is_the_declared_convention() -> None:
    assert {name for name in LOSSES if LOSSES[name].kinks} == {"mae"}
    assert LOSSES["mae"].slope_at(2.0, 2.0) == 0.0


def test_huber_has_one_slope_from_both_sides_of_delta() -> None:
    f = LOSSES["huber"](delta=0.5)
    assert [f.slope_at(e, 0.0) for e in (-0.5, 0.5, -9.0, 9.0)] == [-0.5, 0.5, -0.5, 0.5]


@pytest.mark.parametrize("spec", VARIANTS)
def test_errors_stay_in_the_stated_range(spec: str) -> None:
    f = LOSSES.find(spec)
    low, high = f.range
    for p, y in [*_pairs(f), (0.0, 0.0), (1.0, 1.0)]:
        assert low <= f.value_at(p, y) <= high


def test_the_losses_of_probabilities_state_their_domain() -> None:
    everything = (-math.inf, math.inf)
    bounded = {"binary_crossentropy": (0, 1), "crossentropy": (0, 1)}
    assert {name: LOSSES[name].domain for name in LOSSES} == dict.fromkeys(LOSSES, everything) | bounded


@pytest.mark.parametrize("spec", VARIANTS)
def test_the_output_that_a_loss_belongs_to_stays_in_its_domain(spec: str) -> None:
    f = LOSSES.find(spec)
    low, high = ACTIVATIONS[f.output].range
    assert f.domain[0] <= low <= high <= f.domain[1]
    assert all(f.domain[0] <= p <= f.domain[1] for p, _, _ in f.points)


def test_a_certain_mistake_costs_infinitely_much() -> None:
    for name in ("binary_crossentropy", "crossentropy"):
        assert LOSSES[name].value_at(0.0, 1.0) == math.inf
        assert LOSSES[name].value_at(1.0, 1.0) == 0.0


# --- reductions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", ["mse", "half_squared_error", "mse(outputs=sum)", "mse(batch=sum)"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_reductions_are_those_stated(spec: str, weighted: bool) -> None:
    f = LOSSES.find(spec)
    rng = np.random.default_rng(0)
    p, y = rng.normal(size=(2, 5, 3))
    s = rng.uniform(0.5, 2, size=(5, 1)) if weighted else np.ones((5, 1))
    errors = s * (p - y) ** 2 / (2 if f.name == "half_squared_error" else 1)
    wanted = errors.sum()
    wanted /= 3 if f.over_outputs == "mean" else 1
    wanted /= s.sum() if f.over_batch == "mean" else 1
    made = f.over(units=3, weighted=weighted, fused=False)
    assert_close(evaluate_arrays(made.tree, {"p": p, "y": y, "s": s}), wanted, "rounding")


def test_the_usual_reductions_are_those_of_the_lectures() -> None:
    usual = {name: (LOSSES[name].over_outputs, LOSSES[name].over_batch) for name in LOSSES}
    assert usual == {
        "mse": ("mean", "mean"),
        "half_squared_error": ("sum", "mean"),
        "mae": ("mean", "mean"),
        "huber": ("mean", "mean"),
        "binary_crossentropy": ("mean", "mean"),
        "crossentropy": ("sum", "mean"),
    }


def test_a_loss_in_writing_is_read_back() -> None:
    for spec in ("mse(outputs=sum)", "huber(delta=0.25)", "huber(delta=0.25, outputs=sum, batch=sum)", "mae"):
        assert LOSSES.find(LOSSES.find(spec).spec) == LOSSES.find(spec)
    assert LOSSES.find("mse") != LOSSES.find("mse(outputs=sum)")


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r'^outputs of mse is "mean" or "sum", not \'median\': choose one of them$'
    ):
        LOSSES["mse"](outputs="median")


def test_an_unknown_loss_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownName, match=r'^there is no loss called "msee": did you mean "mse"'):
        LOSSES.find("msee")


def test_a_loss_with_an_unknown_argument_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'^loss "odd" uses k, which is not p, y, z, a or a parameter'):
        loss("odd", value=lambda p, k: p * k, slope=lambda p: p)


def test_a_taken_loss_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r'"mse" already: choose another name'):
        loss("mse", value=lambda p, y: p - y, slope=lambda p: 1)


# --- the comparisons can fail -----------------------------------------------------------------------


@pytest.fixture
def wrong() -> Iterator[Loss]:
    yield loss("wrong", value=lambda p, y: (p - y) ** 2, slope=lambda p, y: 2 * (p - y) * (1 + 1e-6))
    LOSSES.remove("wrong")


def test_the_referee_can_fail(wrong: Loss) -> None:
    with pytest.raises(AssertionError, match=r"wrong: slope at"):
        assert_textbook_slope_is_the_derivative(wrong)


def test_the_central_difference_can_fail(wrong: Loss) -> None:
    with pytest.raises(AssertionError, match=r"allowed 1e-08"):
        test_the_textbook_slope_is_the_central_difference(wrong.name)


def test_the_agreement_of_the_two_forms_can_fail() -> None:
    binary = LOSSES["binary_crossentropy"]
    with pytest.raises(AssertionError):
        assert_close(_fused_value(binary, 0.5 + 1e-6, 1.0), _fused_value(binary, 0.5, 1.0), "referee")


def _fused_value(f: Loss, z: float, y: float) -> float:
    assert f.fused is not None
    return float(evaluate(f.fused.value.tree, {**f.parameters, "z": z, "y": y}))


def _fused_slope(f: Loss, z: float, y: float) -> float:
    assert f.fused is not None
    a = ACTIVATIONS[f.output].value_at(z)
    return float(evaluate(f.fused.slope.tree, {**f.parameters, "z": z, "a": a, "y": y}))


def _central(function: Any, at: float) -> float:
    h = 2.0**-17
    return float((function(at + h) - function(at - h)) / (2 * h))
