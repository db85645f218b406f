"""Slopes derived step by step: each rule refereed by central differences, each step equal to the others."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

import pytest

from chainrule.errors import InvalidInput
from chainrule.formulas import vocabulary as v
from chainrule.formulas.activations import ACTIVATIONS, Activation, activation
from chainrule.formulas.expression import (
    PRIMITIVES,
    Apply,
    Expression,
    Primitive,
    Symbol,
    evaluate,
    substitute,
)
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.writing import text
from chainrule.working.algebra import equal_at_random_points
from chainrule.working.algebra.derivatives import RULES, differentiated, rules_used
from chainrule.working.algebra.differentiation import SlopeDerivation, derive_slope

Z, P, Y = Symbol("z"), Symbol("p"), Symbol("y")
ENTRIES: list[Activation | Loss] = [
    *(entry for entry in ACTIVATIONS.values() if entry.elementwise),
    *LOSSES.values(),
]
SCALARS = [primitive for primitive in PRIMITIVES.values() if primitive.elementwise]


def shown(derivation: SlopeDerivation) -> list[str]:
    return [text(step.tree) for step in derivation.steps]


def all_equal(derivation: SlopeDerivation) -> bool:
    ranges = {"z": (-3.0, 3.0)} if derivation.wrt == "z" else {}
    forms = [substitute(step.tree, {"a": derivation.value}) for step in derivation.steps]
    return all(equal_at_random_points(one, other, ranges) for one, other in itertools.combinations(forms, 2))


@pytest.fixture
def squashed() -> Iterator[Activation]:
    yield activation(
        "squashed", value=lambda z, k: z / (1 + v.absolute(k * z)), parameters={"k": 1.0},
        slope=lambda z, k: 1 / (1 + v.absolute(k * z)) ** 2,
    )  # fmt: skip
    ACTIVATIONS.remove("squashed")


@pytest.mark.parametrize("primitive", SCALARS, ids=lambda primitive: primitive.name)
def test_each_rule_is_the_slope_by_central_differences(primitive: Primitive) -> None:
    many = 1 + max(int(place) for place in re.findall(r"\{(\d)", primitive.text))
    inner = [0.4 + 0.3 * Z, 1.1 - 0.2 * Z**2, Z + 0.7][:many]
    if primitive.name == "where":
        inner[0] = Z > 0.31
    tree = Apply.of(primitive, *inner)
    slope = differentiated(tree, "z")
    for z in (0.1, 0.33, 0.6):
        step = 1e-5
        high, low = (float(evaluate(tree, {"z": at})) for at in (z + step, z - step))
        assert float(evaluate(slope, {"z": z})) == pytest.approx(
            (high - low) / (2 * step), rel=1e-7, abs=1e-8
        )


def test_every_scalar_primitive_has_a_rule() -> None:
    assert {primitive.name for primitive in SCALARS} == set(RULES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_step_is_equal_to_every_other(entry: Activation | Loss) -> None:
    derivation = derive_slope(entry)
    assert derivation.agrees
    assert all_equal(derivation)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_the_last_step_is_the_catalogue_s_own_slope(entry: Activation | Loss) -> None:
    assert entry.slope is not None
    assert derive_slope(entry).steps[-1].tree is entry.slope.tree


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_no_step_repeats_the_one_before_and_each_has_a_reason(entry: Activation | Loss) -> None:
    steps = derive_slope(entry).steps
    assert all(one.tree is not other.tree for one, other in itertools.pairwise(steps))
    assert all(step.rule for step in steps)


def test_the_sigmoid_s_slope_reads_like_a_lecture_s() -> None:
    derivation = derive_slope(ACTIVATIONS["sigmoid"])
    assert text(derivation.value) == "1 / (1 + exp(-z))"
    assert [(text(step.tree), step.rule) for step in derivation.steps] == [
        (
            "(0 · (1 + exp(-z)) - 1 · -exp(-z)) / (1 + exp(-z))²",
            "quotient rule: d(u / v) = (du · v - u · dv) / v²; chain rule: d exp(u) = exp(u) · du",
        ),
        ("exp(-z) / (1 + exp(-z))²", "leave out what is 0 or 1"),
        ("1 / (1 + exp(-z)) · exp(-z) / (1 + exp(-z))", "split the fraction"),
        ("a · (1 - a)", "write it in a = σ(z), since exp(-z) / (1 + exp(-z)) = 1 - 1 / (1 + exp(-z))"),
    ]


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("identity", ["1"]),
        ("tanh", ["(1 - tanh(z)²) · 1", "1 - tanh(z)²", "1 - a²"]),
        ("relu", ["(1 if z > 0 else 0)"]),
        (
            "elu",
            [
                "(1 if z > 0 else α · exp(z))",
                "(1 if z > 0 else α · (exp(z) - 1) + α)",
                "(1 if z > 0 else a + α)",
            ],
        ),
        ("half_squared_error", ["2 · (p - y) / 2", "p - y"]),
        (
            "binary_crossentropy",
            [
                "-(y / p - (1 - y) / (1 - p))",
                "(-y · (1 - p) + (1 - y) · p) / (p · (1 - p))",
                "(p - y) / (p · (1 - p))",
            ],
        ),
    ],
)
def test_the_steps_are_those_of_a_lecture(name: str, steps: list[str]) -> None:
    entry: Activation | Loss = LOSSES[name] if name in LOSSES else ACTIVATIONS[name]
    assert shown(derive_slope(entry)) == steps


def test_softplus_is_derived_case_by_case() -> None:
    steps = derive_slope(ACTIVATIONS["softplus"]).steps
    assert "case by case: z > 0, and z < 0" in [step.rule for step in steps]
    assert text(steps[-2].tree) == "(1 / (1 + exp(-z)) if z > 0 else exp(z) / (1 + exp(z)))"


def test_a_user_s_activation_is_derived_too(squashed: Activation) -> None:
    derivation = derive_slope(squashed)
    assert derivation.agrees
    assert all_equal(derivation)
    assert derivation.steps[-1].rule == "as the catalogue states it"


def test_a_slope_that_is_not_the_derivative_is_said_to_be_declared() -> None:
    passing = activation("passing", value=lambda z: v.where(z > 0, 1, 0), slope=lambda z: 1, kinks=(0.0,))
    try:
        derivation = derive_slope(passing)
    finally:
        ACTIVATIONS.remove("passing")
    assert not derivation.agrees
    assert shown(derivation) == ["0", "1"]
    assert derivation.steps[-1].rule == "the catalogue declares this in place of the derivative"


def test_the_comparison_of_steps_can_fail() -> None:
    derivation = derive_slope(ACTIVATIONS["sigmoid"])
    wrong = derivation.steps[-1].__class__(derivation.steps[-1].tree * 1.000001, "")
    assert not all_equal(SlopeDerivation("", derivation.value, "z", (*derivation.steps, wrong)))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("relu", "at z = 0 the slope is declared, not derived: it is 0, between 0 before it and 1 after it"),
        ("step", "at z = threshold the slope is declared, not derived: it is 0, where the value jumps"),
        ("elu", "at z = 0 the slope is declared, not derived: it is 1, the same as on both sides"),
        (
            "mae",
            "at p - y = 0 the slope is declared, not derived: it is 0, between -1 before it and 1 after it",
        ),
    ],
)
def test_a_kink_is_stated(name: str, said: str) -> None:
    entry: Activation | Loss = LOSSES[name] if name in LOSSES else ACTIVATIONS[name]
    assert derive_slope(entry).kinks == (said,)


def test_a_smooth_function_has_no_kinks() -> None:
    assert derive_slope(ACTIVATIONS["sigmoid"]).kinks == ()


def test_softmax_has_no_slope_of_one_unit() -> None:
    with pytest.raises(InvalidInput, match=r"^softmax has no slope of one unit, .*: ask for its Jacobian$"):
        derive_slope(ACTIVATIONS["softmax"])


def test_a_matrix_formula_is_not_differentiated_here() -> None:
    with pytest.raises(InvalidInput, match="row_sum is not differentiated entry by entry"):
        differentiated(v.row_sum(Z), "z")


def test_the_rules_used_are_named_outermost_first() -> None:
    tree: Expression = v.log(1 + v.exp(2 * Z))
    assert rules_used(tree, "z") == (
        "chain rule: d ln(u) = du / u",
        "chain rule: d exp(u) = exp(u) · du",
    )
