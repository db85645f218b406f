"""Charts of what stops learning in deep or badly started networks: vanishing gradients, dead ReLUs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Dense, Network
from chainrule.errors import InvalidInput
from chainrule.learning.datasets import load_dataset
from chainrule.learning.training import train
from chainrule.working.charts.chart import Axis, Chart, Panel, Series, series
from chainrule.working.charts.stepping import passes
from chainrule.working.charts.training import EPOCHS, layer_series

__all__ = ["dead_relus", "vanishing_gradients"]

Array = NDArray[np.float64]
SLACK = 1.3


def _moons(seed: int) -> tuple[Array, Array]:
    """200 rows of the two moons, each column standardised, and their classes (N, 1)."""
    table = load_dataset("moons", seed).take(np.arange(200))
    X = np.stack([table.numbers("x1"), table.numbers("x2")], axis=1)
    y = (table.texts("class") == "lower").astype(float)
    return (X - X.mean(axis=0)) / X.std(axis=0), y[:, None]


def vanishing_gradients(
    depth: int = 8,
    *,
    activations: Sequence[str] = ("sigmoid", "relu"),
    width: int = 8,
    epochs: int = 60,
    seed: int = 0,
) -> Chart:
    """The gradient's length in each layer over the epochs, a panel for each activation.

    depth: the number of hidden layers, each of `width` units with their activation's usual first weights.
    """
    if depth < 2:
        raise InvalidInput(f"gradients vanish over layers: a depth of at least 2 is needed, not {depth}")
    X, y = _moons(seed)
    drawn: dict[str, tuple[Series, ...]] = {}
    for name in activations:
        hidden = [Dense(width, name) for _ in range(depth)]
        network = Network(2, [*hidden, Dense(1, "sigmoid")])
        run = train(
            network, X, y, rule="gradient_descent", rate=0.1, epochs=epochs, seed=seed, dtype="float64"
        )
        drawn[name] = layer_series(run.history)
    lengths = [y for lines in drawn.values() for line in lines for y in line.ys if y > 0]
    low, high = min(lengths, default=0.1) / SLACK, max(lengths, default=1.0) * SLACK
    up = Axis("gradient length", low=low, high=high, log=True)
    panels = tuple(Panel(name, EPOCHS, up, lines) for name, lines in drawn.items())
    told = (
        f"{depth} hidden layers of {width} units on the two moons. Each layer passes on a product of slopes: at "
        "most 1/4 for the sigmoid, so the first layers get next to nothing; 1 for an active ReLU."
    )
    return Chart("Vanishing gradients", told, panels)


def dead_relus(
    rates: Sequence[float] = (1.0, 10.0, 30.0),
    biases: Sequence[float] = (0.0, -0.3, -0.6),
    *,
    units: int = 32,
    epochs: int = 60,
    seed: int = 0,
) -> Chart:
    """The share of hidden ReLUs that give 0 for every row, by epoch.

    Left by learning rate, right by the bias that the hidden units start from, at the lowest of the rates.
    """
    if not rates or not biases:
        raise InvalidInput("dead ReLUs are counted by learning rate and by bias: give at least one of each")
    X, y = _moons(seed)

    def counted(name: str, rate: float, bias: float) -> Series:
        network = Network(2, [Dense(units, "relu", bias=[bias] * units), Dense(1, "sigmoid")])
        rule = f"gradient_descent({rate!r})"
        steps = passes(network, X, y, loss="binary_crossentropy", rule=rule, steps=epochs + 1, seed=seed)
        shares = [_dead(np.asarray(step["a1"])) for step in steps]
        return series(name, range(len(shares)), shares)

    by_rate = (counted(f"η = {rate:g}", rate, 0.0) for rate in rates)
    by_bias = (counted(f"b = {bias:g}".replace("-", "−"), min(rates), bias) for bias in biases)
    panels = (
        _shares("by learning rate, from a bias of 0", by_rate),
        _shares(f"by the bias at the start, η = {min(rates):g}", by_bias),
    )
    told = (
        f"The share of {units} hidden ReLUs whose weighted sum is negative for every row: they give 0, their "
        "slope is 0, and gradient descent cannot bring them back."
    )
    return Chart("Dead ReLUs", told, panels)


def _dead(activations: Array) -> float:
    return float(np.mean(~activations.any(axis=0)))


def _shares(title: str, lines: Iterable[Series]) -> Panel:
    return Panel(title, EPOCHS, Axis("share of dead units", low=-0.02, high=1.02), tuple(lines))
