"""Typed tables from DuckDB: Parquet files, and what an SQL query makes of a file's table, called `data`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.learning.columns import Column, NumberColumn, TextColumn, cleaned, database, fetch
from chainrule.learning.delimited import Loaded

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["query_columns", "query_parquet", "read_parquet"]

WHOLE = re.compile(r"U?(TINYINT|SMALLINT|INTEGER|BIGINT)")
REAL = re.compile(r"FLOAT|DOUBLE|U?HUGEINT|DECIMAL.*")
TIME = re.compile(r"(DATE|TIME|TIMESTAMP|INTERVAL).*")
TEXT = re.compile(r"BOOLEAN|VARCHAR|UUID|ENUM.*")
EXACT = 2**53


def read_parquet(path: Path, start: bytes) -> Loaded:
    """A Parquet file, typed as it says. Raises TableError if it is none, or holds nested columns."""
    return _typed(_parquet(path, start), "data", str(path), declared=True)


def query_parquet(sql: str, path: Path, start: bytes) -> Loaded:
    """What the query makes of a Parquet file."""
    return _run(_parquet(path, start), sql, declared=True)


def query_columns(sql: str, columns: Mapping[str, Column]) -> Loaded:
    """What the query makes of columns: numeric ones are BIGINT or DOUBLE in it, all others text."""
    connection = database()
    arrays: dict[str, NDArray[Any]] = {}
    wanted: list[str] = []
    spelt: dict[str, str] = {}
    for name in columns:
        if (other := spelt.setdefault(name.casefold(), name)) != name:
            raise TableError(
                f'the query cannot be run: "{other}" and "{name}" differ only in case: rename one'
            )
    for i, (name, column) in enumerate(columns.items()):
        cell = f"c{i}"
        if column.kind() == "number":
            arrays[cell] = _exact(column.numbers().values)
            if arrays[cell].dtype.kind == "f":
                cell = f"CASE WHEN isnan({cell}) THEN NULL ELSE {cell} END"
        else:
            arrays[cell] = column.texts()
            cell = f"CAST({cell} AS VARCHAR)"
        wanted.append(f"{cell} AS {_quoted(name)}")
    connection.register("block", arrays)
    _execute(connection, f"CREATE TABLE data AS SELECT {', '.join(wanted)} FROM block")
    connection.unregister("block")
    return _run(connection, sql, declared=False)


def _exact(values: NDArray[np.float64]) -> NDArray[Any]:
    whole = bool(np.all((np.abs(values) < EXACT) & (values == np.floor(values))))
    return values.astype(np.int64) if whole else values


def _run(connection: DuckDBPyConnection, sql: str, *, declared: bool) -> Loaded:
    # the query sees `data` and nothing else: no files, no variables of the running program
    connection.execute("SET enable_external_access = false")
    # several threads give the rows of a GROUP BY in another order each time, and random() other numbers
    connection.execute("SET threads = 1")
    connection.execute("SELECT setseed(0)")
    _execute(connection, f"CREATE TABLE result AS ({_select(connection, sql)}\n)")
    connection.execute("RESET threads")
    return _typed(connection, "result", "sql", declared=declared)


def _select(connection: DuckDBPyConnection, sql: str) -> str:
    import duckdb

    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise _cannot_run(error) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise TableError("the query cannot be run: give one SELECT … FROM data")
    return statements[0].query.strip().rstrip(";")


def _execute(connection: DuckDBPyConnection, statement: str) -> None:
    import duckdb

    try:
        connection.execute(statement)
    except duckdb.Error as error:
        raise _cannot_run(error) from None


def _cannot_run(error: Exception) -> TableError:
    said = re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", str(error).splitlines()[0]).rstrip(".:!")
    return TableError(f"the query cannot be run: {said}")


def _parquet(path: Path, start: bytes) -> DuckDBPyConnection:
    import duckdb

    if start != b"PAR1":
        raise TableError(f"{path} is not a Parquet file, whatever its name: give a CSV file its own ending")
    connection = database()
    try:
        connection.execute("CREATE TABLE data AS SELECT * FROM read_parquet(?)", [str(path.resolve())])
    except duckdb.Error:
        raise TableError(f"{path} is a broken Parquet file: make it again, or fetch it again") from None
    return connection


def _typed(connection: DuckDBPyConnection, table: str, source: str, *, declared: bool) -> Loaded:
    counted = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    rows = int(counted[0]) if counted else 0
    if rows == 0:
        what = "the query gives" if source == "sql" else f"{source} has"
        raise TableError(f"{what} no rows: a table needs at least one")
    columns: dict[str, Column] = {}
    texts: list[str] = []
    for i, (name, kind, *_) in enumerate(connection.execute(f"DESCRIBE {table}").fetchall()):
        cell = _quoted(name)
        if WHOLE.fullmatch(kind) or REAL.fullmatch(kind):
            columns[name] = NumberColumn(_numbers(connection, table, cell, kind))
        elif TIME.fullmatch(kind):
            texts.append(f"CAST({cell} AS VARCHAR) AS c{i}")
            columns[name] = TextColumn(connection, "texts", f"c{i}", declared=True, fixed="date")
        elif TEXT.fullmatch(kind):
            texts.append(f"{cleaned(f'CAST({cell} AS VARCHAR)')} AS c{i}")
            columns[name] = TextColumn(connection, "texts", f"c{i}", declared=declared)
        elif kind == '"NULL"':
            columns[name] = NumberColumn(np.full(rows, np.nan))
        else:
            raise TableError(
                f'{source}: column "{name}" holds {kind}: a column holds numbers, booleans or text'
            )
    if texts:
        connection.execute(f"CREATE TABLE texts AS SELECT {', '.join(texts)} FROM {table}")
    connection.execute(f"DROP TABLE {table}")
    return Loaded(columns, rows)


def _numbers(connection: DuckDBPyConnection, table: str, cell: str, kind: str) -> NDArray[Any]:
    return fetch(connection, cell if WHOLE.fullmatch(kind) else f"CAST({cell} AS DOUBLE)", table)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
