"""Initialisers: the distribution and scale that first weights are drawn with.

Only the mathematics is here; numbers are drawn by NumPy from a seed, in float64, for every engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from chainrule.errors import ConfigError
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.expression import evaluate
from chainrule.formulas.vocabulary import sqrt

Distribution = Literal["constant", "uniform", "normal"]

INITIALISERS: Catalogue[Initialiser] = Catalogue("initialiser")


@dataclass(frozen=True, eq=False, repr=False)
class Initialiser(Entry):
    """An initialiser for weights (I, O).

    distribution: constant, uniform on [−scale, scale], or normal with standard deviation scale
    scale:        a formula of fan_in (I), fan_out (O) and the parameters
    """

    distribution: Distribution
    scale: Definition

    def scale_for(self, fan_in: int, fan_out: int) -> float:
        """The half-width, the standard deviation, or the constant itself.

        >>> INITIALISERS["glorot_uniform"].scale_for(3, 3)
        1.0
        """
        return float(evaluate(self.scale.tree, {**self.parameters, "fan_in": fan_in, "fan_out": fan_out}))

    def _check(self, name: str, value: Any) -> None:
        super()._check(name, value)
        if self.distribution != "constant" and value < 0:
            raise ConfigError(f"{name} of initialiser {self.name} must not be negative, but is {value}")


def initialiser(
    name: str,
    *,
    distribution: Distribution,
    scale: Callable[..., Any],
    parameters: Mapping[str, float] | None = None,
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> Initialiser:
    """Define an initialiser and put it into the catalogue."""
    made = Initialiser(
        name,
        distribution=distribution,
        scale=definition(name, scale),
        parameters=dict(parameters or {}),
        **facts,
    )
    return INITIALISERS.register(made, aliases)


initialiser(
    "zeros",
    distribution="constant",
    scale=lambda: 0,
    source="all hidden units stay alike: for outputs and biases",
)
initialiser("constant", distribution="constant", scale=lambda value: value, parameters={"value": 0.1})
initialiser("uniform", distribution="uniform", scale=lambda limit: limit, parameters={"limit": 0.05})
initialiser(
    "normal", distribution="normal", scale=lambda deviation: deviation, parameters={"deviation": 0.05}
)
initialiser(
    "glorot_uniform",
    distribution="uniform",
    scale=lambda fan_in, fan_out: sqrt(6 / (fan_in + fan_out)),
    source="Glorot & Bengio 2010, equation 16",
    aliases=("xavier", "xavier_uniform", "glorot"),
)
initialiser(
    "glorot_normal",
    distribution="normal",
    scale=lambda fan_in, fan_out: sqrt(2 / (fan_in + fan_out)),
    source="Glorot & Bengio 2010, equation 12",
    aliases=("xavier_normal",),
)
initialiser(
    "he_uniform",
    distribution="uniform",
    scale=lambda fan_in: sqrt(6 / fan_in),
    source="He, Zhang, Ren & Sun 2015, equation 10, as a uniform distribution of that variance",
    aliases=("he", "kaiming_uniform"),
)
initialiser(
    "he_normal",
    distribution="normal",
    scale=lambda fan_in: sqrt(2 / fan_in),
    source="He, Zhang, Ren & Sun 2015, equation 10",
    aliases=("kaiming_normal",),
)
initialiser(
    "lecun_uniform",
    distribution="uniform",
    scale=lambda fan_in: sqrt(3 / fan_in),
    source="LeCun, Bottou, Orr & Müller 1998, equation 16, as a uniform distribution of that variance",
    aliases=("lecun",),
)
initialiser(
    "lecun_normal",
    distribution="normal",
    scale=lambda fan_in: sqrt(1 / fan_in),
    source="LeCun, Bottou, Orr & Müller 1998, equation 16",
)
