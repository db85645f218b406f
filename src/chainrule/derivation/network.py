"""Networks as they are specified: layers, activations, given or drawn weights. No numbers are made here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral, Real
from typing import Any, Literal

from chainrule.errors import ConfigError, ShapeMismatch
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.initialisers import INITIALISERS, Initialiser

Role = Literal["weights", "bias", "threshold", "activation"]
Values = tuple[Any, ...]


@dataclass(frozen=True)
class Parameter:
    """A quantity that training adjusts.

    name:  its symbol in the derivation ("W1"); layer: the layer it is of, from 1; role: what it does there
    shape: its sizes
    start: given values (nested tuples), or the initialiser they are drawn with
    frozen: training leaves it as it is
    """

    name: str
    layer: int
    role: Role
    shape: tuple[int, ...]
    start: Values | Initialiser
    frozen: bool

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        size = 1
        for length in self.shape:
            size *= length
        return size


@dataclass(frozen=True, init=False)
class Dense:
    """A fully connected layer: z = x W + b, a = activation(z).

    units:      how many units (O)
    activation: a name ("sigmoid", "leaky_relu(0.2)") or an entry of the catalogue
    bias:       True (starts from 0), False, or the O starting values
    threshold:  False, True (starts from 0), or O starting values: taken off in place of a bias, as the
                weight of a constant input −1; a bias with starting values cannot go with it
    weights:    an initialiser's name or entry, or the starting values (I, O); by default the initialiser
                that suits the activation
    frozen:     training leaves the layer's parameters as they are

    >>> Dense(3, "relu").activation.name
    'relu'
    """

    units: int
    activation: Activation
    bias: bool | Values
    weights: Values | Initialiser
    frozen: bool
    threshold: bool | Values

    def __init__(
        self,
        units: int,
        activation: str | Activation = "identity",
        bias: bool | Sequence[float] = True,
        weights: str | Initialiser | Sequence[Sequence[float]] | Any | None = None,
        frozen: bool = False,
        threshold: bool | Sequence[float] = False,
    ) -> None:
        if isinstance(units, bool) or not isinstance(units, Integral) or units < 1:
            raise ConfigError(f"a layer needs a whole number of units, at least 1, not {units!r}")
        chosen = ACTIVATIONS.find(activation)
        if chosen.name == "softmax" and units == 1:
            raise ConfigError(
                "softmax of one unit is always 1: use sigmoid, or give the layer a unit per class"
            )
        if isinstance(weights, (str, Initialiser)) or weights is None:
            start: Any = INITIALISERS.find(weights or chosen.init)
        else:
            start = _matrix("weights", weights)
        taken_off, added = _row("threshold", threshold, units), _row("bias", bias, units)
        if taken_off is not False:
            if not isinstance(added, bool):
                raise ConfigError(
                    "a layer has a bias or a threshold, not both: leave out the bias values, or the threshold"
                )
            added = False
        for name, value in {
            "units": int(units),
            "activation": chosen,
            "bias": added,
            "weights": start,
            "frozen": bool(frozen),
            "threshold": taken_off,
        }.items():
            object.__setattr__(self, name, value)

    def parameters(self, layer: int, inputs: int) -> Iterator[Parameter]:
        """The layer's parameters, as layer number `layer` (from 1) with `inputs` inputs."""
        if isinstance(self.weights, tuple):
            shape = (len(self.weights), len(self.weights[0]))
            if shape != (inputs, self.units):
                raise ShapeMismatch(
                    f"layer {layer}'s weights are {shape[0]} × {shape[1]}, but it has {inputs} inputs and "
                    f"{self.units} units: give one row per input and one column per unit"
                )
        yield Parameter(f"W{layer}", layer, "weights", (inputs, self.units), self.weights, self.frozen)
        zeros = INITIALISERS["zeros"]
        roles: tuple[tuple[str, Role, bool | Values], ...] = (
            ("b", "bias", self.bias),
            ("theta", "threshold", self.threshold),
        )
        for letter, role, given in roles:
            if given is not False:
                start = zeros if given is True else given
                yield Parameter(f"{letter}{layer}", layer, role, (self.units,), start, self.frozen)
        for name in self.activation.learnt:
            value = (float(self.activation.parameters[name]),)
            yield Parameter(f"{name}{layer}", layer, "activation", (1,), value, self.frozen)

    def to_json(self) -> dict[str, Any]:
        """The layer as JSON values."""
        weights = self.weights.spec if isinstance(self.weights, Initialiser) else self.weights
        made = {"units": self.units, "activation": self.activation.spec, "weights": weights}
        return {**made, "bias": self.bias, "threshold": self.threshold, "frozen": self.frozen}


@dataclass(frozen=True)
class Dropout:
    """While training, each value of the layer before is set to 0 with probability `rate`; the others are
    scaled by 1/(1 − rate), so that prediction needs no change (Srivastava et al. 2014).
    """

    rate: float

    def __post_init__(self) -> None:
        if isinstance(self.rate, bool) or not isinstance(self.rate, Real) or not 0 <= float(self.rate) < 1:
            raise ConfigError(f"a dropout rate is at least 0 and below 1, not {self.rate!r}")
        object.__setattr__(self, "rate", float(self.rate))

    def to_json(self) -> dict[str, Any]:
        """The layer as JSON values."""
        return {"dropout": self.rate}


