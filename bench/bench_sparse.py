"""How fast training on a sparse matrix is beside training on the same matrix dense, and beside scikit-learn.

Rows of words, as text has them: 20,000 columns, 30 entries a row, one hidden layer, batches of 32. Each tool
takes the same number of steps of the same rule on the same rows; the last losses are printed, so that nobody
wins by doing less (scikit-learn draws its own first weights and orders). Whole runs, from the matrix to the
model, on one thread. Run it with `python bench/bench_sparse.py`; `--cpu` measures processor time, for a
machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from functools import partial
from statistics import median
from time import perf_counter, process_time
from typing import Any

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from scipy import sparse

import chainrule as cr

COLUMNS, ENTRIES, CLASSES, BATCH, EPOCHS = 20_000, 30, 3, 32, 3
# Of ours, by what scikit-learn calls it: plain gradient descent, and Adam.
RULES = {"sgd": ("sgd",), "adam": ("lazy_adam", "adam")}
RATES = {"sgd": 0.1, "adam": 0.001}


def table(rows: int) -> tuple[Any, Any]:
    """Rows whose words come by Zipf's law, and classes that depend on some of them."""
    rng = np.random.default_rng(0)
    words = np.minimum(rng.zipf(1.3, (rows, ENTRIES)) + rng.integers(0, 300, (rows, ENTRIES)), COLUMNS) - 1
    starts = np.arange(rows + 1) * ENTRIES
    X = sparse.csr_matrix((np.ones(words.size, np.float32), words.ravel(), starts), shape=(rows, COLUMNS))
    X.sum_duplicates()
    return X, (words[:, :3].sum(axis=1) % CLASSES).astype(np.int64)


def ours(X: Any, y: Any, units: int, rule: str, rate: float) -> float:
    """The last epoch's loss."""
    net = cr.Network(COLUMNS, [cr.Dense(units, "relu"), cr.Dense(CLASSES, "softmax")])
    run = cr.train(net, X, y, rule=rule, rate=rate, batch=BATCH, epochs=EPOCHS, engine="compiled")
    return float(run.history[-1].loss)


def theirs(X: Any, y: Any, units: int, rule: str, rate: float) -> float:
    """The last epoch's loss by scikit-learn."""
    from sklearn.neural_network import MLPClassifier

    made = MLPClassifier(
        (units,), solver=rule, alpha=0.0, batch_size=BATCH, learning_rate_init=rate, max_iter=EPOCHS,
        momentum=0.0, nesterovs_momentum=False, tol=0.0, n_iter_no_change=EPOCHS + 1, random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.fit(X, y)
    return float(made.loss_)


def timed(run: Callable[[], float], clock: Callable[[], float], times: int) -> tuple[float, float]:
    """The median of the seconds, and the loss."""
    taken, loss = [], run()
    for _ in range(times):
        began = clock()
        loss = run()
        taken.append(clock() - began)
    return median(taken), loss


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cpu", action="store_true", help="processor time instead of the wall's clock")
    parser.add_argument("--rows", type=int, default=3200)
    parser.add_argument("--times", type=int, default=5)
    given = parser.parse_args()
    clock = process_time if given.cpu else perf_counter
    X, y = table(given.rows)
    dense = X.toarray()
    steps = EPOCHS * -(-given.rows // BATCH)
    print(f"{X.shape[0]} × {X.shape[1]}, {X.nnz} entries, {steps} steps of {BATCH} rows; seconds, last loss")
    for units in (16, 64):
        for theirs_by, rules in RULES.items():
            rate = RATES[theirs_by]
            runs: dict[str, Callable[[], float]] = {
                f"{rule}, sparse": partial(ours, X, y, units, rule, rate) for rule in rules
            }
            runs[f"{rules[-1]}, dense"] = partial(ours, dense, y, units, rules[-1], rate)
            runs[f"scikit-learn {theirs_by}, sparse"] = partial(theirs, X, y, units, theirs_by, rate)
            found = {name: timed(run, clock, given.times) for name, run in runs.items()}
            first = next(iter(found.values()))[0]
            for name, (seconds, loss) in found.items():
                print(f"{units:3} units  {name:27} {seconds:8.3f} s  {seconds / first:6.1f} ×   {loss:.4f}")


if __name__ == "__main__":
    main()
