"""Where a table comes from: a file, an embedded set, a data frame, an array."""

from __future__ import annotations

import os
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from chainrule.errors import TableError
from chainrule.learning.datasets import DATASETS, load_dataset
from chainrule.learning.frames import table_from
from chainrule.learning.tables import Table, read_table


def open_table(
    source: Any,
    *,
    header: bool | None = None,
    sql: str | None = None,
    seed: int = 0,
    delimiter: str | None = None,
) -> Table:
    """A table from a file, the name of an embedded set, a data frame, an array or a Table.

    A file goes before an embedded set of the same name; seed is that of the generated sets.
    header, sql, delimiter: of files only, see `read_table`. Raises TableError where they are given for others.

    >>> open_table("iris").rows
    150
    """
    options = {"sql": sql, "no-header" if header is False else "header": header, "delimiter": delimiter}
    given = [f"--{option}" for option, value in options.items() if value is not None]
    if not isinstance(source, (str, os.PathLike)):
        _refuse([option.removeprefix("--") for option in given], "the data are in memory")
        return table_from(source)
    name = os.fspath(source)
    if Path(name).exists():
        return read_table(name, header=header, sql=sql, delimiter=delimiter)
    if name in DATASETS:
        _refuse(given, f"{name} is an embedded set")
        return load_dataset(name, seed)
    if near := get_close_matches(name, DATASETS, n=1):
        raise TableError(
            f'there is no file "{name}" and no embedded set of that name: did you mean {near[0]}?'
        )
    return read_table(name)


def _refuse(given: Sequence[str], why: str) -> None:
    if given:
        are, them = ("is", "it") if len(given) == 1 else ("are", "them")
        raise TableError(f"{why}: {', '.join(given)} {are} for files, so leave {them} out")
