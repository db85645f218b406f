"""What an exercise is asked for: the network, the loss, the rule, the samples, the rounding, the notation."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Literal

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation
from chainrule.derivation.network import Dense, Network
from chainrule.engines.rounding import Policy, Spec
from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.rules import RULES, Rule
from chainrule.working.names.notation import Notation, read_notation

__all__ = ["KINDS", "Kind", "Plan", "plan_of", "read_activations", "read_layers"]

Kind = Literal["backprop", "forward", "dimensions", "perceptron"]
KINDS: tuple[Kind, ...] = ("backprop", "forward", "dimensions", "perceptron")

MOST_UNITS, MOST_LAYERS, MOST_SAMPLES, MOST_PASSES = 8, 6, 8, 6
BY_HAND: dict[str, str] = {"gradient_descent": "0.1", "momentum": "0.1", "nesterov": "0.1"}
"""Learning rates that show in a few decimals, where the rule's own is too small for that."""


@dataclass(frozen=True)
class Plan:
    """An exercise but for its numbers.

    layers:      inputs, then the units of each layer
    activations: of each layer; loss, rule: None for a feedforward pass
    rate:        η as it is written
    rounding:    the policy by which the key is worked
    saturated:   whether some unit is to be saturated
    """

    kind: Kind
    layers: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: Loss | None
    rule: Rule | None
    rate: Decimal | None
    bias: bool
    samples: int
    passes: int
    rounding: Policy
    notation: Notation
    saturated: bool = False

    @property
    def label(self) -> str:
        """What makes one plan another, in a line: the numbers are drawn from it and the seed."""
        parts = [
            self.kind,
            "-".join(map(str, self.layers)),
            ",".join(a.spec for a in self.activations),
            self.loss.spec if self.loss else "",
            self.rule.spec if self.rule else "",
            str(self.rate),
            f"bias={self.bias}",
            f"samples={self.samples}",
            f"passes={self.passes}",
            str(self.rounding.spec),
            f"saturated={self.saturated}",
        ]
        return "|".join(parts)

    @cached_property
    def network(self) -> Network:
        """The network, its weights not yet known."""
        inputs, *units = self.layers
        return Network(
            inputs,
            [Dense(n, a, bias=self.bias) for n, a in zip(units, self.activations, strict=True)],
        )

    @cached_property
    def derivation(self) -> Derivation:
        """The training step, loss and output activation apart; or the feedforward pass."""
        fused = False if self.loss is not None else None
        return derive(self.network, self.loss, self.rule, fused=fused)


