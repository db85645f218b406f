"""Columns that are in memory already: numbers stay arrays, everything else becomes text."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.learning.columns import Column, Kind, NumberColumn, TextStore
from chainrule.learning.delimited import Loaded

__all__ = ["columns_in_memory"]

BATCH = 100_000
TIMES = (datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64)


def columns_in_memory(columns: Mapping[str, NDArray[Any] | Sequence[Any]], source: str) -> Loaded:
    """Columns by name. Raises TableError for names that are no text, ragged columns, and other values."""
    arrays = {_checked(name, source): _array(name, values, source) for name, values in columns.items()}
    if not arrays:
        raise TableError(f"{source} has no columns: a table needs at least one")
    lengths = {name: len(values) for name, values in arrays.items()}
    rows = next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != rows:
            first, counted = next(iter(lengths)), "row" if length == 1 else "rows"
            raise TableError(
                f'{source}: column "{name}" has {length} {counted} but "{first}" has {rows}: make them equal'
            )
    if rows == 0:
        raise TableError(f"{source} has no rows: a table needs at least one")
    numeric = {name: values for name, values in arrays.items() if values.dtype.kind in "iuf"}
    texts = {name: _texts(name, values, source) for name, values in arrays.items() if name not in numeric}
    made: dict[str, Column] = {name: NumberColumn(values) for name, values in numeric.items()}
    if texts:
        store = TextStore(list(texts))
        for start in range(0, rows, BATCH):
            store.add({name: cells[start : start + BATCH] for name, (cells, _, _) in texts.items()})
        for name, (_, declared, fixed) in texts.items():
            made[name] = store.column(name, declared=declared, fixed=fixed)
    return Loaded({name: made[name] for name in arrays}, rows)


def _checked(name: object, source: str) -> str:
    if not isinstance(name, str):
        raise TableError(f"{source}: the column name {name!r} is not text: name every column with a string")
    return name


def _array(name: str, values: NDArray[Any] | Sequence[Any], source: str) -> NDArray[Any]:
    if isinstance(values, str) or not hasattr(values, "__len__"):
        raise TableError(f'{source}: column "{name}" is a {type(values).__name__}: give a list or an array')
    if not isinstance(values, np.ndarray):
        listed = list(values)
        plain = {type(value) for value in listed} <= {int, float} and listed
        values = np.asarray(listed) if plain else np.empty(len(listed), object)
        if not plain:
            values[:] = listed
    if values.ndim != 1:
        raise TableError(f'{source}: column "{name}" has {values.ndim} dimensions: a column has one')
    if values.dtype.kind == "f" and values.dtype.itemsize not in (4, 8):
        return values.astype(np.float64)
    if values.dtype.kind == "O":
        return _narrowed(values)
    if values.dtype.kind not in "iufbUMm":
        raise TableError(
            f'{source}: column "{name}" holds {values.dtype}: a column holds numbers, booleans or text'
        )
    return values


def _narrowed(values: NDArray[np.object_]) -> NDArray[Any]:
    """Objects that are all numbers or missing as an array of numbers."""
    filled = [value for value in values if not _missing(value)]
    kinds = {type(value) for value in filled}
    if filled and all(issubclass(kind, int | float | np.integer | np.floating | Decimal) for kind in kinds):
        if bool in kinds:
            return values
        return np.array([np.nan if _missing(value) else float(value) for value in values], np.float64)
    return values


def _missing(value: object) -> bool:
    if isinstance(value, float | np.floating | Decimal):
        return bool(value != value)
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _texts(name: str, values: NDArray[Any], source: str) -> tuple[list[str | None], bool, Kind | None]:
    """Cells as text; whether they were declared to be text; and their kind, where it is known."""
    if values.dtype.kind in "Mm":
        return [None if np.isnat(value) else str(value) for value in values], True, "date"
    cells: list[str | None] = []
    kinds: set[str] = set()
    for row, value in enumerate(values, start=1):
        if _missing(value):
            cells.append(None)
        elif isinstance(value, bool | np.bool):
            kinds.add("boolean")
            cells.append("true" if value else "false")
        elif isinstance(value, str):
            kinds.add("text")
            cells.append(str(value))
        elif isinstance(value, int | float | np.integer | np.floating | Decimal):
            kinds.add("number")
            cells.append(str(value).removesuffix(".0"))
        elif isinstance(value, TIMES):
            kinds.add("date")
            cells.append(str(value))
        else:
            raise TableError(
                f'{source}, column "{name}", row {row}: a {type(value).__name__} is no cell of a table: '
                f"give numbers, booleans or text"
            )
    return cells, "number" not in kinds, "date" if kinds == {"date"} else None
