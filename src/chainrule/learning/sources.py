"""Where a table comes from: a file, an embedded set, a data frame, an array."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

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

    >>> open_table("iris").rows
    150
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, (str, os.PathLike)):
        name = os.fspath(source)
        if name in DATASETS and not Path(name).exists():
            return load_dataset(name, seed)
        return read_table(name, header=header, sql=sql, delimiter=delimiter)
    return table_from(source)
