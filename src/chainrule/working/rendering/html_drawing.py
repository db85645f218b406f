"""The drawn network as SVG, and what it shows at each step of a working."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

from chainrule.working.document import MatrixStep, Working
from chainrule.working.rendering.drawing import FONT, MOST_UNITS, Box, Drawing, Edge, Node, Row

__all__ = ["Picture", "picture"]

Slot = tuple[str, str]
"""A part and one of its rows."""
Shown = tuple[str, str, str]
"""What a slot shows: a name, a number, and the id of the line that made it."""

LONGEST, LONGEST_NAME = 7, 9
LARGEST, SMALLEST = 1.35, 0.75
LARGE = 950.0
"""Wide or high enough that a page shows it in a box that scrolls, or its letters would be too small."""
_RAISED = re.compile(r"\^\(?(\d+)\)?")
_SUPERSCRIPT = str.maketrans("0123456789()^", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾ ")


@dataclass(frozen=True)
class Picture:
    """A drawing as it is put on a page.

    svg:    with everything on it that the working comes to
    shown:  id of a slot's text → [step, name, number, id of the line], from each step on
    marks:  for each step, the numbers of the parts it makes and of those it uses
    sample: [step, which sample is shown from there on], where there are several
    gradients: whether it ever shows one
    """

    svg: str
    shown: Mapping[str, list[list[Any]]]
    marks: list[tuple[list[int], list[int]]]
    sample: list[list[Any]]
    gradients: bool


def picture(working: Working, anchors: Callable[[int, str], str | None]) -> Picture | None:
    """The picture of a working; anchors: step (from 1) and key → the id of what made that quantity."""
    drawing = working.drawing
    if drawing is None:
        return None
    numbers = {part: n for n, part in enumerate([*_parts(drawing), *map(_wire_id, drawing.wires)])}
    film = _Film(drawing)
    for given in working.given:
        anchor = anchors(0, given.key) or ""
        film.take(0, given.key, (given.name.text, given.written, anchor))
        film.take_all(0, given.symbol, given.values, anchor)
    film.show(0)
    marks = []
    number = 1
    for at, (phase, step) in enumerate(((p, s) for p in working.phases for s in p.steps), start=1):
        if phase.number != number:
            number = phase.number
            film.forget(at)
        if isinstance(step, MatrixStep):
            made = drawing.parts_of(step.symbol)
            used = [part for symbol in step.uses for part in drawing.parts_of(symbol)]
            film.take_all(at, step.symbol, step.values, f"s{at}")
        else:
            made = film.take(at, step.key, (step.name.text, step.result, f"s{at}"))
            used = [place.part for key in step.uses if (place := drawing.place(key))]
        film.show(at)
        parts = {*made, *used}
        used += [_wire_id(wire) for wire in drawing.wires if {wire.source, wire.target} <= parts]
        marks.append(
            (
                sorted({numbers[p] for p in made}),
                sorted({numbers[p] for p in used} - {numbers[p] for p in made}),
            )
        )
    ids = {slot: f"t{numbers[slot[0]]}{slot[1][0]}" for slot in film.frames}
    svg = _Writer(drawing, numbers, film).svg()
    gradients = any(slot[1] == "gradient" for slot in film.frames)
    return Picture(
        svg, {ids[slot]: frames for slot, frames in film.frames.items()}, marks, film.samples, gradients
    )


def _parts(drawing: Drawing) -> list[str]:
    return [*(node.part for node in drawing.nodes), *(edge.part for edge in drawing.edges)]


def _wire_id(wire: Any) -> str:
    return f"{wire.source} {wire.target}"


@dataclass
class _Film:
    """What each slot shows from which step on."""

    drawing: Drawing
    frames: dict[Slot, list[list[Any]]] = field(default_factory=dict)
    samples: list[list[Any]] = field(default_factory=list)
    known: dict[Slot, dict[int | None, Shown]] = field(default_factory=dict)
    changed: set[Slot] = field(default_factory=set)
    sample: int = 1

    def __post_init__(self) -> None:
        self.roomy = {node.part for node in self.drawing.nodes if node.slope}

    def take(self, at: int, key: str, shown: Shown) -> tuple[str, ...]:
        """Note a number; the part that it belongs to."""
        place = self.drawing.place(key)
        if place is None:
            return ()
        sample = self.drawing.sample(key)
        if place.row:
            slot = (place.part, place.row)
            self.known.setdefault(slot, {})[sample] = shown
            self.changed.add(slot)
        # What is given is given for all samples at once.
        if at and sample and sample != self.sample:
            self.sample = sample
            self.changed |= set(self.known)
        return (place.part,)

    def take_all(self, at: int, symbol: str, values: Sequence[Sequence[str]], anchor: str) -> None:
        """Note the numbers of a matrix, of the first sample where it has samples."""
        if self.drawing.blocks:
            if len(values) == 1 and len(values[0]) == 1:
                self.take(at, symbol, ("", values[0][0], anchor))
            return
        for i, row in enumerate(values[:MOST_UNITS], start=1):
            for j, number in enumerate(row[:MOST_UNITS], start=1):
                keys = [f"{symbol}[{i},{j}]", *([f"{symbol}[{j}]", symbol] if len(values) == 1 else [])]
                for key in keys:
                    place = self.drawing.place(key)
                    if place and place.row and self.drawing.sample(key) in (None, 1):
                        self.take(at, key, ("∂" if place.row == "gradient" else "", number, anchor))
                        break

    def forget(self, at: int) -> None:
        """Another pass: only what is given and the parameters are known."""
        kept = {node.part for node in self.drawing.nodes if node.kind in ("input", "target")}
        kept |= {edge.part for edge in self.drawing.edges}
        for slot in list(self.known):
            if slot[0] not in kept or slot[1] != "value":
                self.known[slot] = {}
                self.changed.add(slot)

    def show(self, at: int) -> None:
        for slot in sorted(self.changed):
            known = self.known[slot]
            now = known.get(None) or known.get(self.sample) or ("", "", "")
            frame = [self.name(slot, now[0]), cut(now[1]), now[2]]
            frames = self.frames.setdefault(slot, [])
            if not frames or frames[-1][1:] != frame:
                frames.append([at, *frame])
        self.changed.clear()
        if (
            self.drawing.samples > 1
            and not self.drawing.blocks
            and (not self.samples or self.samples[-1][1] != self.sample)
        ):
            self.samples.append([at, self.sample])

    def name(self, slot: Slot, name: str) -> str:
        """A gradient's name stands beside it only where there is room."""
        name = in_plain_letters(name)
        if slot[1] != "gradient" or not name:
            return name
        return name if len(name) <= LONGEST_NAME and slot[0] in self.roomy else "∂"

    def last(self, part: str, row: str) -> Shown | None:
        frames = self.frames.get((part, row))
        return tuple(frames[-1][1:]) if frames else None


