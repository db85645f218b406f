"""Delimited text: what is read, where the header is, and what is refused with which words."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from chainrule.learning import delimited
from chainrule.learning.tables import Table, read_table

Write = Callable[..., Path]
Refusal = Callable[[Callable[[], object]], str]


def rows_of(table: Table) -> list[list[object]]:
    columns = [table.texts(name).tolist() for name in table.names]
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "  "])
def test_the_delimiter_is_found(write: Write, delimiter: str) -> None:
    table = read_table(write(f"x{delimiter}city\n1.5{delimiter}Bern\n2{delimiter}Rome\n"))
    assert table.names == ("x", "city")
    assert rows_of(table) == [["1.5", "Bern"], ["2", "Rome"]]
    assert (table.kind("x"), table.kind("city")) == ("number", "text")


def test_a_ragged_file_of_spaces_is_not_a_single_column(write: Write, refusal: Refusal) -> None:
    assert refusal(lambda: read_table(write("a b c\n1 2 3\n4 5\n"))) == (
        "a.csv, line 3 has 2 fields where 3 are expected (delimiter white space): " + RAGGED
    )


def test_words_in_a_single_column_are_not_split(write: Write) -> None:
    assert read_table(write("quote\nto be or not\nto be that\nis\n")).names == ("quote",)


def test_a_single_column_needs_no_delimiter(write: Write) -> None:
    table = read_table(write("x\n1\n2\n"))
    assert table.names == ("x",)
    assert table.numbers("x").tolist() == [1.0, 2.0]


def test_commas_in_sentences_do_not_split_a_tab_file(write: Write) -> None:
    table = read_table(write("pos\tgood, very good\nneg\tbad, dull\npos\tfine, yes\n", "a.tsv"))
    assert table.texts("c2").tolist() == ["good, very good", "bad, dull", "fine, yes"]


def test_between_tabs_a_lone_quote_is_an_ordinary_sign(write: Write) -> None:
    table = read_table(write('1\t"never closed\n2\t"said" he\n3\t"a\tb"\n', "a.tsv"))
    assert table.texts("c2").tolist() == ['"never closed', '"said" he', "a\tb"]


def test_decimal_commas_between_semicolons_do_not_split(write: Write) -> None:
    table = read_table(write("1,5;2,5\n3,5;4,5\n"))
    assert rows_of(table) == [["1,5", "2,5"], ["3,5", "4,5"]]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind_are_read(write: Write, end: str) -> None:
    table = read_table(write(end.join(["a,b", "1,x", "2,y", ""])))
    assert rows_of(table) == [["1", "x"], ["2", "y"]]
    assert table.place(1) == "row 2 (line 3)"


def test_mixed_line_ends_and_blank_lines_keep_the_line_numbers(write: Write) -> None:
    table = read_table(write("a,b\r\n1,x\n\r\n   \n2,y\r\n\n\n"))
    assert rows_of(table) == [["1", "x"], ["2", "y"]]
    assert [table.place(0), table.place(1)] == ["row 1 (line 2)", "row 2 (line 5)"]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_a_line_end_cut_in_two_by_a_chunk_is_one_line_end(
    write: Write, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr("chainrule.learning.plain.CHUNK", 4)
    table = read_table(write(end.join(["a,b", "1,ä", "2,y", ""])))
    assert rows_of(table) == [["1", "ä"], ["2", "y"]]
    assert table.place(1) == "row 2 (line 3)"


def test_a_blank_line_between_rows_is_counted(write: Write) -> None:
    table = read_table(write("a,b\n1,x\n\n2,y\n"))
    assert rows_of(table) == [["1", "x"], ["2", "y"]]
    assert table.place(1) == "row 2 (line 4)"


def test_spaces_round_fields_are_trimmed(write: Write) -> None:
    assert rows_of(read_table(write(" a , b \n 1 , x y \n 2 , z \n"))) == [["1", "x y"], ["2", "z"]]


def test_quoted_fields_hold_delimiters_quotes_and_lines(write: Write) -> None:
    table = read_table(write('a,b\n"1" , "x, ""y"""\n2,"two\nlines"\n3,5" pipe\n'))
    assert rows_of(table) == [["1", 'x, "y"'], ["2", "two\nlines"], ["3", '5" pipe']]
    assert [table.place(1), table.place(2)] == ["row 2 (line 3)", "row 3 (line 5)"]


def test_an_empty_field_may_follow_a_quoted_one(write: Write) -> None:
    assert rows_of(read_table(write('a,b\n"x",\n,"y"\n'))) == [["x", None], [None, "y"]]


def test_a_quoted_header_does_not_slow_the_rest(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "_careful", lambda *_: pytest.fail("read line by line"))
    assert rows_of(read_table(write('"a","b"\n1,x\n2,y\n'))) == [["1", "x"], ["2", "y"]]


@pytest.mark.parametrize("packed", [False, True])
def test_a_byte_order_mark_and_gzip_are_unpacked(write: Write, packed: bool) -> None:
    content = "\ufeffa,b\n1,ü\n".encode()
    path = write(gzip.compress(content, mtime=0), "a.csv.gz") if packed else write(content)
    table = read_table(path)
    assert table.names == ("a", "b")
    assert rows_of(table) == [["1", "ü"]]


