"""Inference: which ways of rounding reproduce the answers on a sheet.

The family, simplest first: all digits carried and each answer rounded, or truncated, to the digits written;
every line printed by one rounding (round, truncate, significant, to 1…8 digits); all digits carried but for
one, two or three groups of lines, each with a rounding of its own. Only the simplest that fit are looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Literal

from chainrule.engines.pencil import printed
from chainrule.engines.rounding import (
    EXACT,
    Agreement,
    Kind,
    Policy,
    Rounding,
    agrees,
    digits_of,
    read_number,
)
from chainrule.working.calculation import as_decimal, roundings
from chainrule.working.marking.answers import Answer, RoundingFound
from chainrule.working.marking.formulas import as_plain, is_number
from chainrule.working.marking.tables import tables
from chainrule.working.program import Program, ScalarLine

__all__ = ["Fit", "Inference", "infer"]

Way = Literal["round", "truncate", "printed"]

NO_NUMBER = "no answer is a number, so there is no rounding to be told"
DIGITS = range(1, 9)
MOST_GROUPS = 3
MORE_ANSWERS = 2  # a table needs so many more answers than it has groups, or it would explain any slip
MOST_FITS = 12
NAMED = 8
TOLD = 3


@dataclass(frozen=True)
class Fit:
    """A way of rounding that reproduces every answer.

    policy: of the lines;  way: how an answer is cut to the digits written, "printed" if it is its line as printed
    """

    policy: Policy
    way: Way = "printed"

    @property
    def spec(self) -> str | dict[str, str]:
        """For JSON: a policy's own, and "answers" where they are truncated."""
        spec = self.policy.spec
        if self.way != "truncate":
            return spec
        return {**(spec if isinstance(spec, dict) else {"default": spec}), "answers": "truncate"}

    @property
    def written(self) -> str:
        """In words.

        >>> Fit(Policy(), "truncate").written
        'every answer is exact, truncated to its digits'
        """
        if not self.policy.per:
            if self.way == "printed":
                return self.policy.written
            return f"every answer is exact, {self.way.removesuffix('e')}ed to its digits"
        by_phrase: dict[str, list[str]] = {}
        for name, rounding in self.policy.per.items():
            by_phrase.setdefault(rounding.phrase, []).append(name)
        groups = [f"{_listed(names)} {phrase}" for phrase, names in by_phrase.items()]
        cut = "" if self.way == "printed" else f", answers {self.way.removesuffix('e')}ed to their digits"
        return f"{'; '.join(groups)}; every other line exact{cut}"


