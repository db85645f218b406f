"""Looking up single entries by any of their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
import pytest
from steps import CASES, Case, net

from chainrule.engines.rounding import Policy
from chainrule.errors import ChainruleError, InvalidInput, UnknownName
from chainrule.working.calculation import from_engine
from chainrule.working.document import Step, Working
from chainrule.working.looking import entry_lookup
from chainrule.working.names.naming import namer
from chainrule.working.names.notation import read_notation
from chainrule.working.stepview import StepView
from chainrule.working.works import work, work_example
from tolerances import assert_close

Told = Callable[[type[ChainruleError], Callable[[], object]], str]
BY_NAME = {case.name: case for case in CASES}


def look(
    name: str, chain: str = "paths", notation: str = "chainrule", **facts: object
) -> Callable[[str], Working]:
    program = BY_NAME[name].program(chain, **facts)  # type: ignore[arg-type]
    calculation = from_engine(program, BY_NAME[name].steps, "")
    return entry_lookup(calculation, namer(notation, program))


def viewed(name: str) -> Callable[[str], Working]:
    case = BY_NAME[name]
    view = StepView(case.derivation, case.steps[0])
    return entry_lookup(from_engine(view, case.steps[:1], ""), namer("chainrule", view))


@pytest.fixture(scope="module")
def lecture() -> Working:
    return work_example("psyc681-2-2-1", "round:4")


@pytest.mark.parametrize("chain", ["paths", "deltas", "view"])
@pytest.mark.parametrize(
    "name", ["l2 and clip_norm", "dropout", "hidden prelu", "many class weights", "integer targets apart"]
)
def test_every_entry_of_every_line_can_be_looked_up(name: str, chain: str) -> None:
    """Along paths too, where only the gradients of parameters have lines."""
    case = BY_NAME[name]
    answer = viewed(name) if chain == "view" else look(name, chain, passes=1)
    program = case.program("deltas", passes=1)
    drawn = {"u0", "u1"}
    for entry, number in case.entries(program):
        if entry.symbol not in drawn:
            working = answer(entry.place)
            assert working.value == number, entry.place
            assert isinstance(working.steps[-1], Step)
            assert working.steps[-1].key == entry.key


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("w5", "W2[1,1]@2"),
        ("W2[1,1]", "W2[1,1]@2"),
        (" W2[ 1 , 1 ] ", "W2[1,1]@2"),
        ("dw5", "dW2[1,1]@1"),
        ("∂C/∂w5", "dW2[1,1]@1"),
        ("∂E/∂w5", "dW2[1,1]@1"),
        ("dC/dw5", "dW2[1,1]@1"),
        ("dC/dW2[1,1]", "dW2[1,1]@1"),
        ("∂C/∂W2[1,1]", "dW2[1,1]@1"),
        ("dW2[1,1]", "dW2[1,1]@1"),
        ("o1", "a2[1,1]@1"),
        ("a2[1]", "a2[1,1]@1"),
        ("a2[1,1]", "a2[1,1]@1"),
        ("z1", "z1[1,1]@1"),
        ("h2", "a1[1,2]@1"),
        ("C", "C@1"),
        ("∂o1/∂z3", "∂a2[1,1]@1/∂z2[1,1]@1"),
        ("∂a2[1,1]/∂z2[1,1]", "∂a2[1,1]@1/∂z2[1,1]@1"),
        ("∂z3/∂w5", "∂z2[1,1]@1/∂W2[1,1]@1"),
        ("∂z2[1,1]/∂W2[1,1]", "∂z2[1,1]@1/∂W2[1,1]@1"),
        ("∂z3/∂h1", "∂z2[1,1]@1/∂a1[1,1]@1"),
        ("∂C/∂z1", "d1[1,1]@1"),
        ("∂C/∂h1", "g1[1,1]@1"),
        ("d1[2]", "d1[1,2]@1"),
    ],
)
def test_a_number_has_many_names(lecture: Working, written: str, key: str) -> None:
    step = lecture[written].steps[-1]
    assert step.key == key


def test_the_factors_of_a_gradient_come_before_it(lecture: Working) -> None:
    assert [step.name.text for step in lecture["∂C/∂w1"].steps] == ["∂C/∂o1", "∂o1/∂z3", "∂h1/∂z1", "∂C/∂w1"]
    assert [step.name.text for step in lecture["∂C/∂z1"].steps] == ["∂C/∂o1", "∂o1/∂z3", "∂h1/∂z1", "∂C/∂z1"]
    assert lecture["∂C/∂w1"].title == "How ∂C/∂w1 comes about"


def test_a_gradient_between_is_worked_out_as_the_pencil_would(lecture: Working) -> None:
    step = lecture["∂C/∂z1"].steps[-1]
    assert isinstance(step, Step)
    assert step.numbers is not None
    assert step.numbers.text == "(-0.7086) · 0.2288 · 0.55 · 0.2367"
    assert (step.relation, step.result) == ("≈", "-0.0211")


def test_a_policy_reaches_what_is_worked_out_on_request() -> None:
    working = work_example("psyc681-2-2-1", {"default": "round:3", "deltas": "round:6"})
    assert working["∂C/∂z1"].result == "-0.021134"
    working = work_example("psyc681-2-2-1", {"default": "round:3", "∂C/∂z1": "round:5"})
    assert working["∂C/∂z1"].result == "-0.02113"


def test_a_local_derivative_that_is_taken_over_keeps_its_digits(lecture: Working) -> None:
    assert lecture["∂z3/∂h1"].result == "0.55"
    assert lecture["∂z3/∂w5"].result == "0.6154"


def test_a_name_may_say_the_pass(lecture: Working) -> None:
    assert lecture["z1@2"].steps[-1].key == "z1[1,1]@2"
    assert lecture["o1 (2)"].steps[-1].key == "a2[1,1]@2"


def test_letters_are_answered_in_letters(lecture: Working) -> None:
    for written in ("dW1[i,j]", "∂C/∂W1[i,j]", "dC/dW1[i,j]"):
        assert lecture[written].title.endswith("in letters")
    assert lecture["dW1[2,j]"].title.endswith("in letters")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("W1[3,1]", "there is no W1[3,1]: W1 is 2 × 2, its places counted from 1"),
        ("W1[0,1]", "there is no W1[0,1]: W1 is 2 × 2, its places counted from 1"),
        ("W1[1]", "there is no W1[1]: W1 is 2 × 2, its places counted from 1"),
        ("z1[1,2,3]", "there is no z1[1,2,3]: z1 is 1 × 2, its places counted from 1"),
        ("C[1]", "there is no C[1]: C is a number, its places counted from 1"),
        ("z1[a]", '"z1[a]" has a place that is no number: write for example z1[1,1]'),
        ("W1[i,j]", '"W1[i,j]" has a place that is no number: write for example W1[1,1]'),
        ("W1[-1,1]", '"W1[-1,1]" has a place that is no number: write for example W1[1,1]'),
        ("dW1[i]", "W1 has 2 indices, not 1: write W1[i,j]"),
    ],
)
def test_a_place_that_is_not_there_is_told(lecture: Working, told: Told, written: str, message: str) -> None:
    assert told(InvalidInput, lambda: lecture[written]) == message


def test_what_is_no_name_is_told(lecture: Working, told: Told) -> None:
    assert told(InvalidInput, lambda: lecture[5]) == (  # type: ignore[index]
        'a number is asked for by name, such as "W1[2,1]", not by 5'
    )
    assert told(UnknownName, lambda: lecture["w9"]).startswith('there is no quantity called "w9"')
    assert told(UnknownName, lambda: lecture[""]).startswith('there is no quantity called ""')


@pytest.mark.parametrize(("written"), ["x1", "x[1]", "y", "η"])
def test_a_given_number_has_nothing_to_work_out(lecture: Working, told: Told, written: str) -> None:
    assert told(UnknownName, lambda: lecture[written]) == (
        f"{written} is given, so there is nothing to work out: ask for a number that a line makes"
    )


def test_a_frozen_weight_is_given(told: Told) -> None:
    answer = look("first layer frozen")
    assert told(UnknownName, lambda: answer("W1[1,1]")).startswith("W1[1,1] is given")
    assert "dW1" in told(UnknownName, lambda: answer("dW1[1,1]"))


def test_a_name_that_a_large_step_has_not_is_told(told: Told) -> None:
    answer = viewed("hidden tanh")
    assert told(UnknownName, lambda: answer("Q")) == (
        'there is no number of this step called "Q" (known: C, W1, W2, a1, a2, b1, b2, d1, d2, dW1, dW2, db1, db2, '
        "g1, g2, z1, z2)"
    )
    assert told(UnknownName, lambda: answer("x[1,1]")).startswith("x[1,1] is given")
    assert told(InvalidInput, lambda: answer("W1[99,1]")) == (
        "there is no W1[99,1]: W1 is 2 × 2, its places counted from 1"
    )


def test_a_large_step_knows_local_derivatives_too() -> None:
    answer, step = viewed("hidden tanh"), BY_NAME["hidden tanh"].steps[0]
    assert answer("∂z1[2,1]/∂W1[2,1]").value == step.values["x"][1, 1]  # type: ignore[index]
    slope = 1 - step.values["a1"][1, 0] ** 2  # type: ignore[index]
    assert_close(answer("∂a1[2,1]/∂z1[2,1]").value, slope, "rounding")


def test_an_entry_of_a_large_network_is_found_at_once() -> None:
    case = Case("large", net((200, 100, 10), "relu", "softmax"), "crossentropy", samples=32)
    view = StepView(case.derivation, case.steps[0])
    answer = entry_lookup(from_engine(view, case.steps, ""), namer("chainrule", view))
    started = perf_counter()
    for name in ("W1[20,3]", "z2[3,4]", "a2[5,6]", "dW1[20,3]", "g1[1,2]", "b1[7]", "dW1[i,j]"):
        assert answer(name).steps
    assert perf_counter() - started < 2


def test_a_working_answers_for_itself() -> None:
    working = work(net((2, 2, 1)), np.ones((2, 2)), [1, 0], loss="mse", rounding=Policy.parse("round:3"))
    assert working["dW1[2,1]"].result == working["∂C/∂W1[2,1]"].result
    assert isinstance(float(working["C"]), float)


# --- keys, other bases, whole matrices, updates -------------------------------------------------------------


def test_every_steps_own_key_finds_that_step() -> None:
    working = work_example("psyc681-2-2-1", "round:3", passes=3)
    for step in working.steps:
        assert isinstance(step, Step)
        found = working[step.key].steps[-1]
        assert isinstance(found, Step)
        assert (found.key, found.result) == (step.key, step.result)
    assert working["W1[1,1]@2"].result == "0.701"
    assert working["∂z2[1,1]@1/∂a1[1,1]@1"].result == "0.55"


def test_a_key_of_a_large_step_finds_its_line(told: Told) -> None:
    answer = viewed("hidden tanh")
    assert [answer(key).steps[-1].key for key in ("W1[2,1]@2", "z1[2,1]@1")] == ["W1[2,1]@2", "z1[2,1]@1"]
    assert told(UnknownName, lambda: answer("W1[9,1]@2")).startswith("there is no number of this step")


def test_places_count_from_what_the_notation_counts_from(told: Told) -> None:
    """What is printed is what can be asked for."""
    zero = replace(read_notation("chainrule"), base=0)
    working = work_example("psyc681-2-2-1", "round:3", zero)
    for step in working.steps:
        assert isinstance(step, Step)
        if step.arrow == "=" and step.key.endswith("@1"):
            assert working[step.name.text].steps[-1].key == step.key
    assert working["W1[1,1]"].steps[-1].key == "W1[2,2]@2"
    assert told(InvalidInput, lambda: working["W1[2,1]"]) == (
        "there is no W1[2,1]: W1 is 2 × 2, its places counted from 0"
    )
    assert told(InvalidInput, lambda: working["z1[a]"]).endswith("write for example z1[0,0]")


def test_a_large_step_counts_its_places_as_its_notation_does() -> None:
    case = BY_NAME["hidden tanh"]
    view = StepView(case.derivation, case.steps[0])
    names = namer(replace(read_notation("chainrule"), base=0), view)
    answer = entry_lookup(from_engine(view, case.steps[:1], ""), names)
    step = answer("W1[0,1]").steps[-1]
    assert (step.key, step.name.text) == ("W1[1,2]@2", "W1[0,1]")


def keys(working: Working) -> list[str]:
    return [step.key for step in working.steps if isinstance(step, Step)]


def test_a_matrix_is_worked_entry_by_entry(lecture: Working) -> None:
    working = lecture["W1"]
    assert working.title == "How the entries of W1 come about"
    assert [key for key in keys(working) if key.startswith("W1")] == [
        f"W1[{i},{j}]@2" for i in (1, 2) for j in (1, 2)
    ]
    assert len(set(keys(working))) == len(keys(working))
    assert keys(working)[-1] == "W1[2,2]@2"
    for written in ("dW1", "∂C/∂W1", "dC/dW1"):
        assert lecture[written].title == "How the entries of ∂C/∂W1 come about"
        assert keys(lecture[written])[-1] == "dW1[2,2]@1"
    assert {given.key for given in lecture["W1"].given} >= {"x[1,1]@1", "x[1,2]@1", "W1[2,2]@1"}


def test_a_name_of_the_notation_is_no_matrix(lecture: Working) -> None:
    assert lecture["z1"].steps[-1].key == "z1[1,1]@1"
    assert lecture["∂C/∂z1"].steps[-1].key == "d1[1,1]@1"
    assert lecture["a2"].steps[-1].key == "a2[1,1]@1"


def test_a_matrix_of_many_entries_is_asked_for_by_one(told: Told) -> None:
    case = Case("wide", net((40, 30, 2), "relu", "softmax"), "crossentropy", samples=4)
    view = StepView(case.derivation, case.steps[0])
    answer = entry_lookup(from_engine(view, case.steps, ""), namer("chainrule", view))
    assert told(InvalidInput, lambda: answer("W1")) == (
        "W1 has 1,200 entries, and no more than 64 are worked together: ask for one of them, such as W1[1,1]"
    )
    assert len(keys(answer("W2"))) >= 60


@pytest.mark.parametrize("chain", ["paths", "deltas", "view"])
@pytest.mark.parametrize(
    ("rule", "kept"), [("hidden tanh", []), ("rule adam", ["m_W1[2,1]@2", "v_W1[2,1]@2"])]
)
def test_an_update_comes_after_its_gradient_with_its_factors(chain: str, rule: str, kept: list[str]) -> None:
    answer = viewed(rule) if chain == "view" else look(rule, chain, passes=1)
    shown = keys(answer("W1[2,1]"))
    gradient = [key for key in keys(answer("dW1[2,1]")) if "/sample" not in key]
    assert len(gradient) > 1
    assert shown[: len(gradient)] == gradient
    assert shown[-1] == "W1[2,1]@2"
    assert set(kept) <= set(shown)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("∂L/∂w_ji", "∂L/∂w_ji"),
        ("dL/dw_ij", "∂L/∂w_ij"),
        ("dL/du_i", "∂L/∂u_i"),
        ("dL/dw_1j", "∂L/∂w_1j"),
        ("dL/dw12", "How ∂L/∂w12 comes about"),
    ],
)
def test_a_name_in_letters_is_asked_for_as_it_is_printed(written: str, title: str) -> None:
    found = work_example("comp0087-2-2-1")[written].title
    assert found == (title if title.startswith("How") else f"{title} in letters")
