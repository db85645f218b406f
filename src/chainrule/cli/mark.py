"""`chainrule mark`: mark sheets of hand calculations, one or a whole class."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from chainrule.cli import options, printing
from chainrule.cli.failing import PROGRAM, one_line
from chainrule.errors import ChainruleError, ConfigError
from chainrule.files.atomic import quoted, replace_file

if TYPE_CHECKING:
    from chainrule.engines.rounding import Policy
    from chainrule.working.marking.results import Result

WRONG, BAD_SHEET = 1, 2
OVERVIEW = "overview"


@click.command("mark")
@click.argument("sheets", nargs=-1, required=True, metavar="SHEET...|FOLDER")
@click.option("--example", metavar="NAME", help="What is answered, for sheets that do not say it.")
@click.option(
    "--rounding",
    metavar="SPEC",
    help='How answers were rounded: "round:3", "output=truncate:4, slopes=round:3" or infer, in place of '
    "what the sheets say.",
)
@click.option("--csv", "table", metavar="FILE", help="Write a row for each answer there.")
@click.option("--out", metavar="FOLDER", help="Write a report for each sheet there, and the overview.")
@click.option(
    "--follow-through",
    type=click.FloatRange(0, 1),
    default=1.0,
    help="The part of its marks that an answer earns which is right from earlier, wrong ones.  [default: 1]",
)
@options.as_json
def command(
    sheets: tuple[str, ...],
    example: str | None,
    rounding: str | None,
    table: str | None,
    out: str | None,
    follow_through: float,
    as_json: bool,
) -> None:
    """Mark sheets of hand calculations.

    A sheet is a .toml, .csv or .json file of answers, all those of a folder, or one of the lectures' own:
    psyc681, ling581, cap4453, cap4453-practice, comp0087, unit, softmax. Each answer is exact, right as
    rounded, right from an earlier value, or wrong; for wrong ones the slips are told that give them as they
    were written. After a bare 0, 1 or -1 in the place of another number, an answer that is 0, 1, -1 or a
    weight left as it was follows, too, but earns nothing: there was nothing to calculate.

    \b
    Beside [answers] a sheet may have tables of what a deck states:
      [formulas]  "σ(x)" = "1/(1 + exp(-x))", "dσ/dx", z = "x · w + b", J (GloVe)
      [ranges]    relu = "[0, +∞)"
      [shapes]    W1 = "2 × 3"
      [counts]    parameters = "9"
      [letters]   n = ["the number of data points"]
      [again]     "o1@2" = "0.6443"   (printed a second time)
    In a .csv file they are rows: formula of σ(x), range of relu, shape of W1,
    number of parameters, letter n, again o1@2.

    The exit code is 0 if all is right, 1 if an answer is wrong, 2 if a sheet cannot be read.
    """
    paths = _paths(sheets)
    _check_table(table, sheets)
    options.check_outputs({"--csv": table}, paths)
    if out is not None and Path(out).exists() and not Path(out).is_dir():
        raise ConfigError(f"--out {quoted(out)} is a file: give the name of a folder")
    policy = None if rounding is None else _policy(rounding)
    alone = len(paths) == 1 and not Path(sheets[0]).is_dir()
    results, bad = [], {}
    for path in paths:
        try:
            results.append(_result(path, example, policy, follow_through))
        except ChainruleError as error:
            if alone:
                raise
            bad[path] = str(error)
    if out is not None:
        _write_reports(results, out)
    if table is not None:
        replace_file(table, _csv(results).encode())
    if as_json:
        printing.print_json(_json(results, bad, alone))
    elif alone or results:
        _print(results, alone, out)
    for told in bad.values():
        print(f"{PROGRAM}: {one_line(told)}", file=sys.stderr)
    if bad:
        raise click.exceptions.Exit(BAD_SHEET)
    if any(result.wrong for result in results):
        raise click.exceptions.Exit(WRONG)


def _result(
    path: str, example: str | None, policy: Policy | Literal["infer"] | None, follow_through: float
) -> Result:
    from chainrule.working.marking.results import mark_sheet
    from chainrule.working.marking.sheet import read_sheet

    return mark_sheet(read_sheet(path, example, policy), follow_through)


def _paths(sheets: Sequence[str]) -> list[str]:
    """The sheets that are named, those of a folder in the order of their names and numbers."""
    from chainrule.working.marking.sheet_files import ENDINGS

    found: list[str] = []
    for named in sheets:
        if not Path(named).is_dir():
            found.append(named)
            continue
        inside = [
            os.fspath(file)
            for file in Path(named).iterdir()
            if file.suffix.lower() in ENDINGS and not file.name.startswith(".") and file.is_file()
        ]
        _tell_folders(Path(named))
        if not inside:
            kinds = ", ".join(ENDINGS)
            raise ConfigError(f"there is no sheet in the folder {quoted(named)}: put {kinds} files there")
        found += sorted(inside, key=_natural)
    return list({os.path.realpath(path): path for path in found}.values())


def _tell_folders(folder: Path) -> None:
    """Say which folders in a folder are not marked with it."""
    inside = sorted(each.name for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    if inside:
        told = ", ".join(quoted(folder / each) for each in inside)
        print(
            f"{PROGRAM}: folders in a folder are not marked: name them, too, if wanted: {told}",
            file=sys.stderr,
        )


def _check_table(table: str | None, sheets: Sequence[str]) -> None:
    """Refuse a table among the sheets of a folder: the next time it would be read as one of them."""
    if table is None:
        return
    folder = Path(os.path.realpath(table)).parent
    for named in sheets:
        if (
            Path(named).is_dir()
            and Path(os.path.realpath(named)) == folder
            and Path(table).suffix.lower() == ".csv"
        ):
            raise ConfigError(
                f"--csv {quoted(table)} is in the folder of the sheets, and would be read as one of them the "
                "next time: write it to another folder"
            )


def _natural(path: str) -> list[tuple[int, str]]:
    """Sheet 9 before sheet 10."""
    parts = re.findall(r"[0-9]+|[^0-9]+", Path(path).name)
    return [(int(part[:18]), part) if part[0] in "0123456789" else (-1, part) for part in parts]


def _policy(spec: str) -> Policy | Literal["infer"]:
    return "infer" if spec.strip() == "infer" else options.rounding_of(spec)


# --- what is written --------------------------------------------------------------------------------


def _print(results: Sequence[Result], alone: bool, out: str | None) -> None:
    from chainrule.working.marking.report import overview, report

    if out is None:
        click.echo(f"\n{'─' * printing.COLUMNS}\n\n".join(map(report, results)), nl=False)
        if not alone:
            click.echo(f"\n{'─' * printing.COLUMNS}\n")
    if not alone:
        click.echo(overview(results), nl=False)
    if out is not None:
        printing.say(f"{'The report is' if alone else 'The reports are'} in {quoted(out)}.")


def _write_reports(results: Sequence[Result], out: str) -> None:
    """A file for each sheet, and the overview where there are several; made whole before any is written."""
    from chainrule.working.marking.report import overview, report

    files: dict[str, str] = {OVERVIEW: overview(results)}
    for result in results:
        path = Path(result.sheet.path)
        name = path.stem if path.stem.lower() not in map(str.lower, files) else path.name
        number = 2
        while name.lower() in map(str.lower, files):
            name, number = f"{path.name}-{number}", number + 1
        files[name] = report(result)
    try:
        Path(out).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        raise ConfigError(f"cannot make the folder {quoted(out)}: {reason}: choose another one") from None
    for name, text in files.items():
        replace_file(Path(out) / f"{name}.txt", text.encode())


def _csv(results: Sequence[Result]) -> str:
    from chainrule.working.marking.report import CSV_HEADER, csv_rows

    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, CSV_HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(csv_rows(results))
    return written.getvalue()


def _json(results: Sequence[Result], bad: dict[str, str], alone: bool) -> dict[str, Any]:
    from chainrule.working.marking.report import to_json

    marked = [
        {
            "sheet": result.sheet.path,
            "student": result.sheet.student,
            "example": result.sheet.answers_to,
            **to_json(result.marking, result),
        }
        for result in results
    ]
    if alone:
        return to_json(results[0].marking, results[0])
    return {
        "sheets": marked,
        "marks": {
            "earned": sum(result.earned for result in results),
            "of": sum(result.out_of for result in results),
        },
        "bad": [{"sheet": path, "problem": told} for path, told in bad.items()],
    }
