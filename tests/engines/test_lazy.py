"""Rules that leave rows without gradient alone are found, and only the touched rows are worked on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.lazy import lazy_weights, simplified
from chainrule.engines.sparse import sparse_rows
from chainrule.formulas.expression import Constant, Symbol
from chainrule.formulas.rules import RULES, AdaGrad, Momentum, rule
from chainrule.formulas.vocabulary import maximum, minimum, where

NETWORK = Network(50, [Dense(6, "tanh"), Dense(3, "softmax")])
LAZY = {"gradient_descent", "adagrad", "lazy_adam"}


@pytest.mark.parametrize("name", [name for name in RULES if name != "perceptron"])
def test_a_rule_is_lazy_where_no_gradient_means_no_change(name: str) -> None:
    assert lazy_weights(derive(NETWORK, "crossentropy", name)) == (name in LAZY)


@pytest.mark.parametrize(
    ("options", "lazy"),
    [({"l2": 0.1}, False), ({"clip_norm": 1.0}, False), ({"clip_value": 1.0}, True)],
    ids=str,
)
def test_l2_and_the_gradients_length_need_every_row(options: dict[str, Any], lazy: bool) -> None:
    assert lazy_weights(derive(NETWORK, "crossentropy", "sgd", **options)) == lazy


def test_what_would_divide_nothing_by_nothing_is_not_lazy() -> None:
    assert not lazy_weights(derive(NETWORK, "crossentropy", AdaGrad(epsilon=0.0)))


def test_momentum_without_memory_is_lazy_no_more_than_it_says() -> None:
    assert not lazy_weights(derive(NETWORK, "crossentropy", Momentum(mu=0.0)))


def test_frozen_first_weights_have_nothing_to_be_lazy_about() -> None:
    network = Network(50, [Dense(6, "tanh", frozen=True), Dense(3, "softmax")])
    assert not lazy_weights(derive(network, "crossentropy", "sgd"))


@pytest.fixture
def own() -> Iterator[str]:
    rule(
        "halting",
        parameters={"learning_rate": 0.1, "decay": 0.5},
        state={"n": 1.0},
        assignments=[
            ("n", lambda n, g: n + abs_of(g)),
            ("w", lambda w, g, n, eta, decay: w - eta * decay * g / n),
        ],
    )
    yield "halting"
    RULES.remove("halting")


def abs_of(g: Any) -> Any:
    return where(g > 0, g, -g)


def test_a_rule_of_ones_own_is_seen_to_be_lazy(own: str) -> None:
    assert lazy_weights(derive(NETWORK, "crossentropy", own))


def test_a_tree_is_simplified_at_nothing() -> None:
    w, zero = Symbol("w"), Constant(0)
    assert simplified(w - 0.1 * maximum(minimum(zero, 2), -2)) is w
    assert simplified(where(zero > 0, 2 * w, w + zero)) is w
    assert simplified(0.9 * w + zero) is not w


@pytest.mark.parametrize("name", sorted(LAZY))
def test_rows_that_no_batch_touches_are_never_written(name: str) -> None:
    rng = np.random.default_rng(0)
    table = sparse.random(40, 50, 0.05, "lil", random_state=rng)
    table[:, 30:] = 0
    derivation = derive(NETWORK, "crossentropy", name)
    data = Data(sparse_rows("X", table), np.eye(3)[rng.integers(0, 3, 40)])
    trainer = CompiledTrainer(derivation, initial_parameters(NETWORK, 0), data, dtype="float64", key=0)
    # Were one of these rows read and written back, the others' sums would show it.
    trainer._arena.views["W1"][30:] = np.nan
    trainer._arena.views["dW1"][:] = np.nan
    found = trainer.steps(rng.permutation(40), 8, 0, 0.1, 60.0, lambda: False)
    assert not found.bad
    assert np.isfinite(trainer.parameters()["W1"][:30]).all()
    assert np.isnan(trainer._arena.views["dW1"]).all()
