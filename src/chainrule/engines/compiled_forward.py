"""The feedforward pass by machine code: many rows in chunks, or single ones soon."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation
from chainrule.engines import kernels
from chainrule.engines.engine import Array, Data
from chainrule.engines.kernels import Number as Place
from chainrule.engines.kernels import Plan, Section
from chainrule.engines.lowering import Lowering
from chainrule.engines.machine import the_machine
from chainrule.engines.machinery import Machinery, function, weights_name
from chainrule.engines.program import Arena
from chainrule.engines.row_products import RowsLowering
from chainrule.engines.samples import check_row
from chainrule.engines.sparse import SparseRows
from chainrule.engines.sparse_lowering import SparseLowering, SparseSource
from chainrule.engines.threads import enough_threads, threads_of_ones_own
from chainrule.errors import InvalidInput, ShapeMismatch

# So many rows at a time stay in a core's cache, fill BLAS's blocks, and are whole tiles of `row_products`.
CHUNK = 1020
# The multiplications from which on several threads share the rows: about 20 ms of work.
WORTH_SHARING_ROWS = 10**9
# Programs for so many numbers of rows are kept.
KEPT = 8
# The place of the sum of the squares of x.
SQUARES = "#square x"


class CompiledEvaluator:
    """The forward pass of a derivation, on many rows in chunks; its programs are made once."""

    def __init__(self, derivation: Derivation, dtype: np.dtype[Any]) -> None:
        self._derivation, self._dtype = derivation, dtype
        self._machinery = Machinery(derivation, Arena(derivation, dtype))
        self._programs: dict[tuple[int, bool, bool], _Forward] = {}
        self._source = SparseSource(dtype.name)
        self._others: list[CompiledEvaluator] = []
        # Whether the squares of a dense X are added up on the way, and their sum: where it is finite, so is
        # every number of X.
        self.measures, self.squares = False, 0.0

    def _program(self, rows: int, sparse: bool = False) -> _Forward:
        kind = rows, sparse, self.measures
        if kind not in self._programs:
            if len(self._programs) >= KEPT:
                del self._programs[next(iter(self._programs))]
            source = self._source if sparse else None
            self._programs[kind] = _Forward(self._machinery, rows, source, measures=self.measures)
        return self._programs[kind]

    def load(self, parameters: Mapping[str, Any]) -> None:
        """Compute with these parameters from now on."""
        self.squares = 0.0
        for parameter in self._derivation.network.parameters:
            np.copyto(self._machinery.arena.views[parameter.name], parameters[parameter.name])

    def __call__(self, parameters: Mapping[str, Any], data: Data) -> tuple[Array, float | None]:
        """The outputs (N, O), and the loss where the derivation has one."""
        loss, count = self._derivation.loss, len(data.X)
        network = self._derivation.network
        self.load(parameters)
        outputs = np.empty((count, network.outputs), self._dtype)
        size = min(CHUNK, count)
        pieces = [slice(start, min(start + size, count)) for start in range(0, count, size)]
        if len(pieces) > 1 and network.parameter_count * count >= WORTH_SHARING_ROWS:
            sums = self._shared(parameters, data, pieces, outputs)
        else:
            by_blas = self._program(size, isinstance(data.X, SparseRows)).calls_blas
            with enough_threads(network, size) if by_blas else nullcontext():
                sums = self._pieces(data, pieces, outputs)
        if loss is None:
            return outputs, None
        # Added up in the order of the rows, whoever computed them.
        summed, weight = sum(of * share for of, share in sums), sum(share for _, share in sums)
        return outputs, summed if loss.over_batch == "sum" else summed / (weight or 1.0)

    def _pieces(self, data: Data, pieces: Sequence[slice], outputs: Array) -> list[tuple[float, float]]:
        """Compute chunks into their places; the loss of each, and its share in the whole."""
        sparse = isinstance(data.X, SparseRows)
        if sparse:
            self._source.put(data.X)
        for rows in {piece.stop - piece.start for piece in pieces}:
            self._program(rows, sparse)
        sums, machinery = [], self._machinery
        for piece in pieces:
            self._program(piece.stop - piece.start, sparse).run(data, piece, outputs)
            if self.measures and not sparse:
                self.squares += float(machinery.numbers[machinery.table.place(SQUARES)])
            if self._derivation.loss is not None:
                sums.append((float(machinery.numbers[Place.LOSS]), float(machinery.numbers[Place.SHARE])))
        return sums

    def _shared(
        self, parameters: Mapping[str, Any], data: Data, pieces: Sequence[slice], outputs: Array
    ) -> list[tuple[float, float]]:
        """`_pieces` by several threads, each with a program of its own and a product thread of its own.

        A chunk's bits do not depend on who computes it, so neither do the results on the number of threads.
        """
        with threads_of_ones_own() as threads:
            count = min(threads, len(pieces))
            while len(self._others) < count - 1:
                self._others.append(CompiledEvaluator(self._derivation, self._dtype))
            others = self._others[: count - 1]
            for other in others:
                other.measures = self.measures
                other.load(parameters)
            edges = [len(pieces) * number // count for number in range(count + 1)]
            parts = [pieces[start:stop] for start, stop in pairwise(edges)]
            if count == 1:
                return self._pieces(data, pieces, outputs)
            with ThreadPoolExecutor(count - 1) as pool:
                found = [
                    pool.submit(other._pieces, data, part, outputs)
                    for other, part in zip(others, parts[1:], strict=True)
                ]
                sums = self._pieces(data, parts[0], outputs)
                for each in found:
                    sums += each.result()
            self.squares += sum(other.squares for other in others)
            return sums

    def single(self, parameters: Mapping[str, Any]) -> Callable[[Any], Array]:
        """A function from one row (I,), an array of the evaluator's dtype, to its outputs (O,), soon.

        The result is a new array each time. Made for one thread; each thread makes its own.
        It raises ShapeMismatch for a row of another length.
        """
        own = CompiledEvaluator(self._derivation, self._dtype)
        own.load(parameters)
        return own._program(1).single()

    def single_sparse(self, parameters: Mapping[str, Any]) -> Callable[[Any, Any], Array]:
        """A function from the columns and values of one row's entries to its outputs (O,); see `single`.

        It raises InvalidInput for a column that the network does not have.
        """
        own = CompiledEvaluator(self._derivation, self._dtype)
        own.load(parameters)
        return own._program(1, sparse=True).single_sparse(own._source)


class _Forward:
    """The program of the feedforward pass for a number of rows, whose input and output may be moved."""

    def __init__(
        self, machinery: Machinery, rows: int, source: SparseSource | None = None, *, measures: bool = False
    ) -> None:
        self.machinery, derivation = machinery, machinery.derivation
        common = derivation, machinery.arena, machinery.table, rows, machinery.shared
        keep = {derivation.output}
        if source is not None:
            self.program: Lowering = SparseLowering(source, *common, keep=keep)
        else:
            self.program = RowsLowering(*common, keep=keep)
        if measures and source is None:
            self.program.measured.add("x")
        self.program.gather_from({})
        by_blas = the_machine().address(kernels.gemm(machinery.arena.dtype.name))
        self.calls_blas = any(row[0] == by_blas for row in self.program.sections[Section.COMPUTE])
        self.bounds = self.program.place()
        machinery.ready()
        self.start, self.stop = int(self.bounds[Section.GATHER]), int(self.bounds[Section.COMPUTE + 1])
        self.compute = function(kernels.section())
        buffers = self.program.buffers
        self.x, self.output = buffers["x"], buffers[derivation.output]
        # Where in the rows the addresses of both stand.
        self.reads = np.flatnonzero(self.program.code == self.x.ctypes.data)
        self.writes = np.flatnonzero(self.program.code == self.output.ctypes.data)

    def run(self, data: Data, piece: slice, outputs: Array) -> None:
        """Compute a chunk of the data into its place in the outputs."""
        machinery, buffers, code = self.machinery, self.program.buffers, self.program.code
        X = data.X
        if isinstance(X, SparseRows):
            machinery.plan[Plan.FIRST] = piece.start
        elif X.dtype == self.x.dtype and (X := X[piece]).flags.c_contiguous:
            code[self.reads] = X.ctypes.data
        else:
            code[self.reads] = self.x.ctypes.data
            np.copyto(self.x, data.X[piece], casting="same_kind")
        if "y" in buffers:
            np.copyto(buffers["y"], data.y[piece], casting="same_kind")
        if data.weights is not None and machinery.derivation.loss is not None:
            np.copyto(buffers[weights_name(machinery.derivation)], data.weights[piece], casting="same_kind")
        code[self.writes] = outputs[piece].ctypes.data
        # Both sections at once: one lies behind the other.
        machinery.plan[Plan.STOP] = self.stop
        self.compute(self.start, machinery.numbers.ctypes.data, machinery.plan.ctypes.data)

    def single(self) -> Callable[[Any], Array]:
        """See `CompiledEvaluator.single`."""
        call, *where = self._call()
        start, numbers, plan = where
        given, copy = self.x.reshape(-1), self.output.reshape(-1).copy
        keep, inputs = self, len(given)

        def predict(row: Any) -> Array:
            assert keep is not None
            check_row(row, inputs)
            given[:] = row
            call(start, numbers, plan)
            return copy()

        return predict

    def single_sparse(self, source: SparseSource) -> Callable[[Any, Any], Array]:
        """See `CompiledEvaluator.single_sparse`."""
        (call, *where), copy, keep = self._call(), self.output.reshape(-1).copy, self
        inputs, dtype, starts = self.x.shape[1], self.x.dtype, np.zeros(2, np.int64)

        def predict(columns: Any, values: Any) -> Array:
            columns = np.ascontiguousarray(columns, np.int32)
            values = np.ascontiguousarray(values, dtype)
            if columns.shape != values.shape or columns.ndim != 1:
                raise ShapeMismatch("give the columns of a row's entries and as many values")
            if columns.size and not (columns.min() >= 0 and columns.max() < inputs):
                raise InvalidInput(f"the network has {inputs} inputs: columns go from 0 to {inputs - 1}")
            starts[1] = len(columns)
            source.addresses[:] = values.ctypes.data, columns.ctypes.data, starts.ctypes.data
            assert keep is not None
            call(*where)
            return copy()

        return predict

    def _call(self) -> tuple[Any, Any, Any, Any]:
        """The function that computes, soon after it is called, and its three arguments."""
        machinery = self.machinery
        machinery.run(self.bounds, Section.GATHER)
        machinery.plan[Plan.STOP] = self.bounds[Section.COMPUTE + 1]
        start = int(self.bounds[Section.COMPUTE])
        numbers, plan = machinery.numbers.ctypes.data, machinery.plan.ctypes.data
        # So short a call does not give other threads their turn first; its arguments are converted here, once.
        call = ctypes.PYFUNCTYPE(None)(the_machine().address(kernels.section()))
        return call, ctypes.c_void_p(start), ctypes.c_void_p(numbers), ctypes.c_void_p(plan)
