"""Whether a number is what somebody wrote: the digits written, and the habits of rounding they may come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

import numpy as np

from chainrule.engines.rounding import Policy, Rounding, read_number
from chainrule.working.calculation import roundings
from chainrule.working.marking.sweep import Carry, rounder
from chainrule.working.program import Program

__all__ = ["Digits", "Habit", "as_written", "habits_of", "stated_habits"]

NOTHING = 1e-12
ALMOST = 0.95  # from here on a number is 1 to one significant digit
MOST_GUESSED = 8
MOST_DECIMALS = 15  # float64 has no more


@dataclass(frozen=True)
class Digits:
    """A number as written: its value and its last place.

    alone: no other answer shows that its writer keeps so many decimals, so a digit of the value has to be there
    slack: for arithmetic such as 2*(0.6457-1), how far the rounding of its numbers moves it; None for a number

    >>> Digits.read("0.7010")
    Digits(value=Decimal('0.7010'), decimals=4, significant=4, alone=False, slack=None)
    """

    value: Decimal
    decimals: int
    significant: int
    alone: bool = False
    slack: float | None = None

    @classmethod
    def read(cls, written: str) -> Digits:
        """Raises InvalidInput for what is no number."""
        value = read_number(written)
        exponent = value.as_tuple().exponent
        assert isinstance(exponent, int)
        significant = max(1, value.adjusted() - exponent + 1) if value else 1
        return cls(value, -exponent, significant)

    @property
    def number(self) -> float:
        """In float64."""
        return float(self.value)

    @property
    def unit(self) -> float:
        """One of the last place written."""
        return float(f"1e{-self.decimals}")

    def shows(self, values: Any) -> Any:
        """Whether there is at least one significant digit of a value (or of each) in what is written."""
        size = np.abs(np.asarray(values, float))
        return size <= NOTHING if not self.value else size >= ALMOST * self.unit


@dataclass(frozen=True, eq=False)
class Habit:
    """A way of rounding that a whole sheet may have been written in.

    label:  as candidates name it: "rounded", "truncated" or a policy's spec
    way:    how answers are printed, where no policy says so;  digits: to how many, None as written
    policy: how every line is rounded before it is used; None if all digits are carried
    rounding: the same by key;  printed: how an answer is printed at least, where a policy is stated
    """

    label: str
    way: Literal["round", "truncate", "significant"] = "round"
    digits: int | None = None
    policy: Policy | None = None
    rounding: Callable[[str], Rounding] | None = None
    printed: Callable[[str], Rounding] | None = None

    def carry(self, key: str) -> Carry | None:
        """How a line is rounded before later lines use it."""
        return None if self.rounding is None else _keeper(self.rounding(key))

    def fits(self, values: Any, key: str, written: Digits) -> Any:
        """Whether values come to be written with these digits: a bool, or one for each."""
        number, found = written.number, np.asarray(values, float)
        if np.isinf(number):
            return np.zeros_like(found, dtype=bool)
        with np.errstate(all="ignore"):
            if written.slack is not None:
                return np.abs(found - number) <= max(written.slack, 1e-9 * abs(number))
            kept = self._keeper(key, written)(found)
            fitting = np.abs(kept - number) <= 1e-6 * written.unit + 1e-13 * abs(number)
            if self.way == "round" and self.rounding is None and self.printed is None:
                # Where nothing says how ties go, both ways are rounding.
                unit = written.unit if self.digits is None else 10.0**-self.digits
                fitting = fitting | (np.abs(np.abs(found - number) - unit / 2) <= 1e-6 * unit)
            if written.alone or written.decimals <= 0:
                fitting = fitting & written.shows(found)
            return fitting

    def _keeper(self, key: str, written: Digits) -> Carry:
        """How an answer is printed."""
        if self.rounding is not None and self.rounding(key).kind != "exact":
            keep = _keeper(self.rounding(key))
            assert keep is not None
            return keep
        if self.printed is not None and self.printed(key).kind != "exact":
            stated = self.printed(key)
            there = written.significant if stated.kind == "significant" else written.decimals
            return rounder(stated.kind, max(stated.digits, there), stated.ties)
        return rounder(self.way, written.decimals if self.digits is None else self.digits)


def _keeper(rounding: Rounding) -> Carry | None:
    return None if rounding.kind == "exact" else rounder(rounding.kind, rounding.digits, rounding.ties)


ROUNDED = Habit("rounded", "round")
TRUNCATED = Habit("truncated", "truncate")


def as_written() -> tuple[Habit, Habit]:
    """All digits carried, the answer rounded or truncated to the digits written."""
    return ROUNDED, TRUNCATED


def habits_of(
    program: Program, written: Sequence[Digits], policies: Sequence[Policy], name: Callable[[str], str]
) -> list[Habit]:
    """The uniform habits that a sheet's digits suggest, the simplest first.

    policies: those that inference finds to reproduce the sheet
    """
    decimals = max(digits.decimals for digits in written)
    significant = max(digits.significant for digits in written)
    found: list[Habit] = []
    if 0 <= decimals <= MOST_DECIMALS:
        found.append(Habit("rounded", "round", decimals))
        found.append(Habit("truncated", "truncate", decimals))
    if significant <= MOST_DECIMALS:
        found.append(Habit("rounded", "significant", significant))
    guessed = list(policies)
    if 1 <= decimals <= MOST_GUESSED:  # whole numbers suggest no rounding
        guessed += [Policy(Rounding("round", decimals)), Policy(Rounding("truncate", decimals))]
    if significant <= MOST_GUESSED:
        guessed.append(Policy(Rounding("significant", significant)))
    for policy in dict.fromkeys(guessed):
        found.append(_of_policy(program, policy, name))
    return found


def stated_habits(program: Program, policy: Policy, name: Callable[[str], str]) -> list[Habit]:
    """The habits that a stated policy allows: calculated by it, or exactly and printed by it at the end.

    At the end, more digits may be written than are stated, but not fewer.
    """
    own = _of_policy(program, policy, name)
    if not policy.per and policy.default.kind == "exact":
        return [Habit("rounded", "round", None, policy)]
    truncated = not policy.per and policy.default.kind == "truncate"
    way: Literal["round", "truncate"] = "truncate" if truncated else "round"
    return [own, Habit("truncated" if truncated else "rounded", way, printed=own.rounding)]


def _of_policy(program: Program, policy: Policy, name: Callable[[str], str]) -> Habit:
    spec = policy.spec
    label = spec if isinstance(spec, str) else ", ".join(f"{k} {v}" for k, v in spec.items())
    return Habit(label, "round", None, policy, roundings(program, policy, name))
