"""The working of a step on single vectors: every entry a step, or, where they are many, whole vectors in short."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from chainrule.derivation.lines import Line
from chainrule.engines.rounding import Policy, Spec
from chainrule.errors import InvalidInput, unknown
from chainrule.formulas.expression import Expression
from chainrule.formulas.writing import Form
from chainrule.words.line_program import LineProgram
from chainrule.working.building import build
from chainrule.working.calculation import Calculation
from chainrule.working.document import Given, MatrixStep, Name, Phase, Step, Working, Written
from chainrule.working.entries import Entry, quantity
from chainrule.working.names.templates import Parts, fraction
from chainrule.working.opening import entry_template
from chainrule.working.program import ScalarLine

__all__ = ["MOST_ENTRIES", "work_lines"]

MOST_ENTRIES = 8
"""Vectors with more numbers are shown whole; each entry can be asked for."""

TITLES: Mapping[str, str] = {
    "feedforward": "Values: what the vectors say",
    "loss": "Cost: how far that is off",
    "backpropagation": "Gradients: how the cost changes with each number",
    "update": "Update: change the vectors",
}


def work_lines(
    program: LineProgram,
    *,
    title: str,
    heading: Sequence[str],
    rounding: Spec | Policy | None = None,
    **facts: Any,
) -> Working:
    """The working of a step.

    rounding: of every printed line, as with a pencil; by default the numbers are those computed in float64
    facts:    further fields of `Working`: source, explanation

    Raises ConfigError for a rounding that names what no line has.
    """
    names = _Names(program)
    policy = Policy.parse(rounding) if rounding is not None else None
    calculation = program.calculate(policy, lambda key: names.name(key).text)
    certificate = program.certificate(calculation, lambda key: names.name(key).text)
    whole = _build(calculation, names, title=title, heading=heading, **facts)
    shown = _Shortener(program, calculation, names).shortened(whole)
    return replace(shown, certificate=certificate, lookup=_LookUp(calculation, names))


def _build(calculation: Calculation, names: _Names, **facts: Any) -> Working:
    made = build(calculation, names, notation="chainrule", **facts)
    return replace(made, phases=tuple(replace(phase, title=TITLES[phase.name]) for phase in made.phases))


class _Names:
    """w[2] for an entry, ∂C/∂w[2] for an entry of a gradient."""

    def __init__(self, program: LineProgram) -> None:
        self.of = {gradient: of for of, gradient in program.gradients.items()}
        self.cost = program.cost
        self._known: dict[str, Name] = {}

    def name(self, key: str) -> Name:
        """The name of the quantity with this key."""
        if key not in self._known:
            found = quantity(key)
            assert isinstance(found, Entry)
            self._known[key] = self.entry(found.symbol, found.index)
        return self._known[key]

    def entry(self, symbol: str, index: tuple[int, ...] = ()) -> Name:
        """The name of an entry, or of all of them together."""
        of = self.of.get(symbol)
        if of is not None:
            return fraction(self.entry(self.cost), self.entry(of, index))
        return Parts(symbol, index=f"[{','.join(map(str, index))}]" if index else "").name

    def written(self, symbol: str, form: Form) -> str:
        """The name of a whole symbol in a form."""
        return self.entry(symbol).form(form)

    def shown(self, tree: Expression) -> Expression:
        """A formula as it is shown."""
        return tree


@dataclass(frozen=True)
class _Shortener:
    """Puts whole vectors in place of their entries, where these are many."""

    program: LineProgram
    calculation: Calculation
    names: _Names

    def shortened(self, whole: Working) -> Working:
        """The working with long vectors in one step each; unchanged where none is long."""
        if all(self.is_short(symbol) for symbol in self.program.numbers[0]):
            return whole
        by_key = {step.key: step for step in whole.steps if isinstance(step, Step)}
        phases = []
        for phase in whole.phases:
            members = [pair for pair in self.program.scalar_lines if pair[0].phase == phase.name]
            steps = tuple(step for made, lines in members for step in self.steps(made, lines, by_key))
            phases.append(Phase(phase.name, phase.title, phase.number, steps))
        return replace(whole, given=tuple(self.givens(whole.given)), phases=tuple(phases))

    def is_short(self, symbol: str) -> bool:
        return max(self.program.shape(symbol), default=1) <= MOST_ENTRIES

    def steps(
        self, made: Line, lines: tuple[ScalarLine, ...], by_key: Mapping[str, Step]
    ) -> Iterator[Step | MatrixStep]:
        long = any(len(each.uses) > 2 * MOST_ENTRIES for each in lines)
        if not self.is_short(made.symbol) or (long and len(lines) > 1):
            yield self.matrix(made, lines)
            return
        for each in lines:
            step = by_key[each.key]
            if len(each.uses) <= 2 * MOST_ENTRIES:
                yield step
            else:
                formula = Written.of(made.textbook, self.names.written)
                yield replace(step, formula=formula, numbers=None, exact=False, uses=())

    def matrix(self, made: Line, lines: tuple[ScalarLine, ...]) -> MatrixStep:
        updated = made.symbol in self.program.updated
        shape = self.program.shape(made.symbol)
        return MatrixStep(
            key=f"{made.symbol}'" if updated else made.symbol,
            symbol=made.symbol,
            name=self.names.entry(made.symbol),
            arrow="←" if made.phase == "update" and updated else "=",
            formula=Written.of(made.textbook, self.names.written),
            shape=shape,
            values=_in_rows([self.calculation.written(each.key) for each in lines], shape),
            reason=made.reason,
            kind=lines[0].kind,
            uses=made.arguments,
            entry=entry_template(made.textbook, self.program.shape),
        )

    def givens(self, given: Sequence[Given]) -> Iterator[Given]:
        told = set()
        for each in given:
            found = quantity(each.key)
            assert isinstance(found, Entry)
            symbol = found.symbol
            if self.is_short(symbol):
                yield each
            elif symbol not in told:
                told.add(symbol)
                shape = self.program.shape(symbol)
                keys = [self.program.entry(symbol, index).key for index in self.program.indices(symbol)]
                values = _in_rows([self.calculation.written(key) for key in keys], shape)
                yield Given(symbol, self.names.entry(symbol), " × ".join(map(str, shape)), symbol, values)


def _in_rows(written: Sequence[str], shape: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    across = shape[-1]
    return tuple(tuple(written[at : at + across]) for at in range(0, len(written), across))


@dataclass(frozen=True, eq=False)
class _LookUp:
    """Answers a name with how that number comes about, and what it is directly made of."""

    calculation: Calculation
    names: _Names

    def __call__(self, written: str) -> Working:
        if not isinstance(written, str):
            raise InvalidInput(f'a number is asked for by name, such as "w[2]", not by {written!r}')
        key = self.keys.get(_plain(written))
        if key is None:
            shown = [self.names.name(key).text for key in self.calculation.program.by_key]
            raise unknown("number of this step", written, shown)
        lines = list(self.lines(key))
        title = f"How {self.names.name(key).text} comes about"
        return _build(self.calculation, self.names, title=title, lines=lines)

    def lines(self, key: str, deep: int = 2) -> Iterator[ScalarLine]:
        """The line of a number, after those of what it is made of, and of what these are made of."""
        known = self.calculation.program.by_key
        wanted: dict[str, None] = {}

        def add(at: str, deep: int) -> None:
            if at in known and at not in wanted:
                for used in known[at].uses if deep else ():
                    add(used, deep - 1)
                wanted[at] = None

        add(key, deep)
        return (each for each in known.values() if each.key in wanted)

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Every spelling of a number's name → its key; of a number that is updated, the new one."""
        found: dict[str, str] = {}
        for key, each in self.calculation.program.by_key.items():
            assert isinstance(each.quantity, Entry)
            for spelling in (key, each.quantity.place, self.names.name(key).text):
                found[_plain(spelling)] = key
        return found


def _plain(written: str) -> str:
    return "".join(written.split()).replace("∂", "d")
