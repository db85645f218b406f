"""What a student, a lecturer and a script read of marked sheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.engines.rounding import Policy
from chainrule.working.calculation import with_pencil
from chainrule.working.marking.answers import Answer, Candidate, Marked, Marking, RoundingFound, Verdict
from chainrule.working.marking.report import CSV_HEADER, csv_rows, overview, report, to_json
from chainrule.working.marking.results import Result, mark_sheet
from chainrule.working.marking.sheet import SHEETS, Sheet, read_sheet
from chainrule.working.rendering.breaking import columns
from chainrule.working.worked.examples import load_example

SWAPPED = Candidate("x1 used for x2", "another-input", "∂C/∂w3", "0.4010550773", "rounded")
LEFT_OUT = Candidate("w5 left out", "factor-left-out", "∂C/∂w3", "0.4011509934", "truncated")
BY_POLICY = Candidate("½ used for 1", "half", "C", "0.4011", "round:3")


def marked(name: str, written: str, verdict: Verdict, **facts: object) -> Marked:
    key = {"w3": "W1[2,1]@2", "z1@2": "z1[1,1]@2", "h1": "a1[1,1]@1", "w4": "W1[2,2]@2"}[name]
    answer = Answer(name, written, key, float(str(facts.pop("weight", 1))))
    return Marked(answer, "0.4006", verdict, **facts)  # type: ignore[arg-type]


def result(*answers: Marked, first: str | None = None, part: float = 1.0, inferred: bool = True) -> Result:
    deck = read_sheet("psyc681")
    sheet = Sheet("17.toml", deck.example, "17", "infer", tuple(each.answer for each in answers))
    total = sum(each.answer.weight for each in answers)
    found = RoundingFound(("exact",), "every answer is exact", inferred)
    return Result(sheet, Marking(answers, first, found, total, total), part)


def test_a_row_tells_of_each_answer() -> None:
    text = report(result(marked("h1", "0.615", "rounded"), marked("w3", "0.4011", "wrong"), first="w3"))
    assert text.splitlines()[:6] == [
        "Back-propagation in a 2-2-1 network, and the loss after one step",
        "Student: 17",
        "",
        "      your answer  expected                     marks",
        "  h1  0.615        0.6153838  right as rounded      1",
        "  w3  0.4011       0.400633   wrong                 0",
    ]
    assert text.endswith("Marks: 1 of 2.\n")


def test_the_one_slip_that_fits_is_told_with_the_rounding_it_needs() -> None:
    text = report(result(marked("w3", "0.4011", "wrong", candidates=(LEFT_OUT,)), first="w3"))
    assert "Wrong is w3: 0.4011 in place of 0.400633.\n" in text
    assert "  One slip fits: w5 left out, in ∂C/∂w3, gives 0.4011509934, truncated 0.4011.\n" in text


def test_several_slips_are_numbered() -> None:
    text = report(result(marked("w3", "0.4011", "wrong", candidates=(SWAPPED, LEFT_OUT)), first="w3"))
    assert (
        "  2 slips fit, and these digits do not tell which:\n"
        "    1. x1 used for x2, in ∂C/∂w3, gives 0.4010550773, rounded 0.4011.\n"
        "    2. w5 left out, in ∂C/∂w3, gives 0.4011509934, truncated 0.4011.\n"
    ) in text


def test_only_the_likeliest_of_many_slips_are_told() -> None:
    text = report(result(marked("w3", "0.4011", "wrong", candidates=(SWAPPED,) * 7), first="w3"))
    assert text.count("x1 used for x2") == 5
    assert "… and 2 more" in text


def test_a_slip_under_a_policy_names_the_policy() -> None:
    text = report(result(marked("w3", "0.4011", "wrong", candidates=(BY_POLICY,)), first="w3"))
    assert "gives 0.4011, with every line rounded to 3" in " ".join(text.split())


def test_it_says_so_when_no_slip_fits() -> None:
    text = report(result(marked("w3", "0.4011", "wrong", note="no single slip fits"), first="w3"))
    assert "  No single slip of the catalogue fits.\n" in text


def test_the_first_wrong_answer_of_the_calculation_is_told_first() -> None:
    text = report(result(marked("w4", "0.7", "wrong"), marked("w3", "0.4011", "wrong"), first="w3"))
    assert text.index("The first wrong answer is w3") < text.index("Wrong is w4")


def test_follow_through_says_from_which_values() -> None:
    text = report(
        result(
            marked("w3", "0.4011", "wrong"),
            marked("z1@2", "0.4708", "follow-through", from_=("w3",)),
            first="w3",
        )
    )
    assert "Right from your own earlier values:\n  z1@2 from your w3\n" in text


def test_follow_through_earns_full_marks_or_the_part_asked_for() -> None:
    answers = marked("w3", "0.4011", "wrong"), marked("z1@2", "0.4708", "follow-through", weight=2)
    assert (result(*answers).earned, result(*answers).out_of) == (2.0, 3.0)
    assert result(*answers, part=0.5).earned == 1.0
    assert "Marks: 1 of 3." in report(result(*answers, part=0.5))


def test_the_rounding_is_told_as_inferred_or_as_stated() -> None:
    right = marked("h1", "0.615", "rounded")
    assert "Rounding: every answer is exact." in report(result(right))
    assert "Rounding, as stated: every answer is exact." in report(result(right, inferred=False))


def test_a_stated_rounding_says_what_is_expected() -> None:
    stated = result(marked("w3", "0.4011", "wrong"), first="w3", inferred=False)
    assert "in place of 0.4006." in report(stated)


def test_an_answer_far_off_by_rounding_early_is_told() -> None:
    text = report(mark_sheet(read_sheet("cap4453")))
    assert "Rounding early has its price" in text
    assert "∂a1/∂z1 by 10.5 %, ∂E/∂w1 by 10.6 %" in " ".join(text.split())


@pytest.mark.parametrize("name", SHEETS)
def test_a_report_fits_80_columns(name: str) -> None:
    marked_sheet = mark_sheet(read_sheet(name))
    for text in (report(marked_sheet), overview([marked_sheet] * 3)):
        assert max(map(columns, text.splitlines())) <= 80


def test_long_answers_are_cut_and_strange_ones_cannot_draw() -> None:
    text = report(result(marked("w3", "1" * 90, "wrong"), marked("h1", "x\x1b[2J1", "wrong"), first="w3"))
    assert "\x1b" not in text
    assert max(map(len, text.splitlines()[:7])) <= 80


def test_json_has_the_documented_shape() -> None:
    wrong = marked("w3", "0.4011", "wrong", candidates=(LEFT_OUT,), from_=("h1",))
    assert to_json(result(wrong, first="w3").marking) == {
        "answers": [
            {
                "name": "w3",
                "given": "0.4011",
                "expected": "0.4006",
                "verdict": "wrong",
                "from": ["h1"],
                "candidates": [
                    {
                        "slip": "w5 left out",
                        "where": "∂C/∂w3",
                        "value": "0.4011509934",
                        "rounding": "truncated",
                    }
                ],
            }
        ],
        "first_wrong": "w3",
        "rounding": {"policies": ["exact"], "sentence": "every answer is exact", "inferred": True},
        "marks": {"earned": 1.0, "of": 1.0},
    }


def test_the_overview_counts_what_went_wrong() -> None:
    wrong = result(marked("w3", "0.4011", "wrong", candidates=(LEFT_OUT,)), first="w3")
    right = result(marked("h1", "0.615", "rounded"))
    text = overview([wrong, wrong, right])
    assert text.splitlines()[0].split() == [
        "student",
        "example",
        "marks",
        "first",
        "wrong",
        "likeliest",
        "slip",
    ]
    assert "3 sheets, 1 of 3 marks, 33 %.\n" in text
    assert "Most often wrong: w3 (twice).\n" in text
    assert "Most common slips: w5 left out, in ∂C/∂w3 (twice).\n" in text


def test_the_table_for_scripts_has_a_row_for_each_answer() -> None:
    (row,) = csv_rows([result(marked("w3", "0.4011", "wrong", candidates=(LEFT_OUT,)), first="w3")])
    assert tuple(row) == CSV_HEADER
    assert (row["sheet"], row["name"], row["given"], row["marks"], row["slip"]) == (
        "17.toml",
        "w3",
        "0.4011",
        "0",
        "w5 left out",
    )


def test_a_table_of_roundings_makes_right_what_no_slip_explains() -> None:
    result = mark_sheet(read_sheet("cap4453-practice"))
    assert [each.verdict for each in result.marking.marked] == ["rounded"] * 4
    assert result.marking.first_wrong is None
    assert result.earned == 4


def test_the_right_answers_of_a_deck_tell_how_it_was_rounded() -> None:
    sentence = mark_sheet(read_sheet("psyc681")).marking.rounding.sentence
    assert sentence == (
        "judging by the right answers: no uniform policy fits: o1 and w1 need truncation; "
        "h2, C, ∂C/∂o1, ∂o1/∂z3, ∂C/∂w5, w5, w2 and h1@2 rounding"
    )


def test_a_stated_rounding_is_kept(tmp_path: Path) -> None:
    sheet = tmp_path / "a.toml"
    sheet.write_text('example = "psyc681-2-2-1"\nrounding = "truncate:4"\n[answers]\nw1 = "0.7010"', "utf-8")
    found = mark_sheet(read_sheet(sheet)).marking
    assert (found.rounding.inferred, found.rounding.policies) == (False, ("truncate:4",))
    assert found.marked[0].verdict == "rounded"


def test_ties_that_go_to_the_even_digit_are_no_slip() -> None:
    example = load_example("cap4453-2-3-1")
    policy = Policy.parse("round:4:half-even")
    printed = with_pencil(example.program, policy)
    answers = tuple(
        Answer(example.namer.name(line.key).text, printed.written(line.key), line.key)
        for line in example.program
    )
    found = mark_sheet(Sheet("a.toml", example, "17", "infer", answers))
    assert found.wrong == []
    assert "round:4:half-even" in found.marking.rounding.policies
