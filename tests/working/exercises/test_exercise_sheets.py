"""Sheets and keys as files: what is asked, in every format."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import tomllib
import xml.etree.ElementTree as ElementTree
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from chainrule.errors import ConfigError
from chainrule.working.exercises.formats import FORMATS, Format, check_format, files_of, sheets_of
from chainrule.working.exercises.plan import plan_of
from chainrule.working.exercises.sheet import Sheet
from chainrule.working.worked.examples import load_example
from chainrule.working.works import work_example

ASKED: dict[str, dict[str, Any]] = {
    "psyc681": {"rounding": "round:4", "notation": "psyc681", "bias": False},
    "relu": {"layers": "2,3,1", "activation": "relu"},
    "softmax, 2 samples": {"layers": "2,2,3", "activation": "tanh,softmax", "samples": 2},
    "adam, 2 steps": {"rule": "adam", "passes": 2, "notation": "comp0087"},
    "a table of roundings": {"rounding": {"default": "round:3", "slopes": "truncate:4"}, "rule": "momentum"},
    "4 layers": {"layers": "2,2,2,2,1", "notation": "cap4453"},
    "forward": {"kind": "forward", "layers": "3,2,2", "activation": "relu,softmax"},
    "perceptron": {"kind": "perceptron", "layers": "2,1", "notation": "psyc681"},
    "dimensions": {"kind": "dimensions", "layers": "3,4,2"},
}


@cache
def sheet(name: str, seed: int = 7) -> Sheet:
    return next(iter(sheets_of(plan_of(**ASKED[name]), seed, 1)))


def files(name: str, format: Format) -> dict[str, bytes]:
    return {file: data for _, made in files_of([sheet(name)], format) for file, data in made}


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize("format", FORMATS)
def test_every_kind_has_its_files_in_every_format(name: str, format: Format) -> None:
    made = files(name, format)
    stem = sheet(name).name
    example = {f"{stem}.toml"}
    ending = {"markdown": "md", "latex": "tex", "text": "txt"}.get(format, format)
    wanted: dict[str, set[str]] = {
        "csv": {f"{stem}-key.csv"},
        "toml": {f"{stem}-key.toml"},
        "moodle": {f"{stem.partition('-seed-')[0]}-moodle.xml"},
    }
    assert set(made) == example | wanted.get(format, {f"{stem}.{ending}", f"{stem}-key.{ending}"})
    assert all(made.values())


def test_the_example_file_has_one_rate() -> None:
    made = files("adam, 2 steps", "toml")
    stated = tomllib.loads(made[f"{sheet('adam, 2 steps').name}.toml"].decode())
    assert stated["network"]["rule"] == "adam(beta1=0.9, beta2=0.999, epsilon=1e-08)"
    assert stated["network"]["rate"] == 0.001


@pytest.mark.parametrize("name", [name for name in ASKED if name != "dimensions"])
def test_the_example_file_is_worked_to_the_key(name: str, tmp_path: Path) -> None:
    made = sheet(name)
    file = tmp_path / "sheet.toml"
    file.write_text(made.example, encoding="utf-8")
    working = work_example(str(file))
    assert made.working is not None
    assert [(s.key, s.result) for s in working.steps] == [(s.key, s.result) for s in made.working.steps]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [name for name in ASKED if name != "dimensions"])
def test_every_blank_is_spelled_as_marking_understands_it(name: str, tmp_path: Path) -> None:
    made = sheet(name)
    file = tmp_path / "sheet.toml"
    file.write_text(made.example, encoding="utf-8")
    namer = load_example(file).namer
    assert [namer.parse(blank.spelled).key for blank in made.blanks] == [blank.key for blank in made.blanks]


def test_the_sheet_asks_in_the_order_of_the_calculation() -> None:
    made = sheet("psyc681")
    assert [section.title for section in made.sections] == [
        "Feedforward",
        "Loss",
        "Backpropagation",
        "Update",
    ]
    assert " ".join(blank.spelled for blank in made.blanks) == (
        "z1 z2 h1 h2 z3 o1 C ∂C/∂o1 ∂o1/∂z3 ∂C/∂w5 ∂C/∂w6 ∂h1/∂z1 ∂h2/∂z2 ∂C/∂w1 ∂C/∂w2 ∂C/∂w3 ∂C/∂w4 "
        "w1 w2 w3 w4 w5 w6"
    )


def test_the_sheet_says_what_is_given_and_how_to_round() -> None:
    made = sheet("adam, 2 steps")
    assert made.told == (
        "A network takes 2 inputs and has 2 layers: 2 units with sigmoid; then 1 unit with sigmoid.",
        "The loss is mse, (ŷ - y)². It learns by adam, with the learning rate η = 0.001, β1 = 0.9, β2 = 0.999, "
        "ε = 1e-08, 2 steps on the same samples; what it keeps for each parameter starts from 0.",
        "Write every line rounded to 4 significant digits, ties half-up; go on with the numbers as you have "
        "written them.",
    )
    assert "over the samples" in sheet("softmax, 2 samples").told[1]


def test_the_text_fits_eighty_columns_and_has_no_answers() -> None:
    made = files("psyc681", "text")
    question = made["backprop-2-2-1-seed-7.txt"].decode()
    assert max(map(len, question.splitlines())) <= 80
    assert "z1 = ________" in question
    loss = next(blank for blank in sheet("psyc681").blanks if blank.spelled == "C")
    assert loss.answer not in question
    assert loss.answer in made["backprop-2-2-1-seed-7-key.txt"].decode()


def test_the_csv_holds_every_answer_and_the_rounding() -> None:
    rows = list(csv.reader(io.StringIO(files("relu", "csv")["backprop-2-3-1-seed-7-key.csv"].decode())))
    assert rows[:2] == [["name", "value"], ["rounding", "round:4"]]
    assert rows[2:] == [[blank.spelled, blank.answer] for blank in sheet("relu").blanks]


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.labels: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input":
            self.labels.append(found["aria-label"] or "")
        self.loads += [str(value) for name, value in attrs if name in ("src", "href") and value]


@pytest.mark.parametrize("name", ["psyc681", "dimensions", "perceptron"])
def test_the_page_has_a_named_place_for_each_answer_and_loads_nothing(name: str) -> None:
    page = _Page()
    page.feed(files(name, "html")[f"{sheet(name).name}.html"].decode())
    assert len(page.labels) == len(set(page.labels)) == len(sheet(name).blanks)
    assert page.loads == ["data:,"]


def test_the_page_draws_the_network_with_what_is_given_only() -> None:
    page = files("psyc681", "html")["backprop-2-2-1-seed-7.html"].decode()
    assert '<svg id="net"' in page
    for given in sheet("psyc681").given[:2]:
        assert f">{given.written}</tspan>" in page
    answers = {blank.answer for blank in sheet("psyc681").blanks} - {
        g.written for g in sheet("psyc681").given
    }
    assert not [answer for answer in answers if f">{answer.replace('-', '−')}</tspan>" in page]


# --- Moodle -------------------------------------------------------------------------------------------

_PLACE = re.compile(r"\{1:(NUMERICAL|SHORTANSWER):=([^{}]*)\}")


@pytest.mark.parametrize("name", ASKED)
def test_moodle_gets_a_place_for_each_answer_with_its_tolerance(name: str) -> None:
    (data,) = (data for file, data in files(name, "moodle").items() if file.endswith(".xml"))
    quiz = ElementTree.fromstring(data)
    category, question = quiz.findall("question")
    assert category.get("type") == "category"
    assert question.get("type") == "cloze"
    told = question.findtext("questiontext/text") or ""
    places = _PLACE.findall(told)
    assert told.count("{1:") == len(places) == len(sheet(name).blanks)
    for (kind, place), blank in zip(places, sheet(name).blanks, strict=True):
        if kind == "NUMERICAL":
            answer, tolerance = place.split(":")
            assert (answer, Decimal(tolerance)) == (blank.answer, blank.tolerance)
        else:
            assert place.split("~")[0] == blank.answer


@pytest.mark.parametrize(
    ("rounding", "answer", "tolerance"),
    [
        ("round:3", "0.4", "0.001"),
        ("truncate:4", "0.4", "0.0001"),
        ("significant:3", "12.34", "0.1"),
        ("significant:3", "0.001234", "0.00001"),
        ("exact", "0.4", "1E-7"),
    ],
)
def test_tolerances_are_one_unit_of_the_last_place(rounding: str, answer: str, tolerance: str) -> None:
    from chainrule.engines.rounding import Rounding
    from chainrule.working.exercises.training import tolerance as of

    assert of(Rounding.parse(rounding), Decimal(answer)) == Decimal(tolerance)


# --- what needs a library or a program ----------------------------------------------------------------


@pytest.mark.skipif(which("pdflatex") is None, reason="no pdflatex here")
@pytest.mark.parametrize("name", ["adam, 2 steps", "dimensions", "perceptron"])
def test_the_latex_compiles(name: str, tmp_path: Path) -> None:
    for file, data in files(name, "latex").items():
        if not file.endswith(".tex"):
            continue
        (tmp_path / file).write_bytes(data)
        ran = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", file],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout[-800:]


def test_pdfs_are_the_same_bytes_for_the_same_seed() -> None:
    made = files("psyc681", "pdf")
    assert made["backprop-2-2-1-seed-7.pdf"].startswith(b"%PDF")
    assert files("psyc681", "pdf") == made


def test_unknown_formats_and_counts_are_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        check_format("docx")
    assert str(refused.value) == (
        'there is no format "docx": choose one of html, pdf, latex, markdown, text, moodle, csv, toml'
    )
    for count in (0, 10_001, -3):
        with pytest.raises(ConfigError, match="is how many sheets are made, 1 to 10,000, not"):
            sheets_of(plan_of(), 0, count)
    with pytest.raises(ConfigError, match="a whole number from 0 on, not -1"):
        sheets_of(plan_of(), -1, 1)
