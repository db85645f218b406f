"""`chainrule words map`: chosen words in a plane, with differences of vectors as arrows."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from chainrule.cli import options, printing

ENDINGS = (".svg", ".html", ".png", ".pdf")


@click.command("map")
@click.argument("vectors", metavar="VECTORS")
@click.argument("words", nargs=-1, required=True)
@click.option("--out", metavar="FILE", help="A picture that ends in .svg, .html, .png or .pdf. [words.svg]")
@click.option(
    "--difference", nargs=2, multiple=True, metavar="A B", help="Draw A − B. [the words two by two]"
)
@click.option("--no-differences", is_flag=True, help="Draw no differences.")
@options.as_json
def command(
    vectors: str,
    words: tuple[str, ...],
    out: str | None,
    difference: tuple[tuple[str, str], ...],
    no_differences: bool,
    as_json: bool,
) -> None:
    """Draw a map of words: the plane in which their vectors differ most (principal components).

    \b
    chainrule words map vectors.safetensors king man queen woman --out map.svg

    An even number of words is taken two by two, king − man and queen − woman, each drawn as an arrow.
    """
    from chainrule.cli.chart import written
    from chainrule.errors import ConfigError
    from chainrule.files.atomic import quoted, replace_file
    from chainrule.files.vectors import read_vectors
    from chainrule.words.map import map_chart, map_of

    if difference and no_differences:
        raise ConfigError("--difference and --no-differences say the opposite: leave one out")
    place = out if out is not None or as_json else "words.svg"
    if place is not None and Path(place).suffix.lower() not in ENDINGS:
        raise ConfigError(
            f"{quoted(place)} is no kind of picture: give a name that ends in {', '.join(ENDINGS)}"
        )
    options.check_outputs({"--out": place}, (vectors,))
    pairs = () if no_differences else difference or None
    found = map_of(read_vectors(vectors), words, pairs)
    if place is not None:
        replace_file(place, written(map_chart(found), Path(place).suffix.lower()))
    if as_json:
        printing.print_json({**asdict(found), **({"out": place} if place is not None else {})})
        return
    assert place is not None
    shown = sum(found.shares)
    printing.say(
        f"The map of {len(words)} words is in {place}: it shows {shown:.0%} of their vectors' variance."
    )
