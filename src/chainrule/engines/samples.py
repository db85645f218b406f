"""Arrays as given by a user, checked and brought into the shapes that a derivation takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.derivation.network import Network
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.sparse import SparseRows, check_sparse_range, is_sparse, sparse_rows
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, unknown
from chainrule.formulas.losses import LOSSES, Loss

Array = NDArray[Any]


def auto_loss(network: Network) -> Loss:
    """The loss that belongs to the output: crossentropy after softmax, binary after sigmoid, else mse."""
    output = network.dense[-1].activation.name
    belonging = {loss.output: loss for loss in reversed(list(LOSSES.values())) if loss.targets != "numbers"}
    return belonging.get(output, LOSSES["mse"])


def check_inputs(X: Any, network: Network) -> Any:
    """X as an array (N, I), or as SparseRows where it is one of SciPy's sparse matrices.

    Raises InvalidInput naming the first row and column that is not finite.
    """
    array = check_shape(X, network)
    if not isinstance(array, SparseRows):
        check_finite("X", array)
    return array


def check_row(row: Any, inputs: int) -> None:
    """Raises ShapeMismatch for a row of another length; a single number would otherwise stand for all inputs."""
    count = row.size if hasattr(row, "size") else len(row)
    if count != inputs:
        raise ShapeMismatch(f"the network has {inputs} inputs: give a row of {inputs} numbers, not {count}")


def check_shape(X: Any, network: Network) -> Any:
    """X as `check_inputs` gives it, its numbers not looked at."""
    array: Any = sparse_rows("X", X) if is_sparse(X) else numeric("X", X)
    if array.ndim != 2:
        raise ShapeMismatch(
            f"X must be a table (N, {network.inputs}), one row per sample, not of shape {array.shape}"
        )
    if array.shape[1] != network.inputs:
        raise ShapeMismatch(
            f"the network has {network.inputs} inputs but X has {array.shape[1]} columns: make them equal"
        )
    if not len(array):
        raise InvalidInput("X has no rows: give at least one")
    return array


def check_targets(y: Any, rows: int, network: Network, loss: Loss) -> Array:
    """y as (N, O) numbers, or as (N, 1) class numbers for a loss over classes.

    Raises InvalidInput or ShapeMismatch saying which row is wrong.
    """
    array = numeric("y", y)
    units = network.outputs
    if loss.targets == "classes" and units == 1:
        raise ConfigError(
            f"{loss.name} needs an output for each class, but the network has one: use binary_crossentropy "
            "with a sigmoid output, or softmax with an output for each class"
        )
    if len(array) != rows:
        raise ShapeMismatch(f"X has {rows} rows but y has {len(array)}: make them equal")
    if loss.targets == "classes" and (array.ndim == 1 or array.shape == (rows, 1)):
        return _class_numbers(array.reshape(-1, 1), units)
    table = array.reshape(rows, -1) if array.ndim == 1 else array
    if table.shape != (rows, units):
        raise ShapeMismatch(
            f"the network has {units} outputs, so y must have shape ({rows}, {units}), not {array.shape}"
        )
    check_finite("y", table)
    if loss.targets != "numbers":
        _check_between_0_and_1(table, loss)
    if loss.targets == "classes":
        sums = table.sum(axis=1)
        if np.any(np.abs(sums - 1) > 1e-4):
            row = int(np.argmax(np.abs(sums - 1) > 1e-4))
            raise InvalidInput(
                f"row {row} of y sums to {sums[row]:g}: the probabilities of the classes must sum to 1"
            )
    return table.astype(np.float64)


def check_parameters(
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
        made[name] = np.asarray(numeric(name, given[name]), np.float64)
        if made[name].shape != shape:
            raise ShapeMismatch(f'parameter "{name}" must have shape {shape}, not {made[name].shape}')
    return made


def check_weights(weights: Any, rows: int) -> Array | None:
    """Sample weights as (N, 1); None stays None."""
    if weights is None:
        return None
    array = numeric("sample_weight", weights)
    if array.shape not in ((rows,), (rows, 1)):
        raise ShapeMismatch(
            f"X has {rows} rows but sample_weight has shape {array.shape}: give one number a row"
        )
    array = array.reshape(-1, 1)
    check_finite("sample_weight", array)
    if np.any(array < 0) or not np.any(array > 0):
        raise InvalidInput("sample weights must not be negative, and at least one must be above 0")
    return array


def class_numbers(y: Array) -> NDArray[np.int64] | None:
    """The class of each row where y (N, O) holds class numbers, one-hot rows or 0 and 1; otherwise None."""
    if y.dtype.kind in "iu":
        return y.reshape(-1).astype(np.int64)
    if y.shape[1] > 1:
        return np.asarray(y.argmax(axis=1), np.int64)
    values = y.reshape(-1)
    whole: NDArray[np.int64] = values.astype(np.int64)
    return whole if np.all((values == 0) | (values == 1)) else None


def classes_of(y: Array, loss: Loss) -> NDArray[np.int64] | None:
    """The class of each row where exactly one is right; None for numbers and for several labels a row."""
    one_hot = bool(np.all((y == 0) | (y == 1)) and np.all(y.sum(axis=1) == 1))
    if y.shape[1] > 1 and loss.targets != "classes" and not one_hot:
        return None
    return class_numbers(y)


def check_range(what: str, array: Array | SparseRows | None, dtype: str) -> None:
    """Raise InvalidInput naming the first number that the dtype cannot hold."""
    if isinstance(array, SparseRows):
        check_sparse_range(what, array, dtype)
        return
    if array is None or dtype == "float64" or array.dtype.kind != "f" or array.dtype.itemsize <= 4:
        return
    most = float(np.finfo(np.float32).max)
    least, greatest = _extremes(array)
    if max(-least, greatest) > most:
        wrong = np.abs(array) > most
        row, column = map(int, np.argwhere(wrong)[0])
        raise InvalidInput(
            f"row {row}, column {column} of {what} is {array[row, column]:g}, more than float32 holds: "
            "scale the column, or choose float64"
        )


def take(data: Data, rows: NDArray[np.intp]) -> Data:
    """Some of the rows."""
    weights = None if data.weights is None else data.weights[rows]
    return Data(data.X[rows], data.y[rows], weights)


def numeric(what: str, given: Any) -> Array:
    """Numbers of any shape but (). Raises InvalidInput for what is none."""
    if given is None:
        raise InvalidInput(f"{what} is missing: give an array of numbers")
    if is_sparse(given):
        raise InvalidInput(f"{what} is a sparse matrix, which only X may be: give {what}.toarray()")
    if isinstance(given, np.ma.MaskedArray):
        _check_unmasked(what, given)
    try:
        array = np.asarray(given)
        if array.dtype.kind == "c":
            raise InvalidInput(f"{what} holds complex numbers: give real ones")
        if array.dtype.kind not in "fiub":
            array = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{what} must be numbers: {str(error).splitlines()[0]}") from None
    if array.ndim == 0:
        raise ShapeMismatch(f"{what} must be an array, not a single number")
    return array.astype(np.int64) if array.dtype.kind == "b" else array


def _check_unmasked(what: str, given: Any) -> None:
    """Raise InvalidInput naming the first masked entry; the plain array would show what the mask hides."""
    masked = np.argwhere(np.ma.getmaskarray(given))
    if given.ndim and len(masked):
        names = ("row", "column", *["place"] * given.ndim)
        where = ", ".join(f"{name} {at}" for name, at in zip(names, masked[0], strict=False))
        raise InvalidInput(f"{where} of {what} is masked, so missing: leave the row out or fill the gap")


def _class_numbers(array: Array, classes: int) -> Array:
    check_finite("y", array)
    if np.any(array != np.floor(array)) or array.min() < 0 or array.max() >= classes:
        wrong = (array != np.floor(array)) | (array < 0) | (array >= classes)
        row = int(np.argmax(wrong))
        raise InvalidInput(
            f"row {row} of y is {array[row, 0]:g}: with {classes} outputs a class is a whole number from 0 "
            f"to {classes - 1}"
        )
    return array.astype(np.int64)


def _check_between_0_and_1(table: Array, loss: Loss) -> None:
    wrong = (table < 0) | (table > 1)
    if np.any(wrong):
        row, column = map(int, np.argwhere(wrong)[0])
        raise InvalidInput(
            f"row {row}, column {column} of y is {table[row, column]:g}: {loss.name} needs targets from 0 to 1"
        )


def _extremes(array: Array) -> tuple[float, float]:
    """The least and the greatest number, or 0; NaN where there is one. Needs no memory, as a mask would."""
    with np.errstate(invalid="ignore"):
        return float(array.min(initial=0)), float(array.max(initial=0))


def check_finite(what: str, array: Array) -> None:
    """Raise InvalidInput naming the first number of (N, columns) that is not finite."""
    if not np.all(np.isfinite(_extremes(array))):
        row, column = map(int, np.argwhere(~np.isfinite(array))[0])
        raise InvalidInput(
            f"row {row}, column {column} of {what} is {array[row, column]}: leave the row out or fill the gap"
        )
