"""The ends and the ticks of a panel's axes, the same for every renderer."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chainrule.working.charts.chart import Axis, Panel, Series

__all__ = ["Scale", "drawn_runs", "scales_of"]

MARGIN = 0.04
MOST_TICKS = 6
FEWEST_DECADES = 2  # below so many, a logarithmic axis has ticks at 2 and 5 too
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """An axis with its ends settled."""

    axis: Axis
    low: float
    high: float

    def place(self, value: float) -> float:
        """Where a value lies, from 0 at the low end to 1 at the high end.

        >>> Scale(Axis("loss", log=True), 0.01, 1.0).place(0.1)
        0.5
        """
        if self.axis.log:
            if value <= 0:
                return math.nan
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[tuple[float, str]]:
        """Round numbers between the ends, with what is written at each.

        >>> Scale(Axis("x"), -0.1, 1.1).ticks()
        [(0.0, '0'), (0.25, '0.25'), (0.5, '0.5'), (0.75, '0.75'), (1.0, '1')]
        """
        if self.axis.at:
            return [(value, _written(value)) for value in self.axis.at if self.low <= value <= self.high]
        return self._decades() if self.axis.log else self._steps()

    def _steps(self) -> list[tuple[float, str]]:
        span = self.high - self.low
        power = 10.0 ** math.floor(math.log10(span / MOST_TICKS))
        steps = [power * factor for factor in (1, 2, 2.5, 5, 10, 20)]
        if self.axis.whole:
            steps = [step for step in steps if step >= 1 and float(step).is_integer()] or [1.0]
        step = next((s for s in steps if span / s <= MOST_TICKS - 0.5), steps[-1])
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(n * step, _written(n * step)) for n in range(first, last + 1)]

    def _decades(self) -> list[tuple[float, str]]:
        first = math.floor(math.log10(self.low) + 1e-9)
        last = math.ceil(math.log10(self.high) - 1e-9)
        close = math.log10(self.high / self.low) <= FEWEST_DECADES
        every = max(1, math.ceil((last - first) / MOST_TICKS))
        factors = (1, 2, 5) if close else (1,)
        values = [
            factor * 10.0**power
            for power in range(first, last + 1)
            if power % every == 0
            for factor in factors
        ]
        plain = first >= -3 and last <= 4
        inside = [v for v in values if self.low * (1 - 1e-9) <= v <= self.high * (1 + 1e-9)]
        return [(v, _written(v) if plain or close else _power(v)) for v in inside]


def _written(value: float) -> str:
    """A tick's number: minus sign, no trailing zeros, thousands apart."""
    value = round(value, 12) + 0.0
    text = f"{value:,.0f}" if value.is_integer() and abs(value) < 1e7 else f"{value:.6g}"
    return text.replace("-", "−")


def _power(value: float) -> str:
    return "10" + str(round(math.log10(value))).translate(_RAISED)


def scales_of(panel: Panel) -> tuple[Scale, Scale]:
    """The scales of a panel's axes: the ends it gives, and where it gives none those of its data."""
    xs: list[float] = []
    ys: list[float] = []
    for shown in panel.series:
        points = [(x, y) for x, y in zip(shown.xs, shown.ys, strict=True) if _counts(panel, x, y)]
        xs += [x for x, _ in points]
        ys += [y for _, y in points]
    for note in panel.notes:
        if note.dot and _counts(panel, note.x, note.y):
            xs.append(note.x)
            ys.append(note.y)
    if panel.cells is not None:
        xs += panel.cells.xs
        ys += panel.cells.ys
    tight = panel.cells is not None
    return _scale(panel.x, xs, tight), _scale(panel.y, ys, tight)


def _counts(panel: Panel, x: float, y: float) -> bool:
    return math.isfinite(x) and math.isfinite(y) and (x > 0 or not panel.x.log) and (y > 0 or not panel.y.log)


def _scale(axis: Axis, values: Iterable[float], tight: bool) -> Scale:
    kept = list(values)
    low = axis.low if axis.low is not None else min(kept, default=1.0 if axis.log else 0.0)
    high = axis.high if axis.high is not None else max(kept, default=10.0 if axis.log else 1.0)
    if axis.log:
        if high / low < 1.5:
            low, high = low / 2, high * 2
        widened = (high / low) ** (0.0 if tight else MARGIN)
        low = low if axis.low is not None else low / widened
        high = high if axis.high is not None else high * widened
        return Scale(axis, low, high)
    if high - low < 1e-12 * max(1.0, abs(high)):
        low, high = low - 0.5, high + 0.5
    margin = 0.0 if tight else MARGIN * (high - low)
    low = low if axis.low is not None else low - margin
    high = high if axis.high is not None else high + margin
    return Scale(axis, low, high)


def drawn_runs(shown: Series, across: Scale, up: Scale) -> list[list[tuple[float, float]]]:
    """The unbroken stretches of a series, as places from 0 to 1 on both axes."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, y in zip(shown.xs, shown.ys, strict=True):
        place = (across.place(x), up.place(y))
        if all(map(math.isfinite, place)):
            runs[-1].append(place)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]
