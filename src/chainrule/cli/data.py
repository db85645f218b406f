"""`chainrule data`: the embedded data sets; one of them with its first rows, or written as CSV."""

from __future__ import annotations

import csv
import io
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import options, printing
from chainrule.errors import ConfigError
from chainrule.files.atomic import quoted, replace_file

if TYPE_CHECKING:
    from chainrule.learning.datasets import Dataset
    from chainrule.learning.tables import Table

FIRST_ROWS = 5
SHOWN_COLUMNS = 5
CUT = 12


@click.command("data")
@click.argument("name", required=False)
@click.option("--out", metavar="FILE.csv", help="Write the set as CSV there.")
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the generated sets."
)
@options.as_json
def command(name: str | None, out: str | None, seed: int, as_json: bool) -> None:
    """List the embedded data sets, or print and save one.

    With NAME, the first rows and the facts of that set; wherever a command takes a table, NAME serves too.
    """
    from chainrule.learning.datasets import DATASETS, load_dataset

    if name is None:
        if out is not None:
            raise ConfigError("--out needs the name of a data set: give one, for example iris")
        _list(list(DATASETS.values()), as_json)
        return
    table = load_dataset(name, seed)
    if out is not None:
        replace_file(out, csv_bytes(table))
    known = facts(DATASETS[name], table)
    if as_json:
        printing.print_json(known | ({"out": out} if out is not None else {}))
    elif out is not None:
        printing.say(f'{table.rows} rows of {name} are in {quoted(out)}; the target is "{known["target"]}".')
    else:
        _show(known)


def _list(sets: list[Dataset], as_json: bool) -> None:
    if as_json:
        printing.print_json({"data": [_summary(entry) for entry in sets]})
        return
    for entry in sets:
        printing.heading(
            entry.name,
            f"{entry.rows} rows, {entry.columns} columns; {entry.task} {quoted(entry.target)}",
        )
        printing.say(printing.indented(entry.description))
    printing.say()
    printing.say('Try "chainrule data iris", or "chainrule data moons --out moons.csv".')


def _summary(entry: Dataset) -> dict[str, Any]:
    return {
        "name": entry.name,
        "description": entry.description,
        "rows": entry.rows,
        "columns": entry.columns,
        "target": entry.target,
        "task": entry.task,
        "source": entry.source,
    }


def facts(entry: Dataset, table: Table) -> dict[str, Any]:
    """What there is to say of a set: its summary, its classes or the spread of its target, its first rows."""
    cells = _texts(table)
    known = _summary(entry) | {"names": list(table.names)}
    if entry.task == "classify":
        known["classes"] = dict(sorted(Counter(cells[entry.target]).items()))
    else:
        target = table.numbers(entry.target)
        known["spread"] = {"least": target.min(), "mean": target.mean(), "greatest": target.max()}
    known["first_rows"] = [
        [cells[name][row] for name in table.names] for row in range(min(FIRST_ROWS, table.rows))
    ]
    return known


def _show(known: dict[str, Any]) -> None:
    printing.heading(known["name"], "data set")
    told = {
        "what": known["description"],
        "rows": f"{known['rows']}, with {known['columns']} columns and the target",
        "target": f"{known['target']}, a {'class' if 'classes' in known else 'number'} to predict",
        "source": known["source"],
    }
    if "classes" in known:
        told["classes"] = ", ".join(f"{label} ({count} rows)" for label, count in known["classes"].items())
    else:
        told["spread"] = ", ".join(f"{what} {printing.number(v, 6)}" for what, v in known["spread"].items())
    printing.facts(told)
    printing.say()
    names, rows = known["names"], known["first_rows"]
    left = len(names) - 1 - SHOWN_COLUMNS
    kept = [*range(min(SHOWN_COLUMNS, len(names) - 1)), len(names) - 1]
    printing.table([names[i] for i in kept], [[_short(row[i]) for i in kept] for row in rows])
    if left > 0:
        printing.say(f"  … and {left} columns more before the target.")
    printing.say()
    printing.say(f'"chainrule data {known["name"]} --out {known["name"]}.csv" writes it as CSV.')


def _short(cell: str) -> str:
    with suppress(ValueError):
        return printing.number(float(cell), 5)
    return cell if len(cell) <= CUT else cell[: CUT - 1] + "…"


def _texts(table: Table) -> dict[str, list[str]]:
    return {name: [text or "" for text in table.texts(name)] for name in table.names}


def csv_bytes(table: Table) -> bytes:
    """The table as CSV with a header, in UTF-8; numbers with all their digits."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(table.names)
    cells = _texts(table)
    writer.writerows(zip(*(cells[name] for name in table.names), strict=True))
    return written.getvalue().encode()
