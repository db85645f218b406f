"""How fast the compiled engine trains beside other tools, and beside the bare matrix products of a step.

All start from the same weights, see the same rows in the same order and take the same steps of the same
rule; the last losses are printed, so that nobody wins by doing less. JAX runs in its best form: the whole run
in one compiled scan. Run it with `python bench/bench_compiled.py`; JAX and PyTorch take part where they are
installed. `--cpu` measures processor time, for a machine that others use too.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import median
from time import perf_counter, process_time
from typing import Any

if hasattr(os, "sched_setaffinity") and "--threads" not in os.sys.argv:
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from numpy.typing import NDArray

import chainrule as cr
from chainrule.engines.choose import find_engine
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.learning.orders import Orders

Array = NDArray[Any]


@dataclass(frozen=True)
class Job:
    """One run, the same for every tool."""

    name: str
    network: cr.Network
    X: Array
    y: Array
    rate: float
    epochs: int
    batch: int
    dtype: str = "float32"

    @property
    def binary(self) -> bool:
        """One sigmoid output, or a softmax over classes."""
        return self.network.outputs == 1

    @property
    def steps(self) -> int:
        """How many steps of training it takes."""
        return self.epochs * -(-len(self.X) // self.batch)

    @property
    def targets(self) -> Array:
        """What the engines take: (N, 1)."""
        return self.y.reshape(-1, 1).astype(float if self.binary else np.int64)

    def orders(self) -> Orders:
        """The order of the rows."""
        return Orders(len(self.X), self.batch, 0, shuffle=True)


def spirals(count: int = 300) -> tuple[Array, Array]:
    """Two arms that wind about each other."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0.5, 3 * np.pi, count)
    arm = rng.integers(0, 2, count)
    turned = angle + np.pi * arm
    points = np.column_stack([np.cos(turned), np.sin(turned)]) * angle[:, None] / 10
    return points.astype(np.float32), arm


def jobs(chosen: str) -> list[Job]:
    """The runs whose names contain a word."""
    from sklearn.datasets import load_digits

    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    pixels, labels = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    images = rng.random((5120, 784), dtype=np.float32)
    digits = rng.integers(0, 10, 5120)
    dense, net = cr.Dense, cr.Network
    arms = net(2, [dense(16, "tanh"), dense(16, "tanh"), dense(2, "softmax")])
    made = [
        Job("xor 2-4-1, full batch", net(2, [dense(4, "tanh"), dense(1, "sigmoid")]), corners,
            np.array([0, 1, 1, 0]), 0.01, 5000, 4),
        Job("spirals 2-16-16-2, batch 32", arms, *spirals(), 0.01, 300, 32),
        Job("spirals 2-16-16-2, full batch", arms, *spirals(), 0.01, 2000, 300),
        Job("digits 64-64-10, batch 32", net(64, [dense(64, "relu"), dense(10, "softmax")]),
            (pixels / 16).astype(np.float32), labels, 0.001, 30, 32),
        Job("adult-like 105-64-32-1, batch 128",
            net(105, [dense(64, "relu"), dense(32, "relu"), dense(1, "sigmoid")]),
            rng.random((12800, 105), dtype=np.float32), rng.integers(0, 2, 12800), 0.001, 5, 128),
        Job("mnist-like 784-128-10, batch 128", net(784, [dense(128, "relu"), dense(10, "softmax")]),
            images, digits, 0.001, 2, 128),
        Job("mnist-like 784-512-256-10, batch 128",
            net(784, [dense(512, "relu"), dense(256, "relu"), dense(10, "softmax")]),
            images, digits, 0.001, 1, 128),
    ]  # fmt: skip
    return [job for job in made if chosen in job.name]


def engine(name: str) -> Callable[[Job], Callable[[], float]]:
    """One of chainrule's engines, ready to train; whole runs where it can."""

    def ready(job: Job) -> Callable[[], float]:
        loss = "binary_crossentropy" if job.binary else "crossentropy"
        derivation = cr.derive(job.network, loss, "adam", integer_targets=not job.binary)
        start = initial_parameters(job.network, 0)
        data = Data(job.X.astype(job.dtype), job.targets)
        trainer = find_engine(name).trainer(derivation, start, data, dtype=job.dtype, key=0)
        zeros = {symbol: np.zeros_like(value) for symbol, value in trainer.state().items()}
        orders = job.orders()

        def train() -> float:
            trainer.load(start, zeros, 0)
            epoch, last = 0, 0.0
            while epoch < job.epochs:
                if hasattr(trainer, "epochs"):
                    block, most = orders.following(epoch)
                    rates = [job.rate] * min(most, job.epochs - epoch)
                    block = None if block is None else block[: len(rates)]
                    sums, _ = trainer.epochs(block, job.batch, rates, 1e9, lambda: False)
                    epoch, last = epoch + len(sums), sums[-1, 0] / sums[-1, 1]
                else:
                    done = trainer.steps(orders.of(epoch), job.batch, 0, job.rate, 1e9, lambda: False)
                    epoch, last = epoch + 1, done.loss / done.samples
            return float(last)

        return train

    return ready


