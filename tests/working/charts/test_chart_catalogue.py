"""Every chart of the catalogue, as its example shows it."""

from __future__ import annotations

import inspect
from functools import cache
from xml.etree import ElementTree

import pytest
from test_chart_svg import assert_no_text_is_cut_or_covered

from chainrule.working.charts.catalogue import CHARTS, find_chart
from chainrule.working.charts.chart import Chart
from chainrule.working.charts.svg import panel_svg, svg


@cache
def drawn(name: str) -> Chart:
    return CHARTS[name].function()


@pytest.mark.parametrize("name", CHARTS)
def test_its_words_are_neither_cut_nor_covered(name: str) -> None:
    chart = drawn(name)
    assert_no_text_is_cut_or_covered(ElementTree.fromstring(svg(chart)))
    for panel in chart.panels:
        alone = panel_svg(panel, chart.title, "p", alone=len(chart.panels) == 1)
        assert_no_text_is_cut_or_covered(ElementTree.fromstring(alone))


@pytest.mark.parametrize("name", CHARTS)
def test_it_is_the_same_each_time(name: str) -> None:
    assert svg(drawn(name)) == svg(CHARTS[name].function())


@pytest.mark.parametrize("name", CHARTS)
def test_a_file_of_it_is_small(name: str) -> None:
    assert len(svg(drawn(name)).encode()) < 60_000


@pytest.mark.parametrize("name", CHARTS)
def test_it_says_what_to_see(name: str) -> None:
    chart = drawn(name)
    assert chart.title
    assert chart.subtitle.endswith(".")
    assert CHARTS[name].function.__doc__


@pytest.mark.parametrize("name", CHARTS)
def test_it_takes_a_seed_where_it_says_so(name: str) -> None:
    assert ("seed" in inspect.signature(CHARTS[name].function).parameters) == CHARTS[name].random


@pytest.mark.parametrize("name", [name for name, offered in CHARTS.items() if offered.random])
def test_another_seed_draws_another_example(name: str) -> None:
    assert svg(CHARTS[name].function(seed=1)) != svg(drawn(name))


def test_a_name_may_be_written_with_hyphens() -> None:
    assert find_chart("Loss-Curve") is CHARTS["loss_curve"]
