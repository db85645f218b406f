from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from multiplying import POLICIES, multiplies_out, worked, wrong_lines
from readings import READERS, Line, from_text, lines_of

from chainrule.engines.rounding import Rounding
from chainrule.errors import ConfigError, UnknownName
from chainrule.working.document import Working
from chainrule.working.rendering.renderers import FORMATS, format_of, render
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work_example

MULTIPLIED = ("text", "markdown", "json", "json, its LaTeX", "pdf")


@cache
def example(name: str) -> Working:
    return work_example(name, "round:4")


# --- the same numbers everywhere --------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("format", READERS)
def test_every_format_has_the_numbers_of_the_document(format: str, name: str) -> None:
    working = example(name)
    assert [line.told for line in READERS[format](working)] == [line.told for line in lines_of(working)]


@pytest.mark.parametrize("format", READERS)
def test_another_number_in_a_format_is_noticed(format: str) -> None:
    working = example("saturation")
    step = working.steps[1]
    phase = working.phases[0]
    changed = replace(
        working, phases=(replace(phase, steps=(phase.steps[0], replace(step, result="0.9934"))),)
    )
    one_phase = replace(working, phases=(phase,))
    assert [line.told for line in READERS[format](changed)] != [line.told for line in lines_of(one_phase)]


# --- every printed line multiplies out --------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_every_printed_line_multiplies_out(policy: str) -> None:
    wrong = []
    for name in EXAMPLES:
        # The formats take turns; above, all of them have the same numbers.
        format = MULTIPLIED[(EXAMPLES.index(name) + list(POLICIES).index(policy)) % len(MULTIPLIED)]
        working, roundings = worked(name, policy)
        lines = [(line.numbers, line.relation, line.result) for line in READERS[format](working)]
        wrong += [f"{name} as {format}: {told}" for told in wrong_lines(lines, working, roundings)]
    assert wrong == []


@pytest.mark.parametrize(
    ("numbers", "relation", "result", "rounding"),
    [
        ("0.5 · 0.7 + 0.3 · 0.4", "=", "0.471", "round:3"),
        ("0.5 · 0.7 + 0.3 · 0.4", "=", "0.47", "round:3"),
        ("0.5 · 0.7 + 0.3 · 0.4", "≈", "0.470", "round:3"),
        ("0.6457 · (1 - 0.6457)", "=", "0.2288", "round:4"),
        ("0.6457 · (1 - 0.6457)", "≈", "0.2287", "round:4"),
        ("2 / 3", "≈", "0.667", "truncate:3"),
    ],
)
def test_a_line_that_does_not_multiply_out_is_noticed(
    numbers: str, relation: str, result: str, rounding: str
) -> None:
    assert not multiplies_out(numbers, relation, result, Rounding.parse(rounding))


def test_a_wrong_line_of_an_example_is_named() -> None:
    working, roundings = worked("unit-0.87", "round:3")
    lines = [(line.numbers, line.relation, line.result) for line in from_text(working)]
    lines[1] = (lines[1][0], lines[1][1], "0.704")
    assert list(wrong_lines(lines, working, roundings)) == ["ŷ: 1 / (1 + exp(-0.870)) ≈ 0.704"]


def test_told_lines_differ_in_sign_and_digits() -> None:
    line = Line("w", "0.5 · 0.70", "=", "0.35")
    assert line.told != replace(line, numbers="0.5 · 0.7").told
    assert line.told != replace(line, numbers="-0.5 · 0.70").told


# --- the table --------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "pytorch"])
def test_every_format_renders(format: str) -> None:
    made = render(example("saturation"), format)
    assert isinstance(made, bytes if FORMATS[format].binary else str)
    assert made


def test_the_script_is_the_workings_own() -> None:
    working = replace(example("saturation"), script=lambda: "import torch\n")
    assert render(working, "pytorch") == "import torch\n"


def test_a_working_without_a_step_has_no_script() -> None:
    with pytest.raises(ConfigError) as caught:
        render(replace(example("saturation"), script=None, title="A unit"), "pytorch")
    assert str(caught.value) == (
        'there is no PyTorch script for "A unit": only a whole training step of a network has one'
    )


def test_endings_are_told_apart() -> None:
    endings = [ending for row in FORMATS.values() for ending in row.endings]
    assert len(set(endings)) == len(endings)


@pytest.mark.parametrize(
    ("format", "file", "found"),
    [
        (None, None, "text"),
        (None, "a.md", "markdown"),
        (None, "folder.pdf/a.HTML", "html"),
        ("json", "a.md", "json"),
    ],
)
def test_the_format_is_the_one_asked_for_or_the_files(
    format: str | None, file: str | None, found: str
) -> None:
    assert format_of(format, file) == found


def test_an_ending_that_says_nothing_is_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        format_of(None, "answer.docx")
    assert str(caught.value) == (
        '"answer.docx" does not say which format it is to be: end it with one of '
        ".txt, .md, .tex, .json, .html, .pdf, .py, or name the format"
    )


@pytest.mark.parametrize("ask", [lambda: format_of("latx"), lambda: render(example("saturation"), "latx")])
def test_an_unknown_format_is_an_error(ask: Callable[[], object]) -> None:
    with pytest.raises(
        UnknownName, match=re.escape('there is no format called "latx": did you mean "latex"?')
    ):
        ask()


def test_an_option_goes_to_the_renderer() -> None:
    assert "documentclass" in str(render(example("saturation"), "latex", document=True))


def test_an_option_that_the_format_lacks_is_an_error() -> None:
    with pytest.raises(ConfigError) as caught:
        render(example("saturation"), "text", document=True)
    assert str(caught.value) == 'the format text has no option "document": its options are width, reasons'


def test_text_has_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    working = example("saturation")
    assert "\x1b" in str(render(working, "text", to_terminal=True))
    assert "\x1b" not in str(render(working, "text"))
    assert render(working, "markdown", to_terminal=True) == render(working, "markdown")
