"""The options of the commands that use a file of word vectors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from chainrule.cli import printing

if TYPE_CHECKING:
    from chainrule.words.vectors import Vectors

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT = "vectors.safetensors"


def reading_options(command: F) -> F:
    """Add the options that say how a file of vectors is read; `load` takes them."""
    command = click.option(
        "--verify", is_flag=True, help="Check the whole file now, not each part on first use."
    )(command)
    command = click.option(
        "--errors", metavar="HOW", default="error", help="Words not in UTF-8: error, replace or skip. [error]"
    )(command)
    command = click.option(
        "--dimensions",
        type=int,
        metavar="N",
        help="Of a word2vec binary file without a first line that says it.",
    )(command)
    command = click.option(
        "--vocabulary", metavar="FILE", help="The words of GloVe's binary file, as vocab_count wrote them."
    )(command)
    return click.option(
        "--use", metavar="WHICH", help="Of GloVe's two vectors: sum, words or contexts. [as the file says]"
    )(command)


def vectors_options(command: F) -> F:
    """Add `--vectors` and how the file is read; the command gets them as keywords for `load`."""
    return click.option(
        "--vectors", "path", metavar="FILE", default=DEFAULT, help=f"The vectors to use. [{DEFAULT}]"
    )(reading_options(command))


def load(
    path: str,
    *,
    use: Any,
    vocabulary: str | None,
    dimensions: int | None,
    errors: str,
    verify: bool,
    told: bool = True,
) -> Vectors:
    """The vectors of a file; what was read otherwise than it stands there is told, unless `told` is false."""
    from chainrule.words.vectors import Vectors

    vectors = Vectors.load(
        path, use=use, vocabulary=vocabulary, size=dimensions, errors=errors, verify=verify
    )
    if told:
        for note in vectors.data.notes:
            printing.say(f"note: {note}")
    return vectors


def print_scores(found: list[tuple[str, float]], heading: str) -> None:
    """Words and their scores, as a table."""
    printing.table(["word", heading], [[word, f"{score:.4f}"] for word, score in found], right=[1])


def scores_json(found: list[tuple[str, float]]) -> list[dict[str, Any]]:
    """Words and their scores, for JSON."""
    return [{"word": word, "score": score} for word, score in found]
