"""What a pass over memory is to compute, and how each symbol lies beside the entries it runs over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, walk

# How a symbol lies beside the entries (i, j) of a pass: each its own; one a row; one a column; one for all,
# in an array or as a number of float64.
Form = Literal["entries", "column", "row", "single", "number"]
Way = Literal["flat", "along", "down"]
Kind = Literal["entries", "column", "column_sum", "total", "number"]

# In the row of a program: the function's address, the row's length, B, O, and then the operands.
ROWS, COLUMNS, OPERANDS = 2, 3, 4

# How many rows a batch has, among the numbers: a whole one from 1 on.
BATCH_ROWS = Symbol("#rows")


@dataclass(frozen=True)
class Assignment:
    """One thing a pass computes: what is kept under a symbol, and how it is made of a tree.

    kind: "entries" and "column" keep the tree's value, "column_sum" its sum over the rows,
          "total" its sum over everything as a number; "number" is a tree of numbers alone
    kept: False where nothing but this pass needs it
    """

    kind: Kind
    symbol: str
    tree: Expression
    kept: bool = True


@dataclass(frozen=True)
class Pass:
    """The text of a pass, and what its row in a program holds after B and O: symbols, by what is needed.

    addresses: symbols whose addresses follow; slots: symbols whose places among the numbers follow;
    scratch:   how many rows of O entries it needs besides, the address of which is last
    """

    text: str
    addresses: tuple[str, ...]
    slots: tuple[str, ...]
    scratch: int


def form_of(node: Expression, forms: Mapping[str, Form]) -> Form:
    """How a tree's value lies beside the entries."""
    found: dict[Expression, Form] = {}
    for at in walk(node):
        if isinstance(at, Symbol):
            found[at] = forms[at.name]
        elif isinstance(at, Constant):
            found[at] = "number"
        elif isinstance(at, Apply):
            found[at] = applied_form(at, [found[argument] for argument in at.arguments])
    return found[node]


def applied_form(node: Apply, given: Sequence[Form]) -> Form:
    name = node.primitive.name
    if name in ("row_sum", "row_max"):
        return "column" if given[0] in ("entries", "row") else given[0]
    if name == "one_hot":
        return "entries"
    if name == "uniform":
        return given[0]
    forms = set(given)
    if "entries" in forms or {"row", "column"} <= forms:
        return "entries"
    for form in ("row", "column", "single"):
        if form in forms:
            return form
    return "number"
