"""Telling slips apart: how many mistakes would print the same new weight as another, or as the right one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from chainrule.engines.rounding import Rounding
from chainrule.working.calculation import Calculation
from chainrule.working.entries import Entry, quantity
from chainrule.working.marking.slips import Slip, slips_of
from chainrule.working.marking.sweep import UNCHANGED, Change, Sweep, rounder
from chainrule.working.program import Program

__all__ = ["Collisions", "Slips"]

USUAL = frozenset(
    (
        "sign",
        "factor-left-out",
        "learning-rate",
        "another-input",
        "another-weight",
        "transposed",
        "half",
        "bias",
        "slope-at-z",
        "updated-weight",
        "activation-left-out",
        "another-gradient",
    )
)
MOST_SLIPS = 800
TRIALS = 2  # sets of numbers without pattern by which slips that are the same in letters are found
ALIKE = 9  # digits to which such slips agree


@dataclass(frozen=True)
class Collisions:
    """How well the slips of an exercise can be told apart by the new weights they lead to.

    slips: kinds of mistake that differ, counted for each weight; alike: how many of them print what another
    does; right: how many print the right answer
    """

    slips: int = 0
    alike: int = 0
    right: int = 0

    @property
    def cost(self) -> int:
        """The lower the better."""
        return self.alike + 10 * self.right


class Slips:
    """The usual slips of a program, whatever its numbers are."""

    def __init__(self, program: Program) -> None:
        self.program = program
        derivation = program.derivation
        trained = set(derivation.gradients) if derivation else set()
        self.wanted = [
            line.key
            for line in program
            if line.kind == "updates"
            and isinstance(line.quantity, Entry)
            and line.quantity.symbol in trained
            and line.number == 1
        ]
        own = {key: self._own_lines(key) for key in self.wanted}
        lines = set().union(*own.values()) if own else set()
        found = [s for s in slips_of(program, lines) if s.kind in USUAL and s.spread == 0] if lines else []
        if len(found) > MOST_SLIPS:  # an even choice
            found = [found[len(found) * n // MOST_SLIPS] for n in range(MOST_SLIPS)]
        self.own = {
            key: [n for n, slip in enumerate(found, 1) if slip.where in lines] for key, lines in own.items()
        }
        self.changes: list[dict[str, Change]] = [dict(UNCHANGED), *(dict(s.changes) for s in found)]
        self.groups = self._different(found)

    def _own_lines(self, key: str) -> set[str]:
        """An update, the gradient in it, and the factors of that: slips before them show in other answers."""
        found = {key}
        for used in self.program.by_key[key].uses:
            line = self.program.by_key.get(used)
            if line is not None and line.phase in ("backpropagation", "update"):
                found.add(used)
                found.update(
                    each
                    for each in line.uses
                    if each in self.program.by_key and self.program.by_key[each].phase == "backpropagation"
                )
        return found

    def _different(self, found: Sequence[Slip]) -> dict[str, Any]:
        """For each new weight: a column for each slip that changes it, those alike in letters once."""
        if not found:
            return {}
        trials = []
        for trial in range(TRIALS):
            results = Sweep(_unpatterned(self.program, trial)).run(self.changes, self.wanted)
            trials.append({key: self._columns(results[key]) for key in self.wanted})
        groups = {}
        for key in self.wanted:
            seen: dict[tuple[str, ...], int] = {}
            for column in (0, *self.own[key]):
                values = [float(trial[key][column]) for trial in trials]
                if all(map(np.isfinite, values)):
                    seen.setdefault(tuple(f"{value:.{ALIKE}g}" for value in values), column)
            groups[key] = np.array(sorted(seen.values()))
        return groups

    def _columns(self, values: Any) -> Any:
        return np.broadcast_to(np.asarray(values, float), (len(self.changes),))

    def collisions(self, calculation: Calculation) -> Collisions:
        """How many print alike with the numbers of a calculation."""
        if not self.groups:
            return Collisions()
        program = calculation.program
        assert isinstance(program, Program)

        def carry(key: str) -> Any:
            return _keeper(calculation.rounding(key))

        results = Sweep(program).run(self.changes, self.wanted, carry)
        slips = alike = right = 0
        for key, columns in self.groups.items():
            rounding = calculation.rounding(key)
            shown = _keeper(rounding) or rounder("significant", rounding.digits)
            values = np.round(shown(self._columns(results[key])[columns]), 12)
            others = values[1:][np.isfinite(values[1:])]
            slips += len(others)
            same = others == values[0]
            right += int(same.sum())
            alike += len(others[~same]) - len(np.unique(others[~same]))
        return Collisions(slips, alike, right)


def _keeper(rounding: Rounding) -> Any:
    """How a line is rounded before it is used; one that compares is a truth value, which counts as 0 or 1."""
    if rounding.kind == "exact":
        return None
    keep = rounder(rounding.kind, rounding.digits)
    return lambda value: keep(np.asarray(value, float))


def _unpatterned(program: Program, trial: int) -> Program:
    """The program with numbers that have nothing to do with one another."""
    assert program.derivation is not None
    names = {"x", "y", *(p.name for p in program.derivation.network.parameters)}
    given = {}
    for key, value in program.given.items():
        found = quantity(key)
        free = isinstance(found, Entry) and found.symbol in names
        # Seeded by the place: an input is the same in every pass.
        given[key] = Random(f"{trial} {found.place}").uniform(0.2, 0.9) if free else value  # type: ignore[union-attr]
    return replace(program, given=given)
