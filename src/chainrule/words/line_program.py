"""A training step on single vectors as a list of lines: calculated on arrays, and unfolded into scalar lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Line, Phase
from chainrule.engines.arrays import evaluate_arrays
from chainrule.engines.check_report import EntryCheck
from chainrule.engines.rounding import EXACT, Policy, Rounding
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, fold, substitute
from chainrule.formulas.rules import Rule
from chainrule.working.algebra import simplified
from chainrule.working.calculation import PENCIL, Calculation, as_decimal, with_pencil
from chainrule.working.certificate import Certificate, judged, unit
from chainrule.working.entries import Entry
from chainrule.working.policies import Naming
from chainrule.working.program import Kind, Program
from chainrule.working.scalars import entry_tree
from chainrule.working.unfolding import ScalarLine

__all__ = ["BY", "LineProgram", "line", "place_of", "replaced", "update_lines", "with_numbers"]

BY = "numpy, float64"
Array = NDArray[np.float64]


def line(
    phase: Phase,
    symbol: str,
    made: Definition,
    reason: str,
    **stands: str,
) -> Line:
    """A line that applies a definition; stands: argument → the symbol it stands for, where they differ."""
    arguments = tuple(stands.get(name, name) for name in made.arguments)
    return Line(phase, symbol, made, arguments, (), reason)


def with_numbers(made: Definition, **numbers: float) -> Definition:
    """A definition with numbers for some of its arguments, in the simplest form."""
    tree = simplified(substitute(made.tree, {name: Constant(n) for name, n in numbers.items()}))
    return Definition(made.name, tuple(a for a in made.arguments if a not in numbers), tree)


def replaced(tree: Expression, parts: Mapping[Expression, Expression]) -> Expression:
    """A tree with other trees in place of some of its parts, the innermost first."""

    def apply(primitive: Any, *arguments: Expression) -> Expression:
        made = Apply.of(primitive, *arguments)
        return parts.get(made, made)

    found: Expression = fold(tree, lambda leaf: leaf, lambda leaf: leaf, apply)
    return found


def update_lines(rule: Rule, parameter: str, gradient: str, rate: str, reasons: Sequence[str]) -> list[Line]:
    """A rule's assignments to one parameter; what it keeps and reckons with is named after the parameter."""
    own = {"w": parameter, "g": gradient, "eta": rate}

    def name(argument: str) -> str:
        return own.get(argument, f"{argument}_{parameter}")

    return [
        line("update", name(target), made, reason, **{a: name(a) for a in made.arguments})
        for (target, made), reason in zip(rule.assignments, reasons, strict=True)
    ]


def place_of(index: Sequence[int], shape: Sequence[int]) -> tuple[int, ...]:
    """The index of an entry without the axes of size 1: that of a row's entry is one number."""
    return tuple(at for at, size in zip(index, shape, strict=False) if size > 1)


