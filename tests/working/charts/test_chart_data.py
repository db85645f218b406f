"""Charts as data."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainrule.errors import InvalidInput, ShapeMismatch
from chainrule.working.charts.chart import Axis, Cells, Chart, Panel, Series, series
from chainrule.working.charts.telling import described

Told = Callable[..., str]


def test_a_series_needs_one_y_for_each_x(told: Told) -> None:
    assert (
        told(ShapeMismatch, lambda: Series("loss", (1.0, 2.0), (0.5,)))
        == 'the series "loss" has 2 x but 1 y: give one y for each x'
    )


@pytest.mark.parametrize("shade", [-0.1, 1.5])
def test_a_shade_is_from_0_to_1(told: Told, shade: float) -> None:
    assert told(InvalidInput, lambda: series("", [1], [1], shade=shade)) == (
        f"a shade is from 0 to 1, not {shade}"
    )


def test_cells_need_an_edge_more_than_there_are_cells(told: Told) -> None:
    assert told(ShapeMismatch, lambda: Cells((0.0, 1.0), (0.0, 1.0), ((0, 1),), ((1.0, 1.0),))) == (
        "2 edges in x and 2 in y need 1 rows of 1 cells"
    )


def test_a_chart_is_told_in_words() -> None:
    lines = (series("training", [1, 2, 3], [0.5, float("nan"), 0.125]), series("rows", [1], [2], "points"))
    panel = Panel("left", Axis("epoch"), Axis("loss", log=True), lines)
    assert described(Chart("Loss", "It falls.", (panel,))) == (
        "It falls. left: loss (logarithmic) against epoch. training: from 0.5 to 0.125. rows: 1 point."
    )
