"""`chainrule predict`: a model's answer for each row of a table."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import click

from chainrule.cli import options, printing


@click.command("predict")
@click.argument("model")
@click.argument("data")
@click.option("--probabilities", is_flag=True, help="Add the probability of each class.")
@click.option("--out", metavar="FILE", help="Write there: CSV, or JSON lines if it ends in .jsonl.")
@options.table_options
@options.as_json
def command(
    model: str, data: str, probabilities: bool, out: str | None, as_json: bool, **reading: object
) -> None:
    """Predict each row of a table; the target column need not be there.

    Prints CSV with a header line: the prediction, and with --probabilities a column for each class.
    """
    from chainrule.errors import ConfigError
    from chainrule.files.atomic import quoted, replace_file

    options.check_outputs({"--out": out}, (model, data))
    loaded, table = options.load_both(model, data, reading)
    assert loaded.encoding is not None
    if probabilities and not loaded.classes:
        raise ConfigError(f"{quoted(model)} predicts numbers, not classes: leave out --probabilities")
    name = loaded.encoding.target.name
    columns: dict[str, list[Any]] = {name: loaded.predict_table(table).tolist()}
    if probabilities:
        chances = loaded.probabilities_table(table).astype(float)
        for place, label in enumerate(loaded.classes or ()):
            columns[f"p({label})"] = chances[:, place].tolist()
    notes = loaded.encoding.unknown_categories(table)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    if as_json:
        printing.print_json({"rows": table.rows, "predictions": columns, "out": out, "notes": list(notes)})
    written = _lines(columns) if out and out.lower().endswith((".jsonl", ".ndjson")) else _csv(columns)
    if out:
        replace_file(out, written.encode())
        if not as_json:
            printing.say(f"{table.rows:,} predictions are in {out}.")
    elif not as_json:
        click.echo(written, nl=False)


def _csv(columns: dict[str, list[Any]]) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return made.getvalue()


def _lines(columns: dict[str, list[Any]]) -> str:
    rows = zip(*columns.values(), strict=True)
    return "".join(
        json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
    )
