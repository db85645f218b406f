"""Looking a single entry up: what it is made of, one level at a time, in numbers or in letters."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast

from chainrule.derivation.lines import Derivation
from chainrule.engines.pencil import printed
from chainrule.engines.rounding import EXACT, Rounding
from chainrule.errors import InvalidInput, UnknownName, unknown
from chainrule.formulas.expression import Constant, Symbol, evaluate
from chainrule.working.building import build
from chainrule.working.calculation import PENCIL, Calculation, as_decimal
from chainrule.working.document import Phase, Working
from chainrule.working.entries import Entry, Partial, Quantity, quantity
from chainrule.working.letterworking import letter_working
from chainrule.working.names.wanted import by_key, canonical, in_letters_named, local, whole_matrix
from chainrule.working.policies import named_roundings, rounding_of
from chainrule.working.program import Kind
from chainrule.working.shares import shares_of
from chainrule.working.stepview import StepView
from chainrule.working.unfolding import ScalarLine, Unfolder

__all__ = ["entry_lookup"]

MOST_FACTORS = 24
"""The derivatives that a longer sum is made of have no lines beside it."""


def entry_lookup(calculation: Calculation, names: Any) -> Callable[[str], Working]:
    """The function that a working answers `working["dW1[2,1]"]` and `working["dW1[i,j]"]` with.

    names: the namer of the working's notation
    """
    return _LookUp(calculation, names)


@dataclass(frozen=True, eq=False)
class _LookUp:
    """Answers a name with the working of that entry alone."""

    calculation: Calculation
    names: Any

    def __call__(self, written: str) -> Working:
        program, names = self.calculation.program, self.names
        if not isinstance(written, str):
            raise InvalidInput(f'a number is asked for by name, such as "W1[2,1]", not by {written!r}')
        lettered = in_letters_named(written, program, names)
        if lettered is not None:
            return letter_working(program, names, *lettered)
        whole = whole_matrix(written, program, names)
        if whole is None:
            return self.entry(written, self.found(written))
        return _joined([self.entry(entry.key, entry) for entry in whole], self.symbol(whole[0]))

    def symbol(self, entry: Entry) -> str:
        """What a whole matrix is called: by its symbol."""
        of = self.names.gradients.get(entry.symbol)
        if of is None:
            return entry.symbol
        return f"{self.names.name(entry.key).text.partition('/')[0]}/∂{of}"

    def found(self, written: str) -> Quantity:
        """The quantity that a name means."""
        program, names = self.calculation.program, self.names
        found = by_key(written, program)
        if found is None and not isinstance(program, StepView) and names.is_name(written):
            return cast(Quantity, names.parse(written))
        found = found or canonical(written, program, names.notation.base) or self.local(written)
        if found is None and isinstance(program, StepView):
            symbols = [line.symbol for line in program.derivation]
            raise unknown("number of this step", written, symbols)
        return found or cast(Quantity, names.parse(written))

    def local(self, written: str) -> Partial | None:
        return local(written, self.calculation.program, self.names.notation.base)

    def entry(self, written: str, found: Quantity) -> Working:
        """The working of one quantity."""
        calculated, names = self.calculation, self.names
        program = calculated.program
        lines = list(_lines_for(program.by_key, found.key, program.derivation))
        if not lines:
            calculated, lines = _worked_out(found, calculated, names)
        if not lines:
            raise _not_made(written, found, program)
        name = names.name(found.key).text
        working = build(
            calculated,
            names,
            title=f"How {name} comes about",
            heading=[told for line in lines for told in _factors_told(line, names)],
            lines=lines,
            notation=names.notation.name,
        )
        return shares_of(working, lines[-1], calculated, names)


def _lines_for(
    known: Mapping[str, ScalarLine], key: str, derivation: Derivation | None
) -> Iterator[ScalarLine]:
    """The line of a quantity, after the lines of the factors it is the product of.

    An update comes after the gradient that it follows, with that gradient's factors, and after what the rule
    keeps for that entry.
    """
    made: set[str] = set()

    def lines(key: str) -> Iterator[ScalarLine]:
        line = known.get(key)
        if line is None or key in made:
            return
        made.add(key)
        if line.phase != "update":
            yield from (each for each in _with_factors(known, key) if each is line or each.key not in made)
            return
        for used in line.uses:
            found = quantity(used)
            if not isinstance(found, Entry) or (before := known.get(used)) is None:
                continue
            if found.index == _index(line) and _is_of_update(before, derivation):
                yield from lines(used)
        yield line

    return lines(key)


def _index(line: ScalarLine) -> tuple[int, ...]:
    return line.quantity.index if isinstance(line.quantity, Entry) else ()


def _is_of_update(line: ScalarLine, derivation: Derivation | None) -> bool:
    """Whether a line is what an update of the same place is made of: its gradient, or what the rule keeps."""
    if derivation is None or not isinstance(line.quantity, Entry):
        return False
    symbol = line.quantity.symbol
    return line.phase == "update" or symbol in derivation.gradients.values()


def _with_factors(known: Mapping[str, ScalarLine], key: str) -> Iterator[ScalarLine]:
    line = known.get(key)
    if line is None:
        return
    factors = _factors_of(line)
    for used in factors if len(factors) <= MOST_FACTORS else ():
        factor = known.get(used)
        if factor is not None and _is_factor(factor):
            yield factor
    yield line


def _factors_of(line: ScalarLine) -> list[str]:
    """The keys of the derivatives that a gradient is made of."""
    factors = {factor.key for path in line.paths for factor in path}
    return [used for used in line.uses if used in factors]


def _factors_told(line: ScalarLine, names: Any) -> Iterator[str]:
    """That the factors of a long sum have no lines, in a line of the heading."""
    factors = _factors_of(line)
    if len(factors) > MOST_FACTORS:
        of, first = names.name(line.key).text, names.name(factors[0]).text
        yield f"the {len(factors)} derivatives in {of} are not worked out here: ask for each by name, as {first}"


def _worked_out(
    found: Quantity, calculation: Calculation, names: Any
) -> tuple[Calculation, list[ScalarLine]]:
    """The line of what a working has none for, and its factors: a gradient that no parameter has, where
    gradients are written along paths, or a local derivative that is a bare number or entry.
    """
    program = calculation.program
    unfolder = _unfolder(found, program)
    if unfolder is None:
        return calculation, []
    made = list(_missing(found, unfolder))
    new = {line.key: line for line in made}
    known = ChainMap(new, cast(Any, program.by_key))
    values = ChainMap({}, cast(Any, calculation.values))
    policy = calculation.policy
    named = named_roundings(policy, program, names)

    def rounding(key: str) -> Rounding:
        if key not in new:
            return calculation.rounding(key)
        # What is only taken over keeps its digits.
        taken_over = isinstance(new[key].tree, Symbol | Constant)
        return EXACT if taken_over else rounding_of(new[key], policy, named)

    for line in made:
        values[line.key] = _value(line, values, calculation, rounding(line.key))
    lines = list(_with_factors(known, found.key))
    return replace(calculation, values=values, rounding=rounding), lines


def _unfolder(found: Quantity, program: Any) -> Unfolder | None:
    """What unfolds the lines of the pass that a quantity is of."""
    if program.derivation is None:
        return None
    number = found.version if isinstance(found, Entry) else found.of.version
    if isinstance(program, StepView):
        return program.unfolder
    if not 1 <= number < len(program.versions):
        return None
    unfolder = Unfolder(program.derivation, program.sizes.samples, program.chain)
    unfolder.number, unfolder.version = number, dict(program.versions[number - 1])
    unfolder.made = set(program.by_key)
    return unfolder


def _missing(found: Quantity, unfolder: Unfolder) -> Iterator[ScalarLine]:
    backwards = unfolder.derivation.phase("backpropagation")
    if isinstance(found, Entry):
        for line in backwards:
            if line.symbol == found.symbol:
                yield from unfolder.gradient(line, found.index, asked=True)
        return
    for line in backwards:
        for use in unfolder.uses(found.wrt.symbol, found.wrt.index) if line.of == found.wrt.symbol else ():
            if (use.symbol, use.index) == (found.of.symbol, found.of.index):
                kind: Kind = "output slope" if use.symbol == unfolder.derivation.output else "slopes"
                yield unfolder.line(found, use.partial, line, kind)


def _value(
    line: ScalarLine, values: Mapping[str, Decimal], calculation: Calculation, rounding: Rounding
) -> Decimal:
    if isinstance(line.tree, Symbol):
        return values[line.tree.name]
    if calculation.by == PENCIL:
        return printed(line.tree, values, rounding)
    if isinstance(line.quantity, Entry):
        return calculation.values[line.key]
    return as_decimal(evaluate(line.tree, {key: float(values[key]) for key in line.uses}))


def _is_factor(line: ScalarLine) -> bool:
    return isinstance(line.quantity, Partial) or line.kind in ("gradients", "deltas")


def _not_made(written: str, found: Quantity, program: Any) -> UnknownName:
    """The error for a number that is given, not worked out, or that is none of the working's."""
    if isinstance(found, Entry) and found.key in program.given:
        return UnknownName(
            f"{written} is given, so there is nothing to work out: ask for a number that a line makes"
        )
    return unknown("line", written, [line.key for line in list(program.by_key.values())[:40]])


def _joined(workings: Sequence[Working], name: str) -> Working:
    """Workings of several entries one after the other, what they share once."""
    steps: dict[tuple[str, int], dict[str, Any]] = {}
    for working in workings:
        for phase in working.phases:
            its = steps.setdefault((phase.name, phase.number), {})
            for step in phase.steps:
                its.setdefault(step.key, step)
    given = {each.key: each for working in workings for each in working.given}
    first: dict[tuple[str, int], Phase] = {}
    for working in workings:
        for phase in working.phases:
            first.setdefault((phase.name, phase.number), phase)
    phases = tuple(replace(phase, steps=tuple(steps[at].values())) for at, phase in first.items())
    return replace(
        workings[0], title=f"How the entries of {name} come about", given=tuple(given.values()), phases=phases
    )
