"""Sparklines and plots in characters."""

from __future__ import annotations

import math

from chainrule.cli.plotting import BLOCKS, plot_curves, sparkline


def grid(plot: str) -> list[str]:
    return [line[9:] for line in plot.splitlines()[:-3]]


def test_a_sparkline_runs_from_lowest_to_highest() -> None:
    assert sparkline(range(8)) == BLOCKS


def test_a_long_series_is_averaged_into_the_width() -> None:
    assert sparkline([0.0] * 50 + [1.0] * 50, width=10) == "▁▁▁▁▁█████"


def test_values_that_are_equal_or_missing_are_no_trouble() -> None:
    assert sparkline([]) == ""
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert sparkline([math.inf, math.nan]) == "××"
    assert sparkline([1.0, math.nan, 2.0]) == "▁×█"


def test_a_rising_line_rises() -> None:
    rows = grid(plot_curves({"f": lambda x: x}, 0, 1, width=12, height=6))
    assert len(rows) == 6
    assert rows[0].index("*") > rows[-1].index("*") == 0


def test_the_first_curve_is_drawn_over_the_second() -> None:
    plot = plot_curves({"f": lambda x: x, "g": lambda x: x}, 0, 1, width=12, height=6)
    assert not any("·" in row for row in grid(plot))
    assert "* f   · g" in plot


def test_axes_are_labelled_with_the_ends_and_zero() -> None:
    plot = plot_curves({"f": lambda x: x}, -2, 2, across="z", width=21, height=5).splitlines()
    assert plot[0].startswith("      2 ┤")
    assert plot[2].startswith("      0 ┤")
    assert plot[4].startswith("     -2 ┤")
    assert plot[-2].split() == ["-2", "0", "2", "z"]


def test_values_that_are_not_finite_are_left_out() -> None:
    rows = grid(plot_curves({"f": lambda x: math.nan if x < 0.5 else 1.0}, 0, 1, width=10, height=3))
    assert "".join(rows).count("*") == 5


def test_a_constant_curve_is_a_line() -> None:
    rows = grid(plot_curves({"f": lambda x: 1.0}, 0, 1, width=10, height=3))
    assert rows[1] == "*" * 10
