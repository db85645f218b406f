"""Depth and width against fit."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chainrule.errors import InvalidInput
from chainrule.working.charts.capacity import depth_and_width


def test_more_units_fit_better() -> None:
    loss, fits = depth_and_width((1, 2), (2, 8), epochs=300).panels
    shallow, deep = loss.series
    assert (shallow.name, deep.name) == ("1 hidden layer", "2 hidden layers")
    assert shallow.xs == (2.0, 8.0)
    assert shallow.ys[1] < shallow.ys[0]
    assert deep.ys[1] < shallow.ys[0] / 10
    assert [s.name for s in fits.series] == ["data", "1 × 2", "1 × 8", "2 × 2", "2 × 8"]


def test_one_of_each_is_one_fit() -> None:
    _, fits = depth_and_width((1,), (2,), epochs=1).panels
    assert [s.name for s in fits.series] == ["data", "1 × 2"]


@pytest.mark.parametrize(("depths", "widths"), [((), (2,)), ((1,), ()), ((0,), (2,)), ((1,), (0, 2))])
def test_nothing_to_train_is_refused(
    told: Callable[..., str], depths: tuple[int, ...], widths: tuple[int, ...]
) -> None:
    assert told(InvalidInput, lambda: depth_and_width(depths, widths)) == (
        "depths and widths are whole numbers of at least 1: give at least one of each"
    )
