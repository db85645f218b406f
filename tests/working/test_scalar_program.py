"""Scalar programs: the whole catalogue written out, number by number, against the NumPy engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from steps import CASES, Case, evaluated, net

from chainrule.derivation import derive
from chainrule.engines.initial import initial_parameters
from chainrule.errors import ChainruleError, ConfigError, InvalidInput, ShapeMismatch
from chainrule.formulas.rules import RULES, rule
from chainrule.working.calculation import from_engine
from chainrule.working.program import Chain, scalar_program
from chainrule.working.scalars import is_drawn
from tolerances import assert_close

Told = Callable[[type[ChainruleError], Callable[[], object]], str]
CHAINS: tuple[Chain, ...] = ("paths", "deltas")


@pytest.mark.parametrize("chain", CHAINS)
@pytest.mark.parametrize("case", CASES, ids=repr)
def test_every_line_is_the_engines_number(case: Case, chain: Chain) -> None:
    program = case.program(chain)
    values = evaluated(program)
    of_parameters = set(case.derivation.gradients.values())
    drawn = {line.symbol for line in case.derivation if is_drawn(line.tree)}
    for entry, number in case.entries(program):
        line = case.derivation[entry.symbol]
        on_the_way = line.phase == "backpropagation" and entry.symbol not in of_parameters
        if entry.symbol in drawn or (chain == "paths" and on_the_way and entry.key not in values):
            continue
        assert_close(values[entry.key], number, "rounding", what=entry.key)


@pytest.mark.parametrize("case", [case for case in CASES if "softmax" in repr(case.network)], ids=repr)
def test_the_textbook_form_comes_to_the_same(case: Case) -> None:
    values = evaluated(case.program("deltas", textbook=True))
    for entry, number in case.entries(case.program("deltas")):
        if entry.key in values:
            assert_close(values[entry.key], number, "rounding", what=entry.key)


# --- passes, versions, what is given --------------------------------------------------------------------

SMALL = derive(net((1, 1), bias=False), "mse", "momentum", fused=False)
NUMBERS = {"x": [[2]], "y": [[1]], "W1": [[0.5]]}


def test_a_parameter_has_a_version_for_each_assignment() -> None:
    program = scalar_program(SMALL, NUMBERS, passes=2)
    assert [key for key in program.by_key if key.startswith(("W1", "v_W1"))] == [
        "v_W1[1,1]@2",
        "W1[1,1]@2",
        "v_W1[1,1]@3",
        "W1[1,1]@3",
    ]
    assert program.versions == tuple({"W1": n, "v_W1": n} for n in (1, 2, 3))
    assert program.by_key["z1[1,1]@2"].uses == ("x[1,1]@2", "W1[1,1]@2")
    assert program.passes == 2
    assert repr(program) == f"<Program of {len(program.lines)} lines, 2 passes>"


def test_a_rule_may_assign_to_a_parameter_twice_in_one_step() -> None:
    twice = rule(
        "twice",
        parameters={"learning_rate": 0.1},
        assignments=[("w", lambda w, eta: w - eta * w), ("w", lambda w, g, eta: w - eta * g)],
    )
    try:
        case = Case("a rule that assigns twice", net((1, 1), bias=False), "mse", "twice", passes=2)
        program = case.program()
        assert [key for key in program.by_key if key.startswith("W1")] == [
            f"W1[1,1]@{n}" for n in (2, 3, 4, 5)
        ]
        assert [versions["W1"] for versions in program.versions] == [1, 3, 5]
        values = evaluated(program)
        for version, step in ((3, 0), (5, 1)):
            assert_close(values[f"W1[1,1]@{version}"], case.steps[step].updated["W1"][0, 0], "rounding")  # type: ignore[index]
        shown = from_engine(program, case.steps, "")
        assert_close([float(shown[key]) for key in values], list(values.values()), "rounding")
    finally:
        RULES.remove(twice.name)


def test_given_numbers_are_kept_as_they_were_given() -> None:
    values = {"x": [[Decimal("2.0")]], "y": [[1]], "W1": [[0.5]]}
    program = scalar_program(SMALL, values, rate=Decimal("0.10"))
    assert program.given == {
        "x[1,1]@1": Decimal("2.0"),
        "W1[1,1]@1": 0.5,
        "y[1,1]@1": 1,
        "mu@1": 0.9,
        "v_W1[1,1]@1": 0.0,
        "eta@1": Decimal("0.10"),
    }
    assert str(program.given["x[1,1]@1"]) == "2.0"


def test_the_rate_is_the_rules_own_unless_given() -> None:
    assert scalar_program(SMALL, NUMBERS).given["eta@1"] == 0.01


def test_the_step_goes_on_counting_from_the_first() -> None:
    d = derive(net((1, 1), bias=False), "mse", "adam", fused=False)
    assert scalar_program(d, NUMBERS, passes=2).given["t@2"] == 2
    assert scalar_program(d, NUMBERS, first_step=41).given["t@1"] == 41


def test_the_last_pass_may_be_feedforward_only() -> None:
    program = scalar_program(SMALL, NUMBERS, passes=2, last_pass_whole=False)
    assert [line.key for line in program if line.number == 2] == ["z1[1,1]@2", "a1[1,1]@2", "C@2"]


def test_state_may_be_given() -> None:
    program = scalar_program(SMALL, {**NUMBERS, "v_W1": [[3.0]]})
    assert program.given["v_W1[1,1]@1"] == 3.0


def test_paths_are_for_gradients_of_at_most_twelve() -> None:
    def chain(*sizes: int, samples: int = 1) -> str:
        values = {"x": [[1] * sizes[0]] * samples, "y": [[1] * sizes[-1]] * samples}
        network = net(sizes)
        values |= {name: array.tolist() for name, array in initial_parameters(network, 0).items()}
        return scalar_program(derive(network, "mse", fused=False), values).chain

    assert chain(2, 2, 1) == "paths"
    assert chain(2, 2, 2, 1, samples=6) == "paths"
    assert chain(2, 2, 2, 1, samples=7) == "deltas"
    assert chain(1, 3, 4, 1) == "paths"
    assert chain(1, 2, 3, 5) == "deltas"
    assert chain(30, 30, 1) == "deltas"


# --- what is refused ------------------------------------------------------------------------------------


def test_missing_numbers_are_told(told: Told) -> None:
    assert told(ConfigError, lambda: scalar_program(SMALL, {})) == (
        "a working needs the inputs x: give one row of numbers per sample"
    )
    assert told(ConfigError, lambda: scalar_program(SMALL, {"x": [[1]], "y": [[1]]})) == (
        "a working needs numbers for W1: give the layer its weights, or W1 among the values"
    )
    assert told(ConfigError, lambda: scalar_program(SMALL, {"x": [[1]], "W1": [[1]]})) == (
        "a working needs numbers for y: give them among the values"
    )
    assert told(ShapeMismatch, lambda: scalar_program(SMALL, {**NUMBERS, "W1": [[]]})) == (
        "W1 has no entry (1, 1): give it all its numbers"
    )


def test_too_many_lines_are_refused(told: Told) -> None:
    d = derive(net((80, 80, 1)), "mse", "adam", fused=False)
    values = {name: array.tolist() for name, array in initial_parameters(d.network, 0).items()}
    assert told(InvalidInput, lambda: scalar_program(d, {**values, "x": [[1] * 80], "y": [[1]]})) == (
        "written out, this network has more than 20,000 lines: leave the rounding out, which shows "
        "matrices whose entries open one by one, or take fewer samples or a smaller network"
    )


def test_gradients_along_too_many_paths_are_refused(told: Told) -> None:
    d = derive(net((4, 6, 6, 6, 6)), "mse", "gradient_descent", fused=False)
    values = {name: array.tolist() for name, array in initial_parameters(d.network, 0).items()}
    values |= {"x": [[1] * 4], "y": [[1] * 6]}
    assert told(ConfigError, lambda: scalar_program(d, values, chain="paths")) == (
        'along "paths", the gradients of this network are more than 2,000 products of slopes: take the chain '
        '"deltas", or a smaller network'
    )
    assert scalar_program(d, values, chain="deltas").chain == "deltas"
