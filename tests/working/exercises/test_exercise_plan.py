"""What an exercise may be asked for."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule.errors import ChainruleError
from chainrule.formulas.rules import RULES
from chainrule.working.exercises.plan import plan_of, read_activations


def test_the_usual_exercise_is_a_training_step_of_a_small_network() -> None:
    plan = plan_of()
    assert plan.layers == (2, 2, 1)
    assert [a.name for a in plan.activations] == ["sigmoid", "sigmoid"]
    assert plan.rounding.spec == "round:4"
    assert (plan.loss and plan.loss.name, plan.rule and plan.rule.name) == ("mse", "gradient_descent")


def test_squared_error_is_the_one_that_the_notation_means() -> None:
    half = plan_of(loss="squared_error", notation="cap4453")
    assert half.loss is not None
    assert half.loss.name == "half_squared_error"


def test_an_output_stuck_at_zero_is_not_made_of_one_name_for_all() -> None:
    assert [a.name for a in plan_of(activation="relu").activations] == ["relu", "identity"]
    assert [a.name for a in plan_of(activation="relu,relu").activations] == ["relu", "relu"]


def test_cross_entropy_gets_its_softmax() -> None:
    plan = plan_of("2,3,2", activation="tanh", loss="crossentropy")
    assert [a.name for a in plan.activations] == ["tanh", "softmax"]


def test_commas_in_brackets_divide_no_names() -> None:
    found = read_activations("leaky_relu(0.2),elu(alpha=1.5)", 2, None)
    assert [a.spec for a in found] == ["leaky_relu(alpha=0.2)", "elu(alpha=1.5)"]


@pytest.mark.parametrize("rule", [name for name in RULES if RULES[name].needs_gradient])
def test_squared_gradients_are_written_in_significant_digits(rule: str) -> None:
    squares = {"adagrad", "adadelta", "rmsprop", "adam", "adamw", "lazy_adam"}
    spec = plan_of(rule=rule).rounding.spec
    assert spec == ("significant:4" if rule in squares else "round:4")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"layers": "2,x"},
            'layers "2,x": "x" is no number of units: write inputs, then the units of each layer, such as 2,2,1',
        ),
        (
            {"layers": "2,0,1"},
            'layers "2,0,1": "0" is no number of units: write inputs, then the units of each layer, such as 2,2,1',
        ),
        (
            {"layers": "3"},
            'layers "3" has no layer: write inputs, then the units of each layer, such as 2,2,1',
        ),
        (
            {"layers": "2,90,1"},
            'layers "2,90,1" is too much to work by hand: take at most 6 layers of at most 8 units',
        ),
        (
            {"layers": "2,1", "activation": "softmax"},
            "softmax of one unit is always 1: use sigmoid, or give the layer a unit per class",
        ),
        (
            {"activation": "tanh,tanh,tanh"},
            "there are 2 layers but 3 activations: give one for all, or one for each",
        ),
        ({"kind": "quiz"}, 'there is no kind of exercise "quiz": choose one of '),
        ({"rate": "-1"}, 'the rate "-1" must be a number above 0: give for example 0.1'),
        ({"rate": "fast"}, 'the rate "fast" must be a number above 0: give for example 0.1'),
        ({"samples": 0}, "an exercise has 1 to 8 samples, not 0: give such a number"),
        ({"passes": 99}, "an exercise has 1 to 6 passes, not 99: give such a number"),
        ({"rule": "adm"}, 'there is no learning rule called "adm"'),
        ({"loss": "mze"}, 'there is no loss called "mze"'),
        ({"notation": "mine"}, 'there is no notation called "mine"'),
        ({"rounding": "round"}, 'the rounding is "round", but it does not say to how many digits to round'),
        (
            {"rule": "perceptron"},
            "perceptron trains one unit from its errors: ask for it with --kind perceptron",
        ),
        (
            {"kind": "perceptron"},
            "a perceptron is one unit, not 2,2,1: give its inputs and 1, such as 2,1",
        ),
        (
            {"kind": "perceptron", "layers": "2,1", "loss": "mse"},
            "a perceptron learns from its errors, without a loss: leave the loss out",
        ),
        (
            {"kind": "perceptron", "layers": "2,1", "rounding": {"updates": "round:2"}},
            "a perceptron's lines are all rounded alike: give one rounding, such as round:2",
        ),
        (
            {"activation": "relu", "saturated": True},
            "relu and identity cannot be saturated: leave saturated out, or take sigmoid or tanh",
        ),
        (
            {"kind": "dimensions", "saturated": True},
            "an exercise of kind dimensions has no saturated units: leave saturated out",
        ),
        (
            {"kind": "forward", "loss": "mse"},
            "a feedforward exercise has no loss and no rule: leave them out, or ask for backprop",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(asked: dict[str, Any], told: str) -> None:
    with pytest.raises(ChainruleError) as refused:
        plan_of(**asked)
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)
