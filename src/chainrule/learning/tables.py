"""Tables: named columns of numbers or text, read from files through DuckDB, or made of columns in memory."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.files.atomic import checked_path
from chainrule.learning.columns import DRESSED, Column, Kind, NumberColumn, Stray
from chainrule.learning.delimited import read_delimited
from chainrule.learning.jsonlines import read_json
from chainrule.learning.memory import columns_in_memory
from chainrule.learning.plain import leading_bytes
from chainrule.learning.query import query_columns, query_parquet, read_parquet

__all__ = ["Kind", "Table", "read_table"]

ADVICE = "correct it, or leave it empty if the value is missing"


class Table:
    """Named columns of equal length; not to be changed once made.

    source: what it is called in messages; names: of the columns; rows: how many; pixels: (rows, P) uint8
    where the table is a set of images and all their pixels are selected, else None.

    >>> table = Table.from_columns({"size": [1.5, 2.0], "city": ["Bern", None]}, "towns")
    >>> table.kind("size"), table.texts("city").tolist(), table.place(1)
    ('number', ['Bern', None], 'row 2')
    """

    def __init__(
        self,
        source: str,
        columns: Mapping[str, Column],
        rows: int,
        *,
        lines: Sequence[int] | NDArray[np.int64] | None = None,
        block: NDArray[np.uint8] | None = None,
        order: NDArray[np.intp] | None = None,
    ) -> None:
        self.source = source
        self.names = tuple(columns)
        self.rows = rows if order is None else len(order)
        self._columns = dict(columns)
        self._all_rows = rows
        self._lines = lines
        self._block = block
        self._order = order

    @staticmethod
    def from_columns(columns: Mapping[str, NDArray[Any] | Sequence[Any]], source: str) -> Table:
        """A table of columns in memory: numbers, booleans, or text with None where missing.

        Text stays text, even where it is written with digits; a column of numbers and text mixed is judged as
        one of a file would be. Raises TableError for columns of different lengths, and other values.
        """
        loaded = columns_in_memory(columns, source)
        return Table(source, loaded.columns, loaded.rows)

    @property
    def pixels(self) -> NDArray[np.uint8] | None:
        """All pixels at once, (rows, P), where every one of them is in the table."""
        if self._block is None or self.names[: self._block.shape[1]] != _pixel_names(self._block.shape[1]):
            return None
        return self._block if self._order is None else self._block[self._order]

    def kind(self, name: str) -> Kind:
        """What the column holds, decided over all rows of the source.

        Raises TableError for a column that is numbers but for some strays (nine in ten are numbers, or at
        most three are not and twice as many are), naming the first.
        """
        kind = self._column(name).kind()
        if not isinstance(kind, Stray):
            return kind
        raise TableError(
            f'{self.source}, column "{name}": "{_short(kind.text)}" in {self._place(kind.row)} is not a '
            f"number, {_though(kind)}: {self._advice(kind.row, kind.text)}"
        )

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The column as numbers, (rows,), NaN where missing.

        Raises TableError for the first value that is no number, or is infinite.
        """
        column = self._column(name)
        numbers = column.numbers()
        bad = np.isinf(numbers.values)
        bad[numbers.strays] = True
        if self._order is None:
            values = numbers.values.copy()
        else:
            values, bad = numbers.values[self._order], bad[self._order]
        if not bad.any():
            return values
        index = int(np.argmax(bad))
        row = index if self._order is None else int(self._order[index])
        # texts of numbers are costly, and only wanted here
        text = _short(str(column.texts()[row]))
        where = f'{self.source}, column "{name}", {self._place(row)}'
        if np.isinf(values[index]):
            raise TableError(f'{where}: "{text}" is not a finite number: {ADVICE}')
        raise TableError(f'{where}: "{text}" is not a number: {self._advice(row, text)}')

    def texts(self, name: str) -> NDArray[np.object_]:
        """The column as text, (rows,), as written in the file, None where missing."""
        texts = self._column(name).texts()
        return texts if self._order is None else texts[self._order]

    def resolve(self, key: str) -> str:
        """The column of this name; or of this number, from 1, or -1 for the last.

        >>> Table.from_columns({"a": [1], "b": [2]}, "pairs").resolve("-1")
        'b'
        """
        if key in self._columns:
            return key
        if key.removeprefix("-").isdecimal() and key.isascii():
            number = int(key)
            if 1 <= abs(number) <= len(self.names):
                return self.names[number - 1 if number > 0 else number]
        raise self._no_column(key)

    def place(self, index: int) -> str:
        """Where a row is in the source, as a person counts: "row 7 (line 8)"; the line for text files."""
        return self._place(index if self._order is None else int(self._order[index]))

    def take(self, indices: NDArray[np.intp]) -> Table:
        """The rows with these indices, in this order; `place` still tells where they came from."""
        chosen = np.asarray(indices, np.intp)
        order = np.arange(self._all_rows)[chosen] if self._order is None else self._order[chosen]
        return self._like(self._columns, order)

    def select(self, names: Sequence[str]) -> Table:
        """These columns, in this order."""
        return self._like({name: self._column(name) for name in names}, self._order)

    def __repr__(self) -> str:
        return f"<Table {self.source}: {self.rows} rows, {len(self.names)} columns>"

    def _like(self, columns: Mapping[str, Column], order: NDArray[np.intp] | None) -> Table:
        return Table(self.source, columns, self._all_rows, lines=self._lines, block=self._block, order=order)

    def _place(self, row: int) -> str:
        return f"row {row + 1}" if self._lines is None else f"row {row + 1} (line {self._lines[row]})"

    def _advice(self, row: int, text: str) -> str:
        if re.fullmatch(DRESSED, text):
            commas = 'write a decimal point as "." and thousands without a separator'
            return commas if "," in text else "write the number without a sign"
        if self._lines is not None and self._lines[row] == 1:
            return f"{ADVICE}, or say that line 1 is the header"
        return ADVICE

    def _column(self, name: str) -> Column:
        try:
            return self._columns[name]
        except KeyError:
            raise self._no_column(name) from None

    def _no_column(self, key: str) -> TableError:
        near = get_close_matches(key, self.names, n=1)
        hint = f'did you mean "{near[0]}"? ' if near else ""
        listed = ", ".join(self.names[:20]) + (", …" if len(self.names) > 20 else "")
        count = len(self.names)
        return TableError(
            f'{self.source} has no column "{key}": {hint}(columns: {listed}; or by number, 1 to {count}, '
            f"-1 the last)"
        )


