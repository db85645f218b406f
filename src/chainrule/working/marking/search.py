"""The search for slips: which of the catalogue's makes a wrong answer come out as it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.working.marking.slips import KINDS, Slip, slips_of
from chainrule.working.marking.sweep import UNCHANGED, Sweep
from chainrule.working.marking.verdicts import Digits, Habit
from chainrule.working.program import Program

__all__ = ["Explanation", "Question", "Search", "best_first"]

_PLACE = {kind: place for place, kind in enumerate(KINDS)}


@dataclass(frozen=True)
class Question:
    """An answered number: its key and the digits written."""

    key: str
    digits: Digits


@dataclass(frozen=True, eq=False)
class Explanation:
    """A slip that gives a wrong answer as it was written.

    values: what every answer of the sheet comes to with it, before rounding; explained: how many fit
    """

    slip: Slip
    habit: Habit
    at: int
    values: tuple[float, ...]
    explained: int
    rank: tuple[float, ...]

    @property
    def value(self) -> float:
        """What it makes of the wrong answer."""
        return self.values[self.at]


class Search:
    """The slips of one program, run against sheets."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.sweep = Sweep(program)

    @cached_property
    def slips(self) -> list[Slip]:
        """The whole catalogue for this program."""
        return slips_of(self.program)

    def clean(
        self, questions: Sequence[Question], habit: Habit, stands: Mapping[str, float] | None = None
    ) -> list[float]:
        """What the answers come to without a slip."""
        raw = self.sweep.run([UNCHANGED], [q.key for q in questions], habit.carry, stands)
        return [float(np.ravel(raw[q.key])[0]) for q in questions]

    def explain(
        self,
        questions: Sequence[Question],
        at: int,
        habits: Sequence[Habit],
        stands: Mapping[str, float] | None = None,
    ) -> list[Explanation]:
        """The slips that make answer `at` come out as written and leave those before it as they were.

        habits: tried one after the other; stands: own values that later lines are made from
        """
        upstream = self.sweep.upstream([questions[at].key])
        slips = [slip for slip in self.slips if not upstream.isdisjoint(slip.changes)]
        found: list[Explanation] = []
        runs: dict[int, dict[str, Any]] = {}
        for place, habit in enumerate(habits):
            # Habits that carry all digits differ only in how answers are printed: one run serves them.
            run = 0 if habit.rounding is None else 1 + place
            if run not in runs:
                changes = [UNCHANGED, *(slip.changes for slip in slips)]
                runs[run] = self.sweep.run(changes, [q.key for q in questions], habit.carry, stands)
            found.extend(self._fitting(questions, at, slips, habit, place, runs[run], stands is not None))
        return found

    def _fitting(
        self,
        questions: Sequence[Question],
        at: int,
        slips: Sequence[Slip],
        habit: Habit,
        place: int,
        raw: Mapping[str, Any],
        stood: bool,
    ) -> list[Explanation]:
        count = len(slips) + 1
        values = np.array([np.broadcast_to(np.asarray(raw[q.key], float), (count,)) for q in questions])
        fits = np.array([habit.fits(row, q.key, q.digits) for row, q in zip(values, questions, strict=True)])
        good = fits[at].copy()
        for before in range(at):
            with np.errstate(all="ignore"):
                same = np.abs(values[before] - values[before, 0]) <= 1e-12 * np.abs(values[before, 0])
            # With own values standing in, an earlier answer need only be untouched.
            good &= (fits[before] | same) if stood else fits[before]
        good[0] = False
        explained = fits.sum(axis=0)
        return [
            Explanation(
                slips[column - 1],
                habit,
                at,
                tuple(float(value) for value in values[:, column]),
                int(explained[column]),
                self._rank(slips[column - 1], questions[at].key, int(explained[column]), place),
            )
            for column in map(int, np.flatnonzero(good))
        ]

    def _rank(self, slip: Slip, key: str, explained: int, place: int) -> tuple[float, ...]:
        """The likelier, the smaller: explains more, is usual, is in this line itself, is common, is simple."""
        early = slip.kind == "rounded-too-early"
        return (
            -explained,
            not slip.usual,
            early,
            slip.spread == 2,
            key not in slip.changes,
            _PLACE[slip.kind],
            slip.spread,
            place,
        )


def best_first(explanations: Sequence[Explanation]) -> list[list[Explanation]]:
    """Explanations ranked, those that come to the same numbers together.

    What people hardly ever do is left out unless it explains more than any usual slip.
    """
    usual = max((e.explained for e in explanations if e.slip.usual), default=0)
    groups: dict[tuple[float, ...], list[Explanation]] = {}
    seen: dict[int, tuple[float, ...]] = {}
    for each in sorted(explanations, key=lambda e: e.rank):
        if not each.slip.usual and each.explained <= usual:
            continue
        if id(each.slip) in seen:
            continue
        same = tuple(float(f"{value:.9g}") for value in each.values)
        seen[id(each.slip)] = same
        groups.setdefault(same, []).append(each)
    # Of those that come to the same, the most usual speaks for all.
    return [
        sorted(group, key=lambda e: (not e.slip.usual, _PLACE[e.slip.kind], e.rank))
        for group in groups.values()
    ]
