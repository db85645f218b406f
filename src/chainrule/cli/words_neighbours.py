"""`chainrule words neighbours`: the words nearest to a word."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, vector_files


@click.command("neighbours")
@click.argument("word")
@click.option("--count", type=int, default=10, metavar="N", help="How many to list. [10]")
@vector_files.vectors_options
@options.as_json
def command(word: str, count: int, path: str, as_json: bool, **reading: Any) -> None:
    """List the words whose vectors have the greatest cosine with a word's."""
    vectors = vector_files.load(path, told=not as_json, **reading)
    found = vectors.neighbours(word, count)
    if as_json:
        printing.print_json({"word": word, "neighbours": vector_files.scores_json(found)})
    else:
        vector_files.print_scores(found, "cosine")
