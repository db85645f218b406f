"""An activation function or a loss at a point: value, slope, and for softmax the Jacobian."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from chainrule.cli.printing import number
from chainrule.errors import ConfigError
from chainrule.formulas.activations import Activation
from chainrule.formulas.catalogue import Entry
from chainrule.formulas.losses import Loss

__all__ = ["Point", "compute"]

WIDEST = 4


@dataclass(frozen=True)
class Point:
    """What was computed: as a table of text to show, and as figures."""

    spec: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    results: Any
    note: str = ""


def compute(entry: Entry, at: str) -> Point | None:
    """The entry at the numbers written in `at`, or None for an entry that has no value at a point.

    Raises ConfigError for what is no list of finite numbers, or not as many as the entry needs.

    >>> from chainrule.formulas.activations import sigmoid
    >>> compute(sigmoid, "0").results
    [{'z': 0.0, 'value': 0.5, 'slope': 0.25}]
    """
    if isinstance(entry, Activation):
        given = numbers(at)
        return _elementwise(entry, given) if entry.elementwise else _vector(entry, given)
    if isinstance(entry, Loss):
        return _loss(entry, numbers(at))
    return None


def numbers(at: str) -> list[float]:
    """Finite numbers separated by commas.

    >>> numbers("2, -1.5")
    [2.0, -1.5]
    """
    found = []
    for part in at.split(","):
        try:
            found.append(float(part))
        except ValueError:
            found.append(math.nan)
        if not math.isfinite(found[-1]):
            raise ConfigError(
                f'--at "{at}": "{part.strip()}" is not a finite number: '
                "write for example -1.5, or 2,-1,0.5 for several"
            )
    return found


def _elementwise(entry: Activation, given: list[float]) -> Point:
    results = [{"z": z, "value": entry.value_at(z), "slope": entry.slope_at(z)} for z in given]
    return Point(entry.spec, ("z", "f(z)", "f′(z)"), _written(results), results)


def _loss(entry: Loss, given: list[float]) -> Point:
    if len(given) != 2:
        raise ConfigError(
            f"--at of the loss {entry.name} takes a prediction and a target, two numbers, not {len(given)}: "
            "write for example 0.8,1"
        )
    p, y = given
    if entry.targets != "numbers" and not (0 <= p <= 1 and 0 <= y <= 1):
        raise ConfigError(
            f"--at of the loss {entry.name} takes probabilities, but {number(p)},{number(y)} "
            "are not both from 0 to 1: write for example 0.8,1"
        )
    results = [{"p": p, "y": y, "value": entry.value_at(p, y), "slope": entry.slope_at(p, y)}]
    return Point(entry.spec, ("p", "y", "error", "∂error/∂p"), _written(results), results)


def _written(results: list[dict[str, float]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(number(value) for value in result.values()) for result in results)


def _vector(entry: Activation, given: list[float]) -> Point:
    """Values (K,) and the Jacobian (K, K), row k being ∂a_k/∂z."""
    import numpy as np

    from chainrule.engines.arrays import evaluate_arrays

    if len(given) < 2:
        raise ConfigError(
            f"{entry.name} needs the weighted sums of a whole layer, at least two: write for example 2,-1,0.5"
        )
    z = np.array([given])
    values = {**entry.parameters, "z": z}
    a = evaluate_arrays(entry.definition.tree, values)
    # With the unit vectors as arriving gradients, the product with the Jacobian is the Jacobian itself.
    product = entry.definition.gradients["z"].tree
    jacobian = evaluate_arrays(product, {**values, "a": a, "g": np.eye(len(given))})
    digits = 10 if len(given) <= 3 else 4
    wide = len(given) > WIDEST
    shown = [] if wide else [f"∂a/∂z{k}" for k in range(1, len(given) + 1)]
    rows = tuple(
        (
            f"{k}",
            *(
                number(float(v), digits)
                for v in (given[k - 1], a[0, k - 1], *(() if wide else jacobian[k - 1]))
            ),
        )
        for k in range(1, len(given) + 1)
    )
    results = {"z": given, "value": a[0].tolist(), "jacobian": jacobian.tolist()}
    note = "The Jacobian is too wide to print: --json gives it." if wide else ""
    return Point(entry.spec, ("unit", "z", "a", *shown), rows, results, note)