@dataclass(frozen=True, eq=False)
class LineProgram:
    """A step on single vectors: its lines, and the numbers it starts from.

    lines:     in order; values: symbol → a number, or numbers (rows, columns), in float64
    kinds:     symbol → the group of its line, "other" where it has none
    cost:      the symbol that the gradients are of; gradients: parameter → the symbol of its gradient
    columns:   symbols of lines that stay matrices where they hold one number only
    """

    lines: tuple[Line, ...]
    values: Mapping[str, Any]
    kinds: Mapping[str, Kind]
    cost: str
    gradients: Mapping[str, str]
    columns: frozenset[str] = frozenset()

    @cached_property
    def updated(self) -> frozenset[str]:
        """The symbols that the step gives new values."""
        return frozenset(each.symbol for each in self.lines if each.symbol in self.values)

    @cached_property
    def numbers(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Every symbol's number or numbers: before anything is updated, and after; in float64."""
        now = dict(self.values)
        before = dict(now)
        for each in self.lines:
            now[each.symbol] = self._value(each, now)
            if each.symbol not in self.updated:
                before[each.symbol] = now[each.symbol]
        return before, now

    def _value(self, made: Line, now: Mapping[str, Any]) -> Any:
        """What a line comes to: (1, 1) is a number, where it is no matrix of one entry."""
        table = np.asarray(evaluate_arrays(made.tree, now), dtype=np.float64)
        number = table.size == 1 and made.symbol not in self.columns and made.symbol not in self.updated
        return float(table.reshape(())) if number or not table.shape else table

    def shape(self, symbol: str) -> tuple[int, ...]:
        """The sizes of a symbol: () for a number, otherwise rows and columns."""
        return np.shape(self.numbers[0][symbol])

    # --- scalar lines -------------------------------------------------------------------------------

    @cached_property
    def scalar_lines(self) -> tuple[tuple[Line, tuple[ScalarLine, ...]], ...]:
        """Each line with the scalar lines of all its entries."""
        version = dict.fromkeys(self.updated, 1)
        found = []
        for each in self.lines:
            trees = [(index, self._tree(each, index, version)) for index in self.indices(each.symbol)]
            if each.symbol in version:
                version[each.symbol] += 1
            found.append((each, tuple(self._scalar(each, index, tree, version) for index, tree in trees)))
        return tuple(found)

    def indices(self, symbol: str) -> Iterator[tuple[int, ...]]:
        """Every index of a symbol, counted from 1."""
        return product(*(range(1, size + 1) for size in self.shape(symbol)))

    def _tree(self, made: Line, index: tuple[int, ...], version: Mapping[str, int]) -> Expression:
        def name(symbol: str, at: tuple[int, ...]) -> Expression:
            return Symbol(self.entry(symbol, at, version.get(symbol, 1)).key)

        return entry_tree(made.textbook, index, self.shape, name)

    def entry(self, symbol: str, index: tuple[int, ...], version: int = 1) -> Entry:
        """The entry at an index."""
        return Entry(symbol, place_of(index, self.shape(symbol)), version)

    def _scalar(
        self, made: Line, index: tuple[int, ...], tree: Expression, version: Mapping[str, int]
    ) -> ScalarLine:
        entry = self.entry(made.symbol, index, version.get(made.symbol, 1))
        kind = self.kinds.get(made.symbol, "other")
        return ScalarLine(entry, tree, made.phase, kind, made.reason, made)

    # --- calculated ---------------------------------------------------------------------------------

    def calculate(self, policy: Policy | None, naming: Naming) -> Calculation:
        """Every number: as computed in float64, or with a pencil from the given numbers to six digits.

        Raises ConfigError for a policy that names what no line has.
        """
        lines = tuple(each for _, members in self.scalar_lines for each in members)
        used = {key for each in lines for key in each.uses}
        given: dict[str, Any] = {
            entry.key: number for entry, number in self._entries(self.values, 1) if entry.key in used
        }
        if policy is not None:
            given = {key: _six_digits(number) for key, number in given.items()}
        program = Program(None, None, lines, given, ({}, {}), {}, "paths")
        if policy is not None:
            return with_pencil(program, policy, naming)
        before, after = self.numbers
        values = {entry.key: as_decimal(number) for entry, number in self._entries(before, 1)}
        changed = {name: after[name] for name in self.updated}
        values |= {entry.key: as_decimal(number) for entry, number in self._entries(changed, 2)}
        return Calculation(program, values, lambda key: EXACT, Policy(EXACT), BY)

    def _entries(self, numbers: Mapping[str, Any], version: int) -> Iterator[tuple[Entry, float]]:
        for symbol, value in numbers.items():
            table = np.asarray(value)
            for index in np.ndindex(*table.shape):
                place = tuple(at + 1 for at in index)
                yield Entry(symbol, place_of(place, table.shape), version), float(table[index])

    # --- the certificate ----------------------------------------------------------------------------

    def certificate(self, calculation: Calculation, name: Callable[[str], str]) -> Certificate:
        """The shown gradients against central differences of the cost."""
        by_pencil = calculation.by == PENCIL
        start = self._read_back(calculation) if by_pencil else dict(self.values)
        found = []
        trained = {of: gradient for of, gradient in self.gradients.items() if of in self.values}
        for parameter, gradient in trained.items():
            for index in self.indices(parameter):
                shown = float(calculation[self.entry(gradient, index).key])
                numeric, told = self._difference(start, parameter, index)
                error = abs(shown - numeric) / max(abs(shown) + abs(numeric), told)
                found.append(EntryCheck(parameter, self.entry(parameter, index).index, error, shown, numeric))
        cut = by_pencil and any(r.kind != "exact" for r in _all_of(calculation.policy))

        def last_digit(key: str) -> float:
            rounding = calculation.rounding(key)
            return unit(rounding, calculation[key]) if rounding.kind != "exact" else 0.0

        by = f"the pencil ({calculation.policy.written})" if by_pencil else calculation.by
        worst, units, error, agrees = judged(found, self.gradients, by, last_digit if cut else None)
        at = name(Entry(worst.symbol, worst.index).key)
        return Certificate(
            by, len(found), at, error, worst.analytic, worst.numeric, False, units=units, agrees=agrees
        )

    def _read_back(self, calculation: Calculation) -> dict[str, Any]:
        """The numbers that a pencil started from."""
        start = dict(self.values)
        for symbol, value in self.values.items():
            table = np.array(value, dtype=np.float64)
            for index in np.ndindex(*table.shape):
                key = Entry(symbol, place_of([at + 1 for at in index], table.shape)).key
                if key in calculation.values:
                    table[index] = float(calculation[key])
            start[symbol] = table if table.shape else float(table)
        return start

    def _difference(
        self, start: Mapping[str, Any], parameter: str, index: tuple[int, ...]
    ) -> tuple[float, float]:
        """(C(w+h) − C(w−h))/2h at one entry, and the least that such a difference can tell."""
        where = tuple(at - 1 for at in index)
        at = float(np.asarray(start[parameter])[where])
        h = 1e-5 * max(1.0, abs(at))
        costs = []
        for moved in (at + h, at - h):
            table = np.array(start[parameter], dtype=np.float64)
            table[where] = moved
            costs.append(self._cost({**start, parameter: table if table.shape else float(table)}))
        # The last bit of a cost, over h, is what a difference cannot tell; it counts as a millionth.
        told = 2.0**-52 * max(map(abs, costs)) / h * 1e6
        return (costs[0] - costs[1]) / (2 * h), max(told, 1e-300)

    def _cost(self, start: Mapping[str, Any]) -> float:
        now = dict(start)
        for each in self.lines:
            if each.phase in ("feedforward", "loss"):
                now[each.symbol] = self._value(each, now)
        return float(now[self.cost])


def _all_of(policy: Policy) -> tuple[Rounding, ...]:
    return (policy.default, *policy.per.values())


def _six_digits(value: float) -> Decimal:
    return Decimal(f"{value:.6g}")
