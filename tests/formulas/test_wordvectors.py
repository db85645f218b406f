"""Word vectors: gradients before central differences and PyTorch, known values, written forms."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import sympy
from sympy_forms import digits, sympy_form

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ChainruleError, ConfigError, InvalidInput
from chainrule.formulas.expression import Expression, Symbol, evaluate, fold
from chainrule.formulas.wordvectors import WORD_VECTORS, Formula, formula, glove_adagrad
from chainrule.formulas.writing import latex, mathml, text
from tolerances import TOLERANCE, assert_close

WITH_GRADIENTS = [name for name, made in WORD_VECTORS.items() if made.definition.gradients]
WITH_TEXTBOOK = [name for name, made in WORD_VECTORS.items() if made.definition.textbook is not None]
SHAPES: dict[str, tuple[int, ...]] = {"N": (4, 3), "C": (5, 3)}
SHAPES |= dict.fromkeys(("w", "w_tilde", "v", "u", "w_a", "w_b"), (1, 3))


def _given(made: Formula, seed: int = 1) -> dict[str, Any]:
    """Values of a formula's arguments: counts and weights are positive."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {**made.parameters}
    for name in made.definition.arguments:
        if name not in values:
            drawn = rng.normal(size=SHAPES.get(name, (1, 1)))
            values[name] = np.abs(drawn) + 0.1 if name in "xfn" else drawn
    return values


def _gradient(made: Formula, values: dict[str, Any], wrt: str) -> Any:
    result = evaluate_arrays(made.definition.tree, values)
    g = np.linspace(0.5, 1.5, np.size(result)).reshape(np.shape(result))
    found = evaluate_arrays(made.definition.gradients[wrt].tree, {**values, "g": g, "a": result})
    return np.broadcast_to(found, np.shape(values[wrt])), g


def assert_gradients_are_central_differences(made: Formula) -> None:
    values = _given(made)
    for wrt in made.definition.gradients:
        found, g = _gradient(made, values, wrt)
        h = 2.0**-17
        for place in np.ndindex(np.shape(values[wrt])):
            sums = []
            for step in (h, -h):
                moved = values[wrt].copy()
                moved[place] += step
                sums.append(np.sum(g * evaluate_arrays(made.definition.tree, {**values, wrt: moved})))
            wanted = (sums[0] - sums[1]) / (2 * h)
            assert_close(found[place], wanted, "central difference", what=f"∂{made.name}/∂{wrt}{place}")


@pytest.mark.parametrize("name", WITH_GRADIENTS)
def test_a_gradient_is_the_central_difference(name: str) -> None:
    assert_gradients_are_central_differences(WORD_VECTORS[name])


def _in_torch(torch: ModuleType, tree: Expression, values: dict[str, Any]) -> Any:
    """The tree by PyTorch's own operations, read here once more."""
    forms: dict[str, Callable[..., Any]] = {
        "add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div,
        "negative": torch.neg, "square": torch.square, "power": torch.pow, "exp": torch.exp,
        "log": torch.log, "matmul": torch.matmul, "transpose": torch.t, "total": torch.sum,
        "row_sum": lambda a: a.sum(dim=1, keepdim=True), "rows": lambda a: a.shape[0],
        "minimum": torch.minimum, "maximum": torch.maximum,
    }  # fmt: skip
    return fold(tree, lambda s: values[s.name], lambda c: c.value, lambda p, *a: forms[p.name](*a))


def assert_gradients_are_autograds(torch: ModuleType, made: Formula) -> None:
    """The gradients of the textbook form where there is one, which is the clearer statement."""
    values = _given(made, seed=2)
    held = {
        name: torch.tensor(value, dtype=torch.float64, requires_grad=True) if np.ndim(value) else value
        for name, value in values.items()
    }
    taught = made.definition.textbook
    result = _in_torch(torch, made.definition.tree if taught is None else taught, held)
    for wrt in made.definition.gradients:
        found, g = _gradient(made, values, wrt)
        (wanted,) = torch.autograd.grad(result, held[wrt], torch.tensor(g).reshape(result.shape), True)
        assert_close(found, wanted.numpy(), "autograd", what=f"∂{made.name}/∂{wrt}")


@pytest.mark.parametrize("name", WITH_GRADIENTS)
def test_a_gradient_is_pytorchs(torch: ModuleType, name: str) -> None:
    assert_gradients_are_autograds(torch, WORD_VECTORS[name])


