"""A program run in float64 for many changes at once: each column of a number's array is one change.

Marking tries thousands of slips. They share the lines that they do not touch, so a line is evaluated on
arrays with one column for each slip, and only the columns that change it are worked out apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np

from chainrule.engines.rounding import Ties
from chainrule.formulas.expression import Apply, Constant, Expression, Primitive, Symbol, symbols_in, walk
from chainrule.working.calculation import as_decimal
from chainrule.working.program import Program

__all__ = ["UNCHANGED", "Carry", "Change", "Sweep", "rounder"]

Carry = Callable[[Any], Any]
"""What is kept of a value, on floats or arrays."""


@dataclass(frozen=True)
class Change:
    """What a slip does to one line.

    put:   symbol of the line's formula → what is used in its place
    whole: another formula for the line;  scale: the result is multiplied by it
    keep:  how the result is rounded
    """

    put: Mapping[str, Expression] = field(default_factory=dict)
    whole: Expression | None = None
    scale: float = 1.0
    keep: Carry | None = None


UNCHANGED: Mapping[str, Change] = {}


@cache
def _function(primitive: Primitive) -> Callable[..., Any]:
    module, _, attribute = primitive.numpy.partition(":")
    if module.startswith("scipy"):
        # The few that need it are not worth the time that it takes to load.
        return np.vectorize(primitive.meaning, otypes=[float])
    found: Callable[..., Any] = getattr(import_module(module), attribute)
    return found


class _Compiled:
    """A tree as a list of array operations."""

    __slots__ = ("constants", "names", "steps")

    def __init__(self, tree: Expression) -> None:
        nodes = list(walk(tree))
        symbols = [node for node in nodes if isinstance(node, Symbol)]
        constants = [node for node in nodes if isinstance(node, Constant)]
        applied = [node for node in nodes if isinstance(node, Apply)]
        place = {node: number for number, node in enumerate((*symbols, *constants, *applied))}
        self.names = [node.name for node in symbols]
        self.constants = [float(node.value) for node in constants]
        self.steps = [
            (_function(node.primitive), [place[argument] for argument in node.arguments]) for node in applied
        ]

    def run(self, values: Callable[[str], Any]) -> Any:
        places: list[Any] = [values(name) for name in self.names]
        places += self.constants
        for function, arguments in self.steps:
            places.append(function(*[places[argument] for argument in arguments]))
        return places[-1]


_compiled = lru_cache(maxsize=20_000)(_Compiled)


def rounder(kind: str, digits: int, ties: Ties = "half-up") -> Carry:
    """Rounding, truncating or keeping significant digits, on floats and arrays.

    A float that misses a tie, or a last digit, by its own rounding is taken to be on it.
    """

    def keep(value: Any) -> Any:
        value = np.asarray(value, float)  # a comparison gives booleans
        size = np.abs(value)
        unit: Any = float(f"1e{-digits}")
        if kind == "significant":
            with np.errstate(all="ignore"):
                exponent = np.where(size > 0, np.floor(np.log10(np.where(size > 0, size, 1.0))), 0.0)
            unit = 10.0 ** (exponent - digits + 1)
        more = 0.0 if kind == "truncate" else 0.5
        scaled = size / unit
        hidden = 1e-9 * (1 + scaled * 1e-4)
        whole = np.floor(scaled + more + hidden)
        if ties == "half-even" and kind != "truncate":
            tie = np.abs(scaled + 0.5 - whole) <= hidden
            whole = np.where(tie, whole - whole % 2, whole)
        return np.sign(value) * whole * unit

    return keep


class Sweep:
    """A program that can be run for many changes at once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.given = {key: float(as_decimal(value)) for key, value in program.given.items()}
        self.uses = {line.key: line.uses for line in program}
        self.order = {line.key: number for number, line in enumerate(program)}

    def upstream(self, keys: Iterable[str]) -> set[str]:
        """The lines that these are made from, themselves included."""
        found: set[str] = set()
        waiting = [key for key in keys if key in self.uses]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting.extend(used for used in self.uses[key] if used in self.uses)
        return found

    def run(
        self,
        changes: Sequence[Mapping[str, Change]],
        wanted: Iterable[str],
        carry: Callable[[str], Carry | None] | None = None,
        stands: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """What each wanted line comes to, a float or one value for each of the changes, before rounding.

        changes: for each column, the lines that differ; carry: key → how that line is rounded before it is used
        stands:  key → the number used in later lines whatever the line comes to
        """
        return _Run(self, changes, carry, stands or {}).results(wanted)


class _Run:
    def __init__(
        self,
        sweep: Sweep,
        changes: Sequence[Mapping[str, Change]],
        carry: Callable[[str], Carry | None] | None,
        stands: Mapping[str, Any],
    ) -> None:
        self.sweep = sweep
        self.count = len(changes)
        self.carry = carry
        self.stands = stands
        self.values: dict[str, Any] = dict(sweep.given)
        self.raw: dict[str, Any] = {}
        self.at: dict[str, list[tuple[int, Change]]] = {}
        for column, changed in enumerate(changes):
            for key, change in changed.items():
                self.at.setdefault(key, []).append((column, change))

    def results(self, wanted: Iterable[str]) -> dict[str, Any]:
        wanted = list(wanted)
        needed = self.sweep.upstream(wanted)
        with np.errstate(all="ignore"):
            for line in self.sweep.program:
                if line.key in needed:
                    self.value(line.key)
        return {key: self.raw.get(key, self.values.get(key)) for key in wanted}

    def value(self, key: str) -> Any:
        """What later lines use; worked out when first asked for, since a slip may use a later number."""
        if key not in self.values:
            self.work_out(key)
        return self.values[key]

    def work_out(self, key: str) -> None:
        tree = self.sweep.program.by_key[key].tree
        raw = _compiled(tree).run(self.value)
        changed = self.at.get(key)
        if changed:
            raw = np.broadcast_to(np.asarray(raw, float), (self.count,)).copy()
            # What the changed lines use may come later, and be made from this very line.
            self.values[key] = self.kept(key, raw)
            before = set(self.values)
            self.change(tree, changed, raw)
            for early in set(self.values) - before:
                # A later number that was asked for, and is made from this line, is not what it will be.
                if key in self.sweep.upstream([early]):
                    del self.values[early], self.raw[early]
        self.raw[key] = raw
        self.values[key] = self.kept(key, raw)

    def kept(self, key: str, raw: Any) -> Any:
        if key in self.stands:
            return self.stands[key]
        keep = None if self.carry is None else self.carry(key)
        return raw if keep is None else keep(raw)

    def change(self, tree: Expression, changed: list[tuple[int, Change]], raw: Any) -> None:
        """Work out the changed columns of a line."""
        same = [(column, change) for column, change in changed if change.whole is None]
        if same:
            columns = np.array([column for column, _ in same])
            arguments = {}
            for name in symbols_in(tree):
                argument = self.columns(name, columns)
                for place, (column, change) in enumerate(same):
                    if name in change.put:
                        argument[place] = self.alone(change.put[name], column)
                arguments[name] = argument
            raw[columns] = _compiled(tree).run(arguments.__getitem__)
        others: dict[Expression, list[int]] = {}
        for column, change in changed:
            if change.whole is not None:
                others.setdefault(change.whole, []).append(column)
        for whole, found in others.items():
            places = np.array(found)
            names = symbols_in(whole)
            raw[places] = _compiled(whole).run(
                {name: self.columns(name, places) for name in names}.__getitem__
            )
        for column, change in changed:
            if change.scale != 1.0:
                raw[column] *= change.scale
            if change.keep is not None:
                raw[column] = change.keep(raw[column])

    def columns(self, name: str, columns: Any) -> Any:
        value = np.asarray(self.value(name), float)
        return value[columns] if value.ndim else np.full(len(columns), float(value))

    def alone(self, tree: Expression, column: int) -> float:
        """A small formula in one column."""
        if isinstance(tree, Constant):
            return float(tree.value)

        def one(name: str) -> float:
            value = self.value(name)
            return float(value[column]) if np.ndim(value) else float(value)

        return one(tree.name) if isinstance(tree, Symbol) else float(_compiled(tree).run(one))
