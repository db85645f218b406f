from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from chainrule.engines.rounding import Kind, Rounding, Ties
from chainrule.formulas.expression import Constant, Symbol
from chainrule.working.calculation import with_pencil
from chainrule.working.marking.sweep import UNCHANGED, Change, Sweep, rounder
from chainrule.working.program import Program
from chainrule.working.worked.examples import load_example


@pytest.fixture(scope="module")
def program() -> Program:
    return load_example("psyc681-2-2-1").program


def test_without_a_change_every_line_is_the_exact_one(program: Program) -> None:
    exact = with_pencil(program)
    found = Sweep(program).run([UNCHANGED], program.by_key)
    assert all(float(found[key]) == pytest.approx(float(exact[key]), rel=1e-12) for key in program.by_key)


def test_a_change_moves_its_own_column_only(program: Program) -> None:
    key = "z1[1,1]@1"
    changes = [UNCHANGED, {key: Change(put={"x[1,2]@1": Constant(0)})}, {key: Change(scale=-1)}]
    found = Sweep(program).run(changes, [key, "z1[1,2]@1"])
    assert found[key] == pytest.approx([0.47, 0.35, -0.47])
    assert np.ndim(found["z1[1,2]@1"]) == 0


def test_a_change_is_carried_on(program: Program) -> None:
    changes = [UNCHANGED, {"z1[1,1]@1": Change(whole=Symbol("x[1,1]@1"))}]
    found = Sweep(program).run(changes, ["a1[1,1]@1"])
    assert found["a1[1,1]@1"] == pytest.approx([0.6153838, 1 / (1 + np.exp(-0.5))])


def test_own_values_stand_in_for_later_lines_but_not_for_their_own(program: Program) -> None:
    found = Sweep(program).run([UNCHANGED], ["z1[1,1]@1", "a1[1,1]@1"], None, {"z1[1,1]@1": 0.0})
    assert (float(found["z1[1,1]@1"]), float(found["a1[1,1]@1"])) == (pytest.approx(0.47), 0.5)


def test_lines_are_rounded_before_they_are_used(program: Program) -> None:
    one = rounder("round", 1)
    found = Sweep(program).run([UNCHANGED], ["z2[1,1]@1"], lambda key: one)
    assert float(found["z2[1,1]@1"]) == pytest.approx(0.6 * 0.55 + 0.6 * 0.45)


def test_a_weight_may_be_used_that_is_only_updated_later(program: Program) -> None:
    used = {"dW1[1,1]@1": Change(put={"W2[1,1]@1": Symbol("W2[1,1]@2")})}
    found = Sweep(program).run([UNCHANGED, used], ["dW1[1,1]@1", "W2[1,1]@2"])
    gradient = found["dW1[1,1]@1"]
    assert gradient[1] == pytest.approx(gradient[0] / 0.55 * float(np.ravel(found["W2[1,1]@2"])[0]))


def test_a_later_number_that_a_slip_asks_for_is_worked_out_again(program: Program) -> None:
    early = {"z1[1,1]@1": Change(put={"x[1,1]@1": Symbol("a1[1,1]@1")})}
    other = {"z1[1,1]@1": Change(scale=-1)}
    found = Sweep(program).run([early, other], ["a1[1,1]@1"])
    assert found["a1[1,1]@1"][1] == pytest.approx(1 / (1 + np.exp(0.47)))


def test_a_comparison_is_rounded_as_the_number_that_it_is(program: Program) -> None:
    keep = rounder("round", 2)
    assert keep(np.array([True, False])).tolist() == [1.0, 0.0]
    assert float(keep(np.bool_(True))) == 1.0


@pytest.mark.parametrize("kind", ["round", "significant"])
@pytest.mark.parametrize("ties", ["half-up", "half-even"])
def test_ties_go_as_they_do_on_paper(kind: Kind, ties: Ties) -> None:
    rounding = Rounding(kind, 2, ties)
    numbers = [Decimal(n) / 1000 for n in range(-2005, 2006, 5)]
    kept = rounder(kind, 2, ties)([float(number) for number in numbers])
    assert list(kept) == pytest.approx([float(rounding.apply(number)) for number in numbers], abs=1e-12)
