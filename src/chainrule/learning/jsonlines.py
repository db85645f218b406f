"""JSON lines: one object a line, a missing key is a missing value; or one array of objects."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.errors import TableError
from chainrule.learning.columns import TextStore
from chainrule.learning.delimited import Loaded
from chainrule.learning.plain import open_plain

__all__ = ["read_json"]

BATCH = 50_000


class Written(str):
    """A number as it is written in the file."""


def read_json(path: Path) -> Loaded:
    """Columns in the order in which their keys first come.

    Strings stay text, even where they are digits. Raises TableError naming the line that is broken, is no
    object, or has a key twice, and the column that holds objects or lists.
    """
    plain = open_plain(path)
    with plain.path.open(encoding="utf-8") as stream:
        start = stream.read(1 << 16).lstrip()[:1]
    objects = _array(path, plain.path) if start == "[" else _lines(path, plain.path)
    cells: dict[str, list[str | None]] = {}
    kinds: dict[str, set[str]] = {}
    places: list[int] = []
    for line, record in objects:
        where = f"line {line}" if start != "[" else f"row {line}"
        if not isinstance(record, dict):
            raise TableError(f"{path}, {where} is no object: every row is written as {{…}}")
        for key, value in record.items():
            column = cells.setdefault(key, [])
            column.extend([None] * (len(places) - len(column)))
            column.append(_cell(value, kinds.setdefault(key, set()), f'{path}, {where}, column "{key}"'))
        places.append(line)
    if not places:
        raise TableError(f"{path} has no rows: a table needs at least one")
    if not cells:
        raise TableError(f"{path} has no columns: its objects are empty")
    store = TextStore(list(cells))
    for column in cells.values():
        column.extend([None] * (len(places) - len(column)))
    for first in range(0, len(places), BATCH):
        store.add({name: column[first : first + BATCH] for name, column in cells.items()})
    columns = {name: store.column(name, declared="number" not in kinds[name]) for name in cells}
    return Loaded(columns, len(places), None if start == "[" else np.array(places, np.int64))


def _cell(value: object, kinds: set[str], where: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, dict | list):
        what = "an object" if isinstance(value, dict) else "a list"
        raise TableError(f"{where} holds {what}: a column holds numbers, booleans or text")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Written):
        kinds.add("number")
    return str(value)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise KeyError(next(key for key in keys if keys.count(key) > 1))
    return found


def _decoder() -> Callable[[str], Any]:
    return json.JSONDecoder(
        object_pairs_hook=_once, parse_float=Written, parse_int=Written, parse_constant=Written
    ).decode


def _lines(path: Path, plain: Path) -> Iterator[tuple[int, Any]]:
    decode = _decoder()
    with plain.open(encoding="utf-8", newline="\n") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield number, _decoded(decode, line.rstrip(), f"{path}, line {number}")


def _array(path: Path, plain: Path) -> Iterator[tuple[int, Any]]:
    rows = _decoded(_decoder(), plain.read_text(encoding="utf-8"), str(path))
    yield from enumerate(rows, start=1)


def _decoded(decode: Callable[[str], Any], text: str, where: str) -> Any:
    try:
        return decode(text)
    except json.JSONDecodeError as error:
        at = f"line {error.lineno}, " if error.lineno > 1 else ""
        raise TableError(f"{where} is not JSON ({at}character {error.colno}: {error.msg})") from None
    except KeyError as error:
        raise TableError(f'{where} has the key "{error.args[0]}" twice: leave one out') from None
    except RecursionError:
        raise TableError(f"{where} is nested too deeply: a row is one object of plain values") from None
