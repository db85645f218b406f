"""One panel of a chart as SVG: grid, ticks, cells, series, arrows, notes and the key below."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from itertools import groupby

from chainrule.working.charts.chart import Arrow, Cells, Note, Panel, Series
from chainrule.working.charts.palette import colour_class, opacity
from chainrule.working.charts.scales import drawn_runs, scales_of

__all__ = ["Frame", "draw_panel", "text_width", "wrapped"]

LINE, TICK, KEY = 17.0, 11.0, 12.0
BELOW = 42.0
FAR = 20.0
WIDEST, WIDE, NARROW = 0.98, 0.66, 0.36
LEVELS = 6
MARKERS = ("circle", "square", "triangle", "diamond")


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a system font; on the generous side."""
    widths = (
        NARROW if letter in "iljtfrI.,:;'| ()[]" else WIDEST if letter in "mwMW%" else WIDE for letter in text
    )
    return size * sum(widths)


def wrapped(text: str, width: float, size: float = 12.0) -> list[str]:
    """A text in lines that fit the width."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


class Frame:
    """Where the plot lies in its panel, in pixels, and how values become places."""

    def __init__(self, panel: Panel, width: float, height: float) -> None:
        self.across, self.up = scales_of(panel)
        ticks = [text_width(written, TICK) for _, written in self.up.ticks()]
        self.left = 26.0 + max(ticks, default=0.0)
        self.right = width - 12.0
        self.top = 26.0 if panel.title else 8.0
        self.bottom = self.top + height - 26.0

    def pixel(self, place: tuple[float, float]) -> tuple[float, float]:
        # What lies far outside is drawn nearer, or a diverging loss would be written with 300 digits.
        x, y = (min(max(part, -FAR), FAR) for part in place)
        return self.left + x * (self.right - self.left), self.bottom - y * (self.bottom - self.top)

    def at(self, x: float, y: float) -> tuple[float, float]:
        return self.pixel((self.across.place(x), self.up.place(y)))


def draw_panel(panel: Panel, width: float, height: float, identifier: str) -> tuple[str, float]:
    """The panel's markup and its height, which grows with the key; its width is as given."""
    frame = Frame(panel, width, height)
    clip = f"{identifier}-clip"
    box = (
        f'x="{_n(frame.left)}" y="{_n(frame.top)}" '
        f'width="{_n(frame.right - frame.left)}" height="{_n(frame.bottom - frame.top)}"'
    )
    inside = [_cells(panel.cells, frame)] if panel.cells else []
    inside += [_series(shown, number, frame) for number, shown in enumerate(panel.series)]
    inside += [_arrow(arrow, frame) for arrow in panel.arrows]
    key, key_height = _key(panel, frame)
    head = (
        f'<text class="head" x="{_n(frame.left)}" y="14">{escape(panel.title)}</text>' if panel.title else ""
    )
    parts = [
        f'<clipPath id="{clip}"><rect {box}/></clipPath>',
        head,
        _grid(frame),
        f'<g clip-path="url(#{clip})">{"".join(inside)}</g>',
        f'<rect class="axis" {box}/>',
        _labels(panel, frame),
        *(_note(note, frame) for note in panel.notes),
        key,
    ]
    return "".join(parts), frame.bottom + BELOW + key_height


def _grid(frame: Frame) -> str:
    path = []
    for scale, vertical in ((frame.across, True), (frame.up, False)):
        for value, _ in scale.ticks():
            if vertical:
                x = frame.at(value, frame.up.low)[0]
                path.append(f"M{_n(x)} {_n(frame.top)}V{_n(frame.bottom)}")
            else:
                y = frame.at(frame.across.low, value)[1]
                path.append(f"M{_n(frame.left)} {_n(y)}H{_n(frame.right)}")
    return f'<path class="grid" d="{"".join(path)}"/>'


