"""Activations: every declared slope before its referees, every stated fact pinned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import sympy
from sympy_forms import digits, sympy_form, sympy_row

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import InvalidInput, UnknownName
from chainrule.formulas.activations import ACTIVATIONS, Activation, activation
from chainrule.formulas.expression import evaluate
from chainrule.formulas.vocabulary import exp
from tolerances import TOLERANCE, assert_close

VARIANTS = [
    *ACTIVATIONS,
    "step(threshold=0.5)",
    "leaky_relu(alpha=0.3)",
    "prelu(alpha=-0.5)",
    "elu(alpha=1.75)",
    "swish(beta=2.5)",
    "swish(beta=-0.5)",
]
ENTRYWISE = [spec for spec in VARIANTS if ACTIVATIONS.find(spec).elementwise]
LEARNT = [(spec, name) for spec in ENTRYWISE for name in ACTIVATIONS.find(spec).learnt]
POINTS = (
    -40.0,
    -20.5,
    -8.0,
    -5.25,
    -3.0,
    -1.5,
    -0.75,
    -0.1,
    -1e-3,
    1e-3,
    0.2,
    0.9,
    1.75,
    3.5,
    6.0,
    9.5,
    25.0,
    40.0,
)
MODERATE = tuple(z for z in POINTS if abs(z) <= 3.5)
WIDE = np.concatenate([np.linspace(-800, 800, 1601), np.linspace(-8, 8, 801)])

KINK_SLOPES = {
    "step": 0.0,
    "step(threshold=0.5)": 0.0,
    "relu": 0.0,
    "leaky_relu": 0.01,
    "leaky_relu(alpha=0.3)": 0.3,
    "prelu": 0.25,
    "prelu(alpha=-0.5)": -0.5,
    "elu": 1.0,
    "elu(alpha=1.75)": 1.75,
}


@cache
def _referee(spec: str, wrt: str) -> Callable[[float], Any]:
    """The derivative of a value by SymPy, to 50 digits, as a function of z."""
    f = ACTIVATIONS.find(spec)
    z = sympy.Symbol("z", real=True)
    names = {name: sympy.Symbol(name, real=True) for name in f.parameters} | {"z": z}
    derivative = sympy.diff(sympy_form(f.definition.tree, names), names[wrt])
    numbers = {names[name]: sympy.Rational(value) for name, value in f.parameters.items()}
    return lambda at: digits(derivative.subs({**numbers, z: sympy.Rational(at)}))


def _declared(f: Activation, wrt: str, at: float) -> Any:
    """The declared slope at z, to 50 digits, a being the value's own formula."""
    values = {name: sympy.Rational(value) for name, value in f.parameters.items()}
    values["z"] = sympy.Rational(at)
    values["a"] = sympy_form(f.definition.tree, values)
    if wrt == "z":
        assert f.slope is not None
        return digits(sympy_form(f.slope.tree, values))
    inner = f.definition.gradients[wrt].tree.arguments[0].arguments[0]  # type: ignore[attr-defined]
    return digits(sympy_form(inner, {**values, "g": sympy.Integer(1)}))


def assert_slope_is_the_derivative(spec: str, wrt: str = "z") -> None:
    """In 50 digits, so that the formulas are compared and not their rounding: strictly relative."""
    f = ACTIVATIONS.find(spec)
    for z in POINTS:
        got, wanted = _declared(f, wrt, z), _referee(spec, wrt)(z)
        assert abs(got - wanted) <= TOLERANCE["referee"] * abs(wanted), f"{spec}: slope in {wrt} at z = {z}"


@pytest.mark.parametrize("spec", ENTRYWISE)
def test_the_declared_slope_is_the_derivative_of_the_value(spec: str) -> None:
    assert_slope_is_the_derivative(spec)


@pytest.mark.parametrize(("spec", "parameter"), LEARNT)
def test_the_declared_slope_of_a_learnt_parameter_is_the_derivative(spec: str, parameter: str) -> None:
    assert_slope_is_the_derivative(spec, parameter)


@pytest.mark.parametrize("spec", ENTRYWISE)
def test_the_slope_in_float64_is_the_derivative(spec: str) -> None:
    f, referee = ACTIVATIONS.find(spec), _referee(spec, "z")
    assert_close([f.slope_at(z) for z in MODERATE], [float(referee(z)) for z in MODERATE], "referee", scale=0)
    # Taught in terms of a, a slope like a (1 − a) loses digits where it vanishes: there, against 1.
    assert_close([f.slope_at(z) for z in POINTS], [float(referee(z)) for z in POINTS], "referee")


