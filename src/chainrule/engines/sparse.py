"""Tables of mostly zeros, kept by their other entries, row after row: compressed sparse rows (CSR).

That is a storage of x, not another mathematics: the lines of a derivation are the same.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines.engine import Number
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.formulas.expression import Apply, Expression, Symbol, walk

Array = NDArray[Any]


class SparseRows:
    """A table (N, I) of which the entries that are not 0 are stored.

    matrix: SciPy's `csr_array`, each row's columns ascending, none of them twice

    It takes rows, is copied and changes its dtype as an array does; `np.asarray` makes it a dense one.
    """

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        self.matrix = matrix

    @property
    def shape(self) -> tuple[int, int]:
        """(N, I)."""
        rows, columns = self.matrix.shape
        return int(rows), int(columns)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its entries."""
        dtype: np.dtype[Any] = self.matrix.dtype
        return dtype

    @property
    def values(self) -> Array:
        """The stored entries, (non-zeros,)."""
        values: Array = self.matrix.data
        return values

    def __len__(self) -> int:
        return self.shape[0]

    def __repr__(self) -> str:
        return f"<SparseRows {self.shape[0]} × {self.shape[1]}, {len(self.values)} entries stored>"

    def __getitem__(self, rows: slice | Array) -> SparseRows:
        return SparseRows(self.matrix[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        made: Array = self.matrix.toarray()
        return made if dtype is None else made.astype(dtype, copy=False)

    def astype(self, dtype: Any, copy: bool = True) -> SparseRows:
        """The same entries in another dtype."""
        return self if self.dtype == dtype and not copy else SparseRows(self.matrix.astype(dtype))

    def copy(self) -> SparseRows:
        """A copy that shares nothing."""
        return SparseRows(self.matrix.copy())

    @property
    def parts(self) -> tuple[Array, NDArray[np.int32], NDArray[np.int64]]:
        """The entries, the column of each, and where each row's begin, with their number at the end."""
        matrix = self.matrix
        return (
            np.ascontiguousarray(matrix.data),
            np.ascontiguousarray(matrix.indices, np.int32),
            np.ascontiguousarray(matrix.indptr, np.int64),
        )


class SparseBatch:
    """A batch of a sparse table where a program has a table's buffer (B, I), or transposed (I, B)."""

    def __init__(self, shape: tuple[int, ...], turned_of: SparseBatch | None = None) -> None:
        self.shape = shape
        self._turned_of = turned_of
        self._rows: SparseRows | None = None

    @property
    def T(self) -> SparseBatch:
        """The same batch, transposed."""
        return SparseBatch(self.shape[::-1], self)

    @property
    def rows(self) -> SparseRows:
        """What is in it now."""
        assert self._rows is not None
        return self._rows

    def __len__(self) -> int:
        return self.shape[0]

    def fill(self, rows: SparseRows, dtype: Any) -> None:
        """Put rows into it."""
        self._rows = rows.astype(dtype, copy=False)

    def copy(self) -> SparseRows:
        """What is in it now, as it is recorded."""
        return self.rows

    def times(self, b: Array, out: Array) -> None:
        """Its product with b, into `out`."""
        turned = self._turned_of
        np.copyto(out, self.rows.matrix @ b if turned is None else turned.rows.matrix.T @ b)


class Values(Mapping[str, Number]):
    """Recorded values by symbol; a sparse table among them becomes a dense one when it is read.

    sparse: the symbols of such tables
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)
        self.sparse = {symbol for symbol, value in values.items() if isinstance(value, SparseRows)}

    def __getitem__(self, symbol: str) -> Number:
        found = self._values[symbol]
        if isinstance(found, SparseRows):
            found = self._values[symbol] = np.asarray(found)
        value: Number = found
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def is_sparse(given: Any) -> bool:
    """Whether something is one of SciPy's sparse matrices or arrays, or `SparseRows`."""
    scipy = sys.modules.get("scipy.sparse")
    return isinstance(given, SparseRows) or (scipy is not None and bool(scipy.issparse(given)))


def sparse_rows(what: str, given: Any) -> SparseRows:
    """A sparse matrix of any of SciPy's formats, converted to rows and checked; duplicates are added up.

    Raises InvalidInput or ShapeMismatch saying what is wrong and where.
    """
    if isinstance(given, SparseRows):
        return given
    from scipy.sparse import csr_array

    if given.ndim != 2:
        raise ShapeMismatch(f"{what} must be a table (N, I), one row per sample, not of shape {given.shape}")
    kind = given.dtype.kind
    if kind == "c":
        raise InvalidInput(f"{what} holds complex numbers: give real ones")
    if kind not in "fiub":
        raise InvalidInput(f"{what} must be numbers, not {given.dtype}: convert it with .astype(float)")
    try:
        matrix = csr_array(given, dtype=np.int64 if kind == "b" else None)
        matrix.check_format(full_check=True)
    except (ValueError, TypeError, IndexError) as error:
        raise InvalidInput(f"{what} is a broken sparse matrix: {error}") from None
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    _check_finite(what, matrix)
    return SparseRows(matrix)


def _check_finite(what: str, matrix: Any) -> None:
    wrong = ~np.isfinite(matrix.data)
    if wrong.any():
        row, column, value = _entry(matrix, wrong)
        raise InvalidInput(
            f"row {row}, column {column} of {what} is {value}: leave the row out or fill the gap"
        )


def check_sparse_range(what: str, rows: SparseRows, dtype: str) -> None:
    """Raise InvalidInput naming the first number that the dtype cannot hold."""
    if dtype == "float64" or rows.dtype.kind != "f":
        return
    wrong = np.abs(rows.values) > np.finfo(np.float32).max
    if wrong.any():
        row, column, value = _entry(rows.matrix, wrong)
        raise InvalidInput(
            f"row {row}, column {column} of {what} is {value:g}, more than float32 holds: "
            "scale the column, or choose float64"
        )


def _entry(matrix: Any, wrong: NDArray[np.bool_]) -> tuple[int, int, Any]:
    """Row, column and value of the first of some entries."""
    place = int(np.argmax(wrong))
    row = int(np.searchsorted(matrix.indptr, place, side="right")) - 1
    return row, int(matrix.indices[place]), matrix.data[place]


def check_products_only(derivation: Derivation) -> None:
    """Raise ConfigError for a derivation that does with x what would fill its zeros."""
    for line in derivation.lines:
        if not _is_multiplied_only(line.tree):
            if line.definition.name == "chance":
                raise ConfigError(
                    "dropout on the input needs a dense X: put the dropout after the first layer, or give "
                    "X.toarray()"
                )
            raise ConfigError(f"{line.formula} needs a dense X: give X.toarray()")


def _is_multiplied_only(tree: Expression) -> bool:
    """Whether a tree reads x only as x times something, xᵀ times something, or to count its rows."""
    x = Symbol("x")
    if tree is x:
        return False
    for node in walk(tree):
        if not isinstance(node, Apply):
            continue
        name = node.primitive.name
        for place, given in enumerate(node.arguments):
            turned = (
                isinstance(given, Apply) and given.primitive.name == "transpose" and given.arguments[0] is x
            )
            multiplied = name == "matmul" and place == 0
            if (given is x and not (multiplied or name in ("transpose", "rows"))) or (
                turned and not multiplied
            ):
                return False
    return True
