"""A working as Markdown with GitHub's mathematics.

GitHub refuses some macros (operatorname among them) and reads Markdown's escapes in $…$ before the
mathematics, so that only names stand there; formulas are in fenced blocks, which are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from chainrule.working.document import Given, MatrixStep, Step, Working
from chainrule.working.rendering.equations import facts, groups, phase_title, sentence
from chainrule.working.rendering.latex import equations, matrix_equation
from chainrule.working.rendering.latex_text import latex_maths

__all__ = ["escaped", "render_markdown"]

ROOM = 440
"""What a line of mathematics may take, in points: about the width of a page on GitHub."""
_SPECIAL = re.compile(r"[\\`*_{}\[\]<>#|~&$]")
_START = re.compile(r"^(?P<number>\d+)(?=[.)]( |$))|^(?P<sign>[-+=])")
_SPELT = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "$": "<span>$</span>"}


def render_markdown(working: Working, *, reasons: bool = True) -> str:
    """The working as Markdown; reasons: whether the lines' reasons are told."""
    return "\n\n".join(_parts(working, reasons)) + "\n"


def _parts(working: Working, reasons: bool) -> Iterator[str]:
    yield f"# {escaped(working.title)}"
    told = facts(working)
    if told:
        yield "\n".join(f"- {escaped(label) + ': ' if label else ''}{escaped(text)}" for label, text in told)
    for paragraph in working.explanation.strip().split("\n\n"):
        if paragraph:
            yield escaped(paragraph)
    if working.given:
        yield "## Given"
        yield _givens(working.given)
    for phase, members in groups(working, reasons=reasons):
        yield f"## {escaped(phase_title(working, phase))}"
        for group in members:
            if group.reason:
                yield escaped(sentence(group.reason))
            yield from (
                _block(matrix_equation(step, ROOM)) for step in group.steps if isinstance(step, MatrixStep)
            )
            steps = [step for step in group.steps if isinstance(step, Step)]
            if steps:
                yield _block(f"\\begin{{aligned}}\n{equations(steps, ROOM)}\n\\end{{aligned}}")
    if working.source:
        yield f"Source: {escaped(working.source)}"
    if working.certificate:
        yield escaped(working.certificate.written)


def _block(latex: str) -> str:
    return f"```math\n{_for_github(latex)}\n```"


def _for_github(latex: str) -> str:
    return latex.replace(r"\operatorname{", r"\mathrm{")


def _givens(given: Sequence[Given]) -> str:
    rows = (f"| {_inline(each.name.latex)} | {escaped(each.written)} |" for each in given)
    return "\n".join(["| given | number |", "|:--|--:|", *rows])


def _inline(latex: str) -> str:
    """A name between dollar signs, in a table's cell."""
    safe = _for_github(latex_maths(latex)).replace("|", r"\vert ").replace(r"\,", r"\thinspace ")
    return f"${safe}$"


def escaped(text: str) -> str:
    r"""Running text in which nothing is Markdown.

    >>> escaped("w_1 * 2 costs $3")
    'w\\_1 \\* 2 costs <span>$</span>3'
    """
    joined = " ".join(text.split())
    safe = _SPECIAL.sub(lambda found: _SPELT.get(found[0], rf"\{found[0]}"), joined)
    return _START.sub(_unlisted, safe)


def _unlisted(found: re.Match[str]) -> str:
    """The start of a line that would begin a list or underline the line before."""
    return f"{found['number']}\\" if found["number"] else rf"\{found['sign']}"
