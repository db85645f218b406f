"""Compiled spellings of the scalar primitives: exp, tanh, ln, … written on lanes, without a branch.

Each works on float32 and float64, in one lane or many, with the same bits wherever an entry stands: within
2 units in the last place in float32 and 1e-15 in float64, the signs of 0, infinities, subnormal results and
what is not a number included. Sources: Cody & Waite 1980 (reduction of the range by two constants); Muller
2016 (the scaling in two steps); Shepherd & Laframboise 1981 (erfc).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from chainrule.engines.instructions import Instructions
from chainrule.engines.values import INTEGER, Lanes, unordered
from chainrule.formulas.hashing import GOLDEN, KEPT_BITS, LAST_SHIFT, ROUNDS


@dataclass(frozen=True)
class _Kind:
    """What differs between float32 and float64.

    shifter:  added and taken off again, it rounds to a whole number
    ln2:      ln 2 in two parts, the first with zeros at its end
    terms:    of the series of exp; of that of ln
    """

    digits: int
    bias: int
    shifter: float
    ln2: tuple[float, float]
    exp_terms: int
    log_terms: int
    least_normal: float
    exp_range: tuple[float, float]
    flat_tanh: float


# (1 + 2x) · exp(x²) · erfc(x) for x ≥ 0 as a polynomial in (x − 3.75)/(x + 3.75), of its Chebyshev series.
_ERFC = (
    1.2375126308378275, -0.14024059858554702, 0.0035854154854644293, 0.08227673849015102,
    -0.10880393014174886, 0.09230432116019834, -0.05869339858963677, 0.0283622774215156,
    -0.009746579558029276, 0.0017556258324217529, 0.0002937136655913448, -0.00029015397928986765,
    5.164909889268241e-05, 2.2383912036550678e-05, -1.1444146237700524e-05, -9.72849582211122e-07,
    1.751637648849062e-06, -5.826281078800777e-08, -2.5866850716155884e-07, 2.4289762925488707e-08,
    3.8675334242222354e-08, -4.389284159986328e-09, -5.1739902140113095e-09, 5.457157304704688e-10,
    4.2514714447963895e-10, -3.75315827795962e-11,
)  # fmt: skip
_ERFC_SHORT = (
    1.2375126192677, -0.1402406583213864, 0.003586270394024618, 0.08227841998347046, -0.10881427014905069,
    0.09229076959130378, -0.05864685873554614, 0.02840925236412726, -0.009844494859674952,
    0.001675912217981131, 0.0003963076129893627, -0.00022411674674416022,
)  # fmt: skip
_TURN = 3.75

_KINDS = {
    "float": _Kind(
        23, 127, 1.5 * 2.0**23, (0.693359375, -2.12194440054690582e-4), 8, 5, 2.0**-126,
        (-104.0, 89.0), 10.0,
    ),
    "double": _Kind(
        52, 1023, 1.5 * 2.0**52, (0.693147180369123816490, 1.90821492927058770002e-10), 14, 12, 2.0**-1022,
        (-746.0, 710.0), 20.0,
    ),
}  # fmt: skip


def add(a: Any, b: Any) -> Any:
    """a + b"""
    return a + b


def subtract(a: Any, b: Any) -> Any:
    """a − b"""
    return a - b


def multiply(a: Any, b: Any) -> Any:
    """a · b"""
    return a * b


def divide(a: Any, b: Any) -> Any:
    """a / b"""
    return a / b


def negative(a: Any) -> Any:
    """−a"""
    return -a


def square(a: Lanes) -> Lanes:
    """a²"""
    a = a.writer.number(a)
    return a * a


def sqrt(a: Lanes) -> Lanes:
    """√a; not a number below 0."""
    return a.writer.intrinsic("sqrt", a)


def absolute(a: Lanes) -> Lanes:
    """|a|"""
    return a.writer.intrinsic("fabs", a)


def floor(a: Lanes) -> Lanes:
    """The greatest whole number that is not above a."""
    return a.writer.intrinsic("floor", a)


def greater(a: Any, b: Any) -> Any:
    """a > b"""
    return a > b


def greater_equal(a: Any, b: Any) -> Any:
    """a ≥ b"""
    return a >= b


def less(a: Any, b: Any) -> Any:
    """a < b"""
    return a < b


def less_equal(a: Any, b: Any) -> Any:
    """a ≤ b"""
    return a <= b


def equal(a: Any, b: Any) -> Lanes:
    """a = b"""
    return a.same(b) if isinstance(a, Lanes) else b.same(a)


def where(condition: Any, a: Any, b: Any) -> Lanes:
    """a where the condition holds, b elsewhere."""
    return _writer(condition, a, b).choose(condition, a, b)


def maximum(a: Any, b: Any) -> Lanes:
    """The greater; not a number where either is none."""
    writer = _writer(a, b)
    a, b = writer.together(a, b)
    return writer.choose((a > b) | unordered(a), a, b)


def minimum(a: Any, b: Any) -> Lanes:
    """The lesser; not a number where either is none."""
    writer = _writer(a, b)
    a, b = writer.together(a, b)
    return writer.choose((a < b) | unordered(a), a, b)


def sign(a: Lanes) -> Lanes:
    """−1, 0 or 1."""
    writer = a.writer
    return writer.choose(a > 0, 1.0, writer.choose(a < 0, -1.0, a * 0))


def power(a: Any, b: Any) -> Lanes:
    """a to the power b: by products for small whole numbers, otherwise by the C library."""
    writer = _writer(a, b)
    if not isinstance(b, Lanes) and b == int(b) and 1 <= b <= 4:
        a = writer.number(a)
        result: Lanes = a
        for _ in range(int(b) - 1):
            result = result * a
        return result
    return writer.library("pow", a, b)


def cos(a: Lanes) -> Lanes:
    """The cosine, by the C library."""
    return a.writer.library("cos", a)


def exp(x: Lanes) -> Lanes:
    """e to the power x."""
    x = x.writer.number(x)
    return _exp(x, _KINDS[x.kind].exp_terms)


def _exp(x: Lanes, terms: int) -> Lanes:
    kind, writer = _KINDS[x.kind], x.writer
    x = writer.choose(x < kind.exp_range[0], kind.exp_range[0], x)
    x = writer.choose(x > kind.exp_range[1], kind.exp_range[1], x)
    steps, rest = _reduced(x)
    half = _shifted_right(steps)
    series = _polynomial(rest, [1 / math.factorial(n) for n in range(terms)])
    # In two factors, since 2^steps itself may be beyond the exponents there are.
    return series * _two_to(half, x.kind) * _two_to(_minus(steps, half), x.kind)


def expm1(x: Lanes) -> Lanes:
    """e to the power x, less 1, with its digits near 0."""
    given = x = x.writer.number(x)
    kind, writer = _KINDS[x.kind], x.writer
    x = writer.choose(x < -40.0, -40.0, x)
    x = writer.choose(x > kind.exp_range[1], kind.exp_range[1], x)
    steps, rest = _reduced(x)
    series = _polynomial(rest, [1 / math.factorial(n) for n in range(2, kind.exp_terms + 1)])
    near = writer.intrinsic("fma", rest * rest, series, rest)
    # Half of it, since 2^steps itself may be beyond the exponents there are.
    scale = _two_to(_minus(steps, writer.constant(steps.kind, 1, steps.width)), given.kind)
    half = writer.intrinsic("fma", scale, near, scale - 0.5)
    return writer.choose(absolute(given) < 2.0 ** -(kind.digits + 2), given, half + half)


def tanh(x: Lanes) -> Lanes:
    """The hyperbolic tangent."""
    x = x.writer.number(x)
    kind, writer = _KINDS[x.kind], x.writer
    size = absolute(x)
    size = writer.choose(size > kind.flat_tanh, kind.flat_tanh, size)
    grown = expm1(size + size)
    return writer.intrinsic("copysign", grown / (grown + 2.0), x)


def log(x: Lanes) -> Lanes:
    """The natural logarithm: −∞ at 0, not a number below."""
    x = x.writer.number(x)
    kind, writer = _KINDS[x.kind], x.writer
    small = x < kind.least_normal
    scaled = writer.choose(small, x * 2.0 ** (kind.digits + 2), x)
    whole = INTEGER[x.kind]
    # The exponent at which the rest lies between √½ and √2.
    turn = writer.constant(x.kind, math.sqrt(0.5), x.width).bits
    above = _minus(scaled.bits, turn)
    steps = writer.emit(f"ashr {above}, {writer.constant(whole, kind.digits, x.width).name}", whole, x.width)
    mantissa = _minus(scaled.bits, steps << kind.digits).as_real(x.kind)
    exponent = writer.cast("sitofp", steps, x.kind)
    exponent = writer.choose(small, exponent - float(kind.digits + 2), exponent)
    f = mantissa - 1.0
    s = f / (f + 2.0)
    half_square = f * f * 0.5
    series = _polynomial(s * s, [0.0, *(2 / (2 * n + 1) for n in range(1, kind.log_terms))])
    low = writer.intrinsic("fma", exponent, kind.ln2[1], s * (half_square + series))
    found = writer.intrinsic("fma", exponent, kind.ln2[0], f - (half_square - low))
    found = writer.choose(x.same(math.inf), math.inf, found)
    found = writer.choose(x.same(0.0), -math.inf, found)
    return writer.choose((x < 0.0) | unordered(x), math.nan, found)


def log1p(x: Lanes) -> Lanes:
    """ln(1 + x), with its digits near 0."""
    x = x.writer.number(x)
    kind, writer = _KINDS[x.kind], x.writer
    whole = x + 1.0
    # What rounding took from 1 + x.
    lost = writer.choose(x > 1.0, 1.0 - (whole - x), x - (whole - 1.0))
    found = log(whole) + lost / whole
    found = writer.choose((whole.same(0.0)) | x.same(math.inf), log(whole), found)
    return writer.choose(absolute(x) < 2.0 ** -(kind.digits + 2), x, found)


def erfc(x: Lanes) -> Lanes:
    """The complementary error function; for float32 by a shorter series in float64."""
    x = x.writer.number(x)
    if x.kind == "float":
        found = _erfc(x.writer.to_real(x, "double"), _ERFC_SHORT, _KINDS["float"].exp_terms + 1)
        return x.writer.to_real(found, "float")
    return _erfc(x, _ERFC, _KINDS["double"].exp_terms)


def _erfc(x: Lanes, coefficients: tuple[float, ...], terms: int) -> Lanes:
    writer = x.writer
    size = absolute(x)
    size = writer.choose(size > 28.0, 28.0, size)
    series = _polynomial((size - _TURN) / (size + _TURN), coefficients)
    squared = size * size
    lost = writer.intrinsic("fma", size, size, -squared)
    right = _exp(-squared, terms) * ((series - series * lost) / (size + size + 1.0))
    right = writer.choose(x.same(0.0), 1.0, right)
    return writer.choose(x < 0.0, 2.0 - right, right)


def xlogy(x: Any, y: Any) -> Lanes:
    """x · ln(y), which is 0 where x is, unless y is not a number."""
    writer = _writer(x, y)
    x, y = writer.together(x, y)
    nothing = x.same(0.0) & y.same(y)
    return writer.choose(nothing, 0.0, x * log(y))


def _writer(*values: Any) -> Instructions:
    return next(value.writer for value in values if isinstance(value, Lanes))


def _polynomial(x: Lanes, coefficients: Any) -> Lanes:
    """Σ cₙ xⁿ by Horner's scheme."""
    *rest, last = coefficients
    result = x.writer.constant(x.kind, last, x.width)
    for coefficient in reversed(rest):
        result = x.writer.intrinsic("fma", x, result, coefficient)
    return result


