"""How any entry of a whole-matrix line is written out: a template in letters, for a page to fill in.

The entry rules are the vocabulary's: each is asked for entry (i, j) of matrices whose inner size is 1, and
what it takes from the inner place is the letter that is summed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from chainrule.formulas.expression import (
    Apply,
    Constant,
    Expression,
    Primitive,
    Symbol,
    as_expression,
    fold,
    symbols_in,
)
from chainrule.formulas.vocabulary import Matrix
from chainrule.formulas.writing import text
from chainrule.working.document import EntryTemplate

__all__ = ["entry_template"]

ROW, COLUMN = "i", "j"
INNER = ("k", "m", "p", "q")
SUMS = {"matmul", "column_sum", "row_sum", "total"}


@dataclass(frozen=True)
class _Letters:
    """A matrix in letters: its sizes, and its entry at two places, each a letter or 0 for a lone row or column."""

    rows: int
    columns: int
    entry: Callable[[Any, Any], Expression]


class _NotOneSum(Exception):
    """The entry cannot be said in one sum of products."""


def entry_template(tree: Expression, shapes: Callable[[str], tuple[int, ...]]) -> EntryTemplate | None:
    """The template of the entries of a formula over matrices; None where a sum stands inside another formula.

    shapes: symbol → its sizes
    """
    sums: dict[str, int] = {}
    letters = iter(INNER)

    def symbol(leaf: Symbol) -> _Letters:
        sizes = shapes(leaf.name)
        rows, columns = (1,) * (2 - len(sizes)) + sizes

        def entry(i: Any, j: Any) -> Expression:
            places = [str(p) if size > 1 else "1" for p, size in zip((i, j), (rows, columns), strict=True)]
            at = ",".join(places[2 - len(sizes) :])
            return Symbol(f"{leaf.name}[{at}]" if sizes else leaf.name)

        return _Letters(rows, columns, entry)

    def apply(primitive: Primitive, *arguments: _Letters) -> _Letters:
        if primitive.elementwise:
            return _entrywise(primitive, arguments)
        return _array(primitive, arguments, sums, letters)

    try:
        made: _Letters = fold(tree, symbol, lambda leaf: _Letters(1, 1, lambda i, j: leaf), apply)
        terms = tuple(_pieces(made.entry(ROW, COLUMN)))
    except _NotOneSum:
        return None
    return EntryTemplate(terms, sums)


def _entrywise(primitive: Primitive, arguments: tuple[_Letters, ...]) -> _Letters:
    def entry(i: Any, j: Any) -> Expression:
        return as_expression(primitive(*(argument.entry(i, j) for argument in arguments)))

    return _Letters(max(a.rows for a in arguments), max(a.columns for a in arguments), entry)


def _array(
    primitive: Primitive, arguments: tuple[_Letters, ...], sums: dict[str, int], letters: Iterator[str]
) -> _Letters:
    sizes = primitive.shape(*((a.rows, a.columns) for a in arguments))
    rows, columns = (1,) * (2 - len(sizes)) + tuple(int(size) for size in sizes)
    if primitive.name == "rows":
        return _Letters(1, 1, lambda i, j: Constant(arguments[0].rows))
    if primitive.name not in (*SUMS, "transpose"):
        raise _NotOneSum

    def entry(i: Any, j: Any) -> Expression:
        inner: dict[str, str] = {}

        def place(at: Any, size: int, axis: str) -> Any:
            if isinstance(at, str):
                return at
            # Both factors of a product are summed over one letter; rows and columns of a total over two.
            name = "inner" if len(arguments) == 2 else axis
            if name not in inner:
                inner[name] = next(letters, "")
                if not inner[name]:
                    raise _NotOneSum
                sums[inner[name]] = size
            return inner[name]

        wrapped = [
            Matrix(1, 1, lambda r, c, a=a: a.entry(place(r, a.rows, "row"), place(c, a.columns, "column")))  # type: ignore[misc]
            for a in arguments
        ]
        return as_expression(primitive.meaning(*wrapped)(i, j))

    return _Letters(rows, columns, entry)


def _pieces(tree: Expression) -> Iterator[str]:
    """The terms of a sum as text with places; a sum over a letter must be a term by itself."""
    if isinstance(tree, Apply) and tree.primitive.name == "add":
        for argument in tree.arguments:
            yield from _pieces(argument)
        return
    summed = {p for name in symbols_in(tree) for p in _places(name)} & set(INNER)
    if summed and not (isinstance(tree, Symbol) or _is_product(tree)):
        raise _NotOneSum
    yield text(tree, lambda name: "{" + name + "}")


def _is_product(tree: Expression) -> bool:
    return isinstance(tree, Symbol | Constant) or (
        isinstance(tree, Apply)
        and tree.primitive.name == "multiply"
        and all(map(_is_product, tree.arguments))
    )


def _places(name: str) -> list[str]:
    return name[name.index("[") + 1 : -1].split(",") if "[" in name else []
