"""Charts as SVG of our own: one file, no scripts, nothing from outside, the same bytes each time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from chainrule.working.charts.chart import Chart, Panel
from chainrule.working.charts.palette import style_sheet
from chainrule.working.charts.svg_panel import draw_panel, wrapped
from chainrule.working.charts.telling import described, panel_described

__all__ = ["panel_svg", "svg"]

EDGE, GAP = 16.0, 22.0
ALONE, BESIDE, PLANE = (680.0, 340.0), (400.0, 260.0), (680.0, 500.0)
TITLE, LINE = 24.0, 17.0


@dataclass(frozen=True)
class _Placed:
    markup: str
    width: float
    height: float


def svg(chart: Chart) -> str:
    """The whole chart as one SVG document, its panels two to a row.

    >>> from chainrule.working.charts.chart import Axis, series
    >>> panel = Panel("", Axis("epoch"), Axis("loss"), (series("training", [1, 2], [0.5, 0.25]),))
    >>> svg(Chart("Loss", "", (panel,))).startswith("<svg xmlns=")
    True
    """
    name = _identifier(chart.title)
    alone = len(chart.panels) == 1
    drawn = [
        _placed(panel, _size(panel, alone), f"{name}-{number}")
        for number, panel in enumerate(chart.panels, start=1)
    ]
    rows = [drawn[start : start + 2] for start in range(0, len(drawn), 2)]
    width = 2 * EDGE + max(sum(p.width for p in row) + GAP * (len(row) - 1) for row in rows)
    head, y = _heading(chart, width)
    parts = [*head]
    for row in rows:
        x = EDGE
        for placed in row:
            parts.append(f'<g transform="translate({x:g} {y:g})">{placed.markup}</g>')
            x += placed.width + GAP
        y += max(placed.height for placed in row) + GAP
    return _document("".join(parts), width, y - GAP + EDGE, chart.title, described(chart), name)


def panel_svg(panel: Panel, title: str, identifier: str, *, alone: bool = False) -> str:
    """One panel as an SVG element of its own, for a page that gives the heading itself."""
    placed = _placed(panel, _size(panel, alone), identifier)
    name = panel.title or title
    return _document(placed.markup, placed.width, placed.height, name, panel_described(panel), identifier)


def _size(panel: Panel, alone: bool) -> tuple[float, float]:
    """Width and height of the plot; a plane of two inputs is nearer to a square."""
    if not alone:
        return BESIDE
    return ALONE if panel.cells is None else PLANE


def _placed(panel: Panel, size: tuple[float, float], identifier: str) -> _Placed:
    markup, height = draw_panel(panel, *size, identifier)
    return _Placed(markup, size[0], height)


def _heading(chart: Chart, width: float) -> tuple[list[str], float]:
    """The title and the sentence below it, and where what follows may begin."""
    y = EDGE + LINE
    parts = [f'<text class="title" x="{EDGE:g}" y="{y:g}">{escape(chart.title)}</text>']
    for line in wrapped(chart.subtitle, width - 2 * EDGE):
        y += LINE
        parts.append(f'<text class="faint" x="{EDGE:g}" y="{y:g}">{escape(line)}</text>')
    return parts, y + LINE


def _document(body: str, width: float, height: float, title: str, told: str, identifier: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="cr" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" style="max-width:100%;height:auto" role="img" '
        f'aria-labelledby="{identifier}-title {identifier}-desc">'
        f'<title id="{identifier}-title">{escape(title)}</title>'
        f'<desc id="{identifier}-desc">{escape(told)}</desc>'
        f"<style>{style_sheet()}</style>"
        f'<rect class="ground" width="{width:g}" height="{height:g}"/>{body}</svg>\n'
    )


def _identifier(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "chart"
