"""The certificate of a working: its gradients held against central differences of its loss."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil, inf, isfinite
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation
from chainrule.engines.check_report import EntryCheck
from chainrule.engines.checking import check_entries
from chainrule.engines.engine import Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.rounding import Rounding
from chainrule.errors import InvalidInput
from chainrule.working.calculation import PENCIL, Calculation
from chainrule.working.entries import Entry
from chainrule.working.program import Lines

__all__ = ["Certificate", "certificate_of", "certify", "judged", "unit"]

MOST_ENTRIES = 64
MOST_PRODUCTS = 2e9  # in all feedforward passes together: about a second
AGREES = {"float64": 1e-4, "float32": 1e-3}
AGREES_BY_PENCIL = 1e-2  # where gradients have all digits, but what they are made of is rounded
AGREES_IN_UNITS = 5  # of the last digit written: each factor of a gradient is rounded as well

Unit = Callable[[str], float]


@dataclass(frozen=True)
class Certificate:
    """What the check of a working's gradients found.

    by:       what computed the gradients that are shown: an engine and its dtype, or the pencil's rounding
    compared: how many entries; worst: the name of the one that is furthest off
    shown:    its gradient as the working has it; difference: (C(w+h) − C(w−h))/2h
    error:    |shown − difference| / |difference|, or over what a difference can tell where that is more
    sampled:  the entries were drawn at random; left_out: how many have a kink between the two sides
    units:    how far off it is in units of the last digit written; None where digits are not cut off
    agrees:   whether the errors are what the engine's, or the pencil's, digits allow
    single:   only the entry that was asked for was compared
    """

    by: str
    compared: int
    worst: str
    error: float
    shown: float
    difference: float
    sampled: bool
    left_out: int = 0
    units: float | None = None
    agrees: bool = True
    single: bool = False

    @property
    def written(self) -> str:
        """The certificate in a sentence."""
        start = f"Certificate: gradients by {self.by}; central differences of the loss"
        shown = f"{self.shown:.7g}" if isfinite(self.shown) else "no finite number"
        figures = f"{shown} shown and {self.difference:.7g} by difference{self._apart}"
        verb = "agree with" if self.agrees else "do not agree with"
        if self.single:
            return f"{start} {verb} the gradient of {self.worst}{self._closeness}: {figures}."
        entries = f"{self.compared} of its entries, drawn at random," if self.sampled else "every entry"
        if self.left_out:
            entries += f" (but {self.left_out} at a kink)"
        return f"{start} {verb} {entries}{self._closeness}; the worst is {self.worst}, {figures}."

    @property
    def _closeness(self) -> str:
        if not self.agrees:
            return ""
        if self.shown == self.difference:
            return " exactly"
        if self.units is not None:
            units = max(1, ceil(self.units))
            return f" to {'a unit' if units == 1 else f'{units} units'} of the last digit written"
        return f" to {self.error:.1e}" + ("" if self.single else " or better")

    @property
    def _apart(self) -> str:
        told = (not self.agrees or self.units is not None) and self.shown != self.difference
        if not told or not isfinite(self.error):
            return ""
        return f", {self.error:.0%} off" if self.error >= 0.1 else f", {100 * self.error:.2g}% off"


def certify(
    derivation: Derivation,
    values: Mapping[str, Any],
    shown: Step,
    by: str,
    *,
    name: Callable[[str], str] | None = None,
    unit: Unit | None = None,
    limit: int | None = None,
    entry: Entry | None = None,
) -> Certificate | None:
    """Check the gradients of a step; None where it has none, or where its loss has no finite slopes.

    values: x, y, parameters, and key and t for the dropout masks, by symbol
    shown:  the gradients as the working has them, by symbol
    name:   key of a parameter's entry → its name
    unit:   key of a gradient's entry → a unit of its last digit, 0 where it has all: a pencil's
    limit:  entries of each parameter, as many as a second allows by default; entry: compare only this one
    """
    if not derivation.gradients:
        return None
    asked = [name for name in derivation.inputs if derivation.shapes[name] != ()]
    asked += [parameter.name for parameter in derivation.network.parameters]
    exact = {name: _in_float64(values[name]) for name in asked}
    key, number = (int(np.asarray(values.get(name, start))) for name, start in (("key", 0), ("t", 1)))
    most = limit or _limit(derivation, len(exact["x"]))
    # Not all of a step's numbers: copies of weights and rule state would take longer than the check.
    looked_at = ["x", *(line.symbol for line in derivation if line.phase in ("feedforward", "loss"))]
    looked_at += derivation.gradients.values()
    step = replace(shown, values={symbol: _in_float64(shown.values[symbol]) for symbol in looked_at})
    places = _place(derivation, entry) if entry is not None else None
    try:
        found, left_out = check_entries(
            derivation, exact, step, key=key, number=number, limit=most, places=places
        )
    except InvalidInput:
        return None
    if not found:
        return None
    worst, units, error, agrees = judged(found, derivation.gradients, by, unit)
    at = Entry(worst.symbol, worst.index, 1).key
    return Certificate(
        by,
        len(found),
        name(at) if name is not None else at.partition("@")[0],
        error,
        worst.analytic,
        worst.numeric,
        sampled=entry is None and any(p.size > most for p in derivation.trained),
        left_out=left_out,
        units=units,
        agrees=agrees,
        single=entry is not None,
    )


def _place(derivation: Derivation, entry: Entry) -> dict[str, list[int]]:
    """The place of a parameter's entry in it, flattened."""
    sizes = next(p.shape for p in derivation.trained if p.name == entry.symbol)
    index = tuple(place - 1 for place in entry.index)
    return {entry.symbol: [int(np.ravel_multi_index(index, sizes)) if index else 0]}