def whole(job: Job) -> Callable[[], float]:
    """`chainrule.train` with everything that belongs to it: the derivation, the history, the last step."""
    choices = {"rule": cr.Adam(job.rate), "epochs": job.epochs, "batch": job.batch, "dtype": job.dtype}
    return lambda: float(cr.train(job.network, job.X, job.y, **choices, engine="compiled").history[-1].loss)


def torch_loop(*, fused: bool) -> Callable[[Job], Callable[[], float]]:
    """PyTorch's usual eager loop."""

    def ready(job: Job) -> Callable[[], float]:
        import torch

        kind = getattr(torch, job.dtype)
        loss_of = torch.nn.BCEWithLogitsLoss() if job.binary else torch.nn.CrossEntropyLoss()
        X = torch.from_numpy(job.X).to(kind)
        y = torch.from_numpy(job.y.astype(job.dtype).reshape(-1, 1) if job.binary else job.y)

        def train() -> float:
            model = _torch_model(job, kind)
            optimiser = torch.optim.Adam(model.parameters(), lr=job.rate, fused=fused)
            orders, total = job.orders(), 0.0
            for epoch in range(job.epochs):
                order, total = orders.of(epoch), 0.0
                for first in range(0, len(X), job.batch):
                    inputs, targets = X, y
                    if order is not None:
                        taken = torch.from_numpy(order[first : first + job.batch])
                        inputs, targets = X[taken], y[taken]
                    optimiser.zero_grad()
                    loss = loss_of(model(inputs), targets)
                    loss.backward()
                    optimiser.step()
                    total += loss.item() * len(inputs)
            return total / len(X)

        return train

    return ready


def _torch_model(job: Job, kind: Any) -> Any:
    import torch

    start, layers = initial_parameters(job.network, 0), []
    for number, (i, o) in enumerate(pairwise(job.network.sizes), start=1):
        linear = torch.nn.Linear(i, o).to(kind)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(start[f"W{number}"].T))
            linear.bias.copy_(torch.from_numpy(start[f"b{number}"]))
        layers.append(linear)
        if number < len(job.network.dense):
            made = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
            layers.append(made[job.network.dense[number - 1].activation.name]())
    return torch.nn.Sequential(*layers)


def jax_scan(job: Job) -> Callable[[], float]:
    """JAX: every step of the run in one compiled function."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    jax.config.update("jax_enable_x64", job.dtype == "float64")
    shape = {"tanh": jnp.tanh, "relu": lambda z: jnp.maximum(z, 0)}
    hidden = [shape[layer.activation.name] for layer in job.network.dense[:-1]]
    X, y = jnp.asarray(job.X, job.dtype), jnp.asarray(job.y)

    def loss_of(parameters: Any, inputs: Any, targets: Any) -> Any:
        a = inputs
        for (W, b), f in zip(parameters[:-1], hidden, strict=True):
            a = f(a @ W + b)
        W, b = parameters[-1]
        z = a @ W + b
        if job.binary:
            z, t = z[:, 0], targets.astype(z.dtype)
            return jnp.mean(jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z))))
        logs = jax.nn.log_softmax(z)
        return -jnp.mean(jnp.take_along_axis(logs, targets[:, None], 1))

    def step(carry: Any, rows: Any) -> Any:
        w, m, v, t = carry
        inputs, targets = (X, y) if rows is None else (X[rows], y[rows])
        loss, g = jax.value_and_grad(loss_of)(w, inputs, targets)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        first, second = 1 - 0.9**t, 1 - 0.999**t
        w = jax.tree.map(lambda w, m, v: w - job.rate * (m / first) / (jnp.sqrt(v / second) + 1e-8), w, m, v)
        return (w, m, v, t), loss

    given = initial_parameters(job.network, 0)
    start = [
        tuple(jnp.asarray(given[f"{letter}{n}"], job.dtype) for letter in "Wb")
        for n in range(1, len(job.network.dense) + 1)
    ]
    zeros = jax.tree.map(jnp.zeros_like, start)
    orders, full = job.orders(), len(X) // job.batch * job.batch

    @jax.jit
    def run(carry: Any, order: Any) -> Any:
        if order is None:
            _, losses = lax.scan(lambda c, _: step(c, None), carry, None, job.epochs)
            return losses[-1]

        def epoch(carry: Any, rows: Any) -> Any:
            carry, losses = lax.scan(step, carry, rows[:full].reshape(-1, job.batch))
            total = losses.sum() * job.batch
            if full < len(X):
                carry, last = step(carry, rows[full:])
                total = total + last * (len(X) - full)
            return carry, total / len(X)

        return lax.scan(epoch, carry, order)[1][-1]

    drawn = [orders.of(epoch) for epoch in range(job.epochs)]
    order = None if drawn[0] is None else jnp.asarray(np.stack(drawn))
    t = jnp.asarray(0.0, job.dtype)
    return lambda: float(run((start, zeros, zeros, t), order).block_until_ready())


def sklearn_fit(job: Job) -> Callable[[], float]:
    """scikit-learn's MLPClassifier, with first weights of its own."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    def train() -> float:
        model = MLPClassifier(
            tuple(job.network.sizes[1:-1]), activation=job.network.dense[0].activation.name, alpha=0.0,
            batch_size=job.batch, learning_rate_init=job.rate, max_iter=job.epochs, tol=0.0,
            n_iter_no_change=job.epochs + 1, random_state=0,
        )  # fmt: skip
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(job.X.astype(job.dtype), job.y)
        return float(model.loss_)

    return train


