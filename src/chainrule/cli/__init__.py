"""The command line: one file for each command, loaded when that command is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from chainrule.cli.failing import PROGRAM, run
from chainrule.cli.group import LazyGroup

__all__ = ["COMMANDS", "main"]

COMMANDS: dict[str, str] = {
    "demo": "train on handwritten digits, and work one training step by number",
    "train": "train a network on a table",
    "predict": "predict each row of a table",
    "evaluate": "measure a model on a table",
    "info": "tell what a model file holds",
    "show": "work an example or a training step, number by number",
    "examples": "list the worked examples, or print and save one",
    "mark": "mark a hand calculation, and find the slips in it",
    "check": "check a model's gradients against central differences",
    "data": "list the embedded data sets, or print and save one",
    "warm": "make the machine code that training uses, ahead",
    "formulas": "list the formulas, or explain one and compute it at a point",
    "chart": "draw a chart: loss curve, decision boundary, learning rules, …",
    "exercise": "make question sheets and keys to work by hand, one for each seed",
    "words": "train, use, measure and convert word vectors",
}
"""Command → its one-line help, in the order of `chainrule --help`; `cli/<name>.py` holds it as `command`."""


@click.command(
    cls=LazyGroup,
    table=COMMANDS,
    modules=f"{__name__}.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f'"{PROGRAM} COMMAND --help" tells more about a command.',
)
@click.version_option(package_name="chainrule", prog_name=PROGRAM, message="%(prog)s %(version)s")
@click.option(
    "--formulas",
    "own",
    multiple=True,
    metavar="FILE.py",
    help="First run a Python file that registers formulas of your own; may be repeated.",
)
@click.pass_context
def _chainrule(ctx: click.Context, own: tuple[str, ...]) -> None:
    """Neural networks that show their working."""
    for path in own:
        from chainrule.cli.own import load_formulas

        load_formulas(path)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line on `arguments` (by default those of the process) and return the exit code.

    >>> main(["formulas", "relu", "--at", "-1.5"])
         z   f(z)   f′(z)
      -1.5      0       0
    0
    """
    return run(_chainrule, sys.argv[1:] if arguments is None else arguments)
