"""Compiled loops over the tokens of a corpus: where each word stands, and what stands near it.

Counting goes word by word: all places of one word are visited, what stands near them is added to one row of
V whole numbers, and the row's non-zero cells are written out in the order of their columns. Nothing is sorted
or hashed, memory is one row, and no two threads write to the same row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum, auto
from functools import cache

from chainrule.engines.lanes import Lanes, Variable, Writer

__all__ = ["Gather", "Merge", "Place", "gather", "merge", "place"]


class Place(IntEnum):
    """IDS: (N,) int32, negative at borders; FIRST, STOP: which of them are placed; CURSORS: (V,) int64, where
    each word's places go, moved on; PLACES: int32
    """

    IDS = 0
    FIRST = auto()
    STOP = auto()
    CURSORS = auto()
    PLACES = auto()
    SIZE = auto()


class Rows(IntEnum):
    """What both kernels share that make rows: which are wanted, the room to add in, and where cells go.

    NEXT, FILLED: the row to go on with once there is room for `CAPACITY` more cells, and the cells written
    SUMS: (V,) int64, all 0; MARKS: a bit for each of its entries, SUMMARY: a bit for each word of MARKS
    SIZES: (V,) int64, how many cells each row has; BOUNDS: (V,) int64, how many it may have at most
    """

    NEXT = 0
    STOP = auto()
    FILLED = auto()
    CAPACITY = auto()
    SUMS = auto()
    MARKS = auto()
    SUMMARY = auto()
    SUMMARY_LENGTH = auto()
    COLUMNS = auto()
    VALUES = auto()
    SIZES = auto()
    BOUNDS = auto()
    DENOMINATOR = auto()


_OWN = len(Rows)


class Gather(IntEnum):
    """PARTS: (last + 1,) int64, what each distance weighs; BOTH: 1 where both sides count, else 0."""

    IDS = _OWN
    PLACES = auto()
    STARTS = auto()
    PARTS = auto()
    FIRST = auto()
    LAST = auto()
    BOTH = auto()
    SIZE = auto()


class Merge(IntEnum):
    """RUNS: for each run the addresses of its starts, columns and values, and the values' denominator.

    SHIFT: the row that the runs' starts begin with.
    """

    RUNS = _OWN
    COUNT = auto()
    SHIFT = auto()
    SIZE = auto()


@cache
def place() -> str:
    """The places of every word, one word after the other, each ascending."""
    writer = Writer("float64")
    ids, cursors, places = (writer.address(p) for p in (Place.IDS, Place.CURSORS, Place.PLACES))
    with writer.loop(writer.field(Place.FIRST), writer.field(Place.STOP)) as position:
        word = _word(writer, ids, position)
        with writer.when(word >= 0):
            cursor = writer.load(cursors, word, "i64")
            writer.store(writer.cast("trunc", position, "i32"), places, cursor)
            writer.store(cursor + 1, cursors, word)
    return writer.text("KERNEL")


@cache
def gather() -> str:
    """Rows of what stands near each word."""
    writer = Writer("float64")
    ids, places, starts, parts = (
        writer.address(p) for p in (Gather.IDS, Gather.PLACES, Gather.STARTS, Gather.PARTS)
    )
    first, last, both = (writer.field(p) for p in (Gather.FIRST, Gather.LAST, Gather.BOTH))
    sums = _Sums(writer)

    def side(position: Lanes, sign: int) -> None:
        distance = writer.variable(writer.whole(1))

        def near() -> Lanes:
            return _word(writer, ids, position + distance.get() * sign)

        # What lies nearer than the band only matters where a border is in it.
        with writer.loop_while(lambda: (distance.get() < first) & (near() >= 0)):
            distance.set(distance.get() + 1)
        with writer.when(distance.get().same(first)):
            word = writer.variable(near())
            with writer.loop_while(lambda: (distance.get() <= last) & (word.get() >= 0)):
                sums.add(word.get(), writer.load(parts, distance.get(), "i64"))
                distance.set(distance.get() + 1)
                word.set(near())

    def fill(row: Lanes) -> None:
        with writer.loop(writer.load(starts, row, "i64"), writer.load(starts, row + 1, "i64")) as k:
            position = writer.cast("sext", writer.load(places, k, "i32"), "i64")
            side(position, -1)
            with writer.when(both > 0):
                side(position, 1)

    _rows(writer, sums, fill)
    return writer.text("KERNEL")


@cache
def merge() -> str:
    """Rows that are the sums of several runs' rows."""
    writer = Writer("float64")
    runs, count, shift = writer.address(Merge.RUNS), writer.field(Merge.COUNT), writer.field(Merge.SHIFT)
    sums = _Sums(writer)

    def fill(row: Lanes) -> None:
        with writer.loop(writer.whole(0), count) as run:
            fields = [writer.load(runs, run * 4 + k, "i64") for k in range(4)]
            starts, columns, values = (writer.emit(f"inttoptr {f} to ptr", "ptr") for f in fields[:3])
            denominator = writer.cast("sitofp", fields[3], "double")
            at = row - shift
            with writer.loop(writer.load(starts, at, "i64"), writer.load(starts, at + 1, "i64")) as k:
                value = writer.intrinsic("rint", writer.load(values, k, "double") * denominator)
                sums.add(_word(writer, columns, k), writer.cast("fptosi", value, "i64"))

    _rows(writer, sums, fill)
    return writer.text("KERNEL")


