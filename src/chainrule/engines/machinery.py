"""What every program of the compiled engine needs beside its rows, and the recording of one step."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines import kernels
from chainrule.engines.engine import Array, Number, Step
from chainrule.engines.kernels import Number as Place
from chainrule.engines.kernels import Plan, Section
from chainrule.engines.lowerable import check_lowerable
from chainrule.engines.lowering import Lowering, Numbers
from chainrule.engines.machine import the_machine
from chainrule.engines.program import Arena
from chainrule.engines.sparse import SparseRows, Values
from chainrule.engines.sparse_lowering import SparseLowering, SparseSource

Function = Callable[[int, int, int], None]


@cache
def function(text: str) -> Function:
    made: Function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        the_machine().address(text)
    )
    return made


class Machinery:
    """What every program needs beside its rows: the numbers and the plan."""

    def __init__(self, derivation: Derivation, arena: Arena) -> None:
        check_lowerable(derivation)
        self.derivation, self.arena = derivation, arena
        self.table = Numbers(derivation)
        self.shared: dict[str, Array] = {}
        self.plan = np.zeros(Plan.SIZE, np.int64)

    def ready(self) -> None:
        """Room for all numbers that the programs have asked for."""
        self.numbers = np.array(self.table.start, np.float64)

    def run(self, bounds: NDArray[np.int64], section: Section) -> None:
        """Run one section of a program."""
        self.plan[Plan.STOP] = bounds[section + 1]
        function(kernels.section())(int(bounds[section]), self.numbers.ctypes.data, self.plan.ctypes.data)


class Recorder:
    """One step with every symbol's value kept."""

    def __init__(self, derivation: Derivation, arena: Arena, rows: int, *, sparse: bool = False) -> None:
        self.machinery = Machinery(derivation, arena)
        common = derivation, arena, self.machinery.table, rows, self.machinery.shared
        self.source = SparseSource(arena.dtype.name) if sparse else None
        if self.source is not None:
            self.program: Lowering = SparseLowering(self.source, *common, keep=None)
        else:
            self.program = Lowering(*common, keep=None)
        self.program.gather_from({})
        self.bounds = self.program.place()
        self.machinery.ready()

    def record(self, given: Mapping[str, Any], rate: float | None, step: int, key: int) -> Step:
        """Every value before and after the update; the arena's own numbers stay as they are."""
        derivation, arena, numbers = self.program.derivation, self.program.arena, self.machinery.numbers
        kept = {name: array.copy() for name, array in arena.flat.items()}
        buffers = self.program.buffers
        for name, value in given.items():
            if isinstance(value, SparseRows):
                assert self.source is not None
                self.source.put(value)
            else:
                np.copyto(buffers[name], value, casting="unsafe")
        numbers[Place.STEP], numbers[Place.KEY] = step, key
        if derivation.rule is not None:
            numbers[Place.RATE] = derivation.rule.parameters["learning_rate"] if rate is None else rate
        self.machinery.run(self.bounds, Section.GATHER)
        self.machinery.run(self.bounds, Section.COMPUTE)
        before = {line.symbol for line in derivation.lines if line.phase != "update"}
        named = {*before, *derivation.inputs, *derivation.state}
        named |= {p.name for p in derivation.network.parameters}
        named -= {"x"} if self.source is not None else set()
        values: dict[str, Any] = {**derivation.constants, **{name: self._value(name) for name in named}}
        for name, value in given.items():
            values[name] = value.copy()
        self.machinery.run(self.bounds, Section.UPDATE)
        updated = {line.symbol: self._value(line.symbol) for line in derivation.phase("update")}
        for name, array in kept.items():
            np.copyto(arena.flat[name], array)
        return Step(values if self.source is None else Values(values), updated)

    def _value(self, symbol: str) -> Number:
        if symbol in self.program.buffers:
            return self.program.buffers[symbol].copy()
        return float(self.machinery.numbers[self.machinery.table.place(symbol)])


def weights_name(derivation: Derivation) -> str:
    return "q" if "q" in derivation.inputs else "s"