def judged(
    found: Iterable[EntryCheck], gradients: Mapping[str, str], by: str, unit: Unit | None
) -> tuple[EntryCheck, float | None, float, bool]:
    """The entry that is furthest off, in units of its last digit and relatively, and whether all agree.

    gradients: parameter → the symbol of its gradient; by, unit: as for `certify`
    """
    allowed = AGREES["float32" if "float32" in by else "float64"]
    rated: list[tuple[bool, float, EntryCheck, float | None, float]] = []
    for one in found:
        error = _relative(one)
        last = unit(Entry(gradients[one.symbol], one.index, 1).key) if unit is not None else None
        if last:
            units = abs(one.analytic - one.numeric) / last
            units = units if isfinite(units) else inf
            rated.append((units <= AGREES_IN_UNITS, units / AGREES_IN_UNITS, one, units, error))
        else:
            most = AGREES_BY_PENCIL if last == 0 else allowed
            rated.append((error <= most, error / most, one, None, error))
    _, _, worst, units_of_worst, error = max(rated, key=lambda each: each[1])
    return worst, units_of_worst, error, all(each[0] for each in rated)


def _relative(found: EntryCheck) -> float:
    """|a − n| / |n|, or over what a difference can tell where the check took that."""
    off = abs(found.analytic - found.numeric)
    if off == 0:
        return 0.0
    if not isfinite(off):
        return inf
    both = abs(found.analytic) + abs(found.numeric)
    told = off / found.error if found.error else inf
    if told > 1.001 * both:
        return found.error
    return off / abs(found.numeric) if found.numeric else inf


def certificate_of(calculation: Calculation, name: Callable[[str], str] | None = None) -> Certificate | None:
    """The check of the first pass's gradients as a calculated program shows them; None where it has none.

    name: key of a parameter's entry → its name
    """
    program = calculation.program
    derivation = program.derivation
    if derivation is None or not any(_is_gradient(line.key, derivation) for line in program.by_key.values()):
        return None
    values = {
        symbol: _array(program, calculation, symbol)
        for symbol in (*derivation.inputs, *(p.name for p in derivation.network.parameters))
        if derivation.shapes[symbol] != ()
    }
    base = NumpyEngine().run(derivation, values)
    shown = {g: _array(program, calculation, g) for g in derivation.gradients.values()}
    by = calculation.by
    cut = by == PENCIL and _is_cut(calculation)
    if by == PENCIL:
        by = f"the pencil ({calculation.policy.written})"

    def unit_of(key: str) -> float:
        kept = calculation.rounding(key)
        return unit(kept, calculation.values.get(key, Decimal(0))) if kept.kind != "exact" else 0.0

    step = Step({**base.values, **shown}, base.updated)
    return certify(derivation, values, step, by, name=name, unit=unit_of if cut else None)


def unit(rounding: Rounding, value: Decimal) -> float:
    """A unit of the last digit that a rounding writes of a number."""
    place = -rounding.digits
    if rounding.kind in ("exact", "significant") and value and value.is_finite():
        place += value.adjusted() + 1
    return float(Decimal(1).scaleb(place))


def _is_cut(calculation: Calculation) -> bool:
    """Whether any line is rounded."""
    policy = calculation.policy
    return any(each.kind != "exact" for each in (policy.default, *policy.per.values()))


def _is_gradient(key: str, derivation: Derivation) -> bool:
    return key.partition("[")[0].partition("@")[0] in derivation.gradients.values()


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
    return made.astype(np.float64, copy=False) if made.dtype.kind == "f" else made
