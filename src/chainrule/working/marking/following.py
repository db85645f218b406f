"""Follow-through: an answer worked out again from the values that its writer had found before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.working.marking.sweep import UNCHANGED, Sweep
from chainrule.working.marking.verdicts import Digits, Habit

__all__ = ["Followed", "follow", "nearest"]


@dataclass(frozen=True)
class Followed:
    """What an answer comes to from its writer's own values.

    value: unrounded; habit: how it is written as it was; sources: keys of the own values it comes from
    printed: whether it comes from the values as they are printed
    """

    value: float
    habit: Habit
    sources: tuple[str, ...]
    printed: bool = False


def nearest(sweep: Sweep, key: str, answered: Iterable[str]) -> tuple[str, ...]:
    """The answered lines that a line is made from, none of them behind another, in order."""
    known = set(answered)
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(sweep.uses[key])
    while waiting:
        used = waiting.pop()
        if used in seen or used not in sweep.uses:
            continue
        seen.add(used)
        if used in known:
            found.add(used)
        else:
            waiting.extend(sweep.uses[used])
    return tuple(sorted(found, key=sweep.order.__getitem__))


def follow(
    sweep: Sweep,
    key: str,
    written: Digits,
    own: Mapping[str, Digits],
    wrong: Sequence[str],
    habits: Sequence[Habit],
) -> Followed | None:
    """How an answer follows from the writer's own values, or None.

    own:    the other answers, by key; wrong: those of them that are not right in themselves
    habits: those allowed, the simplest first

    The printed values are tried first. People carry more digits than they write, so then the right ones
    are taken with all their digits, and a wrong one is anything that is written as it is.
    """
    before = sweep.upstream([key]) - {key}
    own = {other: digits for other, digits in own.items() if other in before}
    if not own:
        return None
    wrong = [other for other in wrong if other in own]
    printed = {other: digits.number for other, digits in own.items()}
    exact_or_wrong = {other: printed[other] for other in wrong}
    for stands in (printed, exact_or_wrong):
        if not stands:
            continue
        for habit in habits:
            raw = float(sweep.run([UNCHANGED], [key], habit.carry, stands)[key])
            if bool(habit.fits(raw, key, written)):
                return Followed(raw, habit, _sources(sweep, key, own, wrong), stands is printed)
    if wrong:
        return _within(sweep, key, written, own, wrong, habits, printed, exact_or_wrong)
    return None


def _sources(sweep: Sweep, key: str, own: Mapping[str, Digits], wrong: Sequence[str]) -> tuple[str, ...]:
    return nearest(sweep, key, wrong) if wrong else nearest(sweep, key, own)


def _within(
    sweep: Sweep,
    key: str,
    written: Digits,
    own: Mapping[str, Digits],
    wrong: Sequence[str],
    habits: Sequence[Habit],
    *choices: Mapping[str, float],
) -> Followed | None:
    """With each wrong value moved by as much as its last digit hides."""
    sources = nearest(sweep, key, wrong)
    for stands in choices:
        columns = 1 + 2 * len(sources)
        moved: dict[str, object] = dict(stands)
        for place, other in enumerate(sources):
            values = np.full(columns, stands[other])
            values[1 + 2 * place] += own[other].unit
            values[2 + 2 * place] -= own[other].unit
            moved[other] = values
        raw = np.broadcast_to(sweep.run([UNCHANGED] * columns, [key], None, moved)[key], (columns,))
        base = float(raw[0])
        spread = sum(
            max(abs(float(raw[1 + 2 * i]) - base), abs(float(raw[2 + 2 * i]) - base))
            for i in range(len(sources))
        )
        hidden = written.unit * (1 if any(habit.way == "truncate" for habit in habits) else 0.5)
        shown = not written.alone or bool(written.shows(base))
        if shown and abs(base - written.number) <= spread + hidden:
            return Followed(base, habits[0], sources)
    return None
