"""Expression trees: tracing, interning, refusing truth, evaluating, substituting, shapes."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest

from chainrule.errors import InvalidInput, ShapeMismatch
from chainrule.formulas.expression import (
    Apply,
    Constant,
    Symbol,
    broadcast,
    evaluate,
    shape_of,
    substitute,
    symbols_in,
    trace,
    walk,
)
from chainrule.formulas.vocabulary import (
    column_sum,
    exp,
    matmul,
    one_hot,
    row_sum,
    rows,
    total,
    transpose,
    where,
)


def test_equal_nodes_are_one_object() -> None:
    z = Symbol("z")
    assert z is Symbol("z")
    assert Constant(2) is Constant(2)
    assert exp(z) + 1 is exp(Symbol("z")) + 1
    assert (z + 1) is not (1 + z)


def test_a_shared_sub_expression_is_walked_once() -> None:
    tree = trace(lambda z: exp(z) * exp(z) + exp(z))
    assert [repr(node) for node in walk(tree)] == [
        "z",
        "exp(z)",
        "exp(z) · exp(z)",
        "exp(z) · exp(z) + exp(z)",
    ]


def test_zero_and_negative_zero_are_two_constants() -> None:
    assert Constant(0.0) is not Constant(-0.0)
    assert Constant(0) is not Constant(-0.0)


def test_nodes_nobody_holds_are_forgotten() -> None:
    gc.collect()
    tree = trace(lambda only_here: exp(only_here) * 41.25)
    assert tree is not None
    before = len(Apply._interned)
    del tree
    gc.collect()
    assert len(Apply._interned) == before - 2


def test_copies_and_pickles_are_the_same_object() -> None:
    tree = trace(lambda z, w: where(z > 0, z, exp(w) - 1.5))
    assert pickle.loads(pickle.dumps(tree)) is tree
    assert copy.deepcopy(tree) is tree


@pytest.mark.parametrize("use", [bool, lambda t: t and 1, lambda t: not t, lambda t: 1 if t else 0])
def test_a_tree_has_no_truth_value(use: object) -> None:
    with pytest.raises(InvalidInput) as caught:
        use(Symbol("z") > 0)  # type: ignore[operator]
    assert str(caught.value) == (
        "a formula has no truth value: z > 0 was used in an `if`, `and`, `or` or `not`; "
        "use where(condition, a, b) from chainrule.formulas.vocabulary"
    )


def test_only_numbers_and_symbols_make_formulas() -> None:
    for stranger in ("1", None, True, [1.0]):
        with pytest.raises(
            InvalidInput, match=r"a formula is made of numbers, symbols and the vocabulary's primitives"
        ):
            Symbol("z") + stranger


def test_every_operator_makes_its_node() -> None:
    a, b = Symbol("a"), Symbol("b")
    made = [a + b, 1 + a, a - b, 1 - a, a * b, 2 * a, a / b, 1 / a, -a, a**2, a**3, 2**a, a @ b, a.T]
    made += [a > b, a >= b, a < b, a <= b]
    assert [repr(node) for node in made] == [
        "a + b", "1 + a", "a - b", "1 - a", "a · b", "2 · a", "a / b", "1 / a", "-a", "a²", "a^3", "2^a", "a b", "aᵀ",
        "a > b", "a ≥ b", "a < b", "a ≤ b",
    ]  # fmt: skip


def test_numbers_alone_are_computed_at_once() -> None:
    assert exp(0.0) == 1.0
    assert where(True, 2, 3) == 2


def test_evaluation_uses_the_values_given() -> None:
    assert evaluate(trace(lambda x, y: x / y - 1), {"x": 3.0, "y": 2.0}) == 0.5


def test_a_missing_value_is_named() -> None:
    with pytest.raises(InvalidInput, match=r'^the formula x \+ y needs a value for "y": give one$'):
        evaluate(trace(lambda x, y: x + y), {"x": 1.0})


def test_substitution_replaces_symbols_everywhere() -> None:
    tree = trace(lambda z: exp(z) * z)
    replaced = substitute(tree, {"z": Symbol("u") + 1})
    assert repr(replaced) == "exp(u + 1) · (u + 1)"
    assert symbols_in(replaced) == ("u",)


def test_substitution_is_simultaneous() -> None:
    assert repr(substitute(trace(lambda a, b: a - b), {"a": Symbol("b"), "b": Symbol("a")})) == "b - a"


SHAPES = {"x": ("B", "I"), "W": ("I", "O"), "b": ("O",), "d": ("B", "O"), "s": ("B", 1), "k": ()}


@pytest.mark.parametrize(
    ("tree", "shape"),
    [
        (trace(lambda x, W, b: matmul(x, W) + b), ("B", "O")),
        (trace(lambda x, d: matmul(transpose(x), d)), ("I", "O")),
        (trace(lambda d: column_sum(d)), ("O",)),
        (trace(lambda d: row_sum(d)), ("B", 1)),
        (trace(lambda s, d: s * d), ("B", "O")),
        (trace(lambda d: total(d) / rows(d)), ()),
        (trace(lambda s, d: one_hot(s, d)), ("B", "O")),
        (trace(lambda k, W: k * W), ("I", "O")),
    ],
    ids=repr,
)
def test_shapes_follow_from_those_of_the_symbols(tree: Apply, shape: tuple[object, ...]) -> None:
    assert shape_of(tree, SHAPES) == shape


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(
        ShapeMismatch, match=r"shapes \('B', 'I'\) and \('I', 'O'\) do not fit entry by entry"
    ):
        broadcast(("B", "I"), ("I", "O"))


@pytest.mark.parametrize("number", [np.float64(0.5), np.float32(0.5), 0.5])
def test_numbers_of_numpy_in_a_definition_are_written_as_plain_ones(number: Any) -> None:
    tree = trace(lambda z: z + number)
    assert repr(tree) == "z + 0.5"
    assert tree is trace(lambda z: z + 0.5)
    assert repr(trace(lambda z: z + np.int64(3))) == "z + 3"
