"""How well networks trained here predict held-out rows, beside scikit-learn's on the same encoded numbers.

Run it with `make bench` or `python bench/bench_quality.py` (`--quick`: one seed). Layers 64, 32, Adam at
0.001, batch 32, 60 epochs, no early stopping, a quarter held out and stratified, means over 5 seeds; adult
and MNIST have test files of their own. Sonar holds out 52 rows, so that one row is 1.9 points and 5 seeds
cannot tell a single point: a row of 30 seeds stands beside it, and every row has the standard error of the
difference. Sets that are not embedded are read from the folder that
CHAINRULE_DATA names, and are skipped where it is not set.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from chainrule.engines.engine import Data
from chainrule.learning.encoding import NumberTarget
from chainrule.learning.tasks import Prepared, prepare, train_made

SEEDS = 5
RATE = 0.001
POINTS = 0.01  # accuracy: at most one point below
ERROR = 0.02  # RMSE: at most 2 % above


@dataclass(frozen=True)
class Job:
    """A data set and how it is learnt.

    source, test: an embedded set, or a path in the folder of CHAINRULE_DATA
    bar: the least accuracy there is to be, beside the one of scikit-learn's less a point
    files: whether source and test are such paths
    """

    name: str
    source: str
    target: str | None = None
    task: str = "auto"
    test: str | float = 0.25
    layers: tuple[int, ...] = (64, 32)
    epochs: int = 60
    batch: int = 32
    seeds: int = SEEDS
    bar: float | None = None
    files: bool = True


JOBS = (
    Job("iris", "iris", files=False),
    Job("wine", "wine", files=False),
    Job("breast-cancer", "breast-cancer", files=False),
    Job("digits", "digits", files=False, bar=0.965),
    Job("diabetes", "diabetes", task="regress", files=False),
    Job("banknote", "tables/banknote_authentication.csv", "-1", bar=0.99),
    Job("sonar", "tables/sonar.csv", "-1"),
    Job("sonar, 30 seeds", "tables/sonar.csv", "-1", seeds=30),
    Job("wine quality, red", "tables/winequality-red.csv", "-1"),
    Job("wine quality, red", "tables/winequality-red.csv", "-1", "regress"),
    Job("wine quality, white", "tables/winequality-white.csv", "-1"),
    Job("wine quality, white", "tables/winequality-white.csv", "-1", "regress"),
    Job(
        "adult",
        "tables/adult-train.csv",
        "-1",
        test="tables/adult-test.csv",
        epochs=20,
        batch=128,
        bar=0.845,
    ),
    Job(
        "MNIST",
        "mnist/train-images-idx3-ubyte.gz",
        test="mnist/t10k-images-idx3-ubyte.gz",
        layers=(128,),
        epochs=10,
        batch=128,
        seeds=1,
        bar=0.975,
    ),
)


@dataclass(frozen=True)
class Score:
    """Accuracy, or RMSE in the target's units, and the seconds that training took; means over seeds."""

    value: float
    seconds: float


def made(job: Job, folder: Path | None, seed: int) -> Prepared:
    """The encoded rows and the untrained network."""
    inside = folder if job.files and folder is not None else Path()
    source = str(inside / job.source) if job.files else job.source
    test = str(inside / job.test) if isinstance(job.test, str) else job.test
    return prepare(
        source,
        job.target,
        task=job.task,  # type: ignore[arg-type]
        layers=job.layers,
        test=test,
        rule="adam",
        rate=RATE,
        epochs=job.epochs,
        batch=job.batch,
        seed=seed,
    )


def measure_ours(ready: Prepared) -> Score:
    """What chainrule comes to."""
    began = perf_counter()
    trained = train_made(ready)
    seconds = perf_counter() - began
    assert trained.test is not None
    name = "accuracy" if trained.model.classifies else "rmse"
    return Score(trained.test[name], seconds)


