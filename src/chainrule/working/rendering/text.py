"""A working as plain text that fits a terminal's 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from chainrule.working.document import Given, MatrixStep, Step, Working
from chainrule.working.rendering.breaking import broken, columns
from chainrule.working.rendering.equations import Side, facts, groups, phase_title, sentence, sides

__all__ = ["Role", "Span", "render_text", "text_lines"]

Role = Literal[
    "title", "phase", "label", "told", "reason", "name", "relation", "formula", "numbers", "result"
]
Span = tuple[str, Role]
"""A piece of a line and what it is, by which a terminal colours it."""
Line = list[Span]

MARGIN = "  "
GAP = "   "
LONGEST_NAME = 28
NARROWEST = 40
MATRIX_ROWS = 6
CUT = "  …"


def render_text(working: Working, width: int = 80, reasons: bool = True) -> str:
    """The whole working as plain text.

    width: in columns, at least 40; only a number or a name that is longer goes beyond it
    reasons: whether the lines' reasons are told, each before the first line it is the reason of
    """
    return "\n".join(
        "".join(text for text, _ in line).rstrip() for line in text_lines(working, width, reasons)
    )


def text_lines(working: Working, width: int = 80, reasons: bool = True) -> Iterator[Line]:
    """The lines of the text, each in pieces that say what they are."""
    width = max(width, NARROWEST)
    yield from _told(working.title, width, "title", "")
    for label, told in facts(working):
        yield from _labelled(label, told, width)
    if working.explanation:
        yield []
        yield from _told(working.explanation, width, "told", MARGIN)
    if working.given:
        yield []
        yield [("Given", "phase")]
        yield from _givens(working.given, width)
    for phase, members in groups(working, reasons=reasons):
        yield []
        yield from _told(phase_title(working, phase), width, "phase", "")
        for place, group in enumerate(members):
            if place:
                yield []
            if group.reason:
                yield from _told(sentence(group.reason), width, "reason", MARGIN)
            for step in group.steps:
                if isinstance(step, MatrixStep):
                    yield from _matrix(step, width)
            yield from _steps([step for step in group.steps if isinstance(step, Step)], width)
    if working.source or working.certificate:
        yield []
    if working.source:
        yield from _labelled("source", working.source, width)
    if working.certificate:
        yield from _told(working.certificate.written, width, "told", MARGIN)


def _told(text: str, width: int, role: Role, margin: str) -> Iterator[Line]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number:
            yield []
        for line in _wrapped(paragraph, width - len(margin)):
            yield [(margin + line, role)]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def _labelled(label: str, told: str, width: int) -> Iterator[Line]:
    lead = f"{MARGIN}{label}: " if label else MARGIN
    first, *others = _wrapped(told, width - len(lead)) or [""]
    yield [(lead, "label"), (first, "told")]
    for line in others:
        yield [(" " * len(lead) + line, "told")]


def _givens(given: Sequence[Given], width: int) -> Iterator[Line]:
    """The numbers one starts from, in as many columns as fit."""
    items = [_given(each) for each in given]
    lengths = [sum(columns(text) for text, _ in item) for item in items]
    widest = max(lengths)
    across = max(1, (width - len(MARGIN) + len(GAP)) // (widest + len(GAP)))
    for start in range(0, len(items), across):
        line: Line = [(MARGIN, "told")]
        for item, length in zip(items[start : start + across], lengths[start : start + across], strict=True):
            line += [*item, (" " * (widest - length) + GAP, "told")]
        yield line


def _given(given: Given) -> Line:
    if not given.values:
        return [(given.name.text, "name"), (" = ", "relation"), (given.written, "result")]
    return [(given.name.text, "name"), (f" ({given.written})", "label")]


# --- steps ------------------------------------------------------------------------------------------


def _steps(steps: Sequence[Step], width: int) -> Iterator[Line]:
    """Neighbouring steps, their relations one below the other; in one line each where all of them fit."""
    if not steps:
        return
    names = [columns(step.name.text) for step in steps]
    lead = len(MARGIN) + min(max(names), LONGEST_NAME) + 1
    chains = [sides(step) for step in steps]
    in_one_line = all(lead + _length(chain) <= width for chain in chains) and max(names) <= LONGEST_NAME
    for step, chain in zip(steps, chains, strict=True):
        yield from _step(step, chain, lead, width, in_one_line)


def _length(chain: Iterable[Side]) -> int:
    return sum(columns(side.written.text) + len("=  ") for side in chain) - 1


def _step(step: Step, chain: Sequence[Side], lead: int, width: int, in_one_line: bool) -> Iterator[Line]:
    name = step.name.text
    line: Line = [(MARGIN, "told"), (name, "name")]
    if len(MARGIN) + columns(name) + 1 > lead:
        # A very long name has a line of its own.
        yield line
        line = [(" " * lead, "told")]
    else:
        line.append((" " * (lead - len(MARGIN) - columns(name)), "told"))
    for number, side in enumerate(chain):
        if number and not in_one_line:
            line = [(" " * lead, "told")]
        elif number:
            line.append((" ", "told"))
        role: Role = "formula" if side.role == "call" else side.role
        first, *others = [side.written.text] if in_one_line else broken(side.written.text, width - lead - 2)
        line += [(f"{side.relation} ", "relation"), (first, role)]
        if not in_one_line:
            yield line
        for other in others:
            yield [(" " * (lead + 2), "told"), (other, role)]
    if in_one_line:
        yield line


# --- matrices ---------------------------------------------------------------------------------------


def _matrix(step: MatrixStep, width: int) -> Iterator[Line]:
    """A whole matrix: its formula and shape, and as many of its numbers as fit."""
    lead = f"{MARGIN}{step.name.text} "
    shape = " × ".join(map(str, step.shape))
    size = f"{GAP}({shape})" if shape else ""
    lines = broken(step.formula.text, width - columns(lead) - 2 - len(size))
    for number, formula in enumerate(lines):
        start: Line = [(" " * (columns(lead) + 2), "told")]
        if not number:
            start = [(lead, "name"), (f"{step.arrow} ", "relation")]
        yield [*start, (formula, "formula"), (size if number == len(lines) - 1 else "", "label")]
    rows = [list(row) for row in step.values[:MATRIX_ROWS]]
    cell = max((columns(number) for row in rows for number in row), default=1) + 2
    across = max(1, (width - len(MARGIN) - len(CUT)) // cell)
    cut = any(len(row) > across for row in rows) or (bool(step.shape) and step.shape[-1] > len(rows[0]))
    for row in rows:
        written = "".join(f"{number:>{cell}}" for number in row[:across])
        yield [(MARGIN + written, "result"), (CUT * cut, "label")]
    if len(step.values) > MATRIX_ROWS:
        yield [(MARGIN + CUT, "label")]
