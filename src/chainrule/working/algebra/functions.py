"""The functions that a formula written by a person may use: the vocabulary's, and every activation's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.expression import PRIMITIVES, Expression, as_expression, substitute
from chainrule.formulas.vocabulary import erfc

# The name a person writes → the vocabulary's.
FUNCTIONS = {
    "exp": "exp",
    "ln": "log",
    "log": "log",
    "sqrt": "sqrt",
    "√": "sqrt",
    "abs": "absolute",
    "max": "maximum",
    "min": "minimum",
    "sign": "sign",
    "cos": "cos",
    "erfc": "erfc",
    "floor": "floor",
    "tanh": "tanh",
}
_PAIRS = ("maximum", "minimum")
_PRIMES = "'′’"


@dataclass(frozen=True)
class Function:
    """A function of `least` to `most` arguments."""

    of: Callable[..., Expression]
    least: int = 1
    most: int = 1


def function_called(name: str) -> Function | None:
    """The function of this name: a primitive, an activation (σ too), or an activation's slope (σ′).

    >>> from chainrule.formulas.expression import Symbol
    >>> function_called("σ").of(Symbol("z"))
    1 / (1 + exp(-z))
    """
    if name == "erf":
        return Function(lambda z: 1 - as_expression(erfc(z)))
    if name in FUNCTIONS:
        primitive = PRIMITIVES[FUNCTIONS[name]]
        many = 2 if primitive.name in _PAIRS else 1
        return Function(primitive, many, many)
    stem = name.rstrip(_PRIMES)
    stem = "sigmoid" if stem in ("σ", "sigma") else stem
    entry = ACTIVATIONS.get(stem)
    if entry is None or not entry.elementwise or len(name) - len(name.rstrip(_PRIMES)) > 1:
        return None
    return Function(
        _slope_of(entry) if name[-1] in _PRIMES else _value_of(entry), 1, 1 + len(entry.parameters)
    )


def _arguments(entry: Activation, given: tuple[Expression, ...]) -> dict[str, Expression]:
    defaults = map(as_expression, entry.parameters.values())
    chosen = (*given[1:], *list(defaults)[len(given) - 1 :])
    return {"z": given[0], **dict(zip(entry.parameters, chosen, strict=True))}


def _value_of(entry: Activation) -> Callable[..., Expression]:
    return lambda *given: substitute(entry.definition.tree, _arguments(entry, given))


def _slope_of(entry: Activation) -> Callable[..., Expression]:
    def slope(*given: Expression) -> Expression:
        values = _arguments(entry, given)
        assert entry.slope is not None
        return substitute(entry.slope.tree, {**values, "a": substitute(entry.definition.tree, values)})

    return slope
