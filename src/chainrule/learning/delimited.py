"""Delimited text: a file's lines to columns, in the file's order, every broken line named by its number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.learning.columns import (
    Column,
    TextColumn,
    TextStore,
    WrittenNumbers,
    as_number,
    cleaned,
    database,
    fetch,
)
from chainrule.learning.dialect import (
    NUMBER,
    SAMPLE,
    SINGLE,
    WHITE_SPACE,
    BrokenQuote,
    field_counts,
    find_delimiter,
    looks_like_header,
    records,
)
from chainrule.learning.plain import PlainText, open_plain

__all__ = ["Loaded", "read_delimited"]

SAMPLE_BYTES = 1 << 20
BATCH = 50_000
SPELT = {"\t": "tab", WHITE_SPACE: "white space"}
NAMED = {
    "tab": "\t",
    "\\t": "\t",
    "space": WHITE_SPACE,
    "whitespace": WHITE_SPACE,
    "white space": WHITE_SPACE,
}


@dataclass(frozen=True)
class Loaded:
    """Columns by name, the number of rows, and the line on which each row begins, if the source has lines."""

    columns: Mapping[str, Column]
    rows: int
    lines: Sequence[int] | NDArray[np.int64] | None = None


@dataclass(frozen=True)
class Layout:
    """names: the columns; first: the line of the first row; numeric: the columns that are numbers so far."""

    source: str
    delimiter: str
    names: tuple[str, ...]
    header_line: int
    header_quotes: int
    first: int
    numeric: frozenset[int]


def read_delimited(path: Path, header: bool | None, delimiter: str | None) -> Loaded:
    """A delimited text file; header and delimiter are found by us where None.

    Raises TableError for anything that is not a table of as many fields on every line.
    """
    plain = open_plain(path)
    layout = _layout(path, plain, header, delimiter)
    # DuckDB reads plain lines at speed; quotes, blank lines and single columns are read by `records`
    simple = plain.quotes == layout.header_quotes and layout.delimiter not in (SINGLE, WHITE_SPACE)
    return (simple and _fast(plain, layout)) or _careful(plain, layout)


def _layout(path: Path, plain: PlainText, header: bool | None, delimiter: str | None) -> Layout:
    with plain.path.open(encoding="utf-8", newline="\n") as stream:
        lines = stream.readlines(SAMPLE_BYTES)
    chosen = _delimiter(path, lines, delimiter)
    sample: list[tuple[int, list[str]]] = []
    unclosed: BrokenQuote | None = None
    try:
        sample.extend(islice(records(lines, chosen), SAMPLE))
    except BrokenQuote as broken:
        # the end of the sample may lie inside a quoted field; `_careful` comes upon a really broken one
        if not sample:
            raise _broken(str(path), broken) from None
        unclosed = broken
    if not sample:
        raise TableError(f"{path} holds nothing but blank lines: a table needs at least one row")
    fields = _expected([record for _, record in sample])
    first, body = sample[0][1], [record for _, record in sample[1:]]
    if len(first) != fields:
        raise _ragged(str(path), sample[0][0], len(first), fields, chosen)
    has_header = looks_like_header(first, body) if header is None else header
    if has_header and not body:
        if unclosed is not None:
            raise _broken(str(path), unclosed)
        raise TableError(f"{path} has a header line but no rows: a table needs at least one row")
    names = header_names(first, str(path)) if has_header else numbered_names(fields)
    rows = body if has_header else [first, *body]
    return Layout(
        source=str(path),
        delimiter=chosen,
        names=names,
        header_line=sample[0][0] if has_header else 0,
        header_quotes="".join(lines[: sample[1][0] - 1]).count('"') if has_header else 0,
        first=sample[1][0] if has_header else sample[0][0],
        numeric=frozenset(i for i in range(fields) if _numeric(row[i] for row in rows if len(row) == fields)),
    )


def _delimiter(path: Path, lines: Sequence[str], given: str | None) -> str:
    if given is None:
        return find_delimiter(lines)
    delimiter = NAMED.get(given, given)
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise TableError(f'the delimiter "{given}" is not one character: give one such as "," ";" "|" or tab')
    if field_counts(lines, delimiter)[0] == 1:
        fitting = find_delimiter(lines)
        fields = field_counts(lines, fitting)[0]
        if fields > 1:
            spelt = SPELT.get(fitting, f'"{fitting}"')
            raise TableError(
                f'{path} is a single column with the delimiter "{given}": {spelt} makes {fields} columns '
                f"of it, so give that, or no delimiter"
            )
    return delimiter


def _expected(sample: Sequence[Sequence[str]]) -> int:
    """The commonest number of fields; the first line's where several are as common."""
    return Counter(len(record) for record in sample).most_common(1)[0][0]


