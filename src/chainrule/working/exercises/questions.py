"""A question sheet, or the key of one that words answer, as text, Markdown, LaTeX and PDF."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from chainrule.errors import need
from chainrule.working.exercises.sheet import Blank, Sheet
from chainrule.working.rendering.breaking import columns
from chainrule.working.rendering.equations import number_form
from chainrule.working.rendering.latex import PREAMBLE as LATEX
from chainrule.working.rendering.latex_text import latex_maths, latex_text
from chainrule.working.rendering.markdown import escaped
from chainrule.working.rendering.typst_maths import quoted, typst_maths
from chainrule.working.rendering.typst_source import PREAMBLE as TYPST

__all__ = ["latex_questions", "markdown_questions", "pdf_questions", "text_questions"]

WIDTH = 78
LINE = "________"


def text_questions(sheet: Sheet, *, answered: bool = False) -> str:
    """The questions as plain text; answered: with the answers in their places."""
    lines = [*_wrapped(_title(sheet, answered)), ""]
    for paragraph in (*sheet.told, *(sheet.notes if answered else ())):
        lines += _wrapped(paragraph)
    if sheet.given:
        lines += ["", "Given"]
        lines += _in_columns([f"{each.name.text} = {each.written}" for each in sheet.given])
    for section in sheet.sections:
        lines += ["", *_wrapped(f"{section.title}. {section.told}".strip())]
        asked = [f"{_asked(blank)} {blank.answer if answered else LINE}" for blank in section.blanks]
        lines += _in_columns(asked)
    return "\n".join(lines) + "\n"


def _title(sheet: Sheet, answered: bool) -> str:
    return f"Key: {sheet.title[:1].lower()}{sheet.title[1:]}" if answered else sheet.title


def _asked(blank: Blank) -> str:
    return blank.prompt or f"{blank.name.text} ="


def _wrapped(told: str) -> list[str]:
    return textwrap.wrap(told, WIDTH, break_long_words=False, break_on_hyphens=False)


def _in_columns(pieces: list[str]) -> Iterator[str]:
    """As many beside one another as fit."""
    widest = max(map(columns, pieces)) + 3
    across = max(1, (WIDTH + 3) // widest)
    for start in range(0, len(pieces), across):
        row = pieces[start : start + across]
        yield "  " + "".join(piece + " " * (widest - columns(piece)) for piece in row).rstrip()


def markdown_questions(sheet: Sheet, *, answered: bool = False) -> str:
    """The questions as Markdown with GitHub's mathematics."""
    parts = [f"# {escaped(_title(sheet, answered))}"]
    parts += [escaped(told) for told in (*sheet.told, *(sheet.notes if answered else ()))]
    if sheet.given:
        rows = (f"| {_github(each.name.latex)} | {escaped(each.written)} |" for each in sheet.given)
        parts.append("\n".join(["## Given\n", "| name | number |", "|:--|--:|", *rows]))
    for section in sheet.sections:
        parts.append(f"## {escaped(section.title)}")
        if section.told:
            parts.append(escaped(section.told))
        rows = (
            f"| {escaped(blank.prompt) if blank.prompt else _github(blank.name.latex)} "
            f"| {escaped(blank.answer) if answered else ''} |"
            for blank in section.blanks
        )
        parts.append("\n".join(["| asked | answer |", "|:--|:--|", *rows]))
    return "\n\n".join(parts) + "\n"


def _github(latex: str) -> str:
    safe = latex_maths(latex).replace(r"\operatorname{", r"\mathrm{").replace("|", r"\vert ")
    return f"${safe.replace(chr(92) + ',', chr(92) + 'thinspace ')}$"


def latex_questions(sheet: Sheet, *, answered: bool = False) -> str:
    """The questions as a LaTeX document that compiles with amsmath alone."""
    parts = [rf"\section*{{{latex_text(_title(sheet, answered))}}}"]
    parts += [latex_text(told) for told in (*sheet.told, *(sheet.notes if answered else ()))]
    if sheet.given:
        given = (
            f"${_latex_name(each.name.latex)} = {number_form(each.written, 'latex')}$" for each in sheet.given
        )
        parts += [r"\subsection*{Given}", r" \quad ".join(given)]
    for section in sheet.sections:
        parts += [rf"\subsection*{{{latex_text(section.title)}}}", latex_text(section.told)]
        asked = []
        for blank in section.blanks:
            name = latex_text(blank.prompt) if blank.prompt else f"${_latex_name(blank.name.latex)} =$"
            if blank.tolerance is not None:
                answer = f"${number_form(blank.answer, 'latex')}$"
            else:
                answer = latex_text(blank.answer)
            shown = answer if answered else r"\underline{\hspace{2.2cm}}"
            asked.append(rf"\mbox{{{name} {shown}}}")
        separator = " \\\\[6pt]\n" if any(blank.prompt for blank in section.blanks) else " \\quad\n"
        parts.append(separator.join(asked))
    body = "\n\n".join(part for part in parts if part)
    return (
        f"{LATEX}\\renewcommand{{\\baselinestretch}}{{1.5}}\n\\begin{{document}}\n\\raggedright\n\n{body}\n\n"
        "\\end{document}\n"
    )


def _latex_name(latex: str) -> str:
    return latex_maths(latex)


def pdf_questions(sheet: Sheet, *, answered: bool = False) -> bytes:
    """The questions as a PDF. Raises MissingDependency without typst."""
    typst: Any = need("typst", why="a PDF needs the pdf extra", get="pip install 'chainrule[pdf]'")
    source = "\n".join(_typst(sheet, answered)).encode()
    made: bytes = typst.Compiler(source, ignore_system_fonts=True).compile(format="pdf")
    return made


def _typst(sheet: Sheet, answered: bool) -> Iterator[str]:
    title = quoted(_title(sheet, answered))
    yield TYPST.format(title=title)
    yield "#let blank = box(width: 22mm, stroke: (bottom: 0.5pt), height: 1em, baseline: 0.2em)"
    yield f'#block(below: 1em, text(19pt, weight: "bold", {title}))'
    for told in (*sheet.told, *(sheet.notes if answered else ())):
        yield f"#par({quoted(told)})"
    if sheet.given:
        items = (
            f"box(${typst_maths(each.name.mathml)} eq {typst_maths(number_form(each.written, 'mathml'))}$)"
            for each in sheet.given
        )
        yield f"#phase(none, {quoted('Given')})"
        yield f"#par(leading: 0.9em, ({', '.join(items)},).join(h(1.6em, weak: true) + [ ]))"
    for section in sheet.sections:
        yield f"#phase(none, {quoted(section.title)})"
        if section.told:
            yield f"#reason({quoted(section.told)})"
        asked = []
        for blank in section.blanks:
            name = quoted(blank.prompt) if blank.prompt else f"$display({typst_maths(blank.name.mathml)} eq)$"
            shown = quoted(blank.answer) if answered else "blank"
            asked.append(f"box({name} + h(0.4em) + {shown})")
        separator = "parbreak()" if any(b.prompt for b in section.blanks) else "h(1.8em, weak: true) + [ ]"
        yield f"#par(leading: 1.4em, ({', '.join(asked)},).join({separator}))"
