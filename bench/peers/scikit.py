"""scikit-learn's MLPClassifier, from the same first weights; it draws the order of the rows itself."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import Job


def sklearn_model(job: Job, epochs: int | None = None) -> Any:
    """An estimator for the job. Between two classes it has one sigmoid output, so it does a little less."""
    from sklearn.neural_network import MLPClassifier

    class FromGiven(MLPClassifier):  # type: ignore[misc]
        """Starts from the job's first weights."""

        def _initialize(self, y: Any, layer_units: Any, dtype: Any) -> None:
            super()._initialize(y, layer_units, dtype)
            given = job.first_weights()
            if job.network.outputs == 2:
                W, b = given[-1]
                given[-1] = W[:, 1:] - W[:, :1], b[1:] - b[:1]
            self.coefs_ = [W.astype(dtype) for W, _ in given]
            self.intercepts_ = [b.astype(dtype) for _, b in given]
            self._best_coefs = [W.copy() for W in self.coefs_]

    epochs = job.epochs if epochs is None else epochs
    return FromGiven(
        tuple(job.network.sizes[1:-1]), activation=job.network.dense[0].activation.name, alpha=0.0,
        batch_size=min(job.batch, len(job.X)), learning_rate_init=job.rate, max_iter=epochs, tol=0.0,
        n_iter_no_change=epochs + 1, random_state=0,
    )  # fmt: skip


def sklearn_fit(job: Job) -> Callable[[], float]:
    """The whole fit."""
    from sklearn.exceptions import ConvergenceWarning

    X = np.ascontiguousarray(job.X, job.dtype)

    def train() -> float:
        model = sklearn_model(job)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(X, job.y)
        return float(model.loss_)

    return train
