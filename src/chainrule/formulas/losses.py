"""Losses: the error of one output, its slope, the form fused with an output activation, the reductions.

For outputs p (B, K) and targets y (B, K), each loss states the error of one entry. The loss C of a batch
is reduced over the K outputs (`mean` or `sum`) and over the B samples (`mean` or `sum`); with sample
weights s (B, 1), the mean over the batch is Σ s e / Σ s. Both reductions are selectable, and each loss
states the one it is usually met with.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from chainrule.errors import ConfigError
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.expression import Expression, Symbol, as_expression, evaluate, substitute
from chainrule.formulas.vocabulary import (
    absolute,
    exp,
    log,
    log1p,
    maximum,
    minimum,
    row_max,
    row_sum,
    rows,
    sign,
    total,
    where,
    xlogy,
)

Reduction = Literal["mean", "sum"]
Targets = Literal["numbers", "binary", "classes"]

LOSSES: Catalogue[Loss] = Catalogue("loss")


@dataclass(frozen=True, eq=False)
class Fused:
    """A loss and its output activation as one formula, exact where the two apart would lose digits.

    value: the error of an entry from the weighted sums z (B, K) and the targets y
    slope: ∂error/∂z from z, the activation a and y
    """

    value: Definition
    slope: Definition


@dataclass(frozen=True, eq=False, repr=False)
class Loss(Entry):
    """A loss of the catalogue.

    value, slope: the error of one entry and its slope in p, as taught (the textbook form)
    output:       the output activation it belongs to
    fused:        the stable form together with that output, if there is one
    over_outputs: the reduction over the outputs that it is usually met with
    targets:      what y holds: numbers, 0 or 1 for each output, or one-hot (or soft) classes
    kinks:        values of p − y where the slope jumps
    domain:       the values that p may take
    """

    value: Definition
    slope: Definition
    output: str
    fused: Fused | None
    over_outputs: Reduction = "mean"
    over_batch: Reduction = "mean"
    targets: Targets = "numbers"
    domain: tuple[float, float] = (-math.inf, math.inf)
    kinks: tuple[float | str, ...] = ()
    range: tuple[float, float] = (0.0, math.inf)
    points: tuple[tuple[float, float, float], ...] = ()

    def __call__(self, *values: float, **named: Any) -> Loss:
        """The same loss with other parameters or reductions (`outputs`, `batch`: "mean" or "sum").

        >>> LOSSES["mse"](outputs="sum").spec
        'mse(outputs=sum)'
        """
        chosen = {"over_" + name: named.pop(name) for name in ("outputs", "batch") if name in named}
        for name, choice in chosen.items():
            if choice not in ("mean", "sum"):
                raise ConfigError(
                    f'{name[5:]} of {self.name} is "mean" or "sum", not {choice!r}: choose one of them'
                )
        return replace(super().__call__(*values, **named), **chosen)

    def value_at(self, p: float, y: float) -> float:
        """The error of one output in float64.

        >>> LOSSES["half_squared_error"].value_at(0.5, 1.0)
        0.125
        """
        return float(evaluate(self.value.tree, {**self.parameters, "p": p, "y": y}))

    def slope_at(self, p: float, y: float) -> float:
        """∂error/∂p in float64."""
        return float(evaluate(self.slope.tree, {**self.parameters, "p": p, "y": y}))

    def over(self, *, units: int, weighted: bool, fused: bool) -> Definition:
        """The loss of a batch as one definition, with its gradient.

        Arguments: p (B, K), or z and a (B, K) when fused; y (B, K); s (B, 1) when weighted; parameters.
        """
        form = self.fused if fused and self.fused else Fused(self.value, self.slope)
        value, slope = form.value, form.slope
        output = "z" if fused else "p"
        outputs: tuple[str, ...] = ("z", "a") if fused else ("p",)
        arguments = (*outputs, "y", *(("s",) if weighted else ()), *self.parameters)
        divide_by = _divisor(self, output, units, weighted)
        weigh = Symbol("s") if weighted else None
        errors = value.tree if weigh is None else weigh * value.tree
        slopes = slope.tree if weigh is None else weigh * slope.tree
        tree = total(errors)
        gradient = slopes
        if divide_by is not None:
            tree, gradient = tree / divide_by, gradient / divide_by
        gradients = {output: Definition(f"{self.name} slope", arguments, gradient)}
        return Definition(f"{self.name}{' of logits' if fused else ''}", arguments, tree, gradients)

    @property
    def spec(self) -> str:
        usual = LOSSES.get(self.name, self)
        chosen = {name: f"{value!r}" for name, value in self.parameters.items()}
        if self.over_outputs != usual.over_outputs:
            chosen["outputs"] = self.over_outputs
        if self.over_batch != usual.over_batch:
            chosen["batch"] = self.over_batch
        written = ", ".join(f"{name}={value}" for name, value in chosen.items())
        return f"{self.name}({written})" if written else self.name


def _divisor(loss: Loss, output: str, units: int, weighted: bool) -> Expression | None:
    """What the summed error is divided by: the batch (or its total weight), the outputs, or both."""
    divisor: Expression | None = None
    if loss.over_batch == "mean":
        weight = total(Symbol("s"))
        divisor = where(weight > 0, weight, 1) if weighted else rows(Symbol(output))
    if loss.over_outputs == "mean" and units > 1:
        divisor = as_expression(units) if divisor is None else divisor * units
    return divisor


def loss(
    name: str,
    *,
    value: Callable[..., Any],
    slope: Callable[..., Any],
    output: str = "identity",
    fused: tuple[Callable[..., Any], Callable[..., Any]] | None = None,
    parameters: Mapping[str, float] | None = None,
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> Loss:
    """Define a loss and put it into the catalogue.

    value: the error of one entry as a function of p (prediction), y (target) and parameters
    slope: ∂error/∂p, as a function of the same
    output: the output activation the loss belongs to
    fused: (error as a function of z and y, ∂error/∂z as a function of z, a and y) for that output;
           without it, and only for the identity output, the textbook form serves
    facts: over_outputs, over_batch, targets, domain, kinks, source, strengths, weaknesses, points

    >>> quartic = loss("quartic", value=lambda p, y: (p - y) ** 4, slope=lambda p, y: 4 * (p - y) ** 3)
    >>> quartic.value_at(3.0, 1.0)
    16.0
    >>> LOSSES.remove("quartic")
    """
    value_of = definition(name, value)
    slope_of = definition(f"{name} slope", slope)
    if fused is not None:
        together: Fused | None = Fused(definition(name, fused[0]), definition(f"{name} slope", fused[1]))
    elif output == "identity":
        together = Fused(_renamed(value_of, p="z"), _renamed(slope_of, p="a"))
    else:
        together = None
    parts = (value_of, slope_of, *((together.value, together.slope) if together else ()))
    extra = {argument for part in parts for argument in part.arguments} - {
        "p",
        "y",
        "z",
        "a",
        *(parameters or {}),
    }
    if extra:
        raise ConfigError(
            f'loss "{name}" uses {", ".join(sorted(extra))}, which is not p, y, z, a or a parameter: '
            "name it among the parameters"
        )
    made = Loss(
        name,
        value=value_of,
        slope=slope_of,
        output=output,
        fused=together,
        parameters=dict(parameters or {}),
        **facts,
    )
    return LOSSES.register(made, aliases)


def _renamed(made: Definition, **names: str) -> Definition:
    arguments = tuple(names.get(argument, argument) for argument in made.arguments)
    return Definition(
        made.name, arguments, substitute(made.tree, {old: Symbol(new) for old, new in names.items()})
    )


mse = loss(
    "mse",
    value=lambda p, y: (p - y) ** 2,
    slope=lambda p, y: 2 * (p - y),
    points=((0.5, 1.0, 0.25), (3.0, 1.0, 4.0)),
    source="Gauss 1809; PSYC681's loss: the mean over samples and outputs of (y − ŷ)²",
    strengths="smooth; large errors weigh most",
    weaknesses="outliers rule it; through a saturated sigmoid its gradient vanishes",
    aliases=("mean_squared_error",),
)

half_squared_error = loss(
    "half_squared_error",
    value=lambda p, y: (p - y) ** 2 / 2,
    slope=lambda p, y: p - y,
    over_outputs="sum",
    points=((0.5, 1.0, 0.125), (3.0, 1.0, 2.0)),
    source="Rumelhart, Hinton & Williams 1986; CAP4453's E = Σ ½(target − output)²",
    strengths="as the mean squared error; the ½ cancels the 2 of its slope",
    weaknesses="as the mean squared error",
    aliases=("half_mse",),
)

mae = loss(
    "mae",
    value=lambda p, y: absolute(p - y),
    slope=lambda p, y: sign(p - y),
    kinks=(0.0,),
    points=((0.5, 1.0, 0.5), (3.0, 1.0, 2.0)),
    source="Laplace 1774; the slope at an error of 0 is taken as 0",
    strengths="outliers weigh no more than others; aims at the median",
    weaknesses="the slope has one size however small the error, so steps do not shrink; kink at 0",
    aliases=("mean_absolute_error", "l1"),
)

huber = loss(
    "huber",
    value=lambda p, y, delta: where(
        absolute(p - y) <= delta, (p - y) ** 2 / 2, delta * (absolute(p - y) - delta / 2)
    ),
    slope=lambda p, y, delta: maximum(minimum(p - y, delta), -delta),
    parameters={"delta": 1.0},
    points=((0.5, 1.0, 0.125), (3.0, 1.0, 1.5)),
    source="Huber 1964",
    strengths="squared near 0, absolute beyond δ: smooth, and outliers do not rule it",
    weaknesses="one more number to choose",
)

binary_crossentropy = loss(
    "binary_crossentropy",
    value=lambda p, y: -(xlogy(y, p) + xlogy(1 - y, 1 - p)),
    slope=lambda p, y: (p - y) / (p * (1 - p)),
    output="sigmoid",
    fused=(
        lambda z, y: maximum(z, 0) - z * y + log1p(exp(-absolute(z))),
        lambda a, y: a - y,
    ),
    targets="binary",
    domain=(0, 1),
    points=((0.5, 1.0, 0.6931471805599453), (0.9, 0.0, 2.302585092994046)),
    source="Good 1952; COMP0087: L(c, y) = −y ln c − (1 − y) ln(1 − c)",
    strengths="with a sigmoid output the slope is p − y: a unit saturated and wrong still learns",
    weaknesses="without bound: one confident mistake is dear",
    aliases=("bce", "log_loss"),
)

crossentropy = loss(
    "crossentropy",
    value=lambda p, y: -xlogy(y, p),
    slope=lambda p, y: where(y > 0, -y / p, 0),
    output="softmax",
    fused=(
        lambda z, y: y * ((row_max(z) - z) + log(row_sum(exp(z - row_max(z))))),
        lambda a, y: a - y,
    ),
    over_outputs="sum",
    targets="classes",
    domain=(0, 1),
    points=((0.5, 1.0, 0.6931471805599453), (0.25, 0.5, 0.6931471805599453)),
    source="Good 1952; COMP0087: L = −Σ y_k ln ŷ_k",
    strengths="with a softmax output the slope is p − y; measures the probability given to the right class",
    weaknesses="without bound: one confident mistake is dear; targets must sum to 1",
    aliases=("cross_entropy", "ce", "categorical_crossentropy"),
)
