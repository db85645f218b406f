"""Formulas as SymPy expressions: the referee's own reading of the vocabulary, for tests only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import Piecewise

from chainrule.formulas.expression import Expression, fold

FORMS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "negative": lambda a: -a,
    "power": lambda a, b: a**b,
    "square": lambda a: a**2,
    "sqrt": sympy.sqrt,
    "exp": sympy.exp,
    "expm1": lambda a: sympy.exp(a) - 1,
    "log": sympy.log,
    "log1p": lambda a: sympy.log(1 + a),
    "tanh": sympy.tanh,
    "erfc": sympy.erfc,
    "cos": sympy.cos,
    "absolute": lambda a: Piecewise((a, a >= 0), (-a, True)),
    "sign": lambda a: Piecewise((1, a > 0), (-1, a < 0), (0, True)),
    "floor": sympy.floor,
    "maximum": lambda a, b: Piecewise((a, a >= b), (b, True)),
    "minimum": lambda a, b: Piecewise((a, a <= b), (b, True)),
    "xlogy": lambda a, b: Piecewise((0, sympy.Eq(a, 0)), (a * sympy.log(b), True)),
    "greater": lambda a, b: a > b,
    "greater_equal": lambda a, b: a >= b,
    "less": lambda a, b: a < b,
    "less_equal": lambda a, b: a <= b,
    "equal": sympy.Eq,
    "where": lambda condition, a, b: Piecewise((a, condition), (b, True)),
}

# A row of a matrix is a tuple; the array primitives that work along it.
ROW_FORMS: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "row_sum": lambda row: sum(row),
    "row_max": lambda row: row[0],  # any entry will do: softmax does not depend on what is taken off
}


def sympy_form(tree: Expression, values: Mapping[str, Any]) -> Any:
    """A tree of scalars as a SymPy expression; numbers of the definition keep all their digits."""
    return fold(tree, lambda s: values[s.name], _number, lambda p, *arguments: FORMS[p.name](*arguments))


def sympy_row(tree: Expression, values: Mapping[str, Any]) -> tuple[Any, ...]:
    """A tree over rows (tuples) and scalars as a row of SymPy expressions."""

    def apply(primitive: Any, *arguments: Any) -> Any:
        if primitive.name in ROW_FORMS:
            return ROW_FORMS[primitive.name](arguments[0])
        widths = {len(argument) for argument in arguments if isinstance(argument, tuple)}
        if not widths:
            return FORMS[primitive.name](*arguments)
        (width,) = widths
        rows = [a if isinstance(a, tuple) else (a,) * width for a in arguments]
        return tuple(FORMS[primitive.name](*entries) for entries in zip(*rows, strict=True))

    row: tuple[Any, ...] = fold(tree, lambda s: values[s.name], _number, apply)
    return row


def _number(constant: Any) -> Any:
    value = constant.value
    return sympy.Integer(int(value)) if float(value).is_integer() else sympy.Rational(value)


def digits(expression: Any, places: int = 50) -> Any:
    """An expression of numbers, to 50 digits."""
    return sympy.N(expression, places)
