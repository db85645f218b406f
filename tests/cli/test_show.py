"""`chainrule show`: workings of examples, networks and models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import folders
import pytest
from commandline import chainrule, refused

from chainrule.learning.model import Model
from chainrule.learning.sources import open_table
from chainrule.working.works import work

ready, here = folders.ready, folders.here

NETWORK = """
inputs = 2
loss = "mse"
rule = "gradient_descent"
rate = 0.1
[[layers]]
units = 2
activation = "sigmoid"
bias = false
weights = [[0.7, 0.3], [0.4, 0.6]]
[[layers]]
units = 1
activation = "sigmoid"
bias = false
weights = [[0.55], [0.45]]
"""


@pytest.fixture
def network(tmp_path: Path) -> str:
    file = tmp_path / "net.toml"
    file.write_text(NETWORK)
    return str(file)


def test_an_example_is_worked_in_80_columns() -> None:
    ran = chainrule("show", "psyc681-2-2-1", "--rounding", "round:3")
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "z1 = x1 · w1 + x2 · w3 = 0.5 · 0.7 + 0.3 · 0.4 = 0.470" in ran.out


def test_an_example_whose_name_has_a_point_is_no_file() -> None:
    assert "fires" in chainrule("show", "perceptron-0.69").out


def test_a_copied_and_changed_example_is_worked(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    chainrule("examples", "psyc681-2-2-1", "--save", str(copy))
    copy.write_text(copy.read_text().replace("[0.5, 0.3]", "[0.5, 0.9]"))
    assert "0.5 · 0.7 + 0.9 · 0.4 = 0.71" in chainrule("show", str(copy)).out


def test_an_example_is_worked_with_another_chain_other_passes_or_fused() -> None:
    deltas = chainrule("show", "psyc681-2-2-1", "--chain", "deltas", "--passes", "1").out
    assert "∂C/∂z3 = ∂C/∂o1 · ∂o1/∂z3" in deltas
    assert "pass 2" not in deltas.lower()
    fused = chainrule("show", "comp0087-2-2-1", "--fused").out
    assert "∂L/∂v = c - y" in fused


def test_single_entries_are_shown_in_numbers_and_in_letters() -> None:
    told = chainrule("show", "comp0087-2-2-1", "--entry", "∂L/∂u1", "--entry", "dW1[i,j]").out
    assert "How ∂L/∂u1 comes about" in told
    assert "∂L/∂w_ji = (c - y) · u_j · a_j · (1 - a_j) · x_i" in told


def test_a_network_is_worked_on_numbers_kept_as_they_were_typed(network: str) -> None:
    told = chainrule("show", network, "--x", "0.50,0.3", "--y", "1", "--rounding", "round:4").out
    assert "0.50 · 0.7 + 0.3 · 0.4 = 0.4700" in told


def test_without_numbers_a_networks_equations_are_shown(network: str) -> None:
    assert "z1 = x W1" in chainrule("show", network).out
    assert "z1 = x W1" in chainrule("show", network, "--x", "1,2", "--y", "1", "--equations").out


def test_passes_chain_and_notation_are_those_asked_for(network: str) -> None:
    asked = ("--x", "0.5,0.3", "--y", "1", "--passes", "2", "--chain", "deltas", "--notation", "psyc681")
    made = json.loads(chainrule("show", network, *asked, "--json").out)
    names = [step["name"]["text"] for phase in made["phases"] for step in phase["steps"]]
    assert names.count("w1") == 2
    assert "∂C/∂z3" in names


@pytest.mark.usefixtures("here")
def test_a_model_is_worked_on_rows_with_the_numbers_it_has() -> None:
    told = json.loads(
        chainrule("show", "model.safetensors", "--data", "good.csv", "--row", "2", "--json").out
    )
    steps = {step["key"]: step for phase in told["phases"] for step in phase["steps"]}
    model = Model.load("model.safetensors")
    output = model.network.dense[-1].units
    outputs = model.outputs(model.encode(open_table("good.csv")).X)[1]
    layer = len(model.network.dense)
    found = [steps[f"a{layer}[1,{k + 1}]@1"]["value"] for k in range(output)]
    assert found == pytest.approx(outputs.tolist(), rel=1e-6)


@pytest.mark.usefixtures("here")
def test_a_model_is_worked_under_a_rounding_from_its_numbers_to_six_digits() -> None:
    told = chainrule(
        "show", "model.safetensors", "--data", "good.csv", "--row", "1-2", "--rounding", "round:4"
    )
    assert (told.code, told.err) == (0, "")
    assert "rounded to 4 decimals" in told.out


@pytest.mark.parametrize("ending", ["md", "tex", "json", "html", "txt", "py"])
def test_the_ending_of_the_file_says_the_format(ending: str, tmp_path: Path) -> None:
    file = tmp_path / f"working.{ending}"
    ran = chainrule("show", "psyc681-2-2-1", "--out", str(file))
    # A long path may be broken at the end of a line.
    assert "".join(ran.out.split()) == f"Theworkingisin{file}."
    assert "0.47" in file.read_text(encoding="utf-8")


def test_a_file_of_latex_compiles_by_itself_and_what_is_printed_is_a_fragment(tmp_path: Path) -> None:
    file = tmp_path / "working.tex"
    chainrule("show", "psyc681-2-2-1", "--out", str(file))
    assert r"\documentclass" in file.read_text(encoding="utf-8")
    assert r"\documentclass" not in chainrule("show", "psyc681-2-2-1", "--format", "latex").out


def test_the_pytorch_script_runs_and_agrees() -> None:
    script = chainrule("show", "psyc681-2-2-1", "--format", "pytorch").out
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_what_is_printed_is_the_working_of_python() -> None:
    assert chainrule("show", "xor-mlp").out.rstrip() == str(work("xor-mlp")).rstrip()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["psyc681"], 'there is no example called "psyc681": did you mean "psyc681-2-2-1"? (known: '),
        (["psyc681-2-2-1", "--x", "1,2"], "an example has its own network and numbers: leave --x out"),
        (["psyc681-2-2-1", "--row", "2"], "an example has its own network and numbers: leave --row out"),
        (["softmax", "--fused"], "'Softmax of three scores' has no training step: leave fused out"),
        (["chain-rule-log", "--chain", "deltas"], "'The chain rule on ln(ax)' has no training step: leave"),
        ([".", "--x", "1"], '"." is a folder: give a file in it, or the name of an example'),
        (["psyc681-2-2-1", "--entry", "w9"], 'there is no quantity called "w9"'),
        (
            ["psyc681-2-2-1", "--rounding", "round"],
            'the rounding is "round", but it does not say to how many digits to round: give exact',
        ),
        (["psyc681-2-2-1", "--format", "docx"], 'there is no format called "docx"'),
        (["psyc681-2-2-1", "--out", "x.docx"], '"x.docx" does not say which format it is to be'),
        (["psyc681-2-2-1", "--format", "pdf"], "pdf is no text: give --out FILE"),
        (["psyc681-2-2-1", "--slides"], "--slides is for a page: give --out FILE.html or --format html"),
        (
            ["psyc681-2-2-1", "--entry", "w1", "--entry", "w2", "--out", "a.txt"],
            "--out takes one working: give one --entry, or none",
        ),
        (["psyc681-2-2-1", "--notation", "psyc"], 'there is no notation called "psyc"'),
    ],
)
def test_a_wrong_request_is_one_sentence(
    arguments: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("show", *arguments).startswith(sentence)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--x", "1"], "a row of x has 1 number: give x, a row of 2 numbers for each sample"),
        (["--x", "1,two"], '"two" is not a number: write one such as 0.701, -0.05 or 5.1e-6'),
        (["--x", "1,2"], "a working needs numbers to work on: give y, one number for each sample"),
        (["--x", ";", "--y", "1"], '--x holds no number: write for example --x "0.5,0.3"'),
        (
            ["--entry", "w1"],
            "there are no numbers to work on: give --data and --row for a model, --x and --y",
        ),
        (["--x", "1e400,2", "--y", "1"], "x must hold numbers up to 1.8e308 in size, but one is 1e+400"),
        (
            ["--x", "1,2", "--y", "1", "--row", "1"],
            "a network file has no table to read: its numbers are --x",
        ),
        (["--rounding", "round:3"], "there are no numbers to work on: give --data and --row for a model"),
        (["--x", "1,2", "--y", "1", "--passes", "0"], "passes are a whole number, at least 1, not 0"),
    ],
)
def test_wrong_numbers_for_a_network_are_one_sentence(
    arguments: list[str], sentence: str, network: str
) -> None:
    assert refused("show", network, *arguments).startswith(sentence)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("0", "there is no row 0: the table has "),
        ("999", "there is no row 999: the table has "),
        ("one", '--row "one" names no rows: write for example 3, or 1,4,7, or 2-5'),
        ("5-2", '--row "5-2" runs backwards: write 2-5'),
        ("", '--row "" names no rows: write for example 3, or 1,4,7, or 2-5'),
    ],
)
def test_a_wrong_row_is_one_sentence(row: str, sentence: str) -> None:
    assert refused("show", "model.safetensors", "--data", "good.csv", "--row", row).startswith(sentence)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--row", "1"], "there are no numbers to work on: give --data and --row for a model"),
        (["--x", "1"], "there are no numbers to work on: give --data and --row for a model"),
        (["--data", "good.csv", "--x", "1"], "a model is worked on rows of --data: leave --x out"),
        (
            ["--data", "good.csv", "--fused"],
            "a model's step is worked once, as it was trained: leave --fused out",
        ),
        (
            ["--data", "good.csv", "--chain", "paths"],
            "a model's own numbers are worked as they were computed: ",
        ),
    ],
)
def test_what_a_model_would_pass_over_is_refused(arguments: list[str], sentence: str) -> None:
    assert refused("show", "model.safetensors", *arguments).startswith(sentence)


def test_a_rounding_may_be_a_table() -> None:
    ran = chainrule("show", "psyc681-2-2-1", "--rounding", "default=round:3, output=truncate:4")
    assert ran.code == 0
    assert "every line rounded to 3 decimals, ties half-up; output truncated to 4 decimals" in " ".join(
        ran.out.split()
    )


def test_several_entries_as_json_are_one_object() -> None:
    told = json.loads(chainrule("show", "psyc681-2-2-1", "--entry", "w1", "--entry", "w2", "--json").out)
    assert [each["title"] for each in told["workings"]] == ["How w1 comes about", "How w2 comes about"]