def in_plain_letters(name: str) -> str:
    """A name with numbers as superscripts where it has them.

    >>> in_plain_letters("x1^(2)")
    'x1⁽²⁾'
    """
    return _RAISED.sub(lambda found: found.group().translate(_SUPERSCRIPT).strip(), name)


def cut(number: str) -> str:
    """A number as it fits in the drawing, cut where it is longer, and then seen to be cut.

    >>> cut("0.615383760"), cut("-0.0112"), cut("1.234567e-05")
    ('0.6153…', '−0.0112', '1.2…e−5')
    """
    number = number.replace("-", "−")
    if len(number) <= LONGEST:
        return number
    mantissa, e, exponent = number.partition("e")
    if not e:
        return f"{number[: LONGEST - 1]}…"
    return f"{mantissa[: 4 + mantissa.startswith('−') - 1]}…e{exponent.replace('−0', '−').removeprefix('+0')}"


class _Writer:
    """The SVG of a drawing with its last numbers."""

    def __init__(self, drawing: Drawing, numbers: Mapping[str, int], film: _Film) -> None:
        self.drawing = drawing
        self.numbers = numbers
        self.film = film

    def svg(self) -> str:
        drawing = self.drawing
        parts = [*self.wires(), *map(self.line, drawing.edges), *map(self.label, drawing.edges)]
        parts += map(self.node, drawing.nodes)
        inner = "\n".join(parts)
        large = max(drawing.width, 1.25 * drawing.height) > LARGE
        scale = SMALLEST if large else LARGEST
        kind = ' class="large"' if large else ""
        width, height = drawing.width, drawing.height
        return (
            f'<svg id="net"{kind} viewBox="0 0 {width:g} {height:g}" width="{scale * width:g}" '
            f'height="{scale * height:g}" role="group" aria-label="{escape(drawing.told)}">\n{inner}\n</svg>'
        )

    def wires(self) -> Iterator[str]:
        for wire in self.drawing.wires:
            yield (
                f'<g class="wire part" data-part="{self.numbers[_wire_id(wire)]}">'
                f'<path d="{_path(wire.start, wire.end)}"/></g>'
            )

    def line(self, edge: Edge) -> str:
        path = _path(edge.start, edge.end)
        thick = " thick" if self.drawing.blocks and edge.source else ""
        return (
            f'<g class="edge part{thick}" data-part="{self.numbers[edge.part]}">'
            f'<path class="hit" d="{path}"/><path class="wire" d="{path}"/></g>'
        )

    def label(self, edge: Edge) -> str:
        rows: list[tuple[Row, str]] = [("value", edge.name)]
        if edge.gradient:
            rows.append(("gradient", ""))
        beside = edge.source is None or self.drawing.blocks
        return self.link("label", edge.part, edge.told, edge.label, rows, named=edge.named, beside=beside)

    def node(self, node: Node) -> str:
        rows: list[tuple[Row, str]] = list(node.names.items())
        kind = f"node {node.kind}" + (" block" if self.drawing.blocks else "")
        beside = node.kind in ("unit", "block")
        extra = ""
        if node.slope:
            extra = self.text(node.part, "gradient", "", node.slope.x, node.slope.y + 5)
        told = node.told if node.kind == "block" else ""
        return self.link(kind, node.part, node.told, node.box, rows, beside=beside, extra=extra, heading=told)

    def link(
        self,
        kind: str,
        part: str,
        told: str,
        box: Box,
        rows: Iterable[tuple[Row, str]],
        *,
        named: bool = True,
        beside: bool = False,
        extra: str = "",
        heading: str = "",
    ) -> str:
        """A box with rows of names and numbers, which leads to the line that made them."""
        shown = self.film.last(part, "value") or self.film.last(part, "sum")
        href = f' href="#{shown[2]}"' if shown and shown[2] else ""
        lines: list[tuple[Row, str, str]] = []
        for row, name in rows:
            if not named:
                lines.append((row, "", "number"))
            elif beside or row == "gradient":
                lines.append((row, name, "both"))
            else:
                lines += [(row, name, "name"), (row, name, "number")]
        # A block has no numbers to show, except for the loss.
        if self.drawing.blocks and not shown:
            words = heading or told
            names = ", ".join(name for _, name in rows)
            drawn = _heading(box, [words, names] if heading else [names])
        else:
            step = 1.2 * FONT
            top = box.y - step * (len(lines) - 1) / 2 + FONT * 0.34
            drawn = "".join(
                self.text(part, row, name, box.x, top + n * step, only=only)
                for n, (row, name, only) in enumerate(lines)
            )
        rounded = 8 if kind.startswith("label") else 12
        corner = f"{box.x - box.width / 2:g}"
        rect = (
            f'<rect x="{corner}" y="{box.y - box.height / 2:g}" width="{box.width:g}" '
            f'height="{box.height:g}" rx="{rounded}"/>'
        )
        return (
            f'<a class="{kind} part" data-part="{self.numbers[part]}"{href} aria-description="{escape(told)}">'
            f"{rect}{drawn}{extra}</a>"
        )

    def text(self, part: str, row: Row, name: str, x: float, y: float, *, only: str = "both") -> str:
        shown = self.film.last(part, row)
        ident = f"t{self.numbers[part]}{row[0]}"
        name, number = (shown[0] or name, shown[1]) if shown else (in_plain_letters(name), "")
        spans = ""
        if only in ("both", "name"):
            spans += f'<tspan class="name" data-t="{ident}">{escape(name)}</tspan>'
        if only in ("both", "number"):
            gap = " " if spans else ""
            spans += f'{gap}<tspan class="num" data-t="{ident}">{escape(number)}</tspan>'
        return f'<text class="{row}" x="{x:g}" y="{y:g}">{spans}</text>\n'


def _heading(box: Box, lines: list[str]) -> str:
    step = 1.2 * FONT
    top = box.y - step * (len(lines) - 1) / 2 + FONT * 0.34
    return "".join(
        f'<text class="{"told" if n == 0 and len(lines) > 1 else "name"}" x="{box.x:g}" y="{top + n * step:g}">'
        f"{escape(line)}</text>"
        for n, line in enumerate(lines)
    )


def _path(start: tuple[float, float], end: tuple[float, float]) -> str:
    return f"M{start[0]:g} {start[1]:g}L{end[0]:g} {end[1]:g}"
