"""Training by machine code: many steps, and many epochs, in one call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines import kernels
from chainrule.engines.engine import Array, Data, Slice, Step
from chainrule.engines.kernels import BOUNDS, Plan, Section
from chainrule.engines.kernels import Number as Place
from chainrule.engines.lowering import Lowering
from chainrule.engines.machinery import Recorder, function, weights_name
from chainrule.engines.numpy import EXPLODED, FLUSH_EVERY
from chainrule.engines.program import Arena, as_dtype
from chainrule.engines.sparse import SparseRows
from chainrule.engines.sparse_lowering import SparseLowering, SparseSource
from chainrule.engines.workspace import find_workspace, keep_workspace

# Seconds between two looks at the clock and at Ctrl-C.
LOOK = 0.02


class CompiledTrainer:
    """Training in progress; see `chainrule.engines.engine.Trainer`."""

    engine = "compiled"

    def __init__(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> None:
        self.derivation = derivation
        made = as_dtype(dtype)
        X: Any = data.X
        self._source: SparseSource | None = None
        if isinstance(X, SparseRows):
            X = X.astype(made, copy=False)
            self._source = SparseSource(made.name)
            self._source.put(X)
        else:
            X = np.ascontiguousarray(X, made)
        tables = {"x": X, "y": np.ascontiguousarray(data.y, made)}
        if data.weights is not None:
            tables[weights_name(derivation)] = np.ascontiguousarray(data.weights, made)
        self._count = len(X)
        self._whole_numbers = data.y.dtype.kind in "iu"
        self._workspace = find_workspace(derivation, made, tables)
        self._arena, self._machinery = self._workspace.arena, self._workspace.machinery
        self._limit, self._step, self._key = inf, 0, key
        self._placed = -1
        self._latest: tuple[NDArray[np.intp] | None, int, int] | None = None
        self._rate = 0.0
        self._speed = 0.0
        self._step_function = function(kernels.steps())
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

    def _program(self, rows: int) -> NDArray[np.int64]:
        """The sections of the program for batches of this size."""
        programs = self._workspace.programs
        if rows not in programs:
            machinery, tables = self._machinery, dict(self._workspace.tables)
            # All rows at once, as they come, are used where they lie.
            x = tables.pop("x") if self._source is not None or rows == self._count else None
            common = machinery.derivation, self._arena, machinery.table, rows, machinery.shared
            if self._source is not None:
                program: Lowering = SparseLowering(self._source, *common)
            else:
                program = Lowering(*common, given={} if x is None else {"x": x})
            program.gather_from(tables)
            programs[rows] = program, program.place()
            machinery.ready()
        bounds: NDArray[np.int64] = programs[rows][1]
        return bounds

    def prepare(self, batch: int) -> None:
        """Make the programs for batches of this size."""
        plan, count = self._machinery.plan, self._count
        batch = min(batch, count)
        if plan[Plan.BATCH] == batch:
            return
        plan[Plan.WHOLE : Plan.WHOLE + BOUNDS] = self._program(batch)
        if count % batch:
            plan[Plan.REST : Plan.REST + BOUNDS] = self._program(count % batch)
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
        plan, numbers, count = self._machinery.plan, self._machinery.numbers, self._count
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
        plan, numbers, count = self._machinery.plan, self._machinery.numbers, self._count
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
            self._machinery.run(plan[Plan.WHOLE : Plan.WHOLE + BOUNDS], Section.GATHER)
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
        return self._recording(lambda: self._arena)()

    def end(self) -> Callable[[], Step]:
        """Take no more steps; what `last_step` would give is computed when it is asked for."""
        derivation, own, dtype = self.derivation, self._arena, self._arena.dtype
        if self._workspace.key is None:
            return self._recording(lambda: own)
        numbers = {**self.parameters(), **self.state()}

        def arena() -> Arena:
            made = Arena(derivation, dtype)
            for symbol, value in numbers.items():
                np.copyto(made.views[symbol], value)
            return made

        record = self._recording(arena)
        keep_workspace(self._workspace)
        return record

    def _recording(self, arena: Callable[[], Arena]) -> Callable[[], Step]:
        """A function that records the latest batch, with the numbers of an arena."""
        assert self._latest is not None
        order, first, batch = self._latest
        rows = slice(first, min(first + batch, self._count))
        given = {
            name: table[rows].copy() if order is None else table[order[rows]]
            for name, table in self._workspace.tables.items()
        }
        if self._whole_numbers:
            given["y"] = given["y"].astype(np.int64)
        derivation, rate, step, key = self.derivation, self._rate, self._step + 1, self._key

        def record() -> Step:
            x = given["x"]
            recorder = Recorder(derivation, arena(), len(x), sparse=isinstance(x, SparseRows))
            return recorder.record(given, rate, step, key)

        return record
