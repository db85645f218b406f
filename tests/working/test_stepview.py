"""A step looked at entry by entry: the same lines and numbers as when it is written out whole."""

from __future__ import annotations

import pytest
from steps import CASES, Case

from chainrule.working.calculation import from_engine
from chainrule.working.entries import Partial
from chainrule.working.stepview import StepView
from tolerances import assert_close

BY_NAME = {case.name: case for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_each_line_is_the_programs(case: Case) -> None:
    program, view = case.program("deltas", passes=1), StepView(case.derivation, case.steps[0])
    for line in program:
        found = view.by_key[line.key]
        assert found.tree is line.tree, line.key
        assert (found.quantity, found.paths) == (line.quantity, line.paths)
        assert (found.phase, found.kind, found.reason) == (line.phase, line.kind, line.reason)


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_each_number_is_the_engines(case: Case) -> None:
    program, view = case.program("deltas", passes=1), StepView(case.derivation, case.steps[0])
    whole = from_engine(program, case.steps[:1], "")
    single = from_engine(view, case.steps[:1], "")
    for key in (*program.by_key, *program.given):
        assert single[key] == whole[key], key
    for entry, number in case.entries(program):
        assert float(single[entry.key]) == number


def test_the_given_numbers_are_those_no_line_makes() -> None:
    case = BY_NAME["dropout"]
    view = StepView(case.derivation, case.steps[0])
    assert view.given["x[2,1]@1"] == case.values["x"][1, 0]
    assert view.given["u1[1,2]@1"] == case.steps[0].values["u1"][0, 1]
    assert list(view.given) == ["x[2,1]@1", "u1[1,2]@1"]
    assert len(view.given) == 2
    with pytest.raises(KeyError):
        view.given["z1[1,1]@1"]
    with pytest.raises(KeyError):
        view.given["∂a1[1,1]@1/∂z1[1,1]@1"]


def test_a_local_derivative_has_a_line_of_its_own() -> None:
    case = BY_NAME["hidden sigmoid"]
    view = StepView(case.derivation, case.steps[0])
    line = view.by_key["∂a1[1,2]@1/∂z1[1,2]@1"]
    assert repr(line.tree) == "a1[1,2]@1 · (1 - a1[1,2]@1)"
    assert isinstance(line.quantity, Partial)


def test_what_is_none_of_its_numbers_has_no_line() -> None:
    case = BY_NAME["hidden sigmoid"]
    view = StepView(case.derivation, case.steps[0])
    assert view.by_key.get("W1[1,1]@1") is None
    assert view.by_key.get("Q@1") is None
    assert view.by_key.get("∂a1[1,1]@1/∂z1[1,2]@1") is None


def test_an_entry_as_the_step_leaves_it() -> None:
    case = BY_NAME["hidden sigmoid"]
    view = StepView(case.derivation, case.steps[0])
    assert view.latest("W1", (1, 2)).key == "W1[1,2]@2"
    assert view.latest("z1", (1, 2)).key == "z1[1,2]@1"
    assert_close(float(from_engine(view, case.steps, "")["C@1"]), case.steps[0]["C"], "rounding")
