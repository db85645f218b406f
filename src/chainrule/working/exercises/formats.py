"""The files of a run of exercises: for each sheet its questions and its key, in the format asked for."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, get_args

from chainrule.errors import ConfigError, need
from chainrule.working.exercises.dimensions import dimension_sheet
from chainrule.working.exercises.maker import Maker
from chainrule.working.exercises.moodle import moodle_xml
from chainrule.working.exercises.perceptron import PerceptronMaker
from chainrule.working.exercises.plan import Plan
from chainrule.working.exercises.questions import (
    latex_questions,
    markdown_questions,
    pdf_questions,
    text_questions,
)
from chainrule.working.exercises.questions_html import html_questions
from chainrule.working.exercises.sheet import Sheet
from chainrule.working.exercises.tomlform import quoted_toml, rounding_toml
from chainrule.working.exercises.training import sheet_of

__all__ = ["FORMATS", "MOST", "Format", "check_format", "files_of", "sheets_of"]

Format = Literal["html", "pdf", "latex", "markdown", "text", "moodle", "csv", "toml"]
FORMATS: tuple[Format, ...] = get_args(Format)
MOST = 10_000

File = tuple[str, bytes]


def sheets_of(plan: Plan, seed: int, count: int) -> Iterator[Sheet]:
    """The sheets of the seeds from `seed` on, made when asked for.

    Raises ConfigError for a count that is not 1 to 10,000, or a negative seed.
    """
    if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= MOST:
        raise ConfigError(f"--count is how many sheets are made, 1 to {MOST:,}, not {count}")
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise ConfigError(f"--seed is a whole number from 0 on, not {seed}")
    make = _maker(plan)
    return (make(number) for number in range(seed, seed + count))


def _maker(plan: Plan) -> Callable[[int], Sheet]:
    if plan.kind == "dimensions":
        return lambda seed: dimension_sheet(plan, seed)
    if plan.kind == "perceptron":
        return PerceptronMaker(plan).sheet
    maker = Maker(plan)
    return lambda seed: sheet_of(maker.exercise(seed))


def check_format(format: str) -> Format:
    """The format of that name.

    Raises ConfigError, or MissingDependency for a library that it needs.
    """
    if format not in FORMATS:
        raise ConfigError(f'there is no format "{format}": choose one of {", ".join(FORMATS)}')
    if format == "pdf":
        need("typst", why="a PDF needs the pdf extra", get="pip install 'chainrule[pdf]'")
    return format


def files_of(sheets: Iterable[Sheet], format: Format) -> Iterator[tuple[Sheet | None, list[File]]]:
    """For each sheet its files, by name; Moodle's one file comes last, with no sheet.

    With every sheet that is one comes its example file, which can be worked and marked.
    """
    kept = []
    for sheet in sheets:
        files = [(f"{sheet.name}.toml", sheet.example.encode())] if sheet.example else []
        if format == "moodle":
            kept.append(sheet)
        elif format == "csv":
            files.append((f"{sheet.name}-key.csv", key_csv(sheet).encode()))
        elif format == "toml":
            files.append((f"{sheet.name}-key.toml", key_toml(sheet).encode()))
        else:
            ending = {"markdown": "md", "latex": "tex", "text": "txt"}.get(format, format)
            files.append((f"{sheet.name}.{ending}", _questions(sheet, format, answered=False)))
            files.append((f"{sheet.name}-key.{ending}", _key(sheet, format)))
        yield sheet, files
    if kept:
        name = kept[0].name.partition("-seed-")[0]
        yield None, [(f"{name}-moodle.xml", moodle_xml(kept, f"chainrule {name}").encode())]


def key_csv(sheet: Sheet) -> str:
    """The answers as rows of name and value, which marking reads, and the rounding where it is one for all."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["name", "value"])
    if sheet.example and isinstance(sheet.rounding, str):
        writer.writerow(["rounding", sheet.rounding])
    writer.writerows([blank.spelled, blank.answer] for blank in sheet.blanks)
    return written.getvalue()


def key_toml(sheet: Sheet) -> str:
    """The answers as a sheet to be marked."""
    answers = "".join(f"{quoted_toml(b.spelled)} = {quoted_toml(b.answer)}\n" for b in sheet.blanks)
    example = f"example = {quoted_toml(f'{sheet.name}.toml')}\n" if sheet.example else ""
    rounding = f"rounding = {rounding_toml(sheet.rounding)}\n" if sheet.example else ""
    return f"{example}{rounding}\n[answers]\n{answers}"


def _questions(sheet: Sheet, format: Format, *, answered: bool) -> bytes:
    match format:
        case "html":
            return html_questions(sheet, answered=answered).encode()
        case "pdf":
            return pdf_questions(sheet, answered=answered)
        case "latex":
            return latex_questions(sheet, answered=answered).encode()
        case "markdown":
            return markdown_questions(sheet, answered=answered).encode()
    return text_questions(sheet, answered=answered).encode()


def _key(sheet: Sheet, format: Format) -> bytes:
    """The worked solution; the filled-in sheet where words answer."""
    working = sheet.working
    if working is None:
        return _questions(sheet, format, answered=True)
    match format:
        case "html":
            from chainrule.working.rendering.html import render_html

            return render_html(working).encode()
        case "pdf":
            from chainrule.working.rendering.pdf import render_pdf

            return render_pdf(working)
        case "latex":
            from chainrule.working.rendering.latex import render_latex

            return render_latex(working, document=True).encode()
        case "markdown":
            from chainrule.working.rendering.markdown import render_markdown

            return render_markdown(working).encode()
    from chainrule.working.rendering.text import render_text

    return (render_text(working) + "\n").encode()