def test_a_byte_order_mark_before_a_headerless_file_is_no_digit(write: Write) -> None:
    assert read_table(write("\ufeff1,2\n3,4\n")).numbers("c1").tolist() == [1.0, 3.0]


@pytest.mark.parametrize("name", ["a[1].csv", "a*.csv", "it's.csv"])
def test_odd_file_names_are_only_names(write: Write, name: str) -> None:
    assert read_table(write("a,b\n1,2\n", name)).numbers("b").tolist() == [2.0]


def test_a_name_with_brackets_is_not_a_pattern_for_another_file(write: Write) -> None:
    write("a,b\n9,9\n", "a1.csv")
    assert read_table(write("a,b\n1,2\n", "a[1].csv")).numbers("b").tolist() == [2.0]


fields = st.text("ab 1.,\"'é\n-", max_size=4)


@given(st.lists(st.tuples(fields, fields), min_size=1, max_size=8))
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    quoted = [",".join('"' + field.replace('"', '""') + '"' for field in row) for row in rows]
    path.write_text("\n".join(["one,two", *quoted]) + "\n", encoding="utf-8")
    table = read_table(path, header=True, delimiter=",")
    # texts leaves out missing values, and nothing else
    assert rows_of(table) == [[field.strip() or None for field in row] for row in rows]


@given(st.lists(st.tuples(st.text("ab1.é -", max_size=4), st.text("x2", max_size=2)), min_size=2, max_size=8))
def test_the_fast_reader_reads_what_the_careful_one_does(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_text("\n".join(["one,two", *(",".join(row) for row in rows)]), encoding="utf-8")
    fast = read_table(path, header=True, delimiter=",")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(delimited, "_fast", lambda *_: None)
        careful = read_table(path, header=True, delimiter=",")
    assert rows_of(fast) == rows_of(careful)
    assert [fast.place(i) for i in range(fast.rows)] == [careful.place(i) for i in range(careful.rows)]


def test_rows_keep_the_order_of_a_long_file(write: Write) -> None:
    count = 150_000
    table = read_table(write("i,t\n" + "".join(f"{i},t{i % 7}\n" for i in range(count))))
    assert_array_equal(table.numbers("i"), np.arange(count, dtype=float))
    assert table.texts("t")[count - 1] == f"t{(count - 1) % 7}"
    assert table.texts("i")[77] == "77"


def test_text_of_numbers_is_as_written(write: Write) -> None:
    assert read_table(write("a,b\n1.50,x\n+2e0,y\n007,z\n")).texts("a").tolist() == ["1.50", "+2e0", "007"]


@pytest.mark.parametrize(
    ("content", "names"),
    [
        pytest.param("a,b\n1,2\n", ("a", "b"), id="numbers below names"),
        pytest.param("1,2\n3,4\n", ("c1", "c2"), id="numbers only"),
        pytest.param("red,2\nblue,4\n", ("c1", "c2"), id="a number in the first line"),
        pytest.param("when,who\n2020-01-02,x\n", ("when", "who"), id="dates below names"),
        pytest.param("ok,who\nyes,x\nno,y\n", ("ok", "who"), id="booleans below names"),
        pytest.param("?,red\n3,red\n", ("c1", "c2"), id="a missing number first"),
        pytest.param(",b\n1,2\n", ("c1", "b"), id="a column without a name"),
        pytest.param(
            "colour,size\nred,big\nblue,small\nred,small\n", ("colour", "size"), id="text with header"
        ),
        pytest.param("red,big\nblue,small\nred,small\n", ("c1", "c2"), id="text without header"),
        pytest.param("x,x\nred,big\nblue,small\n", ("c1", "c2"), id="names that are the same"),
    ],
)
def test_the_header_is_found(write: Write, content: str, names: tuple[str, ...]) -> None:
    assert read_table(write(content)).names == names


def test_a_header_can_be_insisted_on(write: Write) -> None:
    table = read_table(write("2019,2020\n1,2\n"), header=True)
    assert (table.names, table.rows) == (("2019", "2020"), 1)


def test_a_header_can_be_denied(write: Write) -> None:
    table = read_table(write("colour,size\nred,big\n"), header=False)
    assert rows_of(table) == [["colour", "size"], ["red", "big"]]


@pytest.mark.parametrize(
    ("name", "rows", "columns", "texts"),
    [
        ("adult-train.csv", 32561, 15, 9),
        ("adult-test.csv", 16281, 15, 9),
        ("banknote_authentication.csv", 1372, 5, 0),
        ("sonar.csv", 208, 61, 1),
        ("winequality-red.csv", 1599, 12, 0),
        ("winequality-white.csv", 4898, 12, 0),
    ],
)
def test_the_first_line_of_a_real_headerless_file_is_a_row(
    data_folder: Path, name: str, rows: int, columns: int, texts: int
) -> None:
    table = read_table(data_folder / "tables" / name)
    kinds = [table.kind(column) for column in table.names]
    assert (table.rows, len(kinds), kinds.count("text")) == (rows, columns, texts)
    assert table.names[0] == "c1"
    assert table.place(0) == "row 1 (line 1)"


SO = "so give that, or no delimiter"
QUOTES = '(a quote in a field is written ""): correct the quotes'
RAGGED = "correct the line, or quote the field that holds the delimiter"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a.csv is empty: a table needs at least one row"),
        ("\ufeff", "a.csv holds nothing but blank lines: a table needs at least one row"),
        ("\n \n", "a.csv holds nothing but blank lines: a table needs at least one row"),
        ("a,b\n", "a.csv has a header line but no rows: a table needs at least one row"),
        ("a,b,a\n1,2,3\n", 'a.csv: columns 1 and 3 are both called "a": rename one of them'),
        ("a,b\n1,2\n3\n5,6\n", 'a.csv, line 3 has 1 field where 2 are expected (delimiter ","): ' + RAGGED),
        (
            "a\tb\n1\t2\n\n3\t4\t5\n",
            "a.csv, line 4 has 3 fields where 2 are expected (delimiter tab): " + RAGGED,
        ),
        ("a,b\n1,2,x\n3,4,x\n", 'a.csv, line 1 has 2 fields where 3 are expected (delimiter ","): ' + RAGGED),
        (
            'a,b\n"x\ny",2\n3\n5,6\n',
            'a.csv, line 4 has 1 field where 2 are expected (delimiter ","): ' + RAGGED,
        ),
        ('a,b\n1,2\n1,"x\n1,2\n', "a.csv, line 3 has a quote that is never closed: correct the quotes"),
        ('a,b,y\n1,"2,x\n3,4,z\n', "a.csv, line 2 has a quote that is never closed: correct the quotes"),
        (
            'a,b\n1,2\n1,"x"y\n',
            "a.csv, line 3 has text after a closing quote " + QUOTES,
        ),
        (b"a,b\n1,\xe9\n", "a.csv is not UTF-8 text (byte 6; Latin-1 or Windows-1252?): convert it to UTF-8"),
        (b"a,b\n1,\xc3", "a.csv is not UTF-8 text (byte 6; Latin-1 or Windows-1252?): convert it to UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "a.csv is written in UTF-16: save it as UTF-8"),
        (b"a,b\n1,\x002\n", "a.csv is no text (byte 6 is zero): give CSV, TSV, JSON lines or Parquet"),
        (b"PK\x03\x04\0\0", "a.csv is a workbook or archive: save the table as CSV and give that"),
        (
            gzip.compress(b"a,b\n1,2\n" * 99, mtime=0)[:-9],
            "a.csv is a broken gzip file: it cannot be unpacked to its end",
        ),
    ],
)
def test_a_broken_file_is_refused(write: Write, refusal: Refusal, content: str | bytes, message: str) -> None:
    assert refusal(lambda: read_table(write(content))) == message


