"""`chainrule words`: the group of commands for word vectors; `cli/words_<name>.py` holds each."""

from __future__ import annotations

import click

from chainrule.cli.group import LazyGroup

__all__ = ["COMMANDS", "command"]

COMMANDS: dict[str, str] = {
    "train": "train word vectors on a corpus",
    "counts": "count what stands near each word; look counts up; merge them",
    "ratios": "tell two words apart by the words near them",
    "contexts": "show a word in the lines of a corpus where it stands",
    "neighbours": "list the words nearest to a word",
    "why": "tell why two words are alike: the contexts they share",
    "analogy": "complete an analogy: man is to king as woman is to …",
    "odd": "name the word that does not belong",
    "similarity": "tell how alike two words are",
    "evaluate": "measure vectors on analogies and on pairs of words with scores",
    "convert": "write vectors in another format",
    "map": "draw a map of words, with differences as arrows",
    "show": "work one training step of word vectors, number by number",
}
"""Command → its one-line help, in the order of `chainrule words --help`."""


@click.command(
    "words",
    cls=LazyGroup,
    table=COMMANDS,
    modules="chainrule.cli.words_",
    kind="words command",
    invoke_without_command=True,
    epilog='"chainrule words COMMAND --help" tells more about a command.',
)
@click.pass_context
def command(ctx: click.Context) -> None:
    """Word vectors: train, use, measure and convert them."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
