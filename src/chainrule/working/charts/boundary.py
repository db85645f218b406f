"""The decision boundary of a network with two inputs, with the line of each hidden unit of its first layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Dense, Network
from chainrule.engines.engine import Step
from chainrule.engines.initial import initial_parameters
from chainrule.errors import InvalidInput
from chainrule.learning.encoding import ClassTarget, NumberCode
from chainrule.learning.model import Model
from chainrule.learning.tables import Table
from chainrule.working.charts.chart import Axis, Cells, Chart, Panel, Series, series
from chainrule.working.charts.contours import Point, contour
from chainrule.working.charts.stepping import column_values, evaluated

__all__ = ["boundary_of", "decision_boundary"]

Array = NDArray[Any]
CELLS = 120
MARGIN = 0.08
MOST_NAMED, MOST_CLASSES, MOST_POINTS = 5, 8, 1000


@dataclass(frozen=True, eq=False)
class _Plane:
    """The plane of the two inputs as the table has them, and how they become what the network takes.

    points: (N, 2) in the table's units; classes: (N,) from 0; x = (v − mean)/scale goes into the network
    """

    names: tuple[str, str]
    labels: tuple[str, ...]
    points: Array
    classes: Array
    mean: Array
    scale: Array

    def edges(self, axis: int) -> Array:
        """The edges of the cells along one input, a little beyond the points."""
        low, high = self.points[:, axis].min(), self.points[:, axis].max()
        margin = MARGIN * (high - low) or 1.0
        return np.linspace(low - margin, high + margin, CELLS + 1)


def decision_boundary(model: Model | None = None, data: Table | None = None, *, seed: int = 0) -> Chart:
    """What a classifier of two inputs decides everywhere in their plane, and its hidden units' own lines.

    model: trained on a table of two number columns; data: a table with those columns and the target.
    Without them, four perceptrons that each draw a line, and a fifth that fires where all four do.

    Raises InvalidInput for a model of other inputs, or one that predicts numbers.
    """
    if model is None or data is None:
        return _four_and_a_fifth(seed)
    network, encoding = model.network, model.encoding
    if (
        encoding is None
        or network.inputs != 2
        or not all(isinstance(c, NumberCode) for c in encoding.columns)
    ):
        raise InvalidInput(
            "a decision boundary is drawn for a model of two number columns, "
            f"and this one has {network.inputs} input{'s' * (network.inputs != 1)}: train one on two columns"
        )
    if not isinstance(encoding.target, ClassTarget):
        raise InvalidInput(
            "a decision boundary is drawn for a model that tells classes apart, and this one predicts numbers: "
            "train one with --task classify"
        )
    first, second = (code for code in encoding.columns if isinstance(code, NumberCode))
    mean, scale = np.array([first.mean, second.mean]), np.array([first.scale, second.scale])
    points = encoding.features(data) * scale + mean
    plane = _Plane(
        (first.name, second.name), encoding.target.classes, points, encoding.targets(data), mean, scale
    )
    told = f"What the network ({network}) decides everywhere in the plane of its two inputs."
    return boundary_of(network, model.parameters, plane, told)


def _four_and_a_fifth(seed: int) -> Chart:
    weights = [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]
    network = Network(
        2,
        [
            Dense(4, "step", weights=weights, bias=[1.0] * 4),
            Dense(1, "step", weights=[[1.0]] * 4, bias=[-3.5]),
        ],
    )
    parameters = initial_parameters(network)
    points = np.random.default_rng(seed).uniform(-2.0, 2.0, (120, 2))
    decided = column_values(evaluated(network, parameters, points), "a2").astype(int)
    nothing, unit = np.zeros(2), np.ones(2)
    plane = _Plane(("x1", "x2"), ("outside", "inside"), points, decided, nothing, unit)
    told = (
        "Four perceptrons each draw a line and fire on one side of it; a fifth fires only where all four do "
        "(AND), so together they cut out a square, which no single perceptron can."
    )
    return boundary_of(network, parameters, plane, told)


def boundary_of(network: Network, parameters: Mapping[str, Any], plane: _Plane, told: str) -> Chart:
    """The chart for a network and its parameters."""
    if len(plane.labels) > MOST_CLASSES:
        raise InvalidInput(
            f"{len(plane.labels)} classes cannot be told apart by colour: {MOST_CLASSES} at most can be drawn"
        )
    edges = [plane.edges(0), plane.edges(1)]
    # The middles of the cells, and of one more ring around them, so that lines reach the frame.
    middles = [_middles(edge) for edge in edges]
    grid = np.stack(np.meshgrid(*middles), axis=-1).reshape(-1, 2)
    shape = (CELLS + 2, CELLS + 2)
    found = evaluated(network, parameters, (grid - plane.mean) / plane.scale)
    outputs = np.asarray(found[f"a{len(network.dense)}"], np.float64)
    chosen, sure = _decided(outputs)
    inner = (slice(1, -1), slice(1, -1))
    cells = Cells(
        tuple(edges[0].tolist()),
        tuple(edges[1].tolist()),
        tuple(map(tuple, chosen.reshape(shape)[inner].tolist())),
        tuple(map(tuple, sure.reshape(shape)[inner].tolist())),
    )
    lines = [*_points(plane)]
    if outputs.shape[1] == 1:
        symbol, level = _border(network)
        border = contour(middles[0], middles[1], column_values(found, symbol).reshape(shape), level)
        lines.append(_line("decision boundary", border, "line", 7))
    if len(network.dense) > 1:
        lines += _unit_lines(network, found, middles, shape, len(plane.labels))
    x, y = (
        Axis(name, low=float(edge[0]), high=float(edge[-1]))
        for name, edge in zip(plane.names, edges, strict=True)
    )
    return Chart("Decision boundary", told, (Panel("", x, y, tuple(lines), cells=cells),))


def _border(network: Network) -> tuple[str, float]:
    """What has which height on the border of a single output's two classes."""
    top, output = len(network.dense), network.dense[-1].activation
    # A step has no slope to place the border by, but its weighted sum has.
    return (f"z{top}", output.parameters["threshold"]) if output.name == "step" else (f"a{top}", 0.5)


