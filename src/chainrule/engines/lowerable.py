"""Whether the compiled engine has code for a derivation, and its lines and trees in the form it takes."""

from __future__ import annotations

from typing import Any

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.arrays import spelling
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, walk


class NotLowered(Exception):
    """A derivation that the compiled engine has no code for."""


def check_lowerable(derivation: Derivation) -> None:
    """Raise NotLowered for a derivation that uses what there is no machine code for."""
    for line in derivation.lines:
        for node in walk(line.tree):
            if not isinstance(node, Apply):
                continue
            primitive = node.primitive
            turned = {a for a in node.arguments if isinstance(a, Apply) and a.primitive.name == "transpose"}
            if (turned and primitive.name != "matmul") or (
                not primitive.elementwise and primitive.name not in _ARRAYS
            ):
                raise NotLowered(f"{primitive.name} in {line.formula}")
            if primitive.elementwise and not callable(_spelling(primitive.compiled)):
                raise NotLowered(f"{primitive.name} has no compiled spelling")


_ARRAYS = {
    "matmul", "transpose", "column_sum", "row_sum", "row_max", "total", "rows", "one_hot", "uniform",
}  # fmt: skip


def _spelling(name: str) -> Any:
    try:
        return spelling(name)
    except (ImportError, AttributeError, ValueError):
        return None


def columns_first(lines: list[Line]) -> list[Line]:
    """The same lines, those without a product moved before those with one wherever what they read is known."""
    made, waiting = [], list(lines)
    while waiting:
        line = waiting.pop(0)
        if has_product(line.tree):
            unknown = {line.symbol}
            for other in list(waiting):
                if has_product(other.tree) or unknown & set(other.arguments):
                    unknown.add(other.symbol)
                else:
                    waiting.remove(other)
                    made.append(other)
        made.append(line)
    return made


def has_product(tree: Expression) -> bool:
    return any(isinstance(n, Apply) and n.primitive.name == "matmul" for n in walk(tree))


def reads(tree: Expression, symbol: str) -> bool:
    return any(isinstance(n, Symbol) and n.name == symbol for n in walk(tree))


def product_and_bias(tree: Expression) -> str | None:
    """The bias's name in a tree x W + b."""
    if isinstance(tree, Apply) and tree.primitive.name == "add":
        first, second = tree.arguments
        if isinstance(first, Apply) and first.primitive.name == "matmul" and isinstance(second, Symbol):
            return second.name
    return None


def without_ones(tree: Expression) -> Expression:
    """x · 1 and x / 1 are x."""
    while (
        isinstance(tree, Apply)
        and tree.primitive.name in ("multiply", "divide")
        and isinstance(tree.arguments[1], Constant)
        and tree.arguments[1].value == 1
    ):
        tree = tree.arguments[0]
    return tree
