"""Definitions: what a line of a derivation applies, stated once as an ordinary function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chainrule.formulas.expression import Expression, as_expression, parameters_of, trace


@dataclass(frozen=True, eq=False, repr=False)
class Definition:
    """A named formula over named arguments, with its gradient with respect to each of them.

    name:      what the field calls it ("weighted sum", "sigmoid")
    arguments: the names its tree uses, in order
    tree:      the formula
    gradients: argument → the formula of its share of the gradient; there, `g` is the gradient arriving
               at the result and `a` the result itself. An argument without one is not differentiated.
    textbook:  the same formula as it is taught, where the one that runs guards against overflow
    """

    name: str
    arguments: tuple[str, ...]
    tree: Expression
    gradients: Mapping[str, Definition] = field(default_factory=dict)
    textbook: Expression | None = None

    def __repr__(self) -> str:
        return f"<{self.name}({', '.join(self.arguments)}) = {self.tree!r}>"


def definition(
    name: str, value: Callable[..., Any], gradients: Mapping[str, Callable[..., Any]] | None = None
) -> Definition:
    """Trace a function, and the functions of its gradients, into a `Definition`.

    >>> from chainrule.formulas.vocabulary import matmul, transpose
    >>> to_weights = {"W": lambda x, g: matmul(transpose(x), g)}
    >>> product = definition("product", lambda x, W: matmul(x, W), to_weights)
    >>> product.tree, product.gradients["W"].tree
    (x W, xᵀ g)
    """
    slopes = {wrt: definition(f"∂{name}/∂{wrt}", slope) for wrt, slope in (gradients or {}).items()}
    return Definition(name, parameters_of(value), as_expression(trace(value)), slopes)
