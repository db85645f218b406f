"""`chainrule exercise`: question sheets and their keys, one for each seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from chainrule.cli import options, printing
from chainrule.errors import CannotWrite, ConfigError

KINDS = ("backprop", "forward", "dimensions", "perceptron")


@click.command("exercise")
@click.option(
    "--layers",
    metavar="UNITS",
    default="2,2,1",
    show_default=True,
    help="Inputs, then the units of each layer.",
)
@click.option("--activation", metavar="NAME", help="Of all layers, or one each (tanh,softmax). [sigmoid]")
@click.option("--loss", metavar="NAME", help="mse, crossentropy, … [what suits the output]")
@click.option(
    "--rule", metavar="NAME", help='gradient_descent, momentum, "adam(beta1=0.8)", … [gradient_descent]'
)
@click.option("--rate", metavar="R", help="The learning rate. [0.1, or the rule's own]")
@click.option("--bias/--no-bias", default=True, help="Whether units have biases. [bias]")
@click.option("--samples", type=int, metavar="N", help="In the batch. [1; perceptron 4]")
@click.option("--passes", type=int, metavar="N", help="Training steps. [1; perceptron 2]")
@click.option(
    "--rounding", metavar="HOW", help='round:4, truncate:3, "default=round:3, slopes=exact", … [round:4]'
)
@click.option(
    "--notation", metavar="NAME", default="chainrule", show_default=True, help="Names as a course has them."
)
@click.option(
    "--kind",
    metavar="KIND",
    default="backprop",
    show_default=True,
    help=f"{', '.join(KINDS[:-1])} or {KINDS[-1]}.",
)
@click.option("--saturated", is_flag=True, help="With some unit saturated.")
@click.option(
    "--seed",
    type=int,
    metavar="N",
    default=0,
    show_default=True,
    help="Of the first sheet; the next has the next.",
)
@click.option("--count", type=int, metavar="N", default=1, show_default=True, help="How many sheets.")
@click.option(
    "--format",
    "format",
    metavar="FORMAT",
    default="text",
    show_default=True,
    help="html, pdf, latex, markdown, text, moodle, csv or toml.",
)
@click.option(
    "--out", metavar="FOLDER", help="Where the files go; without it one text sheet and its key are printed."
)
@options.as_json
def command(seed: int, count: int, format: str, out: str | None, as_json: bool, **asked: Any) -> None:
    """Make question sheets and keys to work by hand, one for each seed.

    The same seed gives the same sheet on every machine. With each sheet comes a TOML file: the show command
    works it, and the mark command marks answers to it, shapes too. Every key that is worked is read back as
    it is printed, to see that its lines multiply out.
    """  # fmt: skip
    from chainrule.working.exercises.formats import check_format, files_of, sheets_of
    from chainrule.working.exercises.plan import plan_of

    chosen = check_format(format)
    if asked["rounding"] is not None:
        asked["rounding"] = options.rounding_of(asked["rounding"])
    plan = plan_of(asked.pop("layers"), **asked)
    sheets = sheets_of(plan, seed, count)
    if out is None:
        if chosen != "text" or count != 1 or as_json:
            raise ConfigError("exercises are written as files: say with --out FOLDER where they go")
        for _, files in files_of(sheets, chosen):
            click.echo("\n".join(data.decode() for name, data in files if name.endswith(".txt")), nl=False)
        return
    folder = _folder(out)
    written: list[str] = []
    made: list[dict[str, Any]] = []
    from chainrule.files.atomic import quoted, replace_file

    for sheet, files in files_of(sheets, chosen):
        for name, data in files:
            replace_file(folder / name, data)
            written.append(name)
        if sheet is not None:
            made.append({"name": sheet.name, **sheet.facts, "notes": list(sheet.notes)})
    if as_json:
        printing.print_json({"out": out, "sheets": made, "files": written})
        return
    printing.say(
        f"{_many(count, 'sheet')} and {_many(count, 'key')}: {_many(len(written), 'file')} in {quoted(out)}."
    )
    _tell_next(made, out, written)


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _folder(out: str) -> Path:
    """The folder, made if it is not there; refused before any work is done if it cannot be written."""
    from chainrule.files.atomic import check_writable, quoted

    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = (
            "there is a file of that name"
            if isinstance(error, FileExistsError)
            else str(getattr(error, "strerror", None) or error).lower()
        )
        raise CannotWrite(f"cannot make the folder {quoted(out)}: {reason}: choose another place") from None
    check_writable(folder / "exercise.txt")
    return folder


def _tell_next(made: list[dict[str, Any]], out: str, written: list[str]) -> None:
    """What reading the keys back found, how well slips can be told apart, and what to do with the files."""
    if misprints := sum(sheet.get("misprints", 0) for sheet in made):
        printing.say(
            f"{_many(misprints, 'printed line')} of the keys, read back, did not come to what is printed."
        )
    slips = sum(sheet.get("slips", 0) for sheet in made)
    if slips:
        alike = sum(sheet["slips_alike"] + sheet["slips_unseen"] for sheet in made)
        printing.say(
            f"Of {slips:,} slips on the way to new parameters, {alike:,} cannot be told from another, or from "
            "the right answer, by the new parameter alone."
        )
    example = next(
        (name for name in written if name.endswith(".toml") and not name.endswith("-key.toml")), None
    )
    if example is not None:
        import shlex

        place = shlex.quote(str(Path(out) / example))
        printing.say("\nNext, for example:")
        print(f"  chainrule show {place}")
        print(f"  chainrule mark --example {place} answers.csv")
