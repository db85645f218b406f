"""`chainrule predict`: the answers of a model, printed or written."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import folders
import pytest
from bad_files import GOOD, row
from commandline import Ran, chainrule

from chainrule.learning.model import Model
from chainrule.learning.tables import read_table

ready, here = folders.ready, folders.here


def predict(*arguments: str) -> Ran:
    ran = chainrule("predict", *arguments)
    assert ran.code == 0, ran
    return ran


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def test_predictions_are_csv_under_the_targets_name(here: Path) -> None:
    ran = predict("model.safetensors", "good.csv")
    expected = Model.load("model.safetensors").predict_table(read_table("good.csv")).tolist()
    assert ran.err == ""
    assert ran.out.splitlines() == ["kind", *expected]


def test_numbers_are_in_the_targets_units(here: Path) -> None:
    found = [float(r["c3"]) for r in rows_of(predict("bare.safetensors", "bare.csv").out)]
    expected = Model.load("bare.safetensors").predict_table(read_table("bare.csv"))
    assert found == expected.tolist()


def test_the_target_need_not_be_there(here: Path) -> None:
    Path("new.csv").write_text("".join(line.rpartition(",")[0] + "\n" for line in GOOD.splitlines()))
    assert predict("model.safetensors", "new.csv").out == predict("model.safetensors", "good.csv").out


def test_probabilities_are_a_column_for_each_class(here: Path) -> None:
    rows = rows_of(predict("model.safetensors", "good.csv", "--probabilities").out)
    assert list(rows[0]) == ["kind", "p(no)", "p(yes)"]
    for each in rows:
        no, yes = float(each["p(no)"]), float(each["p(yes)"])
        assert no + yes == pytest.approx(1, abs=1e-6)
        assert each["kind"] == ("yes" if yes >= 0.5 else "no")


def test_json_holds_the_same_columns(here: Path) -> None:
    made = json.loads(predict("model.safetensors", "good.csv", "--probabilities", "--json").out)
    rows = rows_of(predict("model.safetensors", "good.csv", "--probabilities").out)
    assert (made["rows"], made["out"], made["notes"]) == (24, None, [])
    assert made["predictions"]["kind"] == [r["kind"] for r in rows]
    assert made["predictions"]["p(yes)"] == [float(r["p(yes)"]) for r in rows]


def test_out_takes_what_would_be_printed(here: Path) -> None:
    printed = predict("model.safetensors", "good.csv", "--probabilities").out
    told = predict("model.safetensors", "good.csv", "--probabilities", "--out", "p.csv").out
    assert told == "24 predictions are in p.csv.\n"
    assert Path("p.csv").read_text() == printed


@pytest.mark.parametrize("name", ["p.jsonl", "p.ndjson", "P.JSONL"])
def test_out_is_json_lines_by_its_ending(name: str, here: Path) -> None:
    predict("model.safetensors", "good.csv", "--out", name)
    lines = [json.loads(line) for line in Path(name).read_text().splitlines()]
    assert [line["kind"] for line in lines] == predict("model.safetensors", "good.csv").out.split()[1:]


def test_json_says_where_the_predictions_went(here: Path) -> None:
    made = json.loads(predict("model.safetensors", "good.csv", "--out", "p.csv", "--json").out)
    assert made["out"] == "p.csv"
    assert Path("p.csv").read_text().split()[1:] == made["predictions"]["kind"]


def test_a_category_that_training_never_saw_is_noted_on_stderr(here: Path) -> None:
    Path("new.csv").write_text(row(5, "5,4,Chur,yes"))
    ran = predict("model.safetensors", "new.csv")
    assert len(ran.out.splitlines()) == 25
    assert ran.err.startswith("note: new.csv: ")
    assert '"Chur"' in ran.err
    assert json.loads(predict("model.safetensors", "new.csv", "--json").out)["notes"]


def test_a_query_chooses_rows(here: Path) -> None:
    ran = predict("model.safetensors", "good.csv", "--sql", "select * from data where x1 <= 3")
    assert len(ran.out.splitlines()) == 4
