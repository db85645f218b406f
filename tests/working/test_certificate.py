"""The certificate: shown gradients against central differences of the loss."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from steps import CASES, Case, net

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.checking import check_step
from chainrule.engines.engine import Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.rounding import Policy
from chainrule.errors import ConfigError
from chainrule.working.calculation import from_engine, with_pencil
from chainrule.working.certificate import Certificate, certificate_of, certify
from chainrule.working.entries import Entry
from chainrule.working.works import work_example

BY_NAME = {case.name: case for case in CASES}
TRAINED = [case for case in CASES if case.derivation.gradients]
# A relative error of central differences; a kink may lie near, or slopes be as small as their rounding.
GOOD = 1e-4


def altered(step: Step, symbol: str, place: tuple[int, ...], factor: float) -> Step:
    gradient = np.array(step.values[symbol])
    gradient[place] *= factor
    return replace(step, values={**step.values, symbol: gradient})


@pytest.mark.parametrize("case", TRAINED, ids=repr)
def test_an_engines_gradients_agree(case: Case) -> None:
    step = case.steps[0]
    found = certify(case.derivation, step.values, step, "numpy, float64")
    assert found is not None
    assert found.error < GOOD
    assert not found.sampled


@pytest.mark.parametrize("name", ["hidden tanh", "l2", "dropout", "integer targets", "sample weights"])
def test_one_altered_gradient_is_found_and_named(name: str) -> None:
    case = BY_NAME[name]
    wrong = altered(case.steps[0], "dW2", (1, 0), 1.5)
    found = certify(case.derivation, wrong.values, wrong, "numpy, float64")
    assert found is not None
    assert found.worst == "W2[2,1]"
    assert found.error > 0.1
    assert found.shown == wrong.values["dW2"][1, 0]  # type: ignore[index]
    assert found.difference == pytest.approx(found.shown / 1.5, rel=1e-6)


def test_float32_gradients_are_held_against_differences_in_float64() -> None:
    case = BY_NAME["hidden tanh"]
    step = NumpyEngine().run(case.derivation, case.values, dtype="float32")
    found = certify(case.derivation, step.values, step, "numpy, float32")
    assert found is not None
    assert 1e-9 < found.error < 1e-5
    wrong = altered(step, "db1", (0,), 1.01)
    found = certify(case.derivation, wrong.values, wrong, "numpy, float32")
    assert found is not None
    assert (found.worst, found.error > 1e-3) == ("b1[1]", True)


@pytest.mark.parametrize("name", ["everything frozen", "perceptron rule"])
def test_where_nothing_is_trained_by_gradients_there_is_none(name: str) -> None:
    case = BY_NAME[name]
    assert certify(case.derivation, case.steps[0].values, case.steps[0], "") is None
    assert certificate_of(from_engine(case.program(), case.steps, "")) is None


def test_a_loss_that_is_not_finite_has_none() -> None:
    d = derive(Network(1, [Dense(1, weights=[[1e200]])]), "mse")
    step = NumpyEngine().run(d, {"x": [[1e200]], "y": [[0.0]], "W1": [[1e200]], "b1": [0.0]})
    assert certify(d, step.values, step, "") is None


def test_of_a_large_layer_some_entries_are_drawn() -> None:
    case = Case("large", net((10, 10, 1), "tanh"), "mse", samples=2)
    found = certify(case.derivation, case.values, case.steps[0], "numpy, float64")
    assert found is not None
    assert (found.sampled, found.compared) == (True, 64 + 10 + 10 + 1)
    assert "85 of its entries, drawn at random, to" in found.written


@pytest.mark.parametrize("rounding", ["round:3", "truncate:4", "significant:3", "exact"])
def test_a_pencils_gradients_are_those_it_printed(rounding: str) -> None:
    program = BY_NAME["2-2-1 biases 1"].program(passes=1)
    calculation = with_pencil(program, Policy.parse(rounding))
    found = certificate_of(calculation)
    assert found is not None
    assert found.by == f"the pencil ({calculation.policy.written})"
    symbol, _, places = found.worst.partition("[")
    assert found.shown == float(calculation[f"d{symbol}[{places}@1"])
    assert found.agrees
    if rounding == "exact":
        assert (found.error < 1e-6, found.units) == (True, None)
    else:
        assert found.units is not None
        assert found.units > 0.1


def test_the_error_is_relative_to_the_difference() -> None:
    case = BY_NAME["hidden tanh"]
    wrong = altered(case.steps[0], "dW2", (1, 0), 1.06)
    found = certify(case.derivation, wrong.values, wrong, "numpy, float64")
    assert found is not None
    assert found.error == pytest.approx(0.06, rel=1e-4)
    assert found.written.endswith("by difference, 6% off.")


def test_an_engines_gradients_that_are_a_little_off_do_not_agree() -> None:
    case = BY_NAME["hidden tanh"]
    wrong = altered(case.steps[0], "dW2", (1, 0), 1.009)
    found = certify(case.derivation, wrong.values, wrong, "numpy, float64")
    assert found is not None
    assert not found.agrees
    assert "do not agree with every entry; the worst is W2[2,1]" in found.written


def test_a_pencils_gradient_beyond_its_digits_does_not_agree() -> None:
    program = BY_NAME["2-2-1 biases 1"].program(passes=1)
    calculation = with_pencil(program, Policy.parse("round:3"))
    off = {**calculation.values, "dW2[1,1]@1": calculation["dW2[1,1]@1"] + Decimal("0.02")}
    found = certificate_of(replace(calculation, values=off))
    assert found is not None
    assert (found.worst, found.agrees) == ("W2[1,1]", False)


def test_the_worst_entry_is_named_as_the_notation_has_it() -> None:
    found = work_example("psyc681-2-2-1").certificate
    assert found is not None
    assert found.worst == "w3"


def test_where_no_gradient_is_shown_there_is_none() -> None:
    assert work_example("xor-perceptron").certificate is None


def test_only_the_entry_that_is_asked_for_is_compared() -> None:
    case = BY_NAME["hidden tanh"]
    step = case.steps[0]
    found = certify(case.derivation, step.values, step, "numpy, float64", entry=Entry("W2", (2, 1)))
    assert found is not None
    assert (found.compared, found.worst, found.single) == (1, "W2[2,1]", True)
    assert "agree with the gradient of W2[2,1] to " in found.written


def test_a_certificate_is_written_in_a_sentence() -> None:
    facts = Certificate("numpy, float64", 9, "W1[2,1]", 1.23e-8, 0.5, 0.25, sampled=False)
    assert facts.written == (
        "Certificate: gradients by numpy, float64; central differences of the loss agree with every entry to "
        "1.2e-08 or better; the worst is W1[2,1], 0.5 shown and 0.25 by difference."
    )
    assert "agree with every entry (but 2 at a kink) to" in replace(facts, left_out=2).written
    pencil = replace(facts, error=1.0, units=2.4)
    assert pencil.written.endswith(
        "agree with every entry to 3 units of the last digit written; the worst is W1[2,1], 0.5 shown and "
        "0.25 by difference, 100% off."
    )
    other = replace(facts, error=float("inf"), shown=float("nan"), agrees=False)
    assert other.written.endswith(
        "do not agree with every entry; the worst is W1[2,1], no finite number shown and 0.25 by difference."
    )


# --- the check behind it -------------------------------------------------------------------------------


def test_check_step_computes_the_gradients_where_none_are_shown() -> None:
    case = BY_NAME["dropout"]
    masks = {"key": 7, "number": 1}
    found = check_step(case.derivation, case.values, **masks)
    assert found.ok
    shown = case.steps[0]
    assert check_step(case.derivation, case.values, shown=shown, **masks) == found


def test_check_step_needs_the_masks_of_the_step_shown() -> None:
    case = BY_NAME["dropout"]
    found = [check_step(case.derivation, case.values, shown=case.steps[0], key=key).ok for key in range(1, 6)]
    assert not all(found)


def test_check_step_finds_an_altered_gradient() -> None:
    case = BY_NAME["hidden tanh"]
    wrong = altered(case.steps[0], "dW1", (0, 1), 1.001)
    found = check_step(case.derivation, case.values, shown=wrong)
    assert not found.ok
    assert (found.worst, found.index) == ("W1[1,2]", (1, 2))


def test_check_step_is_refused_where_nothing_is_trained() -> None:
    case = BY_NAME["everything frozen"]
    with pytest.raises(ConfigError, match="every parameter is frozen"):
        check_step(case.derivation, case.values)
