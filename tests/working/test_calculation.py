"""The numbers of a program: pencilled line by line from what was printed, or as an engine had them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from steps import CASES, Case, evaluated, net

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.pencil import printed
from chainrule.engines.rounding import Policy
from chainrule.errors import ConfigError
from chainrule.working.calculation import as_decimal, from_engine, names_of, with_pencil
from chainrule.working.names.naming import namer
from chainrule.working.program import Program, scalar_program
from tolerances import assert_close

POLICIES = ["exact", "round:3", "round:2:half-even", "truncate:4", "significant:3"]
BY_NAME = {case.name: case for case in CASES}
NET = Network(
    2,
    [
        Dense(2, "sigmoid", bias=False, weights=[[0.7, 0.3], [0.4, 0.6]]),
        Dense(1, "sigmoid", bias=False, weights=[[0.55], [0.45]]),
    ],
)


def lecture(**facts: object) -> Program:
    """PSYC681's 2-2-1 network."""
    d = derive(NET, "mse", "gradient_descent", fused=False)
    return scalar_program(
        d, {"x": [[Decimal("0.5"), Decimal("0.30")]], "y": [[1]]}, rate=Decimal("0.1"), **facts
    )  # type: ignore[arg-type]


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", CASES[::4], ids=repr)
def test_each_line_is_worked_out_from_the_printed_values_before_it(case: Case, policy: str) -> None:
    program = case.program(passes=1)
    calculation = with_pencil(program, Policy.parse(policy))
    so_far = {key: as_decimal(value) for key, value in program.given.items()}
    for line in program:
        rounding = calculation.rounding(line.key)
        so_far[line.key] = printed(line.tree, so_far, rounding)
        assert calculation[line.key] == so_far[line.key]
        if policy != "exact":
            assert Decimal(calculation.written(line.key)) == so_far[line.key]


@pytest.mark.parametrize("case", CASES[1::4], ids=repr)
def test_an_exact_pencil_comes_to_the_engines_numbers(case: Case) -> None:
    program = case.program()
    calculation = with_pencil(program)
    for entry, number in case.entries(program):
        if entry.key in calculation.values:
            assert_close(float(calculation[entry.key]), number, "rounding", what=entry.key)


def test_given_numbers_keep_their_digits() -> None:
    calculation = with_pencil(lecture(), Policy.parse("round:4"))
    assert calculation.written("x[1,1]@1") == "0.5"
    assert calculation.written("x[1,2]@1") == "0.30"
    assert calculation.written("y[1,1]@1") == "1"
    assert calculation.written("W1[1,1]@1") == "0.7"
    assert calculation.written("z1[1,1]@1") == "0.4700"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("0.70"), "0.70"),
        (Decimal("1E+2"), "100"),
        (3, "3"),
        (0.1, "0.1"),
        (np.float32(0.1), "0.10000000149011612"),
        (np.float64(-1e-9), "-1e-9"),
        (np.int64(2), "2"),
        (1 / 3, "0.3333333333333333"),
    ],
)
def test_a_given_number_is_written_as_given(value: object, written: str) -> None:
    d = derive(Network(1, [Dense(1, bias=False, weights=[[1]])]))
    program = scalar_program(d, {"x": [[value]]})
    assert with_pencil(program, Policy.parse("round:5")).written("x[1,1]@1") == written


def test_a_policy_may_name_a_group() -> None:
    policy = Policy.parse(
        {"default": "round:3", "slopes": "round:5", "gradients": "round:6", "updates": "exact"}
    )
    calculation = with_pencil(lecture(), policy)
    assert calculation.written("a2[1,1]@1") == "0.646"
    assert calculation.written("∂a1[1,1]@1/∂z1[1,1]@1") == "0.23678"
    assert calculation.written("∂a2[1,1]@1/∂z2[1,1]@1") == "0.22868"
    assert calculation.written("dW1[1,1]@1") == "-0.010542"
    assert calculation.written("W2[1,1]@2") == "0.5599572"


@pytest.mark.parametrize(
    ("named", "rounding"),
    [
        ("output", "round:5"),
        ("activations", "round:5"),
        ("a2", "round:5"),
        ("a2[1,1]", "round:5"),
        ("o1", "round:5"),
    ],
)
def test_a_policy_may_name_a_line_by_its_group_its_place_or_its_name(named: str, rounding: str) -> None:
    program = lecture()
    calculation = with_pencil(
        program,
        Policy.parse({"default": "round:3", named: "round:5"}),
        lambda key: {"a2[1,1]@1": "o1"}.get(key, key),
    )
    assert calculation.rounding("a2[1,1]@1").spec == rounding


