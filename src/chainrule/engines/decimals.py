"""What each scalar primitive computes on `decimal.Decimal`, to the precision of the current context.

Elementary functions carry guard digits and are rounded once at the end. Infinities and not-a-number are
as IEEE 754 prescribes (1/0 = ∞, ln 0 = −∞), and no decimal signal is ever raised, whatever the caller's
context traps. A result that is not exact sets the flag `Inexact` of `context_of(precision)`.

>>> divide(Decimal(1), Decimal(0)), log(Decimal(0)), exp(Decimal(10) ** 9)
(Decimal('Infinity'), Decimal('-Infinity'), Decimal('Infinity'))
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from decimal import MAX_EMAX, MIN_EMIN, ROUND_FLOOR, Context, Decimal, Inexact, getcontext
from functools import lru_cache

from chainrule.formulas import ieee

NAN, INFINITY = Decimal("NaN"), Decimal("Infinity")
ZERO, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)
GUARD = 10
LARGEST_EXPONENT = 999_999  # beyond 10^999999 is infinite, below 10^−999999 gradually 0
FARTHEST_ANGLE = 10_000  # cos needs as many digits of π as its argument has before the point


class _Local(threading.local):
    """Contexts hold flags, so each thread has its own."""

    def __init__(self) -> None:
        self.contexts: dict[int, Context] = {}


_local = _Local()


def context_of(precision: int) -> Context:
    """This thread's context of that precision, in which nothing is trapped."""
    found = _local.contexts.get(precision)
    if found is None:
        found = Context(
            prec=precision,
            rounding="ROUND_HALF_EVEN",
            Emax=LARGEST_EXPONENT,
            Emin=-LARGEST_EXPONENT,
            capitals=1,
            clamp=0,
            flags=[],
            traps=[],
        )
        _local.contexts[precision] = found
    return found


def _quiet() -> Context:
    return context_of(getcontext().prec)


@lru_cache(maxsize=256)
def _wide(digits: int) -> Context:
    """For steps on the way: more digits, and exponents that do not overflow. Nobody reads its flags."""
    return Context(prec=max(digits, 1), Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[])


def _rounded(value: Decimal, context: Context) -> Decimal:
    """An irrational value, rounded once."""
    context.flags[Inexact] = True
    return context.plus(value)


def divide(a: Decimal, b: Decimal) -> Decimal:
    """a / b; a signed infinity, or for 0 / 0 not-a-number, where b is 0."""
    return _quiet().divide(a, b)


def square(a: Decimal) -> Decimal:
    """a²."""
    return _quiet().multiply(a, a)


def sqrt(a: Decimal) -> Decimal:
    """√a; not-a-number below 0."""
    return _quiet().sqrt(a)


def power(base: Decimal, exponent: Decimal) -> Decimal:
    """base to the exponent."""
    if exponent == 0 or base == 1:
        return ONE
    if base.is_nan() or exponent.is_nan():
        return NAN
    if base.is_infinite() or exponent.is_infinite() or not base:
        return Decimal(repr(ieee.power(_like_base(base), _like_exponent(exponent))))
    return _quiet().power(base, exponent)


def _like_base(value: Decimal) -> float:
    """A float on the same side of −1, 0 and 1."""
    size = value.copy_abs()
    return math.copysign(float(size) if size in (ZERO, ONE, INFINITY) else 0.5 if size < 1 else 2.0, value)


def _like_exponent(value: Decimal) -> float:
    """A float of the same sign that is infinite, odd, even or broken as the value is."""
    size = value.copy_abs()
    if size == INFINITY:
        return float(value)
    if size != size.to_integral_value(context=_wide(1)):
        return math.copysign(0.5, value)
    odd = size.adjusted() < len(size.as_tuple().digits) and int(size) % 2 == 1
    return math.copysign(1.0 if odd else 2.0, value)


def exp(x: Decimal) -> Decimal:
    """e to the x; ∞ where that is too large."""
    return _quiet().exp(x)


def log(x: Decimal) -> Decimal:
    """ln x; −∞ at 0, not-a-number below."""
    return _quiet().ln(x)


def _small(x: Decimal, precision: int) -> bool:
    """Whether x² is beyond the precision beside x."""
    return bool(x) and 2 * -x.adjusted() > precision + GUARD + 2


def expm1(x: Decimal) -> Decimal:
    """eˣ − 1, which keeps its digits near 0."""
    context = _quiet()
    if not x.is_finite() or not x:
        return x if not x.is_infinite() or x > 0 else -ONE
    return _rounded(_expm1(x, context.prec), context)


