"""Our own SVG."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

import pytest

from chainrule.working.charts.chart import Arrow, Axis, Cells, Chart, Note, Panel, series
from chainrule.working.charts.palette import DARK, LIGHT
from chainrule.working.charts.svg import svg
from chainrule.working.charts.svg_panel import FAR, text_width, wrapped

SVG = "{http://www.w3.org/2000/svg}"
TEXT = 'a < b & "c"'


def chart(**more: object) -> Chart:
    lines = (
        series(TEXT, [1, 2, 3], [1.0, 4.0, 2.0]),
        series("rows", [1, 2], [2, 3], "points"),
        series("", [1, 3], [1, 1], "thin"),
    )
    return Chart(TEXT, "What to see.", (Panel(TEXT, Axis("x"), Axis("y"), lines, **more),) * 2)  # type: ignore[arg-type]


def tree(drawn: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg(drawn))


def test_it_is_xml_whatever_the_names_hold() -> None:
    texts = [text.text for text in tree(chart()).iter(f"{SVG}text")]
    assert texts.count(TEXT) == 5


def test_it_is_readable_without_seeing_it() -> None:
    root = tree(chart())
    assert root.get("role") == "img"
    title, told = root.get("aria-labelledby", "").split()
    found = {element.get("id"): element.text for element in root}
    assert found[title] == TEXT
    assert found[told] is not None
    assert found[told].startswith("What to see. ")  # type: ignore[union-attr]


def test_ids_are_given_once() -> None:
    ids = [element.get("id") for element in tree(chart()).iter() if element.get("id")]
    assert len(ids) == len(set(ids)) == 4


def test_nothing_comes_from_outside_and_nothing_runs() -> None:
    drawn = svg(chart())
    assert re.findall(r"https?://[^\"]*", drawn) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<script|<image|<foreignObject|@import|href|\bon\w+=", drawn)


def test_it_is_the_same_each_time() -> None:
    assert svg(chart()) == svg(chart())


def test_it_scales() -> None:
    root = tree(chart())
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


def test_every_colour_has_a_light_and_a_dark_form() -> None:
    assert LIGHT.keys() == DARK.keys()
    drawn = svg(chart())
    assert "@media (prefers-color-scheme:dark)" in drawn
    used = set(re.findall(r"var\(--cr-(\w+)\)", drawn))
    assert used == set(LIGHT)


def luminance(colour: str) -> float:
    """The relative luminance of WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_lines_and_words_stand_out_from_the_ground(theme: dict[str, str]) -> None:
    ground = luminance(theme["ground"])
    for key, least in {"ink": 7.0, "faint": 4.5, **dict.fromkeys("01234567", 3.0)}.items():
        light, dark = sorted([luminance(theme[key]), ground], reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= least, key


def test_points_differ_by_shape_too() -> None:
    points = [series(str(k), [k], [k], "points") for k in range(4)]
    drawn = tree(Chart("", "", (Panel("", Axis(""), Axis(""), tuple(points), key=False),)))
    shapes = [p.get("d", "") for p in drawn.iter(f"{SVG}path") if "points" in p.get("class", "")]
    assert len({re.sub(r"[-\d. ]+", "", shape) for shape in shapes}) == 4


def test_a_point_outside_the_axes_is_left_out() -> None:
    drawn = tree(
        Chart("", "", (Panel("", Axis(""), Axis("", high=1.0), (series("", [1, 2], [0, 9], "points"),)),))
    )
    (points,) = [p.get("d", "") for p in drawn.iter(f"{SVG}path") if "points" in p.get("class", "")]
    assert points.count("M") == 1


def test_a_line_that_leaves_the_plot_is_written_shortly() -> None:
    drawn = svg(Chart("", "", (Panel("", Axis(""), Axis("", high=1.0), (series("", [1, 2], [0, 1e300]),)),)))
    longest = max(float(n) for n in re.findall(r"-?\d+\.?\d*", drawn.partition("clip-path=")[2]))
    assert longest < FAR * 700


def test_neighbouring_cells_are_one_rectangle() -> None:
    cells = Cells((0, 1, 2, 3), (0, 1), ((0, 0, 1),), ((1.0, 1.0, 1.0),))
    painted = [p for p in tree(chart(cells=cells)).iter(f"{SVG}path") if "cells" in p.get("class", "")]
    assert [p.get("d", "").count("M") for p in painted] == [1, 1] * 2


def test_an_arrow_and_a_note_are_drawn() -> None:
    drawn = svg(chart(arrows=(Arrow(1, 1, 2, 1),), notes=(Note("look here", 2.0, 2.0, dot=True),)))
    assert drawn.count('class="arrow"') == drawn.count(">look here</text>") == drawn.count("<circle") == 2


def test_an_arrow_of_no_length_is_left_out() -> None:
    assert 'class="arrow"' not in svg(chart(arrows=(Arrow(1, 1, 1, 1), Arrow(1, 1, math.nan, 1))))


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float, str]]:
    """Left, right, top and bottom of every text, from a generous estimate of its width."""
    found = []

    def visit(element: ElementTree.Element, dx: float, dy: float) -> None:
        moved = re.match(r"translate\((\S+) (\S+)\)", element.get("transform", ""))
        if moved:
            dx, dy = dx + float(moved[1]), dy + float(moved[2])
        if element.tag == f"{SVG}text" and "rotate" not in element.get("transform", ""):
            text = element.text or ""
            kind = element.get("class", "")
            size = 17 if "title" in kind else 13 if "head" in kind else 11 if "tick" in kind else 12
            width = text_width(text, size) * (1.05 if "head" in kind or "title" in kind else 1)
            x, y = float(element.get("x", 0)) + dx, float(element.get("y", 0)) + dy
            start = {"end": x - width, "middle": x - width / 2}.get(element.get("text-anchor", ""), x)
            found.append((start, start + width, y - size * 0.75, y, text))
        for child in element:
            visit(child, dx, dy)

    visit(root, 0.0, 0.0)
    return found


