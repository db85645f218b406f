"""`chainrule words analogy`: a is to b as c is to what?"""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, vector_files


@click.command("analogy")
@click.argument("a")
@click.argument("b")
@click.argument("c")
@click.option("--count", type=int, default=5, metavar="N", help="How many to list. [5]")
@click.option("--method", default="add", metavar="HOW", help="add (3CosAdd) or mul (3CosMul). [add]")
@vector_files.vectors_options
@options.as_json
def command(
    a: str, b: str, c: str, count: int, method: Any, path: str, as_json: bool, **reading: Any
) -> None:
    """Complete an analogy: A is to B as C is to … ("man king woman").

    The three words themselves are never the answer.
    """
    vectors = vector_files.load(path, told=not as_json, **reading)
    found = vectors.analogy(a, b, c, count, method=method)
    if as_json:
        answers = vector_files.scores_json(found)
        printing.print_json({"a": a, "b": b, "c": c, "method": method, "answers": answers})
        return
    printing.say(f"{a} is to {b} as {c} is to …")
    vector_files.print_scores(found, "cosine" if method == "add" else "3CosMul")
