"""Formulas that a sheet states of the catalogue's functions or of a unit, compared at random points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from chainrule.engines.rounding import Policy, Rounding
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.expression import Expression, Symbol, substitute
from chainrule.working.algebra import equal
from chainrule.working.calculation import with_pencil
from chainrule.working.marking.answers import Answer, Marked
from chainrule.working.marking.claims import Claim, told
from chainrule.working.marking.formulas import is_number, mark_formulas, read_formula
from chainrule.working.marking.marking import mark
from chainrule.working.marking.slips import slips_of
from chainrule.working.marking.subjects import Subject, Vectors, subject_of
from chainrule.working.marking.vectors import parse_with_vectors

__all__ = ["mark_formula_claims"]

SHOWN = 7
INSIDE = "{}, or inside x and w as the weight of a constant input 1: say which"


def mark_formula_claims(
    claims: Sequence[Claim], rounding: Policy | Literal["infer"] = "infer"
) -> list[Marked]:
    """The claims that are formulas, each with its verdict, in their order.

    A slope may follow from the function that the same sheet states. Raises ConfigError with the place.
    """
    groups: dict[str, list[tuple[Claim, Subject]]] = {}
    for claim in claims:
        try:
            subject = subject_of(
                claim.subject, [c.answer.written for c in claims if c.subject == claim.subject]
            )
        except InvalidInput as error:
            raise ConfigError(f"{claim.answer.where}: {error}") from None
        assert subject is not None
        groups.setdefault(subject.about, []).append((claim, subject))
    found: dict[int, Marked] = {}
    for group in groups.values():
        for (claim, _), marked in zip(group, _marked(group, rounding), strict=True):
            found[id(claim)] = marked
    return [found[id(claim)] for claim in claims]


def _marked(group: list[tuple[Claim, Subject]], rounding: Policy | Literal["infer"]) -> list[Marked]:
    """What is marked together: a function and its slope; in the order of the claims."""
    first = group[0][1]
    order = {line.key: place for place, line in enumerate(first.program)}
    answers = [replace(claim.answer, key=subject.key) for claim, subject in group]
    for (claim, _), answer in zip(group, answers, strict=True):
        if first.number and not is_number(answer.written):
            raise ConfigError(
                f'{claim.answer.where}: {claim.subject} is a number, not "{answer.written}": write one, or ask '
                f"for {claim.subject.partition('(')[0]}(z)"
            )
    if first.number:
        exact, shown = with_pencil(first.program), Rounding("exact", SHOWN)
        made = [
            replace(each, expected=shown.written(exact[each.answer.key])) if each.verdict == "wrong" else each
            for each in mark(first.program, answers, first, rounding).marked
        ]
    else:
        ordered = sorted(answers, key=lambda answer: order[answer.key])
        try:
            made = mark_formulas(
                first.program,
                ordered,
                lambda key: first.name(key).text,
                lambda: slips_of(first.program),
                lambda answer: _read(first, answer),
            )
        except InvalidInput as error:
            raise ConfigError(str(error)) from None
        made = [_with_mistaken(first, each) for each in made]
        made = [replace(each, expected=first.told or each.expected) for each in made]
    by_answer = {id(each.answer): each for each in made}
    return [
        _with_bias(replace(by_answer[id(a)], answer=c.answer))
        for (c, _), a in zip(group, answers, strict=True)
    ]


def _read(subject: Subject, answer: Answer) -> Expression:
    if subject.vectors is None:
        return read_formula(subject.program, answer.key, answer.written, lambda key: subject.name(key).text)
    names = {subject.name(key).text: key for key in (*subject.program.given, *subject.program.by_key)}
    return parse_with_vectors(answer.written, names, subject.vectors, of_a_sum=subject.of_a_sum)


def _with_mistaken(subject: Subject, marked: Marked) -> Marked:
    """The candidates where one vector, or its bias, may have been written for another."""
    if marked.verdict != "wrong" or subject.vectors is None or not subject.vectors.mistaken:
        return marked
    given, line = subject.program.given, subject.program.by_key[subject.key]
    written = _read(subject, marked.answer)
    entries = {name: keys for name, keys in subject.vectors.entries.items() if name in subject.vectors.learnt}
    single = {subject.name(key).text: (key,) for key in given}
    known = {**single, **entries}
    used = set(line.uses)
    found = []
    for name in subject.vectors.mistaken:
        if not used.issuperset(known[name]):
            continue
        for other in subject.vectors.mistaken[name]:
            put: dict[str, Expression] = {
                one: Symbol(two) for one, two in zip(known[name], known[other], strict=True)
            }
            if equal(written, substitute(line.tree, put)):
                found.append(told(_mistaken_told(subject.vectors, other, name), "another-vector"))
    return replace(marked, candidates=(*found, *marked.candidates)) if found else marked


def _mistaken_told(vectors: Vectors, used: str, meant: str) -> str:
    one, other = vectors.learnt[used], vectors.learnt[meant]
    what = "vector" if meant in vectors.entries else "bias"
    slip = f"{used} used for {meant}"
    if one == other:
        return f"{slip}, the {what} of another {one}"
    return f"{slip}: the {what} of a {other} is another than the {what} of a {one}, and is learnt beside it"


def _with_bias(marked: Marked) -> Marked:
    """A bias that is left out of a formula may be meant to be one of the weights."""
    told = tuple(
        replace(each, slip=INSIDE.format(each.slip)) if each.kind == "bias" else each
        for each in marked.candidates
    )
    return replace(marked, candidates=told)
