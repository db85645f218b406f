"""What each sample of a batch contributes to a gradient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from chainrule.engines.pencil import printed
from chainrule.formulas.expression import Apply, Expression, symbols_in
from chainrule.formulas.writing import Form
from chainrule.working.building import comes_to, number_in
from chainrule.working.calculation import PENCIL, Calculation
from chainrule.working.document import Name, Step, Working, Written
from chainrule.working.entries import Entry, quantity
from chainrule.working.unfolding import ScalarLine

__all__ = ["shares_of"]

MOST_SHARES = 256
_PENALTY = 1 << 32  # after every sample


def shares_of(working: Working, line: ScalarLine, calculation: Calculation, names: Any) -> Working:
    """The working of a parameter's gradient, with a step for each sample's share before the sum.

    What belongs to no sample (a penalty) is a share by itself. Unchanged where there is one sample, or where
    the line is no sum over samples.
    """
    program = calculation.program
    if program.sizes is None or program.sizes.samples == 1 or line.kind != "gradients" or not line.paths:
        return working
    terms = list(_terms(line.tree))
    by_sample: dict[int, list[Expression]] = {}
    for term in terms:
        samples = {sample for key in symbols_in(term) for sample in _samples(key, program.sizes)}
        if len(samples) > 1:
            return working
        by_sample.setdefault(max(samples, default=_PENALTY), []).append(term)
    if len(by_sample) > MOST_SHARES:
        return working
    steps = [_share(line, sample, by_sample[sample], calculation, names) for sample in sorted(by_sample)]
    *before, last = working.phases
    *others, total = last.steps
    assert isinstance(total, Step)
    if calculation.by == PENCIL and not _add_up(steps, total):
        told = "each share is rounded by itself, so they do not add up to it digit for digit"
        total = replace(total, reason=f"{total.reason}; {told}")
    return replace(working, phases=(*before, replace(last, steps=(*others, *steps, total))))


def _add_up(steps: list[Step], total: Step) -> bool:
    """Whether the printed shares add up to what is printed; of numbers that are not finite, none are asked."""
    try:
        return sum(Decimal(step.result) for step in steps) == Decimal(total.result)
    except InvalidOperation:
        return True


def _share(
    line: ScalarLine, sample: int, terms: list[Expression], calculation: Calculation, names: Any
) -> Step:
    tree = terms[0]
    for term in terms[1:]:
        tree = tree + term
    rounding = calculation.rounding(line.key)
    value = printed(tree, calculation.values, rounding)
    result = rounding.written(value)
    told = "the penalty" if sample == _PENALTY else f"sample {sample}"
    return Step(
        key=f"{line.key}/{told.removeprefix('the ')}",
        name=_share_of(names.name(line.key), told, sample),
        arrow="=",
        call=None,
        formula=Written.of(tree, lambda key, form: names.name(key).form(form)),
        numbers=Written.of(tree, lambda key, form: _number(calculation, key, form)),
        result=result,
        exact=comes_to(tree, calculation, result),
        value=float(value),
        reason=f"what {told} contributes",
        kind="share",
        uses=symbols_in(tree),
    )


def _number(calculation: Calculation, key: str, form: Form) -> str:
    return number_in(calculation.written(key), form)


def _share_of(name: Name, told: str, sample: int) -> Name:
    below = (
        ("R", "<mi>R</mi>")
        if sample == _PENALTY
        else (f"n={sample}", f"<mi>n</mi><mo>=</mo><mn>{sample}</mn>")
    )
    return Name(
        f"{name.text} ({told})",
        rf"{name.latex}\Big|_{{{below[0]}}}",
        f"<mrow>{name.mathml}<mo>|</mo>{below[1]}</mrow>",
    )


def _samples(key: str, sizes: Any) -> Iterator[int]:
    """The sample of a quantity's entry."""
    found = quantity(key)
    for entry in (found,) if isinstance(found, Entry) else (found.of, found.wrt):
        if entry.index and sizes.per_sample(entry.symbol):
            yield entry.index[0]


def _terms(tree: Expression) -> Iterator[Expression]:
    """The terms of a sum, each with its sign."""
    waiting = [(tree, 1)]
    while waiting:
        at, sign = waiting.pop()
        name = at.primitive.name if isinstance(at, Apply) else ""
        if isinstance(at, Apply) and name in ("add", "subtract"):
            left, right = at.arguments
            waiting += [(right, -sign if name == "subtract" else sign), (left, sign)]
        elif isinstance(at, Apply) and name == "negative":
            waiting.append((at.arguments[0], -sign))
        else:
            yield at if sign > 0 else -at