class _Sums:
    """One row of whole numbers, and bits that say which of them are not zero."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.sums, self.marks, self.summary = (
            writer.address(p) for p in (Rows.SUMS, Rows.MARKS, Rows.SUMMARY)
        )

    def add(self, word: Lanes, value: Lanes) -> None:
        writer = self.writer
        old = writer.load(self.sums, word, "i64")
        writer.store(old + value, self.sums, word)
        with writer.when(old.same(0)):
            self._mark(self.marks, word)
            self._mark(self.summary, word >> 6)

    def _mark(self, bits: Lanes, index: Lanes) -> None:
        writer = self.writer
        one = writer.whole(1) << (index & 63)
        writer.store(writer.load(bits, index >> 6, "i64") | one, bits, index >> 6)

    def empty(self, filled: Variable) -> None:
        """Write the non-zero cells in order, and leave every sum and bit 0."""
        writer = self.writer
        columns, values = writer.address(Rows.COLUMNS), writer.address(Rows.VALUES)
        denominator = writer.cast("sitofp", writer.field(Rows.DENOMINATOR), "double")
        with writer.loop(writer.whole(0), writer.field(Rows.SUMMARY_LENGTH)) as top:  # noqa: SIM117
            with self._bits(self.summary, top) as middle, self._bits(self.marks, middle) as word:
                total = writer.load(self.sums, word, "i64")
                value = writer.cast("sitofp", total, "double") / denominator
                writer.store(writer.cast("trunc", word, "i32"), columns, filled.get())
                writer.store(value, values, filled.get())
                writer.store(writer.whole(0), self.sums, word)
                filled.set(filled.get() + 1)

    @contextmanager
    def _bits(self, bits: Lanes, index: Lanes) -> Iterator[Lanes]:
        """The block for every bit that is set in one word, which is 0 afterwards."""
        writer = self.writer
        left = writer.variable(writer.load(bits, index, "i64"))
        writer.store(writer.whole(0), bits, index)
        with writer.loop_while(lambda: writer.emit(f"icmp ne {left.get()}, 0", "i1")):
            now = left.get()
            lowest = writer.emit(f"call i64 @llvm.cttz.i64({now}, i1 true)", "i64")
            left.set(now & (now - 1))
            yield index * 64 + lowest


def _rows(writer: Writer, sums: _Sums, fill: Callable[[Lanes], None]) -> None:
    """Rows one after the other, as long as the next one has room whatever is in it."""
    row = writer.variable(writer.field(Rows.NEXT))
    filled = writer.variable(writer.field(Rows.FILLED))
    stop, capacity = writer.field(Rows.STOP), writer.field(Rows.CAPACITY)
    sizes, bounds = writer.address(Rows.SIZES), writer.address(Rows.BOUNDS)
    going = writer.variable(row.get() < stop)
    with writer.loop_while(going.get):
        now, before = row.get(), filled.get()
        fill(now)
        sums.empty(filled)
        writer.store(filled.get() - before, sizes, now)
        row.set(now + 1)
        going.set(writer.constant("i1", 0))
        with writer.when(row.get() < stop):
            going.set(filled.get() + writer.load(bounds, row.get(), "i64") <= capacity)
    writer.store(row.get(), writer.row, writer.whole(Rows.NEXT))
    writer.store(filled.get(), writer.row, writer.whole(Rows.FILLED))


def _word(writer: Writer, ids: Lanes, index: Lanes) -> Lanes:
    return writer.cast("sext", writer.load(ids, index, "i32"), "i64")
