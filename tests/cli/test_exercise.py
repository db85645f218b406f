"""`chainrule exercise`: question sheets and keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import chainrule, refused

from chainrule.cli.exercise import KINDS
from chainrule.working.exercises import plan
from chainrule.working.marking.marking import mark
from chainrule.working.marking.sheet import read_sheet


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_one_sheet_and_its_key_are_printed_without_a_folder() -> None:
    ran = chainrule("exercise", "--layers", "2,2,1", "--notation", "psyc681", "--seed", "7")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("A training step by hand: sheet 7\n")
    assert "  z1 = ________" in ran.out
    assert "\nKey: a training step by hand: sheet 7\n" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_each_seed_has_a_sheet_a_key_and_an_example_file(tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder"
    ran = chainrule("exercise", "--seed", "7", "--count", "3", "--format", "markdown", "--out", str(out))
    assert (ran.code, ran.err) == (0, "")
    assert names(out) == {
        f"backprop-2-2-1-seed-{n}{end}" for n in (7, 8, 9) for end in (".md", "-key.md", ".toml")
    }
    assert ran.out.startswith("3 sheets and 3 keys: 9 files in")
    assert "chainrule mark --example" in ran.out


def test_the_same_seeds_give_the_same_files(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        chainrule("exercise", "--seed", "3", "--format", "html", "--out", str(tmp_path / folder))
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_csv_key_marks_as_all_right(tmp_path: Path) -> None:
    chainrule("exercise", "--rounding", "round:4", "--seed", "7", "--format", "csv", "--out", str(tmp_path))
    example = tmp_path / "backprop-2-2-1-seed-7.toml"
    found = read_sheet(tmp_path / "backprop-2-2-1-seed-7-key.csv", example)
    marking = mark(found.program, found.answers, found.namer, found.rounding)
    assert {each.verdict for each in marking.marked} <= {"exact", "rounded"}


def test_moodle_has_one_file_of_all_sheets(tmp_path: Path) -> None:
    chainrule("exercise", "--count", "4", "--format", "moodle", "--out", str(tmp_path))
    quiz = (tmp_path / "backprop-2-2-1-moodle.xml").read_text(encoding="utf-8")
    assert quiz.count('<question type="cloze">') == 4


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_made(kind: str, tmp_path: Path) -> None:
    layers = "2,1" if kind == "perceptron" else "2,2,1"
    ran = chainrule("exercise", "--kind", kind, "--layers", layers, "--out", str(tmp_path))
    assert (ran.code, ran.err) == (0, "")
    assert any(name.endswith("-key.txt") for name in names(tmp_path))


def test_a_rounding_may_be_a_table(tmp_path: Path) -> None:
    ran = chainrule("exercise", "--rounding", "default=round:3, slopes=truncate:4")
    assert "every line rounded to 3 decimals, ties half-up; slopes truncated to 4" in ran.out


def test_the_kinds_of_the_help_are_those_there_are() -> None:
    assert KINDS == plan.KINDS


def test_json_tells_of_every_sheet(tmp_path: Path) -> None:
    ran = chainrule("exercise", "--count", "2", "--format", "toml", "--out", str(tmp_path), "--json")
    told = json.loads(ran.out)
    assert [each["seed"] for each in told["sheets"]] == [0, 1]
    assert set(told["files"]) == names(tmp_path)
    assert told["sheets"][0]["slips"] > 100


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("--layers", "2,x"),
            'layers "2,x": "x" is no number of units: write inputs, then the units of each layer, such as 2,2,1',
        ),
        (
            ("--layers", "3"),
            'layers "3" has no layer: write inputs, then the units of each layer, such as 2,2,1',
        ),
        (
            ("--layers", "2,1", "--activation", "softmax"),
            "softmax of one unit is always 1: use sigmoid, or give the layer a unit per class",
        ),
        (
            ("--rounding", "slopes="),
            '--rounding "slopes=" is no table of roundings: write each name once, as in '
            '"output=truncate:4, slopes=round:3"',
        ),
        (("--count", "0", "--out", "x"), "--count is how many sheets are made, 1 to 10,000, not 0"),
        (("--count", "10001", "--out", "x"), "--count is how many sheets are made, 1 to 10,000, not 10001"),
        (
            ("--format", "docx"),
            'there is no format "docx": choose one of html, pdf, latex, markdown, text, moodle, csv, toml',
        ),
        (("--format", "html"), "exercises are written as files: say with --out FOLDER where they go"),
        (("--count", "2"), "exercises are written as files: say with --out FOLDER where they go"),
        (
            ("--kind", "glove"),
            'there is no kind of exercise "glove": choose one of backprop, forward, dimensions, perceptron',
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    arguments: tuple[str, ...], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("exercise", *arguments) == told
    assert names(tmp_path) == set()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    told = refused("exercise", "--out", str(tmp_path / "taken"))
    assert told.endswith('taken": there is a file of that name: choose another place')
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_missing_extra_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "typst", None)
    told = refused("exercise", "--format", "pdf", "--out", str(tmp_path / "out"))
    assert told == "a PDF needs the pdf extra: pip install 'chainrule[pdf]'"
    assert not (tmp_path / "out").exists()
