"""Each sample's share of a gradient: together they are the gradient."""

from __future__ import annotations

from decimal import Decimal

import pytest
from steps import CASES, Case, net

from chainrule.derivation import Dense, Network
from chainrule.engines.rounding import Policy
from chainrule.formulas.expression import evaluate
from chainrule.working.calculation import Calculation, from_engine, with_pencil
from chainrule.working.document import Step, Working
from chainrule.working.looking import entry_lookup
from chainrule.working.names.naming import namer
from chainrule.working.stepview import StepView
from chainrule.working.works import work
from tolerances import assert_close

BY_NAME = {case.name: case for case in CASES}
BATCHES = [case for case in CASES if case.samples > 1 and case.derivation.gradients]


def looked_up(calculation: Calculation, name: str, notation: str = "chainrule") -> Working:
    return entry_lookup(calculation, namer(notation, calculation.program))(name)


def shares(working: Working) -> list[Step]:
    return [step for step in working.steps if isinstance(step, Step) and step.kind == "share"]


@pytest.mark.parametrize("chain", ["paths", "deltas"])
@pytest.mark.parametrize("case", BATCHES, ids=repr)
def test_the_shares_add_up_to_the_gradient(case: Case, chain: str) -> None:
    program = case.program(chain, passes=1)  # type: ignore[arg-type]
    calculation = from_engine(program, case.steps[:1], "")
    assert program.sizes is not None
    for symbol, gradient in case.derivation.gradients.items():
        index = max(program.sizes.indices(symbol))
        key = f"{gradient}[{','.join(map(str, index))}]"
        working = looked_up(calculation, key)
        members = shares(working)
        if not working.value and not members:
            continue
        assert len(members) == case.samples + (
            "lambda" in case.derivation.constants and symbol.startswith("W")
        )
        assert_close(sum(step.value for step in members), working.value, "rounding", what=key)


def test_a_large_steps_shares_add_up_too() -> None:
    case = BY_NAME["hidden tanh"]
    calculation = from_engine(StepView(case.derivation, case.steps[0]), case.steps, "")
    working = looked_up(calculation, "dW1[2,1]")
    assert len(shares(working)) == 3
    assert_close(sum(step.value for step in shares(working)), working.value, "rounding")


def test_a_share_has_its_own_formula_and_says_whose_it_is() -> None:
    program = BY_NAME["hidden tanh"].program("deltas")
    working = looked_up(with_pencil(program, Policy.parse("round:3")), "dW1[2,1]")
    *before, last = working.steps
    first = shares(working)[0]
    assert [step.key for step in working.steps[-4:-1]] == [f"dW1[2,1]@1/sample {n}" for n in (1, 2, 3)]
    assert first.name.text == "∂C/∂W1[2,1] (sample 1)"
    assert first.formula.text == "∂C/∂z1[1,1] · x[1,2]"
    assert first.reason == "what sample 1 contributes"
    assert isinstance(last, Step)
    assert last.key == "dW1[2,1]@1"
    assert before


def test_shares_are_printed_from_printed_numbers() -> None:
    program = BY_NAME["hidden tanh"].program("deltas")
    calculation = with_pencil(program, Policy.parse("truncate:3"))
    for step in shares(looked_up(calculation, "dW2[1,1]")):
        tree = step.formula.tree
        assert tree is not None
        exact = float(evaluate(tree, {key: float(calculation.written(key)) for key in step.uses}))
        assert float(step.result) == step.value
        assert 0 <= abs(exact) - abs(step.value) < 0.001
        assert step.relation == ("=" if abs(exact - step.value) < 1e-15 else "≈")


def test_a_penalty_is_a_share_of_no_sample() -> None:
    program = BY_NAME["l2"].program("paths", passes=1)
    members = shares(looked_up(with_pencil(program), "dW2[1,1]"))
    assert [step.name.text for step in members] == [
        "∂J/∂W2[1,1] (sample 1)",
        "∂J/∂W2[1,1] (sample 2)",
        "∂J/∂W2[1,1] (sample 3)",
        "∂J/∂W2[1,1] (the penalty)",
    ]
    assert members[-1].reason == "what the penalty contributes"
    assert members[-1].formula.text == "∂R/∂W2[1,1]"
    assert len(shares(looked_up(with_pencil(program), "db2[1]"))) == 3


def test_one_sample_has_no_shares() -> None:
    program = BY_NAME["2-2-1 biases 1"].program()
    assert shares(looked_up(with_pencil(program), "dW1[1,1]")) == []


def test_what_is_no_gradient_of_a_parameter_has_no_shares() -> None:
    program = BY_NAME["hidden tanh"].program("deltas")
    calculation = with_pencil(program)
    for name in ("C", "d1[1,1]", "z1[1,1]", "W1[1,1]"):
        assert shares(looked_up(calculation, name)) == []


def test_too_many_samples_are_summed_at_once() -> None:
    case = Case("many samples", net((1, 1)), "mse", samples=300)
    calculation = from_engine(StepView(case.derivation, case.steps[0]), case.steps, "")
    assert shares(looked_up(calculation, "dW1[1,1]")) == []


@pytest.mark.parametrize(("x", "told"), [("0.1", False), ("0.4", True)])
def test_shares_that_do_not_add_up_as_printed_say_so(x: str, told: bool) -> None:
    network = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[0.3]])])
    working = work(network, [[Decimal(x)], [0.7]], [[1], [0.3]], loss="mse", rounding="round:2")["dW1[1,1]"]
    assert working.steps[-1].reason.endswith("so they do not add up to it digit for digit") == told
    assert (sum(Decimal(share.result) for share in shares(working)) != Decimal(working.result)) == told
