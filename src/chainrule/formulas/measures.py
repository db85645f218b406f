"""Measures of how good predictions are; y and y_hat are columns (N, 1), P and Y are (N, K).

Several outputs are one column for RMSE and MAE, and a column each for R², averaged by the caller.

Precision, recall, F1 and the confusion matrix come from scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.vocabulary import absolute, equal, maximum, rows, sqrt, total, where, xlogy

MEASURES: Catalogue[Measure] = Catalogue("measure")


@dataclass(frozen=True, eq=False, repr=False)
class Measure(Entry):
    """A measure: its formula, what it is for, and whether more is better."""

    value: Definition
    task: Literal["classify", "regress"]
    more_is_better: bool


def measure(
    name: str,
    *,
    value: Callable[..., Any],
    task: Literal["classify", "regress"],
    more_is_better: bool,
    source: str = "",
) -> Measure:
    """Define a measure and put it into the catalogue."""
    made = Measure(
        name, value=definition(name, value), task=task, more_is_better=more_is_better, source=source
    )
    return MEASURES.register(made)


accuracy = measure(
    "accuracy",
    value=lambda y, y_hat: total(where(equal(y, y_hat), 1, 0)) / rows(y),
    task="classify",
    more_is_better=True,
    source="the fraction of samples whose class is predicted",
)
log_loss = measure(
    "log_loss",
    value=lambda Y, P: -total(xlogy(Y, maximum(P, 1e-15))) / rows(Y),
    task="classify",
    more_is_better=False,
    source="the mean of −ln of the probability given to the right class, which is taken as at least 1e-15",
)
rmse = measure(
    "rmse",
    value=lambda y, y_hat: sqrt(total((y - y_hat) ** 2) / rows(y)),
    task="regress",
    more_is_better=False,
    source="root of the mean squared error, in the target's own units",
)
mae = measure(
    "mae",
    value=lambda y, y_hat: total(absolute(y - y_hat)) / rows(y),
    task="regress",
    more_is_better=False,
    source="the mean absolute error, in the target's own units",
)
r2 = measure(
    "r2",
    value=lambda y, y_hat: 1 - total((y - y_hat) ** 2) / total((y - total(y) / rows(y)) ** 2),
    task="regress",
    more_is_better=True,
    source="Wright 1921: 1 − the residual sum of squares over the total one; undefined for a constant target",
)