def measure_theirs(ready: Prepared, job: Job, seed: int) -> Score:
    """What scikit-learn comes to on the same numbers."""
    encoding = ready.model.encoding
    assert encoding is not None
    assert ready.test is not None
    kind: Any = MLPRegressor if isinstance(encoding.target, NumberTarget) else MLPClassifier
    model = kind(
        hidden_layer_sizes=job.layers,
        alpha=0.0,
        batch_size=job.batch,
        learning_rate_init=RATE,
        max_iter=job.epochs,
        tol=0.0,
        n_iter_no_change=job.epochs + 1,
        random_state=seed,
    )
    began = perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(ready.train.X, column(ready.train))
    seconds = perf_counter() - began
    if isinstance(encoding.target, NumberTarget):
        errors = model.predict(ready.test.X) - ready.test.y[:, 0]
        return Score(float(np.sqrt(np.mean(errors**2)) * encoding.target.scale), seconds)
    return Score(float(np.mean(model.predict(ready.test.X) == column(ready.test))), seconds)


def column(data: Data) -> Any:
    """The targets as scikit-learn takes them: class numbers (N,), or numbers (N,)."""
    y = data.y[:, 0]
    return y.astype(np.int64) if np.array_equal(y, np.round(y)) else y


def compare(job: Job, folder: Path | None, seeds: int) -> tuple[Score, Score, float, bool]:
    """The means of both over the seeds, the standard error of their difference (0 for a single seed), and
    whether the target is a number.
    """
    ours, theirs, numbers = [], [], False
    for seed in range(seeds):
        ready = made(job, folder, seed)
        numbers = not ready.model.classifies
        ours.append(measure_ours(ready))
        theirs.append(measure_theirs(ready, job, seed))
    differences = [mine.value - other.value for mine, other in zip(ours, theirs, strict=True)]
    error = float(np.std(differences, ddof=1) / np.sqrt(seeds)) if seeds > 1 else 0.0
    return mean(ours), mean(theirs), error, numbers


def mean(scores: list[Score]) -> Score:
    """The mean of each figure."""
    return Score(
        float(np.mean([score.value for score in scores])), float(np.mean([score.seconds for score in scores]))
    )


def verdicts(job: Job, ours: float, theirs: float, numbers: bool) -> Mapping[str, bool]:
    """Each bar in words, and whether it is met.

    >>> verdicts(JOBS[3], 0.97, 0.975, numbers=False)
    {'-0.50 points (bar -1)': True, 'bar 0.965': True}
    """
    if numbers:
        return {f"{(ours / theirs - 1) * 100:+.2f} % (bar +2 %)": ours <= theirs * (1 + ERROR)}
    found = {f"{(ours - theirs) * 100:+.2f} points (bar -1)": ours >= theirs - POINTS}
    if job.bar is not None:
        found[f"bar {job.bar:g}"] = ours >= job.bar
    return found


def main() -> None:
    """Print a row for each set."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one seed for each set")
    parser.add_argument("--only", metavar="TEXT", default="", help="the sets whose name holds TEXT")
    options = parser.parse_args()
    named = os.environ.get("CHAINRULE_DATA")
    folder = Path(named) if named else None
    print("quality on held-out rows: means over the seeds, the standard error of the difference, seconds")
    print(f"{'':<22}{'measure':<10}{'seeds':>5}{'chainrule':>10}{'sklearn':>10}{'error':>8}{'s':>8}{'s':>8}")
    for job in JOBS:
        if options.only not in job.name:
            continue
        if job.files and folder is None:
            print(f"{job.name:<22}skipped: CHAINRULE_DATA is not set to the folder of data sets")
            continue
        seeds = 1 if options.quick else job.seeds
        ours, theirs, error, numbers = compare(job, folder, seeds)
        told = "; ".join(
            f"{bar} {'met' if met else 'MISSED'}"
            for bar, met in verdicts(job, ours.value, theirs.value, numbers).items()
        )
        print(
            f"{job.name:<22}{'RMSE' if numbers else 'accuracy':<10}{seeds:>5}"
            f"{ours.value:>10.4f}{theirs.value:>10.4f}{error:>8.4f}"
            f"{ours.seconds:>8.2f}{theirs.seconds:>8.2f}   {told}",
            flush=True,
        )


if __name__ == "__main__":
    main()
