"""Printing: tables, headings and facts by rich, JSON for scripts.

Colours only on a terminal, and not where NO_COLOR is set; piped output is plain and 80 columns wide.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

__all__ = [
    "console",
    "facts",
    "heading",
    "indented",
    "jsonable",
    "number",
    "print_json",
    "say",
    "table",
    "width",
]

COLUMNS = 80
MARGIN = GAP = 2


def console() -> Console:
    """A console on standard output that takes text as it is, without markup or highlighting."""
    from rich.console import Console

    made = Console(markup=False, highlight=False, emoji=False, soft_wrap=False)
    if not sys.stdout.isatty():
        made.width = COLUMNS
    return made


def width() -> int:
    """How many columns the output has."""
    return console().width


def say(shown: RenderableType = "") -> None:
    """Print text, wrapped between words, or anything that rich can render."""
    made = console()
    if made.is_terminal:
        made.print(shown)
        return
    with made.capture() as kept:
        made.print(shown)
    print("\n".join(line.rstrip() for line in kept.get().rstrip("\n").split("\n")))


def heading(title: str, after: str = "") -> None:
    """Print a title, and beside it what kind of thing it is."""
    from rich.text import Text

    say(Text.assemble((title, "bold"), (f"   {after}" if after else "", "dim")))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[int] = (), cut: int = -1
) -> None:
    """Print rows under headings; cells wrap to fit.

    right: the columns whose cells are aligned on the right
    cut: the column that is cut off with …, where the others stay whole and nothing wraps
    """
    from rich.table import Table

    aligned, listed = set(right), list(rows)
    made = Table(
        box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_header=any(headings)
    )
    if cut >= 0:
        listed = [_cut(row, cut, listed) for row in listed]
    for index, name in enumerate(headings):
        justify: Literal["left", "right"] = "right" if index in aligned else "left"
        made.add_column(name, justify=justify, no_wrap=cut >= 0, overflow="fold")
    for row in listed:
        made.add_row(*row)
    say(indented(made))


def _cut(row: Sequence[str], at: int, rows: Sequence[Sequence[str]]) -> list[str]:
    """The row with one cell made as short as the widest of the other columns demand."""
    others = sum(max(len(each[index]) for each in rows) + GAP for index in range(len(row)) if index != at)
    room = width() - MARGIN - others
    return [
        cell if index != at or len(cell) <= room else f"{cell[: room - 1]}…" for index, cell in enumerate(row)
    ]


def facts(pairs: Mapping[str, str]) -> None:
    """Print labels and, beside each, its text; the text wraps within its own column."""
    from rich.table import Table
    from rich.text import Text

    made = Table.grid(padding=(0, GAP, 0, 0))
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for label, text in pairs.items():
        made.add_row(Text(label, "dim"), text)
    say(indented(made))


def indented(shown: RenderableType) -> RenderableType:
    """The same, two columns to the right."""
    from rich.padding import Padding

    return Padding(shown, (0, 0, 0, MARGIN), expand=False)


def number(value: float, digits: int = 10) -> str:
    """A number as a person reads it, to that many significant digits.

    >>> number(0.1 + 0.2), number(-0.0), number(float("-inf")), number(float("nan"))
    ('0.3', '0', '-∞', 'not a number')
    """
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value + 0.0:.{digits}g}"


def print_json(value: Any) -> None:
    """Print one JSON object."""
    # Escapes are safe where the encoding of the output is narrower than Unicode.
    narrow = (sys.stdout.encoding or "ascii").lower().replace("-", "") not in ("utf8", "utf8sig")
    print(json.dumps(jsonable(value), indent=2, ensure_ascii=narrow, allow_nan=False))


def jsonable(value: Any) -> Any:
    """The value made of what JSON has: arrays become lists, infinities and NaN become null.

    >>> jsonable({"range": (0, float("inf"))})
    {'range': [0, None]}
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [jsonable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