def _numeric(values: Iterator[str]) -> bool:
    return all(NUMBER.fullmatch(value) for value in values)


def numbered_names(count: int) -> tuple[str, ...]:
    """c1, c2, … for a table without names."""
    return tuple(f"c{i + 1}" for i in range(count))


def header_names(fields: Sequence[str], source: str) -> tuple[str, ...]:
    """The names of the columns; a column without one is called by its place; doubles are an error."""
    names = tuple(name or f"c{i + 1}" for i, name in enumerate(fields))
    seen: dict[str, int] = {}
    for place, name in enumerate(names, start=1):
        if name in seen:
            raise TableError(
                f'{source}: columns {seen[name]} and {place} are both called "{name}": rename one of them'
            )
        seen[name] = place
    return names


def _fast(plain: PlainText, layout: Layout) -> Loaded | None:
    """Read by DuckDB; None where it found a line it cannot take, or passed over blank ones."""
    import duckdb

    columns = [f"c{i}" for i in range(len(layout.names))]
    source = _scan(plain, layout, columns)
    connection = database()
    found: dict[str, NDArray[np.float64]] = {}
    try:
        numeric = [columns[i] for i in sorted(layout.numeric)]
        if numeric:
            wanted = ", ".join(f"{as_number(c)} AS {c}" for c in numeric)
            fetched = connection.execute(f"SELECT {wanted} FROM {source}").fetchnumpy()
            found = {c: np.ma.filled(fetched[c], np.nan).astype(np.float64, copy=False) for c in numeric}
            found = {c: values for c, values in found.items() if not np.isnan(values).any()}
        texts = [c for c in columns if c not in found]
        kept = ", ".join(f"{cleaned(c)} AS {c}" for c in texts)
        if texts:
            connection.execute(f"CREATE TABLE t AS SELECT {kept} FROM {source}")
    except duckdb.Error:
        return None
    rows = len(next(iter(found.values()))) if found else _count(connection)
    if rows != plain.lines - layout.first + 1:
        return None

    def written(column: str) -> NDArray[np.object_]:
        if plain.changed():
            raise TableError(f"{layout.source} was changed after it was read: read it again")
        return fetch(connection, cleaned(column), source)

    def column_of(column: str) -> Column:
        if column in found:
            return WrittenNumbers(found[column], lambda: written(column))
        return TextColumn(connection, "t", column)

    made = {name: column_of(column) for name, column in zip(layout.names, columns, strict=True)}
    return Loaded(made, rows, range(layout.first, layout.first + rows))


def _scan(plain: PlainText, layout: Layout, columns: Sequence[str]) -> str:
    """The SQL that reads the rows strictly, every column as text, nothing guessed."""
    typed = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
    return (
        f"read_csv({_literal(str(plain.path.resolve()))}, auto_detect=false, header=false, strict_mode=true, "
        f"skip={layout.first - 1}, delim={_literal(layout.delimiter)}, quote='', escape='', comment='', "
        f"new_line='\\n', compression='none', columns={{{typed}}})"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _count(connection: object) -> int:
    return int(connection.execute("SELECT count(*) FROM t").fetchone()[0])  # type: ignore[attr-defined]


def _careful(plain: PlainText, layout: Layout) -> Loaded:
    """Read record by record: the definition of what a file says, and of which line is wrong."""
    store = TextStore(layout.names)
    lines: list[int] = []
    fields = len(layout.names)
    with plain.path.open(encoding="utf-8", newline="\n") as stream:
        found = records(stream, layout.delimiter)
        try:
            while batch := list(islice(found, BATCH)):
                batch = [record for record in batch if record[0] != layout.header_line]
                for line, record in batch:
                    if len(record) != fields:
                        raise _ragged(layout.source, line, len(record), fields, layout.delimiter)
                lines.extend(line for line, _ in batch)
                if batch:
                    cells = zip(*(record for _, record in batch), strict=True)
                    store.add(dict(zip(layout.names, cells, strict=True)))
        except BrokenQuote as broken:
            raise _broken(layout.source, broken) from None
    return Loaded({name: store.column(name) for name in layout.names}, len(lines), np.array(lines, np.int64))


def _broken(source: str, broken: BrokenQuote) -> TableError:
    return TableError(f"{source}, line {broken.line} has {broken.why}: correct the quotes")


def _ragged(source: str, line: int, found: int, expected: int, delimiter: str) -> TableError:
    fields = "1 field" if found == 1 else f"{found} fields"
    spelt = SPELT.get(delimiter, f'"{delimiter}"')
    return TableError(
        f"{source}, line {line} has {fields} where {expected} are expected (delimiter {spelt}): "
        f"correct the line, or quote the field that holds the delimiter"
    )
