"""`chainrule chart`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commandline import chainrule, refused

from chainrule.learning.tasks import train_table
from chainrule.working.charts.catalogue import CHARTS


@pytest.fixture(scope="module")
def moons(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("chart") / "moons.safetensors"
    train_table("moons", "class", layers=(3,), epochs=4, validation=0.2).model.save(path)
    return str(path)


def test_without_a_name_the_charts_are_listed() -> None:
    ran = chainrule("chart")
    assert (ran.code, ran.err) == (0, "")
    assert all(f"{name} " in ran.out and CHARTS[name].about in ran.out for name in CHARTS)
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_list_as_json() -> None:
    listed = json.loads(chainrule("chart", "--json").out)["charts"]
    assert [row["name"] for row in listed] == list(CHARTS)


def test_into_a_pipe_goes_the_svg() -> None:
    ran = chainrule("chart", "loss-parabola")
    assert ElementTree.fromstring(ran.out).tag == "{http://www.w3.org/2000/svg}svg"


def test_on_a_terminal_a_file_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.cli.chart import _ending
    from chainrule.errors import ConfigError

    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(ConfigError) as caught:
        _ending(CHARTS["saturation"], None, as_json=False)
    assert str(caught.value) == (
        "a chart does not show on a terminal: name a file for it, --out saturation.svg"
    )


@pytest.mark.parametrize(
    ("ending", "start"),
    [("svg", b"<svg "), ("html", b"<!DOCTYPE html>"), ("png", b"\x89PNG"), ("PDF", b"%PDF")],
)
def test_the_ending_of_the_file_says_what_it_is(tmp_path: Path, ending: str, start: bytes) -> None:
    path = tmp_path / f"shapes.{ending}"
    ran = chainrule("chart", "activation_shapes", "--out", str(path))
    assert (ran.code, ran.err) == (0, "")
    assert "".join(ran.out.split()) == f'Thechartactivation_shapesisin"{path}".'
    assert path.read_bytes().startswith(start)


def test_json_has_the_numbers() -> None:
    made = json.loads(chainrule("chart", "saturation", "--json").out)
    assert made["name"] == "saturation"
    assert made["panels"][1]["series"][0]["name"] == "MSE"
    assert len(made["panels"][1]["series"][0]["ys"]) == 300


def test_a_models_history_is_drawn(moons: str) -> None:
    for name in ("loss_curve", "gradient_norms"):
        made = json.loads(chainrule("chart", name, "--model", moons, "--json").out)
        assert made["panels"][0]["series"][0]["xs"] == [1, 2, 3, 4]


def test_a_models_decisions_are_drawn(moons: str) -> None:
    made = json.loads(
        chainrule("chart", "decision_boundary", "--model", moons, "--data", "moons", "--json").out
    )
    names = [series["name"] for series in made["panels"][0]["series"]]
    assert names == ["lower", "upper", "decision boundary", *(f"hidden unit {unit}" for unit in (1, 2, 3))]


def test_a_seed_changes_the_example() -> None:
    first, second, third = (
        chainrule("chart", "decision_boundary", *more).out for more in ([], ["--seed", "0"], ["--seed", "1"])
    )
    assert first == second != third


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            "loss-curv",
            'there is no chart called "loss-curv": did you mean "loss_curve"? (known: activation_shapes,',
        ),
        ("--out x.svg", "--out needs the name of a chart: give one, for example loss_curve"),
        ("--seed 0", "--seed needs the name of a chart: give one, for example loss_curve"),
        (
            "saturation --out x.jpg",
            '"x.jpg" is no kind of chart: give a name that ends in .svg, .html, .png, .pdf',
        ),
        ("saturation --seed 3", "saturation draws nothing by chance: leave --seed out"),
        ("saturation --model MODEL", "saturation draws an example of its own: leave --model out"),
        ("loss_curve --model MODEL --seed 1", "a model has nothing left to chance: leave --seed out"),
        (
            "loss_curve --model MODEL --data moons",
            "loss_curve draws the model's own history: leave --data out",
        ),
        (
            "decision_boundary --model MODEL",
            "decision_boundary needs the table whose rows it draws: give --data",
        ),
        (
            "decision_boundary --data moons",
            "a table is drawn together with a model trained on it: give --model as well",
        ),
        (
            "loss_curve --model nothere.safetensors",
            'cannot read "nothere.safetensors": there is no such file',
        ),
        ("decision_boundary --model MODEL --data iris", 'iris lacks "x1", "x2", which the model needs'),
    ],
)
def test_a_wrong_use_is_one_sentence(moons: str, line: str, sentence: str) -> None:
    assert refused("chart", *line.replace("MODEL", moons).split()).startswith(sentence)


def test_a_model_is_not_overwritten(moons: str, tmp_path: Path) -> None:
    copy = tmp_path / "model.svg"
    copy.write_bytes(Path(moons).read_bytes())
    assert refused("chart", "loss_curve", "--model", str(copy), "--out", str(copy)) == (
        f'--out "{copy}" is a file that is read here: give another name'
    )


def test_without_matplotlib_png_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.figure", raising=False)
    path = tmp_path / "x.png"
    assert refused("chart", "saturation", "--out", str(path)) == (
        "drawing with matplotlib needs the plots extra: pip install 'chainrule[plots]'"
    )
    assert not path.exists()


def test_a_chart_does_not_go_into_a_folder_by_itself(tmp_path: Path) -> None:
    assert refused("chart", "loss_curve", "--out", str(tmp_path)) == (
        f'--out "{tmp_path}" is a folder: give the name of a file in it'
    )
