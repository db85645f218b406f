"""Passes by what they compute: symbols are renamed in order, so equal work in two layers is one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from chainrule.engines.assignments import BATCH_ROWS, Assignment, Form, Pass, Way, form_of
from chainrule.engines.generated import PassWriter
from chainrule.engines.short_rows import DownWriter
from chainrule.formulas.expression import (
    Apply,
    Constant,
    Expression,
    Primitive,
    Symbol,
    fold,
    substitute,
)
from chainrule.formulas.vocabulary import absolute, where

# By dtype: numbers from 2^-e to 2^e have a reciprocal with all its digits; others are shifted by so many
# powers of 2, which brings even the subnormal ones there.
_SAFE = {"float32": (120, 64), "float64": (1000, 500)}


def write_pass(
    assignments: Sequence[Assignment], forms: Mapping[str, Form], dtype: str, way: Way, *, large: bool = False
) -> Pass:
    """The machine code of a pass.

    forms: of every symbol that the trees read
    way:   "flat" where nothing tells rows from columns; otherwise the lanes go along the columns of a row
           ("along"), or, where a row is shorter than that, each lane takes a row ("down")
    large: whether the entries are more than the caches hold
    """
    names: dict[str, str] = {}
    for name in [*forms, *(a.symbol for a in assignments)]:
        names.setdefault(name, f"p{len(names)}")
    known = tuple((names[name], form) for name, form in forms.items())
    renamed = tuple(
        Assignment(a.kind, names[a.symbol], _rename(_with_reciprocals(a.tree, forms, dtype), names), a.kept)
        for a in assignments
    )
    made = _write(renamed, known, dtype, way, large)
    back = {short: name for name, short in names.items()}
    return Pass(
        made.text,
        tuple(back[n] for n in made.addresses),
        tuple(back[n] for n in made.slots),
        made.scratch,
    )


def _rename(tree: Expression, names: Mapping[str, str]) -> Expression:
    return substitute(tree, {old: Symbol(new) for old, new in names.items()})


def _with_reciprocals(tree: Expression, forms: Mapping[str, Form], dtype: str) -> Expression:
    """Entries divided by one number: multiplied by its reciprocal, which is taken once, in float64."""
    form: dict[Expression, Form] = {}

    def known(node: Expression) -> Form:
        if node not in form:
            form[node] = form_of(node, forms)
        return form[node]

    def apply(primitive: Primitive, *given: Expression) -> Expression:
        if primitive.name == "divide" and not isinstance(given[1], Constant):
            entries, number = given
            if known(number) == "number" and known(entries) != "number":
                return _times_reciprocal(entries, number, dtype)
        return Apply.of(primitive, *given)

    made: Expression = fold(tree, lambda s: s, lambda c: c, apply)
    return made


def _times_reciprocal(entries: Expression, number: Expression, dtype: str) -> Expression:
    """entries / number, in two factors where the reciprocal alone would overflow or lose digits.

    The second factor is a power of 2, and 1 for all other numbers: it changes no bit then.
    """
    if number is BATCH_ROWS:
        return entries * (1 / number)
    exponent, shift = _SAFE[dtype]
    size = absolute(number)
    scale = where(size < 2.0**-exponent, 2.0**shift, where(size > 2.0**exponent, 2.0**-shift, 1.0))
    made: Expression = entries * (1 / (number * scale)) * scale
    return made


@lru_cache(maxsize=4096)
def _write(
    assignments: tuple[Assignment, ...],
    forms: tuple[tuple[str, Form], ...],
    dtype: str,
    way: Way,
    large: bool,
) -> Pass:
    writer = {"flat": PassWriter, "along": PassWriter, "down": DownWriter}[way]
    return writer(assignments, dict(forms), dtype, way == "flat", large).write()
