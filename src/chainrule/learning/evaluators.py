"""Feedforward passes that were made ready, kept for the next call."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Derivation
from chainrule.engines.choose import choose_forward_engine
from chainrule.engines.engine import Data, Engine, Evaluator
from chainrule.engines.samples import check_finite, check_range, check_shape

Array = NDArray[Any]
# Kept at most, for threads that predict at once with one model.
KEPT = 2


class Evaluators:
    """The evaluators of one model, each for one call at a time; copies and pickles begin without any."""

    def __init__(self, derivation: Derivation, dtype: str) -> None:
        self._derivation, self._dtype = derivation, dtype
        # Taking from it and giving back are single steps, whatever other threads do.
        self._kept: dict[str, deque[Evaluator]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Evaluators, (self._derivation, self._dtype)

    def outputs(self, parameters: Mapping[str, Array], X: Any) -> Array:
        """The outputs (N, O) for X (N, I).

        Raises InvalidInput or ShapeMismatch for an X that the network cannot take.
        """
        inputs = check_shape(X, self._derivation.network)
        engine = choose_forward_engine(self._derivation.network, len(inputs))
        kept = self._kept.setdefault(engine.name, deque(maxlen=KEPT))
        try:
            evaluator = kept.pop()
        except IndexError:
            evaluator = self._made(engine)
        # Where numbers are read as they lie, the pass itself sees what is not finite; what it then computed is
        # not used.
        alike = isinstance(inputs, np.ndarray) and inputs.dtype == self._dtype
        if not (alike and hasattr(evaluator, "squares")):
            self._check(inputs)
        found = evaluator(parameters, Data(inputs, np.empty((0, 0))))[0]
        if not isfinite(getattr(evaluator, "squares", 0.0)):
            self._check(inputs)
        kept.append(evaluator)
        return found

    def _made(self, engine: Engine) -> Evaluator:
        evaluator: Any = engine.evaluator(self._derivation, dtype=self._dtype)
        if hasattr(evaluator, "squares"):
            evaluator.measures = True
        made: Evaluator = evaluator
        return made

    def _check(self, inputs: Any) -> None:
        if isinstance(inputs, np.ndarray):
            check_finite("X", inputs)
        check_range("X", inputs, self._dtype)