def _labels(panel: Panel, frame: Frame) -> str:
    parts = []
    for value, written in frame.across.ticks():
        x, _ = frame.at(value, frame.up.low)
        parts.append(_text("tick faint", x, frame.bottom + 15, written, "middle"))
    for value, written in frame.up.ticks():
        _, y = frame.at(frame.across.low, value)
        parts.append(_text("tick faint", frame.left - 6, y + 4, written, "end"))
    middle_x, middle_y = (frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2
    parts.append(_text("", middle_x, frame.bottom + 33, panel.x.label, "middle"))
    turned = f' transform="rotate(-90 12 {_n(middle_y)})"'
    parts.append(_text("", 12, middle_y, panel.y.label, "middle", turned))
    return "".join(parts)


def _series(shown: Series, number: int, frame: Frame) -> str:
    colour = f"c{colour_class(number if shown.colour is None else shown.colour, shown.shade)}"
    runs = drawn_runs(shown, frame.across, frame.up)
    if shown.style == "points":
        # What lies outside the axes is left out here, since a marker cut in half looks like another.
        places = [frame.pixel(place) for run in runs for place in run if all(0 <= p <= 1 for p in place)]
        marker = MARKERS[(shown.colour if shown.colour is not None else number) % len(MARKERS)]
        return f'<path class="points {colour}" d="{"".join(_marker(marker, x, y) for x, y in places)}"/>'
    path = "".join(_polyline([frame.pixel(place) for place in run]) for run in runs)
    return f'<path class="{shown.style} {colour}" d="{path}"/>' if path else ""


def _polyline(points: Sequence[tuple[float, float]]) -> str:
    written = [f"{_n(x)} {_n(y)}" for x, y in points]
    kept = [place for place, _ in groupby(written)]
    return "M" + "L".join(kept if len(kept) > 1 else kept * 2)


def _marker(kind: str, x: float, y: float, size: float = 3.4) -> str:
    if kind == "circle":
        return f"M{_n(x - size)} {_n(y)}a{size} {size} 0 1 0 {2 * size} 0a{size} {size} 0 1 0 {-2 * size} 0Z"
    if kind == "square":
        return f"M{_n(x - size)} {_n(y - size)}h{2 * size}v{2 * size}h{-2 * size}Z"
    if kind == "triangle":
        return f"M{_n(x)} {_n(y - size - 1)}l{size + 1} {2 * size}h{-2 * size - 2}Z"
    return (
        f"M{_n(x)} {_n(y - size - 1)}l{size + 1} {size + 1}l{-size - 1} {size + 1}l{-size - 1} {-size - 1}Z"
    )


def _cells(cells: Cells, frame: Frame) -> str:
    """The cells by colour and strength, neighbours of a row in one rectangle."""
    paths: dict[tuple[int, int], list[str]] = {}
    for row, (colours, strengths) in enumerate(zip(cells.colours, cells.strengths, strict=True)):
        levels = [(c, min(int(s * LEVELS), LEVELS - 1)) for c, s in zip(colours, strengths, strict=True)]
        column = 0
        for kind, group in groupby(levels):
            end = column + len(list(group))
            x0, y0 = frame.at(cells.xs[column], cells.ys[row])
            x1, y1 = frame.at(cells.xs[end], cells.ys[row + 1])
            paths.setdefault(kind, []).append(f"M{_n(x0)} {_n(y0)}H{_n(x1)}V{_n(y1)}H{_n(x0)}Z")
            column = end
    return "".join(
        f'<path class="cells c{colour_class(colour)}" fill-opacity="{opacity(level / (LEVELS - 1)):.2f}" '
        f'shape-rendering="crispEdges" d="{"".join(path)}"/>'
        for (colour, level), path in sorted(paths.items())
    )


def _arrow(arrow: Arrow, frame: Frame) -> str:
    (x0, y0), (x1, y1) = frame.at(arrow.x, arrow.y), frame.at(arrow.to_x, arrow.to_y)
    length = math.hypot(x1 - x0, y1 - y0)
    if not math.isfinite(length) or length < 1e-6:
        return ""
    along, head = ((x1 - x0) / length, (y1 - y0) / length), min(9.0, length)
    base = (x1 - head * along[0], y1 - head * along[1])
    side = (-along[1] * head * 0.45, along[0] * head * 0.45)
    tip = f"M{_n(x1)} {_n(y1)}L{_n(base[0] + side[0])} {_n(base[1] + side[1])}"
    tip += f"L{_n(base[0] - side[0])} {_n(base[1] - side[1])}Z"
    return f'<path class="arrow" d="M{_n(x0)} {_n(y0)}L{_n(base[0])} {_n(base[1])}{tip}"/>'


def _note(note: Note, frame: Frame) -> str:
    x, y = frame.at(note.x, note.y)
    if not (math.isfinite(x) and math.isfinite(y)):
        return ""
    dot = f'<circle class="dot" cx="{_n(x)}" cy="{_n(y)}" r="4"/>' if note.dot else ""
    if note.placed:
        return dot + _text("note", x, y, note.text, "start")
    width = text_width(note.text, 12.0)
    # Beside the point, on whichever side has room.
    start = x + 7 if x + 7 + width <= frame.right or x - frame.left < width else x - 7 - width
    start = min(max(start, frame.left + 3), max(frame.right - width - 3, frame.left + 3))
    height = y + 17 if note.below else y - 8
    height = min(max(height, frame.top + 13), frame.bottom - 5)
    anchor, at = ("start", start) if start >= x else ("end", start + width)
    return dot + _text("note", at, height, note.text, anchor)


def _key(panel: Panel, frame: Frame) -> tuple[str, float]:
    """The names of the series under the plot, in as many rows as they need, and how high that is."""
    entries = [(n, s) for n, s in enumerate(panel.series) if s.name] if panel.key else []
    x, y, parts = frame.left, frame.bottom + BELOW + KEY, []
    for number, shown in entries:
        room = 30 + text_width(shown.name, 12.0) + 10
        if x > frame.left and x + room > frame.right + 14:
            x, y = frame.left, y + LINE
        colour = f"c{colour_class(number if shown.colour is None else shown.colour, shown.shade)}"
        if shown.style == "points":
            marker = MARKERS[(shown.colour if shown.colour is not None else number) % len(MARKERS)]
            drawn = f'<path class="points {colour}" d="{_marker(marker, x + 12, y - 4)}"/>'
        else:
            drawn = f'<path class="{shown.style} {colour}" d="M{_n(x)} {_n(y - 4)}h24"/>'
        parts.append(drawn + _text("", x + 30, y, shown.name, "start"))
        x += room
    return "".join(parts), (y - frame.bottom - BELOW + 4) if entries else 0.0


def _text(kind: str, x: float, y: float, text: str, anchor: str, more: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{more}>{escape(text)}</text>'


def _n(value: float) -> str:
    """A coordinate to a tenth of a pixel."""
    return f"{value + 0.0:.1f}".removesuffix(".0")
