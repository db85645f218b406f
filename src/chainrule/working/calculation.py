"""The numbers of a program: as a pencil writes them under a rounding policy, or as an engine computed them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from numbers import Integral
from typing import Any

from chainrule.engines.engine import Step
from chainrule.engines.pencil import printed
from chainrule.engines.rounding import EXACT, Policy, Rounding
from chainrule.formulas.expression import evaluate
from chainrule.working.entries import Entry, quantity
from chainrule.working.policies import GROUPS, Naming, named_roundings, names_of, rounding_of
from chainrule.working.program import Lines, Program

__all__ = [
    "GROUPS",
    "PENCIL",
    "Calculation",
    "as_decimal",
    "from_engine",
    "given_text",
    "names_of",
    "roundings",
    "with_pencil",
]

AS_IS = Policy()
PENCIL = "pencil"
PLAIN = 7  # beyond these powers of ten a given number is written with an exponent


@dataclass(frozen=True, eq=False)
class Calculation:
    """Every number of a program.

    values:   key → its value, as later lines use it
    rounding: key → how it is printed
    policy:   as it was asked for
    by:       what computed it: "pencil", or an engine and its dtype
    """

    program: Lines
    values: Mapping[str, Decimal]
    rounding: Callable[[str], Rounding]
    policy: Policy
    by: str
    _written: dict[str, str] = field(default_factory=dict, init=False, repr=False)

    def __getitem__(self, key: str) -> Decimal:
        return self.values[key]

    def written(self, key: str) -> str:
        """A number as it is printed: a given one as it was given."""
        found = self._written.get(key)
        if found is None:
            given = self.program.given.get(key)
            if given is not None:
                found = given_text(given, whole=self.by == PENCIL)
            else:
                found = self.rounding(key).written(self.values[key])
            self._written[key] = found
        return found


def with_pencil(program: Program, policy: Policy = AS_IS, naming: Naming | None = None) -> Calculation:
    """Work a program out as a person does: each line from the printed values of the lines before it.

    naming: what a rounding policy may call the quantities (w5), beside the groups and canonical names

    Raises ConfigError for a policy that names what no line has.
    """
    values = {key: as_decimal(value) for key, value in program.given.items()}
    rounding = roundings(program, policy, naming)
    for line in program:
        values[line.key] = printed(line.tree, values, rounding(line.key))
    return Calculation(program, values, rounding, policy, PENCIL)


def roundings(program: Program, policy: Policy, naming: Naming | None = None) -> Callable[[str], Rounding]:
    """How each quantity of a program is rounded under a policy.

    Raises ConfigError for a policy that names what no line has.
    """
    named = named_roundings(policy, program, naming)

    def of(key: str) -> Rounding:
        line = program.by_key.get(key)
        if line is None or not policy.per:
            return policy.default
        return rounding_of(line, policy, named)

    return of


def from_engine(program: Lines, steps: Sequence[Step], by: str, shown: Rounding = EXACT) -> Calculation:
    """The numbers that an engine computed, one recorded step for each pass.

    A local derivative is no line of the derivation: it is computed here from the engine's numbers.
    """
    return Calculation(program, _EngineValues(program, steps), lambda key: shown, Policy(shown), by)


class _EngineValues(Mapping[str, Decimal]):
    """Recorded values by key, looked up when asked for."""

    def __init__(self, program: Lines, steps: Sequence[Step]) -> None:
        self.program = program
        self.steps = steps
        self.known: dict[str, Decimal] = {}

    def __getitem__(self, key: str) -> Decimal:
        if key not in self.known:
            self.known[key] = as_decimal(self.number(key))
        return self.known[key]

    def number(self, key: str) -> Any:
        found = quantity(key)
        if isinstance(found, Entry):
            value = self.recorded(found)
            if value is not None:
                return value
        line = self.program.by_key.get(key)
        if line is None:
            return self.program.given[key]
        return evaluate(line.tree, {used: float(self[used]) for used in line.uses})

    def recorded(self, entry: Entry) -> Any:
        """A number of a step, or None where the step does not hold it."""
        versions = self.program.versions
        if entry.symbol in versions[0]:
            # Version v of a parameter is what the first pass that starts from v starts from.
            for step, start, end in zip(self.steps, versions, versions[1:], strict=False):
                if start[entry.symbol] == entry.version:
                    return _entry_of(step.values.get(entry.symbol), entry.index)
                if end[entry.symbol] == entry.version:
                    return _entry_of(step.updated.get(entry.symbol), entry.index)
            return None
        step = self.steps[entry.version - 1]
        found = step.values.get(entry.symbol, step.updated.get(entry.symbol))
        return _entry_of(found, entry.index)

    def __iter__(self) -> Iterator[str]:
        yield from self.program.given
        yield from self.program.by_key

    def __len__(self) -> int:
        return len(self.program.given) + len(self.program.by_key)


def _entry_of(values: Any, index: tuple[int, ...]) -> Any:
    if values is None or not index:
        return values
    return values[tuple(place - 1 for place in index)]


def as_decimal(value: Any) -> Decimal:
    """A number as a decimal: a typed one digit for digit, a float by the digits that Python prints."""
    if isinstance(value, Decimal):
        return value
    if isinstance(value, Integral):
        return Decimal(int(value))
    return Decimal(repr(float(value)))


def given_text(value: Any, *, whole: bool) -> str:
    """A given number as it was given; a float with all its digits, or as other numbers are shown."""
    number = as_decimal(value)
    if whole or isinstance(value, Decimal | Integral):
        return f"{number:f}" if abs(number.adjusted()) < PLAIN else str(number).replace("E", "e")
    return EXACT.written(number)