def _expm1(x: Decimal, precision: int) -> Decimal:
    wide = _wide(precision + GUARD + max(0, -x.adjusted()))
    if _small(x, precision):
        # Two terms; the third is x³/6.
        return wide.add(x, wide.divide(wide.multiply(x, x), TWO))
    if x.adjusted() > 7:  # e^(10^8) is beyond the largest exponent
        return INFINITY if x > 0 else wide.add(-ONE, Decimal((0, (1,), -precision - GUARD + 1)))
    return wide.subtract(wide.exp(x), ONE)


def log1p(x: Decimal) -> Decimal:
    """ln(1 + x), which keeps its digits near 0; −∞ at −1."""
    context = _quiet()
    if not x.is_finite() or not x:
        return NAN if x.is_infinite() and x < 0 else x
    if x <= -1:
        return -INFINITY if x == -1 else NAN
    wide = _wide(context.prec + GUARD + max(0, -x.adjusted()))
    if _small(x, context.prec):
        return _rounded(wide.subtract(x, wide.divide(wide.multiply(x, x), TWO)), context)
    if x.adjusted() > context.prec + GUARD:
        return _rounded(wide.ln(x), context)
    exact = _wide(len(x.as_tuple().digits) + abs(x.adjusted()) + 2)
    return _rounded(wide.ln(exact.add(ONE, x)), context)


def _saturating(precision: int) -> int:
    """Where 1 − tanh x, about 2 e^(−2x), is beyond the precision: 2x > ln 10 · digits."""
    return math.ceil(1.16 * (precision + GUARD))


def tanh(x: Decimal) -> Decimal:
    """The hyperbolic tangent."""
    context = _quiet()
    if not x.is_finite():
        return x if x.is_nan() else ONE.copy_sign(x)
    if not x:
        return x
    if x.adjusted() > 5 or x.copy_abs() > _saturating(context.prec):
        return _rounded(ONE.copy_sign(x), context)
    wide = _wide(context.prec + GUARD)
    grown = _expm1(wide.multiply(TWO, x), context.prec + GUARD)
    return _rounded(wide.divide(grown, wide.add(grown, TWO)), context)


def erfc(x: Decimal) -> Decimal:
    """The complementary error function, relative to its size also where it is tiny."""
    context = _quiet()
    if x.is_nan() or not x:
        return x if x.is_nan() else ONE
    if x.is_infinite() or x.adjusted() > 3:  # erfc(10000) is 10^−43429453, which is 0
        return _rounded(ZERO, context) if x > 0 else _rounded(TWO, context)
    if x < 0:
        # Near 0 the two sides of 1 meet; far below it erfc is 2 to any precision.
        wide = _wide(context.prec + GUARD)
        return _rounded(wide.add(ONE, _erf(wide.minus(x), context.prec + GUARD)), context)
    if x > 3:
        return _rounded(_erfc_tail(x, context.prec), context)
    digits = context.prec + GUARD + 6  # erfc(3) is 2e-5
    return _rounded(_wide(digits).subtract(ONE, _erf(x, digits)), context)


def _erf(x: Decimal, digits: int) -> Decimal:
    """erf x for x > 0 to an absolute error below 10^−digits.

    2/√π · e^(−x²) Σ 2ⁿ x^(2n+1) / (1 · 3 ⋯ (2n+1)): all terms positive (Abramowitz & Stegun 7.1.6).
    """
    if x > 3:
        return _wide(digits + 1).subtract(ONE, _erfc_tail(x, digits))
    wide = _wide(digits + GUARD)
    doubled = wide.multiply(TWO, wide.multiply(x, x))
    term = total = x
    n, least = 1, x.adjusted() - digits - GUARD
    while term.adjusted() > least:
        n += 2
        term = wide.divide(wide.multiply(term, doubled), Decimal(n))
        total = wide.add(total, term)
    scale = wide.divide(wide.multiply(TWO, _gaussian(x, digits)), _root_of_pi(digits))
    return wide.multiply(scale, total)


def _erfc_tail(x: Decimal, digits: int) -> Decimal:
    """erfc x for x > 3 to a relative error below 10^−digits.

    e^(−x²)/√π over the continued fraction x + ½/(x + 1/(x + 3/2/(x + …))) (Abramowitz & Stegun 7.1.14),
    by Lentz's method: its convergents enclose the value, so the last change bounds the error.
    """
    wide = _wide(digits + GUARD)
    close = Decimal((0, (1,), -digits - 5))
    fraction = above = x
    below, k, change = ZERO, ZERO, TWO
    half = Decimal("0.5")
    while wide.subtract(change, ONE).copy_abs() > close:
        k = wide.add(k, half)
        below = wide.divide(ONE, wide.add(x, wide.multiply(k, below)))
        above = wide.add(x, wide.divide(k, above))
        change = wide.multiply(above, below)
        fraction = wide.multiply(fraction, change)
    return wide.divide(_gaussian(x, digits), wide.multiply(_root_of_pi(digits), fraction))