def test_the_most_specific_name_decides() -> None:
    program = lecture()
    line = program.by_key["a2[1,1]@1"]
    assert names_of(line, lambda key: "o1") == ("o1", "a2[1,1]", "output", "activations")
    assert names_of(program.by_key["∂a1[1,1]@1/∂z1[1,1]@1"]) == ("hidden slopes", "slopes")
    assert names_of(program.by_key["W1[1,2]@2"]) == ("W1[1,2]", "updates")
    policy = Policy.parse(
        {"o1": "round:1", "a2[1,1]": "round:2", "output": "round:3", "activations": "round:4"}
    )
    calculation = with_pencil(program, policy, lambda key: "o1" if key == line.key else key)
    assert calculation.written(line.key) == "0.6"
    assert calculation.written("a1[1,1]@1") == "0.6154"


def test_a_policy_may_name_all_entries_of_a_symbol() -> None:
    calculation = with_pencil(lecture(), Policy.parse({"default": "round:3", "W1": "round:5"}))
    assert calculation.written("W1[1,1]@2") == "0.70110"
    assert calculation.written("W2[1,1]@2") == "0.560"


def test_a_symbol_is_told_from_a_name_of_the_notation_by_its_capitals() -> None:
    program = lecture()
    policy = Policy.parse({"default": "round:3", "W1": "round:5", "w2": "round:1", "z1": "round:2"})
    calculation = with_pencil(program, policy, namer("psyc681", program))
    assert [calculation.written(f"W1[1,{j}]@2") for j in (1, 2)] == ["0.70110", "0.3"]
    assert [calculation.written(f"z1[1,{k}]@1") for k in (1, 2)] == ["0.47", "0.330"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "ouput",
            'there is no line, or group of lines, to round called "ouput": did you mean "output"? (known: '
            "activations, deltas, gradients, hidden activations, hidden slopes, loss, other, output, output slope, "
            "slopes, updates, weighted sums): name one of these groups, or a line, such as z1",
        ),
        ("w9", None),
        (
            "x1",
            'the rounding of "x1" has nothing to round: it is given, or taken over as it is; leave it out, '
            "or name a line",
        ),
        ("z1@2", 'a rounding is of all passes: write "z1", not "z1@2"'),
    ],
)
def test_a_policy_that_names_what_no_line_has_is_refused(
    told: Callable[..., str], name: str, message: str | None
) -> None:
    program = lecture()
    policy = Policy.parse({"default": "round:3", name: "round:2"})
    sentence = told(ConfigError, lambda: with_pencil(program, policy, namer("psyc681", program)))
    assert message is None or sentence == message


@pytest.mark.parametrize("name", ["∂C/∂z1", "dC/dw5", "ŷ", "a2", "slopes", "deltas", "a2[1,1]", "∂o1/∂z3"])
def test_a_policy_may_name_a_line_in_any_spelling(name: str) -> None:
    program = lecture()
    assert with_pencil(program, Policy.parse({name: "round:2"}), namer("psyc681", program)).by == "pencil"


# --- an engine's numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES[2::3], ids=repr)
def test_an_engines_numbers_are_its_own_bits(case: Case) -> None:
    program = case.program()
    calculation = from_engine(program, case.steps, "numpy, float64")
    for entry, number in case.entries(program):
        assert float(calculation[entry.key]) == number
    for key, value in evaluated(program).items():
        assert_close(float(calculation[key]), value, "rounding", what=key)


def test_an_engines_numbers_are_counted_as_lines_and_given_numbers() -> None:
    program = BY_NAME["hidden tanh"].program()
    calculation = from_engine(program, BY_NAME["hidden tanh"].steps, "numpy, float64")
    assert set(calculation.values) == {*program.given, *program.by_key}
    assert len(calculation.values) == len(program.given) + len(program.lines)
    assert calculation.by == "numpy, float64"


def test_float32_numbers_are_written_with_their_own_digits() -> None:
    case = Case("float32", net((1, 1), bias=False), "mse")
    program = case.program()
    step = NumpyEngine().run(case.derivation, case.values, dtype="float32")
    calculation = from_engine(program, [step], "numpy, float32")
    assert float(calculation["a1[1,1]@1"]) == float(step.values["a1"][0, 0])  # type: ignore[index]


def test_numbers_that_are_not_finite_are_written_so() -> None:
    case = Case("overflow", Network(1, [Dense(1, bias=False, weights=[[1e200]])]), "mse")
    values = {"x": [[1e200]], "y": [[0.0]], "W1": [[1e200]]}
    program = scalar_program(case.derivation, values)
    step = NumpyEngine().run(case.derivation, values)
    calculation = from_engine(program, [step], "numpy, float64")
    assert calculation.written("C@1") == "∞"
