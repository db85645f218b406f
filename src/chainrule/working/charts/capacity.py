"""Depth and width against how well a network fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.derivation import Dense, Network
from chainrule.errors import InvalidInput
from chainrule.learning.model import Model
from chainrule.learning.training import train
from chainrule.working.charts.chart import Axis, Chart, Panel, series

__all__ = ["depth_and_width"]

ROWS, TURNS = 64, 2.0


def depth_and_width(
    depths: Sequence[int] = (1, 2, 3),
    widths: Sequence[int] = (2, 4, 8, 16),
    *,
    epochs: int = 500,
    seed: int = 0,
) -> Chart:
    """The loss that networks of several depths and widths reach on two turns of a sine, and some of the fits.

    depths: numbers of hidden layers; widths: units in each. All are tanh networks trained by Adam on the same
    rows from the same seed.
    """
    if not depths or not widths or min(*depths, *widths, 1) < 1:
        raise InvalidInput("depths and widths are whole numbers of at least 1: give at least one of each")
    X = np.linspace(-1.0, 1.0, ROWS)[:, None]
    y = np.sin(TURNS * np.pi * X)
    trained: dict[tuple[int, int], tuple[Model, float]] = {}
    for depth in depths:
        for width in widths:
            network = Network(1, [*(Dense(width, "tanh") for _ in range(depth)), Dense(1)])
            run = train(
                network, X, y, loss="mse", rule="adam", rate=0.03, epochs=epochs, batch=ROWS, seed=seed
            )
            trained[depth, width] = (run.model, run.history.losses[-1])
    lines = [
        series(f"{depth} hidden layer{'s' * (depth > 1)}", widths, [trained[depth, w][1] for w in widths])
        for depth in depths
    ]
    shown = dict.fromkeys(
        [(depths[0], widths[0]), (depths[0], widths[-1]), (depths[-1], widths[0]), (depths[-1], widths[-1])]
    )
    fits = [series("data", X[:, 0], y[:, 0], "points", colour=7)]
    for number, (depth, width) in enumerate(shown):
        model = trained[depth, width][0]
        fits.append(series(f"{depth} × {width}", X[:, 0], model.outputs(X)[:, 0], colour=number))
    panels = (
        Panel(
            "loss reached",
            Axis("units in each hidden layer", log=True, at=tuple(sorted(set(map(float, widths))))),
            Axis("loss", log=True),
            tuple(lines),
        ),
        Panel("some of the fits (layers × units)", Axis("x"), Axis("y"), tuple(fits)),
    )
    told = f"Two turns of a sine, {epochs} epochs of Adam: too few units cannot bend often enough."
    return Chart("Depth and width against fit", told, panels)
