"""Formulas at the corners of the engine: shared buffers, truths as numbers, names, threads, subnormals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from types import ModuleType

import numpy as np
import pytest

from chainrule.derivation import Dense, Network, derive
from chainrule.engines import threads
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import FLUSH_EVERY, NumpyEngine
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.rules import RULES, rule
from chainrule.formulas.vocabulary import exp
from chainrule.learning.training import train

POINTS = [-1.5, 0.5, 2.0]


@pytest.fixture
def own() -> Iterator[None]:
    activations, rules = set(ACTIVATIONS), set(RULES)
    yield
    for name in set(ACTIVATIONS) - activations:
        ACTIVATIONS.remove(name)
    for name in set(RULES) - rules:
        RULES.remove(name)


def values(name: str) -> list[float]:
    """The activation of a unit at each point, as the engine computes it."""
    network = Network(1, [Dense(1, name, bias=False)])
    step = NumpyEngine().run(derive(network), {"x": [[z] for z in POINTS], "W1": [[1.0]]})
    return np.ravel(step["a1"]).tolist()


@pytest.mark.parametrize("beta", [1.0, 2.0])
def test_dividing_by_one_leaves_shared_numbers_alone(own: None, beta: float) -> None:
    activation(
        "shared",
        value=lambda z, beta: (exp(z) / beta + 1) * exp(z),
        slope=lambda z, beta: (2 * exp(z) / beta + 1) * exp(z),
        parameters={"beta": beta},
    )
    wanted = [ACTIVATIONS["shared"].value_at(z) for z in POINTS]
    assert values("shared") == pytest.approx(wanted, rel=1e-14)


def test_truths_can_be_added_and_negated(own: None) -> None:
    activation("stairs", value=lambda z: (z > 0) + (z > 1) - -(z > 1.5), slope=lambda z: 0 * z)
    assert values("stairs") == [0.0, 1.0, 3.0]
    assert [ACTIVATIONS["stairs"].value_at(z) for z in POINTS] == [0.0, 1.0, 3.0]


def test_a_rule_may_call_its_own_number_clipped(own: None) -> None:
    rule(
        "named",
        parameters={"learning_rate": 0.1},
        assignments=[("clipped", lambda g: 2 * g), ("w", lambda w, clipped, eta: w - eta * clipped)],
    )
    network = Network(1, [Dense(1, bias=False)])
    given = {"x": [[1.0]], "y": [[0.0]], "W1": [[1.0]]}
    plain = NumpyEngine().run(derive(network, "half_squared_error", "named"), given)
    loose = NumpyEngine().run(derive(network, "half_squared_error", "named", clip_value=1e6), given)
    assert np.ravel(plain.updated["W1"]).tolist() == np.ravel(loose.updated["W1"]).tolist() == [0.8]


def test_confident_right_rows_keep_their_loss_in_float32(torch: ModuleType) -> None:
    network = Network(2, [Dense(2, "softmax", bias=False)])
    derivation = derive(network, "crossentropy")
    for z in ([1000.0, 990.0], [100.0, 85.0]):
        loss = float(torch.nn.functional.cross_entropy(torch.tensor([z]), torch.tensor([0])))
        given = {"x": [z], "y": [[1.0, 0.0]], "W1": np.eye(2)}
        step = NumpyEngine().run(derivation, given, dtype=np.float32)
        assert float(np.asarray(step["C"])) == pytest.approx(loss, rel=1e-2)


@pytest.mark.parametrize("loss", ["mse", "mse(batch=sum)"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_loss_of_an_epoch_is_that_of_all_its_rows(loss: str, weighted: bool) -> None:
    X, y = np.arange(5.0).reshape(-1, 1), [3.0, -1.0, 2.0, 0.5, 4.0]
    weights = [1.0, 20.0, 0.0, 3.0, 7.0] if weighted else None
    network = Network(1, [Dense(1, "identity", frozen=True, weights=[[0.3]])])
    run = train(network, X, y, loss=loss, batch=2, epochs=1, sample_weight=weights, dtype="float64")
    assert run.history[0].loss == pytest.approx(run.model.evaluate(X, y, weights)["loss"], rel=1e-12)


def test_the_pool_is_whole_again_after_two_trainings_at_once() -> None:
    network = Network(64, [Dense(128), Dense(64)])
    before = threads.count_threads()
    inside = threading.Barrier(2)

    def hold(first: bool) -> None:
        with threads.enough_threads(network, 64):
            inside.wait(10)
            if first:
                inside.wait(10)
        if not first:
            inside.wait(10)

    both = [threading.Thread(target=hold, args=(first,)) for first in (True, False)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert threads.count_threads() == before


def test_state_that_decays_below_the_normal_numbers_is_set_to_0() -> None:
    network = Network(1, [Dense(1, "relu", weights=[[-1.0]], bias=False)])
    derivation = derive(network, "mse", "momentum")
    data = Data(np.ones((1, 1)), np.zeros((1, 1)))
    trainer = NumpyEngine().trainer(derivation, initial_parameters(network), data, dtype=np.float32, key=0)
    trainer.load({}, {"v_W1": np.full((1, 1), 1e-37, np.float32)}, 0)
    for _ in range(FLUSH_EVERY):
        trainer.steps(None, 1, 0, 0.01, 1.0, lambda: False)
    assert trainer.state()["v_W1"].tolist() == [[0.0]]
