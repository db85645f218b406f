"""A sheet with its marking: what was earned, and how it was rounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from chainrule.engines.rounding import Policy, Rounding, agrees, read_number
from chainrule.errors import ConfigError
from chainrule.working.calculation import with_pencil
from chainrule.working.marking.again import mark_again
from chainrule.working.marking.answers import Marked, Marking, RoundingFound
from chainrule.working.marking.claims import Claim
from chainrule.working.marking.formula_claims import mark_formula_claims
from chainrule.working.marking.formulas import as_plain, is_number
from chainrule.working.marking.inference import NO_NUMBER, infer
from chainrule.working.marking.letters import mark_letter
from chainrule.working.marking.marking import mark
from chainrule.working.marking.ranges import mark_range
from chainrule.working.marking.shapes import Shapes, mark_count, mark_shape
from chainrule.working.marking.sheet import Sheet

__all__ = ["Result", "mark_sheet"]

SHOWN, MOST_SHOWN = 7, 15
FAR_OFF = Decimal("0.01")


@dataclass(frozen=True, eq=False)
class Result:
    """A marked sheet.

    follow_through: the part of its marks that an answer earns which is right from the student's earlier values
    """

    sheet: Sheet
    marking: Marking
    follow_through: float = 1.0

    def marks_of(self, marked: Marked) -> float:
        """What an answer earns."""
        if marked.hollow:
            return 0.0
        part = {"wrong": 0.0, "follow-through": self.follow_through}.get(marked.verdict, 1.0)
        return marked.answer.weight * part

    @property
    def earned(self) -> float:
        """The marks in all."""
        return sum(map(self.marks_of, self.marking.marked))

    @property
    def out_of(self) -> float:
        """What could have been earned."""
        return sum(marked.answer.weight for marked in self.marking.marked)

    @property
    def wrong(self) -> list[Marked]:
        """The wrong answers, the first of the calculation before the others."""
        found = [marked for marked in self.marking.marked if marked.verdict == "wrong"]
        return sorted(found, key=lambda marked: marked.answer.name != self.marking.first_wrong)

    def expected(self, marked: Marked) -> str:
        """The right value as a reader is told it: as a stated rounding prints it, or else with its digits."""
        value = self.exact.get(marked.answer.key)
        if value is None or not self.marking.rounding.inferred:
            return marked.expected
        written = read_number(as_plain(marked.answer.written))
        digits = min(max(SHOWN, len(written.as_tuple().digits)), MOST_SHOWN)
        return Rounding("exact", digits).written(value)

    def far_off(self) -> Iterator[tuple[str, Decimal]]:
        """Answers that earn marks and are yet more than 1 % off the exact value, with how far."""
        # From a wrong answer on, what follows is off for another reason.
        earning = ("rounded",) if self.wrong else ("rounded", "follow-through")
        for marked in self.marking.marked:
            value = self.exact.get(marked.answer.key)
            if not value or not marked.answer.key or marked.verdict not in earning:
                continue
            plain = as_plain(marked.answer.written)
            off = abs(read_number(plain) / value - 1)
            if off > FAR_OFF and not agrees(plain, value):
                yield marked.answer.name, off

    @cached_property
    def exact(self) -> dict[str, Decimal]:
        """The exact values of the numbers that are answered."""
        if not self.sheet.answers:
            return {}
        values = with_pencil(self.sheet.program).values
        return {answer.key: values[answer.key] for answer in self.sheet.answers if is_number(answer.written)}


def mark_sheet(sheet: Sheet, follow_through: float = 1.0) -> Result:
    """Mark a sheet; where its rounding is not stated, find it out from the digits written.

    >>> from chainrule.working.marking.sheet import read_sheet
    >>> result = mark_sheet(read_sheet("unit"))
    >>> result.earned, result.out_of
    (2.0, 2.0)
    """
    numbers = _mark_answers(sheet, follow_through) if sheet.answers else _nothing(sheet)
    claimed = mark_claims(sheet, numbers)
    if not claimed:
        return Result(sheet, numbers, follow_through)
    wrong = [each.answer.name for each in claimed if each.verdict == "wrong"]
    marking = replace(
        numbers,
        marked=(*numbers.marked, *claimed),
        first_wrong=numbers.first_wrong or next(iter(wrong), None),
        marks=numbers.marks + sum(each.answer.weight for each in claimed if each.earns),
        out_of=numbers.out_of + sum(each.answer.weight for each in claimed),
    )
    return Result(sheet, marking, follow_through)


def mark_claims(sheet: Sheet, numbers: Marking) -> list[Marked]:
    """The claims of a sheet, in their order; numbers: its answers, marked.

    Raises ConfigError with the place for what cannot be read.
    """
    formulas = [claim for claim in sheet.claims if claim.kind == "formulas"]
    marked = dict(zip(map(id, formulas), mark_formula_claims(formulas, sheet.rounding), strict=True))
    for claim in sheet.claims:
        match claim.kind:
            case "ranges":
                marked[id(claim)] = mark_range(claim)
            case "letters":
                marked[id(claim)] = mark_letter(claim, sheet.example)
            case "again":
                exact = Result(sheet, numbers).exact
                marked[id(claim)] = mark_again(claim, sheet.example, numbers.marked, exact)
            case "shapes" | "counts":
                mark_one = mark_shape if claim.kind == "shapes" else mark_count
                marked[id(claim)] = mark_one(claim, _shapes(sheet, claim))
    return [marked[id(claim)] for claim in sheet.claims]


def _shapes(sheet: Sheet, claim: Claim) -> Shapes:
    example = sheet.example
    if example is None or example.derivation is None:
        raise ConfigError(
            f"{claim.answer.where}: {claim.answer.name} asks for a network, and the example has formulas only: "
            "leave it out, or name another example"
        )
    sizes = example.program.sizes
    samples = sizes.samples if sizes is not None else 1
    return Shapes(example.derivation, samples, example.stated.notation.columns)


def _nothing(sheet: Sheet) -> Marking:
    """The marking of a sheet without answers to quantities."""
    return Marking((), None, RoundingFound((), NO_NUMBER), 0, 0)


def _mark_answers(sheet: Sheet, follow_through: float) -> Marking:
    program, namer = sheet.program, sheet.namer
    if sheet.rounding != "infer":
        return mark(program, sheet.answers, namer, sheet.rounding)
    own, name = _own_policy(sheet), lambda key: namer.name(key).text
    uniform = infer(program, sheet.answers, by_group=False, own=own, name=name)
    known = tuple(dict.fromkeys((*((own,) if own else ()), *uniform.policies)))
    marking = mark(program, sheet.answers, namer, "infer", known)
    unexplained = any(
        each.verdict == "wrong" and not each.candidates and is_number(each.answer.written)
        for each in marking.marked
    )
    if marking.is_right or unexplained or uniform.fits:
        whole = uniform if uniform.fits else infer(program, sheet.answers)
        if whole.fits:
            order = {line.key: place for place, line in enumerate(program)}
            marking = _right_by_policy(marking, order)
        if marking.is_right:
            return replace(marking, rounding=whole.found)
    right = [
        m.answer for m in marking.marked if m.verdict in ("exact", "rounded") and is_number(m.answer.written)
    ]
    if right:
        marking = replace(
            marking, rounding=infer(program, right, by_group=False, own=own, name=name).of_right_answers
        )
    return marking


def _own_policy(sheet: Sheet) -> Policy | None:
    """The rounding that the sheet's example is worked in, if it has one."""
    assert sheet.example is not None
    policy = sheet.example.stated.policy
    rounded = any(each.kind != "exact" for each in (policy.default, *policy.per.values()))
    return policy if rounded else None


def _right_by_policy(marking: Marking, order: Mapping[str, int]) -> Marking:
    """The marking where a policy that was found gives every number as it was written."""
    if marking.is_right:
        return marking
    marked = tuple(
        replace(
            each,
            expected=each.answer.written,
            verdict="rounded",
            from_=(),
            candidates=(),
            note="",
            hollow=False,
        )
        if each.verdict in ("wrong", "follow-through") and is_number(each.answer.written) and not each.refused
        else each
        for each in marking.marked
    )
    wrong = [each.answer for each in marked if each.verdict == "wrong"]
    first = min(wrong, key=lambda answer: order[answer.key], default=None)
    earned = sum(each.answer.weight for each in marked if each.earns)
    return replace(
        marking, marked=marked, first_wrong=first.name if first is not None else None, marks=earned
    )
