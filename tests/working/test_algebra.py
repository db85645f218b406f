"""The algebra of worked solutions: leaving out 0 and 1, cancelling, comparing; never changing a value."""

from __future__ import annotations

import itertools
import math
import random

import pytest

from chainrule.errors import InvalidInput
from chainrule.formulas import vocabulary as v
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.expression import (
    Constant,
    Expression,
    Symbol,
    evaluate,
    substitute,
    symbols_in,
    trace,
)
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.writing import text
from chainrule.working.algebra import cancelled, equal, equal_at_random_points, simplified
from chainrule.working.algebra.cancelling import cancelling

a, b, c, y, p, u, z = map(Symbol, "abcypuz")
a1, a2, g1 = Symbol("a1"), Symbol("a2"), Symbol("g1")


def random_tree(draw: random.Random, depth: int) -> Expression:
    if depth == 0 or draw.random() < 0.1:
        return draw.choice([a, b, c, a - b, b - a, 1 - c, *map(Constant, (-1, 0, 1, 2, 3, 0.5))])
    first, second = random_tree(draw, depth - 1), random_tree(draw, depth - 1)
    made = draw.choice(
        [first + second, first - second, first * second, first * second, first / second, -first, first**2]
    )
    assert isinstance(made, Expression)
    return made


RANDOM_TREES = [random_tree(random.Random(seed), 1 + seed % 5) for seed in range(250)]
GRID = list(itertools.product((-1.5, 0.0, 0.5, 1.0), repeat=3))


def keeps_its_values(original: Expression, other: Expression) -> bool:
    """At every grid point, zeros and ties among them, where the original is finite."""
    for point in GRID:
        values = dict(zip("abc", point, strict=True))
        want = evaluate(original, values)
        if math.isfinite(want) and not math.isclose(
            evaluate(other, values), want, rel_tol=1e-7, abs_tol=1e-9
        ):
            return False
    return True


# --- simplified -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        (1 * a * (1 - a), "a · (1 - a)"),
        (0 * a, "0"),
        (a * 0.0 + b, "b"),
        (a / 1, "a"),
        (0 / a, "0"),
        (a - 0, "a"),
        (0 - a, "-a"),
        (v.negative(-a), "a"),
        (a**1, "a"),
        (a**0, "1"),
        (a * -b, "-a · b"),
        (a + -b * c, "a - b · c"),
        (a - -b, "a + b"),
        (a / -b, "-a / b"),
        (-1 * (a - b), "-(a - b)"),
        (Constant(2) * 3 * a, "6 · a"),
        (Constant(4) / 2, "2"),
        (Constant(1) / 2, "1 / 2"),
        (0.1 * Constant(3), "0.1 · 3"),
        (a * 0.30000000000000004, "a · 0.30000000000000004"),
        (v.where(Constant(1) > 0, a, b), "a"),
        (v.where(Constant(0.5) <= 0, a, b), "b"),
        (v.where(a > 0, b, b), "b"),
        (v.xlogy(0, a), "0"),
        (v.xlogy(1, a), "ln(a)"),
        (v.exp(0 * a), "1"),
        (v.exp(Constant(1)), "exp(1)"),
        (a + b - c * a, "a + b - c · a"),
    ],
)
def test_what_is_trivially_0_or_1_is_left_out(tree: Expression, shown: str) -> None:
    assert text(simplified(tree)) == shown


def test_a_softmax_entry_with_a_unit_gradient_becomes_the_lecture_s_factor() -> None:
    own = substitute(a1 * (g1 - (g1 * a1 + Symbol("g2") * a2)), {"g1": Constant(1), "g2": Constant(0)})
    cross = substitute(a1 * (g1 - (g1 * a1 + Symbol("g2") * a2)), {"g1": Constant(0), "g2": Constant(1)})
    assert text(simplified(own)) == "a1 · (1 - a1)"
    assert text(simplified(cross)) == "-a1 · a2"


def test_simplifying_keeps_every_finite_value() -> None:
    for tree in RANDOM_TREES:
        assert keeps_its_values(tree, simplified(tree)), tree


def test_simplifying_twice_changes_nothing_more() -> None:
    for tree in RANDOM_TREES:
        assert simplified(simplified(tree)) is simplified(tree), tree


def test_simplifying_keeps_the_catalogue_s_values() -> None:
    for entry in ACTIVATIONS.values():
        if entry.elementwise:
            assert equal(simplified(entry.definition.tree), entry.definition.tree), entry.name
    for loss in LOSSES.values():
        assert equal(simplified(loss.slope.tree), loss.slope.tree), loss.name


def test_a_matrix_formula_is_left_alone_inside_its_primitive() -> None:
    tree = trace(lambda x, W: v.matmul(1 * x, W) + 0)
    assert text(simplified(tree)) == "(1 · x) W"


def test_a_sum_of_thousands_of_terms_is_simplified_without_recursion() -> None:
    tree: Expression = Constant(0)
    for k in range(5000):
        tree = tree + Constant(int(k == 7)) * Symbol(f"x{k}")
    assert simplified(tree) is Symbol("x7")


