"""`chainrule words contexts`: the company a word keeps, in the lines of a corpus as they stand there."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from chainrule.cli import options, printing

if TYPE_CHECKING:
    from chainrule.words.contexts import Context

WIDTH = 200  # characters on each side in JSON
GAP = 2


@click.command("contexts")
@click.argument("word")
@click.argument("corpus", nargs=-1, required=True)
@click.option("--most", type=int, default=20, show_default=True, metavar="N", help="How many places to show.")
@click.option("--sample", is_flag=True, help="Draw the places at random; otherwise the first are shown.")
@click.option("--seed", type=int, metavar="N", help="Decides which places are drawn. [0]")
@click.option("--column", metavar="NAME", help="CORPUS is tables; take the text of this column.")
@click.option(
    "--tokens", default="words", show_default=True, metavar="HOW", help="words, or space: cut at white space."
)
@click.option("--lower/--no-lower", default=None, help="Capitals are the same as small letters, or not.")
@click.option(
    "--encoding-errors",
    "errors",
    default="error",
    metavar="HOW",
    help="Bytes that are not UTF-8: error, replace or skip.",
)
@click.option("--lines", is_flag=True, help="Tell file and line of each place.")
@options.as_json
def command(
    word: str,
    corpus: tuple[str, ...],
    most: int,
    sample: bool,
    seed: int | None,
    column: str | None,
    tokens: str,
    lower: bool | None,
    errors: str,
    lines: bool,
    as_json: bool,
) -> None:
    """Show WORD in the lines of CORPUS where it stands, and count how often it does.

    CORPUS is files of text (plain, gzip or xz), folders, - for standard input, or tables with --column.
    """
    from chainrule.errors import ConfigError
    from chainrule.words.contexts import find_contexts
    from chainrule.words.corpus import Corpus

    if seed is not None and not sample:
        raise ConfigError(
            "the first places are shown, and --seed draws nothing: add --sample, or leave it out"
        )
    text = Corpus(*corpus, tokens=tokens, lower=lower, errors=errors, column=column)
    found = find_contexts(text, word, most, sample=sample, seed=seed or 0, width=WIDTH)
    if as_json:
        printing.print_json({"word": word, **asdict(found)})
        return
    if not found.count:
        printing.say(f'"{word}" does not stand in the corpus.')
        return
    shown = len(found.contexts)
    which = (
        "all shown"
        if shown == found.count
        else f"{shown} drawn at random"
        if sample
        else f"the first {shown}"
    )
    times, on = _counted(found.count, "place"), _counted(found.lines, "line")
    printing.heading(word, f"{times} on {on}; {which}")
    for context in found.contexts:
        if lines:
            print(f"{context.source}, line {context.line:,}:")
        print(_on_one_line(context, printing.width()))


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"


def _on_one_line(context: Context, width: int) -> str:
    """The words beside it, cut where there is no room, so that all places stand one below the other."""
    left_room = (width - 2 * GAP) * 2 // 5
    left, right = (" ".join(text.split()) for text in (context.left, context.right))
    if len(left) > left_room:
        left = f"…{left[len(left) - left_room + 1 :]}"
    right_room = max(width - left_room - 2 * GAP - len(context.word), 1)
    if len(right) > right_room:
        right = f"{right[: right_room - 1]}…"
    gap = " " * GAP
    return f"{left:>{left_room}}{gap}{context.word}{gap}{right}".rstrip()
