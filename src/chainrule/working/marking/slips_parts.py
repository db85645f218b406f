"""What slips are made of: the kinds, the edits of a line, and how a formula is taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.formulas.expression import Apply, Constant, Expression, walk
from chainrule.working.marking.sweep import Change

__all__ = ["KINDS", "Edit", "parents", "rebuilt", "replaced", "terms"]

KINDS = (
    "sign",
    "factor-left-out",
    "learning-rate",
    "another-input",
    "another-weight",
    "another-unit",
    "transposed",
    "half",
    "bias",
    "term-left-out",
    "slope-at-z",
    "slope-of-another-function",
    "updated-weight",
    "old-weight",
    "sum-for-mean",
    "activation-left-out",
    "another-activation",
    "activation-twice",
    "another-gradient",
    "another-target",
    "another-sample",
    "another-slope",
    "square-left-out",
    "factor-doubled",
    "product-for-sum",
    "sum-for-product",
    "log-base",
    "another-loss",
    "old-value",
    "another-layer",
    "rounded-too-early",
)
"""Every kind of slip, the most usual first."""


@dataclass(frozen=True, eq=False)
class Edit:
    """One change of one line.

    words:   with a place for each of `names`
    pattern: edits of other lines with the same pattern are the same slip made again; "" if it has none
    usual:   whether people are known to do it; the others are told only where no usual slip fits
    """

    kind: str
    words: str
    names: tuple[str, ...]
    change: Change
    pattern: str = ""
    usual: bool = True


def parents(tree: Expression) -> dict[str, set[str]]:
    """Symbol → the primitives that it is a direct argument of; "" for a bare symbol."""
    found: dict[str, set[str]] = {}
    if hasattr(tree, "name"):
        found[tree.name] = {""}
    for node in walk(tree):
        if isinstance(node, Apply):
            for argument in node.arguments:
                if hasattr(argument, "name"):
                    found.setdefault(argument.name, set()).add(node.primitive.name)
    return found


def replaced(tree: Expression, old: Expression, new: Expression) -> Expression:
    """The tree with one node replaced, wherever it stands."""
    done: dict[Expression, Expression] = {}
    for node in walk(tree):
        if node is old:
            done[node] = new
        elif isinstance(node, Apply):
            done[node] = Apply.of(node.primitive, *(done[argument] for argument in node.arguments))
        else:
            done[node] = node
    return done[tree]


def terms(tree: Expression) -> list[tuple[int, Expression]]:
    """The terms of a sum, each with its sign, as they stand."""
    if isinstance(tree, Apply) and tree.primitive.name in ("add", "subtract"):
        left, right = tree.arguments
        sign = 1 if tree.primitive.name == "add" else -1
        return [*terms(left), *((sign * each, term) for each, term in terms(right))]
    return [(1, tree)]


def rebuilt(parts: list[tuple[int, Expression]]) -> Expression:
    """A sum from its terms."""
    if not parts:
        return Constant(0)
    (sign, total), *rest = parts
    total = total if sign > 0 else -total
    for sign, term in rest:
        total = total + term if sign > 0 else total - term
    return total


def sums_in(tree: Expression) -> Iterator[Expression]:
    """The topmost sums of a formula: itself, or what is inside a quotient, a sign or a product with a number."""
    if not isinstance(tree, Apply):
        return
    name = tree.primitive.name
    if name in ("add", "subtract"):
        yield tree
    elif name in ("divide", "negative", "multiply"):
        for argument in tree.arguments:
            yield from sums_in(argument)
