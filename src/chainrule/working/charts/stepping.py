"""Training passes one after the other on the reference engine, every number of each in the open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.engine import Step
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine

__all__ = ["column_values", "evaluated", "passes"]


def passes(
    network: Network, X: Any, y: Any, *, loss: Any, rule: Any, steps: int, seed: int = 0
) -> Iterator[Step]:
    """Each of `steps` steps of training on all rows at once, before its update, in float64.

    X: (N, I), y: (N, O). Ends early where the loss is no longer finite.
    """
    derivation, engine = derive(network, loss, rule), NumpyEngine()
    values: dict[str, Any] = {"x": X, "y": y, **initial_parameters(network, seed)}
    state: Mapping[str, Any] | None = None
    for number in range(1, steps + 1):
        step = engine.run(derivation, values, state=state, step=number)
        if not np.isfinite(step["C"]):
            return
        yield step
        values |= {p.name: step.updated[p.name] for p in derivation.trained}
        state = {symbol: step.updated[symbol] for symbol in derivation.state}


def evaluated(network: Network, parameters: Mapping[str, Any], X: Any) -> Step:
    """Every weighted sum and activation of the network on the rows of X (N, I), in float64."""
    feedforward: Derivation = derive(network.without_dropout())
    as_floats = {name: np.asarray(value, np.float64) for name, value in parameters.items()}
    return NumpyEngine().run(feedforward, {"x": X, **as_floats})


def column_values(step: Step, symbol: str, column: int = 0) -> NDArray[np.float64]:
    """One column (N,) of a symbol of shape (N, O)."""
    found: NDArray[np.float64] = np.asarray(step[symbol], np.float64)[:, column]
    return found
