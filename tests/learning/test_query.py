"""Parquet files, and SQL over a file's table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from chainrule.learning.columns import database
from chainrule.learning.tables import Table, read_table

Write = Callable[..., Path]
Refusal = Callable[[Callable[[], object]], str]


def rows_of(table: Table) -> list[list[object]]:
    columns = [table.texts(name).tolist() for name in table.names]
    return [list(row) for row in zip(*columns, strict=True)]


def parquet(query: str, name: str = "a.parquet") -> Path:
    duckdb.connect().execute(f"COPY ({query}) TO '{name}' (FORMAT parquet)")
    return Path(name)


def test_parquet_is_read_as_it_is_typed(write: Write) -> None:
    path = parquet(
        "SELECT * FROM (VALUES (1, 0.5, '1', true, DATE '2020-01-02', 1.25::DECIMAL(9, 2)),"
        " (NULL, NULL, NULL, NULL, NULL, NULL)) t(i, x, t, b, d, m)"
    )
    table = read_table(path)
    assert [table.kind(name) for name in table.names] == [
        "number",
        "number",
        "text",
        "boolean",
        "date",
        "number",
    ]
    assert rows_of(table)[0] == ["1", "0.5", "1", "true", "2020-01-02", "1.25"]
    assert rows_of(table)[1] == [None] * 6
    assert_array_equal(table.numbers("m"), [1.25, np.nan])
    assert table.place(1) == "row 2"


def test_large_whole_numbers_keep_their_digits(write: Write) -> None:
    table = read_table(parquet("SELECT 9007199254740993 AS id UNION ALL SELECT 1"))
    assert sorted(table.texts("id")) == ["1", "9007199254740993"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1,2\n", "a.parquet is not a Parquet file, whatever its name: give a CSV file its own ending"),
        (b"PAR1 and no more", "a.parquet is a broken Parquet file: make it again, or fetch it again"),
    ],
)
def test_what_is_no_parquet_is_refused(write: Write, refusal: Refusal, content: bytes, message: str) -> None:
    assert refusal(lambda: read_table(write(content, "a.parquet"))) == message


def test_nested_and_empty_parquet_is_refused(write: Write, refusal: Refusal) -> None:
    nested = 'a.parquet: column "l" holds INTEGER[]: a column holds numbers, booleans or text'
    assert refusal(lambda: read_table(parquet("SELECT [1, 2] AS l"))) == nested
    empty = "a.parquet has no rows: a table needs at least one"
    assert refusal(lambda: read_table(parquet("SELECT 1 AS x WHERE false"))) == empty


def test_sql_selects_from_the_file(write: Write) -> None:
    path = write("age,city\n30,Bern\n?,Rome\n50,Bern\n")
    sql = "SELECT city, avg(age) AS mean FROM data GROUP BY city ORDER BY city DESC;"
    table = read_table(path, sql=sql)
    assert (table.source, table.names) == ("sql", ("city", "mean"))
    assert rows_of(table) == [["Rome", None], ["Bern", "40"]]
    assert table.place(0) == "row 1"


def test_sql_can_mend_a_column_with_strays(write: Write) -> None:
    path = write("x,y\n1,1\n2,2\nbad,3\n")
    assert read_table(path, sql="SELECT * FROM data WHERE x <> 'bad'").kind("x") == "number"


def test_sql_keeps_whole_numbers_whole(write: Write) -> None:
    assert rows_of(read_table(write("x,y\n1,0.5\n2,2\n"), sql="SELECT x, y FROM data LIMIT 1")) == [
        ["1", "0.5"]
    ]


def test_sql_selects_from_parquet_as_typed(write: Write) -> None:
    path = parquet("SELECT 1 AS x, '7' AS t UNION ALL SELECT 2, '8'")
    table = read_table(path, sql="SELECT * FROM data WHERE x > 1")
    assert (rows_of(table), table.kind("t")) == ([["2", "8"]], "text")


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", r'the query cannot be run: syntax error at or near "SELEC"'),
        ("SELECT z FROM data", r'the query cannot be run: Referenced column "z" not found in FROM clause'),
        ("SELECT * FROM 'a.csv'", r"the query cannot be run: Cannot access file .*"),
        ("SELECT * FROM path", r"the query cannot be run: Table with name path does not exist"),
        ("SELECT 1; DROP TABLE data", r"the query cannot be run: give one SELECT … FROM data"),
        ("", r"the query cannot be run: give one SELECT … FROM data"),
        ("DELETE FROM data", r"the query cannot be run: give one SELECT … FROM data"),
        ("SELECT * FROM data) ; (SELECT 3", r"the query cannot be run: syntax error .*"),
        ("SELECT * FROM data WHERE x > 9", r"the query gives no rows: a table needs at least one"),
        (
            "SELECT [x] AS l FROM data",
            r'sql: column "l" holds .*\[\]: a column holds numbers, booleans or text',
        ),
        (
            "SELECT CAST(t AS INTEGER) AS n FROM data",
            r"the query cannot be run: Could not convert string 'a' .*",
        ),
    ],
)
def test_a_wrong_query_is_refused(write: Write, refusal: Refusal, sql: str, message: str) -> None:
    path = write("x,t\n1,a\n2,b\n")
    assert re.fullmatch(message, refusal(lambda: read_table(path, sql=sql)))


def test_a_query_sees_no_variable_of_the_program(write: Write, refusal: Refusal) -> None:
    frame = pd.DataFrame({"x": [1]})
    message = refusal(lambda: read_table(write("a,b\n1,2\n"), sql="SELECT * FROM frame"))
    assert message == "the query cannot be run: Table with name frame does not exist"
    assert len(frame) == 1


@pytest.mark.parametrize(
    "sql",
    ["SELECT k, count(*) AS n FROM data GROUP BY k", "SELECT * FROM data ORDER BY random() LIMIT 50"],
)
def test_a_query_gives_the_same_rows_in_the_same_order_each_time(write: Write, sql: str) -> None:
    path = parquet("SELECT range AS i, (range * 7919) % 5003 AS k FROM range(300000)")
    first, *others = [read_table(path, sql=sql).numbers("k") for _ in range(6)]
    for other in others:
        assert_array_equal(first, other)


def test_a_database_spills_to_a_folder_of_its_own_that_goes_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    one, other = database(), database()
    folders = list(tmp_path.iterdir())
    assert len(folders) == 2
    assert all(folder.stat().st_mode & 0o777 == 0o700 for folder in folders)
    told = one.execute("SELECT current_setting('temp_directory')").fetchone()
    assert told is not None
    assert Path(told[0]) in folders
    del one, other
    assert list(tmp_path.iterdir()) == []


def test_names_that_differ_only_in_case_are_read_but_not_queried(write: Write, refusal: Refusal) -> None:
    path = write("a,A\n1,2\n")
    assert read_table(path).numbers("A").tolist() == [2.0]
    message = 'the query cannot be run: "a" and "A" differ only in case: rename one'
    assert refusal(lambda: read_table(path, sql="SELECT a FROM data")) == message
