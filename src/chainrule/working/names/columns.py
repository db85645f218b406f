"""The matrix view of courses whose vectors are columns: z = W x + b for x W + b."""

from __future__ import annotations

from chainrule.formulas.expression import Apply, Expression, Primitive, fold
from chainrule.formulas.vocabulary import column_sum, row_sum, transpose

__all__ = ["in_columns"]

_TURNED = {"row_sum": column_sum, "column_sum": row_sum}


def in_columns(tree: Expression) -> Expression:
    """A formula over matrices, each symbol then standing for its transpose; the result is transposed too.

    Rows of numbers (b, thresholds) become columns. Equal in value, entry for entry.

    >>> from chainrule.formulas.layers import weighted_sum
    >>> in_columns(weighted_sum.tree)
    W x + b
    >>> in_columns(weighted_sum.gradients["W"].tree), in_columns(weighted_sum.gradients["b"].tree)
    (g xᵀ, Σ_k(g))
    """
    turned = fold(tree, lambda symbol: symbol, lambda number: number, _turned)
    assert isinstance(turned, Expression)
    return turned


def _turned(primitive: Primitive, *arguments: Expression) -> Expression:
    """A primitive whose arguments are transposed already, so that its result is transposed."""
    if primitive.elementwise or primitive.name == "total":
        return Apply.of(primitive, *arguments)
    if primitive.name == "matmul":
        return Apply.of(primitive, *reversed(arguments))
    if primitive.name == "transpose":
        return _transposed(arguments[0])
    if primitive.name in _TURNED:
        return Apply.of(_TURNED[primitive.name], *arguments)
    as_they_were = Apply.of(primitive, *map(_transposed, arguments))
    # The number of samples is one number either way.
    return as_they_were if primitive.name == "rows" else _transposed(as_they_were)


def _transposed(tree: Expression) -> Expression:
    if isinstance(tree, Apply) and tree.primitive is transpose:
        return tree.arguments[0]
    return Apply.of(transpose, tree)
