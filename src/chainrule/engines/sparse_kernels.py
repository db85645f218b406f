"""The compiled engine's functions for a sparse x: its products, and work on the rows that a batch touches.

x W sums rows of W, one for each entry of x that is stored; xᵀ d adds rows of d to rows of dW. A batch's
distinct columns are listed in the order in which they come, so that what belongs to them can be kept in the
first T rows of a small table: all of dW that is not 0.

A source is three addresses: of the entries, of their columns, and of where each row's begin. A listing is
four: of T (−1 before the first batch), of the T columns, and of each column's place among them (−1 for none),
and the number of columns.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from chainrule.engines.kernels import Plan, call_rows
from chainrule.engines.lanes import Lanes, Writer

# Blocks of lanes that are summed side by side, while their columns last.
WIDE = 4
# In the row of `for_touched`: the first change, and the words of one.
CHANGES, CHANGE = 5, 4


@cache
def product(dtype: str) -> str:
    """C (B, N) = x W + bias. Row: B, N, source, W (I, N), C, bias or 0."""
    writer = Writer(dtype)
    count, n = writer.field(2), writer.field(3)
    source, table, target, bias = _Source(writer, 4), *(writer.address(place) for place in (5, 6, 7))
    biased = writer.field(7) > 0

    def sums(i: Lanes, j: Lanes, blocks: int, mask: Lanes | None, bounds: tuple[Lanes, Lanes]) -> None:
        places = [j + block * writer.lanes for block in range(blocks)]
        totals = [writer.variable(writer.constant(writer.real, 0.0, writer.lanes)) for _ in places]
        with writer.when(biased):
            for total, place in zip(totals, places, strict=True):
                total.set(writer.load(bias, place, width=writer.lanes, mask=mask))
        with writer.loop(*bounds) as entry:
            value = writer.spread(source.value(entry), writer.lanes)
            start = source.column(entry) * n
            for total, place in zip(totals, places, strict=True):
                weights = writer.load(table, start + place, width=writer.lanes, mask=mask)
                total.set(writer.intrinsic("fma", value, weights, total.get()))
        for total, place in zip(totals, places, strict=True):
            writer.store(total.get(), target, i * n + place, mask)

    with writer.loop(writer.whole(0), count) as i:
        bounds = source.bounds(i)

        def block(
            j: Lanes,
            blocks: int,
            mask: Lanes | None,
            i: Lanes = i,
            bounds: tuple[Lanes, Lanes] = bounds,
        ) -> None:
            sums(i, j, blocks, mask, bounds)

        _blocks(writer, n, block)
    return writer.text("KERNEL")


@cache
def turned_product(dtype: str) -> str:
    """dW += xᵀ d. Row: B, N, source, d (B, N), dW, listing or 0: dW is (I, N), or (T, N) as it lists."""
    writer = Writer(dtype)
    count, n = writer.field(2), writer.field(3)
    source, table, target = _Source(writer, 4), writer.address(5), writer.address(6)
    listed = writer.field(7) > 0
    with writer.loop(writer.whole(0), count) as i:
        begin, end = source.bounds(i)
        with writer.loop(begin, end) as entry:
            value = writer.spread(source.value(entry), writer.lanes)
            row = writer.variable(source.column(entry))
            with writer.when(listed):
                row.set(_Listing(writer, 7).place_of(row.get()))
            start = row.get() * n

            def add(
                j: Lanes,
                mask: Lanes | None,
                value: Lanes = value,
                start: Lanes = start,
                i: Lanes = i,
            ) -> None:
                delta = writer.load(table, i * n + j, width=writer.lanes, mask=mask)
                found = writer.load(target, start + j, width=writer.lanes, mask=mask)
                writer.store(writer.intrinsic("fma", value, delta, found), target, start + j, mask)

            writer.blocks(n, add)
    return writer.text("KERNEL")


@cache
def listing() -> str:
    """List the columns of the batch. Row: B, source, listing."""
    writer = Writer("float64")
    count, source, listed = writer.field(2), _Source(writer, 3), _Listing(writer, 4)
    with writer.loop(writer.whole(0), listed.count()) as t:
        listed.set_place(listed.column(t), writer.whole(-1))
    found = writer.variable(writer.whole(0))
    with writer.loop(writer.whole(0), count) as i:
        begin, end = source.bounds(i)
        with writer.loop(begin, end) as entry:
            column = source.column(entry)
            with writer.when(listed.place_of(column) < 0):
                listed.set_place(column, found.get())
                listed.set_column(found.get(), column)
                found.set(found.get() + 1)
    listed.set_count(found.get())
    return writer.text("KERNEL")


@cache
def cleared(dtype: str) -> str:
    """A (T, N) = 0. Row: N, listing, A."""
    writer = Writer(dtype)
    n, listed, target = writer.field(2), _Listing(writer, 3), writer.address(4)
    _clear(writer, target, writer.whole(0), listed.count() * n)
    return writer.text("KERNEL")


@cache
def cleared_rows(dtype: str) -> str:
    """A (I, N) = 0, where only the rows listed last are not. Row: N, listing or 0, A, I."""
    writer = Writer(dtype)
    n, target, everything = writer.field(2), writer.address(4), writer.field(5) * writer.field(2)
    unknown = writer.variable(writer.field(3).same(0))
    with writer.when(writer.field(3) > 0):
        unknown.set(_Listing(writer, 3).count() < 0)
    with writer.when(unknown.get()):
        _clear(writer, target, writer.whole(0), everything)
    with writer.when(writer.bitwise("xor", unknown.get(), 1)):
        listed = _Listing(writer, 3)
        with writer.loop(writer.whole(0), listed.count()) as t:
            _clear(writer, target, listed.column(t) * n, n)
    return writer.text("KERNEL")


@cache
def taken_rows(dtype: str) -> str:
    """Rows of A (I, N) as B: those listed from a place on, so many. Row: N, listing, A, B, place, how many."""
    return _moved(dtype, back=False)


@cache
def put_rows(dtype: str) -> str:
    """B into rows of A (I, N); see `taken_rows`."""
    return _moved(dtype, back=True)


@cache
def for_touched() -> str:
    """Rows of a program, called for one block of the T listed columns after another, so that caches hold it.

    Row: listing, the length of a block, how many fields change, of each: its place, base, a and b; the rows.
    Before each block a field becomes base + a · (columns in the block) + b · (columns before it).
    """
    writer = Writer("float64")
    count, most, changes = _Listing(writer, 2).count(), writer.field(3), writer.field(4)
    here = writer.cast("ptrtoint", writer.row, "i64")
    body = (changes * writer.whole(CHANGE) + CHANGES) * writer.whole(8)
    # The first block is called even if it is empty: the sum of nothing is 0.
    before, more = writer.variable(writer.whole(0)), writer.variable(writer.constant("i1", 1))
    with writer.loop_while(more.get):
        start = before.get()
        block = writer.choose(count - start < most, count - start, most)
        with writer.loop(writer.whole(0), changes) as change:
            at = change * writer.whole(CHANGE) + CHANGES
            place, base, a, b = (writer.load(writer.row, at + word, "i64") for word in range(CHANGE))
            writer.store(base + block * a + start * b, writer.row, place)
        call_rows(writer, here + body, here + writer.field(1))
        before.set(start + block)
        more.set(start + block < count)
    return writer.text("KERNEL")


class _Source:
    """The stored entries, and which of them belong to the rows of a batch."""

    def __init__(self, writer: Writer, place: int) -> None:
        self.writer = writer
        self.values, self.columns, self.starts = _addresses(writer, place, 3)
        self.order, self.first = (
            writer.load(writer.plan, writer.whole(p), "i64") for p in (Plan.ORDER, Plan.FIRST)
        )

    def bounds(self, i: Lanes) -> tuple[Lanes, Lanes]:
        """Where the entries of the batch's row i begin and end."""
        writer = self.writer
        chosen = writer.variable(self.first + i)
        with writer.when(self.order > 0):
            rows = writer.emit(f"inttoptr {self.order} to ptr", "ptr")
            chosen.set(writer.load(rows, self.first + i, "i64"))
        row = chosen.get()
        return writer.load(self.starts, row, "i64"), writer.load(self.starts, row + 1, "i64")

    def value(self, entry: Lanes) -> Lanes:
        return self.writer.load(self.values, entry)

    def column(self, entry: Lanes) -> Lanes:
        return _small(self.writer, self.columns, entry)


