"""The slip table of the courses, as sheets."""

from __future__ import annotations

import pytest

from chainrule.engines.rounding import Policy
from chainrule.errors import InvalidInput
from chainrule.working.marking.answers import Answer, Marked, Marking
from chainrule.working.marking.marking import mark
from chainrule.working.worked.examples import Example, load_example

PSYC = {
    "z1": "0.47",
    "z2": "0.33",
    "h1": "0.615",
    "h2": "0.582",
    "z3": "0.6",
    "o1": "0.645",
    "C": "0.126",
    "∂C/∂o1": "-0.71",
    "∂o1/∂z3": "0.229",
    "∂C/∂w5": "-0.1",
    "∂C/∂w6": "-0.095",
    "w1": "0.7010",
    "w2": "0.3009",
    "w3": "0.4011",
    "w4": "0.6005",
    "w5": "0.56",
    "w6": "0.4595",
}
SECOND = {"z1": "0.4708", "z2": "0.3306", "h1": "0.6156", "h2": "0.5819", "z3": "0.6121", "o1": "0.6484"}
CAP = {
    "z1": "7.7",
    "z2": "4.0",
    "z3": "6.6",
    "a1": "0.9995",
    "a2": "0.9820",
    "a3": "0.9986",
    "z_out": "1.9895",
    "out": "0.8796",
    "∂E/∂out": "-0.1204",
    "∂out/∂z": "0.1059",
    "∂E/∂w7": "-0.0127",
    "w7": "0.40127",
    "∂E/∂w1": "-5.097e-6",
    "w1": "0.20000051",
}


@pytest.fixture(scope="module")
def psyc() -> Example:
    return load_example("psyc681-2-2-1")


@pytest.fixture(scope="module")
def cap() -> Example:
    return load_example("cap4453-2-3-1")


def sheet(example: Example, given: dict[str, str], second: dict[str, str] | None = None) -> list[Answer]:
    """Answers by name; those of the second pass have a 2 and a colon before theirs."""
    answers = []
    for name, written in given.items():
        number = 2 if name in ("w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8", "w9") else 1
        answers.append(Answer(name, written, example.namer.parse(name, 1).key))
        key = answers[-1].key
        if number == 2 and key.endswith("@1"):
            answers[-1] = Answer(name, written, key.replace("@1", "@2"))
    for name, written in (second or {}).items():
        answers.append(Answer(f"2: {name}", written, example.namer.parse(name, 2).key))
    return answers


def marked(marking: Marking, name: str) -> Marked:
    return next(each for each in marking.marked if each.answer.name == name)


def fitting(each: Marked) -> list[tuple[str, str]]:
    return [(candidate.slip, candidate.rounding) for candidate in each.candidates]


def test_two_slips_fit_w3_alone(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"w3": "0.4011"}), psyc.namer)
    w3 = marked(marking, "w3")
    assert (w3.verdict, w3.expected, marking.first_wrong) == ("wrong", "0.4006", "w3")
    assert fitting(w3) == [("x1 used for x2", "rounded"), ("w5 left out", "truncated")]
    assert w3.note == "2 slips fit: the digits written cannot tell them apart"
    assert {candidate.where for candidate in w3.candidates} == {"∂C/∂w3"}
    assert [candidate.value for candidate in w3.candidates] == ["0.4010550773", "0.4011509934"]


def test_with_w1_beside_it_only_w5_left_out_fits(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"w1": "0.7010", "w3": "0.4011"}), psyc.namer)
    assert fitting(marked(marking, "w3")) == [("w5 left out", "truncated")]
    assert marked(marking, "w1").verdict == "rounded"


def test_a_guessed_rounding_of_every_line_adds_no_candidate(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"z1": "0.47", "w3": "0.4011"}), psyc.namer)
    assert fitting(marked(marking, "w3")) == [("x1 used for x2", "rounded"), ("w5 left out", "truncated")]


def test_the_gradient_of_cap4453_alone_has_an_activation_rounded_early(cap: Example) -> None:
    found = marked(mark(cap.program, sheet(cap, {"∂E/∂w1": "-5.097e-6"}), cap.namer), "∂E/∂w1")
    told = "a1 and the other lines of the feedforward truncated to 4 decimals before use"
    assert fitting(found) == [(told, "truncated")]


