"""Options of the commands that read a corpus, and the corpus and counts they make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chainrule.cli import printing
from chainrule.cli.progress import reading
from chainrule.cli.sizes import bytes_of
from chainrule.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from chainrule.words.corpus import Corpus
    from chainrule.words.counts import Counts
    from chainrule.words.encoding import Encoded
    from chainrule.words.vocabulary import Vocabulary

__all__ = ["COUNTING", "READING", "check_files", "corpus_options", "counted", "given_of", "read", "said"]

F = TypeVar("F", bound="Callable[..., Any]")

READING: dict[str, dict[str, Any]] = {
    "tokens": {"metavar": "HOW", "help": 'Cut into "words", or at each "space" where they are cut already. [words]'},
    "lower": {"help": "Turn capitals into small letters. [lower; as it is with --tokens space]"},
    "documents": {"metavar": "HOW", "help": 'One document a line, "lines", or between "blank" ones. [lines]'},
    "column": {"metavar": "NAME", "help": "The corpus is tables, and this column's cells its documents."},
    "encoding_errors": {"metavar": "HOW", "help": "Bytes that are not UTF-8: error, replace or skip. [error]"},
    "min_count": {"type": int, "metavar": "N", "help": "Leave out words seen fewer times. [5]"},
    "max_vocabulary": {"type": int, "metavar": "N", "help": "Keep the N most frequent words only. [all]"},
}  # fmt: skip
COUNTING: dict[str, dict[str, Any]] = {
    "one_sided": {"help": "Count only the words before, not those on both sides."},
    "flat": {"help": "Count each word near as 1, not as 1/distance."},
}
"""Option → how click is to take it, its help among it; None or False where it is not given."""


def corpus_options(command: F) -> F:
    """Add the options that say how a corpus is read and counted; the command gets them by name."""
    for name, settings in reversed({**READING, **COUNTING}.items()):
        flag = "--" + name.replace("_", "-")
        if name == "lower":
            flag, settings = "--lower/--no-lower", {**settings, "default": None}
        if name in COUNTING:
            settings = {**settings, "is_flag": True}
        command = click.option(flag, name, **settings)(command)
    return command


def given_of(given: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The options among these that were given, as they are typed.

    >>> given_of({"min_count": 2, "flat": False, "lower": False}, ["min_count", "flat", "lower"])
    ['--min-count', '--no-lower']
    """
    there = [
        name for name in names if given[name] is not None and (given[name] is not False or name == "lower")
    ]
    return ["--no-lower" if n == "lower" and not given[n] else "--" + n.replace("_", "-") for n in there]


def check_files(paths: Sequence[str], do: str) -> None:
    """Refuse, before anything is read, a corpus that is vectors or counts, which hold no text; do: the advice."""
    for path in paths:
        if path.endswith(".safetensors"):
            raise ConfigError(f'"{path}" holds numbers, not text: name a corpus, or {do}')


def read(paths: Sequence[str], given: Mapping[str, Any], memory: int | None, *, show: bool) -> Encoded:
    """Read a corpus once, with a bar in bytes on a terminal."""
    from chainrule.engines import machine
    from chainrule.words.encoding import encode

    if show:
        machine.tell = lambda sentence: click.echo(sentence, err=True)
    corpus = corpus_of(paths, given)
    with reading(corpus.size, show=show) as tell:
        return encode(corpus, memory=memory, progress=tell)


def corpus_of(paths: Sequence[str], given: Mapping[str, Any]) -> Corpus:
    """The corpus that the options describe."""
    from chainrule.words.corpus import Corpus

    return Corpus(
        *paths,
        tokens=given["tokens"] or "words",
        lower=given["lower"],
        documents=given["documents"] or "lines",
        errors=given["encoding_errors"] or "error",
        column=given["column"],
    )


def vocabulary_of(encoded: Encoded, given: Mapping[str, Any]) -> Vocabulary:
    """The words that are kept."""
    minimum = 5 if given["min_count"] is None else given["min_count"]
    return encoded.vocabulary(minimum, given["max_vocabulary"])


def counted(
    encoded: Encoded, given: Mapping[str, Any], window: int, threads: int | None, memory: int | None
) -> Counts:
    """The counts that the options describe."""
    from chainrule.words.counting import count

    return count(
        encoded,
        vocabulary_of(encoded, given),
        window=window,
        symmetric=not given["one_sided"],
        weighting="flat" if given["flat"] else "distance",
        threads=threads,
        memory=memory,
    )


def memory_of(text: str | None) -> int | None:
    """The bytes of --memory, and None where it is not given. Raises ConfigError for too few to count in."""
    if text is None:
        return None
    from chainrule.words.counting import SMALLEST_MEMORY

    if (memory := bytes_of(text)) < SMALLEST_MEMORY:
        raise ConfigError(f'--memory "{text}" is too little: allow {SMALLEST_MEMORY // 10**6}MB or more')
    return memory


def said(vocabulary: Vocabulary, counts: Counts | None, distinct: int | None = None) -> dict[str, str]:
    """Label → what a corpus and its counts are."""
    different = "" if distinct is None else f", {distinct:,} different ones"
    least = f" seen {vocabulary.minimum:,} times or more" if vocabulary.minimum > 1 else ""
    facts = {
        "text": f"{vocabulary.tokens:,} words{different}",
        "vocabulary": f"{len(vocabulary):,} words{least}: {vocabulary.coverage:.1%} of the text",
    }
    if counts is not None:
        sides = "on each side" if counts.symmetric else "before"
        plural = "" if counts.window == 1 else "s"
        weight = "1" if counts.weighting == "flat" else "1/distance"
        facts["counts"] = f"{len(counts):,} pairs, {counts.window} word{plural} {sides}, each as {weight}"
    return facts


def show_corpus(
    facts: Mapping[str, str], notes: Sequence[str] = (), title: str = "Corpus", name: str = ""
) -> None:
    """Print what a corpus is."""
    printing.heading(title, name)
    printing.facts(facts)
    for note in notes:
        printing.say(f"  note: {note}")
    printing.say()
