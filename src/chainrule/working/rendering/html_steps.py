"""The steps of a working as HTML: equations, whole matrices, and what is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from chainrule.working.document import Given, MatrixStep, Phase, Step, Working
from chainrule.working.rendering.html_mathml import clean, equation, linked, number_markup

__all__ = ["Anchors", "given_html", "matrix_data", "phase_html", "phase_title", "spoken"]

ROWS_A_SLIDE = 15
"""How many lines of equations a printed page holds beside the drawing."""
MOST_GIVEN = 60
"""Of more numbers that are given, the list is folded up."""


class Anchors:
    """The id of the line that made each quantity, as it stands when a step uses it."""

    def __init__(self, working: Working) -> None:
        self.made: dict[str, list[tuple[int, str]]] = {}
        self.names: dict[str, str] = {}
        for number, given in enumerate(working.given, start=1):
            self._note(0, f"g{number}", given.key, given.symbol, given.name.text)
        for at, step in enumerate(working.steps, start=1):
            symbol = step.symbol if isinstance(step, MatrixStep) else ""
            self._note(at, f"s{at}", step.key, symbol, step.name.text)

    def _note(self, at: int, anchor: str, key: str, symbol: str, name: str) -> None:
        for known in dict.fromkeys(filter(None, (key, symbol, key.partition("@")[0] if at == 0 else ""))):
            self.made.setdefault(known, []).append((at, anchor))
        self.names[anchor] = name

    def __call__(self, at: int, key: str) -> str | None:
        """The id for a key as step `at` (from 1) uses it; 0 asks for what is given."""
        # Inputs are given once for all passes.
        found = self.made.get(key) or self.made.get(key.partition("@")[0]) or []
        before = [anchor for made, anchor in found if made < at or made == at == 0]
        return before[-1] if before else None


def given_html(working: Working, anchors: Anchors) -> str:
    """The numbers that the working starts from."""
    if not working.given:
        return ""
    items = []
    for number, given in enumerate(working.given, start=1):
        name = clean(given.name.mathml)
        if given.values:
            body = f"<math><mrow>{name}</mrow></math> "
            body += f'<span class="size">{escape(given.written)}</span>{_entries(f"g{number}", given.name.text, given)}'
        else:
            body = f"<math><mrow>{name}<mo>=</mo>{number_markup(given.written)}</mrow></math>"
        wide = ' class="matrix"' if given.values else ""
        items.append(f'<li id="g{number}" tabindex="-1"{wide}>{body}</li>')
    inner = f"<ul>{''.join(items)}</ul>"
    if len(items) > MOST_GIVEN:
        inner = f"<details><summary>{len(items)} numbers</summary>{inner}</details>"
    heading = '<h2 id="h-given">Given</h2>'
    return f'<section id="given" aria-labelledby="h-given">{heading}{inner}</section>'


def phase_title(phase: Phase, passes: int) -> str:
    return f"Pass {phase.number} · {phase.title}" if passes > 1 else phase.title


def phase_html(phase: Phase, first: int, working: Working, anchors: Anchors, ident: str) -> str:
    """A phase with its heading; first: the number of its first step."""
    title = escape(phase_title(phase, working.passes))
    slides = "".join(
        f'<div class="sheet" data-last="{numbers[-1]}">{_running(title) if numbers[0] > first else ""}'
        '<div class="frame"></div>'
        f'<ol class="steps" start="{numbers[0]}">'
        + "".join(step_html(phase.steps[n - first], n, anchors) for n in numbers)
        + "</ol></div>"
        for numbers in _sheets(phase, first)
    )
    return (
        f'<section class="phase" data-phase="{escape(phase.name)}" aria-labelledby="{ident}">'
        f'<h2 id="{ident}" tabindex="-1">{title}</h2>{slides}</section>'
    )


def _running(title: str) -> str:
    """The heading of a further printed page."""
    return f'<p class="running" aria-hidden="true">{title}</p>'


def _sheets(phase: Phase, first: int) -> Iterable[list[int]]:
    """The steps of a phase, as many together as a printed page holds."""
    sheet: list[int] = []
    rows = 0.0
    for number, step in enumerate(phase.steps, start=first):
        needed = (
            3.0
            if isinstance(step, MatrixStep)
            else 3.4 + (step.call is not None) + (step.numbers is not None)
        )
        if sheet and rows + needed > ROWS_A_SLIDE:
            yield sheet
            sheet, rows = [], 0.0
        sheet.append(number)
        rows += needed
    if sheet:
        yield sheet


def step_html(step: Step | MatrixStep, at: int, anchors: Anchors) -> str:
    """One step as a list item."""

    def target(key: str) -> str | None:
        return anchors(at, key)

    name = clean(step.name.mathml)
    if isinstance(step, MatrixStep):
        body = equation(name, [(step.arrow, linked(step.formula, target))])
        size = f' <span class="size">({" × ".join(map(str, step.shape))})</span>' if step.shape else ""
        opened = _entries(f"s{at}", step.name.text, step)
        if step.shape == () and step.values:
            body = equation(name, [(step.arrow, linked(step.formula, target))], ("=", step.values[0][0]))
            opened = ""
        after = f'<p class="why">{escape(step.reason)}{size}</p>{opened}'
        kind = "step matrix"
    else:
        says_more = step.call is not None and step.call.text != step.formula.text
        rows = [(step.arrow, linked(step.call, target))] if step.call and says_more else []
        rows.append(("=" if rows else step.arrow, linked(step.formula, target)))
        if step.numbers is not None:
            rows.append(("=", linked(step.numbers, target)))
        body = equation(name, rows, (step.relation, step.result) if step.result else None)
        after = f'<p class="why">{escape(step.reason)}</p>'
        kind = "step"
    return (
        f'<li class="{kind}" id="s{at}" data-at="{at}" tabindex="-1">'
        f'<a class="no" href="#s{at}" aria-label="Step {at}">{at}</a>'
        f'<div class="line">{body}</div>{after}{_uses(step, at, anchors)}</li>'
    )


def _uses(step: Step | MatrixStep, at: int, anchors: Anchors) -> str:
    """Links to the lines that made what a step uses."""
    found = dict.fromkeys(anchor for key in step.uses if (anchor := anchors(at, key)))
    if not found:
        return ""
    links = " ".join(f'<a href="#{anchor}">{escape(anchors.names[anchor])}</a>' for anchor in found)
    return f'<p class="uses">uses {links}</p>'


def spoken(step: Step | MatrixStep) -> str:
    """A step in a sentence, for those who listen."""
    if isinstance(step, MatrixStep):
        return f"{step.name.text} {step.arrow} {step.formula.text}. {step.reason}"
    said = f"{step.name.text} {step.arrow} {step.formula.text}"
    return f"{said} {step.relation} {step.result}. {step.reason}" if step.result else f"{said}. {step.reason}"


def _entries(ident: str, name: str, matrix: MatrixStep | Given) -> str:
    """A matrix folded up; its rows are written when it is opened."""
    rows = len(matrix.values)
    columns = len(matrix.values[0]) if rows else 0
    of = f"{rows} × {columns} numbers" if rows > 1 else f"{columns} number{'s' * (columns > 1)}"
    return (
        f'<details class="entries" data-matrix="{ident}"><summary>{of} of {escape(name)}</summary>'
        '<div class="table"><p class="needs">A script shows the numbers, and scripts are off.</p></div></details>'
    )


def matrix_data(working: Working) -> dict[str, Mapping[str, Any]]:
    """The numbers of every matrix by id, for the page to open."""
    found: dict[str, Mapping[str, Any]] = {}
    for number, given in enumerate(working.given, start=1):
        if given.values or given.symbol:
            values = given.values or ((given.written,),)
            found[f"g{number}"] = _matrix(0, given.symbol, given.name.text, values)
    for at, step in enumerate(working.steps, start=1):
        if isinstance(step, MatrixStep):
            made: dict[str, Any] = _matrix(at, step.symbol, step.name.text, step.values)
            made["axes"] = len(step.shape)
            made["size"] = list(step.shape)
            if step.entry:
                made["terms"], made["sums"] = list(step.entry.terms), dict(step.entry.sums)
            found[f"s{at}"] = made
    return found


def _matrix(at: int, symbol: str, name: str, values: tuple[tuple[str, ...], ...]) -> dict[str, Any]:
    return {"at": at, "symbol": symbol, "name": name, "rows": [" ".join(row) for row in values]}
