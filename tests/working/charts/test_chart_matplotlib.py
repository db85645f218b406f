"""The same charts by matplotlib."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.errors import MissingDependency, need
from chainrule.working.charts.chart import Arrow, Axis, Cells, Chart, Note, Panel, series
from chainrule.working.charts.matplotlib import figure, image
from chainrule.working.charts.scales import scales_of

Told = Callable[..., str]
LINES = (series("loss", [1, 2, 3], [1.0, 0.1, 0.01]), series("rows", [1, 2], [0.5, 0.2], "points", shade=0.5))
CELLS = Cells((0.0, 1.0, 4.0), (0.01, 1.0), ((0, 1),), ((1.0, 0.5),))
PANEL = Panel(
    "left",
    Axis("epoch"),
    Axis("loss", log=True),
    LINES,
    cells=CELLS,
    notes=(Note("here", 2.0, 0.1, dot=True),),
    arrows=(Arrow(1, 1, 2, 1),),
)
CHART = Chart("Loss", "It falls.", (PANEL, PANEL, PANEL))


def test_the_lines_are_those_of_the_chart() -> None:
    axes = figure(CHART).axes
    assert len(axes) == 3
    drawn = {line.get_label(): line for line in axes[0].get_lines()}
    np.testing.assert_array_equal(
        np.asarray(drawn["loss"].get_xydata()), list(zip(*(LINES[0].xs, LINES[0].ys), strict=True))
    )


def test_the_axes_are_those_of_the_chart() -> None:
    axes = figure(CHART).axes[0]
    across, up = scales_of(PANEL)
    assert (axes.get_xlim(), axes.get_ylim()) == ((across.low, across.high), (up.low, up.high))
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_title()) == ("log", "epoch", "left")
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        written for _, written in across.ticks()
    ]


@pytest.mark.parametrize(("kind", "start"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_file_is_the_same_each_time(kind: str, start: bytes) -> None:
    made = image(CHART, kind)
    assert made.startswith(start)
    assert made == image(CHART, kind)


def test_without_matplotlib_there_is_one_sentence(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "matplotlib.figure", raising=False)
    assert told(MissingDependency, lambda: figure(CHART)) == (
        "drawing with matplotlib needs the plots extra: pip install 'chainrule[plots]'"
    )


def test_a_broken_library_is_not_called_missing(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    from pathlib import Path

    assert isinstance(tmp_path, Path)
    (tmp_path / "brokenlib.py").write_text("import lacking_part\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="lacking_part"):
        need("brokenlib", why="a test", get="nothing")
