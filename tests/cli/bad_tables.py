"""Tables and columns that cannot be trained on, and how they are refused."""

from __future__ import annotations

from bad_files import COMMAS, DAYS, GAPS, GOOD, IMAGES, LABELS, PEOPLE, Wrong, idx, row

TABLES: list[Wrong] = [
    Wrong("train nowhere.csv --target kind", "there is no file nowhere.csv: check its name and folder"),
    Wrong('train "" --target kind', "the name of the table is empty: name a file"),
    Wrong("train sub --target kind", "sub is a folder: name a file in it"),
    Wrong("train e.csv --target kind", "e.csv is empty: a table needs at least one row", {"e.csv": ""}),
    Wrong(
        "train e.csv --target kind",
        "e.csv has a header line but no rows: a table needs at least one row",
        {"e.csv": "a,b,kind\n"},
    ),
    Wrong(
        "train e.csv --target kind",
        "e.csv holds nothing but blank lines: a table needs at least one row",
        {"e.csv": "\n\n\n"},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv, line 6 has 5 fields where 4 are expected (delimiter ","): correct the line, or quote '
            "the field that holds the delimiter"
        ),
        {"e.csv": row(5, "5,4,Bern,yes,more")},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv, line 6 has 3 fields where 4 are expected (delimiter ","): correct the line, or quote '
            "the field that holds the delimiter"
        ),
        {"e.csv": row(5, "5,4,Bern")},
    ),
    Wrong(
        "train e.csv --target kind",
        "e.csv, line 6 has a quote that is never closed: correct the quotes",
        {"e.csv": row(5, '5,4,"Bern,yes')},
    ),
    Wrong(
        "train good.csv --target kind --delimiter ';'",
        (
            'good.csv is a single column with the delimiter ";": "," makes 4 columns of it, so give '
            "that, or no delimiter"
        ),
    ),
    Wrong(
        "train good.csv --target kind --delimiter ::",
        'the delimiter "::" is not one character: give one such as "," ";" "|" or tab',
    ),
    Wrong(
        "train e.csv --target y",
        'e.csv: columns 1 and 2 are both called "a": rename one of them',
        {"e.csv": "a,a,y\n1,2,0\n2,3,1\n3,4,0\n4,5,1\n"},
    ),
    Wrong(
        "train e.csv --target y",
        "e.csv is no text (byte 0 is zero): give CSV, TSV, JSON lines or Parquet",
        {"e.csv": bytes(range(256)) * 4},
    ),
    Wrong(
        "train e.csv --target kind",
        "e.csv is not UTF-8 text (byte 34; Latin-1 or Windows-1252?): convert it to UTF-8",
        {"e.csv": GOOD.replace("Basel", "Zürich").encode("latin-1")},
    ),
    Wrong(
        "train e.csv --target kind",
        "e.csv is written in UTF-16: save it as UTF-8",
        {"e.csv": GOOD.encode("utf-16")},
    ),
    Wrong(
        "train e.csv.gz --target kind",
        "e.csv.gz is a broken gzip file: it cannot be unpacked to its end",
        {"e.csv.gz": b"\x1f\x8b\x08xxxxxx"},
    ),
    Wrong(
        "train e.xlsx --target kind",
        "e.xlsx is a workbook or archive: save the table as CSV and give that",
        {"e.xlsx": b"PK\3\4xxxx"},
    ),
    Wrong(
        "train e.parquet --target kind",
        "e.parquet is not a Parquet file, whatever its name: give a CSV file its own ending",
        {"e.parquet": GOOD},
    ),
    Wrong(
        "train e.parquet --target kind",
        "e.parquet is a broken Parquet file: make it again, or fetch it again",
        {"e.parquet": b"PAR1\0\0\0"},
    ),
    Wrong(
        "train e.jsonl --target y",
        "e.jsonl, line 2 is not JSON (character 14: Expecting value)",
        {"e.jsonl": '{"a": 1, "y": 0}\n{"a": 2, "y": \n'},
    ),
    Wrong(
        "train e.jsonl --target y",
        'e.jsonl, line 2, column "a" holds an object: a column holds numbers, booleans or text',
        {"e.jsonl": '{"a": 1, "y": 0}\n{"a": {"b": 2}, "y": 1}\n'},
    ),
    Wrong(
        "train e.jsonl --target y",
        'e.jsonl, line 2 has the key "a" twice: leave one out',
        {"e.jsonl": '{"a": 1, "y": 0}\n{"a": 2, "a": 3, "y": 1}\n'},
    ),
    Wrong(
        "train e.jsonl --target y",
        "e.jsonl, line 2 is no object: every row is written as {…}",
        {"e.jsonl": '{"a": 1, "y": 0}\n[1]\n'},
    ),
    Wrong(
        "train t-images-idx3-ubyte",
        "t-images-idx3-ubyte is cut short: it states 2 × 2 × 2 = 8 bytes but has 3",
        {"t-images-idx3-ubyte": idx(IMAGES, b"abc"), "t-labels-idx1-ubyte": idx(LABELS, b"\0\1")},
    ),
    Wrong(
        "train t-images-idx3-ubyte",
        "t-images-idx3-ubyte is not an idx file of bytes (it begins with 00000809)",
        {
            "t-images-idx3-ubyte": idx("00000809" + IMAGES[8:], b"abcdefgh"),
            "t-labels-idx1-ubyte": idx(LABELS, b"\0\1"),
        },
    ),
    Wrong(
        "train t-images-idx3-ubyte",
        (
            "t-images-idx3-ubyte needs its labels beside it: there is no t-labels-idx1-ubyte or "
            "t-labels-idx1-ubyte.gz in ."
        ),
        {"t-images-idx3-ubyte": idx(IMAGES, b"abcdefgh")},
    ),
    Wrong(
        "train good.csv --target kind --sql 'selct * from data'",
        'the query cannot be run: syntax error at or near "selct"',
    ),
    Wrong(
        "train good.csv --target kind --sql 'select 1; select 2'",
        "the query cannot be run: give one SELECT … FROM data",
    ),
    Wrong(
        "train good.csv --target kind --sql 'select * from data where x1 > 100'",
        "the query gives no rows: a table needs at least one",
    ),
    Wrong(
        "train good.csv --target kind --sql \"copy data to 'x.csv'\"",
        "the query cannot be run: give one SELECT … FROM data",
    ),
]


