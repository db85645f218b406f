"""Charts of going downhill: the loss by one weight, and the learning rules on one surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import InvalidInput, unknown
from chainrule.formulas.rules import RULES
from chainrule.working.charts.chart import Arrow, Axis, Chart, Note, Panel, Series, series
from chainrule.working.charts.contours import contour
from chainrule.working.charts.stepping import passes
from chainrule.working.entries import Entry
from chainrule.working.worked.examples import load_example

__all__ = ["loss_parabola", "rules_on_a_surface"]

Array = NDArray[Any]
SAMPLES = 121
REACH = 2.5  # how far from the present weight the loss is drawn
ARROW, TANGENT, BEYOND, FOOT = 0.16, 0.3, 0.8, 0.12  # shares of the panel

EXAMPLE = "psyc681-2-2-1"

OUTPUTS = {"sigmoid": "sigmoid output, as in the lecture", "identity": "linear output"}

START = (-1.8, 1.2)
CURVATURES = (0.5, 5.0)
RULES_SHOWN = (
    "gradient_descent(0.17)",
    "momentum(0.03)",
    "nesterov(0.03)",
    "adagrad(0.4)",
    "rmsprop(0.05)",
    "adam(0.2)",
)
LEVELS = (0.02, 0.1, 0.3, 0.7, 1.4, 2.5, 4.0, 6.0, 8.5)


def loss_parabola(weight: str = "w5", *, rate: float = 0.1) -> Chart:
    """The loss of PSYC681's 2-2-1 network as one weight moves, with the tangent at its present value.

    weight: w1 to w6 as the lecture numbers them, or W1[1,1] to W2[2,1]. The arrow points where −η ∂C/∂w goes.
    Left as the network is; right with a linear output, where the loss is a parabola in w5 and w6.
    """
    place = _place(weight)
    panels = tuple(_by_weight(output, title, weight, place, rate) for output, title in OUTPUTS.items())
    told = (
        "The slope of the tangent is ∂C/∂w, and the step is −η ∂C/∂w: where the loss falls to the right the slope "
        "is negative and the weight grows, and the other way round. "
        f"The learning rate η is {rate:g}."
    )
    return Chart(f"The loss by one weight, {weight}", told, panels)


def _place(weight: str) -> tuple[str, int, int]:
    example = load_example(EXAMPLE)
    assert example.program.sizes is not None
    entries = [Entry(symbol, at) for symbol in ("W1", "W2") for at in example.program.sizes.indices(symbol)]
    names = {example.namer.name(entry.key).text: entry for entry in entries}
    meant = {**names, **{entry.place: entry for entry in entries}}.get(weight.replace(" ", ""))
    if meant is None:
        raise unknown("weight of the 2-2-1 network", weight, names)
    row, column = meant.index
    return meant.symbol, row - 1, column - 1


def _lecture(output: str) -> Network:
    """PSYC681's network with another activation of its output."""
    derivation = load_example(EXAMPLE).derivation
    assert derivation is not None
    hidden, last = derivation.network.dense
    return Network(2, [hidden, Dense(1, output, bias=False, weights=last.weights)])


def _sample() -> Data:
    """Its one sample."""
    values = load_example(EXAMPLE).stated.values
    return Data(np.array(values["x"], dtype=np.float64), np.array(values["y"], dtype=np.float64))


def _by_weight(output: str, title: str, weight: str, place: tuple[str, int, int], rate: float) -> Panel:
    network = _lecture(output)
    name, row, column = place
    now = float(initial_parameters(network)[name][row, column])
    points = np.linspace(now - REACH, now + REACH, SAMPLES)
    loss = _Loss(network)
    lines = [series(f"C({weight})", points, [loss.at(_moved(network, place, w)) for w in points])]
    notes, arrows = [], []
    # A second point on the other side of the lowest one, where the step goes the other way.
    lowest = float(points[int(np.argmin(lines[0].ys))])
    starts = [now] if lowest in (points[0], points[-1]) else [now, lowest + BEYOND * (points[-1] - lowest)]
    for number, start in enumerate(starts):
        height, slope = (
            loss.at(_moved(network, place, start)),
            loss.slope(_moved(network, place, start), place),
        )
        half = TANGENT * REACH
        across = np.array([start - half, start + half])
        lines.append(
            series(
                "tangent" if not number else "", across, height + slope * (across - start), "dashed", colour=1
            )
        )
        to = start - np.sign(slope) * 2 * ARROW * REACH
        arrows.append(Arrow(start, height, to, height))
        told = f"slope {_signed(slope)}, step {_signed(-rate * slope)}"
        notes.append(Note(told, start, height, dot=True, below=len(starts) > number + 1))
    highest = max(lines[0].ys)
    up = Axis("loss C", low=-FOOT * highest, high=(1 + FOOT / 2) * highest)
    return Panel(title, Axis(weight), up, tuple(lines), notes=tuple(notes), arrows=tuple(arrows))


