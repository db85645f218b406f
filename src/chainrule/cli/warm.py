"""`chainrule warm`: machine code made ahead."""

from __future__ import annotations

from time import perf_counter

import click


@click.command("warm")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), multiple=True, help="Of these only. [both]"
)
def command(dtype: tuple[str, ...]) -> None:
    """Make the compiled engine's code for this machine now, so that no training has to wait for it.

    Code is kept in the folder that CHAINRULE_CACHE names, or in the platform's folder for caches.
    """
    from chainrule.engines.machine import cache_folder
    from chainrule.engines.warm import warm

    began = perf_counter()
    made = warm(dtype or ("float32", "float64"))
    seconds = perf_counter() - began
    click.echo(f"{made} functions made in {seconds:.1f} s; the code is kept in {cache_folder()}")
