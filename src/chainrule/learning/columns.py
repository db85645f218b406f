"""What a column of a table holds: numbers, or text kept in DuckDB until its kind is decided over all rows.

A cell is missing when it is empty or one of `MISSING`. `?` is missing in a column that is otherwise numeric,
and an ordinary category in a text column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["MISSING", "Column", "Kind", "NumberColumn", "Stray", "TextColumn", "WrittenNumbers"]

Kind = Literal["number", "boolean", "text", "date", "empty"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")
BOOLEANS = ("true", "false", "yes", "no")
# numbers to a person: with dressed, a currency or a per cent sign
DRESSED = r"[+-]?\d[\d.]*(,\d+)+(\.\d+)?|[$€£] ?[+-]?\d[\d.,]*|[+-]?\d[\d.,]* ?[%$€£]"
DATES = (
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?"
    r"|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}([T ].*)?|\d{1,2}/\d{1,2}/\d{2}([T ].*)?"
    r"|\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?"
    r"|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
)
FEW = 3
MOSTLY = 0.9


@dataclass(frozen=True)
class Stray:
    """A column that is numbers but for some values: the first of those, counted from 0, and how many."""

    row: int
    text: str
    numbers: int
    filled: int


@dataclass(frozen=True)
class Numbers:
    """values: (rows,) NaN where missing or no number; strays: the rows that are no number, ascending."""

    values: NDArray[np.float64]
    strays: NDArray[np.intp]


class Column(Protocol):
    """All the rows of one column, in the order of the source."""

    def kind(self) -> Kind | Stray:
        """Decided over all rows."""
        ...

    def numbers(self) -> Numbers:
        """Every cell as a number."""
        ...

    def texts(self) -> NDArray[np.object_]:
        """Every cell as text, None where missing."""
        ...


NO_STRAYS: NDArray[np.intp] = np.empty(0, np.intp)


@dataclass(frozen=True)
class NumberColumn:
    """Numbers that came as numbers: values (rows,) of any integer or float type, NaN where missing."""

    values: NDArray[Any]

    def kind(self) -> Kind | Stray:
        return "empty" if self.values.dtype.kind == "f" and bool(np.isnan(self.values).all()) else "number"

    def numbers(self) -> Numbers:
        return Numbers(self.values.astype(np.float64), NO_STRAYS)

    def texts(self) -> NDArray[np.object_]:
        """Whole numbers are written without a point, so that 1, 1.0 and a file's "1" are one class."""
        distinct, where = np.unique(self.values, return_inverse=True)
        words = np.empty(len(distinct), object)
        words[:] = [None if value != value else str(value).removesuffix(".0") for value in distinct]
        return np.asarray(words[where.reshape(-1)], object)


@dataclass(frozen=True)
class WrittenNumbers:
    """A file's column in which every cell is a number; the text as written is fetched only when asked for."""

    values: NDArray[np.float64]
    written: Callable[[], NDArray[np.object_]]

    def kind(self) -> Kind | Stray:
        return "number"

    def numbers(self) -> Numbers:
        return Numbers(self.values, NO_STRAYS)

    def texts(self) -> NDArray[np.object_]:
        return self.written()


@dataclass(frozen=True)
class TextColumn:
    """Text kept in a DuckDB table, cleaned (trimmed, NULL where missing).

    `declared`: the source said that it is text, so it is not taken for numbers. `fixed`: its kind is known.
    """

    connection: DuckDBPyConnection
    table: str
    column: str
    declared: bool = False
    fixed: Kind | None = None

    def kind(self) -> Kind | Stray:
        return self.fixed or self._decided

    def numbers(self) -> Numbers:
        return self._numbers

    def texts(self) -> NDArray[np.object_]:
        drop_marks = not self.declared and (self._decided == "number" or isinstance(self._decided, Stray))
        return self._fetch(f"nullif({self.column}, '?')" if drop_marks else self.column)

    def _fetch(self, expression: str) -> NDArray[Any]:
        return fetch(self.connection, expression, self.table)

    @cached_property
    def _numbers(self) -> Numbers:
        values = self._fetch(as_number(self.column)).astype(np.float64)
        unread = f"coalesce({self.column} <> '?', false) AND {as_number(self.column)} IS NULL"
        strays = np.flatnonzero(self._fetch(unread)) if np.isnan(values).any() else NO_STRAYS
        return Numbers(values, strays)

    @cached_property
    def _decided(self) -> Kind | Stray:
        c = self.column
        row = self.connection.execute(
            f"SELECT count({c}) FILTER ({c} <> '?'), count({c}), count({as_number(c)}),"
            f" count(*) FILTER (regexp_full_match({c}, $dressed)), count(*) FILTER (lower({c}) IN $booleans),"
            f" count(*) FILTER (regexp_full_match({c}, $dates)) FROM {self.table}",
            {"dressed": DRESSED, "booleans": list(BOOLEANS), "dates": DATES},
        ).fetchone()
        assert row is not None
        filled, present, numbers, dressed, booleans, dates = row
        if present == 0:
            return "empty"
        if not self.declared and filled:
            if numbers == filled:
                return "number"
            if _meant_as_numbers(numbers, dressed, filled):
                first = int(self.numbers().strays[0])
                return Stray(first, self._text_at(first), numbers, filled)
        if booleans == present:
            return "boolean"
        return "date" if dates >= MOSTLY * present else "text"

    def _text_at(self, row: int) -> str:
        found = self.connection.execute(
            f"SELECT {self.column} FROM {self.table} OFFSET {row} LIMIT 1"
        ).fetchone()
        assert found is not None
        return str(found[0])


