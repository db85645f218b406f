"""Answers that are formulas: compared at random points, not by their look."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from chainrule.engines.rounding import read_number
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Expression, Symbol, substitute, symbols_in
from chainrule.formulas.writing import write
from chainrule.working.algebra import equal_at_random_points, parse_formula
from chainrule.working.marking.answers import Answer, Marked
from chainrule.working.program import Program

__all__ = ["as_plain", "compare_formulas", "is_number", "mark_formula", "unfolded"]


def is_number(written: str) -> bool:
    """Whether an answer is written as a number."""
    try:
        read_number(as_plain(written))
    except InvalidInput:
        return False
    return True


def as_plain(written: str) -> str:
    """A number as `read_number` reads it: 1.2·10^-5, 1.2 × 10⁻⁵ or 1.2*10^(-5) as 1.2e-5; anything else as it is."""
    plain = written.strip().translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")).replace("−", "-")
    matched = re.fullmatch(r"([+-]?[\d.,]+)\s*[·×*x]\s*10\s*(?:\^|\*\*)?\s*[({]?\s*([+-]?\d+)\s*[)}]?", plain)
    return f"{matched[1]}e{matched[2]}" if matched else written.strip()


def unfolded(program: Program, tree: Expression) -> Expression:
    """A formula over what is given, every line that it uses written out."""
    lines = program.by_key
    while any(name in lines for name in symbols_in(tree)):
        tree = substitute(tree, {name: lines[name].tree for name in symbols_in(tree) if name in lines})
    return tree


def compare_formulas(program: Program, key: str, written: str, name: Callable[[str], str]) -> bool:
    """Whether a formula is right for a quantity, over what is given or over earlier quantities.

    name: key → what formulas call it

    Raises InvalidInput or UnknownName for what cannot be read.
    """
    names = _names(program, key, name)
    tree = substitute(parse_formula(written, names), {text: Symbol(known) for text, known in names.items()})
    line = program.by_key[key]
    if key in symbols_in(tree):
        return False
    return equal_at_random_points(tree, line.tree) or equal_at_random_points(
        unfolded(program, tree), unfolded(program, line.tree)
    )


def mark_formula(program: Program, answer: Answer, name: Callable[[str], str]) -> Marked:
    """An answer that is a formula, with its verdict.

    Raises InvalidInput, or UnknownName for a name in it, with the place that the answer comes from.
    """
    try:
        right = compare_formulas(program, answer.key, answer.written, name)
    except InvalidInput as error:
        place = f"{answer.where}: " if answer.where else ""
        raise type(error)(
            f'{place}the answer {answer.name} = "{answer.written}" is neither a number nor a formula: {error}'
        ) from None
    expected = write(program.by_key[answer.key].tree, "text", name)
    note = "" if right else "differs at random points"
    return Marked(answer, expected, "exact" if right else "wrong", note=note)


def _names(program: Program, answered: str, name: Callable[[str], str]) -> Mapping[str, str]:
    """What quantities are called in formulas → their keys; of a name, the one that the answer is made from."""
    near = [answered]
    for key in near:
        line = program.by_key.get(key)
        near.extend(used for used in (line.uses if line is not None else ()) if used not in near)
    names: dict[str, str] = {}
    for key in (*near, *program.given, *program.by_key):
        for text in (name(key), key.partition("@")[0]):
            names.setdefault(text, key)
    return names
