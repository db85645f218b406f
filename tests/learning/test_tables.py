"""Tables: kinds, strays, and what can be asked of a table."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from chainrule.learning.sources import open_table
from chainrule.learning.tables import read_table

Write = Callable[..., Path]
Refusal = Callable[[Callable[[], object]], str]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e-2", "+5", ".5"], "number"),
        (["1", "", "NA", "N/A", "NaN", "nan", "NULL", "null"], "number"),
        (["1", "?", "2"], "number"),
        (["0", "1", "0"], "number"),
        (["1", "inf", "2"], "number"),
        (["", "NA", ""], "empty"),
        (["true", "False", "YES", "no"], "boolean"),
        (["true", "?", "no"], "text"),
        (["red", "?", "7"], "text"),
        (["0x1F", "0x2F", "0x3F"], "text"),
        (["2020-01-31", "2020-02-01T10:00:00Z", ""], "date"),
        (["3/4/2020", "13/4/2020", "3.4.2020"], "date"),
        (["12:30", "01:02:03.5", "9:05 pm"], "date"),
        (["5 Jan 2020", "March 3, 2021", "5-Feb-21"], "date"),
        (["1.2.10", "1.2.11", "1.2.12"], "text"),
        (["a%", "$b"], "text"),
    ],
)
def test_the_kind_is_decided(write: Write, cells: list[str], kind: str) -> None:
    table = read_table(write("\n".join(["name|other", *(f"{cell}|x" for cell in cells)])), header=True)
    assert table.kind("name") == kind


def test_the_kind_is_decided_over_all_rows(write: Write) -> None:
    content = "a,b\n" + "1,x\n" * 5000 + "red,x\n" * 5000
    assert read_table(write(content)).kind("a") == "text"


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_are_read_to_the_last_bit(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text("x,t\n" + "".join(f"{value!r},word\n" for value in values))
    assert read_table(path).numbers("x").tolist() == values


def test_missing_values_are_nan_and_none(write: Write) -> None:
    table = read_table(write("x,t\n1,a\n?,NA\n,?\nNaN,b\n"))
    assert_array_equal(table.numbers("x"), [1, np.nan, np.nan, np.nan])
    assert table.texts("x").tolist() == ["1", None, None, None]
    assert table.texts("t").tolist() == ["a", None, "?", "b"]


X = 'a.csv, column "x":'
STRAY = "correct it, or leave it empty if the value is missing"
SIGN = "write the number without a sign"
COMMA = 'write a decimal point as "." and thousands without a separator'


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["1", "2", "abc", "4"],
            f'{X} "abc" in row 3 (line 4) is not a number, though 3 of the 4 values are: {STRAY}',
        ),
        (
            ["1"] * 95 + ["none"] * 5,
            f'{X} "none" in row 96 (line 97) is not a number, though 95 of the 100 values are: {STRAY}',
        ),
        (
            ["1", "2", "1_000"],
            f'{X} "1_000" in row 3 (line 4) is not a number, though 2 of the 3 values are: {STRAY}',
        ),
        (
            ["1", "2", "+-5"],
            f'{X} "+-5" in row 3 (line 4) is not a number, though 2 of the 3 values are: {STRAY}',
        ),
        (
            ["1", "2", "0x1F"],
            f'{X} "0x1F" in row 3 (line 4) is not a number, though 2 of the 3 values are: {STRAY}',
        ),
        (
            ["3,14", "2,71"],
            f'{X} "3,14" in row 1 (line 2) is not a number, nor is any other value: {COMMA}',
        ),
        (
            ["$5", "$6.50"],
            f'{X} "$5" in row 1 (line 2) is not a number, nor is any other value: {SIGN}',
        ),
        (
            ["5", "6", "7 %"],
            f'{X} "7 %" in row 3 (line 4) is not a number, though 2 of the 3 values are: {SIGN}',
        ),
        (
            ["1", "2", "x" * 99],
            f'{X} "{"x" * 39}…" in row 3 (line 4) is not a number, though 2 of the 3 values are: {STRAY}',
        ),
        (
            ["1", "1,234", "12"],
            f'{X} "1,234" in row 2 (line 3) is not a number, though 2 of the 3 values are: {COMMA}',
        ),
    ],
)
def test_a_stray_in_a_numeric_column_is_named(
    write: Write, refusal: Refusal, cells: list[str], message: str
) -> None:
    table = read_table(write("\n".join(["x;y", *(f"{cell};1" for cell in cells)])), header=True)
    assert refusal(lambda: table.kind("x")) == message


def test_a_header_taken_for_a_row_is_pointed_out(write: Write, refusal: Refusal) -> None:
    table = read_table(write("name,2019\nBern,1\nRome,2\nOslo,3\n"), header=None)
    assert table.names == ("c1", "c2")
    headed = read_table(write("size,2019\n5,1\n6,2\n7,3\n"))
    assert refusal(lambda: headed.kind("c1")) == (
        'a.csv, column "c1": "size" in row 1 (line 1) is not a number, though 3 of the 4 values are: '
        f"{STRAY}, or say that line 1 is the header"
    )


@pytest.mark.parametrize(
    ("cell", "what"),
    [
        ("red", f'"red" is not a number: {STRAY}'),
        ("3,14", f'"3,14" is not a number: {COMMA}'),
        ("inf", f'"inf" is not a finite number: {STRAY}'),
        ("-Infinity", f'"-Infinity" is not a finite number: {STRAY}'),
        ("1e400", f'"1e400" is not a finite number: {STRAY}'),
    ],
)
def test_what_is_no_finite_number_is_named(write: Write, refusal: Refusal, cell: str, what: str) -> None:
    table = read_table(write(f"x;y\n1;1\n{cell};1\n"))
    assert refusal(lambda: table.numbers("x")) == f'a.csv, column "x", row 2 (line 3): {what}'


LISTED = "(columns: city, size; or by number, 1 to 2, -1 the last)"


def test_columns_are_resolved_by_name_or_number(write: Write) -> None:
    table = read_table(write("a,b,-1\n1,2,3\n"), header=True)
    assert [table.resolve(key) for key in ("b", "1", "-3", "-1", "3")] == ["b", "a", "a", "-1", "-1"]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "citty",
            'a.csv has no column "citty": did you mean "city"? ' + LISTED,
        ),
        ("3", 'a.csv has no column "3": ' + LISTED),
        ("0", 'a.csv has no column "0": ' + LISTED),
    ],
)
def test_a_column_that_is_not_there_is_named(write: Write, refusal: Refusal, key: str, message: str) -> None:
    assert refusal(lambda: read_table(write("city,size\nBern,2\n")).resolve(key)) == message


def test_taken_rows_know_where_they_came_from(write: Write, refusal: Refusal) -> None:
    table = read_table(write("x,t\n1,a\n2,b\n3,c\nbad,d\n")).take(np.array([3, 2, 0])).take(np.array([1, 0]))
    assert (table.rows, table.texts("t").tolist()) == (2, ["c", "d"])
    assert table.place(0) == "row 3 (line 4)"
    assert (
        refusal(lambda: table.numbers("x"))
        == f'a.csv, column "x", row 4 (line 5): "bad" is not a number: {STRAY}'
    )
    assert table.take(np.array([0])).numbers("x").tolist() == [3.0]


def test_negative_indices_count_from_the_end_of_what_was_taken(write: Write) -> None:
    assert read_table(write("x,t\n1,a\n2,b\n")).take(np.array([-1])).place(0) == "row 2 (line 3)"


def test_selected_columns_come_in_the_order_asked_for(write: Write, refusal: Refusal) -> None:
    table = read_table(write("a,b,c\n1,2,3\n")).select(["c", "a"])
    assert (table.names, table.resolve("1")) == (("c", "a"), "c")
    assert refusal(lambda: table.numbers("b")).startswith('a.csv has no column "b": (columns: c, a;')


def test_what_a_caller_does_to_an_array_does_not_reach_the_table(write: Write) -> None:
    table = read_table(write("a,b\n1,2\n"))
    table.numbers("a")[0] = 9
    assert table.numbers("a").tolist() == [1.0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refusal: Refusal
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    message = "pipe is a pipe, not an ordinary file: save the table to a file first"
    assert refusal(lambda: read_table("pipe")) == message


@pytest.mark.skipif(not Path("/dev/null").exists(), reason="this system has no null device")
def test_a_device_is_refused(refusal: Refusal) -> None:
    message = "/dev/null is a device, not an ordinary file: save the table to a file first"
    assert refusal(lambda: read_table("/dev/null")) == message


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        ("iris", {"sql": "nonsense"}, "iris is an embedded set: --sql is for files, so leave it out"),
        (
            "xor",
            {"header": False, "delimiter": "|"},
            "xor is an embedded set: --no-header, --delimiter are for files, so leave them out",
        ),
        (np.ones((2, 2)), {"header": True}, "the data are in memory: header is for files, so leave it out"),
        ({"a": [1]}, {"sql": "select 1"}, "the data are in memory: sql is for files, so leave it out"),
    ],
)
def test_what_is_said_of_files_is_refused_for_other_sources(
    source: Any, options: dict[str, Any], message: str, refusal: Refusal
) -> None:
    assert refusal(lambda: open_table(source, **options)) == message


def test_a_file_that_is_not_there_is_told_of_the_embedded_set_of_nearly_that_name(refusal: Refusal) -> None:
    message = 'there is no file "iriss" and no embedded set of that name: did you mean iris?'
    assert refusal(lambda: open_table("iriss")) == message
    assert refusal(lambda: open_table("no.csv")) == "there is no file no.csv: check its name and folder"
