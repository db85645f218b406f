"""Learning rules that leave a row of weights alone whose gradient is 0, found from their own formulas.

A batch of a sparse x touches few rows of the first weights; under such a rule only these need an update, and
the result is the same. Plain gradient descent, AdaGrad and lazy Adam are such rules, momentum and L2 are not.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.arrays import evaluate_arrays
from chainrule.formulas.expression import (
    Apply,
    Constant,
    Expression,
    Primitive,
    Symbol,
    fold,
    substitute,
    walk,
)

FIRST_WEIGHTS = "W1"


def lazy_weights(derivation: Derivation) -> bool:
    """Whether the first weights' rows without gradient stay as they are, and so does their state.

    >>> from chainrule.derivation import Dense, Network, derive
    >>> net = Network(3, [Dense(1, "sigmoid")])
    >>> [lazy_weights(derive(net, "mse", rule)) for rule in ("sgd", "lazy_adam", "adam")]
    [True, True, False]
    """
    gradient = derivation.gradients.get(FIRST_WEIGHTS)
    if gradient is None or not is_product_of_x(derivation[gradient].tree):
        return False
    lines = [line for line in derivation.phase("update") if line.of == FIRST_WEIGHTS]
    readers = [line for line in derivation.lines if gradient in line.arguments]
    if not lines or any(line not in lines for line in readers):
        return False
    own = {FIRST_WEIGHTS, gradient, *derivation.state, *(line.symbol for line in lines)}
    if not all(_is_by_row(line.tree, own, derivation) for line in lines):
        return False
    return _stay(derivation, lines, gradient) and _stay_in_numbers(derivation, lines, gradient)


def is_product_of_x(tree: Expression) -> bool:
    """Whether a tree is xᵀ d and nothing else: 0 wherever a column of x is."""
    if not isinstance(tree, Apply) or tree.primitive.name != "matmul":
        return False
    x, d = tree.arguments
    turned = isinstance(x, Apply) and x.primitive.name == "transpose" and x.arguments[0] is Symbol("x")
    return turned and isinstance(d, Symbol)


def _is_by_row(tree: Expression, own: set[str], derivation: Derivation) -> bool:
    """Whether each row of the value is made of the same row of other tables, and of single numbers."""
    for node in walk(tree):
        if isinstance(node, Symbol) and node.name not in own and derivation.shapes[node.name] != ():
            return False
        if isinstance(node, Apply):
            primitive = node.primitive
            if not (primitive.elementwise or primitive.name in ("row_sum", "row_max")):
                return False
    return True


def _stay(derivation: Derivation, lines: list[Line], gradient: str) -> bool:
    """Whether the lines come down to w ← w, and the same for the state, where the gradient is 0."""
    known: dict[str, Expression] = {gradient: Constant(0)}
    known |= {name: Constant(value) for name, value in derivation.constants.items()}
    for line in lines:
        known[line.symbol] = simplified(substitute(line.tree, known))
    kept = [FIRST_WEIGHTS, *(s for s, (of, _) in derivation.state.items() if of == FIRST_WEIGHTS)]
    return all(known.get(name, Symbol(name)) is Symbol(name) for name in kept)


def _stay_in_numbers(derivation: Derivation, lines: list[Line], gradient: str) -> bool:
    """The same in numbers, from the state's start: 0 / 0 is not 0."""
    one = np.ones((1, 1), np.float32)
    values: dict[str, Any] = {**derivation.constants, "eta": 0.1, "t": 1.0}
    values |= {gradient: 0 * one, FIRST_WEIGHTS: one}
    values |= {s: start * one for s, (of, start) in derivation.state.items() if of == FIRST_WEIGHTS}
    for line in lines:
        values[line.symbol] = evaluate_arrays(line.tree, values)
    found = float(values[FIRST_WEIGHTS][0, 0])
    return isfinite(found) and found == 1.0


def simplified(tree: Expression) -> Expression:
    """A tree with what is known of 0, and of constants, worked out.

    >>> w, g = Symbol("w"), Constant(0)
    >>> simplified(w - 3 * g)
    w
    """

    def apply(primitive: Primitive, *given: Expression) -> Expression:
        return _applied(primitive, given)

    made: Expression = fold(tree, lambda s: s, lambda c: c, apply)
    return made


def _applied(primitive: Primitive, given: tuple[Expression, ...]) -> Expression:
    name = primitive.name
    numbers = [float(node.value) for node in given if isinstance(node, Constant)]
    if len(numbers) == len(given):
        if name in ("row_max", "row_sum"):
            return given[0] if numbers[0] == 0 or name == "row_max" else Apply.of(primitive, *given)
        if primitive.elementwise:
            return Constant(float(primitive.meaning(*numbers)))
    zero = [isinstance(node, Constant) and node.value == 0 for node in given]
    if (name == "multiply" and any(zero)) or (name == "divide" and zero[0]):
        return Constant(0)
    if name == "add" and any(zero):
        return given[0] if zero[1] else given[1]
    if name == "subtract" and zero[1]:
        return given[0]
    if name == "where" and isinstance(given[0], Constant):
        return given[2] if zero[0] else given[1]
    return Apply.of(primitive, *given)
