"""The pencil engine: formulas in decimals, and lines rounded correctly to the last digit printed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, getcontext, localcontext
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines.pencil import evaluate_decimal, printed
from chainrule.engines.rounding import Rounding
from chainrule.errors import InvalidInput
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import PRIMITIVES, Expression, Primitive, Symbol, fold, symbols_in, trace
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.vocabulary import Matrix, exp, floor, matmul, maximum, one_hot, row_max, sqrt, tanh

DIGITS = 40
Values = dict[str, Decimal]
R = Rounding.parse

# --- the catalogue against mpmath -------------------------------------------------------------------

REFEREE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b if b else mpmath.inf * mpmath.sign(a),
    "negative": lambda a: -a,
    "power": lambda a, b: a**b,
    "square": lambda a: a**2,
    "exp": mpmath.exp,
    "expm1": mpmath.expm1,
    "log": mpmath.log,
    "log1p": mpmath.log1p,
    "tanh": mpmath.tanh,
    "erfc": mpmath.erfc,
    "absolute": abs,
    "sign": mpmath.sign,
    "maximum": max,
    "minimum": min,
    "xlogy": lambda x, y: x * (mpmath.log(y) if y else -mpmath.inf) if x else mpmath.mpf(0),
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less_equal": lambda a, b: a <= b,
    "where": lambda condition, a, b: a if condition else b,
}


def by_mpmath(tree: Expression, values: Values) -> Decimal:
    """The value by mpmath's own functions, rounded once; constants as they are written."""
    # Far below 0 the 1 + tanh of gelu_tanh has no other digits; mpmath's erfc is slow with so many.
    with mpmath.workdps(900 if "tanh" in repr(tree) else 200):
        value = fold(
            tree,
            lambda s: mpmath.mpf(str(values[s.name])),
            lambda c: mpmath.mpf(repr(c.value)),
            lambda primitive, *arguments: REFEREE[primitive.name](*arguments),
        )
        written = Decimal(mpmath.nstr(value, DIGITS + 30, strip_zeros=False))
    return Context(prec=DIGITS, rounding=ROUND_HALF_EVEN).plus(written)


def assert_right(tree: Expression, values: Values) -> None:
    """Equal to mpmath's in all 40 digits, or off by one in the last."""
    got, wanted = printed(tree, values, Rounding("significant", DIGITS)), by_mpmath(tree, values)
    with localcontext(Context(prec=2 * DIGITS)):
        unit = Decimal((0, (1,), wanted.adjusted() - DIGITS + 1)) if wanted.is_finite() else Decimal(0)
        assert got == wanted or abs(got - wanted) <= unit, f"{tree} at {values}: {got}, not {wanted}"


Z = [
    Decimal(sign + size)
    for size in ("0", "1e-12", "0.01", "0.5", "0.87", "1", "2.5", "7.7", "30", "40")
    for sign in ("", "-")
]
P = [Decimal(p) for p in ("0", "1e-12", "0.03", "0.5", "0.7047", "0.999999999999", "1")]
NUMBERS = [Decimal(n) for n in ("-30", "-1.2", "0", "0.5", "1", "1.75", "1000")]


def _parameters(entry: Activation | Loss) -> Values:
    return {name: Decimal(repr(value)) for name, value in entry.parameters.items()}


@pytest.mark.parametrize("name", [name for name, a in ACTIVATIONS.items() if a.elementwise])
def test_an_activation_and_its_slope_are_right_to_40_digits(name: str) -> None:
    entry = ACTIVATIONS[name]
    assert entry.slope is not None
    for z in Z:
        values = {**_parameters(entry), "z": z}
        assert_right(entry.definition.tree, values)
        values["a"] = evaluate_decimal(entry.definition.tree, values)
        assert_right(entry.slope.tree, values)


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_loss_and_its_slope_are_right_to_40_digits(name: str) -> None:
    entry = LOSSES[name]
    points = P if entry.domain == (0, 1) else NUMBERS
    for p in points:
        for y in (Decimal(0), Decimal(1), Decimal("0.25")):
            values = {**_parameters(entry), "p": p, "y": y}
            assert_right(entry.value.tree, values)
            if p not in (0, 1) or entry.domain != (0, 1):
                assert_right(entry.slope.tree, values)


