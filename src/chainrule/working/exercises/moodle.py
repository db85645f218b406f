"""Question sheets as Moodle XML: one question a sheet, with a place for each answer (type cloze)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

from chainrule.working.document import Given
from chainrule.working.exercises.sheet import Blank, Sheet
from chainrule.working.rendering.equations import number_form

__all__ = ["moodle_xml"]

_UNCLEAN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def moodle_xml(sheets: Iterable[Sheet], category: str) -> str:
    """A file for Moodle's import, all sheets in one category.

    A number is right within one unit of the last place that the rounding writes; formulas are LaTeX
    between \\( and \\), for MathJax.
    """
    questions = "".join(map(_question, sheets))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<quiz>\n'
        f'<question type="category"><category><text>$course$/top/{escape(category)}</text></category></question>\n'
        f"{questions}</quiz>\n"
    )


def _question(sheet: Sheet) -> str:
    feedback = "".join(f"<p>{_cloze_safe(escape(note))}</p>" for note in sheet.notes)
    return (
        '<question type="cloze">\n'
        f"<name><text>{escape(sheet.name)}</text></name>\n"
        f'<questiontext format="html"><text>{_cdata("".join(_body(sheet)))}</text></questiontext>\n'
        f'<generalfeedback format="html"><text>{_cdata(feedback)}</text></generalfeedback>\n'
        "<penalty>0.3333333</penalty>\n<hidden>0</hidden>\n"
        "</question>\n"
    )


def _cdata(html: str) -> str:
    clean = _UNCLEAN.sub("", html).replace("]]>", "]]]]><![CDATA[>")
    return f"<![CDATA[{clean}]]>"


def _body(sheet: Sheet) -> Iterator[str]:
    for told in sheet.told:
        yield f"<p>{_cloze_safe(escape(told))}</p>\n"
    if sheet.given:
        yield f"<p>{', '.join(map(_given, sheet.given))}</p>\n"
    for section in sheet.sections:
        yield f"<h4>{escape(section.title)}</h4>\n"
        if section.told:
            yield f"<p>{_cloze_safe(escape(section.told))}</p>\n"
        for blank in section.blanks:
            asked = escape(blank.prompt) if blank.prompt else _maths(f"{blank.name.latex} =")
            yield f"<p>{asked} {_place(blank)}</p>\n"


def _given(given: Given) -> str:
    return _maths(f"{given.name.latex} = {number_form(given.written, 'latex')}")


def _maths(latex: str) -> str:
    return rf"\({escape(latex, quote=False)}\)"


def _cloze_safe(text: str) -> str:
    """Words in which no place for an answer can begin."""
    return text.replace("{", "&#123;").replace("}", "&#125;")


def _place(blank: Blank) -> str:
    """The place of an answer: a number with its tolerance, or a short text."""
    if blank.tolerance is None:
        choices = "~".join(f"={_escaped(each)}" for each in _spellings(blank.answer))
        return f"{{1:SHORTANSWER:{choices}}}"
    return f"{{1:NUMERICAL:={blank.answer}:{blank.tolerance:f}}}"


def _spellings(answer: str) -> list[str]:
    """A shape in the ways that it is typed: 2 × 3, 2x3, (2, 3)."""
    if "×" not in answer:
        return [answer]
    sizes = [part.strip() for part in answer.split("×")]
    return [
        answer,
        "x".join(sizes),
        " x ".join(sizes),
        "×".join(sizes),
        f"({', '.join(sizes)})",
        f"({','.join(sizes)})",
        "*".join(sizes).replace("*", r"\*"),
    ]


def _escaped(text: str) -> str:
    """With the signs that have a meaning in such a place."""
    return re.sub(r'([}#~/"])', r"\\\1", text)