def _short(text: str) -> str:
    """On one line, and no longer than a message can bear."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"


def _though(stray: Stray) -> str:
    if stray.numbers == 0:
        return "nor is any other value"
    return f"though {stray.numbers} of the {stray.filled} values are"


def _pixel_names(count: int) -> tuple[str, ...]:
    return tuple(f"p{i + 1}" for i in range(count))


def image_table(source: str, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Table:
    """Images (rows, P) as columns p1, p2, … that share one block, and their labels as the last column."""
    columns: dict[str, Column] = {
        name: NumberColumn(images[:, i]) for i, name in enumerate(_pixel_names(images.shape[1]))
    }
    columns["label"] = NumberColumn(labels)
    return Table(source, columns, len(images), block=images)


def read_table(
    path: str | os.PathLike[str],
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    sql: str | None = None,
) -> Table:
    """Read a table from a file: delimited text, JSON lines, Parquet, or the classical idx files of images.

    header, delimiter: for delimited text; found by us where None (see `looks_like_header`, `find_delimiter`).
    sql: a query over the file, which is called `data` in it. Text may be packed with gzip.
    Raises TableError, one sentence, for anything that cannot be read as a table.
    """
    checked_path(path)
    file = Path(path)
    source = os.fspath(path)
    if not str(source):
        raise TableError("the name of the table is empty: name a file")
    if not file.exists():
        raise TableError(f"there is no file {source}: check its name and folder")
    start = b"" if _is_folder(file) else leading_bytes(file, 4)
    if sql is None:
        return _read(file, str(source), start, header, delimiter)
    if _is_parquet(file, start):
        loaded = query_parquet(sql, file, start)
    else:
        table = _read(file, str(source), start, header, delimiter)
        loaded = query_columns(sql, table._columns)
    return Table("sql", loaded.columns, loaded.rows)


def _is_folder(file: Path) -> bool:
    """Whether it is a folder and not a file; what can be read only once, or never ends, is refused unopened."""
    mode = file.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        what = "pipe" if stat.S_ISFIFO(mode) else "socket" if stat.S_ISSOCK(mode) else "device"
        raise TableError(f"{file} is a {what}, not an ordinary file: save the table to a file first")
    return stat.S_ISDIR(mode)


def _is_parquet(file: Path, start: bytes) -> bool:
    return start == b"PAR1" or file.suffix.lower() == ".parquet"


def _read(file: Path, source: str, start: bytes, header: bool | None, delimiter: str | None) -> Table:
    from chainrule.learning.idx import MAGIC, holds_idx, read_idx_pair

    if file.is_dir():
        if holds_idx(file):
            return read_idx_pair(file)
        raise TableError(f"{source} is a folder: name a file in it")
    ending = "".join(file.suffixes[-2:]).lower().removesuffix(".gz")
    if start[:3] == MAGIC:
        return read_idx_pair(file)
    if _is_parquet(file, start):
        loaded = read_parquet(file, start)
    elif start[:2] == b"PK" or ending.endswith((".xlsx", ".xls")):
        raise TableError(f"{source} is a workbook or archive: save the table as CSV and give that")
    elif ending.endswith((".json", ".jsonl", ".ndjson")):
        loaded = read_json(file)
    else:
        loaded = read_delimited(file, header, delimiter)
    return Table(source, loaded.columns, loaded.rows, lines=loaded.lines)