def _gaussian(x: Decimal, digits: int) -> Decimal:
    """e^(−x²) to a relative error below 10^−digits; x² therefore to more places."""
    wide = _wide(digits + GUARD + 2 * max(0, x.adjusted() + 1))
    return wide.exp(wide.minus(wide.multiply(x, x)))


def cos(x: Decimal) -> Decimal:
    """The cosine of an angle in radians; not-a-number at infinity and for angles beyond 10^10000."""
    context = _quiet()
    if not x.is_finite() or x.adjusted() > FARTHEST_ANGLE:
        return NAN
    if not x:
        return ONE
    digits = context.prec + GUARD
    reach, lost = max(0, x.adjusted() + 1), 0
    while True:
        wide = _wide(digits + reach + lost + GUARD)
        right_angle = wide.divide(_pi(digits + reach + lost), TWO)
        turns = wide.divide(x, right_angle).to_integral_value(context=wide)
        rest = wide.subtract(x, wide.multiply(turns, right_angle))
        # Near a zero of the cosine the difference has lost digits: take more of π.
        if not turns or -rest.adjusted() <= lost + GUARD // 2:
            break
        lost = max(2 * lost, -rest.adjusted())
    quarter = int(turns) % 4
    start = ONE if quarter in (0, 2) else rest
    value = _alternating(start, rest, quarter in (1, 3), digits)
    return _rounded(value if quarter in (0, 3) else value.copy_negate(), context)


def _alternating(start: Decimal, x: Decimal, odd: bool, digits: int) -> Decimal:
    """cos x or, where odd, sin x by their series, for |x| ≤ π/4."""
    wide = _wide(digits + GUARD)
    squared = wide.multiply(x, x)
    term = total = start
    n, least = (1 if odd else 0), start.adjusted() - digits - GUARD
    while term and term.adjusted() > least:
        term = wide.divide(wide.minus(wide.multiply(term, squared)), Decimal((n + 1) * (n + 2)))
        total = wide.add(total, term)
        n += 2
    return total


def _pi(digits: int) -> Decimal:
    return _pi_to(-(-digits // 50) * 50 + GUARD)


@lru_cache(maxsize=64)
def _root_of_pi(digits: int) -> Decimal:
    return _wide(digits + GUARD).sqrt(_pi(digits))


@lru_cache(maxsize=64)
def _pi_to(digits: int) -> Decimal:
    """π to that many decimals, by Machin's formula (1706): 16 arctan(1/5) − 4 arctan(1/239)."""
    unit = int(10 ** (digits + GUARD))

    def arctan_of_inverse(n: int) -> int:
        power = total = unit // n
        k, sign = 1, 1
        while power:
            power //= n * n
            k, sign = k + 2, -sign
            total += sign * (power // k)
        return total

    scaled = 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239)) // 10**GUARD
    return _wide(digits + GUARD).scaleb(Decimal(scaled), -digits)


def absolute(a: Decimal) -> Decimal:
    """|a|."""
    return a.copy_abs()


def sign(a: Decimal) -> Decimal:
    """1, 0 or −1."""
    if a.is_nan():
        return a
    return ONE.copy_sign(a) if a else ZERO


def floor(a: Decimal) -> Decimal:
    """The greatest whole number that is at most a."""
    return a.to_integral_value(ROUND_FLOOR, _quiet())


def maximum(a: Decimal, b: Decimal) -> Decimal:
    """The greater; not-a-number if either is."""
    if a.is_nan() or b.is_nan():
        return NAN
    return b if b > a else a


def minimum(a: Decimal, b: Decimal) -> Decimal:
    """The lesser; not-a-number if either is."""
    if a.is_nan() or b.is_nan():
        return NAN
    return b if b < a else a


def xlogy(x: Decimal, y: Decimal) -> Decimal:
    """x ln y, and 0 where x is 0, as entropy takes it."""
    if x == 0 and not y.is_nan():
        return ZERO
    context = _quiet()
    return context.multiply(x, context.ln(y))


def where(condition: object, a: Decimal, b: Decimal) -> Decimal:
    """a where the condition holds, b elsewhere."""
    return a if condition else b


def _ordered(test: Callable[[Decimal, Decimal], bool]) -> Callable[[Decimal, Decimal], bool]:
    """A comparison that is false, without a signal, where either side is not-a-number."""
    return lambda a, b: not (a.is_nan() or b.is_nan()) and test(a, b)


greater = _ordered(lambda a, b: a > b)
greater_equal = _ordered(lambda a, b: a >= b)
less = _ordered(lambda a, b: a < b)
less_equal = _ordered(lambda a, b: a <= b)
equal = _ordered(lambda a, b: a == b)