def assert_no_text_is_cut_or_covered(root: ElementTree.Element) -> None:
    _, _, width, height = map(float, root.get("viewBox", "").split())
    placed = boxes(root)
    for left, right, top, bottom, text in placed:
        assert left >= -1, text
        assert right <= width + 1, text
        assert top >= 0, text
        assert bottom <= height, text
    for number, (left, right, top, bottom, text) in enumerate(placed):
        for left2, right2, top2, bottom2, text2 in placed[number + 1 :]:
            apart = right <= left2 or right2 <= left or bottom <= top2 or bottom2 <= top
            assert apart, (text, text2)


def test_covered_text_is_noticed() -> None:
    notes = (Note("one", 2.0, 2.0), Note("other", 2.0, 2.0))
    with pytest.raises(AssertionError, match="other"):
        assert_no_text_is_cut_or_covered(tree(chart(notes=notes)))


def test_many_names_wrap_into_rows() -> None:
    lines = tuple(series(f"a rather long name {k}", [0, 1], [k, k]) for k in range(9))
    assert_no_text_is_cut_or_covered(tree(Chart("t", "", (Panel("", Axis("x"), Axis("y"), lines),))))


def test_a_long_sentence_is_wrapped() -> None:
    lines = wrapped("word " * 60, 300)
    assert " ".join(lines).split() == ["word"] * 60
    assert max(text_width(line, 12) for line in lines) <= 300


def test_a_placed_note_begins_at_its_point() -> None:
    points = (series("", [0, 1], [0, 1], "points"),)
    placed, beside = (
        svg(Chart("", "", (Panel("", Axis("x"), Axis("y"), points, notes=(note,)),)))
        for note in (Note("word", 1.0, 0.5, placed=True), Note("word", 1.0, 0.5))
    )
    assert 'text-anchor="start">word<' in placed
    assert 'text-anchor="end">word<' in beside
