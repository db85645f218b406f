"""Slips of rounding: a number, or all factors of a product, rounded too early."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.formulas.expression import Expression, Symbol
from chainrule.formulas.vocabulary import absolute, floor, sign
from chainrule.working.entries import Partial
from chainrule.working.marking.slips_parts import Edit
from chainrule.working.marking.sweep import Change, rounder
from chainrule.working.program import ScalarLine

__all__ = ["rounding_edits"]

DECIMALS = (1, 2, 3, 4)
SIGNIFICANT = (1, 2, 3)


def _rounded(value: Expression, digits: int, more: float) -> Expression:
    # As float64 has it: a value a hair below a tie is taken to be on it.
    found: Expression = sign(value) * floor(absolute(value) * 10**digits + more + 1e-9) / 10**digits
    return found


def rounding_edits(line: ScalarLine) -> Iterator[Edit]:
    """The line rounded before it is used, or what it uses rounded in this line only."""
    ways = ((0.5, "round", "rounded"), (0.0, "truncate", "truncated"))
    for digits in DECIMALS:
        many = f"{digits} decimal{'s' * (digits > 1)}"
        for more, kind, way in ways:
            if line.kind != "updates":
                yield Edit(
                    "rounded-too-early",
                    f"{{}} {way} to {many} before use",
                    (line.key,),
                    Change(keep=rounder(kind, digits)),
                    f"{way} {digits}",
                )
            if isinstance(line.quantity, Partial) and len(line.uses) <= 2:
                put = {used: _rounded(Symbol(used), digits, more) for used in line.uses}
                words = " and ".join("{}" for _ in line.uses) + f" {way} to {many} in the slope"
                yield Edit("rounded-too-early", words, line.uses, Change(put=put), f"{way} {digits} in slope")
            elif line.paths:
                put = {used: _rounded(Symbol(used), digits, more) for used in line.uses}
                words = f"the factors of {{}} {way} to {many}"
                yield Edit(
                    "rounded-too-early", words, (line.key,), Change(put=put), f"{way} {digits} factors"
                )
    for digits in SIGNIFICANT if line.kind != "updates" else ():
        many = f"{digits} significant digit{'s' * (digits > 1)}"
        change = Change(keep=rounder("significant", digits))
        yield Edit("rounded-too-early", f"{{}} rounded to {many} before use", (line.key,), change)
