"""Whether a formula comes to precisely a number, and not only to the same fifty digits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, Inexact, getcontext, setcontext

from chainrule.engines.decimals import context_of
from chainrule.engines.pencil import FULL, decimal_spelling
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, walk

__all__ = ["is_precise"]

TRANSCENDENTAL = frozenset(("exp", "expm1", "log", "log1p", "xlogy", "tanh", "erfc", "cos", "sqrt", "power"))
"""What has endless digits almost everywhere: a whole number is then what is left of them."""


def is_precise(tree: Expression, values: Mapping[str, Decimal]) -> bool:
    """Whether nothing is lost beyond the fifty digits on the way to the value.

    Lost is what is added to a number too large for it, 1 + exp(−130), and the digits of a tanh(200) that is 1
    to all digits kept. Of a formula by cases, only the case that holds counts.

    >>> from chainrule.formulas.activations import ACTIVATIONS
    >>> sigmoid = ACTIVATIONS["sigmoid"].definition.tree
    >>> is_precise(sigmoid, {"z": Decimal(0)}), is_precise(sigmoid, {"z": Decimal(130)})
    (True, False)
    """
    before, context = getcontext(), context_of(FULL)
    setcontext(context)
    try:
        found: dict[Expression, tuple[Decimal, bool]] = {}
        for node in walk(tree):
            if isinstance(node, Symbol):
                found[node] = values[node.name], True
            elif isinstance(node, Constant):
                found[node] = Decimal(repr(node.value)), True
            elif isinstance(node, Apply):
                arguments = [found[argument] for argument in node.arguments]
                context.clear_flags()
                value = decimal_spelling(node.primitive)(*[number for number, _ in arguments])
                inexact = bool(context.flags[Inexact])
                kept = not (inexact and _is_lost(node, value, arguments))
                found[node] = value, kept and _of_arguments(node, value, arguments)
        return found[tree][1]
    finally:
        setcontext(before)


def _is_lost(node: Apply, value: Decimal, arguments: list[tuple[Decimal, bool]]) -> bool:
    """Whether an inexact result has lost one of its arguments altogether."""
    name = node.primitive.name
    if name in ("add", "subtract"):
        return any(value in (number, -number) for number, _ in arguments)
    return name in TRANSCENDENTAL and value == value.to_integral_value()


def _of_arguments(node: Apply, value: Decimal, arguments: list[tuple[Decimal, bool]]) -> bool:
    """Whether what a node is computed from is precise."""
    name = node.primitive.name
    if name == "where":
        condition, here, there = arguments
        return condition[1] and (here if condition[0] else there)[1]
    if value == 0 and name in ("multiply", "divide"):
        # 0 times whatever it is.
        return any(number == 0 and precise for number, precise in arguments)
    return all(precise for _, precise in arguments)
