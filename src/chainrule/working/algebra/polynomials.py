"""Sums taken apart: their terms, a signature that ignores order and sign, like terms collected."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from chainrule.formulas.expression import Apply, Constant, Expression, Symbol
from chainrule.working.algebra.simplifying import EXACT, is_applied, is_number, made, negated, simplified

# A product of sums is multiplied out up to this many terms.
MOST_TERMS = 32

# Factors and their exponents, in the order they were met.
Monomial = tuple[tuple[Expression, int], ...]


def terms_of(tree: Expression) -> list[tuple[int, Expression]]:
    """The terms of a sum with their signs, from left to right.

    >>> from chainrule.formulas.expression import Symbol
    >>> a, b = Symbol("a"), Symbol("b")
    >>> terms_of(a - (b - 1))
    [(1, a), (-1, b), (1, 1)]
    """
    terms: list[tuple[int, Expression]] = []
    waiting = [(1, tree)]
    while waiting:
        sign, at = waiting.pop()
        if isinstance(at, Apply) and at.primitive.name in ("add", "subtract"):
            first, second = at.arguments
            waiting.append((sign if at.primitive.name == "add" else -sign, second))
            waiting.append((sign, first))
        elif isinstance(at, Apply) and at.primitive.name == "negative":
            waiting.append((-sign, at.arguments[0]))
        else:
            terms.append((sign, at))
    return terms


def sum_of(terms: Sequence[tuple[int, Expression]]) -> Expression:
    """Terms with signs written as one sum."""
    (sign, first), *others = terms
    total = first if sign > 0 else negated(first)
    for sign, term in others:
        total = made("add" if sign > 0 else "subtract", total, term)
    return simplified(total)


@lru_cache(maxsize=4096)
def signature(tree: Expression) -> tuple[int, object]:
    """A sign and a key: two trees of one key are equal up to the signs, whatever the order of their terms.

    >>> from chainrule.formulas.expression import Symbol
    >>> c, y = Symbol("c"), Symbol("y")
    >>> signature(c - y)[1] == signature(-y + c)[1], signature(c - y)[0] == signature(y - c)[0]
    (True, False)
    """
    if isinstance(tree, Apply) and tree.primitive.name in ("add", "subtract", "negative"):
        keyed = []
        for sign, term in terms_of(tree):
            own, key = signature(term)
            keyed.append((key, sign * own))
        keyed.sort(key=repr)
        front = keyed[0][1]
        return front, ("add", tuple((key, sign * front) for key, sign in keyed)) if len(keyed) > 1 else keyed[
            0
        ][0]
    if isinstance(tree, Apply):
        parts = [signature(argument) for argument in tree.arguments]
        if tree.primitive.name in ("multiply", "divide"):
            keys = [key for _, key in parts]
            keys = sorted(keys, key=repr) if tree.primitive.name == "multiply" else keys
            return parts[0][0] * parts[1][0], (tree.primitive.name, *keys)
        return 1, (tree.primitive.name, *parts)
    if isinstance(tree, Constant):
        return (-1 if tree.value < 0 else 1), abs(tree.value)
    return 1, tree.name if isinstance(tree, Symbol) else tree


def collected_terms(tree: Expression) -> Expression | None:
    """A sum multiplied out with like terms collected, terms with a plus first; None if it grows too long.

    >>> from chainrule.formulas.expression import Symbol
    >>> p, y = Symbol("p"), Symbol("y")
    >>> collected_terms(-y * (1 - p) + (1 - y) * p)
    p - y
    """
    found = _polynomial(tree)
    if found is None:
        return None
    terms = [(1 if many > 0 else -1, _written(term, abs(many))) for term, many in found.items() if many]
    terms.sort(key=lambda term: -term[0])
    return sum_of(terms) if terms else Constant(0)


def _polynomial(tree: Expression) -> dict[Monomial, int] | None:
    if isinstance(tree, Constant) and isinstance(tree.value, int) and abs(tree.value) < EXACT:
        return {(): tree.value}
    if is_applied(tree, "add", "subtract", "negative"):
        total: dict[Monomial, int] = {}
        for sign, term in terms_of(tree):
            part = _polynomial(term)
            if part is None or len(part) + len(total) > MOST_TERMS:
                return None
            for monomial, many in part.items():
                total[monomial] = total.get(monomial, 0) + sign * many
        return total
    if isinstance(tree, Apply) and tree.primitive.name in ("multiply", "square"):
        first = _polynomial(tree.arguments[0])
        second = first if tree.primitive.name == "square" else _polynomial(tree.arguments[1])
        return None if first is None or second is None else _multiplied(first, second)
    return {((tree, 1),): 1}


def _multiplied(first: dict[Monomial, int], second: dict[Monomial, int]) -> dict[Monomial, int] | None:
    if len(first) * len(second) > MOST_TERMS:
        return None
    total: dict[Monomial, int] = {}
    for one, many in first.items():
        for other, more in second.items():
            powers = dict(one)
            for factor, exponent in other:
                powers[factor] = powers.get(factor, 0) + exponent
            monomial = tuple(sorted(powers.items(), key=lambda power: (repr(power[0]), id(power[0]))))
            total[monomial] = total.get(monomial, 0) + many * more
    return total


def _written(monomial: Monomial, many: int) -> Expression:
    product: Expression = Constant(many)
    for factor, exponent in monomial:
        power = factor if exponent == 1 else factor**exponent
        product = power if is_number(product, 1) else made("multiply", product, power)
    return product
