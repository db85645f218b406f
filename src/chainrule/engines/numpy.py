"""The NumPy engine: the reference. It evaluates the derivation's trees, in float32 or float64.

Recording and training run the same instructions on the same kind of buffers, so a shown number is the
number training used.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import inf, isfinite
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines.engine import Array, Data, Slice, Step
from chainrule.engines.program import GRADIENTS, Arena, Program, as_dtype
from chainrule.engines.samples import check_row
from chainrule.engines.sparse import SparseRows, Values, is_sparse, sparse_rows
from chainrule.engines.threads import enough_threads
from chainrule.errors import InvalidInput, ShapeMismatch

# A batch whose loss is this many times the first one's (or 1, if that is more) has exploded.
EXPLODED = 1e6
# Single rows are predicted one after another: for networks of at most so many parameters what is made ready
# for one is kept, the latest few of them.
SMALL, KEPT_SINGLE = 2**16, 4
CHUNK = 512
# An evaluator keeps programs for so many numbers of rows.
KEPT = 8
# Steps between two flushes of subnormal numbers; momentum of dead units decays into them.
FLUSH_EVERY = 256


class NumpyEngine:
    """Computes a derivation's lines with NumPy.

    >>> from chainrule.derivation import Dense, Network, derive
    >>> net = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[0.0]])])
    >>> values = {"x": [[1.0]], "y": [[1.0]], "W1": [[0.0]]}
    >>> step = NumpyEngine().run(derive(net, "mse", "sgd"), values, rate=1.0)
    >>> float(step["a1"][0, 0]), float(step.updated["W1"][0, 0])
    (0.5, 0.25)
    """

    name = "numpy"

    def __init__(self) -> None:
        self._idle: deque[NumpyEvaluator] = deque(maxlen=KEPT_SINGLE)

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
        """Compute every line once and return every symbol's value.

        values: x (B, I), the parameters by name, and y, s or q where the derivation asks for them
        state:  the rule's state; its starting values by default
        rate:   η; the rule's own by default.  step: t.  key: of the dropout masks

        Raises InvalidInput for a value that is missing and ShapeMismatch for one of another shape.
        """
        arena = Arena(derivation, as_dtype(dtype))
        x = _table(values, arena.dtype)
        program = Program(derivation, arena, len(x), sparse=isinstance(x, SparseRows))
        _fill_all(program, values, x)
        for symbol, value in (state or {}).items():
            np.copyto(arena.views[symbol], value)
        return _record(program, rate, step, key)

    def forward(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any = np.float32
    ) -> tuple[Array, float | None]:
        """The outputs (N, O) for many rows, in chunks, and the loss where the derivation has one.

        The loss is over all rows at once, whatever the chunks: Σ over chunks of its share.
        """
        evaluator = self._evaluator(derivation, parameters, dtype)
        result = evaluator(parameters, data)
        if len(data.X) == 1 and derivation.network.parameter_count <= SMALL:
            self._idle.append(evaluator)
        return result

    def _evaluator(self, derivation: Derivation, parameters: Mapping[str, Any], dtype: Any) -> NumpyEvaluator:
        """One that reads these parameters: of an earlier row's, or a new one."""
        for found in list(self._idle):
            if found.reads(derivation, parameters, dtype):
                try:
                    # One operation of the interpreter, so that no two threads take the same.
                    self._idle.remove(found)
                except (ValueError, IndexError):
                    continue
                return found
        return NumpyEvaluator(derivation, dtype, parameters)

    def evaluator(self, derivation: Derivation, *, dtype: Any) -> NumpyEvaluator:
        """`forward` made ready once, for parameters that change."""
        return NumpyEvaluator(derivation, dtype)

    def trainer(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> NumpyTrainer:
        """Begin training on data from given parameters."""
        return NumpyTrainer(derivation, parameters, data, dtype=dtype, key=key)


class NumpyEvaluator:
    """The forward pass of a derivation, on many rows in chunks; its programs are built once.

    given: the parameters of every call, which are then not copied
    """

    def __init__(self, derivation: Derivation, dtype: Any, given: Mapping[str, Any] | None = None) -> None:
        self._derivation, self._given = derivation, given
        self._arena = Arena(derivation, as_dtype(dtype), given)
        self._programs: dict[tuple[int, bool], Program] = {}

    def reads(self, derivation: Derivation, parameters: Mapping[str, Any], dtype: Any) -> bool:
        """Whether it computes this derivation with these very arrays."""
        return (
            self._derivation is derivation
            and self._arena.dtype == dtype
            and all(view is parameters[name] for name, view in self._arena.views.items())
        )

    def __call__(self, parameters: Mapping[str, Any], data: Data) -> tuple[Array, float | None]:
        """The outputs (N, O), and the loss where the derivation has one."""
        derivation, count = self._derivation, len(data.X)
        for parameter in derivation.network.parameters if self._given is None else ():
            np.copyto(self._arena.views[parameter.name], parameters[parameter.name])
        outputs = np.empty((count, derivation.network.outputs), self._arena.dtype)
        summed, weight = 0.0, 0.0
        with np.errstate(all="ignore"), enough_threads(derivation.network, min(count, CHUNK)):
            for start in range(0, count, CHUNK):
                piece = slice(start, min(start + CHUNK, count))
                program = self._program(piece.stop - start, isinstance(data.X, SparseRows))
                _copy_batch(program, data, piece)
                program.run(program.compute)
                outputs[piece] = program.buffers[derivation.output]
                if derivation.loss is not None:
                    share = _share_of_loss(program)
                    summed += program.number("C") * share
                    weight += share
        if derivation.loss is None:
            return outputs, None
        return outputs, summed if derivation.loss.over_batch == "sum" else summed / (weight or 1.0)

    def single(self, parameters: Mapping[str, Any]) -> Callable[[Any], Array]:
        """A function from one row (I,) to its outputs (O,), for one thread; ShapeMismatch for another length."""
        own = NumpyEvaluator(self._derivation, self._arena.dtype)
        program = own._program(1)
        for parameter in self._derivation.network.parameters:
            np.copyto(own._arena.views[parameter.name], parameters[parameter.name])

        inputs = self._derivation.network.inputs

        def predict(row: Any) -> Array:
            check_row(row, inputs)
            program.buffers["x"][0] = row
            with np.errstate(all="ignore"):
                program.run(program.compute)
            outputs: Array = program.buffers[self._derivation.output][0].copy()
            return outputs

        return predict

    def _program(self, rows: int, sparse: bool = False) -> Program:
        kind = rows, sparse
        if kind not in self._programs:
            if len(self._programs) >= KEPT:
                del self._programs[next(iter(self._programs))]
            self._programs[kind] = Program(self._derivation, self._arena, rows, sparse=sparse)
        return self._programs[kind]


class NumpyTrainer:
    """Training in progress; see `chainrule.engines.engine.Trainer`."""

    engine = "numpy"

    def __init__(
        self, derivation: Derivation, parameters: Mapping[str, Any], data: Data, *, dtype: Any, key: int
    ) -> None:
        self.derivation = derivation
        self.step_number = 0
        self.loss_limit = inf
        self._arena = Arena(derivation, as_dtype(dtype))
        labels = data.y if data.y.dtype.kind in "iu" else data.y.astype(self._arena.dtype)
        weights = None if data.weights is None else data.weights.astype(self._arena.dtype)
        self._data = Data(data.X.astype(self._arena.dtype, copy=False), labels, weights)
        self._key = key
        self._programs: dict[int, Program] = {}
        self._whole: Program | None = None
        self._latest: Program | None = None
        self._gradients = [self._arena.flat[GRADIENTS][s] for s in self._arena.segments.values()]
        self._kept = {s.removesuffix(f"_{p}") for s, (p, _) in derivation.state.items()}
        self.load(parameters, {}, 0)

    def load(self, parameters: Mapping[str, Any], state: Mapping[str, Any], step_number: int) -> None:
        """Go on from given numbers."""
        for symbol, value in {**parameters, **state}.items():
            np.copyto(self._arena.views[symbol], value)
        self.step_number = step_number

    def parameters(self) -> dict[str, Array]:
        """Copies of all parameters, by name."""
        return {p.name: self._arena.views[p.name].copy() for p in self.derivation.network.parameters}

    def state(self) -> dict[str, Array]:
        """Copies of the rule's state, by symbol."""
        return {symbol: self._arena.views[symbol].copy() for symbol in self.derivation.state}

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
        count = len(self._data.X)
        deadline = perf_counter() + seconds
        losses, taken, bad = loss, 0, False
        summed = list(squares) or [0.0] * len(self._gradients)
        with np.errstate(all="ignore"):
            for first in range(start * batch, count, batch):
                rows = min(batch, count - first)
                program = self._place(order, first, rows)
                self.step_number += 1
                found = self._compute(program, rate)
                lengths = [float(np.dot(g, g)) for g in self._gradients]
                if not (found <= self.loss_limit and isfinite(sum(lengths))):
                    self.step_number -= 1
                    bad = True
                    break
                for function, arguments in program.update:
                    function(*arguments)
                if self.step_number % FLUSH_EVERY == 0:
                    self._flush()
                share = _share_of_loss(program)
                losses += found * share
                samples += share
                taken += 1
                for place, length in enumerate(lengths):
                    summed[place] += length
                if stop() or perf_counter() > deadline:
                    break
        return Slice(taken, samples, losses, tuple(summed), bad)

    def _flush(self) -> None:
        """Set subnormal numbers of the rule's state to 0: they change nothing, and arithmetic on them is slow."""
        least = np.finfo(self._arena.dtype).tiny
        for name in self._kept:
            flat = self._arena.flat[name]
            flat[np.abs(flat) < least] = 0

    def last_step(self) -> Step:
        """Every number of the latest batch, computed again from the present parameters."""
        assert self._latest is not None
        return _record(self._latest, self._rate, self.step_number + 1, self._key)

    def end(self) -> Callable[[], Step]:
        """Take no more steps; returns what gives the last one's numbers."""
        step = self.last_step()
        return lambda: step

    def _compute(self, program: Program, rate: float) -> float:
        program.give("eta", rate)
        program.give("t", self.step_number)
        if "key" in program.scalars:
            program.give("key", self._key)
        for function, arguments in program.compute:
            function(*arguments)
        loss: float = program.numbers[program.scalars["C"]]
        self._rate = rate
        if self.loss_limit == inf and isfinite(loss):
            self.loss_limit = EXPLODED * max(loss, 1.0)
        return loss

    def _place(self, order: NDArray[np.intp] | None, first: int, rows: int) -> Program:
        """The program for a batch of this size, its inputs filled."""
        program = self._programs.get(rows)
        if program is None:
            sparse = isinstance(self._data.X, SparseRows)
            program = self._programs[rows] = Program(self.derivation, self._arena, rows, sparse=sparse)
        self._latest = program
        if order is None:
            if rows == len(self._data.X):
                if self._whole is not program:
                    _copy_batch(program, self._data, slice(0, rows))
                    self._whole = program
            else:
                _copy_batch(program, self._data, slice(first, first + rows))
            return program
        self._whole = None
        chosen = order[first : first + rows]
        data = self._data
        if isinstance(data.X, SparseRows):
            _put_rows(program, data.X[chosen])
        else:
            np.take(data.X, chosen, 0, program.buffers["x"], "clip")
        np.take(data.y, chosen, 0, program.buffers["y"], "clip")
        if data.weights is not None:
            np.take(data.weights, chosen, 0, program.buffers[_weights(program)], "clip")
        return program


def _weights(program: Program) -> str:
    return "q" if "q" in program.buffers else "s"


def _put_rows(program: Program, rows: Array | SparseRows) -> None:
    if isinstance(rows, SparseRows):
        assert program.batch is not None
        program.batch.fill(rows, program.arena.dtype)
    else:
        np.copyto(program.buffers["x"], rows, casting="same_kind")


def _copy_batch(program: Program, data: Data, piece: slice) -> None:
    _put_rows(program, data.X[piece])
    if "y" in program.buffers:
        np.copyto(program.buffers["y"], data.y[piece], casting="same_kind")
    if data.weights is not None and program.derivation.loss is not None:
        np.copyto(program.buffers[_weights(program)], data.weights[piece], casting="same_kind")


def _share_of_loss(program: Program) -> float:
    """How much a batch's loss counts beside others': its rows, or their total weight; a sum counts as it is."""
    loss = program.derivation.loss
    if loss is None or loss.over_batch == "sum":
        return 1.0
    return (
        float(program.buffers["s"].sum(dtype=np.float64)) if "s" in program.buffers else float(program.rows)
    )


def check_values(derivation: Derivation, values: Mapping[str, Any], dtype: np.dtype[Any]) -> dict[str, Any]:
    """Values of every input and parameter of a run, each in its dtype. Raises as `NumpyEngine.run`."""
    arena = Arena(derivation, dtype)
    x = _table(values, dtype)
    program = Program(derivation, arena, len(x), sparse=isinstance(x, SparseRows))
    return _fill_all(program, values, x)


def _fill_all(program: Program, values: Mapping[str, Any], x: Array | SparseRows) -> dict[str, Any]:
    """Fill the program's inputs and parameters, and return them by name."""
    derivation = program.derivation
    made: dict[str, Any] = {}
    for name in (*derivation.inputs, *(p.name for p in derivation.network.parameters)):
        if name == "x" and isinstance(x, SparseRows):
            assert program.batch is not None
            if x.shape != program.batch.shape:
                raise ShapeMismatch(f'"x" must have shape {program.batch.shape}, not {x.shape}')
            program.batch.fill(x, program.arena.dtype)
            made[name] = program.batch.rows
        elif derivation.shapes[name] != ():
            _fill(program.buffers[name], values, name)
            made[name] = program.buffers[name]
    return made


def _table(values: Mapping[str, Any], dtype: np.dtype[Any]) -> Array | SparseRows:
    """x as a table (B, I)."""
    if not isinstance(values, Mapping):
        raise InvalidInput(f"the values are given by symbol, such as {{'x': …}}, not as {values!r}")
    if is_sparse(given := values.get("x")):
        return sparse_rows("x", given)
    x = np.asarray(given, dtype=object if "x" not in values else dtype)
    if x.ndim != 2:
        raise ShapeMismatch(f"x must be a table (B, I), one row per sample, not of shape {x.shape}")
    return x


def _fill(buffer: Array, values: Mapping[str, Any], name: str) -> None:
    if name not in values:
        raise InvalidInput(f'the derivation needs a value for "{name}" of shape {buffer.shape}: give one')
    given = np.asarray(values[name])
    if given.shape != buffer.shape:
        raise ShapeMismatch(f'"{name}" must have shape {buffer.shape}, not {given.shape}')
    np.copyto(buffer, given, casting="unsafe" if buffer.dtype.kind == "i" else "same_kind")


def _record(program: Program, rate: float | None, step: int, key: int) -> Step:
    """Run a program once and copy every number; the arena's parameters and state stay as they are."""
    derivation, arena = program.derivation, program.arena
    kept = {name: array.copy() for name, array in arena.flat.items()}
    numbers: dict[str, float] = {"t": step, "key": key}
    if derivation.rule is not None:
        numbers["eta"] = derivation.rule.parameters["learning_rate"] if rate is None else rate
    for name in program.scalars.keys() & numbers.keys() & set(derivation.inputs):
        program.give(name, numbers[name])
    with np.errstate(all="ignore"):
        program.run(program.compute)
        values: dict[str, Any] = dict(derivation.constants)
        before = {line.symbol for line in derivation.lines if line.phase != "update"}
        known = (
            before
            | set(derivation.inputs)
            | set(derivation.state)
            | set(arena.views) & {p.name for p in derivation.network.parameters}
        )
        for symbol in known:
            values[symbol] = _value(program, symbol)
        program.run(program.update)
        updated = {line.symbol: _value(program, line.symbol) for line in derivation.phase("update")}
    for name, array in kept.items():
        np.copyto(arena.flat[name], array)
    return Step(values if program.batch is None else Values(values), updated)


def _value(program: Program, symbol: str) -> Any:
    if symbol == "x" and program.batch is not None:
        return program.batch.rows
    if symbol in program.buffers:
        return program.buffers[symbol].copy()
    return program.number(symbol)
