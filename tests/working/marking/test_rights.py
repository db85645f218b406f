"""What digits have to show to be right: something of the value, and that a weight has moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.working.marking.answers import Marked, Marking
from chainrule.working.marking.report import report
from chainrule.working.marking.results import mark_sheet
from chainrule.working.marking.sheet import read_sheet

PSYC = "psyc681-2-2-1"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def marking(answers: dict[str, str], example: str = PSYC, rounding: str = "infer") -> Marking:
    rows = "\n".join(f'"{name}" = "{written}"' for name, written in answers.items())
    text = f'example = "{example}"\nrounding = "{rounding}"\n[answers]\n{rows}'
    Path("a.toml").write_text(text, "utf-8")
    return mark_sheet(read_sheet("a.toml")).marking


def verdicts(answers: dict[str, str], example: str = PSYC, rounding: str = "infer") -> list[str]:
    return [each.verdict for each in marking(answers, example, rounding).marked]


def one(answers: dict[str, str], rounding: str = "infer") -> Marked:
    return marking(answers, PSYC, rounding).marked[-1]


@pytest.mark.parametrize(
    ("example", "name", "written"),
    [
        ("perceptron-0.69", "ŷ", "0"),
        ("xor-mlp", "o1^(4)", "1"),
        ("xor-mlp", "h2^(4)", "0"),
    ],
)
def test_a_step_units_other_answer_is_wrong(example: str, name: str, written: str) -> None:
    assert verdicts({name: written}, example) == ["wrong"]


def test_ones_and_zeros_earn_nothing_of_themselves() -> None:
    gradients = {f"∂C/∂w{number}": "0" for number in range(1, 7)}
    others = {"w1": "1", "w2": "0", "w3": "0", "h1": "1", "C": "0", "o1": "1", "∂C/∂o1": "-1"}
    found = marking({**gradients, **others})
    assert not {"exact", "rounded"} & {each.verdict for each in found.marked}
    assert found.first_wrong == "h1"
    h1 = next(each for each in found.marked if each.answer.name == "h1")
    assert (h1.note, h1.candidates) == ("no digit of the right value is written", ())


@pytest.mark.parametrize("name", [f"∂C/∂w{number}" for number in range(1, 7)] + ["C", "w2", "w3"])
def test_a_bare_0_is_nothing(name: str) -> None:
    assert verdicts({name: "0"}) == ["wrong"]


@pytest.mark.parametrize(
    ("name", "written"), [("∂C/∂w5", "-0.1"), ("z3", "0.6"), ("o1", "0.6"), ("w5", "0.56")]
)
def test_one_digit_of_the_value_is_enough(name: str, written: str) -> None:
    assert verdicts({name: written}) == ["rounded"]


def test_a_0_with_decimals_is_right_beside_others_of_as_many() -> None:
    assert verdicts({"∂C/∂w4": "-0.00"}) == ["wrong"]
    assert verdicts({"h1": "0.61", "o1": "0.64", "∂C/∂w4": "-0.00"}) == ["rounded"] * 3


@pytest.mark.parametrize("written", ["1", "0.7", "0.70"])
def test_fewer_digits_than_stated_do_not_count(written: str) -> None:
    assert one({"w1": written}, "round:3").verdict == "wrong"


@pytest.mark.parametrize(
    ("name", "written"), [("w1", "0.701"), ("w1", "0.70106"), ("z3", "0.6"), ("∂C/∂w5", "-0.1")]
)
def test_zeros_may_be_left_out_and_more_digits_written_than_stated(name: str, written: str) -> None:
    assert one({name: written}, "round:3").verdict == "rounded"


def test_a_weight_that_was_not_updated_is_wrong_and_told_so() -> None:
    found = marking({"w5": "0.55", "w6": "0.45"})
    w5, w6 = found.marked
    assert (w5.verdict, w6.verdict, w6.from_) == ("wrong", "follow-through", ("w5",))
    assert w5.candidates[0].slip == "w5 not updated: the step left out"
    assert w5.note.startswith("this is the weight before its update")


def test_it_may_be_so_where_the_sheet_truncates() -> None:
    assert verdicts({"h1": "0.61", "w5": "0.55"}) == ["rounded", "rounded"]


def test_a_move_too_small_for_the_digits_written_need_not_show() -> None:
    found = marking({"w1": "0.70"})
    assert (found.marked[0].verdict, found.marked[0].note) == (
        "rounded",
        "to the digits written this is the weight before its update",
    )
    told = report(mark_sheet(read_sheet("a.toml")))
    assert "To the digits written, the update does not show in w1." in told


def test_the_first_wrong_answer_is_the_first_of_the_calculation() -> None:
    assert marking({"w1": "0.9", "h1": "0.9"}).first_wrong == "h1"
