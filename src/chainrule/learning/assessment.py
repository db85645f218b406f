"""How good a classifier's decisions are, class by class: scikit-learn's measures on prepared data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.engine import Data
from chainrule.engines.samples import class_numbers
from chainrule.learning.model import Model


@dataclass(frozen=True, eq=False)
class Assessment:
    """Measures of a model on some rows.

    measures:  loss and the task's measures; for classes also precision, recall and F1, macro-averaged over
               the classes that are among the truth or the predictions, as scikit-learn does
    confusion: (K, K) counts, a row for each true class and a column for each predicted one, or None
    by_class:  class → its precision, recall, F1 and how many rows are of it
    """

    measures: Mapping[str, float]
    confusion: NDArray[np.int64] | None
    by_class: Mapping[str, Mapping[str, float]]

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON values."""
        made: dict[str, Any] = dict(self.measures)
        if self.confusion is not None:
            made |= {
                "confusion": self.confusion.tolist(),
                "by_class": {k: dict(v) for k, v in self.by_class.items()},
            }
        return made


def assess(model: Model, data: Data) -> Assessment:
    """Measure a model on prepared rows."""
    outputs, measures = model.measured(data)
    predicted = model.decide(outputs)
    truth = class_numbers(data.y) if model.classifies else None
    if truth is None or predicted.ndim > 1:
        return Assessment(measures, None, {})
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    count = max(model.network.outputs, 2)
    labels = model.classes or tuple(map(str, range(count)))
    numbers = np.arange(count)
    parts = precision_recall_fscore_support(truth, predicted, labels=numbers, zero_division=0.0)
    by_class = {
        label: {"precision": float(p), "recall": float(r), "f1": float(f), "rows": int(n)}
        for label, p, r, f, n in zip(labels, *parts, strict=True)
    }
    confusion = confusion_matrix(truth, predicted, labels=numbers)
    occurs = confusion.sum(axis=0) + confusion.sum(axis=1) > 0
    present = [row for row, is_present in zip(by_class.values(), occurs, strict=True) if is_present]
    macro = {name: float(np.mean([row[name] for row in present])) for name in ("precision", "recall", "f1")}
    return Assessment({**measures, **macro}, confusion, by_class)