COLUMNS: list[Wrong] = [
    Wrong(
        "train good.csv",
        (
            "good.csv: which column is to be predicted? name it with --target (columns: x1, x2, city, "
            "kind; -1 is the last)"
        ),
    ),
    Wrong(
        "train good.csv --target kidn",
        (
            'good.csv has no column "kidn": did you mean "kind"? (columns: x1, x2, city, kind; or by '
            "number, 1 to 4, -1 the last)"
        ),
    ),
    Wrong(
        "train good.csv --target 9",
        ('good.csv has no column "9": (columns: x1, x2, city, kind; or by number, 1 to 4, -1 the last)'),
    ),
    Wrong(
        "train good.csv --target 0",
        ('good.csv has no column "0": (columns: x1, x2, city, kind; or by number, 1 to 4, -1 the last)'),
    ),
    Wrong(
        "train good.csv --target=-9",
        ('good.csv has no column "-9": (columns: x1, x2, city, kind; or by number, 1 to 4, -1 the last)'),
    ),
    Wrong(
        "train good.csv --no-header --target kind",
        ('good.csv has no column "kind": (columns: c1, c2, c3, c4; or by number, 1 to 4, -1 the last)'),
    ),
    Wrong(
        "train good.csv --target kind --task regress",
        (
            'good.csv: the target column "kind" holds text ("yes" in row 1 (line 2)), and --task regress '
            "needs numbers: use --task classify, or name another target"
        ),
    ),
    Wrong(
        "train numbers.csv --target y --task classify",
        (
            'numbers.csv: the target column "y" holds 1.5 in row 1 (line 2), which is no class: use '
            "--task regress, or turn the column into whole numbers or text"
        ),
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv: the target column "kind" has one class only, "yes": give rows of at least two '
            "classes, or name another target"
        ),
        {"e.csv": "a,kind\n1,yes\n2,yes\n3,yes\n"},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv: the target column "kind" is 2.5 in every row, so there is nothing to learn: name '
            "another target or give rows that differ"
        ),
        {"e.csv": "a,kind\n1,2.5\n2,2.5\n3,2.5\n"},
    ),
    Wrong(
        "train e.csv --target y",
        (
            'e.csv: the target column "y" has one class only, "0": give rows of at least two classes, or '
            "name another target"
        ),
        {"e.csv": "a,b,y\n1,2,0\n"},
    ),
    Wrong(
        "train e.csv --target y",
        (
            'e.csv: column "name" has 200 different texts in 200 rows and looks like an identifier: '
            'leave it out with --drop "name" or group its values into fewer'
        ),
        {"e.csv": PEOPLE},
    ),
    Wrong(
        "train e.csv --target name",
        (
            'e.csv: the target column "name" has 200 different texts in 200 rows and looks like an '
            "identifier: name another target"
        ),
        {"e.csv": PEOPLE},
    ),
    Wrong(
        "train e.csv --target y",
        'e.csv: column "day" holds dates: leave it out with --drop "day", or turn it into numbers',
        {"e.csv": DAYS},
    ),
    Wrong(
        "train e.csv --target day",
        'e.csv: the target column "day" holds dates: turn it into numbers, or name another target',
        {"e.csv": DAYS},
    ),
    Wrong(
        "train e.csv --target kind",
        'e.csv: column "x2" has no value in row 5 (line 6): use --missing drop, mean or mode',
        {"e.csv": row(5, "5,nan,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv, column "x2", row 5 (line 6): "inf" is not a finite number: correct it, or leave it '
            "empty if the value is missing"
        ),
        {"e.csv": row(5, "5,inf,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv, column "x2", row 5 (line 6): "-inf" is not a finite number: correct it, or leave it '
            "empty if the value is missing"
        ),
        {"e.csv": row(5, "5,-inf,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv, column "x2", row 5 (line 6): "1e999" is not a finite number: correct it, or leave it '
            "empty if the value is missing"
        ),
        {"e.csv": row(5, "5,1e999,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv: column "x2" holds values too large to standardise (largest 1e+308 in row 5 (line '
            '6)): divide the column, or leave it out with --drop "x2"'
        ),
        {"e.csv": row(5, "5,1e308,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target kind",
        'e.csv: column "x2" has no value in row 5 (line 6): use --missing drop, mean or mode',
        {"e.csv": row(5, "5,,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target kind",
        'e.csv: column "city" has no value in row 5 (line 6): use --missing drop, mean or mode',
        {"e.csv": row(5, "5,4,,yes")},
    ),
    Wrong(
        "train e.csv --target kind --missing mean",
        (
            'e.csv: the target column "kind" has no value in row 5 (line 6): fill it in, or leave out '
            "such rows with --missing drop"
        ),
        {"e.csv": row(5, "5,4,Bern,")},
    ),
    Wrong(
        "train e.csv --target y --missing drop",
        (
            "e.csv: every row has a missing value, so leaving such rows out leaves none: use --missing "
            "mean or mode, or --drop the emptiest column"
        ),
        {"e.csv": GAPS},
    ),
    Wrong(
        "train e.csv --target y",
        'e.csv: column "b" has no value in any row: leave it out with --drop "b"',
        {"e.csv": "a,b,y\n1,,0\n2,,1\n3,,0\n4,,1\n"},
    ),
    Wrong(
        "train e.csv --target kind",
        (
            'e.csv, column "x2": "four" in row 5 (line 6) is not a number, though 23 of the 24 values '
            "are: correct it, or leave it empty if the value is missing"
        ),
        {"e.csv": row(5, "5,four,Bern,yes")},
    ),
    Wrong(
        "train e.csv --target y",
        (
            'e.csv, column "a": "1,5" in row 1 (line 2) is not a number, nor is any other value: write a '
            'decimal point as "." and thousands without a separator'
        ),
        {"e.csv": COMMAS},
    ),
    Wrong(
        "train e.csv --target y",
        'e.csv: no column is left to learn "y" from: give or keep at least one',
        {"e.csv": "y\n0\n1\n0\n1\n"},
    ),
    Wrong(
        "train good.csv --target kind --drop kind",
        'good.csv: the target column "kind" cannot be left out too: name it once',
    ),
    Wrong(
        "train good.csv --target kind --drop ctiy",
        (
            'good.csv has no column "ctiy": did you mean "city"? (columns: x1, x2, city, kind; or by '
            "number, 1 to 4, -1 the last)"
        ),
    ),
    Wrong(
        "train good.csv --target kind --drop x1 --drop x2 --drop city",
        'good.csv: no column is left to learn "kind" from: give or keep at least one',
    ),
    Wrong(
        "train e.csv --target y --patience 3",
        "holding out 0.1 of 2 rows holds out none: give more rows or a larger fraction",
        {"e.csv": "a,b,y\n1,2,0\n2,3,1\n"},
    ),
    Wrong(
        "train e.csv --target y --test 0.3",
        (
            "holding out 0.3 of 3 rows by class holds out none, because each class keeps a training row: "
            "give more rows of each class, or hold out without classes"
        ),
        {"e.csv": "a,b,y\n1,2,r\n2,3,g\n3,4,b\n"},
    ),
    Wrong(
        "train good.csv --target kind --test 1.5",
        "the test part is a fraction above 0 and below 1, or a file, not 1.5",
    ),
    Wrong(
        "train good.csv --target kind --test 0",
        "the test part is a fraction above 0 and below 1, or a file, not 0",
    ),
    Wrong(
        "train good.csv --target kind --test nan",
        "the test part is a fraction above 0 and below 1, or a file, not nan",
    ),
    Wrong(
        "train good.csv --target kind --test nowhere.csv",
        "there is no file nowhere.csv: check its name and folder",
    ),
    Wrong(
        "train good.csv --target kind --test numbers.csv",
        'numbers.csv lacks the target "kind": add or rename the column',
    ),
    Wrong(
        "train good.csv --target kind --test e.csv",
        (
            'e.csv: the label "perhaps" in column "kind", row 5 (line 6), is not a class of the model; '
            'training saw "no", "yes": correct the label, or leave such rows out'
        ),
        {"e.csv": row(5, "5,4,Bern,perhaps")},
    ),
    Wrong(
        "train good.csv --target kind --missing fill",
        '--missing "fill": choose one of error, drop, mean, mode',
    ),
    Wrong(
        "train good.csv --target kind --task cluster",
        '--task "cluster": choose one of auto, classify, regress',
    ),
]
