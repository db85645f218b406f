"""A large step as matrices: every line with its numbers, what it starts from, and how its entries open."""

from __future__ import annotations

import numpy as np
import pytest
from steps import CASES, Case, net

from chainrule.errors import InvalidInput
from chainrule.formulas.rules import RULES, rule
from chainrule.working.document import MatrixStep, Working
from chainrule.working.matrices import build_matrices, printed_rows
from chainrule.working.scalars import is_drawn
from chainrule.working.stepview import StepView
from tolerances import assert_close

BY_NAME = {case.name: case for case in CASES}


def worked(case: Case) -> Working:
    view = StepView(case.derivation, case.steps[0])
    return build_matrices(view, title="", heading=(), by="numpy, float64", notation="chainrule")


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_each_line_has_the_engines_numbers(case: Case) -> None:
    lines = [line for line in case.derivation if not is_drawn(line.tree)]
    for line, made in zip(lines, worked(case).steps, strict=True):
        assert isinstance(made, MatrixStep)
        found = case.steps[0].updated if line.phase == "update" else case.steps[0].values
        shown = np.array([[float(number) for number in row] for row in made.values])
        wanted = np.atleast_2d(np.asarray(found[line.symbol], dtype=float))
        assert np.allclose(shown, wanted, rtol=1e-5, atol=0)
        assert made.symbol == line.symbol
        assert made.shape == np.shape(found[line.symbol])


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_all_that_a_line_uses_is_given_or_made_before_it(case: Case) -> None:
    working = worked(case)
    known = {given.symbol for given in working.given}
    for step in working.steps:
        assert isinstance(step, MatrixStep)
        assert set(step.uses) <= known, step.symbol
        known.add(step.symbol)


def test_a_parameter_is_told_from_its_new_value() -> None:
    made = {step.key: step for step in worked(BY_NAME["rule adam"]).steps}
    assert (made["W1'"].arrow, made["m_W1'"].arrow, made["m_hat_W1"].arrow) == ("←", "←", "=")


def test_a_parameter_assigned_to_twice_shows_both_values() -> None:
    twice = rule(
        "twice",
        parameters={"learning_rate": 0.5},
        assignments=[("w", lambda w, eta: w - eta * w), ("w", lambda w, g, eta: w - eta * g)],
    )
    try:
        case = Case("twice in a large step", net((1, 1), bias=False), "mse", "twice")
        first, second = worked(case).steps[-2:]
        assert isinstance(first, MatrixStep)
        assert isinstance(second, MatrixStep)
        assert_close(float(first.values[0][0]), case.values["W1"][0, 0] / 2, "worked example")
        assert_close(
            float(second.values[0][0]), case.steps[0].updated["W1"][0, 0], "worked example", scale=10
        )  # type: ignore[index]
    finally:
        RULES.remove(twice.name)


def test_of_a_large_matrix_the_first_rows_and_columns_are_shown() -> None:
    rows = printed_rows(np.arange(512 * 784).reshape(512, 784))
    assert (len(rows), len(rows[0])) == (64, 128)
    assert rows[1][0] == "784"
    assert len(printed_rows(np.ones((1, 20_000)))[0]) == 8_192
    assert printed_rows(1 / 3) == (("0.333333",),)


def test_a_matrix_is_no_single_number(told) -> None:  # type: ignore[no-untyped-def]
    case = BY_NAME["hidden tanh"]
    assert told(InvalidInput, lambda: worked(case).value) == (
        'b2 is a matrix of 1 rows: ask for one entry, such as working["b2[1]"]'
    )


def test_the_notation_told_is_the_one_of_what_is_shown() -> None:
    """A course that numbers its weights in a row has no name for a whole matrix."""
    case = BY_NAME["hidden tanh"]
    view = StepView(case.derivation, case.steps[0])
    working = build_matrices(view, title="", heading=("A step",), by="numpy, float64", notation="psyc681")
    assert working.notation == "chainrule"
    assert working.heading == (
        "A step",
        "matrices in chainrule's own symbols; single entries in the notation psyc681",
    )
