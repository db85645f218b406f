"""`chainrule words odd`: the word that does not belong."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, vector_files


@click.command("odd")
@click.argument("words", nargs=-1, required=True)
@vector_files.vectors_options
@options.as_json
def command(words: tuple[str, ...], path: str, as_json: bool, **reading: Any) -> None:
    """Name the one of three words or more that is least like the others."""
    vectors = vector_files.load(path, told=not as_json, **reading)
    odd, likeness = vectors.odd_one_out(words), vectors.belonging(words)
    if as_json:
        printing.print_json({"odd": odd, "mean_cosine": likeness})
        return
    printing.say(f"{odd} does not belong")
    ordered = sorted(likeness.items(), key=lambda pair: pair[1])
    vector_files.print_scores(ordered, "mean cosine with the others")
