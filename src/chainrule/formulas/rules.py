"""Learning rules, each a list of ordered assignments to a parameter w and the state kept beside it.

In an assignment, w is the parameter, g its gradient, eta the learning rate, t the number of the step
(from 1); other names are the rule's parameters, its state, or results of earlier assignments.
Names and defaults are PyTorch 2.13's; where the paper's differ, the entry's source says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.vocabulary import (
    absolute,
    column_sum,
    matmul,
    row_max,
    sqrt,
    transpose,
    where,
)

RULES: Catalogue[Rule] = Catalogue("learning rule")

Assignment = tuple[str, Callable[..., Any]]


@dataclass(frozen=True, eq=False, repr=False)
class Rule(Entry):
    """A learning rule.

    parameters:  hyperparameters; the first is always `learning_rate`
    assignments: what is assigned in one step, in order, for each parameter
    state:       what is kept from step to step, with the value it starts from
    on_bias, on_threshold: assignments to a bias or a threshold where they differ (the perceptron rule,
                 for which a bias is the weight of a constant input 1 and a threshold that of −1)
    fractions:   the hyperparameters that must be at least 0 and below 1
    at_least_0:  those that must not be negative
    """

    assignments: tuple[tuple[str, Definition], ...] = ()
    state: Mapping[str, float] | None = None
    on_bias: tuple[tuple[str, Definition], ...] = ()
    on_threshold: tuple[tuple[str, Definition], ...] = ()
    fractions: tuple[str, ...] = ()
    at_least_0: tuple[str, ...] = ()

    @property
    def needs_gradient(self) -> bool:
        """False for a rule that learns from the errors alone (the perceptron rule)."""
        return any("g" in made.arguments for _, made in self.assignments)

    def _check(self, name: str, value: Any) -> None:
        super()._check(name, value)
        if name == "learning_rate" and not 0 < value < float("inf"):
            raise ConfigError(
                f"the learning rate must be above 0 and finite, not {value}: give for example 0.01"
            )
        if name in self.at_least_0 and value < 0:
            raise ConfigError(f"{name} of {self.name} must not be negative, but is {value}")
        if name in self.fractions and not 0 <= value < 1:
            raise ConfigError(f"{name} of {self.name} must be at least 0 and below 1, but is {value}")


def rule(
    name: str,
    *,
    assignments: Sequence[Assignment],
    parameters: Mapping[str, float],
    state: Mapping[str, float] | None = None,
    on_bias: Sequence[Assignment] = (),
    on_threshold: Sequence[Assignment] = (),
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> Rule:
    """Define a learning rule and put it into the catalogue; the arguments are the fields of `Rule`.

    The learning rate must be above 0; other hyperparameters may be any number unless `fractions` or
    `at_least_0` names them.

    >>> plain = rule("plain", parameters={"learning_rate": 0.1},
    ...              assignments=[("w", lambda w, g, eta: w - eta * g)])
    >>> plain.assignments[0][1].tree
    w - η · g
    >>> RULES.remove("plain")

    Raises InvalidInput for a name used before it is assigned.
    """
    if next(iter(parameters), None) != "learning_rate":
        raise InvalidInput(f'the first parameter of rule "{name}" must be learning_rate: put it first')
    made = _traced(name, assignments, parameters, state or {})
    if "w" not in dict(made):
        raise InvalidInput(f'rule "{name}" never assigns to w, the parameter: add that assignment')
    return RULES.register(
        Rule(
            name,
            parameters=dict(parameters),
            assignments=made,
            state=dict(state or {}),
            on_bias=_traced(name, on_bias, parameters, state or {}) or made,
            on_threshold=_traced(name, on_threshold or on_bias, parameters, state or {}) or made,
            **facts,
        ),
        aliases,
    )


def _traced(
    name: str, assignments: Sequence[Assignment], parameters: Mapping[str, float], state: Mapping[str, float]
) -> tuple[tuple[str, Definition], ...]:
    known = {"w", "g", "x", "y", "y_hat", "eta", "t", *parameters, *state}
    made = []
    for target, function in assignments:
        traced = definition(name, function)
        missing = set(traced.arguments) - known
        if missing:
            raise InvalidInput(
                f'rule "{name}" uses {", ".join(sorted(missing))} before it is assigned: '
                "make it a parameter, a state or an earlier assignment"
            )
        known.add(target)
        made.append((target, traced))
    return tuple(made)


Perceptron = rule(
    "perceptron",
    parameters={"learning_rate": 1.0},
    assignments=[("w", lambda w, eta, x, y, y_hat: w + eta * matmul(transpose(x), y - y_hat))],
    on_bias=[("w", lambda w, eta, y, y_hat: w + eta * column_sum(y - y_hat))],
    on_threshold=[("w", lambda w, eta, y, y_hat: w - eta * column_sum(y - y_hat))],
    source="Rosenblatt 1958; PSYC681: w ← w + η · x · (y − ŷ)",
    strengths="on separable data it ends after finitely many updates (Novikoff 1962)",
    weaknesses="for a single layer with the step activation only; on other data it never ends",
)

GradientDescent = rule(
    "gradient_descent",
    parameters={"learning_rate": 0.01},
    assignments=[("w", lambda w, g, eta: w - eta * g)],
    source="Cauchy 1847; PyTorch's SGD, whose lr is 0.001 unless given",
    strengths="the plainest rule: a step against the gradient",
    weaknesses="one rate for all parameters; slow along narrow valleys",
    aliases=("sgd", "gd"),
)

Momentum = rule(
    "momentum",
    parameters={"learning_rate": 0.01, "mu": 0.9},
    at_least_0=("mu",),
    state={"v": 0.0},
    assignments=[("v", lambda v, g, mu: mu * v + g), ("w", lambda w, v, eta: w - eta * v)],
    source="Polyak 1964, as PyTorch's SGD(momentum=0.9) writes it; Polyak has v ← μ v − η g, w ← w + v",
    strengths="keeps its direction, so it crosses narrow valleys faster",
    weaknesses="may overshoot; the step is about η/(1 − μ) times the gradient",
)

Nesterov = rule(
    "nesterov",
    parameters={"learning_rate": 0.01, "mu": 0.9},
    at_least_0=("mu",),
    state={"v": 0.0},
    assignments=[("v", lambda v, g, mu: mu * v + g), ("w", lambda w, v, g, eta, mu: w - eta * (g + mu * v))],
    source="Nesterov 1983, in the form of Sutskever et al. 2013 and PyTorch's SGD(nesterov=True)",
    strengths="looks ahead: corrects momentum before it overshoots",
    weaknesses="as momentum, a little less so",
)

AdaGrad = rule(
    "adagrad",
    parameters={"learning_rate": 0.01, "epsilon": 1e-10},
    at_least_0=("epsilon",),
    state={"s": 0.0},
    assignments=[
        ("s", lambda s, g: s + g**2),
        ("w", lambda w, g, s, eta, epsilon: w - eta * g / (sqrt(s) + epsilon)),
    ],
    source="Duchi, Hazan & Singer 2011 (no ε there; 1e-10 is PyTorch's)",
    strengths="a rate for each parameter: rare features take larger steps",
    weaknesses="the sum only grows, so the steps die away",
)

AdaDelta = rule(
    "adadelta",
    parameters={"learning_rate": 1.0, "rho": 0.9, "epsilon": 1e-6},
    fractions=("rho",),
    at_least_0=("epsilon",),
    state={"s": 0.0, "u": 0.0},
    assignments=[
        ("s", lambda s, g, rho: rho * s + (1 - rho) * g**2),
        ("delta", lambda g, s, u, epsilon: sqrt(u + epsilon) / sqrt(s + epsilon) * g),
        ("u", lambda u, delta, rho: rho * u + (1 - rho) * delta**2),
        ("w", lambda w, delta, eta: w - eta * delta),
    ],
    source="Zeiler 2012 (ρ = 0.95 there, and no learning rate, which is η = 1); 0.9 and 1e-6 are PyTorch's",
    strengths="no learning rate to choose; units of the step are those of the parameter",
    weaknesses="starts slowly, since u starts from 0",
)

RMSProp = rule(
    "rmsprop",
    parameters={"learning_rate": 0.01, "alpha": 0.99, "epsilon": 1e-8},
    fractions=("alpha",),
    at_least_0=("epsilon",),
    state={"s": 0.0},
    assignments=[
        ("s", lambda s, g, alpha: alpha * s + (1 - alpha) * g**2),
        ("w", lambda w, g, s, eta, epsilon: w - eta * g / (sqrt(s) + epsilon)),
    ],
    source="Tieleman & Hinton 2012, lecture 6e (α = 0.9 and η = 0.001 there); 0.99 and 0.01 are PyTorch's",
    strengths="AdaGrad with a fading memory, so the steps do not die away",
    weaknesses="the first steps are large, since s starts from 0",
)

_MOMENTS: list[Assignment] = [
    ("m", lambda m, g, beta1: beta1 * m + (1 - beta1) * g),
    ("v", lambda v, g, beta2: beta2 * v + (1 - beta2) * g**2),
    ("m_hat", lambda m, beta1, t: m / (1 - beta1**t)),
    ("v_hat", lambda v, beta2, t: v / (1 - beta2**t)),
]
_ADAM: list[Assignment] = [
    *_MOMENTS,
    ("w", lambda w, m_hat, v_hat, eta, epsilon: w - eta * m_hat / (sqrt(v_hat) + epsilon)),
]
_ADAM_PARAMETERS = {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
_BETAS = ("beta1", "beta2")

Adam = rule(
    "adam",
    parameters=_ADAM_PARAMETERS,
    fractions=_BETAS,
    at_least_0=("epsilon",),
    state={"m": 0.0, "v": 0.0},
    assignments=_ADAM,
    source="Kingma & Ba 2015, algorithm 1; the defaults are the paper's and PyTorch's",
    strengths="a rate for each parameter and momentum; works untuned more often than others",
    weaknesses="two numbers of state for each parameter; may generalise less well than momentum",
)

AdamW = rule(
    "adamw",
    parameters={**_ADAM_PARAMETERS, "weight_decay": 0.01},
    fractions=_BETAS,
    at_least_0=("epsilon", "weight_decay"),
    state={"m": 0.0, "v": 0.0},
    assignments=[
        *_MOMENTS,
        (
            "w",
            lambda w, m_hat, v_hat, eta, epsilon, weight_decay: (
                w - eta * weight_decay * w - eta * m_hat / (sqrt(v_hat) + epsilon)
            ),
        ),
    ],
    source="Loshchilov & Hutter 2019 (their λ is weight_decay; 0.01 is PyTorch's); every parameter decays",
    strengths="weight decay apart from the gradient's scale",
    weaknesses="one more number to choose",
)

LazyAdam = rule(
    "lazy_adam",
    parameters=_ADAM_PARAMETERS,
    fractions=_BETAS,
    at_least_0=("epsilon",),
    state={"m": 0.0, "v": 0.0},
    assignments=[
        ("touched", lambda g: row_max(absolute(g)) > 0),
        ("m", lambda m, g, beta1, touched: where(touched, beta1 * m + (1 - beta1) * g, m)),
        ("v", lambda v, g, beta2, touched: where(touched, beta2 * v + (1 - beta2) * g**2, v)),
        (
            "w",
            lambda w, m, v, eta, beta1, beta2, epsilon, t, touched: where(
                touched,
                w - eta * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + epsilon),
                w,
            ),
        ),
    ],
    on_bias=_ADAM,
    source="PyTorch's SparseAdam: Adam in which a row without gradient keeps its state and its weights; "
    "ε is beside √v, not √v̂, as in the last lines of Kingma & Ba's section 2",
    strengths="rare rows (words) keep their momentum for when they come back",
    weaknesses="the state of a row is out of date when it does come back",
    aliases=("sparse_adam",),
)
