"""Reading a column's values: what to do where one is missing, and standardising without silent infinities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.learning.tables import Table

__all__ = [
    "TRUTH",
    "absent",
    "fill_note",
    "filled",
    "first",
    "leave_out",
    "mean_of",
    "missing_value",
    "mode_of",
    "no_value",
    "standard",
    "standardised",
    "truth",
    "written_out",
]


def first(mask: NDArray[np.bool_]) -> int:
    """The index of the first row that the mask marks."""
    return int(np.argmax(mask))


def absent(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of a column's values are missing: None among texts, NaN among numbers."""
    if values.dtype == object:
        return np.fromiter((value is None for value in values), dtype=np.bool_, count=len(values))
    return np.asarray(np.isnan(values))


TRUTH = {"true": 1.0, "yes": 1.0, "1": 1.0, "1.0": 1.0, "false": 0.0, "no": 0.0, "0": 0.0, "0.0": 0.0}


def truth(texts: NDArray[np.object_]) -> NDArray[np.float64]:
    """Texts (N,) as 1 for true, 0 for false and NaN for what is neither or missing."""
    value = {text: TRUTH.get(str(text).casefold(), np.nan) for text in set(texts.tolist())}
    return np.fromiter((value[text] for text in texts), dtype=np.float64, count=len(texts))


def missing_value(table: Table, name: str, row: int) -> TableError:
    """The error for a missing value in a table to be trained on."""
    return TableError(
        f'{table.source}: column "{name}" has no value in {table.place(row)}: use --missing drop, mean or '
        "mode"
    )


def no_value(table: Table, name: str) -> TableError:
    """The error for a column in which every value is missing."""
    return TableError(f'{table.source}: column "{name}" has no value in any row: {leave_out(name)}')


def leave_out(name: str) -> str:
    """What to do with a column that cannot be used."""
    return f'leave it out with --drop "{name}"'


def filled(values: NDArray[Any], fill: object, table: Table, name: str) -> NDArray[Any]:
    """The values, each missing one replaced by `fill`; TableError where there is nothing to fill with."""
    gone = absent(values)
    if not gone.any():
        return values
    if fill is None:
        raise TableError(
            f'{table.source}: column "{name}" has no value in {table.place(first(gone))}, and the model '
            "was trained "
            "without a fill for it: fill it in, or train with --missing mean or mode"
        )
    result = values.copy()
    result[gone] = fill
    return result


def mean_of(values: NDArray[np.float64]) -> float:
    """The mean, infinite where it overflows."""
    with np.errstate(over="ignore"):
        return float(values.mean())


def mode_of(values: NDArray[np.float64]) -> float:
    """The commonest value, the smallest of several."""
    distinct, counts = np.unique(values, return_counts=True)
    return float(distinct[counts.argmax()])


def standard(values: NDArray[np.float64], table: Table, name: str) -> tuple[float, float]:
    """The mean and the population standard deviation, 1 for a constant column (by StandardScaler's bound)."""
    if values.min() == values.max() and abs(values[0]) < LARGEST:
        return float(values[0]), 1.0
    with np.errstate(all="ignore"):
        mean, variance = float(values.mean()), float(values.var())
    if not (np.isfinite(mean) and np.isfinite(variance) and np.abs(values).max() < LARGEST):
        row = int(np.abs(values).argmax())
        raise TableError(
            f'{table.source}: column "{name}" holds values too large to standardise (largest '
            f"{values[row]:g} in "
            f"{table.place(row)}): divide the column, or {leave_out(name)}"
        )
    # scikit-learn's _is_constant_feature: a variance below its own rounding error is none.
    rounding = len(values) * EPSILON * variance + (len(values) * mean * EPSILON) ** 2
    return mean, 1.0 if variance <= rounding else float(np.sqrt(variance))


LARGEST = 1e150  # its square is finite, with room for a sum
EPSILON = float(np.finfo(np.float64).eps)


def standardised(
    values: NDArray[np.float64], mean: float, scale: float, dtype: np.dtype[Any], table: Table, name: str
) -> NDArray[Any]:
    """(v − mean)/scale in `dtype`; TableError naming the row where that is no longer a finite number."""
    with np.errstate(all="ignore"):
        result = ((values - mean) / scale).astype(dtype)
    wrong = ~np.isfinite(result)
    if wrong.any():
        row = first(wrong)
        raise TableError(
            f'{table.source}: column "{name}" holds {values[row]:g} in {table.place(row)}, too large to '
            "standardise "
            f"by {written_out(mean, scale)}: correct the value, or divide the column before training"
        )
    return result


def written_out(mean: float, scale: float) -> str:
    """How a number is standardised, for people: "(v − 38.58)/13.64"."""
    sign = "+" if mean < 0 else "−"
    return f"(v {sign} {abs(mean):.4g})/{scale:.4g}"


def fill_note(fill: float | str | None) -> str:
    """What a missing value counts as, where it may be missing."""
    if fill is None:
        return ""
    return f", missing counts as {fill if isinstance(fill, str) else format(fill, '.4g')}"
