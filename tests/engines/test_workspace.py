"""The workspace of a short run serves the next one that is alike, and changes none of its bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from chainrule import Dense, Network, train
from chainrule.engines import workspace

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 3))
Y = (X[:, 0] > 0).astype(np.int64)
NETWORK = Network(3, [Dense(5, "tanh"), Dense(1, "sigmoid")])


def fit(network: Network = NETWORK, X: Any = X, **choices: Any) -> Any:
    return train(network, X, Y, engine="compiled", **{"epochs": 3, "batch": 8, **choices})


@pytest.fixture(autouse=True)
def none_kept() -> None:
    workspace._idle.clear()


def test_a_run_alike_takes_the_workspace_and_has_the_same_bits() -> None:
    first = fit()
    (kept,) = workspace._idle
    second = fit()
    assert list(workspace._idle) == [kept]
    assert first.model.digest == second.model.digest
    assert first.history.losses == second.history.losses


@pytest.mark.parametrize(
    "choices",
    [
        {"l2": 0.1},
        {"clip_norm": 0.1},
        {"rule": "momentum"},
        {"rule": "adam(beta1=0.5)"},
        {"dtype": "float64"},
        {"batch": 20},
        {"batch": 7},
        {"loss": "mse"},
        {"sample_weight": np.linspace(1, 2, 20)},
        {"X": X * 2},
        {"network": Network(3, [Dense(5, "sigmoid"), Dense(1, "sigmoid")])},
        {"network": Network(3, [Dense(5, "tanh", frozen=True), Dense(1, "sigmoid")])},
    ],
    ids=str,
)
def test_a_run_after_another_has_the_bits_of_one_alone(choices: dict[str, Any]) -> None:
    alone = fit(**choices)
    workspace._idle.clear()
    fit()
    after = fit(**choices)
    assert alone.model.digest == after.model.digest
    assert alone.history.losses == after.history.losses


def test_runs_at_once_share_none() -> None:
    seen: list[int] = []
    fit(callbacks=[lambda _: seen.append(len(fit().history)) or False])
    assert len(workspace._idle) == 2
    assert seen == [3, 3, 3]


def test_large_ones_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workspace, "LARGEST", 100)
    fit()
    assert not workspace._idle


@pytest.mark.parametrize("largest", [100, workspace.LARGEST], ids=["large", "kept"])
def test_the_last_step_asked_for_later_is_the_one_of_the_end(
    largest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workspace, "LARGEST", largest)
    ends: list[Any] = []
    original = train.__globals__["train_prepared"].__globals__["LastStep"]

    def at_once(compute: Any, *size: Any) -> Any:
        ends.append(compute())
        return original(compute, *size)

    monkeypatch.setitem(train.__globals__["train_prepared"].__globals__, "LastStep", at_once)
    given = X.astype(np.float32)
    run = fit(X=given)
    given[:] = 0
    fit(X=X * 3)
    for symbol, value in ends[0].values.items():
        assert_array_equal(run.step.values[symbol], value, err_msg=symbol)
    for symbol, value in ends[0].updated.items():
        assert_array_equal(run.step.updated[symbol], value, err_msg=symbol)
    assert run.step is run.step