def test_the_comparison_with_the_referee_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REFEREE, "tanh", lambda z: mpmath.tanh(z) * (1 + mpmath.mpf("2e-39")))
    with pytest.raises(AssertionError, match=r"tanh"):
        assert_right(ACTIVATIONS["tanh"].definition.tree, {"z": Decimal("0.87")})


# --- matrices of trees ------------------------------------------------------------------------------


def _entries(tree: Expression, rows: dict[str, int]) -> Matrix:
    """The entries of a tree on rows of symbols z[1] z[2] …, by the meanings in the vocabulary."""

    def symbol(s: Symbol) -> Matrix:
        return Matrix(1, rows[s.name], lambda i, j: Symbol(f"{s.name}{j + 1}"))

    def apply(primitive: Primitive, *operands: Any) -> Any:
        if not primitive.elementwise:
            made = primitive.meaning(*operands)
            width = 1 if primitive.name in ("row_max", "row_sum") else operands[0].columns
            return Matrix(1, width, made)
        at = lambda o, i, j: o[i, j if o.columns > 1 else 0]  # noqa: E731
        width = max(o.columns for o in operands)
        return Matrix(1, width, lambda i, j: primitive(*(at(o, i, j) for o in operands)))

    made = fold(tree, symbol, lambda c: Matrix(1, 1, lambda i, j: c), apply)
    assert isinstance(made, Matrix)
    return made


@pytest.mark.parametrize("z", [("0.1", "0.7", "-0.3"), ("1000", "0", "-1000"), ("-5", "-5", "-5")])
def test_softmax_unfolds_into_entries_that_are_right_to_40_digits(z: tuple[str, ...]) -> None:
    a = _entries(ACTIVATIONS["softmax"].definition.tree, {"z": 3})
    values = {f"z{j}": Decimal(each) for j, each in enumerate(z, start=1)}
    for j in range(3):
        assert_right(a[0, j], values)


def test_the_fused_crossentropy_unfolds_into_entries_that_are_right_to_40_digits() -> None:
    fused = LOSSES["crossentropy"].fused
    assert fused is not None
    values = {f"z{j}": Decimal(z) for j, z in enumerate(("0.1", "40", "-0.3"), start=1)}
    values |= {f"y{j}": Decimal(y) for j, y in enumerate(("0.2", "0.5", "0.3"), start=1)}
    for j in range(3):
        assert_right(_entries(fused.value.tree, {"z": 3, "y": 3})[0, j], values)


def _symbols(name: str, rows: int, columns: int) -> Matrix:
    return Matrix(rows, columns, lambda i, j: Symbol(f"{name}{i + 1}{j + 1}"))


@pytest.mark.parametrize(
    ("name", "operands", "written"),
    [
        ("matmul", (_symbols("x", 1, 2), _symbols("w", 2, 1)), "x11 · w11 + x12 · w21"),
        ("matmul", (_symbols("x", 1, 1), _symbols("w", 1, 1)), "x11 · w11"),
        ("column_sum", (_symbols("g", 2, 1),), "g11 + g21"),
        ("column_sum", (_symbols("g", 1, 1),), "g11"),
        ("row_sum", (_symbols("g", 1, 2),), "g11 + g12"),
        ("row_max", (_symbols("z", 1, 3),), "max(max(z11, z12), z13)"),
        ("row_max", (_symbols("z", 1, 1),), "z11"),
        ("total", (_symbols("e", 2, 1),), "e11 + e21"),
        ("one_hot", (_symbols("y", 1, 1), _symbols("z", 1, 2)), "(1 if y11 = 0 else 0)"),
    ],
)
def test_an_array_primitive_of_symbols_is_its_scalar_formula(
    name: str, operands: tuple[Matrix, ...], written: str
) -> None:
    assert repr(PRIMITIVES[name].meaning(*operands)(0, 0)) == written


