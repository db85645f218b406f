"""`chainrule words convert`: vectors in another format."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, vector_files


@click.command("convert")
@click.argument("source")
@click.argument("target")
@click.option(
    "--to",
    "format",
    metavar="FORMAT",
    help="safetensors, glove, word2vec, word2vec-binary or projector. [by TARGET's ending]",
)
@vector_files.reading_options
@options.as_json
def command(source: str, target: str, format: str | None, as_json: bool, **reading: Any) -> None:
    """Write the vectors of SOURCE as TARGET.

    SOURCE is told by its content: GloVe or word2vec, text or binary, plain, gzip
    or xz, or our own. TARGET ends in .safetensors, .txt (GloVe), .vec (word2vec),
    .bin (word2vec binary) or .tsv (TensorFlow projector, and beside it the
    words); a further .gz or .xz packs it.
    """
    from chainrule.files.atomic import quoted
    from chainrule.files.vector_writing import metadata_path
    from chainrule.files.vectors import format_of

    chosen = format_of(target, format)
    outputs: dict[str, str | None] = {"TARGET": target}
    if chosen == "projector":
        outputs["the words of TARGET"] = str(metadata_path(target))
    options.check_outputs(outputs, [source, reading["vocabulary"]])
    vectors = vector_files.load(source, told=not as_json, **reading)
    vectors.save(target, chosen)
    if as_json:
        told = {"source": vectors.data.format, "target": chosen, "words": len(vectors), "size": vectors.size}
        printing.print_json({**told, "notes": list(vectors.data.notes)})
        return
    beside = f", their words in {quoted(metadata_path(target))}" if chosen == "projector" else ""
    printing.say(
        f"{len(vectors):,} words of {vectors.size} numbers are in {quoted(target)} ({chosen}){beside}"
    )