def _signed(value: float) -> str:
    return f"{value:+.3g}".replace("-", "−")


def _moved(network: Network, place: tuple[str, int, int], value: float) -> dict[str, Array]:
    """The first parameters with one weight set to another value."""
    parameters = initial_parameters(network)
    parameters[place[0]][place[1:]] = value
    return parameters


class _Loss:
    """The loss of PSYC681's sample for given parameters, and its slope in one weight."""

    def __init__(self, network: Network) -> None:
        self._data = _sample()
        self._derivation = derive(network, "mse", "gradient_descent")
        self._evaluate = NumpyEngine().evaluator(derive(network, "mse"), dtype="float64")

    def at(self, parameters: Mapping[str, Array]) -> float:
        loss = self._evaluate(parameters, self._data)[1]
        assert loss is not None
        return loss

    def slope(self, parameters: Mapping[str, Array], place: tuple[str, int, int]) -> float:
        step = NumpyEngine().run(self._derivation, {"x": self._data.X, "y": self._data.y, **parameters})
        gradient = np.asarray(step[self._derivation.gradients[place[0]]])
        return float(gradient[place[1:]])


def rules_on_a_surface(rules: Sequence[str] | None = None, *, steps: int = 60) -> Chart:
    """The ways that learning rules take down one stretched bowl from one start, and the loss by step.

    rules: as the catalogue finds them ("momentum(0.03)"), at most eight. The bowl is the loss of a linear unit
    with two weights on two samples, ten times as steep across as along.
    """
    entries = [RULES.find(rule) for rule in (RULES_SHOWN if rules is None else rules)]
    if not 1 <= len(entries) <= 8:
        raise InvalidInput(f"one to eight learning rules fit into a chart, not {len(entries)}")
    for entry in entries:
        if not entry.needs_gradient:
            raise InvalidInput(
                f"the {entry.name} rule follows no gradient, so it has no way down: leave it out"
            )
    # The mean of (x w)² over two samples, one for each weight, is Σ curvature · w².
    samples = np.diag(np.sqrt(2 * np.array(CURVATURES)))
    targets = np.zeros((2, 1))
    network = Network(2, [Dense(1, bias=False, weights=[[START[0]], [START[1]]])])
    ways, losses = [], []
    for entry in entries:
        ran = list(passes(network, samples, targets, loss="mse", rule=entry, steps=steps + 1))
        weights = [np.asarray(step["W1"])[:, 0] for step in ran]
        name = f"{entry.name}, η = {entry.parameters['learning_rate']:g}"
        ways.append(series(name, (w[0] for w in weights), (w[1] for w in weights)))
        losses.append(series(name, range(len(ran)), (float(np.asarray(step["C"])) for step in ran)))
    x, y = Axis("w1", low=-2.2, high=1.4), Axis("w2", low=-1.5, high=1.5)
    surface = (*ways, *_levels(network, Data(samples, targets), x, y))
    panels = (
        Panel("the way down", x, y, surface, notes=(Note("start", *START, dot=True),), key=False),
        Panel("the loss by step", Axis("step", whole=True), Axis("loss", log=True, low=1e-6), tuple(losses)),
    )
    told = "One bowl, ten times as steep across as along, one start: only the learning rule differs."
    return Chart("Learning rules on one surface", told, panels)


def _levels(network: Network, data: Data, x: Axis, y: Axis) -> list[Series]:
    """Lines of equal loss, for the background."""
    assert x.low is not None
    assert x.high is not None
    assert y.low is not None
    assert y.high is not None
    evaluate = NumpyEngine().evaluator(derive(network, "mse"), dtype="float64")
    across, up = np.linspace(x.low, x.high, 61), np.linspace(y.low, y.high, 51)
    heights = np.array([[evaluate({"W1": [[w1], [w2]]}, data)[1] for w1 in across] for w2 in up])
    return [
        series("", (p[0] for p in line), (p[1] for p in line), "thin")
        for level in LEVELS
        for line in contour(across, up, heights, level)
    ]
