"""The primitives on decimals: against mpmath, at their edges, and never a signal."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact, localcontext
from itertools import product
from typing import Any

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.engines import decimals
from chainrule.engines.decimals import context_of
from chainrule.engines.pencil import decimal_spelling
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import PRIMITIVES, Primitive
from chainrule.formulas.vocabulary import scalar

SCALARS = [p for p in PRIMITIVES.values() if p.elementwise]
PRECISIONS = (7, 28, 50, 200)
NEAR_ZEROS_OF_COS = (
    "1.570796326794896619231321691639751442",
    "4.71238898038468985769396507491925432629575409906",
)
POINTS = (
    *NEAR_ZEROS_OF_COS,
    "1e-300",
    "1e-50",
    "1e-30",
    "1e-20",
    "1e-15",
    "1e-14",
    "1e-10",
    "1e-5",
    "0.001",
    "0.1",
    "0.3",
    "0.5",
    "0.69",
    "0.8",
    "1",
    "1.5",
    "2",
    "2.9",
    "3",
    "3.000001",
    "3.5",
    "5",
    "7.3",
    "10",
    "15.7",
    "22",
    "30",
    "50",
    "113.13",
    "355",
    "1e6",
    "1e22",
)
SIGNED = [Decimal(sign + point) for point in POINTS for sign in ("", "-")]
LARGEST = {"exp": 1e6, "expm1": 1e6, "erfc": 200.0}


def nearest(function: str, x: Decimal, precision: int) -> Decimal:
    """mpmath's value, correctly rounded: its working digits reach far beyond cancellation and the angle."""
    digits = precision + 60 + 2 * abs(x.adjusted())
    with mpmath.workdps(digits):
        value = getattr(mpmath, function)(mpmath.mpf(str(x)))
        written = Decimal(mpmath.nstr(value, precision + 30, strip_zeros=False))
    return Context(prec=precision, rounding=ROUND_HALF_EVEN, Emax=10**12, Emin=-(10**12)).plus(written)


def assert_within_last_digit(function: str, got: Decimal, x: Decimal, precision: int) -> None:
    """Equal, or off by one in the last digit."""
    wanted = nearest(function, x, precision)
    unit = Decimal((0, (1,), wanted.adjusted() - precision + 1))
    assert abs(got - wanted) <= unit, f"{function}({x}) to {precision}: {got}, not {wanted}"


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["exp", "expm1", "tanh", "erfc", "cos", "log", "log1p", "sqrt"])
def test_an_elementary_function_is_right_to_the_last_digit(name: str, precision: int) -> None:
    function: Callable[[Decimal], Decimal] = getattr(decimals, name)
    for x in SIGNED:
        if abs(x) > LARGEST.get(name, math.inf) or (name in ("log", "sqrt") and x < 0):
            continue
        if name == "log1p" and x <= -1:
            continue
        with localcontext(Context(prec=precision)):
            got = function(x)
        with localcontext(Context(prec=1000)):
            assert_within_last_digit(name, got, x, precision)


@given(
    x=st.builds(lambda n, e: Decimal(n).scaleb(e), st.integers(-(10**9), 10**9), st.integers(-14, -6)),
    name=st.sampled_from(["exp", "expm1", "tanh", "erfc", "cos"]),
)
def test_an_elementary_function_is_right_anywhere(x: Decimal, name: str) -> None:
    if x == 0:
        return
    with localcontext(Context(prec=30)):
        got = getattr(decimals, name)(x)
    with localcontext(Context(prec=2000)):
        assert_within_last_digit(name, got, x, 30)


def test_the_comparison_with_mpmath_can_fail() -> None:
    x, precision = Decimal("0.3"), 28
    with localcontext(Context(prec=60)):
        off = nearest("exp", x, precision) + Decimal("2e-27")
        with pytest.raises(AssertionError, match=r"exp\(0\.3\) to 28"):
            assert_within_last_digit("exp", off, x, precision)


EDGES = (0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan)
NUMBERS = (*EDGES, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-9, 12.75, -12.75)


def _arguments(primitive: Primitive) -> list[tuple[Any, ...]]:
    if primitive.name == "where":
        return list(product((True, False), EDGES, EDGES))
    return list(product(NUMBERS, repeat=len(inspect.signature(primitive.meaning).parameters)))


