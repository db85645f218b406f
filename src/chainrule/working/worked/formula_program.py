"""Formulas of one's own as scalar lines: their values, their derivatives, and the chain rule on top."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from operator import add, mul
from typing import Any

from chainrule.errors import ConfigError, unknown
from chainrule.formulas.expression import Constant, Expression, Symbol, substitute, symbols_in
from chainrule.working.algebra import parse_formula, simplified
from chainrule.working.algebra.derivatives import differentiated
from chainrule.working.entries import Entry, Partial, Quantity
from chainrule.working.names.naming import Namer
from chainrule.working.program import Program
from chainrule.working.unfolding import ScalarLine

__all__ = ["extended", "formula_program"]

VALUE = "each value from what stands before it"
_DEFINED = re.compile(r"\s*(?P<name>[^\s=@∂/\[\]]+)\s*=(?!=)\s*(?P<formula>.+)")
_DERIVATIVE = re.compile(r"\s*[d∂]\s*(?P<of>[^\s/]+)\s*/\s*[d∂]\s*(?P<wrt>[^\s/]+)\s*")


def formula_program(given: Mapping[str, Any], lines: Sequence[str], derivative: str = "") -> Program:
    """The scalar lines of formulas such as "u = x^2 + 1", in order, and of a derivative such as "dy/dx".

    The derivative is the sum over the ways from y to x of the product of the local derivatives.

    >>> formula_program({"x": 2}, ["u = x^2 + 1", "y = u^2"], "dy/dx").lines[-1]
    <∂y@1/∂x@1 = ∂y@1/∂u@1 · ∂u@1/∂x@1>

    Raises ConfigError for a line that is no equation; UnknownName and InvalidInput for its formula.
    """
    keys = {name: Entry(name).key for name in given}
    written = [_value(line, keys) for line in lines]
    factors: dict[str, Expression] = {}
    if derivative:
        matched = _DERIVATIVE.fullmatch(derivative)
        if matched is None:
            raise ConfigError(f'"{derivative}" is no derivative: write it as dy/dx')
        for name in matched["of"], matched["wrt"]:
            if name not in keys:
                raise unknown("quantity", name, keys)
        of, wrt = keys[matched["of"]], keys[matched["wrt"]]
        written += _Chain(written, factors).lines(of, wrt)
    numbers = {keys[name]: value for name, value in given.items()}
    return Program(None, None, tuple(written), numbers, ({}, {}), factors, "paths")


def extended(program: Program, namer: Namer, lines: Sequence[str]) -> Program:
    """A program with further lines after its feedforward phase, over the names of its first pass."""
    if not lines:
        return program
    keys = {
        namer.name(key).text: key
        for key in (*program.given, *(line.key for line in program if line.phase == "feedforward"))
        if key.endswith("@1")
    }
    made = tuple(_value(line, keys) for line in lines)
    passed = [n for n, line in enumerate(program, 1) if line.number == 1 and line.phase == "feedforward"]
    at = passed[-1]
    return Program(
        program.derivation,
        program.sizes,
        (*program.lines[:at], *made, *program.lines[at:]),
        program.given,
        program.versions,
        program.factors,
        program.chain,
    )


def _value(line: str, keys: dict[str, str]) -> ScalarLine:
    """The line that gives a new name a value; the name is known from then on."""
    matched = _DEFINED.fullmatch(line)
    if matched is None:
        raise ConfigError(f'"{line}" gives no name a value: write it as y = x^2 + 1')
    name = matched["name"]
    if name in keys:
        raise ConfigError(f'"{line}" gives {name} a value, which it has already: choose another name')
    tree = parse_formula(matched["formula"], keys)
    keys[name] = Entry(name).key
    over = substitute(tree, {each: Symbol(keys[each]) for each in symbols_in(tree)})
    return ScalarLine(Entry(name), over, "feedforward", "other", VALUE, None)


class _Chain:
    """The lines of a derivative by the chain rule."""

    def __init__(self, values: Sequence[ScalarLine], factors: dict[str, Expression]) -> None:
        self.formulas = {line.key: line for line in values}
        self.factors = factors
        self.slopes: dict[str, ScalarLine] = {}

    def lines(self, of: str, wrt: str) -> list[ScalarLine]:
        """The local derivatives on the ways from `of` to `wrt`, and the sum of their products."""
        ways = list(self.ways(of, wrt))
        if not ways:
            raise ConfigError(f"{_place(of)} does not depend on {_place(wrt)}: ask for another derivative")
        if [len(way) for way in ways] == [1]:
            return [self.slope(ways[0][0], "gradients")]
        if any(len(way) == 1 for way in ways):
            raise ConfigError(
                f"{_place(of)} depends on {_place(wrt)} both by itself and through other lines: "
                "put what depends on it by itself on a line of its own"
            )
        total = reduce(add, (reduce(mul, map(self.stands, way)) for way in ways))
        paths: tuple[tuple[Quantity, ...], ...] = tuple(tuple(way) for way in ways)
        reason = "chain rule: the derivatives on the way, multiplied"
        if len(ways) > 1:
            reason = f"chain rule: the sum over the {len(ways)} ways, each a product"
        final = Partial(ways[0][0].of, ways[0][-1].wrt)
        last = ScalarLine(final, total, "backpropagation", "gradients", reason, None, 1, paths)
        return [*self.slopes.values(), last]

    def ways(self, of: str, wrt: str) -> Iterator[list[Partial]]:
        """Every chain of local derivatives from one quantity down to another."""
        if of not in self.formulas:
            return
        for below in self.formulas[of].uses:
            partial = Partial(Entry(_place(of)), Entry(_place(below)))
            if below == wrt:
                yield [partial]
            else:
                for rest in self.ways(below, wrt):
                    yield [partial, *rest]

    def stands(self, partial: Partial) -> Expression:
        """What stands for a local derivative: itself if it is plain, otherwise the line made for it."""
        tree = self.slope(partial).tree
        if isinstance(tree, Symbol | Constant):
            self.factors[partial.key] = tree
            del self.slopes[partial.key]
            return tree
        return Symbol(partial.key)

    def slope(self, partial: Partial, kind: Any = "slopes") -> ScalarLine:
        if partial.key not in self.slopes:
            tree = simplified(differentiated(self.formulas[partial.of.key].tree, partial.wrt.key))
            reason = f"how {partial.of.place} changes with {partial.wrt.place}: the slope there"
            self.slopes[partial.key] = ScalarLine(partial, tree, "backpropagation", kind, reason, None)
        return self.slopes[partial.key]


def _place(key: str) -> str:
    return key.removesuffix("@1")
