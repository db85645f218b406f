"""Local partial derivatives: how each entry of a line changes with each entry it uses.

They are read off the definition's own gradient formula: with a unit vector put in for the gradient that
arrives at the line, what is left is one partial derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from chainrule.derivation.lines import Derivation, Line
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, substitute, symbols_in
from chainrule.working.algebra import simplified
from chainrule.working.scalars import Index, Names, Sizes, entry_tree

__all__ = ["Use", "uses_of"]

_ARRIVING = "g "  # no symbol of a derivation has a space


@dataclass(frozen=True)
class Use:
    """An entry as it is used by a line: which entry it helps to make, and how that changes with it.

    symbol, index: the entry that is made; partial: ∂(that entry)/∂(the one used), over entries
    """

    line: Line
    symbol: str
    index: Index
    partial: Expression


def uses_of(derivation: Derivation, sizes: Sizes, names: Names) -> Callable[[str, Index], list[Use]]:
    """For an entry of a symbol: its uses on the way to what training makes small."""
    by_symbol: dict[str, list[tuple[Line, str]]] = {}
    leading = {"C", "R"}
    # Backwards: a line that leads nowhere (softmax beside a fused loss) is passed over.
    for line in reversed((*derivation.phase("feedforward"), *derivation.phase("loss"))):
        for argument, symbol in zip(line.definition.arguments, line.arguments, strict=True):
            if argument in line.definition.gradients and line.symbol in leading:
                by_symbol.setdefault(symbol, []).insert(0, (line, argument))
                leading.add(symbol)

    def of(symbol: str, index: Index) -> list[Use]:
        return [
            use
            for line, argument in by_symbol.get(symbol, ())
            for use in _uses(line, line.definition.gradients[argument], index, sizes, names)
        ]

    return of


def _uses(line: Line, gradient: Definition, index: Index, sizes: Sizes, names: Names) -> list[Use]:
    bound = {"g": _ARRIVING, "a": line.symbol}
    bound |= dict(zip(line.definition.arguments, line.arguments, strict=True))
    tree = substitute(gradient.tree, {name: Symbol(bound[name]) for name in gradient.arguments})

    def shapes(symbol: str) -> tuple[int, ...]:
        return sizes.shape(line.symbol if symbol == _ARRIVING else symbol)

    def arriving(symbol: str, place: Index) -> Expression:
        if symbol != _ARRIVING:
            return names(symbol, place)
        return Symbol(_ARRIVING + ",".join(map(str, place)))

    share = entry_tree(tree, index, shapes, arriving)
    if "g" not in gradient.arguments:
        return [Use(line, line.symbol, (), share)] if share is not Constant(0) else []
    found = []
    for place, partial in _coefficients(share):
        if partial is not Constant(0):
            found.append(Use(line, line.symbol, place, partial))
    return found


def _coefficients(share: Expression) -> Iterator[tuple[Index, Expression]]:
    """For each gradient that arrives: its place, and what it is multiplied by.

    Most shares are sums with one of them in each term; then only that term is looked at.
    """
    terms = list(_terms(share))
    arriving = [[name for name in symbols_in(term) if name.startswith(_ARRIVING)] for term in terms]
    every = {name for names in arriving for name in names}
    apart = all(len(names) == 1 for names in arriving) and len(every) == len(terms)
    for name in sorted(every, key=_place):
        tree = terms[arriving.index([name])] if apart else share
        seen = [name] if apart else every
        yield _place(name), simplified(substitute(tree, _unit(seen, name)))


def _terms(tree: Expression) -> Iterator[Expression]:
    """The terms of a sum; a stack, as it may be as long as a layer is wide."""
    waiting = [tree]
    while waiting:
        at = waiting.pop()
        if isinstance(at, Apply) and at.primitive.name == "add":
            waiting += reversed(at.arguments)
        else:
            yield at


def _unit(seen: Iterable[str], one: str) -> Mapping[str, Expression]:
    return {name: Constant(1 if name == one else 0) for name in seen}


def _place(name: str) -> Index:
    written = name.removeprefix(_ARRIVING)
    return tuple(map(int, written.split(","))) if written else ()