@pytest.mark.parametrize("written", ["0.5", "0.3", "0.62", "0.7", "1.2"])
def test_no_two_candidates_come_to_the_same(psyc: Example, written: str) -> None:
    for name in ("z3", "w3", "∂C/∂w1"):
        found = marked(mark(psyc.program, sheet(psyc, {"z2": "0.33", name: written}), psyc.namer), name)
        values = [candidate.value for candidate in found.candidates]
        assert len(set(values)) == len(values)


def test_no_uniform_rounding_fits_w1_and_w2(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"w1": "0.7010", "w2": "0.3009"}), psyc.namer)
    assert marking.is_right
    assert marking.rounding.policies == ()
    assert marking.rounding.sentence == "no single rounding fits: w1 needs truncation, w2 rounding"


def test_the_whole_deck_has_one_wrong_answer(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, PSYC, SECOND), psyc.namer)
    wrong = [each.answer.name for each in marking.marked if each.verdict == "wrong"]
    assert wrong == ["w3"]
    assert marking.first_wrong == "w3"
    assert fitting(marked(marking, "w3")) == [("w5 left out", "truncated")]
    assert (marking.marks, marking.out_of) == (22, 23)


def test_the_deck_s_w6_follows_from_a_rounded_factor(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, PSYC, SECOND), psyc.namer)
    gradient = marked(marking, "∂C/∂w6")
    assert (gradient.verdict, gradient.from_, gradient.expected) == (
        "follow-through",
        ("∂C/∂o1",),
        "-0.094",
    )
    assert fitting(gradient) == [("∂C/∂o1 rounded to -0.71 before use", "rounded")]
    assert (marked(marking, "w6").verdict, marked(marking, "w6").from_) == ("follow-through", ("∂C/∂w6",))


def test_the_deck_s_second_pass_follows_from_its_w3_and_w6(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, PSYC, SECOND), psyc.namer)
    assert marked(marking, "2: z1").from_ == ("w3",)
    assert marked(marking, "2: z3").verdict == "follow-through"
    assert marked(marking, "2: o1").verdict == "rounded"


def test_a_typing_slip_fits_nothing(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, PSYC, {**SECOND, "o1": "0.6443"}), psyc.namer)
    typed = marked(marking, "2: o1")
    assert (typed.verdict, typed.candidates, typed.note) == ("wrong", (), "no single slip fits")


def test_the_gradient_of_cap4453_comes_from_a_slope_of_a_rounded_activation(cap: Example) -> None:
    marking = mark(cap.program, sheet(cap, CAP), cap.namer)
    gradient = marked(marking, "∂E/∂w1")
    assert gradient.verdict == "follow-through"
    assert gradient.expected == "-4.608e-6"
    assert "a1" in gradient.from_
    assert fitting(gradient) == [("a1 rounded to 0.9995 before use", "truncated")]
    assert marking.is_right


def test_an_answer_without_lost_digits_is_exact(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"z1": "0.47", "z2": "0.330"}), psyc.namer)
    assert [each.verdict for each in marking.marked] == ["exact", "exact"]


def test_under_a_stated_policy_the_other_way_of_rounding_is_wrong(psyc: Example) -> None:
    answers = sheet(psyc, {"h2": "0.582"})
    assert mark(psyc.program, answers, psyc.namer, Policy.parse("round:3")).is_right
    assert not mark(psyc.program, answers, psyc.namer, Policy.parse("truncate:3")).is_right


def test_a_number_from_printed_values_is_right_under_the_stated_policy(psyc: Example) -> None:
    policy = Policy.parse("round:3")
    marking = mark(psyc.program, sheet(psyc, {"C": "0.125"}), psyc.namer, policy)
    assert marked(marking, "C").verdict == "rounded"
    assert marking.rounding.to_json() == {
        "policies": ["round:3"],
        "sentence": policy.written,
        "inferred": False,
    }


def test_what_follows_from_a_wrong_answer_names_it(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"z1": "0.35", "h1": "0.587", "h2": "0.582"}), psyc.namer)
    assert [each.verdict for each in marking.marked] == ["wrong", "follow-through", "rounded"]
    assert marked(marking, "h1").from_ == ("z1",)
    assert marked(marking, "z1").candidates[0].kind in ("term-left-out", "factor-left-out")


