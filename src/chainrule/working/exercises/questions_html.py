"""A question sheet as one HTML page: the drawn network, what is given, and places to fill in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

from chainrule.formulas.writing import mathml_number
from chainrule.working.document import Given, Working
from chainrule.working.exercises.sheet import Blank, Section, Sheet
from chainrule.working.rendering.html_drawing import picture
from chainrule.working.rendering.html_mathml import clean

__all__ = ["html_questions"]

STYLE = """\
:root { color-scheme: light dark; --ink: #1a1d21; --faint: #555b63; --wire: #8b929b; --ground: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #f0f0f0; --faint: #b5b9be; --wire: #7d848c; --ground: #15181c; }
}
body { margin: 0 auto; padding: 1.25rem; max-width: 52rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; }
h2 { font-size: 1.1rem; margin: 1.6rem 0 0.4rem; }
p { margin: 0 0 0.5rem; }
ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; }
li { break-inside: avoid; }
input { font: inherit; width: 7.5rem; color: var(--ink); background: var(--ground); border: 0;
  border-bottom: 1.5px solid var(--wire); padding: 0.1rem 0.25rem; }
input:focus-visible { outline: 2px solid #b3478b; }
.answer { font-weight: 600; }
math { font-family: "STIX Two Math", "Latin Modern Math", "Cambria Math", math, serif; }
#net { display: block; max-width: 100%; height: auto; margin: 0.75rem auto; }
#net text { font: 15px system-ui, sans-serif; text-anchor: middle; fill: var(--ink); }
tspan.name, text.name { font-family: Georgia, serif; font-style: italic; fill: var(--faint); }
.part rect { fill: var(--ground); stroke: var(--wire); stroke-width: 1.2; }
.part.input rect, .part.target rect { stroke-dasharray: 4 3; }
.part.label rect { fill: none; stroke: none; }
#net .label text { paint-order: stroke; stroke: var(--ground); stroke-width: 8px; stroke-linejoin: round; }
.wire path, .edge path.wire { fill: none; stroke: var(--wire); stroke-width: 1.5; }
.edge path.hit { fill: none; stroke: none; }
@media print { :root { --ink: #000; --faint: #444; --ground: #fff; } body { max-width: none; padding: 0; } }
"""


def html_questions(sheet: Sheet, *, answered: bool = False) -> str:
    """The page; answered: with the answers in their places. Nothing in it is loaded from anywhere."""
    title = f"Key: {sheet.title[:1].lower()}{sheet.title[1:]}" if answered else sheet.title
    allowed = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    body = "\n".join(_body(sheet, answered))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-{allowed}'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{body}
</main>
</body>
</html>
"""


def _body(sheet: Sheet, answered: bool) -> Iterator[str]:
    for told in (*sheet.told, *(sheet.notes if answered else ())):
        yield f"<p>{escape(told)}</p>"
    yield _drawn(sheet)
    if sheet.given:
        yield "<h2>Given</h2>"
        yield f"<ul>{''.join(map(_given, sheet.given))}</ul>"
    for section in sheet.sections:
        yield f"<h2>{escape(section.title)}</h2>"
        if section.told:
            yield f"<p>{escape(section.told)}</p>"
        yield f"<ul>{''.join(_blank(section, blank, answered) for blank in section.blanks)}</ul>"


def _drawn(sheet: Sheet) -> str:
    """The network with the numbers that are given, if it can be drawn."""
    worked = sheet.working
    if worked is None or worked.drawing is None:
        return ""
    start = Working(
        worked.title, (), worked.given, (), worked.policy, worked.by, worked.notation, drawing=worked.drawing
    )
    drawn = picture(start, lambda step, key: None)
    return drawn.svg if drawn is not None else ""


def _given(given: Given) -> str:
    return f"<li><math><mrow>{clean(given.name.mathml)}<mo>=</mo>{mathml_number(given.written)}</mrow></math></li>"


def _blank(section: Section, blank: Blank, answered: bool) -> str:
    name = f"<math><mrow>{clean(blank.name.mathml)}<mo>=</mo></mrow></math>"
    asked = escape(blank.prompt) or name
    if answered:
        return f'<li>{asked} <span class="answer">{escape(blank.answer)}</span></li>'
    spoken = escape(f"{section.title}: {blank.prompt or blank.spelled}")
    mode = "decimal" if blank.tolerance is not None else "text"
    return f'<li>{asked} <input aria-label="{spoken}" inputmode="{mode}" autocomplete="off"></li>'