def _reduced(x: Lanes) -> tuple[Lanes, Lanes]:
    """x as steps · ln 2 + rest, the rest at most ½ ln 2 in size."""
    kind, writer = _KINDS[x.kind], x.writer
    shifted = writer.intrinsic("fma", x, 1 / math.log(2), kind.shifter)
    shifter = writer.constant(x.kind, kind.shifter, x.width)
    count = shifted - shifter
    rest = writer.intrinsic("fma", count, -kind.ln2[0], x)
    rest = writer.intrinsic("fma", count, -kind.ln2[1], rest)
    return _minus(shifted.bits, shifter.bits), rest


def _two_to(steps: Lanes, kind: str) -> Lanes:
    bias = steps.writer.constant(steps.kind, _KINDS[kind].bias, steps.width)
    return ((steps + bias) << _KINDS[kind].digits).as_real(kind)


def _shifted_right(steps: Lanes) -> Lanes:
    one = steps.writer.constant(steps.kind, 1, steps.width)
    return steps.writer.emit(f"ashr {steps}, {one.name}", steps.kind, steps.width)


def _minus(a: Lanes, b: Lanes) -> Lanes:
    return a.writer.emit(f"sub {a}, {b.name}", a.kind, a.width)


def mixed_uniform(places: Lanes, key: Lanes, step: Lanes) -> Lanes:
    """Numbers in [0, 1) by a hash of key, step and place; see `chainrule.formulas.hashing`."""
    writer = places.writer
    key, step = (writer.cast("fptoui", writer.number(v), "i64") for v in (key, step))
    golden = _word(writer, GOLDEN, 1)
    start = _mixed(_mixed(key + golden) + step * golden)
    bits = _mixed(writer.spread(start, places.width) + places * _word(writer, GOLDEN, places.width))
    kept = writer.cast("uitofp", bits >> (64 - KEPT_BITS), writer.real)
    return kept * 2.0**-KEPT_BITS


def _mixed(bits: Lanes) -> Lanes:
    for shift, factor in ROUNDS:
        bits = (bits ^ (bits >> shift)) * _word(bits.writer, factor, bits.width)
    return bits ^ (bits >> LAST_SHIFT)


def _word(writer: Any, value: int, width: int) -> Lanes:
    """64 bits; LLVM writes whole numbers with a sign."""
    made: Lanes = writer.constant("i64", value - (1 << 64) if value >> 63 else value, width)
    return made