@pytest.mark.parametrize("primitive", SCALARS, ids=lambda p: p.name)
def test_the_decimal_spelling_means_what_the_plain_python_meaning_does(primitive: Primitive) -> None:
    function = decimal_spelling(primitive)
    for arguments in _arguments(primitive):
        given = [a if isinstance(a, bool) else Decimal(repr(a)) for a in arguments]
        with localcontext(context_of(30)):
            got = float(function(*given))
        wanted = float(primitive.meaning(*arguments))
        what = f"{primitive.name}{arguments}: {got}, not {wanted}"
        assert got == pytest.approx(wanted, rel=1e-14, abs=0, nan_ok=True), what


@pytest.mark.parametrize("primitive", [p for p in SCALARS if p.decimal], ids=lambda p: p.name)
def test_no_signal_escapes_even_where_the_caller_traps_every_one(primitive: Primitive) -> None:
    strict = Context(prec=9)
    for signal in strict.traps:
        strict.traps[signal] = signal is not Inexact
    strict.traps[Inexact] = True
    function = decimal_spelling(primitive)
    huge = [tuple(map(Decimal, pair)) for pair in product(("1e999999", "-1e999999", "1e-999999"), repeat=2)]
    arity = len(inspect.signature(primitive.meaning).parameters)
    cases = [
        tuple(a if isinstance(a, bool) else Decimal(repr(a)) for a in case) for case in _arguments(primitive)
    ]
    if primitive.name != "where":
        cases += [pair[:arity] for pair in huge]
    for case in cases:
        with localcontext(strict):
            function(*case)


def test_numbers_too_large_are_infinite_and_too_small_are_zero() -> None:
    assert decimals.exp(Decimal("1e9")) == Decimal("Infinity")
    assert decimals.exp(Decimal("-1e9")) == 0
    assert decimals.expm1(Decimal("1e9")) == Decimal("Infinity")
    assert decimals.expm1(Decimal("-1e9")) == -1
    assert decimals.erfc(Decimal("1e9")) == 0
    assert decimals.erfc(Decimal("-1e9")) == 2
    assert decimals.tanh(Decimal("-1e9")) == -1
    assert decimals.power(Decimal(10), Decimal("1e9")) == Decimal("Infinity")


def test_a_saturated_result_is_known_to_be_inexact() -> None:
    for function, x in (
        ("tanh", "1e9"),
        ("erfc", "1e9"),
        ("erfc", "-1e9"),
        ("expm1", "-1e9"),
        ("tanh", "200"),
    ):
        context = context_of(30)
        context.clear_flags()
        with localcontext(Context(prec=30)):
            getattr(decimals, function)(Decimal(x))
        assert context.flags[Inexact], function


def test_a_cosine_too_far_out_is_not_a_number() -> None:
    assert decimals.cos(Decimal("1e10001")).is_nan()
    assert abs(decimals.cos(Decimal("1e300"))) <= 1


@pytest.mark.parametrize(
    ("base", "exponent", "value"),
    [
        ("0.3", "3", "0.027"),
        ("-2", "3", "-8"),
        ("2", "-3", "0.125"),
        ("-2", "-2", "0.25"),
        ("-0.5", "2", "0.25"),
    ],
)
def test_a_whole_power_is_exact(base: str, exponent: str, value: str) -> None:
    assert decimals.power(Decimal(base), Decimal(exponent)) == Decimal(value)


def test_a_broken_power_is_right() -> None:
    with localcontext(Context(prec=40)), mpmath.workdps(60):
        got = decimals.power(Decimal("2.5"), Decimal("-1.3"))
        wanted = mpmath.mpf("2.5") ** mpmath.mpf("-1.3")
        assert abs(mpmath.mpf(str(got)) / wanted - 1) < mpmath.mpf("1e-39")


def test_a_primitive_without_a_decimal_spelling_says_so(told: Callable[..., str]) -> None:
    made = scalar("sinh", math.sinh, "sinh({0:free})", "", "")
    try:
        assert told(InvalidInput, lambda: decimal_spelling(made)) == (
            'the primitive "sinh" has no spelling on decimals (chainrule.engines.decimals:sinh): write one, '
            'or make its row with decimal="" if its plain-Python meaning serves decimals too'
        )
    finally:
        del PRIMITIVES["sinh"]
