"""The numbers of exercises: the same for a seed, few digits, sane results, zeros explained."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from chainrule.errors import ConfigError, UnknownName
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES
from chainrule.working.calculation import with_pencil
from chainrule.working.exercises.maker import Exercise, Maker
from chainrule.working.exercises.numbers import drawn, faults_of, filled, template
from chainrule.working.exercises.plan import plan_of
from chainrule.working.exercises.telling import Slips
from chainrule.working.exercises.zeros import explained

SMALL = plan_of("2,2,1", rounding="round:4", notation="psyc681")


def exercises(count: int, **asked: Any) -> list[Exercise]:
    maker = Maker(plan_of(**asked))
    return [maker.exercise(seed, tell_apart=False) for seed in range(count)]


def numbers_of(values: Any) -> list[Decimal]:
    return [n for v in values for n in numbers_of(v)] if isinstance(values, list) else [values]


def test_a_seed_gives_the_same_sheet_always() -> None:
    # Written down here, so that another machine or version that draws otherwise is noticed.
    made = Maker(SMALL).exercise(7)
    assert {name: " ".join(map(str, numbers_of(value))) for name, value in made.values.items()} == {
        "W1": "-0.5 -0.7 0.2 0.1",
        "b1": "-0.1 0.3",
        "W2": "-0.9 -0.6",
        "b2": "0.5",
        "x": "0.8 0.7",
        "y": "0",
    }
    assert made.calculation.written("W1[1,1]@2") == "-0.4960"


def test_seeds_differ() -> None:
    first, second = Maker(SMALL).exercise(1), Maker(SMALL).exercise(2)
    assert first.values != second.values


def test_numbers_have_few_digits() -> None:
    for seed in range(30):
        for values in drawn(plan_of("3,4,2", samples=2), Random(seed)).values():
            assert all(len(n.as_tuple().digits) <= 2 for n in numbers_of(values))


def test_weights_of_one_network_differ() -> None:
    values = drawn(plan_of("3,4,2"), Random(3))
    sizes = [abs(n) for n in numbers_of([values["W1"], values["W2"]])]
    assert len(set(sizes)) == len(sizes)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "softplus"])
def test_no_unit_is_saturated_unless_asked(activation: str) -> None:
    for made in exercises(8, activation=activation):
        assert made.faults.saturated == ()
        slopes = [line.key for line in made.program if line.kind in ("slopes", "output slope")]
        assert slopes
        assert all(abs(made.calculation.values[key]) >= Decimal("0.02") for key in slopes)


def test_a_saturated_unit_is_there_when_asked_and_the_key_says_so() -> None:
    for made in exercises(4, saturated=True):
        assert made.faults.saturated
        assert any(
            note.endswith("saturated: the slope there is small, and so are the gradients that pass it.")
            for note in explained(made)
        )


def test_gradients_have_three_digits_that_matter() -> None:
    for made in exercises(8):
        assert made.faults.missing == 0
        assert made.faults.vanished == ()


def test_relu_sheets_have_inactive_units_now_and_then_and_say_why() -> None:
    made = exercises(40, layers="2,3,1", activation="relu", notation="psyc681")
    with_zeros = [each for each in made if each.faults.zeros]
    assert 3 <= len(with_zeros) <= 16
    told = [note for each in with_zeros for note in explained(each)]
    assert any("is inactive, as relu is flat at z" in note for note in told)
    for each in with_zeros:
        assert 2 * len(each.faults.zeros) <= 13  # of 13 gradients


def test_every_zero_gradient_is_named_in_the_key() -> None:
    for made in exercises(25, layers="2,2,2", activation="relu,sigmoid"):
        notes = " ".join(explained(made))
        for key in made.faults.zeros:
            assert made.namer.name(key).text in notes


def test_an_input_of_zero_is_the_reason_for_zeros() -> None:
    maker = Maker(SMALL)
    values = drawn(SMALL, Random(1))
    values["x"] = [[Decimal(0), Decimal("0.5")]]
    calculation = maker.worked(values)
    faults = faults_of(calculation, SMALL.activations)
    made = Exercise(SMALL, 0, values, calculation, maker.names, faults, None, 1)
    assert explained(made) == ("∂C/∂w1 and ∂C/∂w2 are 0: x1 is 0.",)


def test_what_is_rounded_away_is_said_to_be() -> None:
    plan = plan_of("2,2,1", rounding="round:1", notation="psyc681")
    maker = Maker(plan)
    values = drawn(plan, Random(1))
    calculation = maker.worked(values)
    made = Exercise(
        plan, 0, values, calculation, maker.names, faults_of(calculation, plan.activations), None, 1
    )
    assert any("is rounded away" in note for note in explained(made))
    assert any("too small for this rounding to show" in note for note in explained(made))


def test_a_huge_number_is_no_exercise() -> None:
    with pytest.raises(ConfigError) as refused:
        Maker(plan_of(rule="adam", rounding="round:3")).exercise(0)
    assert str(refused.value) == (
        "no numbers were found that can be worked with by hand: with every line rounded to 3 decimals, "
        "ties half-up, some result is infinite or above 200: take another rounding, such as significant:4"
    )


def test_no_sheet_takes_the_logarithm_of_zero() -> None:
    plan = plan_of("2,2", activation="softmax", rounding="truncate:2", saturated=True)
    maker = Maker(plan)
    values = drawn(plan, Random(1))
    values["W1"] = [[Decimal(9), Decimal(-9)], [Decimal(9), Decimal(-9)]]
    values["x"] = [[Decimal(2), Decimal(1)]]
    assert faults_of(maker.worked(values), plan.activations).impossible
    made = maker.exercise(0)
    assert all(0 < made.calculation.values[f"a1[1,{k}]@1"] < 1 for k in (1, 2))


def test_a_rounding_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownName) as refused:
        Maker(plan_of(rounding={"slops": "round:3"}))
    assert str(refused.value).startswith(
        'there is no quantity to round called "slops": did you mean "slopes"?'
    )
    Maker(plan_of(rounding={"slopes": "round:3", "w5": "round:2", "W1[1,1]": "exact"}, notation="psyc681"))


def test_an_exercise_that_is_too_long_is_refused() -> None:
    with pytest.raises(ConfigError, match="take fewer units, samples or passes"):
        Maker(plan_of("8,8,8,8", samples=4, rule="adam", passes=2))


# --- slips --------------------------------------------------------------------------------------------


def test_slips_that_print_alike_are_counted() -> None:
    program = template(SMALL)
    values = Maker(SMALL).exercise(8).values
    slips = Slips(program)
    apart = slips.collisions(with_pencil(filled(program, values), SMALL.rounding))
    alike = dict(values, x=[[Decimal(1), Decimal(1)]])
    worse = slips.collisions(with_pencil(filled(program, alike), SMALL.rounding))
    # With inputs of 1 an input left out, and one for the other, look like no slip at all.
    assert worse.right > apart.right + 4
    assert apart.slips == worse.slips > 100


def test_of_several_numbers_those_are_taken_whose_slips_differ_most() -> None:
    maker = Maker(SMALL)
    made = [maker.exercise(seed) for seed in range(6)]
    first = [maker.exercise(seed, tell_apart=False) for seed in range(6)]

    def cost(each: Exercise) -> int:
        return maker.slips.collisions(each.calculation).cost

    assert all(cost(a) <= cost(b) for a, b in zip(made, first, strict=True))
    assert sum(map(cost, made)) < sum(map(cost, first))
    found = made[0].collisions
    assert found is not None
    assert dataclasses.astuple(found) == dataclasses.astuple(maker.slips.collisions(made[0].calculation))


@pytest.mark.parametrize("rule", [name for name in RULES if RULES[name].needs_gradient])
def test_every_rule_has_exercises(rule: str) -> None:
    made = Maker(plan_of("2,1", rule=rule, passes=2)).exercise(1)
    assert made.collisions is not None
    assert made.collisions.slips > 20
    assert made.faults.cost < 100


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
def test_every_activation_has_exercises(activation: str) -> None:
    made = Maker(plan_of("2,2,1", activation=f"{activation},identity")).exercise(1, tell_apart=False)
    assert made.faults.cost < 100


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_has_exercises(loss: str) -> None:
    made = Maker(plan_of("2,2,2", loss=loss)).exercise(1, tell_apart=False)
    assert made.faults.cost < 100
