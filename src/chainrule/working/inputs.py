"""What a person gives to be worked out, checked: tables of numbers, parameters, settings."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from inspect import signature
from math import isfinite
from numbers import Integral, Real
from typing import Any

import numpy as np

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.initial import initial_parameters
from chainrule.engines.samples import check_targets, check_weights
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, unknown
from chainrule.formulas.losses import LOSSES, Loss

LARGEST = sys.float_info.max

__all__ = [
    "are_classes",
    "check_chain",
    "check_passes",
    "check_rate",
    "check_settings",
    "left_to_chance",
    "numbers_for",
    "refuse_others",
    "table_of",
    "targets_for",
    "weights_for",
]

_SETTINGS = ("l2", "clip_norm", "clip_value", "sample_weights", "class_weights", "integer_targets")
assert set(_SETTINGS) <= set(signature(derive).parameters)


def refuse_others(what: str, given: Mapping[str, Any], usual: Mapping[str, Any]) -> None:
    """Raise ConfigError for arguments that would be passed over, what is worked having its own."""
    others = [name for name, value in given.items() if not _is(value, usual.get(name))]
    if others:
        raise ConfigError(f"{what} has its own numbers and settings: leave out {', '.join(others)}")


def _is(value: Any, usual: Any) -> bool:
    return value is usual or (isinstance(value, str | int) and value == usual)


def table_of(name: str, given: Any, width: int, count: int | None = None) -> list[list[Any]]:
    """A table of finite numbers as rows; for one number a row, a plain list will do.

    Raises ConfigError, ShapeMismatch or InvalidInput, saying what it must be.
    """
    what = f"{name}, {'one number' if width == 1 else f'a row of {width} numbers'} for each sample"
    if given is None:
        raise ConfigError(f"a working needs numbers to work on: give {what}")
    made = _plain(given)
    if width == 1 and isinstance(made, list) and not any(isinstance(row, list) for row in made):
        made = [[value] for value in made]
    if not isinstance(made, list) or not all(isinstance(row, list) for row in made) or not made:
        raise ShapeMismatch(f"{name} must be a table: give {what}")
    for row in made:
        if len(row) != width:
            raise ShapeMismatch(f"a row of {name} has {len(row)} number{'s' * (len(row) != 1)}: give {what}")
        for value in row:
            _check_number(name, value)
    if count is not None and len(made) != count:
        raise ShapeMismatch(f"x has {count} row{'s' * (count != 1)} but {name} has {len(made)}: give {what}")
    return made


def targets_for(derivation: Derivation, given: Any, rows: int) -> list[list[Any]]:
    """y as rows, within what the loss takes. Raises InvalidInput (ShapeMismatch, ConfigError)."""
    assert derivation.loss is not None
    integer = "Y" in derivation.shapes
    made = table_of("y", given, 1 if integer else derivation.network.outputs, rows)
    numbers = np.array([[float(value) for value in row] for row in made])
    check_targets(numbers, rows, derivation.network, derivation.loss)
    return [[int(value) for value in row] for row in made] if integer else made


def weights_for(derivation: Derivation, given: Any, rows: int) -> dict[str, list[list[Any]]]:
    """The samples' weights by symbol, where the derivation asks for them."""
    symbol = next((name for name in ("s", "q") if name in derivation.inputs), None)
    if symbol is None:
        return {}
    made = table_of("sample_weights", given if given is not True else None, 1, rows)
    check_weights(np.array([[float(value) for value in row] for row in made]), rows)
    return {symbol: made}


