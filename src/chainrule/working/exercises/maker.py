"""Making exercises: numbers are drawn from the seed until they are good ones to calculate with by hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from chainrule.errors import ConfigError, unknown
from chainrule.working.calculation import GROUPS, Calculation, names_of, with_pencil
from chainrule.working.exercises.numbers import (
    LARGEST,
    Faults,
    drawn,
    faults_of,
    filled,
    parameter_gradients,
    template,
)
from chainrule.working.exercises.plan import Plan
from chainrule.working.exercises.telling import Collisions, Slips
from chainrule.working.names.naming import Namer
from chainrule.working.program import Program

__all__ = ["DRAWS", "Exercise", "Maker"]

DRAWS = 60
ENOUGH = 5  # candidates without a fault that are compared by how well slips can be told apart
MOST_LINES = 1_500
TRIALS = 6


@dataclass(frozen=True, eq=False)
class Exercise:
    """An exercise with its numbers, worked by the pencil under its rounding.

    seed:   what the numbers were drawn from; values: x, y and the parameters by name
    faults: what could not be avoided; collisions: how well slips can be told apart (None if not looked at)
    draws:  how many sets of numbers were looked at
    """

    plan: Plan
    seed: int
    values: dict[str, Any]
    calculation: Calculation
    namer: Namer
    faults: Faults
    collisions: Collisions | None
    draws: int

    @property
    def program(self) -> Program:
        """Its scalar lines."""
        program = self.calculation.program
        assert isinstance(program, Program)
        return program


@dataclass(frozen=True, eq=False)
class _Candidate:
    values: dict[str, Any]
    calculation: Calculation
    faults: Faults


class Maker:
    """Makes the exercises of one plan.

    >>> from chainrule.working.exercises.plan import plan_of
    >>> made = Maker(plan_of("2,2,1", rounding="round:3")).exercise(7)
    >>> made.calculation.written("z1[1,1]@1")
    '0.190'
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.template = template(plan)
        if len(self.template.lines) > MOST_LINES:
            raise ConfigError(
                f"worked by hand, this exercise has {len(self.template.lines):,} lines: "
                "take fewer units, samples or passes"
            )

        self.check_rounding()

    def check_rounding(self) -> None:
        """Refuse a rounding of something that is not there. Raises UnknownName."""
        groups = {group for names in GROUPS.values() for group in names}
        wanted = set(self.plan.rounding.per) - groups
        if wanted:
            called = {
                name
                for line in self.template
                for name in names_of(line, lambda key: self.names.name(key).text)
            }
            for name in sorted(wanted - called):
                raise unknown("quantity to round", name, groups, also=called)

    @cached_property
    def slips(self) -> Slips:
        """The usual slips, found once for all seeds."""
        return Slips(self.template)

    @cached_property
    def outcomes(self) -> int:
        """How many numbers there are that should not be 0 most of the time."""
        found = len(parameter_gradients(self.template))
        return found or sum(line.kind in ("activations", "output") for line in self.template)

    @cached_property
    def always_zero(self) -> frozenset[str]:
        """The gradients that are 0 whatever the numbers are."""
        zeros: set[str] | None = None
        for trial in range(TRIALS):
            values = drawn(self.plan, Random(f"zeros {trial}"))
            calculation = with_pencil(filled(self.template, values), self.plan.rounding)
            found = {
                line.key
                for line in parameter_gradients(self.template)
                if not calculation.values[line.key] and not calculation.values[line.key].is_nan()
            }
            zeros = found if zeros is None else zeros & found
        return frozenset(zeros or ())

    def exercise(self, seed: int, *, tell_apart: bool = True, most: int = DRAWS) -> Exercise:
        """The exercise of a seed, the same on every machine.

        tell_apart: prefer numbers with which different slips lead to different answers
        most:       how many sets of numbers are looked at

        Raises ConfigError where no numbers are found that can be worked with.
        """
        random = Random(f"{self.plan.label} #{seed}")
        # Now and then zeros are part of the exercise: an input of 0, units that are inactive.
        with_zeros = random.random() < 0.2
        candidates: list[_Candidate] = []
        good = draws = 0
        for draws in range(1, most + 1):  # noqa: B007
            candidate = self.candidate(random, with_zeros)
            if candidate.faults.impossible:
                continue
            candidates.append(candidate)
            good += self.cost(candidate, with_zeros) == 0
            if good == (ENOUGH if tell_apart else 1):
                break
        if not candidates:
            raise ConfigError(
                f"no numbers were found that can be worked with by hand: with {self.plan.rounding.written}, "
                f"some result is infinite or above {LARGEST}: take another rounding, such as significant:4"
            )
        candidates.sort(key=lambda each: self.cost(each, with_zeros))
        best, collisions = self.best(candidates[:ENOUGH], with_zeros) if tell_apart else (candidates[0], None)
        return Exercise(
            self.plan, seed, best.values, best.calculation, self.names, best.faults, collisions, draws
        )

    def candidate(self, random: Random, with_zeros: bool) -> _Candidate:
        """The next numbers of a seed, worked."""
        values = drawn(self.plan, random, a_zero=with_zeros and random.random() < 0.5)
        calculation = self.worked(values)
        return _Candidate(values, calculation, faults_of(calculation, self.plan.activations))

    def worked(self, values: dict[str, Any]) -> Calculation:
        """The template with these numbers, by the pencil."""
        program = filled(self.template, values)
        name = (lambda key: self.names.name(key).text) if self.plan.rounding.per else None
        return with_pencil(program, self.plan.rounding, name)

    @cached_property
    def names(self) -> Namer:
        """The names of the quantities."""
        return Namer(self.plan.notation, self.template)

    def cost(self, candidate: _Candidate, with_zeros: bool) -> int:
        """How far numbers are from what is wanted."""
        faults = candidate.faults
        cost = faults.cost
        if self.plan.saturated:
            cost -= 100 * len(faults.saturated)
            cost += 0 if faults.saturated else 1000
        zeros = set(faults.zeros) - self.always_zero
        gradients = self.outcomes - len(self.always_zero)
        if with_zeros:
            # Some, but not most of them.
            cost += 15 if gradients and not zeros else 0
            cost += 200 if 2 * len(zeros) > gradients else 0
        else:
            cost += 10 * len(zeros)
        return cost

    def best(
        self, candidates: Sequence[_Candidate], with_zeros: bool
    ) -> tuple[_Candidate, Collisions | None]:
        """The candidate whose slips can be told apart best, of those with the fewest faults."""
        least = self.cost(candidates[0], with_zeros)
        seen: list[tuple[int, _Candidate, Collisions]] = []
        for candidate in candidates:
            if self.cost(candidate, with_zeros) > least:
                break
            collisions = self.slips.collisions(candidate.calculation)
            seen.append((collisions.cost, candidate, collisions))
            if collisions.cost == 0:
                break
        _, chosen, found = min(seen, key=lambda each: each[0])
        return chosen, found


def exercises(plan: Plan, seed: int, count: int) -> Iterator[Exercise]:
    """The exercises of `count` seeds from `seed` on."""
    maker = Maker(plan)
    for number in range(seed, seed + count):
        yield maker.exercise(number)