def test_a_wrong_answer_after_right_ones_is_wrong_not_follow_through(psyc: Example) -> None:
    marking = mark(psyc.program, sheet(psyc, {"z1": "0.47", "h1": "0.385"}), psyc.namer)
    assert marked(marking, "h1").verdict == "wrong"


def test_the_same_slip_in_siblings_counts_once(psyc: Example) -> None:
    # Every update without its learning rate: only the first is wrong, the others carry it on.
    given = {"w1": "0.7106", "w2": "0.3089", "w3": "0.4063", "w4": "0.6053"}
    marking = mark(psyc.program, sheet(psyc, given), psyc.namer)
    assert [each.verdict for each in marking.marked] == ["wrong", *["follow-through"] * 3]
    assert marked(marking, "w4").note == "the same slip, carried on"
    assert "left out" in marked(marking, "w1").candidates[0].slip
    assert marked(marking, "w1").candidates[0].kind == "learning-rate"


def test_formulas_are_compared_at_random_points(psyc: Example) -> None:
    given = {
        "h1": "1 / (1 + exp(-z1))",
        "h2": "1 / (1 - exp(-z2))",
        "∂C/∂w5": "2 (o1 - y) o1 (1 - o1) h1",
    }
    marking = mark(psyc.program, sheet(psyc, given), psyc.namer)
    assert marked(marking, "h1").verdict == marked(marking, "∂C/∂w5").verdict == "exact"
    assert (marked(marking, "h2").verdict, marked(marking, "h2").note) == (
        "wrong",
        "differs at random points",
    )


@pytest.mark.parametrize("written", ["1e400", "-1e-400", "0", "123456789012345678901234567890", "1e3"])
def test_numbers_beyond_all_measure_are_wrong_not_an_error(psyc: Example, written: str) -> None:
    marking = mark(psyc.program, sheet(psyc, {"h1": written, "o1": "0.646"}), psyc.namer)
    assert [each.verdict for each in marking.marked] == ["wrong", "rounded"]


def test_an_answer_may_be_given_twice(psyc: Example) -> None:
    answers = [*sheet(psyc, {"h1": "0.615"}), *sheet(psyc, {"h1": "0.7"})]
    assert [each.verdict for each in mark(psyc.program, answers, psyc.namer).marked] == ["rounded", "wrong"]


def test_a_sheet_without_answers_is_marked(psyc: Example) -> None:
    marking = mark(psyc.program, [], psyc.namer)
    assert (marking.marked, marking.first_wrong, marking.out_of) == ((), None, 0)


def test_weights_of_answers_are_their_marks(psyc: Example) -> None:
    answers = [Answer("z1", "0.47", "z1[1,1]@1", 2.0), Answer("z2", "0.4", "z1[1,2]@1", 3.0)]
    marking = mark(psyc.program, answers, psyc.namer)
    assert (marking.marks, marking.out_of) == (2.0, 5.0)


def test_json_has_the_names_of_the_schema(psyc: Example) -> None:
    told = mark(psyc.program, sheet(psyc, {"w3": "0.4011"}), psyc.namer).to_json()
    assert set(told) == {"answers", "first_wrong", "rounding", "marks", "out_of"}
    assert {"name", "given", "expected", "verdict", "from", "candidates"} <= set(told["answers"][0])
    assert {"slip", "where", "value", "rounding"} <= set(told["answers"][0]["candidates"][0])


def test_what_is_neither_a_number_nor_a_formula_is_refused_by_name(psyc: Example) -> None:
    with pytest.raises(InvalidInput, match='line 4: the answer z1 = "a bit less" is neither a number nor'):
        mark(psyc.program, [Answer("z1", "a bit less", "z1[1,1]@1", where="line 4")], psyc.namer)


def test_a_quantity_without_a_line_is_refused(psyc: Example) -> None:
    with pytest.raises(InvalidInput, match=r"there is no line for z9\[1,1\]@1 to be marked"):
        mark(psyc.program, [Answer("z9", "1", "z9[1,1]@1")], psyc.namer)