@pytest.mark.parametrize("spec", ENTRYWISE)
def test_the_slope_is_the_central_difference(spec: str) -> None:
    f = ACTIVATIONS.find(spec)
    h = 2.0**-17
    wanted = [(f.value_at(z + h) - f.value_at(z - h)) / (2 * h) for z in POINTS]
    assert_close([f.slope_at(z) for z in POINTS], wanted, "central difference")


@pytest.mark.parametrize(("spec", "parameter"), LEARNT)
def test_the_slope_of_a_learnt_parameter_is_the_central_difference(spec: str, parameter: str) -> None:
    f, h = ACTIVATIONS.find(spec), 2.0**-17
    z = np.array([POINTS])
    with_value = {**f.parameters, "z": z}
    shifted = [
        evaluate_arrays(f.definition.tree, {**with_value, parameter: f.parameters[parameter] + by}).sum()
        for by in (-h, h)
    ]
    gradient = f.definition.gradients[parameter]
    given = {**with_value, "g": np.ones_like(z), "a": evaluate_arrays(f.definition.tree, with_value)}
    got = evaluate_arrays(gradient.tree, {name: given[name] for name in gradient.arguments})
    assert_close(got, [(shifted[1] - shifted[0]) / (2 * h)], "central difference")


def test_every_kink_has_a_pinned_slope() -> None:
    assert set(KINK_SLOPES) == {spec for spec in ENTRYWISE if ACTIVATIONS.find(spec).kinks}


@pytest.mark.parametrize(("spec", "slope"), KINK_SLOPES.items())
def test_the_slope_at_a_kink_is_the_declared_convention(spec: str, slope: float) -> None:
    f = ACTIVATIONS.find(spec)
    assert [f.slope_at(kink) for kink in f.kink_values()] == [slope]


@pytest.mark.parametrize("spec", [spec for spec in ENTRYWISE if spec not in KINK_SLOPES])
def test_an_activation_without_kinks_has_no_jump_in_its_slope(spec: str) -> None:
    f = ACTIVATIONS.find(spec)
    grid = np.linspace(-4, 4, 4001)
    slopes = np.array([f.slope_at(float(z)) for z in grid])
    assert np.abs(np.diff(slopes)).max() < 0.01


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_known_points_hold(name: str) -> None:
    f = ACTIVATIONS[name]
    assert_close([f.value_at(z) for z, _ in f.points], [a for _, a in f.points], "rounding", scale=0)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if ACTIVATIONS[name].elementwise])
def test_an_activation_has_known_points_and_a_source(name: str) -> None:
    f = ACTIVATIONS[name]
    assert len(f.points) >= 2
    assert f.source
    assert f.strengths
    assert f.weaknesses


@pytest.mark.parametrize("spec", VARIANTS)
def test_values_stay_in_the_stated_range(spec: str) -> None:
    f = ACTIVATIONS.find(spec)
    low, high = f.range
    for dtype in (np.float32, np.float64):
        a = evaluate_arrays(f.definition.tree, {**f.parameters, "z": WIDE.astype(dtype).reshape(-1, 2)})
        assert np.isfinite(a).all()
        slack = 4 * np.finfo(dtype).eps
        assert low - slack <= a.min()
        assert a.max() <= high + slack


@pytest.mark.parametrize("spec", VARIANTS)
def test_the_stated_range_is_reached_or_approached(spec: str) -> None:
    f = ACTIVATIONS.find(spec)
    a = evaluate_arrays(f.definition.tree, {**f.parameters, "z": WIDE.reshape(-1, 2)})
    low, high = f.range
    assert a.min() < -7 if low == -math.inf else a.min() - low < 1e-3
    assert a.max() > 7 if high == math.inf else high - a.max() < 1e-3


@pytest.mark.parametrize("spec", VARIANTS)
def test_float32_agrees_with_float64(spec: str) -> None:
    f = ACTIVATIONS.find(spec)
    z = np.linspace(-30, 30, 600).reshape(-1, 3)
    single, double = (
        evaluate_arrays(f.definition.tree, {**f.parameters, "z": z.astype(t)})
        for t in (np.float32, np.float64)
    )
    assert single.dtype != np.float64
    assert_close(single, double, "float32")


def test_gelu_keeps_its_digits_for_negative_z() -> None:
    z = -8.0
    exact = digits(sympy.Rational(z) * sympy.erfc(-sympy.Rational(z) / sympy.sqrt(2)) / 2)
    assert_close(ACTIVATIONS["gelu"].value_at(z), float(exact), "rounding", scale=0)


