"""Loss and measures of the held-out rows after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from chainrule.engines.engine import Data, Engine, Evaluator
from chainrule.learning.model import Model
from chainrule.learning.objective import training_lines
from chainrule.learning.settings import Settings


class Validation:
    """The held-out rows of a run, if there are any; `settings` have the weights of the classes in numbers."""

    def __init__(self, model: Model, data: Data | None, settings: Settings, engine: Engine) -> None:
        self._model, self._data, self._settings, self._engine = model, data, settings, engine
        self._judge: Evaluator | None = None

    def __call__(
        self, parameters: Callable[[], Mapping[str, NDArray[Any]]]
    ) -> tuple[float | None, Mapping[str, float]]:
        """The loss, without the penalty, and the measures of the task; nothing without held-out rows."""
        if self._data is None:
            return None, {}
        if self._judge is None:
            network = self._model.network.without_dropout()
            lines = training_lines(network, self._data, replace(self._settings, l2=0.0), rule=False)
            self._judge = self._engine.evaluator(lines, dtype=self._settings.dtype)
        outputs, loss = self._judge(parameters(), self._data)
        return loss, self._model.score(outputs, self._data.y)
