"""Whether two formulas are the same: compared at random points, with a bound on what rounding may do."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from typing import Any

from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Expression, Primitive, fold, symbols_in

RELATIVE = 1e-9
USUAL = (0.05, 0.95)
WIDE = (-4.0, 4.0)
_ULP = 2.0**-52


def equal(one: Expression, other: Expression) -> bool:
    """Whether two scalar formulas agree at random points, between 0 and 1 and beyond.

    A point beyond where either formula has no finite value does not count, so ln(p q) = ln p + ln q.

    >>> from chainrule.formulas.expression import Symbol
    >>> from chainrule.formulas.vocabulary import exp
    >>> p, z = Symbol("p"), Symbol("z")
    >>> equal(p * (1 - p), p - p**2), equal(exp(z) / exp(2 * z), exp(-z)), equal(p, 2 * p)
    (True, True, False)
    """
    if not equal_at_random_points(one, other):
        return False
    wide = dict.fromkeys(_names(one, other), WIDE)
    return _agree(one, other, wide, 64, 2, strict=False)


def equal_at_random_points(
    one: Expression,
    other: Expression,
    ranges: Mapping[str, tuple[float, float]] | None = None,
    points: int = 64,
    seed: int = 1,
) -> bool:
    """Whether two scalar formulas agree, to a relative 1e-9, at points drawn from a seed.

    ranges: symbol → (low, high) to draw from; (0.05, 0.95) for the others

    At a point where one is finite and the other not they differ; with no finite point they are not equal.
    Raises InvalidInput for a formula of matrices.
    """
    names = _names(one, other)
    given = ranges or {}
    return _agree(one, other, {name: given.get(name, USUAL) for name in names}, points, seed, strict=True)


def _names(one: Expression, other: Expression) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*symbols_in(one), *symbols_in(other))))


def _agree(
    one: Expression,
    other: Expression,
    ranges: Mapping[str, tuple[float, float]],
    points: int,
    seed: int,
    *,
    strict: bool,
) -> bool:
    draw = random.Random(seed)
    compared = 0
    for _ in range(points):
        point = {name: draw.uniform(*ranges[name]) for name in ranges}
        (a, error_a), (b, error_b) = _evaluated(one, point), _evaluated(other, point)
        if math.isfinite(a) and math.isfinite(b):
            compared += 1
            if abs(a - b) > RELATIVE * max(abs(a), abs(b)) + 8 * (error_a + error_b):
                return False
        elif strict and (math.isfinite(a) or math.isfinite(b)):
            return False
    return compared > 0 or not strict


def _evaluated(tree: Expression, point: Mapping[str, float]) -> tuple[float, float]:
    """A formula's value and how far rounding may have moved it, which matters where terms cancel."""

    def apply(primitive: Primitive, *arguments: tuple[float, float]) -> tuple[float, float]:
        if not primitive.elementwise:
            raise InvalidInput(
                f"only formulas of single numbers are compared, and this one has {primitive.name}: "
                "write it entry by entry"
            )
        values = [value for value, _ in arguments]
        found = primitive.meaning(*values)
        if not math.isfinite(found):
            return math.nan, 0.0
        error = abs(found) * _ULP
        for place, (value, moved) in enumerate(arguments):
            for shifted in {value - moved, value + moved} - {value}:
                there = primitive.meaning(*values[:place], shifted, *values[place + 1 :])
                error += abs(there - found) if math.isfinite(there) else 0.0
        return found, error

    def leaf(value: float) -> tuple[float, float]:
        return value, abs(value) * _ULP

    result: Any = fold(tree, lambda s: leaf(point[s.name]), lambda c: leaf(c.value), apply)
    return float(result[0]), float(result[1])
