"""A chart as data: panels with axes, series, shaded cells, arrows and notes. Nothing is drawn here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chainrule.errors import InvalidInput, ShapeMismatch

__all__ = ["Arrow", "Axis", "Cells", "Chart", "Note", "Panel", "Series", "Style", "series"]

Style = Literal["line", "dashed", "thin", "points"]


@dataclass(frozen=True)
class Axis:
    """An axis: what it measures, its ends (None: those of the data), and whether it counts in powers of ten.

    whole: ticks at whole numbers only (epochs); at: ticks at these numbers
    """

    label: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    whole: bool = False
    at: tuple[float, ...] = ()


@dataclass(frozen=True)
class Series:
    """Points (x, y), joined or not; NaN breaks the line, and so does 0 or less on a logarithmic axis.

    style:  a line, a dashed line, a thin grey line of the background, or points
    colour: the number of its colour from 0, by default its place among the panel's series
    shade:  from 0 to 1, a place on a scale from light to dark in place of a colour of its own
    """

    name: str
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    style: Style = "line"
    colour: int | None = None
    shade: float | None = None

    def __post_init__(self) -> None:
        if len(self.xs) != len(self.ys):
            raise ShapeMismatch(
                f'the series "{self.name}" has {len(self.xs)} x but {len(self.ys)} y: give one y for each x'
            )
        if self.shade is not None and not 0 <= self.shade <= 1:
            raise InvalidInput(f"a shade is from 0 to 1, not {self.shade}")


@dataclass(frozen=True)
class Cells:
    """A plane in rectangles: row by row from the lowest y, each with a colour and a strength from 0 to 1.

    xs, ys: the edges, one more than there are columns and rows
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    colours: tuple[tuple[int, ...], ...]
    strengths: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        rows, columns = len(self.ys) - 1, len(self.xs) - 1
        for what in (self.colours, self.strengths):
            if len(what) != rows or any(len(row) != columns for row in what):
                raise ShapeMismatch(
                    f"{columns + 1} edges in x and {rows + 1} in y need {rows} rows of {columns} cells"
                )


@dataclass(frozen=True)
class Note:
    """Words at a point; `dot` marks the point itself. below: the words stand under it, not over it.

    placed: the words begin at the point, on their base line, and not where there is room beside it
    """

    text: str
    x: float
    y: float
    dot: bool = False
    below: bool = False
    placed: bool = False


@dataclass(frozen=True)
class Arrow:
    """An arrow from (x, y) to (to_x, to_y)."""

    x: float
    y: float
    to_x: float
    to_y: float


@dataclass(frozen=True)
class Panel:
    """One plot with its axes. key: whether the names of its series are listed."""

    title: str
    x: Axis
    y: Axis
    series: tuple[Series, ...]
    cells: Cells | None = None
    notes: tuple[Note, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    key: bool = True


@dataclass(frozen=True)
class Chart:
    """A chart: a title, a sentence that says what to see, and one or more panels side by side."""

    title: str
    subtitle: str
    panels: tuple[Panel, ...]


def series(
    name: str,
    xs: Iterable[float],
    ys: Iterable[float],
    style: Style = "line",
    *,
    colour: int | None = None,
    shade: float | None = None,
) -> Series:
    """A `Series` of any two runs of numbers.

    >>> series("loss", range(1, 3), [0.5, 0.25]).ys
    (0.5, 0.25)
    """
    return Series(name, tuple(map(float, xs)), tuple(map(float, ys)), style, colour, shade)
