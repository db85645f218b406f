"""Tables from data frames, dicts of columns and arrays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from numpy.testing import assert_array_equal

from chainrule.learning.frames import table_from
from chainrule.learning.tables import Table

Refusal = Callable[[Callable[[], object]], str]

COLUMNS = {
    "x": [1.5, None, 3.0],
    "n": [1, 2, 3],
    "t": ["a", None, "7"],
    "ok": [True, None, False],
    "d": [date(2020, 1, 2), None, date(2020, 3, 4)],
}
KINDS = ["number", "number", "text", "boolean", "date"]


def pandas_frame() -> pd.DataFrame:
    return pd.DataFrame({**COLUMNS, "d": pd.to_datetime(pd.Series(COLUMNS["d"]))})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pandas_frame(), id="pandas"),
        pytest.param(pandas_frame().convert_dtypes(), id="pandas, nullable"),
        pytest.param(pandas_frame().convert_dtypes(dtype_backend="pyarrow"), id="pandas, Arrow"),
        pytest.param(pl.DataFrame(COLUMNS), id="polars"),
        pytest.param(pa.table(COLUMNS), id="Arrow"),
        pytest.param(COLUMNS, id="dict"),
    ],
)
def test_a_frame_of_every_kind_gives_the_same_table(data: object) -> None:
    table = table_from(data)
    assert table.names == ("x", "n", "t", "ok", "d")
    assert [table.kind(name) for name in table.names] == KINDS
    assert_array_equal(table.numbers("x"), [1.5, np.nan, 3.0])
    assert table.texts("x").tolist() == ["1.5", None, "3"]
    assert table.texts("n").tolist() == ["1", "2", "3"]
    assert table.texts("t").tolist() == ["a", None, "7"]
    assert table.texts("ok").tolist() == ["true", None, "false"]
    assert str(table.texts("d")[2]).startswith("2020-03-04")
    assert (table.rows, table.place(2)) == (3, "row 3")


def test_categories_are_text_even_where_they_are_digits() -> None:
    frame = pd.DataFrame({"c": pd.Categorical(["1", "2", None]), "s": ["1", "2", "3"]})
    table = table_from(frame)
    assert (table.kind("c"), table.kind("s")) == ("text", "text")
    assert table.texts("c").tolist() == ["1", "2", None]
    polars = table_from(pl.DataFrame({"c": pl.Series(["1", "2"], dtype=pl.Categorical)}))
    assert (polars.kind("c"), polars.texts("c").tolist()) == ("text", ["1", "2"])


def test_an_index_is_not_a_column() -> None:
    assert table_from(pd.DataFrame({"x": [1, 2]}, index=[7, 8])).names == ("x",)


def test_times_and_spans_are_dates() -> None:
    frame = pl.DataFrame({"span": [timedelta(hours=1)], "day": [date(2020, 1, 1)]})
    assert [table_from(frame).kind(name) for name in ("span", "day")] == ["date", "date"]
    assert table_from({"d": np.array(["2020-01-01", "NaT"], "datetime64[D]")}).kind("d") == "date"


def test_decimals_are_numbers() -> None:
    table = table_from(pl.DataFrame({"m": [Decimal("1.25"), None]}))
    assert_array_equal(table.numbers("m"), [1.25, np.nan])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(pd.DataFrame({"n": pd.array([1, None, 3], "Int64")}), id="pandas"),
        pytest.param(pd.DataFrame({"n": pd.array([1, None, 3], "int64[pyarrow]")}), id="pandas, Arrow"),
        pytest.param(pl.DataFrame({"n": [1, None, 3]}), id="polars"),
        pytest.param(pa.table({"n": [1, None, 3]}), id="Arrow"),
        pytest.param({"n": [1, None, 3]}, id="dict"),
    ],
)
def test_whole_numbers_with_gaps_are_written_without_a_point(data: object) -> None:
    table = table_from(data)
    assert table.texts("n").tolist() == ["1", None, "3"]


def test_objects_of_numbers_and_nothing_are_numbers() -> None:
    table = table_from({"n": np.array([1, None, np.float32(2.5)], object), "e": [None, None, None]})
    assert_array_equal(table.numbers("n"), [1, np.nan, 2.5])
    assert (table.kind("n"), table.kind("e")) == ("number", "empty")


def test_a_column_of_numbers_and_one_word_has_a_stray(refusal: Refusal) -> None:
    table = table_from(pd.DataFrame({"x": pd.Series([1, 2, "many", 4], dtype=object)}))
    assert refusal(lambda: table.kind("x")) == (
        'the data frame, column "x": "many" in row 3 is not a number, though 3 of the 4 values are: '
        "correct it, or leave it empty if the value is missing"
    )


def test_infinity_in_a_frame_is_named(refusal: Refusal) -> None:
    table = table_from(pd.DataFrame({"x": [1.0, np.inf]}))
    assert refusal(lambda: table.numbers("x")) == (
        'the data frame, column "x", row 2: "inf" is not a finite number: '
        "correct it, or leave it empty if the value is missing"
    )


def test_the_columns_of_an_array_are_numbered() -> None:
    table = table_from(np.array([[1, 2], [3, 4], [5, 6]]), source="X")
    assert (table.source, table.names, table.rows) == ("X", ("c1", "c2"), 3)
    assert table.numbers("c2").tolist() == [2.0, 4.0, 6.0]
    assert table.numbers("c2").dtype == np.float64


def test_an_array_of_objects_may_hold_text() -> None:
    table = table_from(np.array([[1, "a"], [2, "b"]], object))
    assert [table.kind(name) for name in table.names] == ["number", "text"]


def test_arrays_of_strings_and_booleans_are_text_and_booleans() -> None:
    table = table_from({"s": np.array(["a", "b"]), "b": np.array([True, False])})
    assert (table.texts("s").tolist(), table.kind("b")) == (["a", "b"], "boolean")


def test_floats_of_every_width_are_written_as_they_print() -> None:
    table = table_from({"h": np.array([0.1], np.float32), "d": np.array([0.1])})
    assert [table.texts(name)[0] for name in table.names] == ["0.1", "0.1"]


def test_a_table_is_given_back_as_it_is() -> None:
    table = Table.from_columns({"x": [1]}, "t")
    assert table_from(table) is table


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.zeros(3), "the data frame has 1 dimension: a table has two, rows and columns"),
        (np.zeros((1, 2, 3)), "the data frame has 3 dimensions: a table has two, rows and columns"),
        (np.zeros((0, 2)), "the data frame has no rows: a table needs at least one"),
        (np.zeros((2, 0)), "the data frame has no columns: a table needs at least one"),
        (
            np.zeros((1, 1), complex),
            'the data frame: column "c1" holds complex128: a column holds numbers, booleans or text',
        ),
        ({}, "the data frame has no columns: a table needs at least one"),
        (
            {"a": [1, 2], "b": [1]},
            'the data frame: column "b" has 1 row but "a" has 2: make them equal',
        ),
        ({1: [1]}, "the data frame: the column name 1 is not text: name every column with a string"),
        (
            pd.DataFrame([[1, 2]]),
            "the data frame: the column name 0 is not text: name every column with a string",
        ),
        ({"a": 1}, 'the data frame: column "a" is a int: give a list or an array'),
        (
            {"a": [[1], [2]]},
            'the data frame, column "a", row 1: a list is no cell of a table: give numbers, booleans or text',
        ),
        (
            pl.DataFrame({"a": [[1], [2]]}),
            'the data frame: column "a" holds List(Int64): a column holds numbers, booleans or text',
        ),
        (pl.LazyFrame({"a": [1]}), "the data frame is a lazy frame: collect() it first"),
        ("iris", "the data frame is a str: give a data frame, a dict of columns or a 2-D array"),
        ([1, 2], "the data frame is a list: give a data frame, a dict of columns or a 2-D array"),
        (
            pd.Series([1]),
            "the data frame is a Series: give a data frame, a dict of columns or a 2-D array",
        ),
    ],
)
def test_what_is_no_table_is_refused(refusal: Refusal, data: object, message: str) -> None:
    assert refusal(lambda: table_from(data)) == message


def test_two_columns_of_one_name_are_refused(refusal: Refusal) -> None:
    message = refusal(lambda: table_from(pd.DataFrame([[1, 2]], columns=["a", "a"])))
    assert message == 'the data frame: columns 1 and 2 are both called "a": rename one of them'