def products(job: Job) -> Callable[[], float]:
    """The matrix products of the run's steps alone, by the BLAS kernels that the compiled engine uses."""
    from chainrule.engines.blas import product_function

    product_function(job.dtype)
    from scipy.linalg import blas

    gemm = blas.sgemm if job.dtype == "float32" else blas.dgemm
    sizes = list(pairwise(job.network.sizes))
    rng = np.random.default_rng(0)

    def matrix(m: int, n: int) -> Array:
        return rng.random((m, n)).astype(job.dtype)

    x = [matrix(job.batch, i) for i, _ in sizes]
    d = [matrix(job.batch, o) for _, o in sizes]
    W = [matrix(i, o) for i, o in sizes]
    z, dW, g = ([np.empty_like(a) for a in group] for group in (d, W, x))
    # By columns, as BLAS stores them: C = A B is computed as Cᵀ = Bᵀ Aᵀ.
    calls = []
    for n in range(len(sizes)):
        calls.append((W[n].T, x[n].T, z[n].T, 0, 0))
        calls.append((d[n].T, x[n].T, dW[n].T, 0, 1))
        if n:
            calls.append((W[n].T, d[n].T, g[n].T, 1, 0))

    def run() -> float:
        for _ in range(job.steps):
            for a, b, c, turn_a, turn_b in calls:
                gemm(1.0, a, b, 0.0, c, turn_a, turn_b, 1)
        return float("nan")

    return run


OURS = "chainrule, compiled engine"
TOOLS: dict[str, Callable[[Job], Callable[[], float]]] = {
    OURS: engine("compiled"),
    "chainrule.train, all of it": whole,
    "chainrule, numpy engine": engine("numpy"),
    "JAX, the run in one scan": jax_scan,
    "PyTorch, fused Adam": torch_loop(fused=True),
    "PyTorch, default Adam": torch_loop(fused=False),
    "scikit-learn": sklearn_fit,
    "the bare products": products,
}


@cache
def _limit_threads() -> None:
    try:
        import torch

        torch.set_num_threads(1)
    except ImportError:
        pass


def report(job: Job, tools: list[str], runs: int, clock: Callable[[], float]) -> None:
    """Print a table of one job: medians of interleaved runs."""
    ready: dict[str, Callable[[], float]] = {}
    for name in tools:
        if name == "the bare products" and job.network.parameter_count < 50_000:
            continue
        try:
            ready[name] = TOOLS[name](job)
            ready[name]()
        except ImportError:
            print(f"  {name}: not installed")
    seconds: dict[str, list[float]] = {name: [] for name in ready}
    losses = dict.fromkeys(ready, 0.0)
    for _ in range(runs):
        for name, train in ready.items():
            began = clock()
            losses[name] = train()
            seconds[name].append(clock() - began)
    print(f"\n| {job.name}, {job.dtype}, {job.steps:,} steps | seconds | µs a step | × ours | last loss |")
    print("|---|---|---|---|---|")
    ours = median(seconds[OURS])
    for name, found in seconds.items():
        each = median(found)
        print(
            f"| {name} | {each:.4f} | {each / job.steps * 1e6:.2f} | {each / ours:.2f} | {losses[name]:.5g} |"
        )


def main() -> None:
    """Time the jobs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--job", default="", help="a word of the job's name")
    parser.add_argument("--without", default="", help="tools to leave out: words, separated by commas")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    parser.add_argument("--threads", action="store_true", help="all cores, not one")
    given = parser.parse_args()
    left_out = [word for word in given.without.split(",") if word]
    tools = [name for name in TOOLS if not any(word in name for word in left_out)]
    if not given.threads:
        _limit_threads()
    for job in jobs(given.job):
        report(job, tools, given.runs, process_time if given.cpu else perf_counter)


if __name__ == "__main__":
    main()
