"""A chart in words, for readers who cannot see it."""

from __future__ import annotations

import math

from chainrule.working.charts.chart import Axis, Chart, Panel, Series

__all__ = ["described", "panel_described"]


def described(chart: Chart) -> str:
    """The chart in sentences: what to see, then each panel."""
    return " ".join([chart.subtitle, *map(panel_described, chart.panels)]).strip()


def panel_described(panel: Panel) -> str:
    """A panel in sentences: its axes, where each line starts and ends, and the notes."""
    named = f"{panel.title}: " if panel.title else ""
    parts = [f"{named}{_axis(panel.y)} against {_axis(panel.x)}."]
    parts += [told for shown in panel.series if (told := _series(shown))]
    parts += [f"Note: {note.text}." for note in panel.notes]
    return " ".join(parts)


def _axis(axis: Axis) -> str:
    return axis.label + (" (logarithmic)" if axis.log else "")


def _series(shown: Series) -> str:
    ys = [y for y in shown.ys if math.isfinite(y)]
    if not shown.name or not ys:
        return ""
    if shown.style == "points":
        return f"{shown.name}: {len(ys)} point{'s' * (len(ys) != 1)}."
    return f"{shown.name}: from {ys[0]:.3g} to {ys[-1]:.3g}."
