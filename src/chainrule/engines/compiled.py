"""The compiled engine: a derivation's lines as machine code, many steps in one call.

It computes what the NumPy engine computes, from the same lines and the same trees; sums are taken in another
order, so the last bits differ. A derivation it has no code for goes, as a whole, to the NumPy engine.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines import kernels
from chainrule.engines.engine import Array, Data, Evaluator, Number, Slice, Step, Trainer
from chainrule.engines.kernels import Number as Place
from chainrule.engines.kernels import Plan, Section
from chainrule.engines.lowering import Lowering, NotLowered, Numbers, check_lowerable
from chainrule.engines.machine import the_machine
from chainrule.engines.numpy import EXPLODED, FLUSH_EVERY, NumpyEngine, check_values
from chainrule.engines.program import Arena, as_dtype
from chainrule.engines.threads import enough_threads

CHUNK = 512
# Seconds between two looks at the clock and at Ctrl-C.
LOOK = 0.02

_Function = Callable[[int, int, int], None]


@cache
def _function(text: str) -> _Function:
    made: _Function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(
        the_machine().address(text)
    )
    return made


class CompiledEngine:
    """Computes a derivation's lines with machine code made from their trees.

    >>> from chainrule.derivation import Dense, Network, derive
    >>> net = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[0.0]])])
    >>> values = {"x": [[1.0]], "y": [[1.0]], "W1": [[0.0]]}
    >>> step = CompiledEngine().run(derive(net, "mse", "sgd"), values, rate=1.0)
    >>> float(step["a1"][0, 0]), float(step.updated["W1"][0, 0])
    (0.5, 0.25)
    """

    name = "compiled"

    def __init__(self) -> None:
        self._plain = NumpyEngine()

    def run(
        self,
        derivation: Derivation,
        values: Mapping[str, Any],
        *,
        state: Mapping[str, Any] | None = None,
        rate: float | None = None,
        step: int = 1,
        key: int = 0,
        dtype: Any = np.float64,
    ) -> Step:
        """Compute every line once and return every symbol's value; see `NumpyEngine.run`."""
        arena = Arena(derivation, as_dtype(dtype))
        given = check_values(derivation, values, arena.dtype)
        for symbol, value in (state or {}).items():
            np.copyto(arena.views[symbol], value)
        try:
            recorder = _Recorder(derivation, arena, len(given["x"]))
        except NotLowered:
            return self._plain.run(
                derivation, values, state=state, rate=rate, step=step, key=key, dtype=dtype
            )
        return recorder.record(given, rate, step, key)

    def forward(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any = np.float32
    ) -> tuple[Array, float | None]:
        """The outputs (N, O) for many rows, and the loss where the derivation has one."""
        return self.evaluator(derivation, dtype=dtype)(parameters, data)

    def evaluator(self, derivation: Derivation, *, dtype: Any) -> Evaluator:
        """`forward` made ready once, for parameters that change."""
        try:
            return CompiledEvaluator(derivation, as_dtype(dtype))
        except NotLowered:
            return self._plain.evaluator(derivation, dtype=dtype)

    def trainer(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> Trainer:
        """Begin training on data from given parameters."""
        try:
            return CompiledTrainer(derivation, parameters, data, dtype=dtype, key=key)
        except NotLowered:
            return self._plain.trainer(derivation, parameters, data, dtype=dtype, key=key)


class _Machinery:
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
        _function(kernels.section())(int(bounds[section]), self.numbers.ctypes.data, self.plan.ctypes.data)


class _Recorder:
    """One step with every symbol's value kept."""

    def __init__(self, derivation: Derivation, arena: Arena, rows: int) -> None:
        self.machinery = _Machinery(derivation, arena)
        self.program = Lowering(
            derivation, arena, self.machinery.table, rows, self.machinery.shared, keep=None
        )
        self.program.gather_from({})
        self.bounds = self.program.place()
        self.machinery.ready()

    def record(self, given: Mapping[str, Array], rate: float | None, step: int, key: int) -> Step:
        """Every value before and after the update; the arena's own numbers stay as they are."""
        derivation, arena, numbers = self.program.derivation, self.program.arena, self.machinery.numbers
        kept = {name: array.copy() for name, array in arena.flat.items()}
        buffers = self.program.buffers
        for name, value in given.items():
            np.copyto(buffers[name], value, casting="unsafe")
        numbers[Place.STEP], numbers[Place.KEY] = step, key
        if derivation.rule is not None:
            numbers[Place.RATE] = derivation.rule.parameters["learning_rate"] if rate is None else rate
        self.machinery.run(self.bounds, Section.GATHER)
        self.machinery.run(self.bounds, Section.COMPUTE)
        before = {line.symbol for line in derivation.lines if line.phase != "update"}
        named = {*before, *derivation.inputs, *derivation.state}
        named |= {p.name for p in derivation.network.parameters}
        values: dict[str, Number] = {**derivation.constants, **{name: self._value(name) for name in named}}
        for name, value in given.items():
            values[name] = value.copy()
        self.machinery.run(self.bounds, Section.UPDATE)
        updated = {line.symbol: self._value(line.symbol) for line in derivation.phase("update")}
        for name, array in kept.items():
            np.copyto(arena.flat[name], array)
        return Step(values, updated)

    def _value(self, symbol: str) -> Number:
        if symbol in self.program.buffers:
            return self.program.buffers[symbol].copy()
        return float(self.machinery.numbers[self.machinery.table.place(symbol)])


class CompiledEvaluator:
    """The forward pass of a derivation, on many rows in chunks; its programs are made once."""

    def __init__(self, derivation: Derivation, dtype: np.dtype[Any]) -> None:
        self._derivation, self._dtype = derivation, dtype
        self._machinery = _Machinery(derivation, Arena(derivation, dtype))
        self._programs: dict[int, _Forward] = {}

    def _program(self, rows: int) -> _Forward:
        if rows not in self._programs:
            self._programs[rows] = _Forward(self._machinery, rows)
        return self._programs[rows]

    def load(self, parameters: Mapping[str, Any]) -> None:
        """Compute with these parameters from now on."""
        for parameter in self._derivation.network.parameters:
            np.copyto(self._machinery.arena.views[parameter.name], parameters[parameter.name])

    def __call__(self, parameters: Mapping[str, Any], data: Data) -> tuple[Array, float | None]:
        """The outputs (N, O), and the loss where the derivation has one."""
        derivation, machinery, count = self._derivation, self._machinery, len(data.X)
        self.load(parameters)
        outputs = np.empty((count, derivation.network.outputs), self._dtype)
        summed, weight = 0.0, 0.0
        size = min(CHUNK, count)
        programs = [self._program(rows) for rows in {size, count % size or size}]
        assert programs
        with enough_threads(derivation.network, size):
            for start in range(0, count, size):
                piece = slice(start, min(start + size, count))
                program = self._program(piece.stop - start)
                program.run(data, piece, outputs)
                if derivation.loss is not None:
                    share = float(machinery.numbers[Place.SHARE])
                    summed += float(machinery.numbers[Place.LOSS]) * share
                    weight += share
        if derivation.loss is None:
            return outputs, None
        return outputs, summed if derivation.loss.over_batch == "sum" else summed / (weight or 1.0)

    def single(self, parameters: Mapping[str, Any]) -> Callable[[Any], Array]:
        """A function from one row (I,), an array of the evaluator's dtype, to its outputs (O,), soon.

        The result is a new array each time. Made for one thread; each thread makes its own.
        """
        own = CompiledEvaluator(self._derivation, self._dtype)
        own.load(parameters)
        return own._program(1).single()


class _Forward:
    """The program of the feedforward pass for a number of rows, whose input and output may be moved."""

    def __init__(self, machinery: _Machinery, rows: int) -> None:
        self.machinery, derivation = machinery, machinery.derivation
        self.program = Lowering(
            derivation, machinery.arena, machinery.table, rows, machinery.shared, keep={derivation.output}
        )
        self.program.gather_from({})
        self.bounds = self.program.place()
        machinery.ready()
        buffers = self.program.buffers
        self.x, self.output = buffers["x"], buffers[derivation.output]
        # Where in the rows the addresses of both stand.
        self.reads = np.flatnonzero(self.program.code == self.x.ctypes.data)
        self.writes = np.flatnonzero(self.program.code == self.output.ctypes.data)

    def run(self, data: Data, piece: slice, outputs: Array) -> None:
        """Compute a chunk of the data into its place in the outputs."""
        machinery, buffers, code = self.machinery, self.program.buffers, self.program.code
        X = data.X[piece]
        if X.dtype == self.x.dtype and X.flags.c_contiguous:
            code[self.reads] = X.ctypes.data
        else:
            code[self.reads] = self.x.ctypes.data
            np.copyto(self.x, X, casting="same_kind")
        if "y" in buffers:
            np.copyto(buffers["y"], data.y[piece], casting="same_kind")
        if data.weights is not None and machinery.derivation.loss is not None:
            np.copyto(buffers[_weights(machinery.derivation)], data.weights[piece], casting="same_kind")
        code[self.writes] = outputs[piece].ctypes.data
        machinery.run(self.bounds, Section.GATHER)
        machinery.run(self.bounds, Section.COMPUTE)

    def single(self) -> Callable[[Any], Array]:
        """See `CompiledEvaluator.single`."""
        machinery = self.machinery
        machinery.run(self.bounds, Section.GATHER)
        machinery.plan[Plan.STOP] = self.bounds[Section.COMPUTE + 1]
        start = int(self.bounds[Section.COMPUTE])
        numbers, plan = machinery.numbers.ctypes.data, machinery.plan.ctypes.data
        # So short a call does not give other threads their turn first.
        address = the_machine().address(kernels.section())
        call = ctypes.PYFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(address)
        given, copy = self.x.reshape(-1), self.output.reshape(-1).copy
        keep = self

        def predict(row: Any) -> Array:
            assert keep is not None
            given[:] = row
            call(start, numbers, plan)
            return copy()

        return predict


class CompiledTrainer:
    """Training in progress; see `chainrule.engines.engine.Trainer`."""

    engine = "compiled"

    def __init__(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> None:
        self.derivation = derivation
        self._arena = Arena(derivation, as_dtype(dtype))
        made = self._arena.dtype
        self._machinery = _Machinery(derivation, self._arena)
        weights = None if data.weights is None else np.ascontiguousarray(data.weights, made)
        self._data = Data(np.ascontiguousarray(data.X, made), np.ascontiguousarray(data.y, made), weights)
        self._whole_numbers = data.y.dtype.kind in "iu"
        self._programs: dict[int, Any] = {}
        self._limit, self._step, self._key = inf, 0, key
        self._placed = -1
        self._latest: tuple[NDArray[np.intp] | None, int, int] | None = None
        self._rate = 0.0
        self._speed = 0.0
        self._step_function = _function(kernels.steps())
        self.load(parameters, {}, 0)

    @property
    def step_number(self) -> int:
        """How many steps were taken."""
        return self._step

    @step_number.setter
    def step_number(self, value: int) -> None:
        self._step = value

    @property
    def loss_limit(self) -> float:
        """A loss above it has exploded; set by the first finite loss."""
        return self._limit

    @loss_limit.setter
    def loss_limit(self, value: float) -> None:
        self._limit = value

    def load(self, parameters: Mapping[str, Any], state: Mapping[str, Any], step_number: int) -> None:
        """Go on from given numbers."""
        for symbol, value in {**parameters, **state}.items():
            np.copyto(self._arena.views[symbol], value)
        self._step = step_number

    def parameters(self) -> dict[str, Array]:
        """Copies of all parameters, by name."""
        return {p.name: self._arena.views[p.name].copy() for p in self.derivation.network.parameters}

    def state(self) -> dict[str, Array]:
        """Copies of the rule's state, by symbol."""
        return {symbol: self._arena.views[symbol].copy() for symbol in self.derivation.state}

    # --- programs -----------------------------------------------------------------------------------

    def _tables(self) -> dict[str, Array]:
        tables = {"x": self._data.X, "y": self._data.y}
        if self._data.weights is not None:
            tables[_weights(self.derivation)] = self._data.weights
        return tables

    def _program(self, rows: int) -> NDArray[np.int64]:
        """The sections of the program for batches of this size."""
        if rows not in self._programs:
            machinery, tables = self._machinery, self._tables()
            # All rows at once, as they come, are used where they lie.
            given = {"x": tables.pop("x")} if rows == len(self._data.X) else {}
            program = Lowering(
                self.derivation, self._arena, machinery.table, rows, machinery.shared, given=given
            )
            program.gather_from(tables)
            self._programs[rows] = program, program.place()
            machinery.ready()
        bounds: NDArray[np.int64] = self._programs[rows][1]
        return bounds

    def prepare(self, batch: int) -> None:
        """Make the programs for batches of this size."""
        plan, count = self._machinery.plan, len(self._data.X)
        batch = min(batch, count)
        plan[Plan.WHOLE : Plan.WHOLE + 8] = self._program(batch)
        if count % batch:
            plan[Plan.REST : Plan.REST + 8] = self._program(count % batch)
        plan[Plan.BATCH], plan[Plan.COUNT] = batch, count
        layers = self._machinery.table.layers
        plan[Plan.SQUARES], plan[Plan.LAYERS] = Place.SQUARES, layers
        plan[Plan.EXPLODED], plan[Plan.FLUSH_EVERY] = int(EXPLODED), FLUSH_EVERY

    # --- steps --------------------------------------------------------------------------------------

    def steps(
        self,
        order: NDArray[np.intp] | None,
        batch: int,
        start: int,
        rate: float,
        seconds: float,
        stop: Callable[[], bool],
        samples: float = 0.0,
        loss: float = 0.0,
        squares: Sequence[float] = (),
    ) -> Slice:
        """Take steps over the batches of `order` from batch `start` on; see the protocol."""
        self.prepare(batch)
        plan, numbers, count = self._machinery.plan, self._machinery.numbers, len(self._data.X)
        # All rows in one batch: their order changes nothing but the order of sums.
        order = None if order is None or batch >= count else np.ascontiguousarray(order, np.int64)
        self._begin(order, rate)
        plan[Plan.FIRST], plan[Plan.RESULTS] = start * batch, 0
        layers = self._machinery.table.layers
        summed = slice(Place.SQUARES + layers, Place.SQUARES + 2 * layers)
        numbers[Place.LOSSES], numbers[Place.SAMPLES] = loss, samples
        numbers[summed] = list(squares) or 0.0
        taken, began = 0, perf_counter()
        bad = False
        while plan[Plan.FIRST] < count and not bad:
            last = stop()
            done, bad = self._call(1 if last or seconds <= 0 else self._chunk())
            taken += done
            if last or perf_counter() - began > seconds or stop():
                break
        return Slice(
            taken, float(numbers[Place.SAMPLES]), float(numbers[Place.LOSSES]),
            tuple(numbers[summed].tolist()), bad,
        )  # fmt: skip

    def epochs(
        self,
        orders: NDArray[np.intp] | None,
        batch: int,
        rates: Sequence[float],
        seconds: float,
        stop: Callable[[], bool],
    ) -> tuple[NDArray[np.float64], Slice | None]:
        """Whole epochs, one for each rate, with an order each in `orders` (epochs, N) or as the rows come.

        Returns for each completed epoch a row: Σ of losses, samples, squared lengths by layer; and, where the
        time was over, `stop()` true or a step not finite within an epoch, the slice of that one.
        """
        self.prepare(batch)
        plan, numbers, count = self._machinery.plan, self._machinery.numbers, len(self._data.X)
        orders = None if orders is None or batch >= count else np.ascontiguousarray(orders, np.int64)
        layers = self._machinery.table.layers
        done = np.zeros((len(rates), layers + 2))
        given = np.array([*rates, rates[-1]], np.float64)
        self._begin(orders, float(rates[0]))
        numbers[Place.LOSSES : Place.SAMPLES + 1] = 0
        summed = slice(Place.SQUARES + layers, Place.SQUARES + 2 * layers)
        numbers[summed] = 0
        plan[Plan.FIRST], plan[Plan.EPOCHS] = 0, 0
        plan[Plan.RESULTS], plan[Plan.RATES] = done.ctypes.data, given.ctypes.data
        steps, taken, bad, began = -(-count // batch), 0, False, perf_counter()
        while taken < steps * len(rates) and not bad:
            more, bad = self._call(min(self._chunk(), steps * len(rates) - taken))
            taken += more
            if perf_counter() - began > seconds or stop():
                break
        complete = int(plan[Plan.EPOCHS])
        self._rate = float(given[complete])
        if orders is not None and self._latest is not None:
            self._latest = orders[(taken - (not bad)) // steps], *self._latest[1:]
        left = taken - complete * steps
        rest = None
        if left or bad:
            rest = Slice(
                left, float(numbers[Place.SAMPLES]), float(numbers[Place.LOSSES]),
                tuple(numbers[summed].tolist()), bad,
            )  # fmt: skip
        return done[:complete], rest

    def _begin(self, order: NDArray[np.int64] | None, rate: float) -> None:
        plan, numbers = self._machinery.plan, self._machinery.numbers
        self._order, self._rate = order, rate
        plan[Plan.ORDER] = 0 if order is None else order.ctypes.data
        numbers[Place.RATE], numbers[Place.KEY] = rate, self._key
        numbers[Place.STEP], numbers[Place.LIMIT] = self._step, self._limit
        whole = order is None and plan[Plan.BATCH] == plan[Plan.COUNT]
        if whole and not plan[Plan.PLACED]:
            plan[Plan.FIRST] = 0
            self._machinery.run(plan[Plan.WHOLE : Plan.WHOLE + 8], Section.GATHER)
        plan[Plan.PLACED] = whole

    def _chunk(self) -> int:
        """Steps that take about as long as may pass between two looks at the clock."""
        return max(1, int(LOOK / self._speed)) if self._speed else 1

    def _call(self, most: int) -> tuple[int, bool]:
        plan, numbers = self._machinery.plan, self._machinery.numbers
        plan[Plan.STEPS], plan[Plan.TAKEN], plan[Plan.BAD] = most, 0, 0
        first = int(plan[Plan.FIRST])
        began = perf_counter()
        self._step_function(0, numbers.ctypes.data, plan.ctypes.data)
        passed = perf_counter() - began
        taken, bad = int(plan[Plan.TAKEN]), bool(plan[Plan.BAD])
        self._speed = passed / max(taken, 1)
        self._step, self._limit = int(numbers[Place.STEP]), float(numbers[Place.LIMIT])
        batch = int(plan[Plan.BATCH])
        last = first + batch * (taken if bad else taken - 1)
        self._latest = self._order, last % (-(-int(plan[Plan.COUNT]) // batch) * batch), batch
        return taken, bad

    def last_step(self) -> Step:
        """Every number of the latest batch, computed again from the present parameters."""
        assert self._latest is not None
        order, first, batch = self._latest
        rows = slice(first, min(first + batch, len(self._data.X)))
        chosen: Any = rows if order is None else order[rows]
        given = {name: table[chosen] for name, table in self._tables().items()}
        recorder = _Recorder(self.derivation, self._arena, len(given["x"]))
        if self._whole_numbers:
            given["y"] = given["y"].astype(np.int64)
        return recorder.record(given, self._rate, self._step + 1, self._key)


def _weights(derivation: Derivation) -> str:
    return "q" if "q" in derivation.inputs else "s"
