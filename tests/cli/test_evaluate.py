"""`chainrule evaluate`: how good a model is on a table."""

from __future__ import annotations

import json
from pathlib import Path

import folders
import pytest
from bad_files import row
from commandline import chainrule

from chainrule.learning.model import Model
from chainrule.learning.tables import read_table

ready, here = folders.ready, folders.here


def test_the_figures_are_those_of_the_model_on_the_rows(here: Path) -> None:
    made = json.loads(chainrule("evaluate", "model.safetensors", "good.csv", "--json").out)
    model, table = Model.load("model.safetensors"), read_table("good.csv")
    truth, predicted = table.texts("kind"), model.predict_table(table)
    assert made["rows"] == 24
    assert made["accuracy"] == pytest.approx((truth == predicted).mean(), abs=1e-12)
    counts = [[int(((truth == t) & (predicted == p)).sum()) for p in ("no", "yes")] for t in ("no", "yes")]
    assert made["confusion"] == counts


def test_the_text_holds_measures_and_confusion_matrix(here: Path) -> None:
    ran = chainrule("evaluate", "model.safetensors", "good.csv")
    assert (ran.code, ran.err) == (0, "")
    for told in ("accuracy", "log loss", "Confusion matrix, these rows", "precision", "yes", "no"):
        assert told in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_number_has_no_confusion_matrix(here: Path) -> None:
    ran = chainrule("evaluate", "bare.safetensors", "bare.csv")
    assert "RMSE" in ran.out
    assert "Confusion" not in ran.out


def test_labels_and_categories_that_differ_are_noted(here: Path) -> None:
    Path("new.csv").write_text(row(5, "5,4,Chur,yes."))
    made = json.loads(chainrule("evaluate", "model.safetensors", "new.csv", "--json").out)
    assert len(made["notes"]) == 2
    assert 'the label "yes." is read as "yes"' in made["notes"][0]
    assert '"Chur"' in made["notes"][1]
    assert "note: new.csv" in chainrule("evaluate", "model.safetensors", "new.csv").out