# --- cancelled --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tree", "shown"),
    [
        (
            (c - y) / (c * (1 - c)) * (c * (1 - c)),
            [
                "(c - y) / (c · (1 - c)) · c · (1 - c)",
                "(c - y) · c · (1 - c) / (c · (1 - c))",
                "c - y",
            ],
        ),
        (
            -(y / p) + (1 - y) / (1 - p),
            [
                "-(y / p) + (1 - y) / (1 - p)",
                "(-y · (1 - p) + (1 - y) · p) / (p · (1 - p))",
                "(p - y) / (p · (1 - p))",
            ],
        ),
        (
            (-(y / c) + (1 - y) / (1 - c)) * (c * (1 - c)),
            [
                "(-(y / c) + (1 - y) / (1 - c)) · c · (1 - c)",
                "(c - y) / (c · (1 - c)) · c · (1 - c)",
                "(c - y) · c · (1 - c) / (c · (1 - c))",
                "c - y",
            ],
        ),
        (2 * (a - y) / 2, ["2 · (a - y) / 2", "a - y"]),
        (2 * (a - y) / 4, ["2 · (a - y) / 4", "(a - y) / 2"]),
        (2 * a * 3 * b, ["2 · a · 3 · b", "6 · a · b"]),
        ((a - b) / (b - a), ["(a - b) / (b - a)", "-1"]),
        ((a - b) ** 2 / (b - a), ["(a - b)² / (b - a)", "b - a"]),
        (-(y - c) * c / c, ["-(y - c) · c / c", "(c - y) · c / c", "c - y"]),
        ((1 - a) / (-a + 1), ["(1 - a) / (-a + 1)", "1"]),
        (a**2 / a, ["a² / a", "a"]),
        (a * b / (b * c), ["a · b / (b · c)", "a / c"]),
        (a / b * b + c, ["a / b · b + c", "a · b / b + c", "a + c"]),
        (1 * a, ["1 · a", "a"]),
    ],
)
def test_cancelling_is_shown_as_it_is_written(tree: Expression, shown: list[str]) -> None:
    assert list(map(text, cancelled(tree))) == shown


@pytest.mark.parametrize(
    "tree", [a, a * b, a / b + c, a + b, (a - b) * (a - b), 0.5 * a * 0.5, a / 2 + b / 2]
)
def test_there_is_one_form_where_nothing_cancels(tree: Expression) -> None:
    assert cancelled(tree) == [tree]


def test_the_digits_of_a_constant_stay() -> None:
    assert text(cancelled(0.1 * a * 0.2 / a)[-1]) == "0.1 · 0.2"


def test_every_form_has_the_value_of_the_first() -> None:
    several = 0
    for tree in RANDOM_TREES:
        forms = cancelled(tree)
        several += len(forms) > 1
        for form in forms:
            assert keeps_its_values(tree, form), (tree, form)
    assert several > 100


def test_the_value_check_can_fail() -> None:
    assert not keeps_its_values(a / b, a / b + 1e-6)
    assert not keeps_its_values(a * b, a)


def test_each_form_has_its_reason() -> None:
    forms = cancelling(-(y / p) + (1 - y) / (1 - p))
    assert [form.reason for form in forms] == ["over a common denominator", "multiply out and collect"]
    assert [form.reason for form in cancelling(1 * a * b / b)] == ["leave out what is 0 or 1", "cancel"]


# --- equal ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (p * (1 - p), p - p**2),
        ((p - y) / (p * (1 - p)), -(y / p) + (1 - y) / (1 - p)),
        (v.log(p * y), v.log(p) + v.log(y)),
        (a - a, 0 * a),
        (v.tanh(z), (v.exp(2 * z) - 1) / (v.exp(2 * z) + 1)),
        (v.expm1(z), v.exp(z) - 1),
        (1000000 + a - 1000000, a),
    ],
)
def test_formulas_of_one_value_are_equal(one: Expression, other: Expression) -> None:
    assert equal(one, other)
    assert equal(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (p, y),
        (p, p * (1 + 1e-7)),
        (v.maximum(z, 0), z),
        (v.absolute(z), z),
        (1e-20 * a, 2e-20 * a),
        (a, a + 1e-6),
        (v.log(-a), v.log(-a)),
    ],
)
def test_formulas_of_other_values_are_not_equal(one: Expression, other: Expression) -> None:
    assert not equal(one, other)


def test_the_points_are_drawn_from_the_ranges_given() -> None:
    assert equal_at_random_points(v.absolute(z), z)
    assert not equal_at_random_points(v.absolute(z), z, {"z": (-1, 0)})


def test_where_one_is_finite_and_the_other_not_they_differ() -> None:
    assert not equal_at_random_points(v.sqrt(a - 0.5) * 0, 0 * a)


def test_matrix_formulas_are_not_compared() -> None:
    with pytest.raises(InvalidInput, match="only formulas of single numbers are compared"):
        equal(v.row_sum(a), a)


def test_symbols_of_either_formula_are_drawn() -> None:
    assert symbols_in(a * b / b) == ("a", "b")
    assert equal(a * b / b, a)


def test_a_product_of_thousands_of_factors_cancels_without_recursion() -> None:
    tree: Expression = a
    for k in range(3000):
        tree = tree * Symbol(f"x{k}")
    assert text(cancelled(tree / Symbol("x0") / a)[-1]).startswith("x1 · x2")
