"""How fast the NumPy engine trains beside PyTorch's eager mode and scikit-learn, on one thread each.

Run it with `make bench` or `python bench/bench_engine.py`. chainrule and PyTorch start from the same weights
and see the same rows in the same order, so that their last losses agree; scikit-learn draws its own. The
runs are interleaved, so that a busy moment of the machine falls on all alike.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import chainrule as cr
from chainrule.engines.initial import initial_parameters
from chainrule.learning.orders import Orders

OURS, EAGER = "chainrule, numpy engine", "PyTorch, Adam"
HIDDEN = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}


@dataclass(frozen=True)
class Job:
    """One network to be trained: the same for every tool.

    bar: how many times as fast as PyTorch with its default Adam chainrule is to be, or None
    """

    name: str
    network: cr.Network
    X: NDArray[np.float32]
    y: NDArray[np.int64]
    rate: float
    epochs: int
    batch: int
    bar: float | None

    @property
    def hidden(self) -> cr.Dense:
        """Its one hidden layer."""
        return self.network.dense[0]

    @property
    def two_classes(self) -> bool:
        """True where one sigmoid unit tells two classes apart."""
        return self.network.outputs == 1


def jobs() -> list[Job]:
    """The two networks that are timed."""
    xor = cr.Network(2, [cr.Dense(4, "tanh"), cr.Dense(1, "sigmoid")])
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    digits = cr.Network(64, [cr.Dense(64, "relu"), cr.Dense(10, "softmax")])
    pixels, labels = load_digits(return_X_y=True)
    return [
        Job(
            "XOR 2-4-1, 5,000 full-batch Adam steps", xor, corners, np.array([0, 1, 1, 0]), 0.01, 5000, 4, 3.0
        ),
        Job(
            "digits 64-64-10, batch 32, 30 epochs of Adam",
            digits,
            (pixels / 16).astype(np.float32),
            labels.astype(np.int64),
            0.001,
            30,
            32,
            None,
        ),
    ]


def train_chainrule(job: Job) -> float:
    """The mean loss of the last epoch."""
    choices = {"rule": cr.Adam(job.rate), "epochs": job.epochs, "batch": job.batch, "engine": "numpy"}
    run = cr.train(job.network, job.X, job.y, **choices)
    return float(run.history[-1].loss)


def train_torch(job: Job, *, fused: bool) -> float:
    """The same, in the usual eager loop."""
    model = torch_model(job)
    optimiser = torch.optim.Adam(model.parameters(), lr=job.rate, fused=fused)
    loss_of = torch.nn.BCEWithLogitsLoss() if job.two_classes else torch.nn.CrossEntropyLoss()
    X = torch.from_numpy(job.X)
    y = torch.from_numpy(job.y.astype(np.float32).reshape(-1, 1) if job.two_classes else job.y)
    orders = Orders(len(X), job.batch, 0, shuffle=True)
    total = 0.0
    for epoch in range(job.epochs):
        order, total = orders.of(epoch), 0.0
        rows = None if order is None else torch.from_numpy(order)
        for start in range(0, len(X), job.batch):
            if rows is None:
                inputs, targets = X, y
            else:
                taken = rows[start : start + job.batch]
                inputs, targets = X[taken], y[taken]
            optimiser.zero_grad()
            loss = loss_of(model(inputs), targets)
            loss.backward()
            optimiser.step()
            total += loss.item() * len(inputs)
    return total / len(X)


def torch_model(job: Job) -> torch.nn.Sequential:
    """The job's network up to its logits, with chainrule's first weights."""
    start = initial_parameters(job.network, seed=0)
    units = [job.network.inputs, job.hidden.units, job.network.outputs]
    linear = [torch.nn.Linear(i, o) for i, o in pairwise(units)]
    with torch.no_grad():
        for number, layer in enumerate(linear, start=1):
            layer.weight.copy_(torch.from_numpy(start[f"W{number}"].T))
            layer.bias.copy_(torch.from_numpy(start[f"b{number}"]))
    return torch.nn.Sequential(linear[0], HIDDEN[job.hidden.activation.name](), linear[1])


def train_sklearn(job: Job) -> float:
    """The last loss of scikit-learn's MLPClassifier."""
    model = MLPClassifier(
        hidden_layer_sizes=(job.hidden.units,),
        activation=job.hidden.activation.name,
        alpha=0.0,
        batch_size=job.batch,
        learning_rate_init=job.rate,
        max_iter=job.epochs,
        tol=0.0,
        n_iter_no_change=job.epochs + 1,
        random_state=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(job.X, job.y)
    return float(model.loss_)


TOOLS: dict[str, Callable[[Job], float]] = {
    OURS: train_chainrule,
    EAGER: lambda job: train_torch(job, fused=False),
    "PyTorch, fused Adam": lambda job: train_torch(job, fused=True),
    "scikit-learn, MLPClassifier": train_sklearn,
}


def measure(job: Job, runs: int) -> tuple[dict[str, float], dict[str, float]]:
    """The median seconds and the last loss of each tool, over interleaved runs after one short run each."""
    short = replace(job, epochs=max(1, job.epochs // 50))
    for train in TOOLS.values():
        train(short)
    seconds: dict[str, list[float]] = {name: [] for name in TOOLS}
    losses: dict[str, float] = {}
    for _ in range(runs):
        for name, train in TOOLS.items():
            began = perf_counter()
            losses[name] = train(job)
            seconds[name].append(perf_counter() - began)
    return {name: median(measured) for name, measured in seconds.items()}, losses


def report(job: Job, runs: int) -> None:
    """Print the table of one job."""
    seconds, losses = measure(job, runs)
    steps = job.epochs * -(-len(job.X) // job.batch)
    print(f"{job.name}: median of {runs} interleaved runs, one thread each")
    for name in TOOLS:
        ratio = seconds[name] / seconds[OURS]
        print(
            f"  {name:<30}{seconds[name]:8.3f} s {seconds[name] / steps * 1e6:9.1f} µs a step"
            f"   × {ratio:5.2f}   last loss {losses[name]:.4g}"
        )
    if job.bar is not None:
        ratio = seconds[EAGER] / seconds[OURS]
        print(f"  bar: {job.bar:g} × {EAGER}: {ratio:.2f} ×, {'met' if ratio >= job.bar else 'missed'}")


def main() -> None:
    """Time both jobs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool, at least 1 [5]")
    runs: Any = parser.parse_args().runs
    torch.set_num_threads(1)
    print(f"chainrule {cr.__version__}, NumPy {np.__version__}, PyTorch {torch.__version__}")
    with threadpool_limits(1):
        for job in jobs():
            report(job, runs)


if __name__ == "__main__":
    main()
