"""`chainrule train --rule perceptron`: the story, the trace, the model."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import folders
import pytest
from commandline import chainrule

from chainrule.learning.model import Model

ready, here = folders.ready, folders.here

AND = "x1,x2,y\n0,0,0\n0,1,0\n1,0,0\n1,1,1\n"
OPTIONS = ("--target", "y", "--rule", "perceptron")


@pytest.fixture(autouse=True)
def lessons(here: Path) -> None:
    (here / "and.csv").write_text(AND)
    wide = ",".join(f"v{n}" for n in range(1, 10)) + ",y\n"
    for sample in range(6):
        wide += ",".join(str(((sample + 1) * n * n) % 7) for n in range(1, 10)) + f",{int(sample > 2)}\n"
    (here / "wide.csv").write_text(wide)


def text(*arguments: str) -> str:
    ran = chainrule("train", *arguments)
    assert (ran.code, ran.err) == (0, "")
    # A command to paste is not broken.
    assert max(len(line) for line in ran.out.splitlines() if not line.startswith("  chainrule ")) <= 80
    return ran.out


def figures(*arguments: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(chainrule("train", *arguments, "--json").out)
    return made


def trace(out: str) -> list[list[str]]:
    lines = out.partition("Presentations")[2].partition("\n\n")[0].splitlines()
    return [line.split() for line in lines if line.split()[0].isdecimal()]


def test_a_separable_problem_converges_within_its_bound() -> None:
    made = figures("and.csv", *OPTIONS)
    assert made["converged"] is True
    assert made["train"]["accuracy"] == 1
    assert 0 < made["updates"] <= made["bound"]
    assert "Converged: epoch" in made["story"]
    assert "(R/γ)²" in text("and.csv", *OPTIONS)


def test_xor_ends_honestly() -> None:
    out = text("xor", "--rule", "perceptron")
    for told in ("No convergence", "repeats for ever", "not linearly separable", "a hidden layer"):
        assert told in " ".join(out.split())


def test_the_trace_shows_each_presentation_of_a_small_problem() -> None:
    rows = trace(text("and.csv", *OPTIONS))
    assert [row[:2] for row in rows[:5]] == [["1", "1"], ["1", "2"], ["1", "3"], ["1", "4"], ["2", "1"]]
    assert rows[0] == ["1", "1", "0", "0", "0", "1", "-1", "0", "0", "1"]
    for before, after in pairwise(rows):
        assert int(after[4]) - int(after[5]) == int(after[6])
        assert (before[7:] == after[7:]) == (after[6] == "0")


def test_the_trace_shows_at_most_twelve_presentations() -> None:
    out = text("circles", "--rule", "perceptron", "--epochs", "3")
    assert len(trace(out)) == 12
    assert "Presentations, the first 12 of 1,200;" in out


def test_many_inputs_have_no_trace_and_a_short_sentence() -> None:
    out = " ".join(text("wide.csv", *OPTIONS).split())
    assert "Presentations" not in out
    sentence = out.partition("The unit fires where ")[2].partition(" ≥ ")[0]
    assert sentence.endswith(" + 4 lighter terms")
    weights = figures("wide.csv", *OPTIONS)["weights"]
    heaviest = sorted(weights, key=lambda name: -abs(weights[name]))[:5]
    assert len({weights[name] > 0 for name in heaviest}) == 2
    assert [word for word in sentence.split() if word.startswith("v")] == heaviest


def test_json_agrees_with_the_model_on_disk() -> None:
    Path("same.csv").write_text(AND)
    made = figures("and.csv", *OPTIONS, "--test", "same.csv")
    model = Model.load("model.safetensors")
    assert made["digest"] == model.digest
    assert made["parameters"] == model.network.parameter_count == 3
    assert list(made["weights"].values()) == model.parameters["W1"][:, 0].tolist()
    assert made["test"] == made["train"]
    assert made["validation"] is None
    assert made["rows"] == {"train": 4, "test": 4}


def test_a_fixed_threshold_is_kept() -> None:
    made = figures("and.csv", *OPTIONS, "--threshold", "0.5", "--rate", "0.5", "--epochs", "20")
    assert made["threshold"] == 0.5
    assert made["parameters"] == 2


def test_the_model_predicts_and_is_evaluated_as_any_other() -> None:
    figures("and.csv", *OPTIONS)
    assert chainrule("predict", "model.safetensors", "and.csv").out.split() == ["y", "0", "0", "0", "1"]
    assert json.loads(chainrule("evaluate", "model.safetensors", "and.csv", "--json").out)["accuracy"] == 1
    assert chainrule("info", "model.safetensors").code == 0