def test_an_array_primitive_of_decimals_is_exact() -> None:
    x = Matrix(1, 2, lambda i, j: (Decimal("0.1"), Decimal("0.2"))[j])
    assert PRIMITIVES["row_sum"].meaning(x)(0, 0) == Decimal("0.3")
    assert row_max.meaning(x)(0, 0) == Decimal("0.2")
    assert matmul.meaning(x, Matrix(2, 1, lambda i, j: Decimal(3)))(0, 0) == Decimal("0.9")
    assert one_hot.meaning(Matrix(1, 1, lambda i, j: Decimal(1)), x)(0, 1) == 1


def test_a_tree_of_whole_matrices_is_refused(told: Callable[..., str]) -> None:
    tree = trace(lambda z: row_max(z))
    assert told(InvalidInput, lambda: evaluate_decimal(tree, {"z": Decimal(1)})) == (
        "row_max works on whole matrices, and the pencil engine on single numbers: "
        "write it out entry by entry first"
    )


# --- lines ------------------------------------------------------------------------------------------


def _printed(function: Callable[..., Any], spec: str, **values: str) -> str:
    made = {name: Decimal(value) for name, value in values.items()}
    return R(spec).written(printed(trace(function), made, R(spec)))


def test_a_constant_is_the_number_as_written() -> None:
    assert evaluate_decimal(trace(lambda x: x * 0.1 + 0.2), {"x": Decimal(1)}) == Decimal("0.3")


def test_a_missing_value_is_named(told: Callable[..., str]) -> None:
    tree = trace(lambda x, w: x * w)
    assert told(InvalidInput, lambda: printed(tree, {"x": Decimal(1)}, R("round:3"))) == (
        'the formula x · w needs a value for "w": give one'
    )


@pytest.mark.parametrize(
    ("spec", "shown"),
    [("round:2", "0.18"), ("round:2:half-even", "0.18"), ("truncate:2", "0.17"), ("exact", "0.175")],
)
def test_a_line_is_rounded_as_its_rounding_says(spec: str, shown: str) -> None:
    assert _printed(lambda x, w: x * w, spec, x="0.5", w="0.35") == shown


def test_a_whole_formula_is_rounded_once() -> None:
    assert _printed(lambda x, w: x * w + x * w, "round:1", x="0.2", w="0.2") == "0.1"


def test_a_bare_symbol_and_a_comparison_have_values() -> None:
    assert printed(Symbol("x"), {"x": Decimal("0.125")}, R("round:2")) == Decimal("0.13")
    assert printed(trace(lambda x: x > 1), {"x": Decimal(2)}, R("exact")) == 1


@pytest.mark.parametrize(
    ("function", "spec", "x", "shown"),
    [
        (lambda x: 1 / x * x, "truncate:3", "3", "1.000"),
        (lambda x: 1 / x * x * 5 / 1000, "round:2", "3", "0.01"),
        (lambda x: sqrt(x) * sqrt(x) - x, "significant:3", "2", "0"),
        (lambda x: sqrt(x) * sqrt(x) - x, "significant:3", "5", "0"),
        (lambda x: sqrt(x) * sqrt(x) - x, "exact", "10", "0"),
        (lambda x: sqrt(x) * sqrt(x), "truncate:0", "2", "2"),
    ],
)
def test_an_exact_tie_reached_by_endless_digits_comes_to_an_end(
    function: Callable[..., Any], spec: str, x: str, shown: str
) -> None:
    assert _printed(function, spec, x=x) == shown


@pytest.mark.parametrize(
    ("name", "z", "spec", "shown"),
    [
        ("sigmoid", "50", "truncate:4", "0.9999"),
        ("sigmoid", "50", "round:4", "1.0000"),
        ("sigmoid", "1000", "truncate:4", "0.9999"),
        ("sigmoid", "-1000", "significant:3", "5.08e-435"),
        ("sigmoid", "-30000", "round:3", "0.000"),
        ("tanh", "100", "truncate:4", "0.9999"),
        ("tanh", "-100", "truncate:4", "-0.9999"),
        ("gelu", "-8", "significant:3", "-4.98e-15"),
        ("sigmoid", "1e12", "round:3", "1.000"),
        ("sigmoid", "-1e12", "round:3", "0.000"),
    ],
)
def test_a_saturated_unit_is_printed_to_the_last_digit(name: str, z: str, spec: str, shown: str) -> None:
    tree = ACTIVATIONS[name].definition.tree
    assert R(spec).written(printed(tree, {"z": Decimal(z)}, R(spec))) == shown


