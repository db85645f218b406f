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
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import InvalidInput
from chainrule.working.calculation import PENCIL, Calculation
from chainrule.working.entries import Entry
from chainrule.working.program import Lines

__all__ = ["Certificate", "certificate_of", "certify"]

MOST_ENTRIES = 64
MOST_PRODUCTS = 2e9  # in all feedforward passes together: about a second
AGREES = 0.01  # pencilled gradients have few digits


@dataclass(frozen=True)
class Certificate:
    """What the check of a working's gradients found.

    by:       what computed the gradients that are shown: an engine and its dtype, or the pencil's rounding
    compared: how many entries; worst: the entry with the greatest relative error, as it is written
    error:    its relative error; shown: its gradient as the working has it; difference: (C(w+h) − C(w−h))/2h
    sampled:  the entries were drawn at random; left_out: how many have a kink between the two sides
    """

    by: str
    compared: int
    worst: str
    error: float
    shown: float
    difference: float
    sampled: bool
    left_out: int = 0

    @property
    def written(self) -> str:
        """The certificate in a sentence."""
        entries = f"{self.compared} of its entries, drawn at random," if self.sampled else "every entry"
        if self.left_out:
            entries += f" (but {self.left_out} at a kink)"
        if self.error <= AGREES:
            found = f"agree with {entries}" + (
                f" to {self.error:.1e} or better" if self.error else " exactly"
            )
        else:
            found = f"differ from {entries} by up to {self.error:.0%}"
        return (
            f"Certificate: gradients by {self.by}; central differences of the loss {found}; "
            f"the worst is {self.worst}, {self.shown:.7g} shown and {self.difference:.7g} by difference."
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
    limit = _limit(derivation, len(exact["x"]))
    step = replace(shown, values={s: _in_float64(v) for s, v in shown.values.items()})
    try:
        found: GradientCheck = check_step(derivation, exact, shown=step, key=key, number=number, limit=limit)
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
        sampled=any(p.size > limit for p in derivation.trained),
        left_out=found.left_out,
    )


def certificate_of(calculation: Calculation) -> Certificate | None:
    """The check of the first pass's gradients as a calculated program shows them; None where it has none."""
    program = calculation.program
    derivation = program.derivation
    if derivation is None or not derivation.gradients:
        return None
    values = {
        symbol: _array(program, calculation, symbol)
        for symbol in (*derivation.inputs, *(p.name for p in derivation.network.parameters))
        if derivation.shapes[symbol] != ()
    }
    base = NumpyEngine().run(derivation, values)
    shown = {g: _array(program, calculation, g) for g in derivation.gradients.values()}
    by = calculation.by
    if by == PENCIL:
        by = f"the pencil ({calculation.policy.written})"
    return certify(derivation, values, Step({**base.values, **shown}, base.updated), by)


def _array(program: Lines, calculation: Calculation, symbol: str) -> Any:
    """A symbol's numbers in the first pass; 0 where no line uses an entry."""
    values = calculation.values
    assert program.sizes is not None
    keys = (Entry(symbol, index).key for index in program.sizes.indices(symbol))
    numbers = [float(values[key]) if key in values else 0.0 for key in keys]
    whole = symbol == "y" and program.derivation is not None and "Y" in program.derivation.shapes
    return np.array(numbers, dtype=np.int64 if whole else np.float64).reshape(program.sizes.shape(symbol))


def _limit(derivation: Derivation, samples: int) -> int:
    """How many entries of each parameter to compare, two feedforward passes each."""
    products = samples * sum(p.size for p in derivation.network.parameters)
    passes = MOST_PRODUCTS / (2 * products * len(derivation.trained))
    return max(2, min(MOST_ENTRIES, int(passes)))


def _in_float64(value: Any) -> Any:
    """Numbers in float64; class numbers stay whole."""
    made = np.asarray(value)
    return made.astype(np.float64) if made.dtype.kind == "f" else made
