"""A working as LaTeX: a fragment for a document of one's own, or a document that compiles (amsmath alone)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chainrule.working.document import Given, MatrixStep, Step, Working
from chainrule.working.rendering.equations import (
    Group,
    facts,
    groups,
    number_form,
    phase_title,
    sentence,
    sides,
)
from chainrule.working.rendering.latex_breaking import broken_latex, printed_width
from chainrule.working.rendering.latex_text import latex_maths, latex_text

__all__ = ["equations", "matrix_equation", "render_latex"]

ROOM = 330
"""What a line may take, in points: an article's text is 345 wide."""
GAP = 4  # between the name, the relation and a side
RELATIONS = {"=": "=", "≈": r"\approx", "←": r"\leftarrow"}
MATRIX_ROWS = 6
MATRIX_FRAME = 60  # relation, brackets, dots
PREAMBLE = r"""\documentclass[a4paper,fleqn]{article}
\usepackage{amsmath}
\allowdisplaybreaks
\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6ex}
\setlength{\emergencystretch}{3em}
"""


def render_latex(working: Working, *, document: bool = False, reasons: bool = True) -> str:
    """The working as LaTeX, by default as a fragment that needs the package amsmath.

    document: a whole document, for pdflatex or lualatex; reasons: whether the lines' reasons are told
    """
    body = "\n\n".join(_parts(working, reasons)) + "\n"
    if not document:
        return body
    return f"{PREAMBLE}\\begin{{document}}\n\n{body}\n\\end{{document}}\n"


def _parts(working: Working, reasons: bool) -> Iterator[str]:
    yield rf"\section*{{{latex_text(working.title)}}}"
    told = facts(working)
    if told:
        yield "\\\\\n".join(
            (rf"\textit{{{latex_text(label)}:}} " if label else "") + latex_text(text) for label, text in told
        )
    for paragraph in working.explanation.strip().split("\n\n"):
        if paragraph:
            yield latex_text(paragraph)
    if working.given:
        yield "\\subsection*{Given}\n" + _givens(working.given)
    for phase, members in groups(working, reasons=reasons):
        yield rf"\subsection*{{{latex_text(phase_title(working, phase))}}}"
        for group in members:
            # No empty line before an equation: it would be a paragraph of its own.
            yield "\n".join(_group(group))
    if working.source:
        yield rf"\textit{{Source:}} {latex_text(working.source)}"
    if working.certificate:
        yield latex_text(working.certificate.written)


def _group(group: Group) -> Iterator[str]:
    if group.reason:
        yield latex_text(sentence(group.reason))
    for step in group.steps:
        if isinstance(step, MatrixStep):
            yield f"\\[\n{matrix_equation(step, ROOM)}\n\\]"
    steps = [step for step in group.steps if isinstance(step, Step)]
    if steps:
        yield f"\\begin{{align*}}\n{equations(steps, ROOM)}\n\\end{{align*}}"


def _givens(given: Sequence[Given]) -> str:
    """The numbers one starts from, in lines that TeX breaks."""
    return "{\\raggedright\n" + ", \\quad\n".join(map(_given, given)) + "\\par}"


def _given(given: Given) -> str:
    name = latex_maths(given.name.latex)
    if not given.values:
        return f"${name} = {number_form(given.written, 'latex')}$"
    return f"${name}$ ({latex_text(given.written)})"


def equations(steps: Sequence[Step], room: float) -> str:
    r"""The rows of an aligned environment; steps that fit `room` points are on one row, if all of them do."""
    chains = [
        [(RELATIONS[side.relation], latex_maths(side.written.latex)) for side in sides(step)]
        for step in steps
    ]
    names = [latex_maths(step.name.latex) for step in steps]
    lead = max(map(printed_width, names)) + 13 + GAP
    in_one_row = all(
        lead + sum(13 + GAP + printed_width(side) for _, side in chain) - 13 - GAP <= room for chain in chains
    )
    made = []
    for name, chain in zip(names, chains, strict=True):
        if in_one_row:
            (first, side), *others = chain
            told = "".join(f" {relation} {other}" for relation, other in others)
            made.append(f"{name} &{first} {side}{told}")
        else:
            made.append(" \\\\\n".join(_rows(name, chain, room - lead)))
    return " \\\\[1ex]\n".join(made)


def _rows(name: str, chain: Sequence[tuple[str, str]], room: float) -> Iterator[str]:
    """A row for each side, and more for one that is too long."""
    for number, (relation, side) in enumerate(chain):
        first, *others = broken_latex(side, room)
        yield f"{'' if number else name} &{relation} {first}".strip()
        for other in others:
            # The empty group makes the sign at the front one between two terms.
            yield rf"&\quad {{}} {other}"


def matrix_equation(step: MatrixStep, room: float) -> str:
    """A whole matrix as an equation: its formula and shape, and as many of its numbers as fit."""
    shown = [[number_form(number, "latex") for number in row] for row in step.values[:MATRIX_ROWS]]
    cell = max(printed_width(number) for row in shown for number in row) + 10
    across = max(1, int((room - printed_width(step.name.latex) - MATRIX_FRAME) / cell))
    cut = len(shown[0]) > across or (bool(step.shape) and step.shape[-1] > len(shown[0]))
    rows = [" & ".join(row[:across] + [r"\cdots"] * cut) for row in shown]
    if len(step.values) > MATRIX_ROWS or (len(step.shape) > 1 and step.shape[0] > len(step.values)):
        rows.append(" & ".join([r"\vdots"] * (min(len(shown[0]), across) + cut)))
    name = latex_maths(step.name.latex)
    sides = [(RELATIONS[step.arrow], latex_maths(step.formula.latex))]
    lines = list(_rows(name, sides, room - printed_width(name) - MATRIX_FRAME))
    if step.shape:
        shape = r" \times ".join(map(str, step.shape))
        lines[-1] += rf" \quad ({shape})"
        matrix = " \\\\\n".join(rows)
        lines.append(f"&= \\begin{{pmatrix}}\n{matrix}\n\\end{{pmatrix}}")
    else:
        lines.append(f"&= {rows[0]}")
    return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"
