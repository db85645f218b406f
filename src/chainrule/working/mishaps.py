"""Where a rounding breaks a calculation: the first number without a value, the first step out of all bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from chainrule.engines.pencil import evaluate_decimal
from chainrule.formulas.expression import Apply, Expression, symbols_in, walk
from chainrule.working.calculation import Calculation
from chainrule.working.document import Working
from chainrule.working.program import Program
from chainrule.working.unfolding import ScalarLine

__all__ = ["with_mishaps"]

LEAST = Decimal("1e-6")
"""A divisor below this, where a rounding made it so, makes a step out of all bounds."""


def with_mishaps(working: Working, calculation: Calculation, names: Any) -> Working:
    """The working of a pencil, its reasons saying where, and why, the rounding breaks it.

    names: the namer of the working's notation
    """
    policy = calculation.policy
    if all(each.kind == "exact" for each in (policy.default, *policy.per.values())):
        return working
    told = dict(_mishaps(calculation, names))
    return _with(working, told) if told else working


def _with(working: Working, told: Mapping[str, str]) -> Working:
    phases = tuple(
        replace(
            phase,
            steps=tuple(
                replace(step, reason=f"{step.reason}; {told[step.key]}" if step.reason else told[step.key])
                if step.key in told
                else step
                for step in phase.steps
            ),
        )
        for phase in working.phases
    )
    look_up = working.lookup
    if look_up is None:
        return replace(working, phases=phases)
    return replace(working, phases=phases, lookup=lambda name: _with(look_up(name), told))


def _mishaps(calculation: Calculation, names: Any) -> Iterator[tuple[str, str]]:
    """The key of a line, and what is to be said of it: the first of either kind."""
    program, values = calculation.program, calculation.values
    assert isinstance(program, Program)
    for line in program:
        if not values[line.key].is_finite():
            blamed = [key for key in line.uses if _is_lost(key, program, values)]
            name = names.name(line.key).text
            yield (
                line.key,
                (
                    f"this rounding makes {_equations(blamed, calculation, names)}, so {name} has no finite value, "
                    "nor has what is made of it"
                    if blamed
                    else f"with these numbers {name} has no finite value, nor has what is made of it"
                ),
            )
            return
    for line in program:
        divisors = _vanished(line, program, values) if line.phase == "update" else []
        if divisors:
            yield (
                line.key,
                (
                    f"this rounding makes {_equations(divisors, calculation, names)}, so the step is divided by "
                    "almost nothing: take significant digits, such as significant:4"
                ),
            )
            return


def _equations(keys: list[str], calculation: Calculation, names: Any) -> str:
    found = [f"{names.name(key).text} = {_plain(calculation.values[key])}" for key in dict.fromkeys(keys)]
    return " and ".join(found[:2])


def _plain(value: Decimal) -> str:
    return str(int(value))


def _is_lost(key: str, program: Program, values: Mapping[str, Decimal]) -> bool:
    """Whether a number is 0 or 1 because it was rounded, or is 0 because it is made of one that is."""
    line = program.by_key.get(key)
    if line is None or not values[key].is_finite() or abs(values[key]) not in (0, 1):
        return False
    if evaluate_decimal(line.tree, values) != values[key]:
        return True
    return values[key] == 0 and any(
        values[used] == 0 and _is_lost(used, program, values) for used in line.uses
    )


def _vanished(line: ScalarLine, program: Program, values: Mapping[str, Decimal]) -> list[str]:
    """What a line divides by that is 0 because it was rounded, and hardly anything is left to divide by."""
    for over, divisor in _quotients(line.tree):
        lost = [key for key in symbols_in(divisor) if values[key] == 0 and _is_lost(key, program, values)]
        if lost and abs(evaluate_decimal(divisor, values)) < LEAST and evaluate_decimal(over, values):
            return lost
    return []


def _quotients(tree: Expression) -> Iterator[tuple[Expression, Expression]]:
    for node in walk(tree):
        if isinstance(node, Apply) and node.primitive.name == "divide":
            yield node.arguments[0], node.arguments[1]
