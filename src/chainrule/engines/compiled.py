"""The compiled engine: a derivation's lines as machine code, many steps in one call.

It computes what the NumPy engine computes, from the same lines and the same trees; sums are taken in another
order, so the last bits differ. A derivation it has no code for goes, as a whole, to the NumPy engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation
from chainrule.engines.compiled_forward import CompiledEvaluator
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Array, Data, Evaluator, Step, Trainer
from chainrule.engines.lowerable import NotLowered
from chainrule.engines.machinery import Recorder
from chainrule.engines.numpy import NumpyEngine, check_values
from chainrule.engines.program import Arena, as_dtype
from chainrule.engines.sparse import SparseRows


class CompiledEngine:
    """Computes a derivation's lines with machine code made from their trees.

    >>> from chainrule.derivation import Dense, Network, derive
    >>> net = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[0.0]])])
    >>> values = {"x": [[1.0]], "y": [[1.0]], "W1": [[0.0]]}
    >>> step = CompiledEngine().run(derive(net, "mse", "sgd"), values, rate=1.0)
    >>> float(step["a1"][0, 0]), float(step.updated["W1"][0, 0])
    (0.5, 0.25)
    """

    name = "compiled"

    def __init__(self) -> None:
        self._plain = NumpyEngine()

    def run(
        self,
        derivation: Derivation,
        values: Mapping[str, Any],
        *,
        state: Mapping[str, Any] | None = None,
        rate: float | None = None,
        step: int = 1,
        key: int = 0,
        dtype: Any = np.float64,
    ) -> Step:
        """Compute every line once and return every symbol's value; see `NumpyEngine.run`."""
        arena = Arena(derivation, as_dtype(dtype))
        given = check_values(derivation, values, arena.dtype)
        for symbol, value in (state or {}).items():
            np.copyto(arena.views[symbol], value)
        try:
            sparse = isinstance(given["x"], SparseRows)
            recorder = Recorder(derivation, arena, len(given["x"]), sparse=sparse)
        except NotLowered:
            return self._plain.run(
                derivation, values, state=state, rate=rate, step=step, key=key, dtype=dtype
            )
        return recorder.record(given, rate, step, key)

    def forward(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any = np.float32
    ) -> tuple[Array, float | None]:
        """The outputs (N, O) for many rows, and the loss where the derivation has one."""
        return self.evaluator(derivation, dtype=dtype)(parameters, data)

    def evaluator(self, derivation: Derivation, *, dtype: Any) -> Evaluator:
        """`forward` made ready once, for parameters that change."""
        try:
            return CompiledEvaluator(derivation, as_dtype(dtype))
        except NotLowered:
            return self._plain.evaluator(derivation, dtype=dtype)

    def trainer(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> Trainer:
        """Begin training on data from given parameters."""
        try:
            return CompiledTrainer(derivation, parameters, data, dtype=dtype, key=key)
        except NotLowered:
            return self._plain.trainer(derivation, parameters, data, dtype=dtype, key=key)
