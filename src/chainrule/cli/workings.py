"""Workings as a command gives them out: printed, or written to a file in the format asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from chainrule.cli import printing
from chainrule.errors import ConfigError

if TYPE_CHECKING:
    from chainrule.working.document import Working

__all__ = ["give_out"]


def give_out(workings: list[Working], form: str | None, out: str | None, *, slides: bool) -> None:
    """Print the workings, or write them to a file."""
    from chainrule.working.rendering.renderers import format_of, render

    chosen = format_of(form, out)
    if out is not None and len(workings) > 1:
        raise ConfigError("--out takes one working: give one --entry, or none")
    if slides and chosen != "html":
        raise ConfigError("--slides is for a page: give --out FILE.html or --format html")
    asked: dict[str, dict[str, Any]] = {
        "text": {"width": printing.width()},
        "latex": {"document": out is not None},
        "html": {"slides": slides},
    }
    if chosen == "json" and len(workings) > 1:
        printing.print_json({"workings": [working.to_json() for working in workings]})
        return
    made = [
        render(working, chosen, to_terminal=out is None and sys.stdout.isatty(), **asked.get(chosen, {}))
        for working in workings
    ]
    if out is not None:
        from chainrule.files.atomic import replace_file

        body = made[0] if isinstance(made[0], bytes) else made[0].encode()
        replace_file(out, body)
        printing.say(f"The working is in {out}.")
        return
    if any(isinstance(each, bytes) for each in made):
        raise ConfigError(f"{chosen} is no text: give --out FILE")
    click.echo("\n\n".join(str(each).rstrip("\n") for each in made))
