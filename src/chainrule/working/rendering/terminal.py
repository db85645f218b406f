"""A working for a terminal: the plain text, character for character, in colours."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

from chainrule.working.document import Working
from chainrule.working.rendering.text import Role, text_lines

if TYPE_CHECKING:
    from rich.text import Text

__all__ = ["coloured", "render_terminal"]

COLUMNS = 80
STYLES: dict[Role, str] = {
    "title": "bold",
    "phase": "bold cyan",
    "label": "dim",
    "told": "",
    "reason": "italic",
    "name": "bold",
    "relation": "dim",
    "formula": "",
    "numbers": "yellow",
    "result": "bold green",
}
RELATIONS = {"≈ ": "bold yellow", "← ": "bold magenta"}
"""The relations that say more than equality."""


def render_terminal(
    working: Working, *, width: int | None = None, reasons: bool = True, colours: bool | None = None
) -> str:
    """The text with a terminal's colours.

    width:   by default 80 columns, or the terminal's where it has fewer
    colours: by default where standard output is a terminal and NO_COLOR is not set
    """
    from rich.console import Console

    screen = Console()
    if width is None:
        width = min(COLUMNS, screen.width) if screen.is_terminal else COLUMNS
    if colours is None:
        colours = screen.is_terminal and not screen.no_color
    made = StringIO()
    console = Console(
        file=made,
        force_terminal=colours,
        color_system="standard" if colours else None,
        no_color=not colours,
        width=width,
        markup=False,
        highlight=False,
        emoji=False,
    )
    console.print(coloured(working, width=width, reasons=reasons), soft_wrap=True, end="")
    return made.getvalue()


def coloured(working: Working, *, width: int = 80, reasons: bool = True) -> Text:
    """The working as rich's text, for a console of that width."""
    from rich.text import Text

    lines = []
    for line in text_lines(working, width, reasons):
        made = Text()
        for text, role in line:
            made.append(text, RELATIONS.get(text, STYLES[role]) if role == "relation" else STYLES[role])
        made.rstrip()
        lines.append(made)
    return Text("\n").join(lines)
