"""Which rows of a large matrix may be the nearest to a direction: found in a copy of one byte a number.

A scan of 400,000 × 300 float32 numbers waits for memory. Their copy in whole numbers of one byte is a quarter of
that; how far it is off is known for each row (the length of what rounding took from it), so the rows that
cannot be among the best are left out for certain, and what is left is computed from the numbers themselves.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import IntEnum, auto
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.lanes import Lanes, Writer
from chainrule.files.vector_data import Matrix
from chainrule.words.kernels import call

__all__ = ["Scan", "threads", "unit_rows"]

LANES, ABREAST = 32, 2
STEPS = 127
BLOCK = 1 << 12
MOST = 32767
Floats = NDArray[np.float32]
_AT_ONCE = 1 << 14  # rows whose products stay near the processor
_EXTREME = 1e-12
_ROUNDED, _LEAST = 1e-6, 1e-30  # by float32 products of a few factors


class Field(IntEnum):
    """The row of a call. CODES: (ROWS, WIDTH) int8; QUERIES: (N, WIDTH) int16; OUT: (N, ROWS) int32"""

    CODES = 0
    WIDTH = auto()
    QUERIES = auto()
    OUT = auto()
    START = auto()
    STOP = auto()
    ROWS = auto()


def threads() -> int:
    """How many processors may be used."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def shared(count: int, work: Callable[[int, int], None]) -> None:
    """work(start, stop) over 0 … count, in as many parts as there are processors, side by side."""
    edges = np.linspace(0, count, threads() + 1).astype(int).tolist()
    with ThreadPoolExecutor(threads()) as pool:
        list(pool.map(work, edges[:-1], edges[1:]))


def unit_rows(matrix: Matrix, lengths: NDArray[np.float64], start: int, stop: int) -> NDArray[np.float64]:
    """Rows divided by their lengths, in float64; rows of length 0 stay."""
    part = matrix.rows(start, stop).astype(np.float64)
    part /= np.where(lengths[start:stop], lengths[start:stop], 1.0)[:, None]
    return part


