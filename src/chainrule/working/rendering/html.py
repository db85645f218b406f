"""A working as one HTML page that needs nothing from anywhere: the drawn network and the steps beside it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from chainrule.working.document import Working
from chainrule.working.rendering.html_drawing import Picture, picture
from chainrule.working.rendering.html_steps import (
    Anchors,
    given_html,
    matrix_data,
    phase_html,
    phase_title,
    spoken,
)

__all__ = ["render_html"]


def render_html(working: Working, *, slides: bool = False) -> str:
    """The page; slides: it opens as slides, a step at a time.

    Everything is in it: styles, the drawing, and a script that shows and hides but calculates nothing.
    Without the script it is the whole working to read.
    """
    anchors = Anchors(working)
    drawn = picture(working, anchors)
    data = json.dumps(_data(working, drawn), ensure_ascii=False, separators=(",", ":"))
    style, script = _part("page.css"), f"{_part('matrices.js')}\n{_part('page.js')}"
    # The rules let this one script and style run, and nothing be loaded.
    rules = f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:"
    title = escape(working.title)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{rules}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>{style}</style>
</head>
<body class="unscripted {"slides" if slides else "reading"}{"" if drawn else " undrawn"}">
<a class="skip" href="#steps">To the steps</a>
{_header(working, title)}
<main>
{_stage(working, drawn)}
<div class="column">
{given_html(working, anchors)}
<div id="steps" tabindex="-1">
{chr(10).join(_phases(working, anchors))}
</div>
{_footer(working)}
</div>
</main>
<script type="application/json" id="data">{data.replace("<", chr(92) + "u003c")}</script>
<script>{script}</script>
</body>
</html>
"""


@cache
def _part(name: str) -> str:
    return (files("chainrule.working.rendering") / "page" / name).read_text(encoding="utf-8").strip()


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _header(working: Working, title: str) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in working.heading)
    explanation = "".join(
        f"<p>{escape(part)}</p>" for part in working.explanation.split("\n\n") if part.strip()
    )
    return f'<header><h1>{title}</h1><div class="lead">{lines}{explanation}</div></header>'


def _stage(working: Working, drawn: Picture | None) -> str:
    """The drawing and the controls."""
    shown = ""
    if drawn:
        sample = ' <span id="sample"></span>' if drawn.sample else ""
        partial = '<span class="partial">∂ gradient of the loss</span>' if drawn.gradients else ""
        shown = (
            '<section class="picture" aria-label="Drawing">'
            f'<div class="canvas">{drawn.svg}</div>'
            '<p class="legend"><span class="made">made here</span> <span class="used">used here</span> '
            f"{partial}{sample}</p></section>"
        )
    buttons = "".join(
        f'<button type="button" data-go="{go}" aria-label="{label}" title="{label} ({key})">{sign}</button>'
        for go, label, key, sign in _BUTTONS
    )
    first, back, forward, last = (part + "</button>" for part in buttons.split("</button>")[:4])
    return (
        f'<div class="stage">{shown}'
        '<nav class="bar" aria-label="Steps" hidden>'
        f'{first}{back}<span class="count"><b id="at">0</b> / {len(working.steps)}</span>{forward}{last}'
        '<button type="button" id="mode" aria-pressed="false" title="One step at a time (S)">Slides</button>'
        '<button type="button" id="print" title="Print as slides">Print</button></nav>'
        f'{_contents(working)}<p id="now" class="heard" aria-live="polite"></p></div>'
    )


_BUTTONS = (
    ("first", "To the start", "Home", "«"),
    ("back", "Back", "left arrow", "‹"),
    ("forward", "Forward", "right arrow or space", "›"),
    ("last", "To the end", "End", "»"),
)


def _contents(working: Working) -> str:
    """Links to the phases."""
    links = "".join(
        f'<li data-phase="{escape(phase.name)}"><a href="#p{n}">{escape(_short(working, n - 1))}</a></li>'
        for n, phase in enumerate(working.phases, start=1)
    )
    return f'<nav class="contents" aria-label="Phases"><ul>{links}</ul></nav>'


def _short(working: Working, place: int) -> str:
    phase = working.phases[place]
    name = phase.name.capitalize()
    return f"{phase.number} {name}" if working.passes > 1 else name


def _phases(working: Working, anchors: Anchors) -> Iterator[str]:
    first = 1
    for number, phase in enumerate(working.phases, start=1):
        yield phase_html(phase, first, working, anchors, f"p{number}")
        first += len(phase.steps)


def _footer(working: Working) -> str:
    facts = [
        ("Numbers", working.policy),
        ("Computed by", working.by),
        ("Notation", working.notation),
        ("Source", working.source),
        ("Check", working.certificate.written if working.certificate else ""),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{escape(value)}</dd>" for name, value in facts if value)
    return f"<footer><h2>About these numbers</h2><dl>{rows}</dl></footer>" if rows else ""


def _data(working: Working, drawn: Picture | None) -> dict[str, Any]:
    """What the script needs to know of each step: what it says, and what it marks and shows in the drawing."""
    total = len(working.steps)
    steps: list[dict[str, Any]] = []
    for number, phase in enumerate(working.phases, start=1):
        title = phase_title(phase, working.passes).partition(":")[0]
        for step in phase.steps:
            at = len(steps) + 1
            made: dict[str, Any] = {
                "phase": phase.name,
                "section": f"p{number}",
                "say": f"Step {at} of {total}, {title}. {spoken(step)}",
            }
            if drawn:
                made["made"], made["used"] = drawn.marks[at - 1]
            steps.append(made)
    found: dict[str, Any] = {"steps": steps}
    if drawn:
        found |= {"shown": drawn.shown, "sample": drawn.sample}
        found["samples"] = working.drawing.samples if working.drawing else 1
    matrices = matrix_data(working)
    if matrices:
        found["matrices"] = matrices
    return found
