"""The scalar view: what one entry of a line is, by the entry rules of the vocabulary.

`z1 = x W1 + b1` yields `z1[1,2] = x[1,1]·W1[1,2] + x[1,2]·W1[2,2] + b1[2]`: derived, not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from chainrule.derivation.lines import Derivation
from chainrule.formulas.expression import (
    Apply,
    Constant,
    Expression,
    Primitive,
    Shape,
    Symbol,
    as_expression,
    fold,
    walk,
)
from chainrule.formulas.vocabulary import Matrix
from chainrule.working.algebra import simplified

__all__ = ["Index", "Sizes", "entry_tree", "is_drawn", "is_longer"]

Index = tuple[int, ...]
Names = Callable[[str, Index], Expression]
"""A symbol and an index, counted from 1 → what stands for that entry."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of everything in a derivation, once the number of samples is known."""

    derivation: Derivation
    samples: int

    def shape(self, symbol: str) -> tuple[int, ...]:
        """A symbol's shape in numbers."""
        letters: Mapping[str, int] = {**self.derivation.sizes, "B": self.samples}
        shape: Shape = self.derivation.shapes[symbol]
        return tuple(letters[size] if isinstance(size, str) else size for size in shape)

    def indices(self, symbol: str) -> Iterator[Index]:
        """Every index of a symbol, counted from 1, row by row."""
        return product(*(range(1, size + 1) for size in self.shape(symbol)))

    def per_sample(self, symbol: str) -> bool:
        """Whether the first index of a symbol counts samples."""
        return self.derivation.shapes[symbol][:1] == ("B",)


def is_drawn(tree: Expression) -> bool:
    """Whether a formula draws random numbers: its entries are taken as they came, not worked out."""
    return any(isinstance(node, Apply) and node.primitive.name == "uniform" for node in walk(tree))


def entry_tree(
    tree: Expression, index: Index, shapes: Callable[[str], tuple[int, ...]], names: Names
) -> Expression:
    """The entry at `index` of a formula over whole matrices, as a formula over entries.

    tree:   over symbols; shapes: symbol → its sizes; names: what stands for an entry of a symbol
    index:  counted from 1, as long as the result has axes
    """

    def symbol(leaf: Symbol) -> Matrix:
        sizes = shapes(leaf.name)
        rows, columns = (1,) * (2 - len(sizes)) + sizes

        def entry(i: int, j: int) -> Expression:
            place = (i + 1, j + 1)[2 - len(sizes) :] if sizes else ()
            return names(leaf.name, place)

        return Matrix(rows, columns, entry)

    def constant(leaf: Constant) -> Matrix:
        return Matrix(1, 1, lambda i, j: leaf)

    made: Matrix = fold(tree, symbol, constant, _apply)
    i, j = (0,) * (2 - len(index)) + tuple(place - 1 for place in index)
    return simplified(as_expression(made[i if made.rows > 1 else 0, j if made.columns > 1 else 0]))


def is_longer(tree: Expression, shapes: Callable[[str], tuple[int, ...]], most: int) -> bool:
    """Whether an entry of a formula over whole matrices is made of more numbers than that, told without writing it.

    tree, shapes: as for `entry_tree`

    >>> from chainrule.formulas.vocabulary import matmul
    >>> shapes = {"x": (2, 5), "W": (5, 3), "b": (3,)}
    >>> summed = matmul(Symbol("x"), Symbol("W")) + Symbol("b")
    >>> is_longer(summed, shapes.__getitem__, 10), is_longer(summed, shapes.__getitem__, 11)
    (True, False)
    """

    def symbol(leaf: Symbol) -> _Counted:
        sizes = shapes(leaf.name)
        rows, columns = (1,) * (2 - len(sizes)) + sizes
        return _Counted(rows, columns, 1)

    try:
        counted: _Counted = fold(
            tree, symbol, lambda leaf: _Counted(1, 1, 1), lambda p, *a: _count(p, a, most)
        )
    except _TooMany:
        return True
    return counted.numbers > most


class _TooMany(Exception):
    """There are more numbers than asked about."""


@dataclass(frozen=True)
class _Counted:
    """The size of a matrix, and how many numbers each of its entries is made of."""

    rows: int
    columns: int
    numbers: int


def _count(primitive: Primitive, arguments: tuple[_Counted, ...], most: int) -> _Counted:
    """A primitive on counted matrices: an array primitive's own entry is asked which places it looks at."""
    if primitive.elementwise:
        size = max(a.rows for a in arguments), max(a.columns for a in arguments)
        return _Counted(*size, sum(a.numbers for a in arguments))
    looked_at = [0] * len(arguments)

    def seen(which: int) -> Callable[[int, int], int]:
        def entry(i: int, j: int) -> int:
            looked_at[which] += 1
            if looked_at[which] > most:
                raise _TooMany
            return 1

        return entry

    matrices = [Matrix(a.rows, a.columns, seen(which)) for which, a in enumerate(arguments)]
    made = _array(primitive, *matrices)
    made[0, 0]
    numbers = sum(times * a.numbers for times, a in zip(looked_at, arguments, strict=True))
    return _Counted(made.rows, made.columns, numbers)


def _apply(primitive: Primitive, *arguments: Matrix) -> Matrix:
    """A primitive on matrices of formulas."""
    if primitive.elementwise:
        rows = max(argument.rows for argument in arguments)
        columns = max(argument.columns for argument in arguments)

        def entry(i: int, j: int) -> Any:
            return primitive(
                *(as_expression(a[i if a.rows > 1 else 0, j if a.columns > 1 else 0]) for a in arguments)
            )

        return Matrix(rows, columns, entry)
    return _array(primitive, *arguments)


def _array(primitive: Primitive, *arguments: Matrix) -> Matrix:
    """An array primitive on matrices of anything."""
    sizes = tuple(map(int, primitive.shape(*((a.rows, a.columns) for a in arguments))))
    rows, columns = (1,) * (2 - len(sizes)) + sizes
    return Matrix(rows, columns, primitive.meaning(*arguments))
