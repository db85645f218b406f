"""Whether two classes can be told apart by a line (a plane, a hyperplane), and with what margin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog, nnls

Floats = NDArray[np.float64]

# A margin that is a smaller share of R than this cannot be told from rounding.
LEAST_MARGIN = 1e-10


@dataclass(frozen=True)
class Separation:
    """How two classes lie to each other.

    separable: True, False, or None where the linear programme came to no answer
    radius:    R, the greatest length of an input with the constant −1 appended
    margin:    γ, the least distance of such an input from the best separating plane through 0; None
               where none is known
    equal:      whether samples with equal inputs are of both classes, so that nothing tells them apart
    """

    separable: bool | None
    radius: float
    margin: float | None
    equal: bool = False

    @property
    def bound(self) -> float | None:
        """(R/γ)²: the most updates a perceptron that starts from zeros can need (Novikoff 1962)."""
        return (self.radius / self.margin) ** 2 if self.margin else None


def separate(X: NDArray[np.float64], y: NDArray[np.float64]) -> Separation:
    """Separate the rows of X (N, I) with y = 1 from those with y = 0.

    >>> separate(np.array([[0.0], [1.0], [2.0]]), np.array([0.0, 1.0, 0.0])).separable
    False
    """
    # Equal samples add nothing, and 0/1 tables have many.
    rows = np.unique(np.column_stack([X, -np.ones(len(X)), y]), axis=0)
    if len(np.unique(rows[:, :-1], axis=0)) < len(rows):
        return Separation(False, float(np.linalg.norm(rows[:, :-1], axis=1).max()), None, equal=True)
    augmented, signs = rows[:, :-1], 2 * rows[:, -1] - 1
    radius = float(np.linalg.norm(augmented, axis=1).max())
    signed = augmented * signs[:, np.newaxis] / radius
    margin = _margin(signed, _widest(signed))
    if margin > LEAST_MARGIN:
        return Separation(True, radius, margin * radius)
    separable, separator = _programme(X, y)
    margin = _margin(signed, separator)
    return Separation(separable, radius, margin * radius if separable and margin > LEAST_MARGIN else None)


def _margin(signed: Floats, separator: Floats | None) -> float:
    """min (±x̃ · w) / |w|: measured, so that a separator found with rounding is believed only if it is one."""
    if separator is None:
        return 0.0
    length = float(np.linalg.norm(separator))
    return float((signed @ separator).min()) / length if 0 < length < np.inf else 0.0


def _widest(signed: Floats) -> Floats | None:
    """The shortest w with ±x̃ · w ≥ 1 for every sample, whose margin is the greatest.

    Least distance programming by non-negative least squares (Lawson & Hanson 1974, chapter 23).
    """
    system = np.vstack([signed.T, np.ones(len(signed))])
    goal = np.zeros(len(system))
    goal[-1] = 1.0
    try:
        multipliers, _ = nnls(system, goal)
    except RuntimeError:
        return None
    residual = system @ multipliers - goal
    return np.asarray(-residual[:-1] / residual[-1]) if residual[-1] < 0 else None


def _programme(X: Floats, y: Floats) -> tuple[bool | None, Floats | None]:
    """Is there (w, θ) with ±(x·w − θ) ≥ 1 for every sample? By linear programming, columns standardised."""
    centre, spread = X.mean(axis=0), X.std(axis=0)
    spread[spread == 0] = 1.0
    signs = (2 * y - 1)[:, np.newaxis]
    signed = np.column_stack([(X - centre) / spread, -np.ones(len(X))]) * signs
    found = linprog(
        np.zeros(signed.shape[1]), A_ub=-signed, b_ub=-np.ones(len(X)), bounds=(None, None), method="highs"
    )
    if found.status == 2:
        return False, None
    solution = np.asarray(found.x, dtype=np.float64)
    if found.status != 0 or (signed @ solution).min() <= 0:
        return None, None
    weights = solution[:-1] / spread
    return True, np.append(weights, solution[-1] + weights @ centre)


def within_reach(X: NDArray[np.float64], y: NDArray[np.float64], threshold: float) -> bool | None:
    """Is there w with x·w ≥ θ for every row of X (N, I) with y = 1, and x·w < θ for the others?

    None where the linear programme came to no answer.

    >>> within_reach(np.array([[0.0], [1.0]]), np.array([1.0, 0.0]), 0.5)
    False
    """
    widest = np.abs(X).max(axis=0)
    scaled = X / np.where(widest > 0, widest, 1.0)
    # The unknowns are w and t: t ≤ θ − x·w where the unit is to stay silent, to be made as large as can be.
    firing, silent = scaled[y == 1], scaled[y == 0]
    system = np.vstack(
        [np.pad(-firing, ((0, 0), (0, 1))), np.pad(silent, ((0, 0), (0, 1)), constant_values=1.0)]
    )
    limits = np.append(np.full(len(firing), -threshold), np.full(len(silent), threshold))
    goal = np.append(np.zeros(X.shape[1]), -1.0)
    bounds = [*[(None, None)] * X.shape[1], (None, 1.0)]
    found = linprog(goal, A_ub=system, b_ub=limits, bounds=bounds, method="highs")
    if found.status == 2:
        return False
    slack = np.asarray(found.x, dtype=np.float64)[-1:]
    return bool(slack > LEAST_MARGIN) if found.status == 0 else None
