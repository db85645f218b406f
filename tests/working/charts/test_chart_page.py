"""A chart as a web page."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from chainrule.working.charts.chart import Axis, Chart, Panel, series
from chainrule.working.charts.page import page

PANEL = Panel("left <1>", Axis("x"), Axis("y"), (series("s", [1, 2], [1, 2]),))
CHART = Chart("A & B", "What to see.", (PANEL, PANEL))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.handled = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handled += 1
        self.ids += [value for name, value in attrs if name == "id" and value]
        if tag not in ("meta", "rect", "path", "circle"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handled += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_tag_is_closed_and_every_id_is_given_once() -> None:
    read = Tags()
    read.feed(page(CHART))
    assert (read.open, len(read.ids)) == ([], len(set(read.ids)))
    assert read.handled > 20


def test_it_stands_alone() -> None:
    written = page(CHART)
    assert set(re.findall(r"https?://[^\"]*", written)) == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"<script|<link|<img|@import|src=|href=", written)


def test_it_has_a_heading_and_each_panel_a_drawing() -> None:
    written = page(CHART)
    assert "<h1>A &amp; B</h1>\n<p>What to see.</p>" in written
    assert written.count('<svg xmlns="http://www.w3.org/2000/svg"') == 2
    assert '<html lang="en">' in written
