"""Looking a single entry up: what it is made of, one level at a time, in numbers or in letters."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast

from chainrule.engines.pencil import printed
from chainrule.engines.rounding import EXACT, Rounding
from chainrule.errors import InvalidInput, UnknownName, unknown
from chainrule.formulas.expression import Constant, Symbol, evaluate
from chainrule.working.building import build
from chainrule.working.calculation import PENCIL, Calculation, as_decimal, names_of
from chainrule.working.document import Working
from chainrule.working.entries import Entry, Partial, Quantity
from chainrule.working.letterworking import letter_working
from chainrule.working.program import Kind
from chainrule.working.shares import shares_of
from chainrule.working.stepview import StepView
from chainrule.working.unfolding import ScalarLine, Unfolder

__all__ = ["entry_lookup"]

_OF_LOSS = r"^[∂d][CJ]/[∂d]"
_LOCAL = re.compile(r"[∂d](.+)/[∂d](.+)")
_CANONICAL = re.compile(r"(?P<symbol>[A-Za-z]\w*)(\[(?P<places>[^\[\]]*)\])?")


def entry_lookup(calculation: Calculation, names: Any) -> Callable[[str], Working]:
    """The function that a working answers `working["dW1[2,1]"]` and `working["dW1[i,j]"]` with.

    names: the namer of the working's notation
    """
    program = calculation.program

    def look_up(written: str) -> Working:
        if not isinstance(written, str):
            raise InvalidInput(f'a number is asked for by name, such as "W1[2,1]", not by {written!r}')
        lettered = _in_letters(written, program)
        if lettered is not None:
            return letter_working(program, names, *lettered)
        found = _canonical(written, program) or _local(written, program)
        if found is None and isinstance(program, StepView):
            symbols = [line.symbol for line in program.derivation]
            raise unknown("number of this step", written, symbols)
        found = found or names.parse(written)
        lines = list(lines_for(program, found.key))
        calculated = calculation
        if not lines:
            calculated, lines = _worked_out(found, calculation, lambda key: names.name(key).text)
        if not lines:
            raise _not_made(written, found, program)
        name = names.name(found.key).text
        working = build(
            calculated,
            names,
            title=f"How {name} comes about",
            lines=lines,
            notation=names.notation.name,
        )
        return shares_of(working, lines[-1], calculated, names)

    return look_up


def lines_for(program: Any, key: str) -> Iterator[ScalarLine]:
    """The line of a quantity, after the lines of the factors it is the product of."""
    return _with_factors(program.by_key, key)


def _with_factors(known: Mapping[str, ScalarLine], key: str) -> Iterator[ScalarLine]:
    line = known.get(key)
    if line is None:
        return
    for used in line.uses if line.paths else ():
        factor = known.get(used)
        if factor is not None and _is_factor(factor):
            yield factor
    yield line


def _worked_out(
    found: Quantity, calculation: Calculation, name: Callable[[str], str]
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

    def rounding(key: str) -> Rounding:
        if key not in new:
            return calculation.rounding(key)
        # What is only taken over keeps its digits.
        taken_over = isinstance(new[key].tree, Symbol | Constant)
        return EXACT if taken_over else calculation.policy.of(*names_of(new[key], name))

    for line in made:
        values[line.key] = _value(line, values, calculation, rounding(line.key))
    return replace(calculation, values=values, rounding=rounding), list(_with_factors(known, found.key))


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


def _in_letters(written: str, program: Any) -> tuple[str, tuple[str, ...]] | None:
    """The parameter and the letters of a name such as dW1[i,j] or ∂C/∂W1[i,j]."""
    if program.derivation is None:
        return None
    gradient = re.match(r"([∂d][A-Za-z]/)?[∂d]", plain := written.replace(" ", ""))
    matched = _CANONICAL.fullmatch(plain[gradient.end() :]) if gradient else None
    if matched is None or not matched["places"] or matched["symbol"] not in program.derivation.gradients:
        return None
    letters = tuple(matched["places"].split(","))
    return (matched["symbol"], letters) if any(letter.isalpha() for letter in letters) else None


def _local(written: str, program: Any) -> Partial | None:
    """The local derivative of a name such as ∂a1[1,2]/∂z1[1,2]."""
    matched = _LOCAL.fullmatch(written.replace(" ", ""))
    if matched is None:
        return None
    of, wrt = (_canonical(name, program) for name in matched.groups())
    if not (isinstance(of, Entry) and isinstance(wrt, Entry)):
        return None
    start = program.versions[0].get(wrt.symbol, 1)
    return Partial(of, Entry(wrt.symbol, wrt.index, start))


def _canonical(written: str, program: Any) -> Quantity | None:
    """The entry of a name in the derivation's own symbols; the sample may be left out where there is one."""
    derivation = program.derivation
    matched = _CANONICAL.fullmatch(re.sub(_OF_LOSS, "", written.replace(" ", "")))
    if matched is None or derivation is None or matched["symbol"] not in derivation.shapes:
        return None
    symbol = matched["symbol"]
    if re.match(_OF_LOSS, written.replace(" ", "")):
        of = {line.of: line.symbol for line in derivation.phase("backpropagation")}
        if symbol not in of:
            return None
        symbol = of[symbol]
    shape = program.sizes.shape(symbol)
    places = matched["places"].split(",") if matched["places"] else []
    if not all(place.isdigit() for place in places):
        raise InvalidInput(
            f'"{written}" has a place that is no number: write for example {symbol}{_first(shape)}'
        )
    index = tuple(map(int, places))
    if len(index) == len(shape) - 1 and shape[0] == 1:
        index = (1, *index)
    if len(index) != len(shape) or not all(1 <= at <= size for at, size in zip(index, shape, strict=True)):
        if not index and len(shape) > 0:
            return None
        raise InvalidInput(
            f"there is no {written}: {symbol} is {' × '.join(map(str, shape)) or 'a number'}, its places counted from 1"
        )
    last = program.versions[1].get(symbol, 1)
    return Entry(symbol, index, last)


def _first(shape: tuple[int, ...]) -> str:
    return f"[{','.join('1' for _ in shape)}]" if shape else ""


def _not_made(written: str, found: Quantity, program: Any) -> UnknownName:
    """The error for a number that is given, not worked out, or that is none of the working's."""
    if isinstance(found, Entry) and found.key in program.given:
        return UnknownName(
            f"{written} is given, so there is nothing to work out: ask for a number that a line makes"
        )
    return unknown("line", written, [line.key for line in list(program.by_key.values())[:40]])