def test_the_jacobian_product_of_softmax_is_that_of_its_jacobian() -> None:
    softmax = ACTIVATIONS["softmax"]
    z = sympy.symbols("z1:5", real=True)
    a = sympy.Matrix(sympy_row(softmax.definition.tree, {"z": z}))
    jacobian = a.jacobian(sympy.Matrix(z))
    rng = np.random.default_rng(5)
    for scale in (1.0, 30.0):
        at, g = rng.normal(size=4) * scale, rng.normal(size=4)
        numbers = {symbol: sympy.Rational(value) for symbol, value in zip(z, at.tolist(), strict=True)}
        exact = np.array(jacobian.subs(numbers).evalf(40).tolist(), dtype=float)
        made = softmax.definition.gradients["z"]
        given = {"g": g[None], "a": evaluate_arrays(softmax.definition.tree, {"z": at[None]})}
        assert_close(evaluate_arrays(made.tree, given)[0], g @ exact, "referee")


def test_softmax_rows_sum_to_1_and_do_not_overflow() -> None:
    z = np.array([[1e4, 0.0, -1e4], [2.0, -1.99, -0.01]])
    a = evaluate_arrays(ACTIVATIONS["softmax"].definition.tree, {"z": z})
    assert_close(a.sum(axis=1), [1.0, 1.0], "rounding")
    assert a[0].tolist() == [1.0, 0.0, 0.0]


def test_softmax_has_no_value_at_one_number() -> None:
    with pytest.raises(InvalidInput, match=r"softmax of one unit depends on the others of its layer"):
        ACTIVATIONS["softmax"].value_at(0.0)


def test_the_two_forms_of_gelu_are_close() -> None:
    z = np.linspace(-10, 10, 2001)
    exact, approximate = (
        evaluate_arrays(ACTIVATIONS[n].definition.tree, {"z": z}) for n in ("gelu", "gelu_tanh")
    )
    assert np.abs(exact - approximate).max() < 0.0005


# --- registering ------------------------------------------------------------------------------------


@pytest.fixture
def wrong() -> Iterator[str]:
    """A sigmoid whose slope is one millionth too high."""
    activation("wrong_sigmoid", value=lambda z: 1 / (1 + exp(-z)), slope=lambda a: a * (1 - a) * (1 + 1e-6))
    yield "wrong_sigmoid"
    ACTIVATIONS.remove("wrong_sigmoid")


def test_the_referee_can_fail(wrong: str) -> None:
    with pytest.raises(AssertionError, match=r"slope in z"):
        assert_slope_is_the_derivative(wrong)


def test_the_central_difference_can_fail(wrong: str) -> None:
    with pytest.raises(AssertionError, match=r"allowed 1e-08"):
        test_the_slope_is_the_central_difference(wrong)


def test_an_activation_needs_exactly_one_kind_of_slope() -> None:
    for given in ({}, {"slope": lambda z: 1, "jacobian_product": lambda g: g}):
        with pytest.raises(InvalidInput, match=r'"odd" needs a slope or a jacobian_product, and not both'):
            activation("odd", value=lambda z: z, **given)  # type: ignore[arg-type]


def test_a_name_that_is_no_parameter_is_refused() -> None:
    with pytest.raises(
        InvalidInput, match=r'value of activation "odd" uses k, which is not z, a or a parameter'
    ):
        activation("odd", value=lambda z, k: z * k, slope=lambda z: 1)


def test_a_taken_name_is_refused() -> None:
    with pytest.raises(
        InvalidInput, match=r'^there is an activation called "sigmoid" already: choose another name$'
    ):
        activation("sigmoid", value=lambda z: z, slope=lambda z: 1)


def test_a_python_function_of_math_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"chainrule\.formulas\.vocabulary"):
        activation("odd", value=lambda z: math.exp(z), slope=lambda a: a)
    assert "odd" not in ACTIVATIONS


def test_an_if_in_a_definition_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"a formula has no truth value: z > 0 was used"):
        activation("odd", value=lambda z: z if z > 0 else 0, slope=lambda z: 1)


def test_an_unknown_name_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownName, match=r'did you mean "sigmoid"'):
        ACTIVATIONS.find("sigmiod")


def test_slope_at_is_the_formula_of_a() -> None:
    f = ACTIVATIONS["sigmoid"]
    assert f.slope is not None
    assert f.slope_at(0.3) == evaluate(f.slope.tree, {"a": f.value_at(0.3)})
