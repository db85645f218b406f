"""Two engines on the same step: every symbol's value, and what an epoch of training leaves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.compiled import CompiledEngine
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from tolerances import Comparison, assert_close

COUNT, KEY = 11, 42
COMPILED, PLAIN = CompiledEngine(), NumpyEngine()
TOLERANCES: dict[str, Comparison] = {"float64": "rounding", "float32": "engines in float32"}


def data_for(derivation: Derivation, count: int) -> Data:
    rng = np.random.default_rng(3)
    network, targets = derivation.network, derivation.loss and derivation.loss.targets
    X = rng.normal(size=(count, network.inputs))
    if derivation.shapes["y"][1] == 1 and targets == "classes":
        y: Any = rng.integers(0, network.outputs, (count, 1))
    elif targets == "classes":
        y = np.eye(network.outputs)[rng.integers(0, network.outputs, count)]
    elif targets == "binary":
        y = rng.integers(0, 2, size=(count, network.outputs)).astype(float)
    else:
        y = rng.uniform(0.1, 0.9, size=(count, network.outputs))
    weighted = "q" in derivation.inputs or "s" in derivation.inputs
    return Data(X, y, rng.uniform(0.5, 2, size=(count, 1)) if weighted else None)


def assert_near(got: Any, wanted: Any, dtype: str, what: str) -> None:
    scale = max(float(np.max(np.abs(wanted), initial=0.0)), 1e-3)
    assert_close(got, wanted, TOLERANCES[dtype], scale=scale, what=what)


def _sound(values: Mapping[str, Any], gradient: str | None, like: Any) -> Any:
    """Where an update is no mere rounding: a rule that divides a gradient by its own size also does so where
    terms a 10,000th of the others' size are left of a sum.
    """
    if gradient is None or np.shape(values[gradient]) != np.shape(like):
        return True
    size = np.abs(np.asarray(values[gradient]))
    return (size == 0) | (size > 1e-4 * size.max())


def assert_engines_agree(
    network: Network, loss: Any, by: str, options: dict[str, Any], dtype: str, *, ours: Any = COMPILED
) -> None:
    """One recorded step, symbol by symbol, and an epoch of training with a smaller last batch."""
    derivation = derive(network, loss, by, **options)
    data = data_for(derivation, COUNT)
    parameters: dict[str, Any] = {n: v.astype(dtype) for n, v in initial_parameters(network, 1).items()}
    values = {**parameters, "x": data.X, "y": data.y}
    if data.weights is not None:
        values["q" if "q" in derivation.inputs else "s"] = data.weights
    chosen: dict[str, Any] = {"rate": 0.05, "step": 3, "key": KEY, "dtype": dtype}
    got, wanted = ours.run(derivation, values, **chosen), PLAIN.run(derivation, values, **chosen)
    assert got.values.keys() == wanted.values.keys()
    assert got.updated.keys() == wanted.updated.keys()
    for symbol, value in wanted.values.items():
        assert_near(got.values[symbol], value, dtype, symbol)
    for line in derivation.phase("update"):
        sound = _sound(wanted.values, derivation.gradients.get(line.of or ""), wanted.updated[line.symbol])
        new, old = (np.where(sound, each.updated[line.symbol], 0.0) for each in (got, wanted))
        assert_near(new, old, dtype, f"new {line.symbol}")
    trainers = [e.trainer(derivation, parameters, data, dtype=dtype, key=KEY) for e in (ours, PLAIN)]
    assert isinstance(trainers[0], CompiledTrainer)
    order = np.random.default_rng(2).permutation(COUNT)
    sums = [t.steps(order, 4, 0, 0.05, 60.0, lambda: False) for t in trainers]
    assert sums[0].batches == sums[1].batches == 3
    for name in ("samples", "loss", "squares"):
        assert_near(getattr(sums[0], name), getattr(sums[1], name), dtype, name)
    if dtype == "float64":
        for name, value in trainers[1].parameters().items():
            assert_close(trainers[0].parameters()[name], value, "autograd", what=name)
