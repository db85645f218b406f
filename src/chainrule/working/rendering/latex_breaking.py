"""LaTeX formulas fitted to a page: how wide they print, roughly, and where they are broken.

Only what `chainrule.formulas.writing`, the vocabulary and the notations write has to be understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.working.rendering.breaking import Piece, filled

__all__ = ["broken_latex", "printed_width"]

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[^\\]", re.DOTALL)
_BREAK = re.compile(r" (?=(?:[+\-/]|\\cdot) )|(?<=,) ")
_RANK = {"+": 0, "-": 0, r"\cdot": 1, "/": 2}
_FRACTION = re.compile(r"\\frac(?=\{)")
# Widths in points at a size of 10 points.
_WIDTHS = {
    r"\cdot": 7.2, r"\times": 12, r"\geq": 13, r"\leq": 13, r"\left": 0, r"\right": 0,
    r"\exp": 16, r"\ln": 9, r"\max": 18, r"\min": 16, r"\tanh": 22, r"\cos": 15, r"\log": 14, r"\partial": 5.8,
    r"\sum": 12, r"\sqrt": 9, r"\,": 1.7, r"\textstyle": 0, r"\lfloor": 4.4, r"\rfloor": 4.4, r"\infty": 10,
    " ": 0, ".": 2.8, ",": 4.4, "(": 3.9, ")": 3.9, "[": 2.8, "]": 2.8, "|": 2.8, "+": 12, "-": 9, "=": 13,
    ">": 13, "<": 13, "/": 5, "^": 0, "_": 0, "{": 0, "}": 0, "&": 10,
}  # fmt: skip
_LETTER = 5.5
_WORDS = (r"\mathrm", r"\operatorname", r"\text", r"\mathsf", r"\hat", r"\begin", r"\end")


def broken_latex(formula: str, room: float) -> list[str]:
    r"""A formula as lines that print no wider than `room` points, where its operators let it.

    A fraction that is wider is written with a solidus. If a line breaks inside brackets, they do not stretch.

    >>> broken_latex(r"0.5 \cdot 0.7 + 0.3 \cdot 0.4", 50)
    ['0.5 \\cdot 0.7', '+ 0.3 \\cdot 0.4']
    """
    if printed_width(formula) <= room:
        return [formula]
    pieces = list(_pieces(_flattened(formula, room)))
    lines = filled(pieces, room)
    written = [" ".join(piece.source for piece in line) for line in lines]
    if any(line[0].depth for line in lines):
        # \left and its \right must stand on the same line.
        written = [re.sub(r"\\(left|right)(?=[(|)])", "", line) for line in written]
    return written


def _flattened(formula: str, room: float) -> str:
    """The formula with a/b for every fraction that is too wide."""
    kept, at = [], 0
    while (matched := _FRACTION.search(formula, at)) is not None:
        above, after = _group(formula, matched.end())
        below, end = _group(formula, after)
        fraction = formula[matched.start() : end]
        if printed_width(fraction) > room:
            above = _bracketed(_flattened(above, room))
            below = _bracketed(_flattened(below, room), product=True)
            fraction = f"{above} / {below}"
        kept += [formula[at : matched.start()], fraction]
        at = end
    return "".join([*kept, formula[at:]])


def _bracketed(formula: str, *, product: bool = False) -> str:
    ranks = [piece.rank for piece in _pieces(formula)][1:]
    depths = [piece.depth for piece in _pieces(formula)][1:]
    loose = any(
        not depth and rank <= (2 if product else 0) for depth, rank in zip(depths, ranks, strict=True)
    )
    return rf"\left({formula}\right)" if loose or formula.startswith("-") else formula


def _pieces(formula: str) -> Iterator[Piece]:
    """The formula cut before its operators, except inside braces and environments."""
    start = depth = 0
    for end in [*(at.start() for at in _BREAK.finditer(formula)), len(formula)]:
        source = formula[start:end]
        if source.count("{") != source.count("}") or source.count(r"\begin") != source.count(r"\end"):
            continue
        source = source.strip()
        yield Piece(source, printed_width(source), depth, _RANK.get(source.split(" ", 1)[0], 3))
        bare = _without_groups(source)
        depth += sum(map(bare.count, "([")) - sum(map(bare.count, ")]"))
        start = end


def _without_groups(source: str) -> str:
    """What stands outside braces."""
    level, kept = 0, []
    for letter in source:
        level += (letter == "{") - (letter == "}")
        kept.append(letter if not level else "")
    return "".join(kept)


def _group(formula: str, start: int) -> tuple[str, int]:
    """The contents of the braces that open at `start`, and where they end."""
    level = 0
    for at in range(start, len(formula)):
        level += (formula[at] == "{") - (formula[at] == "}")
        if not level:
            return formula[start + 1 : at], at + 1
    return formula[start + 1 :], len(formula)


def printed_width(formula: str) -> float:
    """How wide a formula prints at a size of 10 points, in points; a rough guess."""
    total, at = 0.0, 0
    while at < len(formula):
        matched = _TOKEN.match(formula, at)
        assert matched is not None
        token, at = matched[0], matched.end()
        if token == r"\frac":
            above, at = _group(formula, at)
            below, at = _group(formula, at)
            total += 2.4 + max(printed_width(above), printed_width(below))
        elif token == r"\begin" and formula.startswith("{cases}", at):
            end = formula.index(r"\end{cases}", at)
            total += 10 + max(map(printed_width, formula[at + 7 : end].split(r"\\")))
            at = end + len(r"\end{cases}")
        elif token in "^_" and formula.startswith("{", at):
            script, at = _group(formula, at)
            total += 0.7 * printed_width(script)
        elif token not in _WORDS:
            total += _WIDTHS.get(token, _LETTER)
    return total
