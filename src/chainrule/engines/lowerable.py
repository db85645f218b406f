"""Whether the compiled engine has code for a derivation, and its lines and trees in the form it takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.arrays import spelling
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, fold, walk

# A line, the symbol it makes and of what.
Told = tuple[Line, str, Expression]


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


def signs_by_value(lines: Sequence[Told]) -> list[Told]:
    """The same lines, z > 0 asked of a = max(z, 0), which says the same: z need not be kept for it."""
    values: dict[str, str] = {}
    made = []
    for line, symbol, tree in lines:
        if values:
            tree = _asked_of(tree, values)
        made.append((line, symbol, tree))
        if isinstance(tree, Apply) and tree.primitive.name == "maximum":
            first, second = tree.arguments
            if isinstance(first, Symbol) and second == Constant(0) and line.shape:
                values[first.name] = symbol
    return made


def _asked_of(tree: Expression, values: dict[str, str]) -> Expression:
    def apply(primitive: Any, *given: Expression) -> Expression:
        if primitive.name == "greater" and isinstance(given[0], Symbol) and given[1] == Constant(0):
            return Apply.of(primitive, Symbol(values.get(given[0].name, given[0].name)), given[1])
        return Apply.of(primitive, *given)

    made: Expression = fold(tree, lambda s: s, lambda c: c, apply)
    return made


def in_place(lines: Sequence[Told], replaceable: set[str]) -> dict[str, str]:
    """Symbols that can take the memory of one they are made of, entry by entry, as nothing reads it again.

    Only those that are read next by a product, up to which a pass goes entry by entry: within a pass that
    sums along its rows, the old values would be read after the new ones were written.
    """
    found: dict[str, str] = {}
    for place, (line, symbol, tree) in enumerate(lines):
        if symbol not in replaceable or not _entry_by_entry(tree):
            continue
        for old in dict.fromkeys(n.name for n in walk(tree) if isinstance(n, Symbol)):
            made = next(((a, t) for a, s, t in lines[:place] if s == old), None)
            if (
                old in replaceable
                and made is not None
                and made[0].shape == line.shape
                and has_product(made[1])
                and not any(reads(later, old) for _, _, later in lines[place + 1 :])
                and _goes_into_a_product(symbol, lines[place + 1 :])
            ):
                found[symbol] = old
                break
    return found


def _entry_by_entry(tree: Expression) -> bool:
    return all(n.primitive.elementwise for n in walk(tree) if isinstance(n, Apply))


def _goes_into_a_product(symbol: str, lines: Sequence[Told]) -> bool:
    for _, _, tree in lines:
        if reads(tree, symbol):
            if has_product(tree):
                return True
            if not (isinstance(tree, Apply) and tree.primitive.name == "column_sum"):
                return False
    return False
