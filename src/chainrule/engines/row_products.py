"""The products of the feedforward pass on many rows, with the bias: quicker than BLAS, which copies both
matrices first, wherever the weights stay in a core's cache."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from chainrule.engines.assignments import Way
from chainrule.engines.engine import Array
from chainrule.engines.lanes import Lanes, Variable, Writer
from chainrule.engines.lowering import Lowering
from chainrule.formulas.expression import Apply, Expression

# Rows of a tile, and its columns in vectors: so many sums fit the 32 registers of AVX-512 beside the weights.
TALL, WIDE = (6, 1), (4, 2, 1)
# So many bytes of rows, and of weights, stay in a core's cache at a time; rows of more columns than that lie
# too far from each other.
STRIP, WEIGHTS, COLUMNS = 2**17, 2**19, 512
# From so many rows on; fewer are left to the kernel for small sizes.
MANY_ROWS = 32


@cache
def row_product(dtype: str) -> str:
    """C (M, N) = A B + bias. Row: M, N, K, rows of a strip, A, B (K, N), C, bias or 0.

    Every entry is one sum in the order of K, whatever M is.
    """
    writer = Writer(dtype)
    m, strip = writer.field(2), writer.field(5)
    at = writer.variable(writer.whole(0))
    with writer.loop_while(lambda: at.get() < m):
        start, rest = at.get(), m - at.get()
        stop = start + writer.choose(rest < strip, rest, strip)
        _Strip(writer, start, stop).write()
        at.set(stop)
    return writer.text("KERNEL")


class _Strip:
    """Some rows of a product: block of columns by block, tile by tile."""

    def __init__(self, writer: Writer, start: Lanes, stop: Lanes) -> None:
        self.writer, self.start, self.stop = writer, start, stop
        self.n, self.k = writer.field(3), writer.field(4)
        self.a, self.b, self.c, self.bias = (writer.address(place) for place in (6, 7, 8, 9))

    def write(self) -> None:
        writer, done = self.writer, self.writer.whole(0)
        for vectors in WIDE:
            size = vectors * writer.lanes
            stop = self.n & -size
            with writer.loop(done, stop, size) as j:
                self._block([j + writer.lanes * v for v in range(vectors)], None)
            done = stop
        with writer.when(done < self.n):
            self._block([done], writer.spread(self.n - done, writer.lanes) > writer.counting())

    def _block(self, columns: Sequence[Lanes], mask: Lanes | None) -> None:
        writer, lanes = self.writer, self.writer.lanes
        first = []
        for j in columns:
            start = writer.variable(writer.constant(writer.real, 0.0, lanes))
            with writer.when(writer.field(9) > 0):
                start.set(writer.load(self.bias, j, width=lanes, mask=mask))
            first.append(start.get())
        done = self.start
        for tall in TALL:
            stop = done + writer.emit(f"udiv {self.stop - done}, {tall}", "i64") * writer.whole(tall)
            with writer.loop(done, stop, tall) as i:
                self._tile([i + r for r in range(tall)], columns, mask, first)
            done = stop

    def _tile(
        self, rows: Sequence[Lanes], columns: Sequence[Lanes], mask: Lanes | None, first: Sequence[Lanes]
    ) -> None:
        writer, lanes = self.writer, self.writer.lanes
        sums: list[list[Variable]] = [[writer.variable(start) for start in first] for _ in rows]
        with writer.loop(writer.whole(0), self.k) as step:
            weights = [writer.load(self.b, step * self.n + j, width=lanes, mask=mask) for j in columns]
            for i, totals in zip(rows, sums, strict=True):
                entry = writer.spread(writer.load(self.a, i * self.k + step), lanes)
                for total, weight in zip(totals, weights, strict=True):
                    total.set(writer.intrinsic("fma", entry, weight, total.get()))
        for i, totals in zip(rows, sums, strict=True):
            for total, j in zip(totals, columns, strict=True):
                writer.store(total.get(), self.c, i * self.n + j, mask)


class RowsLowering(Lowering):
    """A feedforward program for many rows; products that it cannot take are the ordinary ones."""

    def _is_small(self, given: Sequence[Expression]) -> bool:
        return self._by_rows(given) or super()._is_small(given)

    def _by_rows(self, given: Sequence[Expression]) -> bool:
        if any(isinstance(matrix, Apply) for matrix in given):
            return False
        (m, k), (_, n) = map(self._shape, given)
        return self._takes(m, k, n)

    def _way(self, columns: int) -> Way:
        # Half a vector at once is quicker than a whole one from and to scattered places; so is all of one row.
        return "along" if 2 * columns >= self.lanes or self.rows == 1 else "down"

    def _takes(self, m: int, k: int, n: int) -> bool:
        fits = k * n * self.arena.dtype.itemsize <= WEIGHTS and 1 < n <= COLUMNS
        return self.machine.has_avx512 and m >= MANY_ROWS and fits

    def _small_product(
        self, a: Array, a_turned: bool, b: Array, b_turned: bool, target: Array, bias: str | None, k: int
    ) -> None:
        m, n = target.shape
        if a_turned or b_turned or not self._takes(m, k, n):
            super()._small_product(a, a_turned, b, b_turned, target, bias, k)
            return
        tile = TALL[0]
        strip = max(STRIP // (k * a.itemsize) // tile, 1) * tile
        added = self.buffers[bias].ctypes.data if bias else 0
        self._row(
            row_product(self.dtype), m, n, k, strip,
            a.ctypes.data, b.ctypes.data, target.ctypes.data, added,
        )  # fmt: skip
