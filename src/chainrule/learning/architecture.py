"""The network that fits a table: its hidden layers as asked for, its output as the target and the loss need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.derivation import Dense, Dropout, Network
from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.learning.encoding import ClassTarget, Encoding


def build_network(
    encoding: Encoding,
    layers: int | Sequence[int],
    activation: str | Activation | Sequence[str | Activation],
    loss: str | Loss,
    dropout: float,
) -> tuple[Network, Loss]:
    """The network for an encoding, with the output layer that the target and the loss call for."""
    chosen = _loss(encoding, loss)
    layers = [layers] if isinstance(layers, int) else layers
    several = isinstance(activation, (list, tuple))
    given: list[Any] = list(activation) if several else [activation] * len(layers)  # type: ignore[arg-type]
    if len(given) == 1:
        given = given * len(layers)
    if dropout and not layers:
        raise ConfigError("dropout needs a hidden layer to drop from: give layers, or leave dropout out")
    if len(given) != len(layers):
        raise ConfigError(
            f"there are {len(layers)} hidden layers but {len(given)} activations: give one, or one for each"
        )
    made: list[Dense | Dropout] = []
    for units, name in zip(layers, given, strict=True):
        made.append(Dense(units, ACTIVATIONS.find(name)))
        if dropout:
            made.append(Dropout(dropout))
    classes = len(encoding.target.classes) if isinstance(encoding.target, ClassTarget) else 1
    if chosen.targets == "classes":
        made.append(Dense(classes, "softmax"))
    elif isinstance(encoding.target, ClassTarget):
        made.append(Dense(1 if classes == 2 else classes, "sigmoid"))
    else:
        made.append(Dense(1, "identity"))
    return Network(encoding.inputs, made), chosen


def _loss(encoding: Encoding, loss: str | Loss) -> Loss:
    classes = len(encoding.target.classes) if isinstance(encoding.target, ClassTarget) else 0
    if isinstance(loss, str) and loss == "auto":
        return LOSSES["mse" if not classes else "binary_crossentropy" if classes == 2 else "crossentropy"]
    chosen = LOSSES.find(loss)
    if not classes and chosen.targets != "numbers":
        raise ConfigError(
            f'{chosen.name} is a loss for classes, but the target "{encoding.target.name}" is a number: '
            "use mse, mae or huber, or --task classify"
        )
    return chosen
