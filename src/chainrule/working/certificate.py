"""The certificate of a working: its gradients held against central differences of its loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation
from chainrule.engines.check_report import GradientCheck
from chainrule.engines.checking import check_step
from chainrule.engines.engine import Step
from chainrule.errors import InvalidInput

__all__ = ["Certificate", "certify"]

MOST_ENTRIES = 64


@dataclass(frozen=True)
class Certificate:
    """What the check of a working's gradients found.

    by:       what computed the gradients that are shown: an engine and its dtype, or the pencil's rounding
    compared: how many entries; worst: the entry with the greatest relative error, as it is written
    error:    its relative error; shown: its gradient as the working has it; difference: (C(w+h) − C(w−h))/2h
    """

    by: str
    compared: int
    worst: str
    error: float
    shown: float
    difference: float
    sampled: bool

    @property
    def written(self) -> str:
        """The certificate in a sentence."""
        entries = f"{self.compared} of its entries, drawn at random," if self.sampled else "every entry"
        return (
            f"Certificate: gradients by {self.by}; central differences of the loss agree with {entries} "
            f"to {self.error:.1e} or better; the worst is {self.worst}, {self.shown:.7g} shown "
            f"and {self.difference:.7g} by difference."
        )


def certify(
    derivation: Derivation,
    values: Mapping[str, Any],
    shown: Step,
    by: str,
) -> Certificate | None:
    """Check the gradients of a step; None where it has none, or where its loss has no finite slopes.

    values: x, y, parameters, and key and t for the dropout masks, by symbol
    shown:  the gradients as the working has them, by symbol
    """
    if not derivation.gradients:
        return None
    asked = [name for name in derivation.inputs if derivation.shapes[name] != ()]
    asked += [parameter.name for parameter in derivation.network.parameters]
    exact = {name: _in_float64(values[name]) for name in asked}
    key, number = (int(np.asarray(values.get(name, start))) for name, start in (("key", 0), ("t", 1)))
    step = replace(shown, values={s: _in_float64(v) for s, v in shown.values.items()})
    try:
        found: GradientCheck = check_step(
            derivation, exact, shown=step, key=key, number=number, limit=MOST_ENTRIES
        )
    except InvalidInput:
        return None
    if not found.compared:
        return None
    return Certificate(
        by,
        found.compared,
        found.worst,
        found.error,
        found.analytic,
        found.numeric,
        sampled=any(p.size > MOST_ENTRIES for p in derivation.trained),
    )


def _in_float64(value: Any) -> Any:
    """Numbers in float64; class numbers stay whole."""
    made = np.asarray(value)
    return made.astype(np.float64) if made.dtype.kind == "f" else made