@dataclass(frozen=True, init=False)
class Network:
    """A feedforward network: the number of inputs and the layers in order.

    Shapes are checked when the network is made: ShapeMismatch names the layer.

    >>> net = Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")])
    >>> net.sizes, [p.name for p in net.parameters], net.parameter_count
    ((2, 2, 1), ['W1', 'b1', 'W2', 'b2'], 9)
    """

    inputs: int
    layers: tuple[Dense | Dropout, ...]

    def __init__(self, inputs: int, layers: Sequence[Dense | Dropout]) -> None:
        if isinstance(inputs, bool) or not isinstance(inputs, Integral) or inputs < 1:
            raise ConfigError(f"a network needs a whole number of inputs, at least 1, not {inputs!r}")
        object.__setattr__(self, "inputs", int(inputs))
        if not isinstance(layers, (list, tuple)):
            raise ConfigError(f"a network takes a list of layers, such as [Dense(1)], not {layers!r}")
        object.__setattr__(self, "layers", tuple(layers))
        for layer in self.layers:
            if not isinstance(layer, (Dense, Dropout)):
                raise ConfigError(f"a network is made of Dense and Dropout layers, not of {layer!r}")
        if not self.dense or isinstance(self.layers[-1], Dropout):
            raise ConfigError("a network ends with a Dense layer, its outputs: add one")
        _ = self.parameters

    @cached_property
    def dense(self) -> tuple[Dense, ...]:
        """The layers with weights; layer 1 is the first."""
        return tuple(layer for layer in self.layers if isinstance(layer, Dense))

    @property
    def outputs(self) -> int:
        """How many outputs the network has."""
        return self.dense[-1].units

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Inputs, then the units of each layer."""
        return (self.inputs, *(layer.units for layer in self.dense))

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter, layer by layer."""
        found: list[Parameter] = []
        for number, layer in enumerate(self.dense, start=1):
            given = self.sizes[number - 1]
            if number > 1 and isinstance(layer.weights, tuple) and len(layer.weights) != given:
                raise ShapeMismatch(
                    f"layer {number} takes {len(layer.weights)} inputs but layer {number - 1} gives "
                    f"{given}: give layer {number} {given} rows of weights, "
                    f"or set layer {number - 1}'s units to {len(layer.weights)}"
                )
            found.extend(layer.parameters(number, given))
        return tuple(found)

    @property
    def parameter_count(self) -> int:
        """How many numbers the network holds."""
        return sum(parameter.size for parameter in self.parameters)

    def without_dropout(self) -> Network:
        """The same network as it predicts."""
        return Network(self.inputs, self.dense)

    def without_values(self) -> Network:
        """The same network with its given starting values left out, as when a model's numbers replace them."""
        layers = (
            Dense(
                layer.units,
                layer.activation,
                bias=layer.bias is not False,
                weights=None if isinstance(layer.weights, tuple) else layer.weights,
                frozen=layer.frozen,
                threshold=layer.threshold is not False,
            )
            if isinstance(layer, Dense)
            else layer
            for layer in self.layers
        )
        return Network(self.inputs, tuple(layers))

    def to_json(self) -> dict[str, Any]:
        """The network as JSON values; `from_json` reads them."""
        return {"inputs": self.inputs, "layers": [layer.to_json() for layer in self.layers]}

    @classmethod
    def from_json(cls, made: Mapping[str, Any]) -> Network:
        """The network of `to_json`. Raises ConfigError for anything else."""
        try:
            layers: list[Dense | Dropout] = []
            for layer in made["layers"]:
                layers.append(Dropout(layer["dropout"]) if "dropout" in layer else Dense(**layer))
            return cls(made["inputs"], layers)
        except (KeyError, TypeError) as error:
            raise ConfigError(f"this is no network: {error}") from error

    def __str__(self) -> str:
        return " → ".join(
            [
                f"{self.inputs} input{'s' * (self.inputs != 1)}",
                *(
                    f"dropout {layer.rate}"
                    if isinstance(layer, Dropout)
                    else f"{layer.units} {layer.activation.name}"
                    for layer in self.layers
                ),
            ]
        )


def _row(what: str, given: Any, units: int) -> bool | Values:
    if isinstance(given, bool):
        return given
    values = _numbers(what, given)
    if len(values) != units:
        raise ShapeMismatch(f"a layer of {units} units needs {units} {what} values, not {len(values)}")
    return values


def _matrix(what: str, given: Any) -> Values:
    rows = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(rows, (list, tuple)) or not rows:
        raise ConfigError(f"{what} are rows of numbers, one row per input, not {given!r}")
    matrix = tuple(_numbers(what, row) for row in rows)
    lengths = {len(row) for row in matrix}
    if len(lengths) > 1:
        raise ShapeMismatch(f"the rows of {what} have different lengths ({sorted(lengths)}): make them equal")
    return matrix


def _numbers(what: str, given: Any) -> Values:
    values = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(values, (list, tuple)) or not values:
        raise ConfigError(f"{what} must be a row of numbers, not {given!r}")
    for value in values:
        if isinstance(value, bool) or not isinstance(value, Real) or not _is_finite(value):
            raise ConfigError(f"{what} must be finite numbers, but one is {value!r}")
    return tuple(map(float, values))


def _is_finite(value: Real) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every float
        return False