def test_both_comparisons_can_fail(torch: ModuleType) -> None:
    gradients: dict[str, Callable[..., Any]] = {"e": lambda g, f, e: 2 * g * f * e * (1 + 1e-6)}
    made = formula("a_millionth_too_high", value=lambda f, e: f * e**2, gradients=gradients)
    try:
        with pytest.raises(AssertionError, match="∂a_millionth_too_high/∂e"):
            assert_gradients_are_central_differences(made)
        with pytest.raises(AssertionError, match="∂a_millionth_too_high/∂e"):
            assert_gradients_are_autograds(torch, made)
    finally:
        WORD_VECTORS.remove(made.name)


@pytest.mark.parametrize("name", ["glove_error", "glove_pair_cost", "glove_half_pair_cost", "log_sigmoid"])
def test_a_slope_is_sympys(name: str) -> None:
    made = WORD_VECTORS[name].definition
    names = {argument: sympy.Symbol(argument, positive=True) for argument in made.arguments}
    tree = made.tree if made.textbook is None else made.textbook
    for wrt, slope in made.gradients.items():
        wanted = sympy.diff(sympy_form(tree, names), names[wrt])
        got = sympy_form(slope.tree, {**names, "g": sympy.Integer(1)})
        for at in (1, 3, 11):
            numbers = {symbol: sympy.Rational(at * (i + 2), 7) for i, symbol in enumerate(names.values())}
            one, other = digits(got.subs(numbers) if names else got), digits(wanted.subs(numbers))
            assert abs(one - other) <= TOLERANCE["referee"] * abs(other), f"{name} at {numbers}"


def test_the_cost_of_a_pair_has_the_gradient_of_its_steps_in_pytorch(torch: ModuleType) -> None:
    """The whole of equation 8 for one pair, the factor 2 with the paper's cost and without it in half."""
    rng = np.random.default_rng(5)
    drawn = {name: rng.normal(size=SHAPES.get(name, (1, 1))) for name in ("w", "w_tilde", "b", "b_tilde")}
    x, x_max, alpha = 7.25, 100.0, 0.75
    f = WORD_VECTORS["glove_weighting"].value_at(x=x)
    p = evaluate_arrays(WORD_VECTORS["glove_prediction"].definition.tree, drawn)
    e = evaluate_arrays(WORD_VECTORS["glove_error"].definition.tree, {"p": p, "x": x})
    held = {name: torch.tensor(value, requires_grad=True) for name, value in drawn.items()}
    said = (held["w"] * held["w_tilde"]).sum() + held["b"] + held["b_tilde"] - math.log(x)
    cost = (x / x_max) ** alpha * said**2
    for name, factor in (("glove_pair_cost", 1.0), ("glove_half_pair_cost", 0.5)):
        slope = WORD_VECTORS[name].definition.gradients["e"].tree
        g = evaluate_arrays(slope, {"g": 1.0, "f": f, "e": e})
        wanted = torch.autograd.grad(factor * cost.sum(), list(held.values()), retain_graph=True)
        for wrt, by_torch in zip(held, wanted, strict=True):
            gradient = WORD_VECTORS["glove_prediction"].definition.gradients[wrt].tree
            assert_close(evaluate_arrays(gradient, {**drawn, "g": g}), by_torch.numpy(), "autograd", what=wrt)


@pytest.mark.parametrize("name", WITH_TEXTBOOK)
def test_the_textbook_form_agrees_with_the_one_that_runs(name: str) -> None:
    made = WORD_VECTORS[name]
    assert made.definition.textbook is not None
    values = _given(made, seed=3)
    taught = evaluate_arrays(made.definition.textbook, values)
    assert_close(evaluate_arrays(made.definition.tree, values), taught, "rounding")


@pytest.mark.parametrize("z", [-800.0, -30.0, 0.0, 30.0, 800.0])
def test_the_log_sigmoid_stays_finite_far_out(z: float) -> None:
    made = WORD_VECTORS["log_sigmoid"]
    assert_close(made.value_at(z=z), z if z < -36 else -math.log1p(math.exp(-z)), "rounding")
    slope = evaluate(made.definition.gradients["z"].tree, {"g": 1.0, "z": z})
    assert_close(slope, 1.0 if z < -36 else math.exp(-z) / (1 + math.exp(-z)), "rounding")


def test_one_slope_serves_the_word_and_the_noise() -> None:
    slope, made = WORD_VECTORS["negative_sampling_slope"], WORD_VECTORS["negative_sampling"].definition
    values = _given(WORD_VECTORS["negative_sampling"])
    score = (values["v"] * values["u"]).sum()
    wanted = slope.value_at(z=float(score), y=1.0) * values["v"]
    got = evaluate_arrays(made.gradients["u"].tree, {**values, "g": 1.0})
    assert_close(got, wanted, "rounding")
    scores = values["N"] @ values["v"].ravel()
    wanted = np.array([slope.value_at(z=float(z), y=0.0) for z in scores])[:, None] * values["v"]
    assert_close(evaluate_arrays(made.gradients["N"].tree, {**values, "g": 1.0}), wanted, "rounding")


