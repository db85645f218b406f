"""`chainrule words similarity`: how alike two words are."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, vector_files


@click.command("similarity")
@click.argument("a")
@click.argument("b")
@vector_files.vectors_options
@options.as_json
def command(a: str, b: str, path: str, as_json: bool, **reading: Any) -> None:
    """Tell how alike two words are: the cosine of their vectors, from -1 to 1."""
    vectors = vector_files.load(path, told=not as_json, **reading)
    cosine = vectors.similarity(a, b)
    if as_json:
        printing.print_json({"a": a, "b": b, "cosine": cosine})
    else:
        printing.say(f"{cosine:.4f}")