@dataclass(frozen=True)
class Inference:
    """What the digits of a sheet tell of how it was rounded.

    fits:       the ways that reproduce every answer, the simplest first; several where they cannot be told apart
    per_answer: name → how the exact value comes to be written so: exact, round, truncate, or none of them
    sentence:   the same in words
    """

    fits: tuple[Fit, ...]
    per_answer: Mapping[str, frozenset[Agreement]]
    sentence: str

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Those of the fits."""
        return tuple(dict.fromkeys(fit.policy for fit in self.fits))

    @property
    def found(self) -> RoundingFound:
        """As a marking tells it."""
        return RoundingFound(tuple(fit.spec for fit in self.fits), self.sentence, inferred=True)

    @property
    def of_right_answers(self) -> RoundingFound:
        """The same, where only the right answers of a sheet were asked."""
        return replace(self.found, sentence=f"judging by the right answers: {self.sentence}")


def infer(
    program: Program,
    answers: Sequence[Answer],
    *,
    by_group: bool = True,
    own: Policy | None = None,
    name: Callable[[str], str] | None = None,
) -> Inference:
    """Which ways of rounding reproduce all answers that are numbers.

    by_group: whether groups may have roundings of their own
    own:      the example's policy, tried before all others;  name: what it may call a quantity

    >>> from chainrule.working.marking.sheet import read_sheet
    >>> sheet = read_sheet("cap4453-practice")
    >>> print(infer(sheet.program, sheet.answers).fits[0].written)
    hidden activations, output and output slope truncated to 4 decimals; every other line exact,
    answers truncated to their digits
    """
    published = {
        answer.key: as_plain(answer.written)
        for answer in answers
        if answer.key in program.by_key and is_number(answer.written)
    }
    if not published:
        return Inference((), {}, NO_NUMBER)
    search = _Search(program, published)
    names = {answer.key: answer.name for answer in answers}
    per_answer = {names[key]: agrees(published[key], search.exact[key]) for key in published}
    fits = _distinct((*search.of(own, name), *search.simple())) or (
        _distinct(search.grouped()) if by_group else ()
    )
    return Inference(fits, per_answer, _sentence(fits, per_answer))


class _Search:
    """The family of roundings, tried on what was published.

    published: key → the digits written, in the order of the calculation
    """

    def __init__(self, program: Program, published: Mapping[str, str]) -> None:
        self.program = program
        self.lines = _upstream(program, published)
        self.published = {line.key: published[line.key] for line in self.lines if line.key in published}
        self.given = {key: as_decimal(value) for key, value in program.given.items()}

    @cached_property
    def exact(self) -> Mapping[str, Decimal]:
        """The values with all digits carried."""
        values = self.values(lambda key: EXACT)
        assert values is not None
        return values

    def values(
        self, rounding: Callable[[str], Rounding], fits: Callable[[str, Decimal], bool] | None = None
    ) -> Mapping[str, Decimal] | None:
        """What a pencil prints; None as soon as an answer does not fit."""
        values = dict(self.given)
        for line in self.lines:
            values[line.key] = printed(line.tree, values, rounding(line.key))
            if fits and line.key in self.published and not fits(line.key, values[line.key]):
                return None
        return values

    def of(
        self, policy: Policy | None, name: Callable[[str], str] | None
    ) -> Iterator[tuple[Fit, Mapping[str, Decimal]]]:
        """A policy, if it prints what was published."""
        if policy is not None:
            values = self.values(roundings(self.program, policy, name), self.is_printed)
            if values is not None:
                yield Fit(policy), values

    def simple(self) -> Iterator[tuple[Fit, Mapping[str, Decimal]]]:
        """Those that treat every line alike."""
        for way in ("round", "truncate"):
            if all(self.agrees(key, self.exact[key], way) for key in self.published):
                yield Fit(Policy(), way), self.exact
        if all("round" in agrees(text, self.exact[key], "half-even") for key, text in self.published.items()):
            yield Fit(Policy(Rounding(ties="half-even")), "round"), self.exact
        for rounding in _uniform():
            fit = Fit(Policy(rounding))
            if not all(_has_digits(text, rounding) for text in self.published.values()):
                continue
            values = self.values(lambda key, one=rounding: one, self.is_written)  # type: ignore[misc]
            if values is not None:
                yield fit, values

    def grouped(self) -> Iterator[tuple[Fit, Mapping[str, Decimal]]]:
        """Tables for groups of lines, as few groups as will do."""
        hard = [key for key, text in self.published.items() if not agrees(text, self.exact[key])]
        for many in range(1, MOST_GROUPS + 1):
            if len(self.published) < many + MORE_ANSWERS:
                return
            any_fits = False
            for table, way in tables(self.program, self.lines, self.published, hard, many):
                policy = Policy(EXACT, table)
                values = self.values(
                    roundings(self.program, policy),
                    lambda key, value, by=way: self.agrees(key, value, by),  # type: ignore[misc]
                )
                if values is not None:
                    any_fits = True
                    yield Fit(policy, way), values
            if any_fits:
                return

    def agrees(self, key: str, value: Decimal, way: Way) -> bool:
        """Whether a value, cut in this way to the digits written, is the answer."""
        return way in agrees(self.published[key], value)

    def is_printed(self, key: str, value: Decimal) -> bool:
        """Whether a value is the answer, or comes to it where a policy leaves all digits."""
        return self.is_written(key, value) or (
            value == self.exact[key] and bool(agrees(self.published[key], value))
        )

    def is_written(self, key: str, value: Decimal) -> bool:
        """Whether a value is the answer as it stands."""
        return read_number(self.published[key]) == value


def _uniform() -> Iterator[Rounding]:
    kinds: tuple[Kind, ...] = ("round", "truncate", "significant")
    yield from (Rounding(kind, digits) for digits in DIGITS for kind in kinds)
    yield from (
        Rounding(kind, digits, "half-even") for digits in DIGITS for kind in kinds if kind != "truncate"
    )


def _has_digits(written: str, rounding: Rounding) -> bool:
    """Whether no more digits are written than a rounding prints; zeros at the end may be left out."""
    if rounding.kind == "significant":
        return len(read_number(written).as_tuple().digits) <= rounding.digits
    return digits_of(written) <= rounding.digits


def _upstream(program: Program, keys: Iterable[str]) -> tuple[ScalarLine, ...]:
    """The lines that these are made from, themselves included."""
    needed = set(keys)
    for line in reversed(program.lines):
        if line.key in needed:
            needed.update(line.uses)
    return tuple(line for line in program if line.key in needed)


def _distinct(found: Iterable[tuple[Fit, Mapping[str, Decimal]]]) -> tuple[Fit, ...]:
    """The first of those that print the same numbers."""
    kept: dict[tuple[object, ...], Fit] = {}
    for fit, values in found:
        # Answers that are cut are alike only if they are cut in the same way.
        kept.setdefault((fit.way, *values.values()), fit)
        if len(kept) == MOST_FITS:
            break
    return tuple(kept.values())


# --- in words ---------------------------------------------------------------------------------------


def _sentence(fits: Sequence[Fit], per_answer: Mapping[str, frozenset[Agreement]]) -> str:
    if all("exact" in found for found in per_answer.values()):
        return "every answer is exact"
    if fits:
        several = len(fits) > 1
        told = "; or ".join(fit.written for fit in fits[:TOLD])
        if fits[0].policy.per:
            do = "several tables do, the simplest first" if several else "this table does"
            told = f"no uniform policy fits, but {do}: {told}"
        elif several:
            told = f"several policies fit, the simplest first: {told}"
        return told + (f"; and {len(fits) - TOLD} more" if len(fits) > TOLD else "")
    neither = [name for name, found in per_answer.items() if not found]
    others = [found for found in per_answer.values() if found]
    if not others:
        return f"no policy fits {_named(neither)}"
    for way, told in (("round", "rounded"), ("truncate", "truncated")):
        if neither and all(way in found for found in others):
            are = "answers are" if len(others) > 1 else "answer is"
            return f"no policy fits {_named(neither)}; the other {are} exact, {told} to the digits written"
    return f"no uniform policy fits: {_needs(per_answer)}"


def _needs(per_answer: Mapping[str, frozenset[Agreement]]) -> str:
    """What each answer needs: "w1 needs truncation, w2 rounding"."""
    groups = {
        "truncation": [n for n, found in per_answer.items() if "truncate" in found and "round" not in found],
        "rounding": [n for n, found in per_answer.items() if "round" in found and "truncate" not in found],
    }
    needing = {what: names for what, names in groups.items() if names}
    neither = [name for name, found in per_answer.items() if not found]
    parts = [f"{_named(names)} {what}" for what, names in needing.items()]
    if needing:
        first, names = next(iter(needing.items()))
        parts[0] = f"{_named(names)} need{'s' if len(names) == 1 else ''} {first}"
    if neither:
        parts.append(f"{_named(neither)} fit{'s' if len(neither) == 1 else ''} neither")
    long = any(len(names) > 1 for names in (*needing.values(), neither))
    return ("; " if long else ", ").join(parts) or "each answer would, but not with the others"


def _named(names: Sequence[str]) -> str:
    if len(names) <= NAMED:
        return _listed(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