def _meant_as_numbers(numbers: int, dressed: int, filled: int) -> bool:
    strays = filled - numbers
    return numbers + dressed >= MOSTLY * filled or (strays <= FEW and numbers >= 2 * strays)


def as_number(column: str) -> str:
    """The SQL for a cell as a number, NULL if it is none; DuckDB would also take 1_000 and +-5."""
    odd = f"contains({column}, '_') OR contains({column}, '+-')"
    return f"CASE WHEN {odd} THEN NULL ELSE try_cast({column} AS DOUBLE) END"


def cleaned(column: str) -> str:
    """The SQL for a cell as text, trimmed, NULL where it is missing."""
    words = ", ".join(f"'{word}'" for word in MISSING)
    trimmed = f"trim({column}, ' ' || chr(9) || chr(10) || chr(160))"
    return f"CASE WHEN {trimmed} IN ({words}) THEN NULL ELSE {trimmed} END"


def database() -> DuckDBPyConnection:
    """A DuckDB database in memory, which spills to a temporary folder of its own that goes with it."""
    import shutil
    import tempfile
    import weakref

    import duckdb

    folder = tempfile.mkdtemp(prefix="chainrule-duckdb-")
    connection = duckdb.connect(
        ":memory:",
        config={
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )
    weakref.finalize(connection, shutil.rmtree, folder, ignore_errors=True)
    return connection


def fetch(connection: DuckDBPyConnection, expression: str, source: str) -> NDArray[Any]:
    """One column, NULL as None in text and as NaN in numbers."""
    found = connection.execute(f"SELECT {expression} AS v FROM {source}").fetchnumpy()["v"]
    if not isinstance(found, np.ma.MaskedArray):
        return np.asarray(found)
    # filled(None) would write the array's own fill value, "?"
    values = np.array(found.data, object if found.dtype == object else np.float64)
    values[np.ma.getmaskarray(found)] = None if found.dtype == object else np.nan
    return values


class TextStore:
    """Collects rows of text, some at a time, into a DuckDB table, cleaned.

    >>> store = TextStore(["a"])
    >>> store.add({"a": [" red ", "NA"]})
    >>> store.column("a").texts().tolist()
    ['red', None]
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._connection = database()
        self._columns = {name: f"c{i}" for i, name in enumerate(names)}
        typed = ", ".join(f"{column} VARCHAR" for column in self._columns.values())
        self._connection.execute(f"CREATE TABLE t ({typed})")

    def add(self, cells: Mapping[str, Sequence[str | None]]) -> None:
        """Rows as columns of text, all of one length."""
        block: dict[str, NDArray[np.object_]] = {}
        for name, column in self._columns.items():
            block[column] = np.empty(len(cells[name]), object)
            block[column][:] = cells[name]
        wanted = ", ".join(cleaned(column) for column in block)
        self._connection.register("block", block)
        self._connection.execute(f"INSERT INTO t SELECT {wanted} FROM block")
        self._connection.unregister("block")

    def column(self, name: str, *, declared: bool = False, fixed: Kind | None = None) -> TextColumn:
        """One column of what was added."""
        return TextColumn(self._connection, "t", self._columns[name], declared, fixed)
