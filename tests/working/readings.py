"""The lines of a working read out of every renderer's output: name, numbers put in, relation, result."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from formulas_back import cases_of_latex, latex_to_text, typst_to_text

from chainrule.formulas.writing import GREEK
from chainrule.working.document import Step, Working
from chainrule.working.rendering.html import render_html
from chainrule.working.rendering.jsonform import render_json
from chainrule.working.rendering.latex import render_latex
from chainrule.working.rendering.markdown import render_markdown
from chainrule.working.rendering.terminal import render_terminal
from chainrule.working.rendering.text import render_text
from chainrule.working.rendering.typst_maths import typst_maths
from chainrule.working.rendering.typst_source import typst_source

RELATION = r"(?:=|≈|←)"
FUNCTIONS = {"cos", "e", "else", "erfc", "exp", "if", "ln", "max", "min", "sign", "sqrt", "tanh"}


@dataclass(frozen=True)
class Line:
    """One line as printed: the numbers as a formula in text, empty where only the result is printed."""

    name: str
    numbers: str
    relation: str
    result: str

    @property
    def told(self) -> tuple[tuple[str, ...], tuple[str, ...], str, str]:
        """What must be the same in every format: letters of the name, digits and signs, relation, result."""
        return _letters(self.name), _numerals(self.numbers), self.relation, self.result


def lines_of(working: Working) -> list[Line]:
    """What the document itself says."""
    made = []
    for step in working.steps:
        assert isinstance(step, Step)
        assert step.numbers is not None
        numbers = step.numbers.text
        made.append(Line(step.name.text, numbers, step.relation, step.result))
    return made


def _line(name: str, sides: list[tuple[str, str]]) -> Line:
    """A line from its sides; the numbers are left out where they are the result."""
    relation, result = sides[-1]
    result = result.replace("- ", "-")
    numbers = sides[-2][1] if len(sides) > 1 and _has_no_names(sides[-2][1]) else result
    return Line(name, numbers, relation if relation != "←" else "=", result)


def _has_no_names(formula: str) -> bool:
    words = re.findall(r"[^\W\d_²³]+", re.sub(r"\d+(\.\d+)?(e-?\d+)?", "", formula))
    return set(words) <= FUNCTIONS


def _letters(name: str) -> tuple[str, ...]:
    for word, letter in GREEK.items():
        name = re.sub(rf"(?<![A-Za-z]){word}(?![A-Za-z])", letter, name)
    plain = unicodedata.normalize("NFD", name.replace("partial", "∂"))
    return tuple(sorted(letter for letter in plain if letter.isalnum() or letter == "∂"))


def _numerals(formula: str) -> tuple[str, ...]:
    spread = formula.replace("²", "^2").replace("−", "-")
    return tuple(re.findall(r"\d+(?:\.\d+)?(?:e-?\d+)?|[-+]", spread))


# --- readers ----------------------------------------------------------------------------------------


def from_text(working: Working) -> list[Line]:
    return list(_of_text(render_text(working), working))


def from_terminal(working: Working) -> list[Line]:
    coloured = render_terminal(working, colours=True)
    return list(_of_text(re.sub(r"\x1b\[[0-9;]*m", "", coloured), working))


def _of_text(text: str, working: Working) -> Iterator[Line]:
    first = text.index("\n" + _heading(working))
    name, sides = "", list[tuple[str, str]]()
    for line in [*text[first + 1 :].split("\n"), ""]:
        started = re.match(rf"  (\S.*?) +({RELATION}) (.*)", line)
        if name and not line.startswith("   "):
            yield _line(name, sides)
            name = ""
        if started and not line.startswith("   ") and ": " not in line and not line.endswith("."):
            name, sides = started[1], _split(f"{started[2]} {started[3]}")
        elif name:
            _continue(sides, line.strip())


def _heading(working: Working) -> str:
    title = working.phases[0].title
    return f"Pass 1. {title}" if working.passes > 1 else title


def _continue(sides: list[tuple[str, str]], line: str) -> None:
    if re.match(RELATION, line):
        sides += _split(line)
    else:
        relation, side = sides[-1]
        sides[-1] = relation, f"{side} {line}"


def _split(line: str) -> list[tuple[str, str]]:
    """Relations and what follows each, outside brackets."""
    level, starts = 0, []
    for at, letter in enumerate(line):
        level += (letter in "([") - (letter in ")]")
        if not level and letter in "=≈←" and line[at + 1 : at + 2] == " ":
            starts.append(at)
    ends = [*starts[1:], len(line)]
    return [(line[s], line[s + 1 : e].strip()) for s, e in zip(starts, ends, strict=True)]


def from_latex(working: Working) -> list[Line]:
    return list(_of_latex(re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end", render_latex(working), re.DOTALL)))


def from_markdown(working: Working) -> list[Line]:
    blocks = re.findall(r"\\begin\{aligned\}\n(.*?)\n\\end", render_markdown(working), re.DOTALL)
    return list(_of_latex(blocks))


def _of_latex(blocks: list[str]) -> Iterator[Line]:
    for block in blocks:
        for equation in block.split(" \\\\[1ex]\n"):
            name, sides = "", list[tuple[str, str]]()
            for row in equation.split(" \\\\\n"):
                before, _, after = row.partition("&")
                name = name or latex_to_text(before)
                plain = (
                    cases_of_latex(after)
                    .replace(r"\approx", "≈")
                    .replace(r"\leftarrow", "←")
                    .replace(r"\quad {} ", "")
                )
                if re.match(RELATION, plain):
                    sides += _split(plain)
                else:
                    _continue(sides, plain)
            yield _line(name, [(relation, latex_to_text(side)) for relation, side in sides])


def from_json(working: Working) -> list[Line]:
    document = json.loads(render_json(working))
    return [
        Line(step["name"]["text"], step["numbers"]["text"], step["relation"], step["result"]["text"])
        for phase in document["phases"]
        for step in phase["steps"]
    ]


def from_json_latex(working: Working) -> list[Line]:
    document = json.loads(render_json(working))
    return [
        Line(
            latex_to_text(step["name"]["latex"]),
            latex_to_text(step["numbers"]["latex"]),
            step["relation"],
            latex_to_text(step["result"]["latex"]),
        )
        for phase in document["phases"]
        for step in phase["steps"]
    ]


def from_typst(working: Working) -> list[Line]:
    made = []
    relations = {"eq": "=", "approx": "≈", "arrow.l": "←"}
    for step in re.findall(r"  \(name: (.*?)  \)\),", typst_source(working), re.DOTALL):
        name, *sides = step.strip().split("\n")
        found = []
        for side in sides:
            matched = re.fullmatch(r"\s*side\(\$(.*?)\$, (?:result\()?\$display\((.*)\)\$\)?\),", side)
            assert matched is not None, side
            found.append((relations[matched[1]], typst_to_text(matched[2])))
        made.append(_line(typst_to_text(name.removesuffix(", sides: (").strip("$")), found))
    return [Line(each.name.removeprefix("display"), *_rest(each)) for each in made]


def _rest(line: Line) -> tuple[str, str, str]:
    return line.numbers, line.relation, line.result


def from_html(working: Working) -> list[Line]:
    made = []
    for item in re.findall(r'<li class="step" .*?</math>', render_html(working), re.DOTALL):
        root = ElementTree.fromstring(item[item.index("<math") :])
        table = next(each for each in root.iter() if each.tag == "mtable")
        rows = [list(row) for row in table]
        name = _mathml_to_text(rows[0][0])
        sides = [("".join(row[1].itertext()).strip(), _mathml_to_text(row[2])) for row in rows]
        made.append(_line(name, sides))
    return made


def _mathml_to_text(element: ElementTree.Element) -> str:
    inner = "".join(ElementTree.tostring(child, encoding="unicode") for child in element)
    return typst_to_text(typst_maths(inner))


READERS: dict[str, Callable[[Working], list[Line]]] = {
    "text": from_text,
    "terminal": from_terminal,
    "markdown": from_markdown,
    "latex": from_latex,
    "json": from_json,
    "json, its LaTeX": from_json_latex,
    "pdf": from_typst,
    "html": from_html,
}