def _middles(edges: Array) -> Array:
    width = edges[1] - edges[0]
    return np.linspace(edges[0] - width / 2, edges[-1] + width / 2, len(edges) + 1)


def _decided(outputs: Array) -> tuple[Array, Array]:
    """The class of each row of outputs (N, O), and how sure it is, from 0 to 1."""
    if outputs.shape[1] == 1:
        one = np.clip(outputs[:, 0], 0.0, 1.0)
        return (one >= 0.5).astype(int), np.abs(2 * one - 1)
    least = 1 / outputs.shape[1]
    return outputs.argmax(axis=1), np.clip((outputs.max(axis=1) - least) / (1 - least), 0.0, 1.0)


def _points(plane: _Plane) -> list[Series]:
    """The rows of each class; of a large table the first ones, or they would hide the plane."""
    xy, classes = plane.points[:MOST_POINTS], plane.classes[:MOST_POINTS]
    return [
        series(label, xy[classes == k, 0], xy[classes == k, 1], "points", colour=k)
        for k, label in enumerate(plane.labels)
    ]


def _unit_lines(
    network: Network, found: Step, middles: list[Array], shape: tuple[int, int], taken: int
) -> list[Series]:
    """Where each unit of the first layer is at its turning point: z = 0, or its threshold."""
    first = network.dense[0]
    level = first.activation.parameters.get("threshold", 0.0)
    named = first.units <= MOST_NAMED
    lines = []
    for unit in range(first.units):
        heights = column_values(found, "z1", unit).reshape(shape)
        name = (
            f"hidden unit {unit + 1}" if named else ("" if unit else f"lines of {first.units} hidden units")
        )
        border = contour(middles[0], middles[1], heights, level)
        lines.append(_line(name, border, "dashed" if named else "thin", unit + taken))
    return lines


def _line(name: str, border: list[list[Point]], style: Any, colour: int) -> Series:
    """Several lines as one series, apart by a gap."""
    points = [point for line in border for point in [*line, (np.nan, np.nan)]]
    return series(name, (x for x, _ in points), (y for _, y in points), style, colour=colour)
