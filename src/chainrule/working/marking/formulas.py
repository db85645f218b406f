"""Answers that are formulas: compared at random points, not by their look."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from chainrule.engines.rounding import read_number
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Expression, Symbol, substitute, symbols_in
from chainrule.formulas.writing import write
from chainrule.working.algebra import equal, parse_formula, simplified
from chainrule.working.marking.answers import Answer, Candidate, Marked
from chainrule.working.marking.slips import KINDS, Slip
from chainrule.working.program import Program

__all__ = ["as_plain", "is_number", "mark_formulas", "read_formula", "unfolded"]


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


def read_formula(program: Program, key: str, written: str, name: Callable[[str], str]) -> Expression:
    """A formula that answers a quantity, over keys.

    name: key → what formulas call it

    Raises InvalidInput or UnknownName for what cannot be read.
    """
    names = _names(program, key, name)
    return substitute(parse_formula(written, names), {text: Symbol(known) for text, known in names.items()})


def _is_right(program: Program, key: str, tree: Expression) -> bool:
    line = program.by_key[key]
    if key in symbols_in(tree):
        return False
    return equal(tree, line.tree) or equal(unfolded(program, tree), unfolded(program, line.tree))


def mark_formulas(
    program: Program,
    answers: Sequence[Answer],
    name: Callable[[str], str],
    slips: Callable[[], Sequence[Slip]],
    read: Callable[[Answer], Expression] | None = None,
) -> list[Marked]:
    """The answers that are formulas, in the order of the calculation, each with its verdict.

    slips: the catalogue, made when it is needed; read: in place of `read_formula`

    Raises InvalidInput, or UnknownName for a name in one, with the place that the answer comes from.
    """
    own: dict[str, tuple[Answer, Expression]] = {}
    found = []
    for answer in answers:
        try:
            tree = (
                read(answer) if read is not None else read_formula(program, answer.key, answer.written, name)
            )
            right = _is_right(program, answer.key, tree)
        except InvalidInput as error:
            place = f"{answer.where}: " if answer.where else ""
            raise type(error)(
                f'{place}the answer {answer.name} = "{answer.written}" is neither a number nor a formula: {error}'
            ) from None
        expected = write(program.by_key[answer.key].tree, "text", name)
        if right:
            found.append(Marked(answer, expected, "exact"))
            continue
        sources = _followed(program, answer.key, tree, own)
        if sources:
            found.append(Marked(answer, expected, "follow-through", sources))
        else:
            told = _candidates(program, answer.key, tree, slips(), name)
            found.append(Marked(answer, expected, "wrong", (), told, "differs at random points"))
        own[answer.key] = answer, tree
    return found


def _followed(
    program: Program, key: str, tree: Expression, own: Mapping[str, tuple[Answer, Expression]]
) -> tuple[str, ...]:
    """The names of the writer's own wrong formulas from which this one follows, none if it does not."""
    lines = program.by_key
    above = _upstream(program, key)
    known = [other for other in own if other in above]
    near = [other for other in known if other in lines[key].uses]

    def opened(formula: Expression, used: Sequence[str]) -> Expression:
        own_trees = {other: own[other][1] for other in used}
        while any(each in lines for each in symbols_in(formula)):
            put = {
                each: own_trees.get(each, lines[each].tree) for each in symbols_in(formula) if each in lines
            }
            formula = substitute(formula, put)
        return formula

    for used in (near, known):
        if used and equal(opened(tree, used), opened(lines[key].tree, used)):
            return tuple(own[other][0].name for other in used)
    return ()


def _upstream(program: Program, key: str) -> set[str]:
    waiting, found = list(program.by_key[key].uses), set[str]()
    while waiting:
        each = waiting.pop()
        if each in program.by_key and each not in found:
            found.add(each)
            waiting.extend(program.by_key[each].uses)
    return found


def _candidates(
    program: Program, key: str, tree: Expression, slips: Sequence[Slip], name: Callable[[str], str]
) -> tuple[Candidate, ...]:
    """The slips that make this formula of the right one."""
    line = program.by_key[key]
    found: dict[str, Candidate] = {}
    for slip in sorted(slips, key=lambda each: (each.spread, not each.usual, KINDS.index(each.kind))):
        change = slip.changes.get(key)
        if change is None or change.keep is not None or slip.where != key:
            continue
        changed = substitute(line.tree if change.whole is None else change.whole, change.put)
        changed = changed if change.scale == 1 else changed * change.scale
        same = equal(tree, changed) or (
            not set(symbols_in(tree)) <= set(symbols_in(changed))
            and equal(unfolded(program, tree), unfolded(program, changed))
        )
        if same:
            shown = write(simplified(changed), "text", name)
            found.setdefault(shown, Candidate(slip.sentence(name), slip.kind, name(key), shown, "exact"))
    return tuple(found.values())[:1]


def _names(program: Program, answered: str, name: Callable[[str], str]) -> Mapping[str, str]:
    """What quantities are called in formulas → their keys; of a name, the one that the answer is made from."""
    near = list(program.by_key[answered].uses)
    for key in near:
        line = program.by_key.get(key)
        near.extend(used for used in (line.uses if line is not None else ()) if used not in near)
    names: dict[str, str] = {}
    for key in (*near, *program.given, *program.by_key):
        for text in (name(key), key.partition("@")[0]):
            names.setdefault(text, key)
    return names