def plan_of(
    layers: str | Sequence[int] = (2, 2, 1),
    *,
    kind: str = "backprop",
    activation: str | Sequence[str] | None = None,
    loss: str | Loss | None = None,
    rule: str | Rule | None = None,
    rate: str | float | Decimal | None = None,
    bias: bool = True,
    samples: int | None = None,
    passes: int | None = None,
    rounding: Spec | Policy | None = None,
    notation: str | Notation = "chainrule",
    saturated: bool = False,
) -> Plan:
    """An exercise as it is asked for, with the usual choices where nothing is said.

    layers:     "2,2,1": inputs, then the units of each layer
    activation: one for all layers, or one each ("tanh,softmax"); the output's suits the loss by default
    loss:       by default mse, or what suits a softmax output; "squared_error" is the notation's
    samples, passes: by default 1; a perceptron sees 4 samples twice
    rounding:   by default four decimals, or four significant digits where numbers become small

    Raises ConfigError or UnknownName, one sentence.

    >>> plan = plan_of("2,2,1", activation="sigmoid", rounding="round:4")
    >>> plan.loss.name, plan.rule.name, plan.rate
    ('mse', 'gradient_descent', Decimal('0.1'))
    """
    if kind not in KINDS:
        raise ConfigError(f'there is no kind of exercise "{kind}": choose one of {", ".join(KINDS)}')
    sizes = read_layers(layers)
    samples = samples if samples is not None else 4 if kind == "perceptron" else 1
    passes = passes if passes is not None else 2 if kind == "perceptron" else 1
    for what, value, most in (("samples", samples, MOST_SAMPLES), ("passes", passes, MOST_PASSES)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ConfigError(f"an exercise has 1 to {most} {what}, not {value!r}: give such a number")
    names = read_notation(notation)
    if saturated and kind not in ("backprop", "forward"):
        raise ConfigError(f"an exercise of kind {kind} has no saturated units: leave saturated out")
    if kind == "perceptron":
        return _perceptron(sizes, activation, loss, rule, rate, bias, samples, passes, rounding, names)
    chosen = names.loss(loss) if loss is not None else None
    functions = read_activations(activation, len(sizes) - 1, chosen)
    if saturated and not any(map(_saturates, functions)):
        told = " and ".join(dict.fromkeys(function.name for function in functions))
        raise ConfigError(f"{told} cannot be saturated: leave saturated out, or take sigmoid or tanh")
    trained = kind != "forward"
    if not trained and (chosen is not None or rule is not None or rate is not None):
        raise ConfigError(
            "a feedforward exercise has no loss and no rule: leave them out, or ask for backprop"
        )
    if trained and chosen is None:
        suits = functions[-1].name == "softmax"
        chosen = LOSSES["crossentropy"] if suits else LOSSES["mse"]
    learning = RULES.find(rule if rule is not None else "gradient_descent") if trained else None
    if learning is not None and not learning.needs_gradient:
        raise ConfigError(
            f"{learning.name} trains one unit from its errors: ask for it with --kind perceptron"
        )
    if rounding is None:
        rounding = "significant:4" if _is_fine(sizes, learning) else "round:4"
    plan = Plan(
        kind,
        sizes,
        functions,
        chosen if trained else None,
        learning,
        _rate(rate, learning) if learning is not None else None,
        bias,
        samples,
        passes,
        Policy.parse(rounding),
        names,
        saturated,
    )
    _ = plan.derivation
    return plan


def _perceptron(
    sizes: tuple[int, ...],
    activation: str | Sequence[str] | None,
    loss: str | Loss | None,
    rule: str | Rule | None,
    rate: str | float | Decimal | None,
    bias: bool,
    samples: int,
    passes: int,
    rounding: Spec | Policy | None,
    notation: Notation,
) -> Plan:
    """One unit with the step; by default one with as many inputs as asked for, on four samples."""
    if len(sizes) != 2 or sizes[-1] != 1:
        raise ConfigError(
            f"a perceptron is one unit, not {','.join(map(str, sizes))}: give its inputs and 1, such as 2,1"
        )
    functions = read_activations(activation if activation is not None else "step", 1, None)
    learning = RULES.find(rule if rule is not None else "perceptron")
    if functions[0].name != "step" or learning.name != "perceptron":
        raise ConfigError(
            f"a perceptron has the step and the perceptron rule, not {functions[0].name} and {learning.name}: "
            "leave them out, or ask for backprop"
        )
    if loss is not None:
        raise ConfigError("a perceptron learns from its errors, without a loss: leave the loss out")
    policy = Policy.parse(rounding if rounding is not None else "exact")
    if policy.per:
        raise ConfigError("a perceptron's lines are all rounded alike: give one rounding, such as round:2")
    return Plan(
        "perceptron",
        sizes,
        functions,
        LOSSES["mse"],
        learning,
        _rate(rate if rate is not None else "0.1", learning),
        bias,
        samples,
        passes,
        policy,
        notation,
    )


def read_layers(given: str | Sequence[int]) -> tuple[int, ...]:
    """Inputs, then the units of each layer.

    >>> read_layers("2,3,1")
    (2, 3, 1)
    """
    parts = given.split(",") if isinstance(given, str) else list(given)
    told = given if isinstance(given, str) else ",".join(map(str, given))
    sizes = []
    for part in parts:
        written = str(part).strip()
        if not re.fullmatch(r"[1-9][0-9]{0,8}", written):
            raise ConfigError(
                f'layers "{told}": "{written}" is no number of units: write inputs, then the units of each '
                "layer, such as 2,2,1"
            )
        sizes.append(int(written))
    if len(sizes) < 2:
        raise ConfigError(
            f'layers "{told}" has no layer: write inputs, then the units of each layer, such as 2,2,1'
        )
    if len(sizes) - 1 > MOST_LAYERS or max(sizes) > MOST_UNITS:
        raise ConfigError(
            f'layers "{told}" is too much to work by hand: take at most {MOST_LAYERS} layers of at most '
            f"{MOST_UNITS} units"
        )
    return tuple(sizes)


def read_activations(
    given: str | Sequence[str] | None, layers: int, loss: Loss | None
) -> tuple[Activation, ...]:
    """The activation of each layer.

    One name is that of all layers, but for an output that it does not suit (relu's may be stuck at 0, and
    cross-entropy wants softmax): that has the one that suits the loss.

    Raises ConfigError for another number of names than layers.
    """
    if given is None:
        names = ["sigmoid"] * layers
    elif isinstance(given, str):
        names = [part.strip() for part in re.split(r",(?![^(]*\))", given)]
    else:
        names = list(given)
    stated = len(names) == layers and given is not None
    if len(names) == 1:
        names = names * layers
    if len(names) != layers:
        raise ConfigError(
            f"there are {layers} layers but {len(names)} activations: give one for all, or one for each"
        )
    found = [ACTIVATIONS.find(name) for name in names]
    if not stated:
        own, low, high = found[-1].range, *(loss.domain if loss is not None else (-math.inf, math.inf))
        suited = ACTIVATIONS.find(loss.output if loss is not None else "identity")
        fits = low <= own[0] and own[1] <= high and suited.name != "softmax"
        # An output that may be stuck at 0 learns nothing.
        if not fits or (own[1] == math.inf and own[0] > -math.inf):
            found[-1] = suited
    return tuple(found)


def _saturates(function: Activation) -> bool:
    """Whether it bends towards a bound; relu is flat and the step jumps."""
    return not function.kinks and any(map(math.isfinite, function.range))


def _is_fine(sizes: tuple[int, ...], rule: Rule | None) -> bool:
    """Whether numbers become so small that decimals would leave nothing of them: depth, squared gradients."""
    return len(sizes) > 3 or (rule is not None and bool(rule.state) and "mu" not in rule.parameters)


def _rate(given: str | float | Decimal | None, rule: Rule) -> Decimal:
    written = str(given) if given is not None else BY_HAND.get(rule.name)
    if written is None:
        written = repr(rule.parameters["learning_rate"])
    try:
        rate = Decimal(written)
        if not (rate.is_finite() and rate > 0):
            raise ArithmeticError
    except ArithmeticError:
        raise ConfigError(f'the rate "{written}" must be a number above 0: give for example 0.1') from None
    return rate
