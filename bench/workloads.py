"""What every tool is given to train: the same network, rows, first weights, rule and number of steps."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import chainrule as cr
from chainrule.engines.initial import initial_parameters
from chainrule.learning.orders import Orders

Array = NDArray[Any]


@dataclass(frozen=True)
class Job:
    """One run of Adam, the same for every tool.

    X: (N, I) float32; y: (N,) class numbers. data: where the rows come from, in words
    """

    name: str
    network: cr.Network
    X: Array
    y: Array
    rate: float
    epochs: int
    batch: int
    data: str
    dtype: str = "float32"

    @property
    def binary(self) -> bool:
        """One sigmoid output; otherwise a softmax over classes."""
        return self.network.outputs == 1

    @property
    def steps(self) -> int:
        """How many steps of training it takes."""
        return self.epochs * -(-len(self.X) // self.batch)

    @property
    def targets(self) -> Array:
        """What the engines take: (N, 1)."""
        return self.y.reshape(-1, 1).astype(float if self.binary else np.int64)

    @property
    def loss(self) -> str:
        """The loss, as the catalogue names it."""
        return "binary_crossentropy" if self.binary else "crossentropy"

    def orders(self) -> Orders:
        """The order of the rows."""
        return Orders(len(self.X), self.batch, 0, shuffle=True)

    def first_weights(self) -> list[tuple[Array, Array]]:
        """Every layer's weights (I, O) and bias (O,) before the first step."""
        made = initial_parameters(self.network, 0)
        return [(made[f"W{n}"], made[f"b{n}"]) for n in range(1, len(self.network.dense) + 1)]

    def cut(self, steps: int) -> Job:
        """Its first rows, one full batch of them, for as many steps."""
        rows = min(self.batch, len(self.X))
        return replace(self, X=self.X[:rows], y=self.y[:rows], epochs=steps, batch=rows)


def classifier(*sizes: int, hidden: str = "relu") -> cr.Network:
    """A network of these widths; one sigmoid output, or a softmax.

    >>> classifier(2, 4, 1).sizes
    (2, 4, 1)
    """
    output = cr.Dense(sizes[-1], "sigmoid" if sizes[-1] == 1 else "softmax")
    return cr.Network(sizes[0], [*(cr.Dense(units, hidden) for units in sizes[1:-1]), output])


def made_up(rows: int, inputs: int, classes: int) -> tuple[Array, Array]:
    """Uniform numbers and random classes."""
    rng = np.random.default_rng(0)
    return rng.random((rows, inputs), dtype=np.float32), rng.integers(0, classes, rows)


def data_file(name: str) -> Path | None:
    """A file of the folder that CHAINRULE_DATA names, where both are there."""
    folder = os.environ.get("CHAINRULE_DATA")
    return Path(folder) / name if folder and (Path(folder) / name).exists() else None


@cache
def spirals(count: int = 300) -> tuple[Array, Array]:
    """Two arms that wind about each other."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0.5, 3 * np.pi, count)
    arm = rng.integers(0, 2, count)
    turned = angle + np.pi * arm
    points = np.column_stack([np.cos(turned), np.sin(turned)]) * angle[:, None] / 10
    return points.astype(np.float32), arm


@cache
def adult() -> tuple[Array, Array, str]:
    """The census rows, encoded as chainrule encodes them."""
    file = data_file("tables/adult-train.csv")
    if file is None:
        return *made_up(32_561, 108, 2), "made up, in the shape of adult"
    from chainrule.learning.tasks import prepare

    ready = prepare(str(file), "-1", layers=(1,), rule="adam", batch=128)
    return np.ascontiguousarray(ready.train.X, np.float32), ready.train.y[:, 0].astype(np.int64), "adult"


@cache
def mnist(count: int) -> tuple[Array, Array, str]:
    """The first digits, pixels between 0 and 1."""
    images, labels = (data_file(f"mnist/train-{name}-ubyte.gz") for name in ("images-idx3", "labels-idx1"))
    if images is None or labels is None:
        return *made_up(count, 784, 10), "made up, in the shape of MNIST"
    import gzip

    pixels = np.frombuffer(gzip.decompress(images.read_bytes()), np.uint8, count * 784, 16)
    classes = np.frombuffer(gzip.decompress(labels.read_bytes()), np.uint8, count, 8)
    return pixels.reshape(-1, 784).astype(np.float32) / np.float32(255), classes.astype(np.int64), "MNIST"


def _xor() -> Job:
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    return Job(
        "xor 2-4-1, full batch", classifier(2, 4, 1, hidden="tanh"), corners, np.array([0, 1, 1, 0]),
        0.01, 5000, 4, "4 rows",
    )  # fmt: skip


def _spirals(batch: int) -> Job:
    name = "full batch" if batch == 300 else f"batch {batch}"
    epochs = 1000 if batch == 300 else 300
    network = classifier(2, 16, 16, 2, hidden="tanh")
    return Job(f"spirals 2-16-16-2, {name}", network, *spirals(), 0.01, epochs, batch, "300 rows")


def _digits() -> Job:
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    X = (pixels / 16).astype(np.float32)
    return Job("digits 64-64-10, batch 32", classifier(64, 64, 10), X, labels, 0.001, 30, 32, "1,797 rows")


def _adult() -> Job:
    X, y, data = adult()
    network = classifier(X.shape[1], 64, 32, 1)
    told = f"{len(X):,} rows of {X.shape[1]}, {data}"
    return Job("adult 64-32, batch 128", network, X, y, 0.001, 4, 128, told)


def _mnist(*hidden: int) -> Job:
    X, y, data = mnist(25_600)
    network = classifier(784, *hidden, 10)
    name = f"mnist {'-'.join(map(str, network.sizes))}, batch 128"
    return Job(name, network, X, y, 0.001, 1, 128, f"{len(X):,} rows, {data}")


WORKLOADS: dict[str, Callable[[], Job]] = {
    "xor 2-4-1, full batch": _xor,
    "spirals 2-16-16-2, batch 32": lambda: _spirals(32),
    "spirals 2-16-16-2, full batch": lambda: _spirals(300),
    "digits 64-64-10, batch 32": _digits,
    "adult 64-32, batch 128": _adult,
    "mnist 784-128-10, batch 128": lambda: _mnist(128),
    "mnist 784-512-256-10, batch 128": lambda: _mnist(512, 256),
}


def jobs(chosen: str, dtype: str = "float32") -> list[Job]:
    """The jobs whose names contain a word.

    >>> [job.steps for job in jobs("spirals")]
    [3000, 1000]
    """
    return [replace(make(), dtype=dtype) for name, make in WORKLOADS.items() if chosen in name]


def product_sizes(network: cr.Network) -> list[tuple[int, int]]:
    """The inputs and outputs of every layer."""
    return list(pairwise(network.sizes))
