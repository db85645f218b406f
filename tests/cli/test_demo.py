"""`chainrule demo`: digits learnt, and the lecture's step with the lecture's numbers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import chainrule

from chainrule.cli import demo

# PSYC681, the 2-2-1 example: the values and the new weights.
HIDDEN_SUMS, OUTPUT, LOSS = "[0.47 0.33]", 0.6153838, 0.1255185
UPDATED = {"W1": "[0.7010551 0.3008874; 0.400633 0.6005325]"}


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("demo"))
        ran = chainrule("demo")
        assert not list(Path.cwd().iterdir())
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_the_digits_are_learnt(printed: str) -> None:
    table = [line.split() for line in printed.splitlines()]
    headings = next(line for line in table if line[:1] == ["rows"])
    test = next(line for line in table if line[:1] == ["test"])
    assert test[1] == "449"
    assert float(test[1 + headings.index("accuracy")]) >= 0.95


def test_the_worked_step_has_the_lectures_numbers(printed: str) -> None:
    for number in (HIDDEN_SUMS, str(OUTPUT), str(LOSS), UPDATED["W1"]):
        assert number in printed


def test_it_fits_80_columns_and_says_what_to_try(printed: str) -> None:
    assert max(map(len, printed.splitlines())) <= 80
    assert "What to try next:\n  chainrule data\n" in printed


def test_json_holds_the_figures_and_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.learning import tasks

    prepare = tasks.prepare
    monkeypatch.setattr(tasks, "prepare", lambda data, **how: prepare("iris", **{**how, "epochs": 2}))
    made = json.loads(chainrule("demo", "--json").out)
    assert {"accuracy", "confusion", "seconds"} <= set(made["digits"])
    assert made["step"][0]["formula"].startswith("z1 = ")


def test_every_number_of_the_step_moves_the_weights() -> None:
    given, lines = demo.worked_step()
    step = {line["formula"].split()[0]: line for line in lines}
    hidden, output = step["W1"]["value"], step["W2"]["value"]
    moved = [
        new - old
        for row, start in zip(hidden, given["W1"], strict=True)
        for new, old in zip(row, start, strict=True)
    ]
    assert moved == pytest.approx([0.0010551, 0.0008874, 0.000633, 0.0005325], abs=6e-8)
    assert all(new[0] > old[0] for new, old in zip(output, given["W2"], strict=True))
    assert {line["phase"] for line in step.values()} == {"feedforward", "loss", "backpropagation", "update"}
