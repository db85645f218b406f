"""Networks written as TOML files: inputs, layers and, if they are to be trained, loss and learning rule.

inputs = 2
loss = "mse"
rule = "gradient_descent"
rate = 0.1
[[layers]]
units = 2
activation = "sigmoid"
bias = false
weights = [[0.7, 0.3], [0.4, 0.6]]
[[layers]]
units = 1
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Discriminator, Field, PrivateAttr, Tag, model_validator

from chainrule.derivation.network import Dense, Dropout, Network
from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.atomic import quoted
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.rules import RULES, Rule
from chainrule.learning.configuration import Section, checked, read_toml

__all__ = ["NetworkFile", "NetworkSection", "made_network", "read_network"]


@dataclass(frozen=True)
class NetworkFile:
    """A network as a file states it, with how it is to be trained; what the file leaves out is None or 0.

    rule: with its learning rate set where the file gives a `rate`
    """

    network: Network
    loss: Loss | None
    rule: Rule | None
    rate: float | None
    l2: float
    clip_norm: float | None
    clip_value: float | None


def read_network(path: str | os.PathLike[str]) -> NetworkFile:
    """The network of a TOML file. Raises ConfigError, one sentence that names every mistake."""
    return made_network(checked(NetworkSection, read_toml(path), quoted(path)), quoted(path))


def made_network(stated: NetworkSection, source: str) -> NetworkFile:
    """The network that a table of a file states; source: what the file is called in messages."""
    try:
        network = Network(stated.inputs, [layer.made for layer in stated.layers])
    except InvalidInput as error:
        raise ConfigError(f"{source}: {error}") from None
    rule = stated.rule
    if rule is not None and stated.rate is not None:
        rule = rule(learning_rate=stated.rate)
    return NetworkFile(
        network, stated.loss, rule, stated.rate, stated.l2, stated.clip_norm, stated.clip_value
    )


class _Dense(Section):
    units: Annotated[int, Field(ge=1)]
    activation: Annotated[Activation, BeforeValidator(ACTIVATIONS.find)] = ACTIVATIONS["identity"]
    # Any: Dense tells better what is wrong with them than a union of types could.
    bias: Any = True
    threshold: Any = False
    weights: Any = None
    frozen: bool = False
    _made: Dense = PrivateAttr()

    @model_validator(mode="after")
    def _make(self) -> _Dense:
        self._made = Dense(self.units, self.activation, self.bias, self.weights, self.frozen, self.threshold)
        return self

    @property
    def made(self) -> Dense | Dropout:
        return self._made


class _Dropout(Section):
    dropout: Annotated[float, Field(ge=0, lt=1)]

    @property
    def made(self) -> Dense | Dropout:
        return Dropout(self.dropout)


def _which(layer: Any) -> str:
    return "a dropout layer" if isinstance(layer, dict) and "dropout" in layer else "a layer"


_Layer = Annotated[
    Annotated[_Dense, Tag("a layer")] | Annotated[_Dropout, Tag("a dropout layer")], Discriminator(_which)
]
_Above = Annotated[float, Field(gt=0)]


class NetworkSection(Section):
    """The table of a network as it is written in a file."""

    variants: ClassVar[dict[str, type[Section]]] = {"a layer": _Dense, "a dropout layer": _Dropout}

    inputs: Annotated[int, Field(ge=1)]
    layers: Annotated[list[_Layer], Field(min_length=1)]
    loss: Annotated[Loss, BeforeValidator(LOSSES.find)] | None = None
    rule: Annotated[Rule, BeforeValidator(RULES.find)] | None = None
    rate: _Above | None = None
    l2: Annotated[float, Field(ge=0)] = 0.0
    clip_norm: _Above | None = None
    clip_value: _Above | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> NetworkSection:
        if self.rate is not None and self.rule is None:
            raise ValueError(
                'rate needs a rule to be the rate of: add one, for example rule = "gradient_descent"'
            )
        if self.rule is not None and self.loss is None:
            raise ValueError('rule needs a loss to learn from: add one, for example loss = "mse"')
        return self
