"""One registration makes an activation, a loss or a rule trainable, printable and checkable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.losses import LOSSES, loss
from chainrule.formulas.rules import RULES, rule
from chainrule.formulas.vocabulary import absolute, exp, log, sign, where
from chainrule.formulas.writing import latex, mathml, text
from tolerances import assert_close

RNG = np.random.default_rng(31)
X, Y = RNG.normal(size=(12, 2)), RNG.integers(0, 2, size=(12, 1)).astype(float)


@pytest.fixture
def softsign() -> Iterator[str]:
    activation(
        "softsign",
        value=lambda z: z / (1 + absolute(z)),
        slope=lambda z: 1 / (1 + absolute(z)) ** 2,
        range=(-1, 1),
    )
    yield "softsign"
    ACTIVATIONS.remove("softsign")


@pytest.fixture
def bent() -> Iterator[str]:
    """An activation with a parameter that is fixed and one that is learnt."""
    activation(
        "bent",
        value=lambda z, low, high: where(z > 0, high * z, low * z),
        slope=lambda z, low, high: where(z > 0, high, low),
        parameters={"low": 0.2, "high": 1.5},
        learnt={"high": lambda z: where(z > 0, z, 0)},
        kinks=(0.0,),
    )
    yield "bent"
    ACTIVATIONS.remove("bent")


@pytest.fixture
def log_cosh() -> Iterator[str]:
    loss(
        "log_cosh",
        value=lambda p, y: log((exp(p - y) + exp(y - p)) / 2),
        slope=lambda p, y: (exp(p - y) - exp(y - p)) / (exp(p - y) + exp(y - p)),
    )
    yield "log_cosh"
    LOSSES.remove("log_cosh")


@pytest.fixture
def signs() -> Iterator[str]:
    """A rule with a state of its own: the sign of a running gradient."""
    rule(
        "signs",
        parameters={"learning_rate": 0.02, "mu": 0.5},
        state={"v": 0.0},
        assignments=[("v", lambda v, g, mu: mu * v + g), ("w", lambda w, v, eta: w - eta * sign(v))],
    )
    yield "signs"
    RULES.remove("signs")


def assert_trains(network: Network, loss_name: str, by: str) -> None:
    """The loss falls, in both precisions."""
    derivation = derive(network, loss_name, by)
    for dtype in ("float32", "float64"):
        trainer = NumpyEngine().trainer(
            derivation, initial_parameters(network, 2), Data(X, Y), dtype=dtype, key=0
        )
        losses = [trainer.steps(None, len(X), 0, 0.02, 60.0, lambda: True).loss for _ in range(200)]
        assert losses[-1] < 0.8 * losses[0]


def assert_prints(network: Network, loss_name: str, by: str, *formulas: str) -> None:
    derivation = derive(network, loss_name, by)
    told = str(derivation)
    for formula in formulas:
        assert formula in told
    for line in derivation:
        assert text(line.tree)
        assert latex(line.tree)
        assert mathml(line.tree)


def assert_gradients_are_central_differences(network: Network, loss_name: str) -> None:
    derivation = derive(network, loss_name)
    values: dict[str, Any] = {**initial_parameters(network, 2), "x": X, "y": Y}
    step = NumpyEngine().run(derivation, values)
    for parameter, gradient in derivation.gradients.items():
        differences = np.zeros_like(values[parameter])
        for index in np.ndindex(differences.shape):
            differences[index] = _difference(
                lambda v: float(NumpyEngine().run(derivation, v)["C"]), values, parameter, index
            )
        assert_close(step[gradient], differences, "central difference", what=parameter)


def _difference(
    of: Callable[[dict[str, Any]], float], values: dict[str, Any], parameter: str, index: Any
) -> float:
    h, costs = 2.0**-16, []
    for by in (h, -h):
        moved = values[parameter].copy()
        moved[index] += by
        costs.append(of({**values, parameter: moved}))
    return (costs[0] - costs[1]) / (2 * h)


def test_an_activation_of_ones_own(softsign: str) -> None:
    network = Network(2, [Dense(6, softsign), Dense(1, "sigmoid")])
    assert_gradients_are_central_differences(network, "binary_crossentropy")
    assert_trains(network, "binary_crossentropy", "adam")
    assert_prints(
        network, "mse", "adam",
        "a1 = softsign(z1) = z1 / (1 + |z1|)", "d1 = g1 · 1 / (1 + |z1|)²",
    )  # fmt: skip
    assert ACTIVATIONS[softsign].slope_at(1.0) == 0.25


def test_an_activation_of_ones_own_with_a_learnt_parameter(bent: str) -> None:
    network = Network(2, [Dense(6, "bent(low=0.1)"), Dense(1)])
    assert [p.name for p in network.parameters] == ["W1", "b1", "high1", "W2", "b2"]
    assert_gradients_are_central_differences(network, "mse")
    assert_trains(network, "mse", "adam")
    assert_prints(network, "mse", "sgd", "and likewise for b1, high1, W2, b2")
    derivation = derive(network, "mse", "sgd")
    assert derivation["high1"].formula == "high1 ← high1 - η · dhigh1"
    step = NumpyEngine().run(derivation, {**initial_parameters(network, 2), "x": X, "y": Y})
    assert step.updated["high1"] != initial_parameters(network)["high1"]


def test_a_loss_of_ones_own(log_cosh: str) -> None:
    network = Network(2, [Dense(6, "tanh"), Dense(1)])
    assert_gradients_are_central_differences(network, log_cosh)
    assert_trains(network, log_cosh, "adam")
    assert_prints(network, log_cosh, "adam", "log cosh, averaged over the outputs")


def test_a_loss_of_ones_own_through_any_output(log_cosh: str) -> None:
    assert_gradients_are_central_differences(Network(2, [Dense(1, "sigmoid")]), log_cosh)


def test_a_rule_of_ones_own(signs: str) -> None:
    network = Network(2, [Dense(6, "tanh"), Dense(1, "sigmoid")])
    assert_trains(network, "binary_crossentropy", signs)
    assert_prints(
        network, "mse", signs,
        "v_W1 ← μ · v_W1 + dW1", "W1 ← W1 - η · sign(v_W1)", "and likewise for b1, W2, b2",
    )  # fmt: skip
    derivation = derive(network, "mse", signs)
    step = NumpyEngine().run(derivation, {**initial_parameters(network, 2), "x": X, "y": Y})
    moved = np.asarray(step.updated["W1"]) - step["W1"]
    assert_close(moved, -0.02 * np.sign(step["dW1"]), "rounding")


def test_a_learnt_parameter_may_end_in_a_digit() -> None:
    activation("scaled", value=lambda z, k1: k1 * z, slope=lambda k1: k1, parameters={"k1": 2.0},
               learnt={"k1": lambda z: z})  # fmt: skip
    try:
        assert_gradients_are_central_differences(Network(2, [Dense(3, "scaled"), Dense(1, "scaled")]), "mse")
    finally:
        ACTIVATIONS.remove("scaled")


def test_a_parameter_with_a_symbol_of_the_layer_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        activation(
            "line", value=lambda z, m, b: m * z + b, slope=lambda m: m, parameters={"m": 1.0, "b": 0.0}
        )
    assert str(caught.value) == 'b, m of activation "line" is what a layer calls something else: rename it'


def test_a_loss_and_a_rule_may_have_parameters_of_one_name() -> None:
    loss("leaning", value=lambda p, y, alpha: alpha * (p - y) ** 2, slope=lambda p, y, alpha: 2 * alpha * (p - y),
         parameters={"alpha": 0.3})  # fmt: skip
    try:
        derivation = derive(Network(2, [Dense(1)]), "leaning", "rmsprop")
        assert derivation.constants == {"alpha": 0.3, "alpha_rmsprop": 0.99, "epsilon": 1e-8}
        assert "alpha_rmsprop" in derivation["s_W1"].arguments
        assert "alpha" in derivation["C"].arguments
    finally:
        LOSSES.remove("leaning")


def test_a_parameter_that_would_stand_for_two_things_is_refused() -> None:
    loss("lambda_loss", value=lambda p, c: c * p**2, slope=lambda p, c: 2 * c * p, parameters={"c": 2.0})
    try:
        with pytest.raises(ConfigError, match=r'^"c" would stand for two things in one derivation: rename'):
            derive(Network(2, [Dense(1)]), "lambda_loss", "sgd", clip_norm=1.0)
    finally:
        LOSSES.remove("lambda_loss")


def test_the_check_by_central_differences_can_fail() -> None:
    activation("slanted", value=lambda z: z * z, slope=lambda z: 2 * z + 1e-6)
    try:
        with pytest.raises(AssertionError, match=r"W1"):
            assert_gradients_are_central_differences(Network(2, [Dense(3, "slanted"), Dense(1)]), "mse")
    finally:
        ACTIVATIONS.remove("slanted")