def test_digits_lost_to_cancellation_are_found_again() -> None:
    assert _printed(lambda x: 1 - tanh(x) ** 2, "significant:3", x="100") == "5.54e-87"
    assert _printed(lambda x: 1 - tanh(x) ** 2, "exact", x="100") == "5.535586e-87"
    assert _printed(lambda x: (1 + exp(-x)) - 1, "exact", x="200") == "1.383897e-87"
    assert _printed(lambda x: (1 + exp(-x) - 1) * exp(x), "round:3", x="200") == "1.000"


def test_an_exact_value_is_right_to_40_digits_also_after_cancellation() -> None:
    tree, values = trace(lambda x: 1 - tanh(x) ** 2), {"x": Decimal(24)}
    with localcontext(Context(prec=DIGITS)):
        assert +printed(tree, values, R("exact")) == by_mpmath(tree, values)


def test_infinities_are_results() -> None:
    assert _printed(lambda x: 1 / x, "round:3", x="0") == "∞"
    assert _printed(lambda x: x / x, "round:3", x="0") == "not a number"
    assert _printed(lambda x: -exp(x), "round:3", x="1e9") == "-∞"


@given(
    numbers=st.lists(st.decimals("-100", "100", places=3), min_size=5, max_size=5),
    spec=st.sampled_from(["round:3", "truncate:2", "significant:3", "round:0:half-even"]),
)
def test_a_weighted_sum_multiplies_out_as_printed(numbers: list[Decimal], spec: str) -> None:
    tree = trace(lambda x1, w1, x2, w2, b: x1 * w1 + x2 * w2 + b)
    x1, w1, x2, w2, b = numbers
    got = printed(tree, dict(zip(symbols_in(tree), numbers, strict=True)), R(spec))
    with localcontext(Context(prec=60)):
        assert got == R(spec).apply(x1 * w1 + x2 * w2 + b)


@given(
    z=st.decimals("-60", "60", places=3),
    digits=st.integers(0, 30),
    kind=st.sampled_from(["round", "truncate"]),
)
def test_every_digit_printed_is_right(z: Decimal, digits: int, kind: Any) -> None:
    tree, rounding = ACTIVATIONS["swish"].definition.tree, Rounding(kind, digits)
    values = {"z": z, "beta": Decimal(1)}
    assert printed(tree, values, rounding) == rounding.apply(evaluate_decimal(tree, values, 300))


def test_the_callers_context_is_left_as_it_was() -> None:
    with localcontext(Context(prec=5)) as before:
        _printed(lambda x: exp(x) / x, "round:3", x="0")
        with pytest.raises(InvalidInput):
            printed(Symbol("x"), {}, R("round:3"))
        assert getcontext() is before or getcontext().prec == 5
        assert not any(before.flags.values())


def test_threads_do_not_disturb_one_another() -> None:
    tree = ACTIVATIONS["gelu"].definition.tree
    wanted = printed(tree, {"z": Decimal("0.3")}, R("exact"))
    wrong: list[Decimal] = []

    def work() -> None:
        for _ in range(30):
            got = printed(tree, {"z": Decimal("0.3")}, R("exact"))
            wrong.extend([got] if got != wanted else [])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_every_catalogued_formula_can_be_evaluated_in_decimals() -> None:
    """What the referee's table lacks would otherwise go untested."""
    used = set()
    for made in _catalogued():
        fold(made.tree, lambda s: s, lambda c: c, lambda primitive, *_: used.add(primitive.name))
    assert used - set(REFEREE) <= {"row_max", "row_sum", "column_sum"}


def _catalogued() -> list[Definition]:
    made = [part for a in ACTIVATIONS.values() for part in (a.definition, *a.definition.gradients.values())]
    return made + [part for entry in LOSSES.values() for part in (entry.value, entry.slope)]


def test_a_maximum_and_a_floor_keep_all_digits() -> None:
    value = "1." + "123456789" * 6
    assert evaluate_decimal(trace(lambda x: maximum(x, 0)), {"x": Decimal(value)}, 10) == Decimal(value)
    assert evaluate_decimal(trace(lambda x: floor(x)), {"x": Decimal("-1.5")}) == -2
