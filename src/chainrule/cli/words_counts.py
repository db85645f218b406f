"""`chainrule words counts`: what stands near each word, counted once, looked up, and merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import corpora, options, printing
from chainrule.errors import ConfigError

if TYPE_CHECKING:
    from chainrule.words.counts import Counts

FREQUENT = 10


@click.command("counts")
@click.argument("corpus", nargs=-1, required=True)
@click.option("--window", type=int, metavar="N", help="Words on each side that are near. [10]")
@corpora.corpus_options
@click.option("--most", type=int, metavar="N", help="How many companions of a word to list. [10]")
@click.option("--memory", metavar="SIZE", help="What reading, counting and merging may use. [4GB]")
@click.option("--threads", type=int, metavar="N", help="[all processors]")
@click.option("--out", metavar="FILE", help="Where the counts go.")
@options.as_json
def command(
    corpus: tuple[str, ...],
    most: int | None,
    memory: str | None,
    threads: int | None,
    out: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Count how often words stand near each other, or look it up.

    \b
    counts CORPUS… --out FILE    count a corpus, and keep the counts
    counts FILE                  tell what counts hold
    counts FILE ice steam        the counts of words, and their companions
    counts FILE FILE --out FILE  add counts, exactly

    CORPUS is files of text (plain, gzip or xz), folders, - for standard input, or with --column tables. The
    counts have the same bits for any number of threads and any memory allowed.
    """
    allowed = corpora.memory_of(memory)
    if threads is not None and threads < 1:
        raise ConfigError(f"the number of threads is {threads}: give 1 or more")
    if not _is_safetensors(corpus[0]):
        _count(corpus, given, most, threads, allowed, out, as_json)
        return
    if made := corpora.given_of(given, ["window", *corpora.READING, *corpora.COUNTING]):
        raise ConfigError(f'"{corpus[0]}" holds counts, and {made[0]} is for counting text: leave it out')
    if out is None:
        _look(corpus[0], corpus[1:], 10 if most is None else most, as_json)
        return
    _merge(corpus, most, threads, allowed, out, as_json)


def _count(
    paths: Sequence[str],
    given: dict[str, Any],
    most: int | None,
    threads: int | None,
    memory: int | None,
    out: str | None,
    as_json: bool,
) -> None:
    if out is None:
        if paths[0] != "-" and not Path(paths[0]).exists():
            raise ConfigError(f'there is no file "{paths[0]}": check its name and folder')
        raise ConfigError("the counts of a corpus have no place to go: add --out counts.safetensors")
    _check_no_most(most)
    corpora.check_files(paths, "count this one first, and then add both")
    options.check_outputs({"--out": out}, paths)
    encoded = corpora.read(paths, given, memory, show=not as_json)
    window = 10 if given["window"] is None else given["window"]
    counts = corpora.counted(encoded, given, window, threads, memory)
    counts.save(out)
    _told(counts, out, as_json, encoded.distinct)


def _merge(
    paths: Sequence[str], most: int | None, threads: int | None, memory: int | None, out: str, as_json: bool
) -> None:
    from chainrule.words.counts_file import load_counts
    from chainrule.words.merging import merge_counts

    if len(paths) == 1:
        raise ConfigError(
            f'there is nothing to add to "{paths[0]}": name a second file of counts, or leave --out out'
        )
    for path in paths:
        if not _is_safetensors(path):
            raise ConfigError(
                f'"{path}" is no file of counts, and only counts are merged: count the text first, with --out, '
                "or leave --out out to look words up"
            )
    _check_no_most(most)
    options.check_outputs({"--out": out}, paths)
    counts = merge_counts([load_counts(path) for path in paths], threads=threads, memory=memory)
    counts.save(out)
    _told(counts, out, as_json)


def _told(counts: Counts, out: str, as_json: bool, distinct: int | None = None) -> None:
    """What was counted, and what to type next."""
    if as_json:
        printing.print_json({**_summary(counts), "counts": str(Path(out).absolute())})
        return
    printing.heading("Counts")
    printing.facts(corpora.said(counts.vocabulary, counts, distinct))
    printing.say()
    printing.say(f"The counts are in {out}. Next, for example:")
    some = " ".join(counts.vocabulary.words[:2])
    print(f"  chainrule words counts {out} {some}")
    print(f"  chainrule words train --counts {out}")


def _look(path: str, words: Sequence[str], most: int, as_json: bool) -> None:
    """What a file of counts holds, or what stands near some words."""
    from chainrule.words.counts_file import load_counts

    if most < 1:
        raise ConfigError(f"--most {most}: list 1 companion or more")
    counts = load_counts(path)
    found = {word: _of_word(counts, word, most) for word in words}
    pairs = [[counts.of(word, other) for other in found] for word in found]
    if as_json:
        printing.print_json({**_summary(counts), "words": found, "between": pairs})
        return
    if not words:
        printing.heading("Counts", Path(path).name)
        frequent = zip(counts.vocabulary.words[:FREQUENT], counts.vocabulary.counts.tolist(), strict=False)
        listed = ", ".join(f"{word} {number:,}" for word, number in frequent)
        printing.facts({**corpora.said(counts.vocabulary, counts), "frequent": listed})
        return
    for word, facts in found.items():
        printing.heading(
            word, f"seen {facts['seen']:,} times; all it has near it, together {number(facts['total'])}"
        )
        near = ", ".join(f"{other} {number(value)}" for other, value in facts["contexts"])
        printing.say(printing.indented(f"most often near: {near or 'nothing'}"))
        printing.say()
    if len(found) > 1:
        printing.say("Counts of the words across near the words down")
        rows = [[word, *map(number, row)] for word, row in zip(found, pairs, strict=True)]
        printing.table(["", *found], rows, right=range(1, len(found) + 1))


def number(value: float) -> str:
    """A count as a person reads it."""
    return printing.number(value, 6)


def _of_word(counts: Counts, word: str, most: int) -> dict[str, Any]:
    seen = int(counts.vocabulary.counts[counts.vocabulary.place(word)])
    return {"seen": seen, "total": counts.total(word), "contexts": counts.contexts(word, most)}


def _summary(counts: Counts) -> dict[str, Any]:
    return {
        "tokens": counts.vocabulary.tokens,
        "vocabulary": len(counts.vocabulary),
        "coverage": counts.vocabulary.coverage,
        "min_count": counts.vocabulary.minimum,
        "pairs": len(counts),
        "window": counts.window,
        "symmetric": counts.symmetric,
        "weighting": counts.weighting,
    }


def _check_no_most(most: int | None) -> None:
    if most is not None:
        raise ConfigError("--most is for looking words up in counts: leave it out")


def _is_safetensors(path: str) -> bool:
    """Whether a file begins as safetensors does: the length of a header, and its bracket."""
    try:
        with Path(path).open("rb") as file:
            start, size = file.read(9), Path(path).stat().st_size
    except (OSError, ValueError):
        return path.endswith(".safetensors")
    return start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= size