def test_the_weighting_is_1_from_x_max_on() -> None:
    weighting = WORD_VECTORS["glove_weighting"]
    assert [weighting.value_at(x=x) for x in (100.0, 101.0, 1e9)] == [1.0, 1.0, 1.0]
    assert weighting(x_max=10.0, alpha=0.5).value_at(x=2.5) == 0.5


def test_the_first_step_of_adagrad_is_the_rate_times_the_gradient_and_sums_its_square() -> None:
    values = {**glove_adagrad.parameters, "eta": 0.05, "w": 0.3, "g": 4.0, **(glove_adagrad.state or {})}
    for target, step in glove_adagrad.assignments:
        values[target] = evaluate(step.tree, values)
    assert_close([values["w"], values["s"]], [0.3 - 0.05 * 4.0, 1 + (0.05 * 4.0) ** 2], "rounding")


def test_the_ratio_of_probabilities_is_the_papers() -> None:
    # Table 1: P(solid|ice) = 1.9e-4, P(solid|steam) = 2.2e-5, their ratio 8.9 (from unrounded counts).
    got = WORD_VECTORS["probability_ratio"].value_at(x_a=19.0, n_a=1e5, x_b=22.0, n_b=1e6)
    assert_close(got, 1.9e-4 / 2.2e-5, "rounding")


def test_the_programs_sub_sampling_keeps_more_than_the_papers() -> None:
    paper, program = (
        WORD_VECTORS["keep_probability"](t=1e-4),
        WORD_VECTORS["program_keep_probability"](t=1e-4),
    )
    assert_close(paper.value_at(f=0.01), 0.1, "rounding")
    assert_close(program.value_at(f=0.01), 0.11, "rounding")
    assert paper.value_at(f=1e-5) == program.value_at(f=1e-5) == 1.0


def test_noise_is_drawn_by_the_power_of_the_counts() -> None:
    n = np.array([[16.0], [1.0]])
    got = evaluate_arrays(WORD_VECTORS["noise"].definition.tree, {"n": n, **WORD_VECTORS["noise"].parameters})
    assert_close(got, [[8 / 9], [1 / 9]], "rounding")


def test_ppmi_is_0_for_a_pair_that_was_never_seen() -> None:
    made = WORD_VECTORS["ppmi"]
    assert made.value_at(x=0.0, x_i=3.0, x_j=2.0, X=10.0) == 0.0
    assert_close(made.value_at(x=2.0, x_i=3.0, x_j=2.0, X=10.0), math.log(20 / 6), "rounding")


def test_a_tilde_stands_above_its_letter_in_every_form() -> None:
    symbol = Symbol("w_tilde")
    assert text(symbol) == "w̃"
    assert latex(symbol) == r"\tilde{w}"
    assert mathml(symbol) == "<mover><mi>w</mi><mo>~</mo></mover>"


def test_the_formulas_of_a_pair_are_written_as_the_paper_has_them() -> None:
    written = {name: text(made.definition.tree) for name, made in WORD_VECTORS.items()}
    assert written["glove_weighting"] == "min(1, (x / x_max)^α)"
    assert written["glove_prediction"] == "Σ_k(w · w̃) + b + b̃"
    assert written["glove_error"] == "p - ln(x)"
    assert [text(step.tree) for _, step in glove_adagrad.assignments] == [
        "η · g",
        "w - u / sqrt(s)",
        "s + u²",
    ]


@pytest.mark.parametrize("x_max", [0.0, -1.0, math.inf])
def test_an_x_max_that_is_not_above_0_is_refused(told: Any, x_max: float) -> None:
    message = told(ConfigError, lambda: WORD_VECTORS["glove_weighting"](x_max=x_max))
    assert message == f"x_max of glove_weighting must be above 0 and finite, not {x_max}"


def test_a_gradient_of_what_a_formula_does_not_take_is_refused(
    told: Callable[[type[ChainruleError], Callable[[], object]], str],
) -> None:
    message = told(
        InvalidInput, lambda: formula("odd", value=lambda w: w, gradients={"w": lambda g, z: g * z})
    )
    assert message == 'the gradient ∂/∂w of "odd" uses z, which the formula does not take: use w, g or a'
