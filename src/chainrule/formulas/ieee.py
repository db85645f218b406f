"""Arithmetic on Python floats with the results IEEE 754 prescribes where Python's `math` raises."""

from __future__ import annotations

import math
from collections.abc import Callable


def unraising(function: Callable[[float], float], overflow: float = math.inf) -> Callable[[float], float]:
    """A function of `math` that gives ±∞ or not-a-number where it would raise."""

    def meaning(value: float) -> float:
        try:
            return function(value)
        except OverflowError:
            return overflow
        except ValueError:
            return -math.inf if value == 0 else math.nan

    return meaning


def divide(a: float, b: float) -> float:
    """a / b; a signed infinity, or for 0 / 0 not-a-number, where b is 0."""
    if b != 0:
        return a / b
    return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)


def power(base: float, exponent: float) -> float:
    """base to the exponent; a signed infinity where that is too large."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf


def propagating(choose: Callable[[float, float], float]) -> Callable[[float, float], float]:
    """max or min, not-a-number if either argument is."""
    return lambda a, b: math.nan if math.isnan(a) or math.isnan(b) else choose(a, b)


def log1p(value: float) -> float:
    """ln(1 + value); −∞ at −1."""
    return -math.inf if value == -1 else unraising(math.log1p)(value)
