"""Which ways of rounding a sheet's right answers leave open for a wrong one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.working.marking.search import Explanation, Question
from chainrule.working.marking.verdicts import as_written
from chainrule.working.program import Program

__all__ = ["allowed"]


def allowed(
    program: Program,
    found: Sequence[Explanation],
    question: Question,
    rights: Mapping[int, Question],
    values: Sequence[float],
) -> list[Explanation]:
    """The explanations that need no rounding which the right answers exclude.

    rights: place on the sheet → a right answer; values: the exact values of the sheet's answers

    Where all right answers are of one way, a slip that needs the other is out. Where they are not, the
    answers of the same kind still show from which fraction of the last digit on their writer rounds up.
    """
    modes = {habit.label for habit in as_written()}
    for place, right in rights.items():
        fitting = {h.label for h in as_written() if bool(h.fits(values[place], right.key, right.digits))}
        if fitting and right.digits.value != 0:
            modes &= fitting
    kind = program.by_key[question.key].kind
    same = [
        (place, right)
        for place, right in rights.items()
        if program.by_key[right.key].kind == kind and right.digits.decimals == question.digits.decimals
    ]
    kept = []
    for each in found:
        if each.habit.label in ("rounded", "truncated"):
            if modes and each.habit.label not in modes:
                continue
            if not modes and any(
                _contradict(each.value, question, each.values[place], right) for place, right in same
            ):
                continue
        kept.append(each)
    return kept


def _fraction(value: float, question: Question) -> tuple[float, bool]:
    """How far a value is beyond its last digit written, and whether it was written up."""
    size = abs(value) / question.digits.unit
    return size % 1.0, abs(question.digits.number) > abs(value)


def _contradict(value: float, question: Question, other: float, right: Question) -> bool:
    """Whether one was written up although the other, further on, was written down."""
    fraction, up = _fraction(value, question)
    shown, shown_up = _fraction(other, right)
    if up == shown_up:
        return False
    return shown >= fraction - 1e-6 if up else shown <= fraction + 1e-6
