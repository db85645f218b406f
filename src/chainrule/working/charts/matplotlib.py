"""Charts by matplotlib, from the same data as our own SVG; needs the `plots` extra."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING, Any

from chainrule.errors import need
from chainrule.working.charts.chart import Chart, Panel, Series
from chainrule.working.charts.palette import LIGHT, colour_class, opacity
from chainrule.working.charts.scales import Scale, scales_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["figure", "image"]

DOTS_PER_INCH = 150
WORDS_ACROSS = 60  # characters of the subtitle beside each panel
LINES = {"line": "-", "dashed": "--", "thin": "-"}
MARKERS = "os^D"


def figure(chart: Chart) -> Figure:
    """The chart as a matplotlib figure, to show in a notebook or to save.

    Raises MissingDependency without matplotlib.
    """
    made: Figure = _matplotlib("matplotlib.figure").Figure(layout="constrained")
    columns = min(2, len(chart.panels))
    rows = -(-len(chart.panels) // columns)
    made.set_size_inches(
        7.5 if columns == 1 else 9.0, 0.8 + rows * (3.6 if chart.panels[0].cells is None else 5.4)
    )
    made.suptitle(chart.title, fontsize=13, fontweight="bold")
    made.supxlabel(textwrap.fill(chart.subtitle, WORDS_ACROSS * columns), fontsize=9)
    for number, panel in enumerate(chart.panels, start=1):
        _draw(made.add_subplot(rows, columns, number), panel)
    return made


def image(chart: Chart, kind: str) -> bytes:
    """The chart as the bytes of a file, kind "png" or "pdf"; the same bytes for the same chart."""
    made = figure(chart)
    held = io.BytesIO()
    told: dict[str, Any] = {"Title": chart.title}
    if kind == "pdf":
        told |= {"CreationDate": None}
    made.savefig(held, format=kind, dpi=DOTS_PER_INCH, metadata=told)
    return held.getvalue()


def _matplotlib(module: str) -> Any:
    return need(
        module,
        why="drawing with matplotlib needs the plots extra",
        get="pip install 'chainrule[plots]'",
    )


def _draw(axes: Axes, panel: Panel) -> None:
    _frame(axes, panel)
    if panel.cells is not None:
        _cells(axes, panel)
    for number, shown in enumerate(panel.series):
        _series(axes, shown, number)
    for arrow in panel.arrows:
        pointing = {"arrowstyle": "-|>", "color": LIGHT["ink"], "lw": 1.6}
        axes.annotate("", (arrow.to_x, arrow.to_y), (arrow.x, arrow.y), arrowprops=pointing)
    across, _ = scales_of(panel)
    for note in panel.notes:
        if note.dot:
            axes.plot([note.x], [note.y], "o", color=LIGHT["ink"], zorder=4)
        late = across.place(note.x) > 0.5 and not note.placed
        beside = (0, 0) if note.placed else (-6 if late else 6, -12 if note.below else 6)
        axes.annotate(
            note.text,
            (note.x, note.y),
            textcoords="offset points",
            xytext=beside,
            ha="right" if late else "left",
            fontsize=8,
        )
    if panel.key and any(shown.name for shown in panel.series):
        named = sum(bool(shown.name) for shown in panel.series)
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.2 if panel.cells is None else -0.12),
            ncols=min(3, named),
            fontsize=8,
            frameon=False,
        )


def _frame(axes: Axes, panel: Panel) -> None:
    across, up = scales_of(panel)
    axes.set_title(panel.title, fontsize=10)
    axes.set_xlabel(panel.x.label)
    axes.set_ylabel(panel.y.label)
    for scale, name in ((across, "x"), (up, "y")):
        _settle(axes, scale, name)
    axes.grid(color=LIGHT["grid"])
    axes.set_axisbelow(True)


def _settle(axes: Axes, scale: Scale, name: str) -> None:
    if scale.axis.log:
        getattr(axes, f"set_{name}scale")("log")
    getattr(axes, f"set_{name}lim")(scale.low, scale.high)
    values, written = zip(*scale.ticks(), strict=True) if scale.ticks() else ((), ())
    getattr(axes, f"set_{name}ticks")(values, written)
    getattr(axes, f"set_{name}ticks")([], minor=True)


def _series(axes: Axes, shown: Series, number: int) -> None:
    place = number if shown.colour is None else shown.colour
    colour = LIGHT["thin"] if shown.style == "thin" else LIGHT[colour_class(place, shown.shade)]
    label = shown.name or "_unnamed"
    if shown.style == "points":
        marker = MARKERS[place % len(MARKERS)]
        axes.plot(
            shown.xs,
            shown.ys,
            linestyle="",
            marker=marker,
            color=colour,
            label=label,
            markersize=4.5,
            mec="w",
        )
        return
    width = 0.8 if shown.style == "thin" else 1.8
    axes.plot(shown.xs, shown.ys, LINES[shown.style], color=colour, label=label, linewidth=width)


def _cells(axes: Axes, panel: Panel) -> None:
    from matplotlib.colors import to_rgb

    cells = panel.cells
    assert cells is not None
    blended = [
        [
            tuple(1 - opacity(strength) * (1 - part) for part in to_rgb(LIGHT[colour_class(colour)]))
            for colour, strength in zip(colours, strengths, strict=True)
        ]
        for colours, strengths in zip(cells.colours, cells.strengths, strict=True)
    ]
    axes.pcolormesh(cells.xs, cells.ys, blended, zorder=0)
