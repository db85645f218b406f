"""A map of words: the plane, the differences, and labels that do not cover each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, UnknownName
from chainrule.files.vector_data import InMemory, VectorData
from chainrule.words.map import map_chart, map_of
from chainrule.working.charts.page import page
from chainrule.working.charts.svg import svg
from chainrule.working.charts.svg_panel import text_width

Told = Callable[..., str]
ROYAL = ("king", "man", "queen", "woman")


def data(count: int = 4, size: int = 5, use: str = "words") -> VectorData:
    rng = np.random.default_rng(0)
    words = [*ROYAL, *(f"word{n}" for n in range(count - 4))]
    contexts = InMemory(rng.normal(size=(count, size)))
    return VectorData(
        words=words, matrix=InMemory(rng.normal(size=(count, size))), contexts=contexts, use=use
    )


def test_the_plane_is_that_of_the_principal_components() -> None:
    decomposition = pytest.importorskip("sklearn.decomposition")
    given = data(12)
    found = map_of(given, given.words)
    fitted = decomposition.PCA(2)
    wanted = fitted.fit_transform(given.matrix.rows(0, 12))
    assert np.allclose(np.abs(found.points), np.abs(wanted))
    assert found.shares == pytest.approx(tuple(fitted.explained_variance_ratio_))


@pytest.mark.parametrize("use", ["words", "contexts", "sum"])
def test_the_vectors_are_those_to_use(use: str) -> None:
    given = data(use=use)
    assert given.contexts is not None
    sides = {"words": given.matrix.rows(0, 4), "contexts": given.contexts.rows(0, 4)}
    wanted = sides["words"] + sides["contexts"] if use == "sum" else sides[use]
    same = VectorData(words=ROYAL, matrix=InMemory(wanted))
    assert np.allclose(map_of(given, ROYAL).points, map_of(same, ROYAL).points)


def test_words_are_taken_two_by_two_unless_differences_are_named() -> None:
    assert map_of(data(), ROYAL).differences == ((0, 1), (2, 3))
    assert map_of(data(), ROYAL[:3]).differences == ()
    assert map_of(data(), ROYAL, []).differences == ()
    assert map_of(data(), ROYAL, [("king", "queen")]).differences == ((0, 2),)


def test_an_arrow_points_from_the_second_word_to_the_first() -> None:
    found = map_of(data(), ROYAL)
    arrow = map_chart(found).panels[0].arrows[0]
    assert ((arrow.x, arrow.y), (arrow.to_x, arrow.to_y)) == (found.points[1], found.points[0])


def test_the_share_of_the_variance_is_said() -> None:
    found = map_of(data(), ROYAL)
    chart = map_chart(found)
    assert f"{sum(found.shares):.0%} of the variance of these 4 words' vectors" in chart.subtitle
    assert f"{found.shares[0]:.0%}" in chart.panels[0].x.label


def labels(drawn: str) -> list[tuple[float, float, float, float]]:
    """The boxes of the words in a drawing."""
    found = []
    for element in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text"):
        if element.get("class") == "note":
            x, y = float(element.get("x") or 0), float(element.get("y") or 0)
            found.append((x, y - 10, x + text_width(element.text or "", 12), y + 3))
    return found


@pytest.mark.parametrize("count", [4, 12, 40])
def test_labels_do_not_cover_each_other(count: int) -> None:
    given = data(count)
    boxes = labels(svg(map_chart(map_of(given, given.words))))
    assert len(boxes) == count
    for a, b in combinations(boxes, 2):
        assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


def test_the_drawing_and_the_page_are_for_light_and_dark() -> None:
    chart = map_chart(map_of(data(), ROYAL))
    assert all("prefers-color-scheme:dark" in drawn for drawn in (svg(chart), page(chart)))
    assert re.search(r'class="arrow"', svg(chart))


def test_words_that_make_no_map_are_refused(told: Told) -> None:
    assert told(ConfigError, lambda: map_of(data(), ["king", "man"])) == (
        "a map has from 3 to 100 words, not 2: name more, or fewer"
    )
    assert told(ConfigError, lambda: map_of(data(), [*ROYAL, "king"])) == (
        '"king" is named twice: name each word once'
    )
    assert told(UnknownName, lambda: map_of(data(), ["king", "man", "qeen"])) == (
        'the word "qeen" has no vector among 4: did you mean "queen"?'
    )
    assert told(ConfigError, lambda: map_of(data(), ROYAL, [("king", "ice")])) == (
        'the difference of "ice" cannot be drawn, as it is not on the map: add it'
    )
    assert told(ConfigError, lambda: map_of(data(), ROYAL, [("king", "king")])) == (
        'the difference of "king" and itself is nothing: name two words'
    )
    same = VectorData(words=ROYAL, matrix=InMemory(np.ones((4, 3))))
    assert told(InvalidInput, lambda: map_of(same, ROYAL)) == (
        "these words have all the same vector, so there is nothing to map: name others"
    )
    line = VectorData(words=ROYAL, matrix=InMemory(np.arange(4.0)[:, None]))
    assert told(InvalidInput, lambda: map_of(line, ROYAL)) == (
        "vectors of one number lie on a line, and make no map: take larger ones"
    )
