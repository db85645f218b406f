"""Tables from what Python code holds: data frames (pandas, polars, Arrow), dicts of columns, NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.sparse import is_sparse
from chainrule.errors import TableError
from chainrule.learning.delimited import header_names, numbered_names
from chainrule.learning.tables import Table

__all__ = ["table_from"]


def table_from(data: object, *, source: str = "the data frame") -> Table:
    """A table from a pandas or polars frame, an Arrow table, a dict of columns, or a 2-D array.

    The columns of an array are called c1, c2, … A table is given back as it is. Categories and strings are
    text, dates and times are kind "date", and None, NaN, NA and NaT are missing.
    Raises TableError for anything else, for names that are not strings, and for nested columns.

    >>> import numpy as np
    >>> table_from(np.array([[1.0, 2.0], [3.0, 4.0]])).names
    ('c1', 'c2')
    """
    if isinstance(data, Table):
        return data
    if isinstance(data, np.ndarray):
        return _from_array(data, source)
    if isinstance(data, Mapping):
        return Table.from_columns(data, source)
    if is_sparse(data):
        raise TableError(
            f"{source} is a sparse matrix, and the columns of a table are standardised, which would fill its "
            "zeros: give it to chainrule.train(network, X, y), which takes it as it is"
        )
    return _from_frame(data, source)


def _from_array(data: NDArray[Any], source: str) -> Table:
    if data.ndim != 2:
        has = "1 dimension" if data.ndim == 1 else f"{data.ndim} dimensions"
        raise TableError(f"{source} has {has}: a table has two, rows and columns")
    names = numbered_names(data.shape[1])
    return Table.from_columns({name: data[:, i] for i, name in enumerate(names)}, source)


def _from_frame(data: object, source: str) -> Table:
    import narwhals as nw

    try:
        frame = nw.from_native(data)  # type: ignore[call-overload]
    except TypeError:
        raise TableError(
            f"{source} is a {type(data).__name__}: give a data frame, a dict of columns or a 2-D array"
        ) from None
    except nw.exceptions.NarwhalsError as error:
        header_names([str(name) for name in getattr(data, "columns", ())], source)
        raise TableError(f"{source} cannot be used as a table: {str(error).splitlines()[0]}") from None
    if isinstance(frame, nw.LazyFrame):
        raise TableError(f"{source} is a lazy frame: collect() it first")
    columns = {name: _cells(name, frame.get_column(name), source) for name in frame.columns}
    return Table.from_columns(columns, source)


def _cells(name: str, series: Any, source: str) -> NDArray[Any]:
    import narwhals as nw

    kind = series.dtype
    if isinstance(kind, nw.Decimal) or (kind.is_numeric() and series.is_null().any()):
        return np.asarray(series.to_numpy(), np.float64)
    if kind.is_numeric():
        return np.asarray(series.to_numpy())
    if isinstance(kind, nw.List | nw.Array | nw.Struct | nw.Binary):
        raise TableError(f'{source}: column "{name}" holds {kind}: a column holds numbers, booleans or text')
    cells = np.empty(len(series), object)
    cells[:] = series.to_list()
    return cells
