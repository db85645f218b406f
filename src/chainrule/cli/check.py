"""`chainrule check`: a model's gradients against central differences."""

from __future__ import annotations

from dataclasses import asdict

import click

from chainrule.cli import options, printing
from chainrule.errors import ConfigError


@click.command("check")
@click.argument("model")
@click.argument("data")
@click.option("--rows", default=32, metavar="N", help="How many rows to take, from the first. [32]")
@click.option(
    "--entries", default=200, metavar="N", help="How many entries of each parameter, 0 for all. [200]"
)
@options.table_options
@options.as_json
def command(model: str, data: str, rows: int, entries: int, as_json: bool, **reading: object) -> None:
    """Check the gradients that back-propagation gives against central differences of the loss.

    Exit code 0 if they agree, 1 if they do not.
    """
    import numpy as np

    from chainrule.engines.checking import check_gradients

    if rows < 1 or entries < 0:
        raise ConfigError("--rows takes at least 1 and --entries at least 0: give more")
    loaded, table = options.load_both(model, data, reading)
    taken = loaded.encode(table.take(np.arange(min(rows, table.rows))), match_labels=True)
    settings = loaded.settings
    weights = settings.class_weight if isinstance(settings.class_weight, tuple) else None
    y = taken.y[:, 0] if taken.y.dtype.kind in "iu" else taken.y
    found = check_gradients(
        loaded.network,
        taken.X,
        y,
        settings.loss,
        l2=settings.l2,
        class_weights=weights,
        parameters=loaded.parameters,
        limit=entries or None,
    )
    if as_json:
        printing.print_json(asdict(found))
    else:
        printing.say(str(found))
    if not found.ok:
        raise click.exceptions.Exit(1)
