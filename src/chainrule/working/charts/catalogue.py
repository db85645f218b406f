"""Every chart by name: a new one is a function, and a row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal, cast

from chainrule.errors import unknown
from chainrule.working.charts.chart import Chart

__all__ = ["CHARTS", "Offered", "find_chart"]


@dataclass(frozen=True)
class Offered:
    """A chart that can be asked for by name.

    about:  one line; module: where its function, of the same name, is
    reads:  what of a trained model it draws, if that is given: its history, or its decisions on data
    random: whether its example depends on a seed
    """

    name: str
    about: str
    module: str
    reads: Literal["history", "decisions", "nothing"] = "nothing"
    random: bool = True

    @property
    def function(self) -> Callable[..., Chart]:
        """The function that makes it; without arguments it draws an example."""
        made = getattr(import_module(f"chainrule.working.charts.{self.module}"), self.name)
        return cast(Callable[..., Chart], made)


_ROWS = (
    Offered("loss_curve", "the loss by epoch, training and validation", "training", "history"),
    Offered("gradient_norms", "the length of each layer's gradient by epoch", "training", "history"),
    Offered("learning_rates", "a learning rate too small, right, and too large", "training"),
    Offered("vanishing_gradients", "each layer's gradient over time: sigmoid against ReLU", "gradients"),
    Offered("dead_relus", "the share of dead ReLUs by learning rate and by bias", "gradients"),
    Offered(
        "activation_shapes",
        "activations, their slopes, and how a bias shifts them",
        "activations",
        random=False,
    ),
    Offered("saturation", "cross-entropy against MSE from a saturated unit", "activations", random=False),
    Offered(
        "decision_boundary",
        "what a network decides, with each hidden unit's own line",
        "boundary",
        "decisions",
    ),
    Offered("loss_parabola", "the loss by one weight, its tangent and the step", "descent", random=False),
    Offered("rules_on_a_surface", "the learning rules on one surface", "descent", random=False),
    Offered("depth_and_width", "how well deeper and wider networks fit", "capacity"),
)

CHARTS: Mapping[str, Offered] = {row.name: row for row in _ROWS}


def find_chart(name: str) -> Offered:
    """The chart of a name, written with underscores or hyphens. Raises UnknownName.

    >>> find_chart("loss-curve").about
    'the loss by epoch, training and validation'
    """
    plain = name.strip().lower().replace("-", "_")
    if plain not in CHARTS:
        raise unknown("chart", name, CHARTS)
    return CHARTS[plain]