class Scan:
    """codes: (V, D) rows of length 1 in steps of `scale`; lost: (V,) the length of what rounding took."""

    def __init__(self, matrix: Matrix, lengths: NDArray[np.float64]) -> None:
        count, size = matrix.shape
        self.width = -(-size // (ABREAST * LANES)) * ABREAST * LANES
        self.size = size
        self.codes = np.zeros((count, self.width), np.int8)
        self.scale = np.zeros(count, np.float32)
        self.lost = np.zeros(count, np.float32)

        def fill(start: int, stop: int) -> None:
            for first in range(start, stop, BLOCK):
                last = min(first + BLOCK, stop)
                self._fill(matrix.rows(first, last), lengths[first:last], first)

        shared(count, fill)

    def _fill(self, part: NDArray[Any], lengths: NDArray[np.float64], first: int) -> None:
        rows = slice(first, first + len(part))
        greatest = np.maximum(part.max(axis=1), -part.min(axis=1)).astype(np.float64)
        if part.dtype == np.float32 and not _EXTREME < greatest.max() < 1 / _EXTREME:
            part = part.astype(np.float64)
        there = np.where(greatest > 0, greatest, 1)
        codes = np.rint(part * (STEPS / there).astype(part.dtype)[:, None])
        np.clip(codes, -STEPS, STEPS, out=codes)
        self.codes[rows, : self.size] = codes
        codes *= (there / STEPS).astype(part.dtype)[:, None]
        codes -= part
        off = np.sqrt(np.einsum("ij,ij->i", codes, codes)) / np.where(lengths, lengths, 1)
        self.scale[rows] = greatest / STEPS / np.where(lengths, lengths, 1)
        # Beside the rounding to steps, that of this computation.
        self.lost[rows] = off * (1 + 1e-4) + 1e-6

    def bounds(self, directions: NDArray[np.float64]) -> tuple[Floats, Floats]:
        """(N, V) twice: every row's least and greatest possible product with each of (N, D) directions."""
        count, rows = len(directions), len(self.codes)
        steps = self._steps(directions)
        queries = np.zeros((count, self.width), np.int16)
        queries[:, : self.size] = np.rint(directions / steps[:, None])
        lengths = np.sqrt(np.einsum("ij,ij->i", directions, directions))
        off = directions - queries[:, : self.size] * steps[:, None]
        missed = np.sqrt(np.einsum("ij,ij->i", off, off))
        products = np.empty((count, rows), np.int32)
        low, high = np.empty((count, rows), np.float32), np.empty((count, rows), np.float32)
        fixed = [self.codes.ctypes.data, self.width, queries.ctypes.data, products.ctypes.data]
        text = scanning(count)

        def part(start: int, stop: int) -> None:
            for first in range(start, stop, _AT_ONCE):
                last = min(first + _AT_ONCE, stop)
                call(text, np.array([*fixed, first, last, rows], np.int64))
                here = slice(first, last)
                for n, (step, length, miss) in enumerate(zip(steps, lengths, missed, strict=True)):
                    near = products[n, here] * self.scale[here]
                    near *= np.float32(step)
                    apart = self.lost[here] * np.float32(length + miss)
                    apart += np.float32(miss + _ROUNDED * (length + miss) + _LEAST)
                    np.subtract(near, apart, out=low[n, here])
                    np.add(near, apart, out=high[n, here])

        shared(rows, part)
        return low, high

    def _steps(self, directions: NDArray[np.float64]) -> NDArray[np.float64]:
        """How fine each direction is cut: 16 bits a number, and sums that stay within 32."""
        greatest = np.abs(directions).max(axis=1) / MOST
        total = np.abs(directions).sum(axis=1) * (STEPS / (2**31 - 1 - STEPS * self.width))
        steps: NDArray[np.float64] = np.maximum(np.maximum(greatest, total), np.finfo(float).tiny)
        return steps


@cache
def scanning(queries: int) -> str:
    """The products of rows with `queries` directions, in whole numbers."""
    writer = Writer("float32")
    codes, directions, out = (writer.address(f) for f in (Field.CODES, Field.QUERIES, Field.OUT))
    width, rows = writer.field(Field.WIDTH), writer.field(Field.ROWS)
    zero = writer.constant("i32", 0, LANES // 2)
    with writer.loop(writer.field(Field.START), writer.field(Field.STOP)) as row:
        # Sums that do not wait for one another.
        sums = [[writer.variable(zero) for _ in range(ABREAST)] for _ in range(queries)]
        begin = row * width
        with writer.loop(writer.whole(0), width, ABREAST * LANES) as column:
            for k in range(ABREAST):
                place = column + k * LANES
                numbers = _loaded(writer, codes, begin + place, "i8")
                for query, totals in enumerate(sums):
                    direction = _loaded(writer, directions, width * query + place, "i16")
                    totals[k].set(
                        totals[k].get() + _pairs(writer, writer.arithmetic("mul", numbers, direction))
                    )
        for query, totals in enumerate(sums):
            a, b = (total.get() for total in totals)
            writer.store(writer.sum_of(a + b), out, rows * query + row)
    return writer.text("KERNEL")


def _loaded(writer: Writer, pointer: Lanes, place: Lanes, kind: str) -> Lanes:
    loaded = writer.emit(f"load <{LANES} x {kind}>, {writer.at(pointer, place, kind)}, align 1", kind, LANES)
    return writer.cast("sext", loaded, "i32")


def _pairs(writer: Writer, products: Lanes) -> Lanes:
    """Each product and the next added: what processors do at once for products of 16-bit numbers."""
    halves = []
    for first in range(2):
        places = ", ".join(f"i32 {i}" for i in range(first, LANES, 2))
        halves.append(
            writer.emit(
                f"shufflevector {products}, {products.type} poison, <{LANES // 2} x i32> <{places}>",
                "i32",
                LANES // 2,
            )
        )
    return halves[0] + halves[1]