def numbers_for(network: Network, given: Mapping[str, Any] | None, seed: int) -> dict[str, Any]:
    """Every parameter by name: given, of the network, or drawn from the seed.

    Raises UnknownName, ShapeMismatch or InvalidInput.
    """
    if given is not None and not isinstance(given, Mapping):
        raise InvalidInput('parameters are numbers by name, such as {"W1": [[0.5]]}, ' + f"not {given!r}")
    if isinstance(seed, bool) or not isinstance(seed, Integral) or seed < 0:
        raise ConfigError(f"the seed is a whole number from 0 on, not {seed!r}")
    shapes = {p.name: p.shape for p in network.parameters}
    for name in given or {}:
        if name not in shapes:
            raise unknown("parameter", name, shapes)
    drawn = initial_parameters(network, seed)
    made: dict[str, Any] = {}
    for parameter in network.parameters:
        name = parameter.name
        if given is not None and name in given:
            made[name] = _shaped(name, _plain(given[name]), parameter.shape)
        elif not isinstance(parameter.start, tuple):
            made[name] = drawn[name].tolist()
    return made


def are_classes(network: Network, loss: str | Loss, given: Any) -> bool:
    """Whether y holds class numbers, for a loss over classes: [2, 0] or [[2], [0]]."""
    if network.outputs == 1 or LOSSES.find(loss).targets != "classes":
        return False
    made = _plain(given)
    if not isinstance(made, list) or not made:
        return False
    return all(
        not isinstance(row[0] if isinstance(row, list) and len(row) == 1 else row, list) for row in made
    )


def left_to_chance(given: Mapping[str, Any] | None, made: Mapping[str, Any], seed: int) -> tuple[str, ...]:
    """A line for the heading, where some parameters are given and others were drawn.

    made: those of `numbers_for`; biases that start from 0 are not drawn
    """
    others = [name for name, value in made.items() if name not in (given or {}) and np.any(np.array(value))]
    if not given or not others:
        return ()
    return (f"not given, so drawn from seed {seed}: {', '.join(others)}",)


def check_chain(chain: Any) -> None:
    """Raise UnknownName for what is no way of writing gradients."""
    if chain not in (None, "paths", "deltas"):
        raise unknown("way of writing gradients", str(chain), ("paths", "deltas"))


def check_passes(passes: Any) -> None:
    """Raise ConfigError for what is no number of passes."""
    if isinstance(passes, bool) or not isinstance(passes, Integral) or passes < 1:
        raise ConfigError(f"passes are a whole number, at least 1, not {passes!r}")


def check_rate(rate: Any) -> None:
    """Raise ConfigError for what is no learning rate."""
    if rate is not None and not (_is_number(rate) and 0 < rate <= LARGEST and float(rate) > 0):
        told = _in_short(rate) if _is_number(rate) and abs(rate) > LARGEST else repr(rate)
        raise ConfigError(f"the learning rate must be above 0 and finite, not {told}: give for example 0.01")


def check_settings(settings: Mapping[str, Any]) -> None:
    """Raise UnknownName for a setting that `derive` has not."""
    for name in settings:
        if name not in _SETTINGS:
            raise unknown("setting", name, _SETTINGS)


def _plain(given: Any) -> Any:
    """Arrays and tuples as lists, at any depth."""
    if hasattr(given, "tolist"):
        return given.tolist()
    return [_plain(value) for value in given] if isinstance(given, list | tuple) else given


def _shaped(name: str, values: Any, shape: tuple[int, ...]) -> Any:
    if not shape:
        _check_number(name, values)
        return values
    if not isinstance(values, list) or len(values) != shape[0]:
        raise ShapeMismatch(f"{name} must have shape {shape}, and has not: give it all its numbers")
    try:
        return [_shaped(name, value, shape[1:]) for value in values]
    except ShapeMismatch:
        raise ShapeMismatch(f"{name} must have shape {shape}, and has not: give it all its numbers") from None


def _check_number(name: str, value: Any) -> None:
    if not _is_number(value):
        raise InvalidInput(f"{name} must hold finite numbers, but one is {value!r}")
    if not abs(value) <= LARGEST:
        raise InvalidInput(f"{name} must hold numbers up to 1.8e308 in size, but one is {_in_short(value)}")


def _is_number(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    if isinstance(value, bool) or not isinstance(value, Real):
        return False
    return isinstance(value, Integral | Fraction) or isfinite(value)


def _in_short(value: Any) -> str:
    return f"{Decimal(int(value)) if isinstance(value, Integral) else value:.3g}"
