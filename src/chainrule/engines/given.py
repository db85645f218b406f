"""Arrays as users give them, made float64 and of the shape a derivation takes, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.derivation.network import Network
from chainrule.engines.initial import initial_parameters
from chainrule.errors import InvalidInput, ShapeMismatch, unknown
from chainrule.formulas.losses import Loss

Floats = NDArray[np.float64]


def numbers(what: str, given: Any) -> Floats:
    """Finite numbers of any shape, in float64."""
    try:
        array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise InvalidInput(f"{what} must be an array of numbers: encode text and fill gaps first") from None
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        at = tuple(int(place) for place in bad[0])
        raise InvalidInput(
            f"{what} must be finite, but {what}[{', '.join(map(str, at))}] is {array[at]}: mend or drop it"
        )
    return array


def table(what: str, given: ArrayLike, columns: int) -> Floats:
    """A table (N, columns) with at least one row."""
    table = numbers(what, given)
    if table.ndim != 2 or table.shape[1] != columns or not len(table):
        raise ShapeMismatch(
            f"{what} must be a table (N, {columns}) with at least one row, not of shape {table.shape}"
        )
    return table


def column(what: str, given: Any, rows: int, each: str = "a row") -> Floats:
    """One number a row (or `each` of something else), (N,) or (N, 1), as (N, 1)."""
    column = numbers(what, given)
    if column.shape not in ((rows,), (rows, 1)):
        raise ShapeMismatch(f"{what} must hold one number {each}, ({rows},), not be of shape {column.shape}")
    return column.reshape(rows, 1)


def targets(y: ArrayLike, rows: int, outputs: int, loss: Loss) -> tuple[NDArray[Any], bool]:
    """The targets as the derivation takes them, and whether they are class numbers."""
    given = numbers("y", y)
    if outputs > 1 and loss.targets == "classes" and given.shape in ((rows,), (rows, 1)):
        odd = np.flatnonzero((given != np.floor(given)) | (given < 0) | (given >= outputs))
        if len(odd):
            raise InvalidInput(
                f"y must hold class numbers from 0 to {outputs - 1}, but y[{odd[0]}] is "
                f"{given.reshape(-1)[odd[0]]:g}: number the classes from 0, one output for each"
            )
        return given.astype(np.int64).reshape(rows, 1), True
    if given.shape == (rows,) and outputs == 1:
        return given.reshape(rows, 1), False
    if given.shape != (rows, outputs):
        raise ShapeMismatch(
            f"y must be of shape ({rows}, {outputs}), a row for each of X's, not {given.shape}"
        )
    return given, False


def parameters(
    network: Network, given: Mapping[str, ArrayLike] | None, seed: int
) -> Mapping[str, NDArray[Any]]:
    """Every parameter by name, checked against the network; without any, those drawn from the seed."""
    if given is None:
        return initial_parameters(network, seed)
    shapes = {p.name: p.shape for p in network.parameters}
    for name in given:
        if name not in shapes:
            raise unknown("parameter", name, shapes)
    made = {}
    for name, shape in shapes.items():
        if name not in given:
            raise InvalidInput(f'parameters lack "{name}" of shape {shape}: give every parameter, or none')
        made[name] = numbers(name, given[name])
        if made[name].shape != shape:
            raise ShapeMismatch(f'parameter "{name}" must have shape {shape}, not {made[name].shape}')
    return made
