"""Lines of one height."""

from __future__ import annotations

import math

import numpy as np

from chainrule.working.charts.contours import contour


def grid(count: int = 41) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    axis = np.linspace(-2.0, 2.0, count)
    x, y = np.meshgrid(axis, axis)
    return axis, x, y


def test_a_slanted_line_is_found_exactly_with_its_ends_alone() -> None:
    axis, x, y = grid()
    (line,) = contour(axis, axis, 2 * x - y + 0.3, 0.0)
    assert len(line) == 2
    for px, py in line:
        assert math.isclose(2 * px - py + 0.3, 0.0, abs_tol=1e-12)
    assert {round(abs(py), 9) for _, py in line} == {2.0}


def test_a_circle_is_one_closed_line() -> None:
    axis, x, y = grid()
    (line,) = contour(axis, axis, x**2 + y**2, 1.0)
    assert line[0] == line[-1]
    assert all(abs(math.hypot(px, py) - 1) < 0.005 for px, py in line)


def test_two_hills_have_two_lines() -> None:
    axis, x, y = grid()
    hills = np.exp(-8 * ((x - 1) ** 2 + y**2)) + np.exp(-8 * ((x + 1) ** 2 + y**2))
    assert len(contour(axis, axis, hills, 0.5)) == 2


def test_a_saddle_is_joined_as_its_middle_says() -> None:
    axis = np.array([0.0, 1.0])
    low = contour(axis, axis, np.array([[1.0, 0.0], [0.0, 0.9]]), 0.6)
    high = contour(axis, axis, np.array([[1.0, 0.0], [0.0, 0.9]]), 0.4)
    assert len(low) == len(high) == 2
    assert {round(sum(p), 2) for line in low for p in line} != {
        round(sum(p), 2) for line in high for p in line
    }


def test_there_is_no_line_where_the_height_is_never_met() -> None:
    axis, x, _ = grid(5)
    assert contour(axis, axis, x, 9.0) == []
