"""Which ways of rounding reproduce published answers: the decks' own, and any that a pencil printed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from chainrule.engines.rounding import Policy, agrees
from chainrule.working.calculation import with_pencil
from chainrule.working.marking.answers import Answer
from chainrule.working.marking.inference import Inference, infer
from chainrule.working.marking.sheet import read_sheet
from chainrule.working.worked.examples import Example, load_example

PSYC, CAP = "psyc681-2-2-1", "cap4453-2-3-1"


def inferred(name: str, answers: Mapping[str, str]) -> Inference:
    example = load_example(name)
    made = [Answer(each, text, example.namer.parse(each).key) for each, text in answers.items()]
    return infer(example.program, made)


def published(example: Example, policy: Policy) -> list[Answer]:
    """Every line of an example as a pencil prints it under a policy."""
    calculation = with_pencil(example.program, policy)
    return [Answer(line.key, calculation.written(line.key), line.key) for line in example.program]


def deck(name: str, *names: str) -> Inference:
    sheet = read_sheet(name)
    return infer(sheet.program, [answer for answer in sheet.answers if not names or answer.name in names])


def test_the_practice_answers_of_cap4453_have_a_policy_for_each_group() -> None:
    found = deck("cap4453-practice")
    assert [fit.spec for fit in found.fits] == [
        {
            "default": "exact",
            "hidden activations": "truncate:4",
            "output": "truncate:4",
            "output slope": "truncate:4",
            "answers": "truncate",
        }
    ]
    assert found.sentence == (
        "no uniform policy fits, but this table does: hidden activations, output and output slope truncated to "
        "4 decimals; every other line exact, answers truncated to their digits"
    )


@pytest.mark.parametrize("spec", ["truncate:4", "round:4", "round:3", "significant:4", "exact"])
def test_no_uniform_policy_gives_those_practice_answers(spec: str) -> None:
    assert Policy.parse(spec) not in deck("cap4453-practice").policies


def test_no_uniform_policy_fits_the_deck_of_psyc681() -> None:
    found = deck("psyc681")
    assert found.policies == ()
    assert found.sentence == (
        "no uniform policy fits: o1 and w1 need truncation; h2, C, ∂C/∂o1, ∂o1/∂z3, ∂C/∂w5, w5, w2 and h1@2 "
        "rounding; ∂C/∂w6, w6, w3, z1@2 and z3@2 fit neither"
    )


def test_its_w1_needs_truncation_and_its_w2_rounding() -> None:
    found = deck("psyc681", "w1", "w2")
    assert found.sentence == "no uniform policy fits: w1 needs truncation, w2 rounding"
    assert found.per_answer == {"w1": {"truncate"}, "w2": {"round"}}


def test_a_slip_fits_no_policy() -> None:
    assert deck("psyc681", "w3").sentence == "no policy fits w3"
    assert deck("psyc681", "w1", "w3").sentence == (
        "no policy fits w3; the other answer is exact, truncated to the digits written"
    )
    assert deck("psyc681", "w1", "w2", "w3", "w4").fits == ()


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"z1": "0.47"}, "every answer is exact"),
        ({"w1": "0.7011", "w5": "0.55998"}, "every answer is exact, rounded to its digits"),
        ({"w1": "0.7010", "w5": "0.55997"}, "every answer is exact, truncated to its digits"),
    ],
)
def test_all_digits_may_be_carried(answers: dict[str, str], sentence: str) -> None:
    assert inferred(PSYC, answers).sentence == sentence


def test_several_policies_may_fit_and_the_simplest_is_first() -> None:
    found = deck("unit")
    assert [fit.spec for fit in found.fits] == ["exact", "round:3"]
    assert found.sentence == (
        "several policies fit, the simplest first: every answer is exact, rounded to its digits; or every line "
        "rounded to 3 decimals, ties half-up"
    )


@pytest.mark.parametrize(
    "spec",
    [f"{kind}:{n}" for kind in ("round", "truncate", "significant") for n in (2, 3, 4, 6)]
    + ["round:3:half-even", "significant:3:half-even"],
)
@pytest.mark.parametrize("name", [PSYC, CAP])
def test_a_uniform_policy_is_found_again(spec: str, name: str) -> None:
    example = load_example(name)
    policy = Policy.parse(spec)
    answers = published(example, policy)
    found = infer(example.program, answers)
    same = [published(example, fit.policy) == answers for fit in found.fits if fit.way == "printed"]
    assert same
    assert all(same)


@pytest.mark.parametrize(
    "table",
    [
        {"output": "truncate:3"},
        {"output": "truncate:4", "output slope": "truncate:4"},
        {"weighted sums": "round:2", "hidden slopes": "round:3"},
        {"hidden activations": "round:3", "output": "truncate:3", "gradients": "significant:4"},
    ],
)
def test_a_table_for_groups_is_found_again(table: dict[str, str]) -> None:
    example = load_example(CAP)
    policy = Policy.parse({"default": "exact:12", **table})
    answers = [answer for answer in published(example, policy) if "/" not in answer.key]
    found = infer(example.program, answers)
    assert found.fits
    assert found.fits[0].policy.per.keys() <= table.keys()
    again = with_pencil(example.program, found.fits[0].policy)
    assert all(agrees(answer.written, again[answer.key]) for answer in answers)


def test_more_digits_than_a_rounding_prints_do_not_fit_it() -> None:
    # Truncated to 1 decimal it is 0.1 too, but nobody then writes 0.100.
    assert inferred(PSYC, {"C": "0.100"}).fits == ()
    assert "truncate:1" in [fit.spec for fit in inferred(PSYC, {"C": "0.1"}).fits]


def test_few_answers_are_not_explained_by_a_table() -> None:
    # Three groups of roundings would explain almost any two digits.
    assert inferred(PSYC, {"o1": "0.64", "C": "0.13"}).fits == ()


def test_formulas_say_nothing_of_rounding() -> None:
    found = inferred(PSYC, {"C": "(o1 - y)^2"})
    assert (found.fits, found.per_answer) == ((), {})
    assert found.sentence == "no answer is a number, so there is no rounding to be told"


def test_a_fit_reads_back_as_a_policy() -> None:
    for fit in deck("unit").fits:
        assert Policy.parse(fit.spec) == fit.policy


def test_a_table_that_gives_other_numbers_is_not_a_fit() -> None:
    sheet = read_sheet("cap4453-practice")
    other = [
        Answer(a.name, a.written[:-1] + str((int(a.written[-1]) + 1) % 10), a.key) for a in sheet.answers
    ]
    assert infer(sheet.program, other).fits == ()
