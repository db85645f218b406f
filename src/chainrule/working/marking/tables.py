"""Tables of roundings for groups of lines, searched for those that may reproduce published answers.

A table gives one, two or three groups a rounding of their own. All its choices are tried at once, in float64
on one axis for each group; an answer that depends on some of the groups only is tried on those axes once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal

import numpy as np

from chainrule.engines.rounding import Rounding, digits_of, read_number
from chainrule.working.calculation import GROUPS
from chainrule.working.marking.sweep import Carry, Sweep
from chainrule.working.program import Program, ScalarLine

__all__ = ["tables"]

CHOICES = tuple(
    Rounding(kind, digits) for kind in ("round", "truncate", "significant") for digits in range(2, 9)
)
WAYS: tuple[Literal["round", "truncate"], ...] = ("round", "truncate")
MOST_TRIED = 60  # of those that float64 lets through

Groups = tuple[str, ...]
Table = dict[str, Rounding]


def tables(
    program: Program,
    lines: Sequence[ScalarLine],
    published: Mapping[str, str],
    hard: Collection[str],
    many: int,
) -> Iterator[tuple[Table, Literal["round", "truncate"]]]:
    """Tables of so many groups, and how answers are cut, that reproduce what was published; the simplest first.

    lines: those that the answers are made from, the answers included;  published: key → digits written
    hard:  the keys of those that are not right with all digits carried; they are tried first

    What is found may miss by a last digit of float64: work it out in decimals.
    """
    return iter(sorted(_Tables(program, lines, published, hard).of(many), key=_complexity)[:MOST_TRIED])


def _complexity(found: tuple[Table, str]) -> tuple[int, ...]:
    """Fewer different roundings are simpler, and such as the answers have; then fewer digits."""
    table, way = found
    kinds = {rounding.kind for rounding in table.values()} | {way}
    return (
        len(set(table.values())),
        len(table),
        len(kinds),
        sum(rounding.kind == "significant" for rounding in table.values()),
        sum(rounding.digits for rounding in table.values()),
        WAYS.index("round" if way == "round" else "truncate"),
    )


class _Tables:
    def __init__(
        self,
        program: Program,
        lines: Sequence[ScalarLine],
        published: Mapping[str, str],
        hard: Collection[str],
    ) -> None:
        self.sweep = Sweep(program)
        self.groups_of = {line.key: GROUPS[line.kind] for line in lines}
        self.published = published
        self.names = tuple(dict.fromkeys(name for names in self.groups_of.values() for name in names))
        self.above = {
            key: {name for each in self.sweep.upstream([key]) for name in self.groups_of[each]}
            for key in published
        }
        # What no table explains is found out the sooner, the fewer lines an answer is made of.
        self.order = sorted(published, key=lambda key: (key not in hard, len(self.sweep.upstream([key]))))
        self.tried: dict[tuple[str, Groups], Any] = {}

    def of(self, many: int) -> Iterator[tuple[Table, Literal["round", "truncate"]]]:
        """Every table of so many groups, none of which holds another."""
        for groups in combinations(self.names, many):
            if self.overlap(groups):
                continue
            fitting = self.fitting(groups)
            if fitting is None:
                continue
            for way, *places in np.argwhere(fitting):
                chosen = zip(groups, places, strict=True)
                yield (
                    {name: CHOICES[place] for group, place in chosen for name in self.parts(group)},
                    WAYS[way],
                )

    def parts(self, group: str) -> list[str]:
        """The most specific groups that make up a group."""
        return list(dict.fromkeys(names[0] for names in self.groups_of.values() if group in names))

    def overlap(self, groups: Groups) -> bool:
        """Whether a line belongs to two of the groups; then a simpler table says as much."""
        return any(sum(group in names for group in groups) > 1 for names in self.groups_of.values())

    def fitting(self, groups: Groups) -> Any:
        """For each way and each choice for the groups, whether all answers are reproduced; None if never."""
        alive = np.ones((2,) + (1,) * len(groups), bool)
        for key in self.order:
            mine = tuple(group for group in groups if group in self.above[key])
            fits = self.fits(key, mine)
            shape = (2, *(len(CHOICES) if group in mine else 1 for group in groups))
            alive = alive & fits.reshape(shape)
            if not alive.any():
                return None
        return np.broadcast_to(alive, (2,) + (len(CHOICES),) * len(groups))

    def fits(self, key: str, groups: Groups) -> Any:
        """The same for one answer and the groups that it depends on."""
        if (key, groups) not in self.tried:
            value = self.sweep.run([], [key], lambda each: self.carry(each, groups))[key]
            own = self.carry(key, groups)
            value = np.asarray(value if own is None else own(value), float)
            value = np.broadcast_to(value, (len(CHOICES),) * len(groups))
            self.tried[key, groups] = _as_written(value, self.published[key])
        return self.tried[key, groups]

    def carry(self, key: str, groups: Groups) -> Carry | None:
        """How a line is rounded: along the axis of its group."""
        names = self.groups_of[key]
        axis = next((axis for axis, group in enumerate(groups) if group in names), None)
        return None if axis is None else _KEEP[len(groups) - axis]


def _as_written(values: Any, written: str) -> Any:
    """Whether values come to be written so when they are rounded, and when they are truncated."""
    number, unit = float(read_number(written)), 10.0 ** -digits_of(written)
    slack = 1e-6 * unit + 1e-13 * abs(number)
    with np.errstate(all="ignore"):
        size, least = np.abs(values), abs(number)
        same_sign = (values * number >= 0) | (size <= slack)
        rounds = np.abs(values - number) <= unit / 2 + slack
        truncates = same_sign & (size >= least - slack) & (size < least + unit + slack)
    return np.stack([rounds, truncates])


def _keep(axes_below: int) -> Carry:
    """Rounding by every choice, along the axis that has so many axes from it to the last, itself included."""
    shape = (len(CHOICES),) + (1,) * (axes_below - 1)
    digits = np.array([float(choice.digits) for choice in CHOICES]).reshape(shape)
    more = np.array([0.0 if choice.kind == "truncate" else 0.5 for choice in CHOICES]).reshape(shape)
    significant = np.array([choice.kind == "significant" for choice in CHOICES]).reshape(shape)
    fixed = 10.0**-digits

    def keep(value: Any) -> Any:
        size = np.abs(value)
        exponent = np.floor(np.log10(np.where(size > 0, size, 1.0)))
        unit = np.where(significant, 10.0 ** (exponent - digits + 1), fixed)
        scaled = size / unit
        # A float that misses a tie by its own rounding is taken to be on it.
        return np.sign(value) * np.floor(scaled + more + 1e-9 * (1 + scaled * 1e-4)) * unit

    return keep


_KEEP = {axes: _keep(axes) for axes in (1, 2, 3)}