def test_a_bad_byte_far_into_a_file_is_found_where_it_is(
    write: Write, refusal: Refusal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chainrule.learning.plain.CHUNK", 5)
    path = write("ab,ä\n".encode() * 3 + b"a\xff,c\n")
    assert "byte 19;" in refusal(lambda: read_table(path))


def test_a_file_that_is_not_there_is_named(write: Write, refusal: Refusal) -> None:
    assert refusal(lambda: read_table("no.csv")) == "there is no file no.csv: check its name and folder"


def test_a_folder_is_refused(write: Write, refusal: Refusal) -> None:
    Path("folder").mkdir()
    assert refusal(lambda: read_table("folder")) == "folder is a folder: name a file in it"


def test_a_workbook_is_refused_by_its_ending(write: Write, refusal: Refusal) -> None:
    message = "a.xls is a workbook or archive: save the table as CSV and give that"
    assert refusal(lambda: read_table(write(b"\xd0\xcf\x11\xe0", "a.xls"))) == message


@pytest.mark.parametrize(
    ("content", "given", "message"),
    [
        (
            "a,b,c\n1,2,3\n",
            ";",
            'a.csv is a single column with the delimiter ";": "," makes 3 columns of it, ' + SO,
        ),
        (
            "a\tb\n1\t2\n",
            ",",
            'a.csv is a single column with the delimiter ",": tab makes 2 columns of it, ' + SO,
        ),
        ("a,b\n1,2\n", ",,", 'the delimiter ",," is not one character: give one such as "," ";" "|" or tab'),
    ],
)
def test_a_wrong_delimiter_is_refused(
    write: Write, refusal: Refusal, content: str, given: str, message: str
) -> None:
    assert refusal(lambda: read_table(write(content), delimiter=given)) == message


def test_a_delimiter_can_be_given_by_its_name(write: Write) -> None:
    assert read_table(write("a,x\tb\n1\t2\n"), delimiter="tab").names == ("a,x", "b")


def test_a_file_changed_after_it_was_read_is_refused(write: Write, refusal: Refusal) -> None:
    table = read_table(write("a,b\n1,2\n"))
    write("a,b\n1,2\n3,4\n")
    assert refusal(lambda: table.texts("a")) == "a.csv was changed after it was read: read it again"
