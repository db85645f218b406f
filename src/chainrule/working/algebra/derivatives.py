"""The slope of each scalar primitive, by the rules of a calculus lecture.

This table exists only for showing how a slope comes about: nothing is computed from it. What training
uses are the slopes declared in the catalogues; the tests referee each rule here by central differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, symbols_in, walk
from chainrule.formulas.vocabulary import cos, exp, log, sign, sqrt, tanh, where
from chainrule.working.algebra.simplifying import is_number, simplified


@dataclass(frozen=True)
class Rule:
    """How a primitive is differentiated.

    slope:  from the arguments u, v and then their slopes du, dv, the slope of the result
    reason: the rule in words
    """

    slope: Callable[..., object]
    reason: str


def _power(u: Expression, n: Expression, du: Expression, dn: Expression) -> Expression:
    less = simplified(n - 1)
    by_base = n * (u**2 if is_number(less, 2) else u**less) * du
    return by_base if is_number(dn, 0) else by_base + log(u) * u**n * dn


def _product(u: Expression, v: Expression, du: Expression, dv: Expression) -> Expression:
    if is_number(dv, 0):
        return du * v
    return u * dv if is_number(du, 0) else du * v + u * dv


def _quotient(u: Expression, v: Expression, du: Expression, dv: Expression) -> Expression:
    return du / v if is_number(dv, 0) else (du * v - u * dv) / v**2


RULES: dict[str, Rule] = {
    "add": Rule(lambda u, v, du, dv: du + dv, "a sum: term by term"),
    "subtract": Rule(lambda u, v, du, dv: du - dv, "a difference: term by term"),
    "negative": Rule(lambda u, du: -du, "the sign stays"),
    "multiply": Rule(_product, "product rule: d(u · v) = du · v + u · dv"),
    "divide": Rule(_quotient, "quotient rule: d(u / v) = (du · v - u · dv) / v²"),
    "square": Rule(lambda u, du: 2 * u * du, "chain rule: d u² = 2 · u · du"),
    "power": Rule(_power, "chain rule: d u^n = n · u^(n - 1) · du"),
    "sqrt": Rule(lambda u, du: du / (2 * sqrt(u)), "chain rule: d sqrt(u) = du / (2 · sqrt(u))"),
    "exp": Rule(lambda u, du: exp(u) * du, "chain rule: d exp(u) = exp(u) · du"),
    "expm1": Rule(lambda u, du: exp(u) * du, "chain rule: d(exp(u) - 1) = exp(u) · du"),
    "log": Rule(lambda u, du: du / u, "chain rule: d ln(u) = du / u"),
    "log1p": Rule(lambda u, du: du / (1 + u), "chain rule: d ln(1 + u) = du / (1 + u)"),
    "tanh": Rule(lambda u, du: (1 - tanh(u) ** 2) * du, "chain rule: d tanh(u) = (1 - tanh(u)²) · du"),
    "erfc": Rule(
        lambda u, du: -(2 / sqrt(Constant(math.pi)) * exp(-(u**2))) * du,
        "chain rule: d erfc(u) = -2 / sqrt(π) · exp(-u²) · du",
    ),
    # The vocabulary has no sine; sin(u) is cos(u − π/2).
    "cos": Rule(lambda u, du: -cos(u - math.pi / 2) * du, "chain rule: d cos(u) = -sin(u) · du"),
    "absolute": Rule(lambda u, du: sign(u) * du, "chain rule: d |u| = sign(u) · du, where u is not 0"),
    "sign": Rule(lambda u, du: 0, "sign is constant but at its step"),
    "floor": Rule(lambda u, du: 0, "⌊u⌋ is constant but at its steps"),
    "maximum": Rule(
        lambda u, v, du, dv: where(u > v, du, dv), "max: the slope of the larger, where they differ"
    ),
    "minimum": Rule(
        lambda u, v, du, dv: where(u < v, du, dv), "min: the slope of the smaller, where they differ"
    ),
    "xlogy": Rule(
        lambda u, v, du, dv: du * log(v) + u * dv / v, "chain rule: d(u · ln(v)) = du · ln(v) + u · dv / v"
    ),
    "where": Rule(lambda condition, u, v, _, du, dv: where(condition, du, dv), "each case for itself"),
    **dict.fromkeys(
        ("greater", "greater_equal", "less", "less_equal", "equal"), Rule(lambda *_: 0, "a condition")
    ),
}
# Rules that need no word.
_PLAIN = {"add", "subtract", "negative", "where", "greater", "greater_equal", "less", "less_equal", "equal"}


def differentiated(tree: Expression, wrt: str, *, simplify_last: bool = True) -> Expression:
    """The slope of a scalar formula in one symbol by the table, what is trivially 0 or 1 left out.

    simplify_last: False leaves the outermost rule as it is applied

    Raises InvalidInput for a formula of matrices.

    >>> differentiated(exp(-Symbol("z")), "z", simplify_last=False)
    exp(-z) · -1
    """
    slopes: dict[Expression, Expression] = {}
    for at in walk(tree):
        if not isinstance(at, Apply):
            slopes[at] = Constant(int(isinstance(at, Symbol) and at.name == wrt))
            continue
        inner = [slopes[argument] for argument in at.arguments]
        if all(is_number(slope, 0) for slope in inner):
            slopes[at] = Constant(0)
            continue
        made = _rule(at).slope(*at.arguments, *inner)
        found = made if isinstance(made, Expression) else Constant(0)
        slopes[at] = found if at is tree and not simplify_last else simplified(found)
    return slopes[tree]


def rules_used(tree: Expression, wrt: str) -> tuple[str, ...]:
    """The rules that differentiating applies, outermost first, each once; sums and signs need no word."""
    used = [
        _rule(at).reason
        for at in reversed(list(walk(tree)))
        if isinstance(at, Apply) and at.primitive.name not in _PLAIN and wrt in symbols_in(at)
        if not (at.primitive.name == "multiply" and _one_is_constant(at, wrt))
        if not (at.primitive.name == "divide" and wrt not in symbols_in(at.arguments[1]))
    ]
    return tuple(dict.fromkeys(used))


def _one_is_constant(product: Apply, wrt: str) -> bool:
    return any(wrt not in symbols_in(factor) for factor in product.arguments)


def _rule(node: Apply) -> Rule:
    rule = RULES.get(node.primitive.name)
    if rule is None:
        raise InvalidInput(
            f"{node.primitive.name} is not differentiated entry by entry: ask for the slope of a function "
            "of a single number"
        )
    return rule
