"""Follow-through from a bare 0 or 1, after which nothing is left to calculate."""

from __future__ import annotations

from chainrule.working.marking.answers import Answer
from chainrule.working.marking.report import report
from chainrule.working.marking.results import Result, mark_sheet
from chainrule.working.marking.sheet import Sheet
from chainrule.working.worked.examples import load_example

ZEROS = {
    "z1": "0", "z2": "0", "h1": "1", "h2": "1", "z3": "1", "o1": "1", "C": "0", "∂C/∂o1": "0", "∂o1/∂z3": "0",
    "∂C/∂w5": "0", "w5": "1", "∂C/∂w1": "0", "w1": "0",
}  # fmt: skip


def marked(answers: dict[str, str]) -> Result:
    example = load_example("psyc681-2-2-1")
    made = tuple(Answer(name, text, example.namer.parse(name).key) for name, text in answers.items())
    return mark_sheet(Sheet("a.toml", example, "17", "infer", made))


def test_a_sheet_of_0s_and_1s_earns_nothing() -> None:
    result = marked(ZEROS)
    assert result.earned == result.marking.marks == 0
    assert "Without marks: z3, C, ∂C/∂o1, ∂o1/∂z3, ∂C/∂w5, ∂C/∂w1. After h1, h2, o1 as you" in report(result)


def test_it_is_said_after_what_nothing_is_left() -> None:
    found = {each.answer.name: each for each in marked(ZEROS).marking.marked}
    assert found["C"].verdict == "follow-through"
    assert [c.slip for c in found["C"].candidates] == ["nothing is left to calculate after o1"]


def test_a_weight_left_as_it_was_earns_nothing_after_a_bare_1() -> None:
    result = marked({"o1": "1", "∂C/∂w5": "0", "w5": "0.55"})
    assert [result.marks_of(each) for each in result.marking.marked] == [0, 0, 0]


def test_what_is_really_calculated_from_a_bare_1_earns_its_marks() -> None:
    result = marked({"h1": "1", "z3": "0.8118", "o1": "0.6925"})
    assert [each.verdict for each in result.marking.marked] == ["wrong", "follow-through", "follow-through"]
    assert [result.marks_of(each) for each in result.marking.marked] == [0, 1, 1]


def test_a_0_that_follows_from_a_number_earns_its_marks() -> None:
    result = marked({"z3": "46.123", "o1": "1", "C": "0"})
    assert [each.verdict for each in result.marking.marked] == ["wrong", "follow-through", "follow-through"]
    assert result.earned == 2
