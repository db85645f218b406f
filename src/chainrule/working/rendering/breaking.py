"""Where a long formula is broken: before an operator, the outermost and loosest one that fills the line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["Piece", "broken", "columns", "filled"]

_OPERATOR = re.compile(r" (?=(?:[+\-·/]|if|else) )|(?<=,) ")
_RANK = {"+": 0, "-": 0, "if": 0, "else": 0, "·": 1, "/": 2}
_LEAST_FILLED = 0.4
_INSIDE = "  "


@dataclass(frozen=True)
class Piece:
    """A part of a formula that a line can start with.

    width: with the space after it; depth: of brackets where it starts; rank: of its operator, loosest first
    """

    source: str
    width: float
    depth: int
    rank: int


def filled(pieces: Sequence[Piece], room: float) -> list[list[Piece]]:
    """The pieces in lines no wider than `room`, unless a single piece is."""
    lines = []
    start, left = 0, sum(piece.width for piece in pieces)
    while left > room and len(pieces) - start > 1:
        end = _break(pieces, start, room)
        lines.append(list(pieces[start:end]))
        left -= sum(piece.width for piece in pieces[start:end])
        start = end
    return [*lines, list(pieces[start:])]


def _break(pieces: Sequence[Piece], start: int, room: float) -> int:
    """Where the line that begins with piece `start` ends."""
    width = pieces[start].width
    fitting = start + 1
    candidates = []
    for at in range(start + 1, len(pieces)):
        if width > room:
            break
        fitting = at
        if width >= _LEAST_FILLED * room:
            candidates.append(at)
        width += pieces[at].width
    return min(candidates, key=lambda at: (pieces[at].depth, pieces[at].rank, -at), default=fitting)


def broken(formula: str, room: int) -> list[str]:
    """A formula in plain text as lines of at most `room` columns; a number or a name is never broken.

    A line that starts inside brackets is set two columns in.

    >>> broken("0.5 · 0.7 + 0.3 · 0.4", 14)
    ['0.5 · 0.7', '+ 0.3 · 0.4']
    """
    if columns(formula) <= room:
        return [formula]
    lines = filled(_pieces(formula), room - len(_INSIDE) + 1)
    return [_INSIDE * (line[0].depth > 0) + " ".join(piece.source for piece in line) for line in lines]


def _pieces(formula: str) -> list[Piece]:
    found = []
    depth = start = 0
    for end in [*(matched.start() for matched in _OPERATOR.finditer(formula)), len(formula)]:
        source = formula[start:end].strip()
        rank = _RANK.get(source.split(" ", 1)[0], 3)
        found.append(Piece(source, columns(source) + 1, depth, rank))
        depth += sum(map(source.count, "([{")) - sum(map(source.count, ")]}"))
        start = end
    return found


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


@lru_cache(maxsize=1024)
def _columns_of(letter: str) -> int:
    return 0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
