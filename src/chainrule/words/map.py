"""A map of words: their vectors in the plane that shows the most of them, with differences as arrows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.vector_data import VectorData
from chainrule.words.parts_of_vectors import Words
from chainrule.working.charts.chart import Arrow, Axis, Chart, Note, Panel, Series, series
from chainrule.working.charts.svg_panel import Frame, text_width

__all__ = ["Map", "map_chart", "map_of"]

Points = NDArray[np.float64]
MOST_WORDS = 100
SIZE = (680.0, 340.0)  # the plot of a chart with one panel
MARGIN = 1.35  # how much wider the plane is than the words on it, for their labels
LETTER, HIGH, BELOW, GAP = 12.0, 13.0, 3.0, 6.0  # BELOW: how far letters go below their base line
# Where a label may stand: steps to the right and down from its point, nearest first.
_AROUND = [
    (far * x, far * y)
    for far in (1.0, 1.8, 2.8, 4.0, 5.5, 7.5, 10.0, 13.0, 17.0, 22.0)
    for x, y in ((1, 0), (0, -1), (0, 1), (-1, 0), (1, -1), (1, 1), (-1, -1), (-1, 1))
]


@dataclass(frozen=True)
class Map:
    """Words in a plane.

    words: N of them; points: of each (x, y); shares: of the variance that each axis shows
    differences: pairs of places (i, j), for the arrow of word i − word j
    """

    words: tuple[str, ...]
    points: tuple[tuple[float, float], ...]
    shares: tuple[float, float]
    differences: tuple[tuple[int, int], ...]


def map_of(
    data: VectorData, words: Sequence[str], differences: Iterable[tuple[str, str]] | None = None
) -> Map:
    """The plane of the two directions in which these words' vectors differ most (principal components).

    differences: pairs a, b for the arrow a − b, which points from b to a; None for the words two by two, where
    they are an even number of at least four. Raises UnknownName for a word without a vector, ConfigError
    for words that make no map.

    >>> from chainrule.files.vector_data import InMemory
    >>> vectors = np.array([[2.0, 1, 0], [0, 1, 0], [2, 0, 0], [0, 0, 0]])
    >>> data = VectorData(words=["king", "man", "queen", "woman"], matrix=InMemory(vectors))
    >>> found = map_of(data, ["king", "man", "queen", "woman"])
    >>> [round(share, 3) for share in found.shares], found.differences
    ([0.8, 0.2], ((0, 1), (2, 3)))
    """
    names = tuple(words)
    twice = next((word for i, word in enumerate(names) if word in names[:i]), None)
    if twice is not None:
        raise ConfigError(f'"{twice}" is named twice: name each word once')
    if not 3 <= len(names) <= MOST_WORDS:
        raise ConfigError(f"a map has from 3 to {MOST_WORDS} words, not {len(names)}: name more, or fewer")
    found = Words(data)
    vectors = np.array([found.used(word) for word in names])
    centred = vectors - vectors.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    if not sizes[0]:
        raise InvalidInput("these words have all the same vector, so there is nothing to map: name others")
    if len(sizes) < 2:
        raise InvalidInput("vectors of one number lie on a line, and make no map: take larger ones")
    points = left[:, :2] * sizes[:2]
    # An axis has no direction of its own: the first word is put to the right and above.
    points = points * np.where(points[0] < 0, -1, 1)
    squares = sizes**2 / (sizes**2).sum()
    pairs = differences
    if pairs is None:
        two_by_two = len(names) >= 4 and len(names) % 2 == 0
        pairs = zip(names[::2], names[1::2], strict=True) if two_by_two else ()
    return Map(
        names,
        tuple((float(x), float(y)) for x, y in points),
        (float(squares[0]), float(squares[1])),
        tuple(_places(names, pairs)),
    )


def _places(names: tuple[str, ...], pairs: Iterable[tuple[str, str]]) -> Iterable[tuple[int, int]]:
    for a, b in pairs:
        for word in (a, b):
            if word not in names:
                raise ConfigError(
                    f'the difference of "{word}" cannot be drawn, as it is not on the map: add it'
                )
        if a == b:
            raise ConfigError(f'the difference of "{a}" and itself is nothing: name two words')
        yield names.index(a), names.index(b)


def map_chart(found: Map) -> Chart:
    """The map as a chart, to be drawn as SVG, as a page or by matplotlib; no label covers another."""
    first, second = found.shares
    xs, ys = zip(*found.points, strict=True)
    arrows = [Arrow(*found.points[j], *found.points[i]) for i, j in found.differences]
    across, up = _axes(np.array(found.points))
    panel = Panel(
        "",
        replace(across, label=f"first principal component: {first:.0%} of the variance"),
        replace(up, label=f"second: {second:.0%}"),
        (series("", xs, ys, "points"),),
        arrows=tuple(arrows),
        key=False,
    )
    told = f"The plane shows {first + second:.0%} of the variance of these {len(found.words)} words' vectors"
    if arrows:
        named = ", ".join(f"{found.words[i]} − {found.words[j]}" for i, j in found.differences)
        told += f"; arrows: {named}"
    title = "A map of words"
    labels = list(_labels(found, panel))
    joined = [join for _, join in labels if join is not None]
    full = replace(panel, notes=tuple(note for note, _ in labels), series=(*panel.series, *joined))
    return Chart(title, f"{told}.", (full,))


def _axes(points: Points) -> tuple[Axis, Axis]:
    """Axes of the same scale, so that differences that are parallel and alike look so."""
    low, high = points.min(axis=0), points.max(axis=0)
    middle = (low + high) / 2
    span = max((high - low) * MARGIN / np.array(SIZE)) * np.array(SIZE) / 2
    return tuple(Axis("", float(m - s), float(m + s)) for m, s in zip(middle, span, strict=True))  # type: ignore[return-value]


Box = tuple[float, float, float, float]


def _labels(found: Map, panel: Panel) -> Iterable[tuple[Note, Series | None]]:
    """Each word at the nearest place to its point where it covers no other word, no point, and few arrows.

    Beside a word that stands farther off, the line that joins it to its point.
    """
    frame = Frame(panel, *SIZE)
    pixels = [frame.at(x, y) for x, y in found.points]
    dots = [(x - 5, y - 5, x + 5, y + 5) for x, y in pixels]
    lines = [(pixels[j], pixels[i]) for i, j in found.differences]
    taken: list[Box] = []
    for word, (x, y) in zip(found.words, pixels, strict=True):
        width = text_width(word, LETTER)
        costs = []
        for right, down in _AROUND:
            left = x + GAP * right - (width if right < 0 else width / 2 if right == 0 else 0)
            top = y + GAP * down - (HIGH if down < 0 else HIGH / 2 if down == 0 else 0)
            box = (left, top, left + width, top + HIGH)
            covered = 5 * sum(_overlap(box, other) for other in taken)
            covered += sum(_overlap(box, dot) for dot in dots)
            crossed = sum(_crosses(box, line) for line in lines)
            outside = left < frame.left + 3 or box[2] > frame.right - 3
            outside = outside or top < frame.top + 1 or box[3] > frame.bottom - 3
            costs.append((1000 * outside + 100 * covered + crossed, box))
        box = min(costs, key=lambda each: each[0])[1]
        taken.append(box)
        nearest = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
        join = None
        if max(abs(nearest[0] - x), abs(nearest[1] - y)) > 1.5 * GAP:
            (x0, y0), (x1, y1) = _value(frame, panel, x, y), _value(frame, panel, *nearest)
            join = series("", (x0, x1), (y0, y1), "thin")
        yield Note(word, *_value(frame, panel, box[0], box[3] - BELOW), placed=True), join


def _value(frame: Frame, panel: Panel, x: float, y: float) -> tuple[float, float]:
    """The place on the axes of a pixel."""
    ends = panel.x.low, panel.x.high, panel.y.low, panel.y.high
    left, right, bottom, top = (0.0 if end is None else end for end in ends)
    along = (x - frame.left) / (frame.right - frame.left)
    over = (frame.bottom - y) / (frame.bottom - frame.top)
    return left + along * (right - left), bottom + over * (top - bottom)


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] + 1 and b[0] < a[2] + 1 and a[1] < b[3] + 1 and b[1] < a[3] + 1


def _crosses(box: Box, line: tuple[tuple[float, float], tuple[float, float]]) -> bool:
    """Whether a line goes through a box, looked at from place to place along it."""
    (x0, y0), (x1, y1) = line
    steps = np.linspace(0, 1, 60)
    xs, ys = x0 + (x1 - x0) * steps, y0 + (y1 - y0) * steps
    return bool(((box[0] < xs) & (xs < box[2]) & (box[1] < ys) & (ys < box[3])).any())
