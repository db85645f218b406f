"""Ends and ticks of axes."""

from __future__ import annotations

import math

import pytest

from chainrule.working.charts.chart import Axis, Cells, Note, Panel, series
from chainrule.working.charts.scales import Scale, drawn_runs, scales_of


def ticks(low: float, high: float, **axis: bool) -> list[str]:
    return [written for _, written in Scale(Axis("", **axis), low, high).ticks()]


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (0, 1, ["0", "0.2", "0.4", "0.6", "0.8", "1"]),
        (-5.3, 5.3, ["−4", "−2", "0", "2", "4"]),
        (0, 20000, ["0", "5,000", "10,000", "15,000", "20,000"]),
        (0.00012, 0.00031, ["0.00015", "0.0002", "0.00025", "0.0003"]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, written: list[str]) -> None:
    assert ticks(low, high) == written


def test_epochs_are_whole() -> None:
    assert ticks(0.9, 3.1, whole=True) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("low", "high", "written"),
    [
        (0.05, 3, ["0.05", "0.1", "0.2", "0.5", "1", "2"]),
        (0.001, 10, ["0.001", "0.01", "0.1", "1", "10"]),
        (1e-9, 1, ["10⁻⁸", "10⁻⁶", "10⁻⁴", "10⁻²", "10⁰"]),
    ],
)
def test_logarithmic_ticks(low: float, high: float, written: list[str]) -> None:
    assert ticks(low, high, log=True) == written


@pytest.mark.parametrize("span", [10.0**power * factor for power in range(-8, 9) for factor in (1, 3, 7)])
def test_there_are_never_many_ticks(span: float) -> None:
    assert 2 <= len(ticks(0.1 * span, 1.1 * span)) <= 7


def test_ticks_at_given_places() -> None:
    assert Scale(Axis("", log=True, at=(2.0, 4.0, 64.0)), 2, 16).ticks() == [(2.0, "2"), (4.0, "4")]


def panel(x: Axis, y: Axis, ys: list[float], **more: object) -> Panel:
    return Panel("", x, y, (series("", range(1, len(ys) + 1), ys),), **more)  # type: ignore[arg-type]


def test_the_ends_are_those_of_the_data_with_a_margin() -> None:
    _, up = scales_of(panel(Axis(""), Axis(""), [0.0, 1.0, math.nan, math.inf]))
    assert (up.low, up.high) == (-0.04, 1.04)


def test_given_ends_are_kept() -> None:
    _, up = scales_of(panel(Axis(""), Axis("", low=0.0, high=2.0), [0.0, 5.0]))
    assert (up.low, up.high) == (0.0, 2.0)


def test_a_marked_note_is_inside() -> None:
    _, up = scales_of(panel(Axis(""), Axis(""), [0.0, 1.0], notes=(Note("here", 1.0, 9.0, dot=True),)))
    assert up.high > 9


def test_cells_fill_the_plot() -> None:
    cells = Cells((0.0, 4.0), (0.0, 2.0), ((0,),), ((1.0,),))
    across, _ = scales_of(panel(Axis(""), Axis(""), [1.0], cells=cells))
    assert (across.low, across.high) == (0.0, 4.0)


@pytest.mark.parametrize("ys", [[], [3.0, 3.0], [0.0], [math.nan]])
def test_there_are_always_two_ends(ys: list[float]) -> None:
    for log in (False, True):
        _, up = scales_of(panel(Axis(""), Axis("", log=log), ys))
        assert up.low < up.high
        assert up.ticks()


def test_a_line_breaks_where_there_is_no_number() -> None:
    shown = series("", [1, 2, 3, 4, 5], [1.0, math.nan, 1.0, 0.0, 10.0])
    across, up = Scale(Axis(""), 0, 10), Scale(Axis("", log=True), 0.1, 10)
    assert drawn_runs(shown, across, up) == [[(0.1, 0.5)], [(0.3, 0.5)], [(0.5, 1.0)]]
