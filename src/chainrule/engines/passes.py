"""Passes by what they compute: symbols are renamed in order, so equal work in two layers is one function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from chainrule.engines.assignments import Assignment, Form, Pass, Way, form_of
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
        Assignment(a.kind, names[a.symbol], _rename(_with_reciprocals(a.tree, forms), names), a.kept)
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


def _with_reciprocals(tree: Expression, forms: Mapping[str, Form]) -> Expression:
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
                return entries * (1 / number)
        return Apply.of(primitive, *given)

    made: Expression = fold(tree, lambda s: s, lambda c: c, apply)
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
