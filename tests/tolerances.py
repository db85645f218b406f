"""Every tolerance of the comparisons, named once, and the comparison itself.

A difference is measured against the larger of the size expected and `scale`: relative for large numbers,
and for small ones relative to the size that the quantity has elsewhere.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

Comparison = Literal[
    "referee",
    "central difference",
    "rounding",
    "optimiser",
    "autograd",
    "worked example",
    "elementary function",
    "float32",
    "engines in float32",
    "whole run",
]

TOLERANCE: dict[Comparison, float] = {
    "referee": 1e-10,  # a declared slope against SymPy's, float64
    "central difference": 1e-8,
    "rounding": 1e-12,  # the same formula in another order, float64
    "optimiser": 1e-10,  # 200 steps of a rule against PyTorch's, float64
    "autograd": 1e-10,  # a network's gradients against PyTorch's, float64
    "worked example": 1e-6,  # the lectures' exact numbers, printed to seven digits
    "elementary function": 4e-15,  # exp, tanh, … of two libraries, float64
    "float32": 2e-5,  # a formula in float32 against itself in float64
    "engines in float32": 1e-5,  # the same step by two engines
    "whole run": 1e-9,  # 100 epochs by two engines, float64
}


def assert_close(
    got: Any, wanted: Any, comparison: Comparison, *, scale: float = 1.0, what: str = ""
) -> None:
    """Fail, naming the worst place, unless got and wanted agree to the comparison's tolerance.

    scale: 0 for a strictly relative comparison. Not-a-numbers must be in the same places, and infinities
    must be equal.
    """
    got, wanted = np.asarray(got, dtype=float), np.asarray(wanted, dtype=float)
    assert got.shape == wanted.shape, f"{what}: shape {got.shape}, not {wanted.shape}"
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    with np.errstate(all="ignore"):
        error = np.where(same, 0.0, np.abs(got - wanted) / np.maximum(np.abs(wanted), scale))
    error = np.where(np.isnan(error), np.inf, error)
    if error.size and error.max() > TOLERANCE[comparison]:
        worst = np.unravel_index(error.argmax(), error.shape)
        raise AssertionError(
            f"{what} at {tuple(map(int, worst))}: {got[worst]!r}, not {wanted[worst]!r} "
            f"(error {error[worst]:.3g}, allowed {TOLERANCE[comparison]:g})"
        )
