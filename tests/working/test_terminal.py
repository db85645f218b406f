from __future__ import annotations

import re

import pytest

from chainrule.working.rendering.terminal import coloured, render_terminal
from chainrule.working.rendering.text import render_text
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work_example

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_characters_are_those_of_the_text(name: str) -> None:
    working = work_example(name)
    assert ESCAPES.sub("", render_terminal(working, colours=True)) == render_text(working)


def test_a_narrow_terminal_has_the_narrow_text() -> None:
    working = work_example("psyc681-2-2-1")
    assert render_terminal(working, width=50) == render_text(working, width=50)


def test_a_terminal_of_fewer_columns_has_its_own_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "50")
    working = work_example("psyc681-2-2-1")
    assert ESCAPES.sub("", render_terminal(working)) == render_text(working, width=50)


def test_there_are_no_colours_where_output_is_no_terminal() -> None:
    assert "\x1b" not in render_terminal(work_example("saturation"))


def test_there_are_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;36mFeedforward" in render_terminal(work_example("saturation"))


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in render_terminal(work_example("saturation"))


def test_results_and_roundings_stand_out() -> None:
    made = coloured(work_example("unit-0.87", "round:3"))
    styles = {made.plain[span.start : span.end]: str(span.style) for span in made.spans}
    assert styles["0.705"] == "bold green"
    assert styles["≈ "] == "bold yellow"


def test_brackets_in_a_name_are_no_markup() -> None:
    assert "b1[1]" in render_terminal(work_example("cap4453-2-3-1"), colours=True)
