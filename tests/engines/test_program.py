"""Recorded steps, training steps and a plain line-by-line evaluation: the same bits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.engines.arrays import numpy_spelling
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.formulas.expression import fold
from chainrule.formulas.rules import RULES, rule
from chainrule.formulas.vocabulary import sqrt, where

DTYPES = ["float32", "float64"]
COUNT, KEY = 11, 42


def line_by_line(
    derivation: Derivation, values: dict[str, Any], dtype: str, rate: float, t: int
) -> dict[str, Any]:
    """Every line by itself, nothing fused and nothing in place.

    Numbers stay Python floats, computed by the primitives' meanings, until they meet an array.
    """
    known = {name: np.asarray(value, dtype=None if name == "y" and "Y" in derivation.shapes else dtype)
             for name, value in values.items()}  # fmt: skip
    known |= {name: np.array([row], dtype) for name, row in derivation.vectors.items()}
    known |= {**derivation.constants, "eta": rate, "t": t, "key": KEY}
    before = dict(known)

    def apply(primitive: Any, *operands: Any) -> Any:
        if all(not isinstance(operand, np.ndarray) for operand in operands):
            return float(primitive.meaning(*operands))
        if primitive.name == "uniform":
            return numpy_spelling(primitive)(*operands)
        arrays = [o if isinstance(o, np.ndarray) else np.array(o, dtype) for o in operands]
        return numpy_spelling(primitive)(*arrays)

    with np.errstate(all="ignore"):
        for line in derivation.lines:
            known[line.symbol] = fold(line.tree, lambda s: known[s.name], lambda c: float(c.value), apply)
            if line.phase != "update":
                before[line.symbol] = known[line.symbol]
    return {"before": before, "after": known}


NETWORKS = {
    "one unit": Network(3, [Dense(1, "sigmoid")]),
    "deep": Network(3, [Dense(4, "tanh"), Dense(3, "relu", bias=False), Dense(2, "sigmoid")]),
    "softmax": Network(3, [Dense(4, "gelu"), Dense(3, "softmax")]),
    "dropout": Network(3, [Dropout(0.2), Dense(4, "elu"), Dropout(0.5), Dense(2)]),
    "prelu": Network(3, [Dense(4, "prelu"), Dense(2, "swish(2.0)")]),
    "frozen": Network(3, [Dense(4, "softplus"), Dense(4, "sigmoid", frozen=True), Dense(2, "tanh")]),
    "thresholds": Network(3, [Dense(4, "sigmoid", threshold=True), Dense(2, "sigmoid")]),
}
LOSSES = {"softmax": "crossentropy", "one unit": "binary_crossentropy"}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"l2": 0.01},
    {"clip_norm": 0.05},
    {"clip_value": 0.02, "sample_weights": True},
]
TRAINED_BY = [name for name in RULES if name != "perceptron"]


def _data(network: Network, loss: str, weighted: bool, seed: int = 3) -> Data:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(COUNT, network.inputs))
    if loss == "crossentropy":
        y = np.eye(network.outputs)[rng.integers(0, network.outputs, COUNT)]
    else:
        y = rng.integers(0, 2, size=(COUNT, network.outputs)).astype(float)
    return Data(X, y, rng.uniform(0.5, 2, size=(COUNT, 1)) if weighted else None)


def assert_same_bits(got: Any, wanted: Any, what: str) -> None:
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape, what
    same = np.array_equal(got, wanted.astype(got.dtype), equal_nan=True)
    assert same, f"{what}: {got} is not {wanted}"


def assert_training_is_the_lines(
    network: Network, loss: str, by: str, options: dict[str, Any], dtype: str
) -> None:
    """Several steps with a smaller last batch: trainer, recorded step and line by line, each symbol."""
    derivation = derive(network, loss, by, **options)
    engine = NumpyEngine()
    data = _data(network, loss, derivation.inputs.count("s") > 0)
    parameters: dict[str, Any] = {n: v.astype(dtype) for n, v in initial_parameters(network, 1).items()}
    state: dict[str, Any] = {
        symbol: np.full(parameters[of].shape, start, dtype)
        for symbol, (of, start) in derivation.state.items()
    }
    trainer = engine.trainer(derivation, parameters, data, dtype=dtype, key=KEY)
    order = np.random.default_rng(2).permutation(COUNT)
    for t, start in enumerate((0, 4, 8), start=1):
        chosen = order[start : start + 4]
        values = {**parameters, **state, "x": data.X[chosen], "y": data.y[chosen]}
        if data.weights is not None:
            values["s"] = data.weights[chosen]
        plain = line_by_line(derivation, values, dtype, 0.05, t)
        step = engine.run(derivation, values, state=state, rate=0.05, step=t, key=KEY, dtype=dtype)
        for line in derivation.lines:
            if line.phase != "update":
                assert_same_bits(
                    step.values[line.symbol], plain["before"][line.symbol], f"{line.symbol} in step {t}"
                )
        for line in derivation.phase("update"):
            assert_same_bits(
                step.updated[line.symbol], plain["after"][line.symbol], f"new {line.symbol} in step {t}"
            )
        trainer.steps(order, 4, start // 4, 0.05, 60.0, lambda: True)
        trained = {**trainer.parameters(), **trainer.state()}
        for symbol, value in trained.items():
            assert_same_bits(value, plain["after"][symbol], f"{symbol} after training step {t}")
        parameters = {name: trained[name] for name in parameters}
        state = {name: trained[name] for name in state}
    assert trainer.step_number == 3


@pytest.mark.parametrize("by", TRAINED_BY)
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_rule_gives_the_same_bits_fused_recorded_and_line_by_line(by: str, dtype: str) -> None:
    for options in OPTIONS:
        assert_training_is_the_lines(NETWORKS["deep"], "mse", by, options, dtype)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_each_kind_of_network_gives_the_same_bits(name: str, dtype: str) -> None:
    for by, options in product(("sgd", "adam", "lazy_adam"), OPTIONS):
        assert_training_is_the_lines(NETWORKS[name], LOSSES.get(name, "mse"), by, options, dtype)


def test_the_perceptron_rule_gives_the_same_bits() -> None:
    for threshold in (True, False):
        network = Network(3, [Dense(1, "step", threshold=threshold)])
        assert_training_is_the_lines(network, "mse", "perceptron", {}, "float64")


def test_the_comparison_of_bits_can_fail() -> None:
    with pytest.raises(AssertionError, match="W1"):
        assert_same_bits(np.array([1.0, 2.0]), np.array([1.0, np.nextafter(2.0, 3.0)]), "W1")


# --- a rule of one's own with what the flat arrays cannot hold ----------------------------------------


@pytest.fixture
def stepwise() -> Iterator[str]:
    """A rule with a single number and a comparison on its way, and one that depends on the step."""
    rule(
        "stepwise",
        parameters={"learning_rate": 0.1, "grow": 1.2, "shrink": 0.5},
        state={"p": 0.0, "r": 1.0},
        assignments=[
            ("pace", lambda eta, t: eta / sqrt(t)),
            ("same", lambda g, p: g * p > 0),
            ("r", lambda same, r, grow, shrink: where(same, r * grow, r * shrink)),
            ("p", lambda g: g),
            ("w", lambda w, g, r, pace, t: where(t > 1, w - pace * r * g, w)),
        ],
    )
    yield "stepwise"
    RULES.remove("stepwise")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_rule_with_numbers_and_comparisons_on_its_way(stepwise: str, dtype: str) -> None:
    for options in OPTIONS:
        assert_training_is_the_lines(NETWORKS["deep"], "mse", stepwise, options, dtype)


# --- what a step does and does not change ---------------------------------------------------------------


def test_a_recorded_step_changes_nothing() -> None:
    derivation = derive(NETWORKS["deep"], "mse", "adam")
    data = _data(NETWORKS["deep"], "mse", False)
    parameters = initial_parameters(NETWORKS["deep"], 1)
    trainer = NumpyEngine().trainer(derivation, parameters, data, dtype="float64", key=0)
    trainer.steps(None, COUNT, 0, 0.1, 60.0, lambda: True)
    before = {**trainer.parameters(), **trainer.state()}
    first, second = trainer.last_step(), trainer.last_step()
    after = {**trainer.parameters(), **trainer.state()}
    for symbol, value in before.items():
        assert_same_bits(after[symbol], value, symbol)
        assert_same_bits(first.updated.get(symbol, 0), second.updated.get(symbol, 0), symbol)


def test_frozen_layers_do_not_move() -> None:
    network = NETWORKS["frozen"]
    derivation = derive(network, "mse", "adam", l2=0.1)
    assert "dW2" not in {line.symbol for line in derivation}
    parameters = initial_parameters(network, 1)
    trainer = NumpyEngine().trainer(
        derivation, parameters, _data(network, "mse", False), dtype="float64", key=0
    )
    trainer.steps(None, 3, 0, 0.1, 60.0, lambda: False)
    after = trainer.parameters()
    for name, value in parameters.items():
        moved = not np.array_equal(after[name], value)
        assert moved == (name not in ("W2", "b2")), name


def test_every_trained_parameter_moves() -> None:
    for network in NETWORKS.values():
        parameters = initial_parameters(network, 1)
        loss = "crossentropy" if network.dense[-1].activation.name == "softmax" else "mse"
        data = _data(network, loss, False)
        trainer = NumpyEngine().trainer(
            derive(network, loss, "sgd"), parameters, data, dtype="float64", key=0
        )
        trainer.steps(None, 4, 0, 0.5, 60.0, lambda: False)
        for p in network.parameters:
            moved = not np.array_equal(trainer.parameters()[p.name], parameters[p.name])
            assert moved != p.frozen, f"{p.name} of {network}"


def test_a_slice_counts_batches_samples_loss_and_gradient_lengths() -> None:
    network = NETWORKS["deep"]
    derivation = derive(network, "mse", "sgd")
    data = _data(network, "mse", False)
    parameters = initial_parameters(network, 1)
    trainer = NumpyEngine().trainer(derivation, parameters, data, dtype="float64", key=0)
    done = trainer.steps(None, 4, 0, 1e-12, 60.0, lambda: False)
    assert (done.batches, done.samples, done.bad) == (3, COUNT, False)
    losses, squares = 0.0, np.zeros(3)
    for start in (0, 4, 8):
        rows = slice(start, start + 4)
        step = NumpyEngine().run(derivation, {**parameters, "x": data.X[rows], "y": data.y[rows]}, rate=1e-12)
        losses += float(step["C"]) * len(data.X[rows])
        for layer, names in enumerate((("dW1", "db1"), ("dW2",), ("dW3", "db3"))):
            squares[layer] += sum(float((np.asarray(step[name]) ** 2).sum()) for name in names)
    assert done.loss == pytest.approx(losses, rel=1e-9)
    assert done.squares == pytest.approx(tuple(squares), rel=1e-9)


@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e200])
def test_a_step_that_leaves_the_finite_numbers_is_not_applied(poison: float) -> None:
    network = NETWORKS["deep"]
    data = _data(network, "mse", False)
    data.y[5] = poison
    trainer = NumpyEngine().trainer(
        derive(network, "mse", "adam"), initial_parameters(network, 1), data, dtype="float64", key=0
    )
    good = trainer.steps(None, 4, 0, 0.1, 60.0, lambda: True)
    before = trainer.parameters()
    bad = trainer.steps(None, 4, 1, 0.1, 60.0, lambda: False)
    assert (good.bad, bad.bad, bad.batches) == (False, True, 0)
    assert trainer.step_number == 1
    for name, value in before.items():
        assert_same_bits(trainer.parameters()[name], value, name)


def test_training_goes_on_from_loaded_numbers_with_the_same_bits() -> None:
    network = NETWORKS["dropout"]
    derivation = derive(network, "mse", "adam")
    data = _data(network, "mse", False)
    whole = NumpyEngine().trainer(derivation, initial_parameters(network, 1), data, dtype="float32", key=KEY)
    whole.steps(None, 4, 0, 0.1, 60.0, lambda: False)
    halfway = NumpyEngine().trainer(
        derivation, initial_parameters(network, 1), data, dtype="float32", key=KEY
    )
    halfway.steps(None, 4, 0, 0.1, 60.0, lambda: True)
    resumed = NumpyEngine().trainer(
        derivation, initial_parameters(network, 9), data, dtype="float32", key=KEY
    )
    resumed.load(halfway.parameters(), halfway.state(), halfway.step_number)
    resumed.steps(None, 4, 1, 0.1, 60.0, lambda: False)
    for symbol, value in {**whole.parameters(), **whole.state()}.items():
        assert_same_bits({**resumed.parameters(), **resumed.state()}[symbol], value, symbol)
