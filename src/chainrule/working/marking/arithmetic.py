"""Answers that are sums still to be done: 0.5*0.7+0.3*0.4 is the number that it comes to."""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from decimal import Decimal

from chainrule.errors import InvalidInput
from chainrule.formulas.expression import evaluate
from chainrule.working.algebra import parse_formula
from chainrule.working.marking.formulas import is_number
from chainrule.working.marking.verdicts import Digits

__all__ = ["arithmetic", "is_arithmetic"]

_NUMBER = re.compile(r"(?<![\w.])[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?")
LARGEST_SLACK = 0.01  # of the value: beyond, its numbers say too little
LEAST_SLACK = 1e-4  # a number that looks like a given one may be a rounded one after all
FEWEST = 4


def is_arithmetic(written: str) -> bool:
    """Whether an answer is a formula of numbers alone.

    >>> is_arithmetic("2*(0.6457-1)"), is_arithmetic("2*(o1-1)"), is_arithmetic("0.47")
    (True, False, False)
    """
    return not is_number(written) and _value(written) is not None


def arithmetic(written: str, given: Collection[Decimal] = ()) -> Digits | None:
    """What a formula of numbers alone comes to, or None for anything else.

    given: numbers that are exact; half a unit of the last place of every other one is its writer's rounding

    >>> arithmetic("2*(0.6457-1)").value
    Decimal('-0.7086')
    """
    value = None if is_number(written) else _value(written)
    if value is None:
        return None
    slack, decimals = 0.0, FEWEST
    exact = {abs(number) for number in given}
    for found in _NUMBER.finditer(written):
        number = Decimal(found[0])
        place = number.as_tuple().exponent
        assert isinstance(place, int)
        decimals = max(decimals, -place)
        if number in exact:
            continue
        moved = number + Decimal(5).scaleb(place - 1)
        there = _value(f"{written[: found.start()]}{moved}{written[found.end() :]}")
        slack += abs(there - value) if there is not None else 0.0
    slack = max(min(slack, LARGEST_SLACK * abs(value)), LEAST_SLACK * abs(value))
    kept = Decimal(f"{value:.13g}")
    return Digits(kept, decimals, max(1, kept.adjusted() + decimals + 1), slack=slack)


def _value(written: str) -> float | None:
    try:
        value = float(evaluate(parse_formula(written, ()), {}))
    except (InvalidInput, ArithmeticError, ValueError, TypeError):
        return None
    return value if math.isfinite(value) else None