class _Listing:
    """The columns of a batch: T, the columns, each one's place among them."""

    def __init__(self, writer: Writer, place: int) -> None:
        self.writer = writer
        self.head, self.columns, self.places = _addresses(writer, place, 3)

    def count(self) -> Lanes:
        return self.writer.load(self.head, self.writer.whole(0), "i64")

    def set_count(self, count: Lanes) -> None:
        self.writer.store(count, self.head, self.writer.whole(0))

    def column(self, t: Lanes) -> Lanes:
        return _small(self.writer, self.columns, t)

    def set_column(self, t: Lanes, column: Lanes) -> None:
        self._set(self.columns, t, column)

    def place_of(self, column: Lanes) -> Lanes:
        return _small(self.writer, self.places, column)

    def set_place(self, column: Lanes, place: Lanes) -> None:
        self._set(self.places, column, place)

    def _set(self, table: Lanes, at: Lanes, value: Lanes) -> None:
        self.writer.store(self.writer.emit(f"trunc {value} to i32", "i32"), table, at)


def _addresses(writer: Writer, place: int, count: int) -> list[Lanes]:
    """Addresses that lie one after another, where a field of the row says."""
    held = writer.address(place)
    found = (writer.load(held, writer.whole(k), "i64") for k in range(count))
    return [writer.emit(f"inttoptr {address} to ptr", "ptr") for address in found]


