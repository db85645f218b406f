"""Sheets for an example that is worked in a rounding of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.working.calculation import with_pencil
from chainrule.working.marking.results import Result, mark_sheet
from chainrule.working.marking.sheet import read_sheet
from chainrule.working.worked.examples import example_path, load_example

TABLE = '{ "hidden activations" = "truncate:3", z_out = "round:2", output = "round:4", gradients = "significant:3" }'
NAMES = ("a1", "a2", "z_out", "out", "E", "∂E/∂out", "∂E/∂w7", "∂E/∂w1", "w7")


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What its key says; the example is in mine.toml."""
    monkeypatch.chdir(tmp_path)
    text = example_path("cap4453-2-3-1").read_text("utf-8").partition("[printed]")[0]
    text = text.replace('chain = "paths"', f'chain = "paths"\nrounding = {TABLE}', 1)
    Path("mine.toml").write_text(text, "utf-8")
    example = load_example("mine.toml")
    key = with_pencil(example.program, example.stated.policy, example.namer)
    return {name: key.written(example.namer.parse(name).key) for name in NAMES}


def marked(answers: dict[str, str]) -> Result:
    rows = "\n".join(f"{name},{written}" for name, written in answers.items())
    Path("a.csv").write_text(f"example,mine.toml\n{rows}\n", "utf-8")
    return mark_sheet(read_sheet("a.csv"))


def test_a_sheet_by_the_key_is_right_and_the_table_is_told(answers: dict[str, str]) -> None:
    result = marked(answers)
    assert result.earned == len(NAMES)
    assert result.marking.rounding.policies[0] == load_example("mine.toml").stated.policy.spec


def test_a_slip_in_it_is_the_only_wrong_answer(answers: dict[str, str]) -> None:
    result = marked({**answers, "∂E/∂w7": "0.0127"})
    assert [each.answer.name for each in result.wrong] == ["∂E/∂w7"]
    assert result.wrong[0].candidates[0].slip == "sign of ∂E/∂out"


def test_a_slip_is_found_where_stated_ties_go_to_the_even_digit(tmp_path: Path) -> None:
    sheet = tmp_path / "a.toml"
    sheet.write_text(
        'rounding = "round:1:half-even"\n[answers]\nz1 = "0.2"\n[network]\ninputs = 2\n'
        '[[network.layers]]\nunits = 1\nactivation = "identity"\nbias = false\nweights = [[0.5], [0.4]]\n'
        "[data]\nx = [[0.5, 1.5]]\n",
        "utf-8",
    )
    (found,) = mark_sheet(read_sheet(sheet)).marking.marked
    # 0.25 is a tie, which goes to 0.2 here, and to 0.3 half-up.
    assert "term 2 of z1[1] left out" in {each for c in found.candidates for each in (c.slip, *c.also)}
