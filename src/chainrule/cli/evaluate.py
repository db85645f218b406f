"""`chainrule evaluate`: how good a model is on a table."""

from __future__ import annotations

import click

from chainrule.cli import options, printing, reporting


@click.command("evaluate")
@click.argument("model")
@click.argument("data")
@options.table_options
@options.as_json
def command(model: str, data: str, as_json: bool, **reading: object) -> None:
    """Measure a model on a table whose target column is filled in."""
    from chainrule.learning.assessment import assess

    loaded, table = options.load_both(model, data, reading)
    assert loaded.encoding is not None
    notes = loaded.encoding.notes_on(table)
    found = assess(loaded, loaded.encode(table, match_labels=True))
    if as_json:
        printing.print_json({**found.to_json(), "rows": table.rows, "notes": list(notes)})
        return
    for note in notes:
        printing.say(f"note: {note}")
    reporting.measures_table({"data": found.measures}, {"data": table.rows})
    printing.say()
    reporting.confusion_table(found, "these rows")