def _small(writer: Writer, table: Lanes, at: Lanes) -> Lanes:
    """A whole number of 32 bits, as one of 64."""
    return writer.emit(f"sext {writer.load(table, at, 'i32')} to i64", "i64")


def _blocks(writer: Writer, n: Lanes, body: Callable[[Lanes, int, Lanes | None], None]) -> None:
    """body(column, blocks, mask) for several blocks of lanes at once, then for single ones."""
    wide = writer.lanes * WIDE
    several, whole = n & -wide, n & -writer.lanes
    with writer.loop(writer.whole(0), several, wide) as j:
        body(j, WIDE, None)
    with writer.loop(several, whole, writer.lanes) as j:
        body(j, 1, None)
    with writer.when(whole < n):
        body(whole, 1, writer.spread(n - whole, writer.lanes) > writer.counting())


def _clear(writer: Writer, target: Lanes, start: Lanes, count: Lanes) -> None:
    zero = writer.constant(writer.real, 0.0, writer.lanes)
    writer.blocks(count, lambda j, mask: writer.store(zero, target, start + j, mask))


def _moved(dtype: str, *, back: bool) -> str:
    writer = Writer(dtype)
    n, listed, a, b = writer.field(2), _Listing(writer, 3), writer.address(4), writer.address(5)
    first, count = writer.field(6), writer.field(7)
    with writer.loop(writer.whole(0), count) as t:
        column = listed.column(first + t)

        def move(j: Lanes, mask: Lanes | None, t: Lanes = t, column: Lanes = column) -> None:
            large, small = (a, column * n + j), (b, t * n + j)
            source, goal = (small, large) if back else (large, small)
            writer.store(writer.load(*source, width=writer.lanes, mask=mask), *goal, mask)

        writer.blocks(n, move)
    return writer.text("KERNEL")
