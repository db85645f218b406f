"""Leaving out what is trivially 0 or 1, so that a formula with numbers put in reads as a person writes it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

from chainrule.formulas.expression import PRIMITIVES, Apply, Constant, Expression, as_expression, walk
from chainrule.formulas.vocabulary import log

# Whole numbers above this are no longer exact in float64.
EXACT = 2**53

_COMPARISONS = {
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "less": operator.lt,
    "less_equal": operator.le,
    "equal": operator.eq,
}
# Exact on whole numbers, always or where the condition beside it holds.
_WHOLE: dict[str, Callable[..., bool]] = {
    **dict.fromkeys(("add", "subtract", "multiply", "negative", "square"), lambda *_: True),
    **dict.fromkeys(("absolute", "sign", "maximum", "minimum", "floor"), lambda *_: True),
    "divide": lambda a, b: b != 0 and a % b == 0,
    "power": lambda a, b: 0 <= b <= 64 and abs(a) ** b <= EXACT,
    "sqrt": lambda a: a >= 0 and math.isqrt(a) ** 2 == a,
    "exp": lambda a: a == 0,
    "expm1": lambda a: a == 0,
    "log": lambda a: a == 1,
    "log1p": lambda a: a == 0,
    "tanh": lambda a: a == 0,
    "cos": lambda a: a == 0,
}


def simplified(tree: Expression) -> Expression:
    """A scalar formula without what is trivially 0 or 1; order of terms and factors as it stood.

    Left out: 0 · x, 1 · x, x / 1, 0 / x, 0 + x, x − 0, x^1, x^0, −(−x), branches whose condition is
    constant. Worked out: arithmetic of two whole numbers with a whole result (2 · 3, not 1 / 2); digits
    of other constants stay. A sign moves to the front of its product. Equal in value wherever the
    formula is finite. What stands inside an array primitive (a matrix product, a row sum) is left alone.

    >>> from chainrule.formulas.expression import Symbol
    >>> a1, a2 = Symbol("a1"), Symbol("a2")
    >>> simplified(1 * a1 * (1 - a1))
    a1 · (1 - a1)
    >>> simplified(a1 * (0 - (0 * a1 + 1 * a2)))
    -a1 · a2
    """
    done: dict[Expression, Expression] = {}
    for at in walk(tree):
        if isinstance(at, Apply) and at.primitive.elementwise:
            done[at] = applied(at.primitive.name, *(done[argument] for argument in at.arguments))
        else:
            done[at] = at
    return done[tree]


def applied(name: str, *arguments: Expression) -> Expression:
    """A scalar primitive applied to simplified arguments, simplified."""
    values = [argument.value for argument in arguments if isinstance(argument, Constant)]
    if len(values) == len(arguments):
        if name in _COMPARISONS:
            return Constant(int(_COMPARISONS[name](*values)))
        worked = _whole_result(name, values)
        if worked is not None:
            return worked
    shorter = _SHORTER.get(name)
    found = shorter(*arguments) if shorter else None
    return made(name, *arguments) if found is None else found


def made(name: str, *arguments: Expression) -> Expression:
    """A primitive applied by its name, as it is."""
    return Apply.of(PRIMITIVES[name], *arguments)


def is_number(tree: Expression, value: float) -> bool:
    """Whether a tree is this constant."""
    return isinstance(tree, Constant) and tree.value == value


def is_applied(tree: Expression, *names: str) -> bool:
    """Whether a tree is one of these primitives applied to something."""
    return isinstance(tree, Apply) and tree.primitive.name in names


def has_sign(tree: Expression) -> bool:
    """Whether a tree, or the first factor of a product or quotient, begins with a minus sign."""
    while isinstance(tree, Apply) and tree.primitive.name in ("multiply", "divide"):
        tree = tree.arguments[0]
    return is_applied(tree, "negative") or (isinstance(tree, Constant) and tree.value < 0)


def negated(tree: Expression) -> Expression:
    """−x, the sign put on (or taken off) the first factor of a product or quotient.

    >>> from chainrule.formulas.expression import Symbol
    >>> negated(Symbol("a") * Symbol("b")), negated(-Symbol("a"))
    (-a · b, a)
    """
    above: list[Apply] = []
    while isinstance(tree, Apply) and tree.primitive.name in ("multiply", "divide"):
        above.append(tree)
        tree = tree.arguments[0]
    if isinstance(tree, Apply) and tree.primitive.name == "negative":
        tree = tree.arguments[0]
    elif isinstance(tree, Constant):
        tree = Constant(-tree.value) if tree.value != 0 else tree
    else:
        tree = -tree
    for node in reversed(above):
        tree = applied(node.primitive.name, tree, node.arguments[1])
    return tree


def _whole_result(name: str, values: list[float]) -> Constant | None:
    if name not in _WHOLE or not all(map(_is_whole, values)):
        return None
    whole = [int(value) for value in values]
    if not _WHOLE[name](*whole):
        return None
    result = PRIMITIVES[name].meaning(*whole)
    return Constant(int(result)) if _is_whole(result) else None


def _is_whole(value: float) -> bool:
    return abs(value) <= EXACT and float(value).is_integer()


def _add(a: Expression, b: Expression) -> Expression | None:
    if is_number(a, 0):
        return b
    if is_number(b, 0):
        return a
    return applied("subtract", a, negated(b)) if has_sign(b) else None


def _subtract(a: Expression, b: Expression) -> Expression | None:
    if is_number(b, 0):
        return a
    if is_number(a, 0):
        return negated(b)
    return applied("add", a, negated(b)) if has_sign(b) else None


def _multiply(a: Expression, b: Expression) -> Expression | None:
    if is_number(a, 0) or is_number(b, 0):
        return Constant(0)
    if is_number(a, 1):
        return b
    if is_number(b, 1):
        return a
    if is_number(a, -1):
        return negated(b)
    return applied("multiply", negated(a), negated(b)) if has_sign(b) else None


def _divide(a: Expression, b: Expression) -> Expression | None:
    if is_number(b, 1):
        return a
    if is_number(a, 0) and not is_number(b, 0):
        return Constant(0)
    return applied("divide", negated(a), negated(b)) if has_sign(b) else None


def _negative(a: Expression) -> Expression | None:
    return negated(a) if has_sign(a) or isinstance(a, Constant) else None


def _power(a: Expression, b: Expression) -> Expression | None:
    if is_number(b, 1):
        return a
    return Constant(1) if is_number(b, 0) else None


def _where(condition: Expression, a: Expression, b: Expression) -> Expression | None:
    if isinstance(condition, Constant):
        return a if condition.value else b
    return a if a is b else None


def _xlogy(x: Expression, y: Expression) -> Expression | None:
    if is_number(x, 0):
        return Constant(0)
    return as_expression(log(y)) if is_number(x, 1) else None


_SHORTER: dict[str, Callable[..., Expression | None]] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "divide": _divide,
    "negative": _negative,
    "power": _power,
    "where": _where,
    "xlogy": _xlogy,
}
