"""JSON lines: what is read, and what is refused."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.learning.tables import Table, read_table

Write = Callable[..., Path]
Refusal = Callable[[Callable[[], object]], str]


def rows_of(table: Table) -> list[list[object]]:
    columns = [table.texts(name).tolist() for name in table.names]
    return [list(row) for row in zip(*columns, strict=True)]


CELLS = "a column holds numbers, booleans or text"


def test_json_lines_are_read_with_missing_keys_and_nulls(write: Write) -> None:
    lines = '{"x": 1.50, "t": "a"}\n\n{"t": null, "x": 2, "ok": true}\n{"x": NaN, "t": "7", "ok": false}\n'
    table = read_table(write(lines, "a.jsonl"))
    assert table.names == ("x", "t", "ok")
    assert rows_of(table) == [["1.50", "a", None], ["2", None, "true"], [None, "7", "false"]]
    assert [table.kind(name) for name in table.names] == ["number", "text", "boolean"]
    assert table.place(1) == "row 2 (line 3)"


def test_strings_of_digits_in_json_stay_text(write: Write) -> None:
    assert read_table(write('{"zip": "01234"}\n', "a.ndjson")).kind("zip") == "text"


def test_an_array_of_json_objects_is_read(write: Write) -> None:
    table = read_table(write('[{"x": 1},\n {"x": 2}]', "a.json"))
    assert table.numbers("x").tolist() == [1.0, 2.0]
    assert table.place(1) == "row 2"


def test_packed_json_lines_are_read(write: Write) -> None:
    assert read_table(write(gzip.compress(b'{"x": 1}\n'), "a.jsonl.gz")).numbers("x").tolist() == [1.0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"x": 1}\n{"x": }\n', "a.jsonl, line 2 is not JSON (character 7: Expecting value)"),
        ('{"x": 1}\n[1]\n', "a.jsonl, line 2 is no object: every row is written as {…}"),
        ('{"x": 1}\n{"x": {"y": 2}}\n', 'a.jsonl, line 2, column "x" holds an object: ' + CELLS),
        ('{"x": [1]}\n', 'a.jsonl, line 1, column "x" holds a list: ' + CELLS),
        ('{"x": 1, "x": 2}\n', 'a.jsonl, line 1 has the key "x" twice: leave one out'),
        ("{}\n", "a.jsonl has no columns: its objects are empty"),
        ("[]", "a.jsonl has no rows: a table needs at least one"),
        ('[{"x": 1},\n{"x" 2}]', "a.jsonl is not JSON (line 2, character 6: Expecting ':' delimiter)"),
        (
            '{"x": ' + "[" * 100_000,
            "a.jsonl, line 1 is nested too deeply: a row is one object of plain values",
        ),
    ],
)
def test_broken_json_is_refused(write: Write, refusal: Refusal, content: str, message: str) -> None:
    assert refusal(lambda: read_table(write(content, "a.jsonl"))) == message


def test_a_stray_in_json_is_named_by_line(write: Write, refusal: Refusal) -> None:
    table = read_table(write('{"x": 1}\n\n{"x": 2}\n{"x": "many"}\n', "a.jsonl"))
    assert refusal(lambda: table.kind("x")).startswith('a.jsonl, column "x": "many" in row 3 (line 4) is not')
