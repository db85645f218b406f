"""First weights: always drawn by NumPy from a seed, in float64, so that every engine starts alike."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.network import Network, Parameter
from chainrule.formulas.initialisers import Initialiser


def initial_parameters(network: Network, seed: int = 0) -> dict[str, NDArray[np.float64]]:
    """Starting values of every parameter, by name, in float64.

    Each parameter draws from a stream of its own, so changing one layer leaves the others' numbers alone.

    >>> from chainrule.derivation.network import Dense
    >>> initial_parameters(Network(2, [Dense(1)]), seed=3)["b1"]
    array([0.])
    """
    streams = np.random.SeedSequence(seed).spawn(len(network.parameters))
    return {
        parameter.name: _start(parameter, np.random.default_rng(stream))
        for parameter, stream in zip(network.parameters, streams, strict=True)
    }


def _start(parameter: Parameter, rng: np.random.Generator) -> NDArray[np.float64]:
    start: Any = parameter.start
    if not isinstance(start, Initialiser):
        return np.array(start, dtype=np.float64).reshape(parameter.shape)
    fan_in, fan_out = (parameter.shape * 2)[:2]
    scale = start.scale_for(fan_in, fan_out)
    if start.distribution == "constant":
        return np.full(parameter.shape, scale)
    if start.distribution == "uniform":
        return rng.uniform(-scale, scale, parameter.shape)
    return rng.normal(0.0, scale, parameter.shape)
