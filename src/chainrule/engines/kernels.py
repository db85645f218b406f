"""The compiled engine's fixed functions: products, the gathering of batches, and the loop over the steps.

All of them, as the passes of `generated`, take (row, numbers, plan): the row of the program that calls them,
the values of shape (), and the plan of the run. A row begins with its function's address and its own length
in bytes, so the interpreter is a loop that calls what comes next.
"""

from __future__ import annotations

from enum import IntEnum, auto
from functools import cache

from chainrule.engines.lanes import Lanes, Variable, Writer

# Rows of a product that are computed side by side, for one block of columns and for two: enough that no
# addition waits for the one before, and few enough for the registers.
TALL = {1: (8, 4, 1), 2: (6, 2, 1)}
# A squared length up to which no entry of it comes near the largest number of float32.
FAR_FROM_OVERFLOW = 1e30


class Number(IntEnum):
    """Places among the numbers that every program has."""

    STEP = 0
    RATE = auto()
    KEY = auto()
    LIMIT = auto()
    LOSS = auto()
    SHARE = auto()
    ROWS = auto()
    LOSSES = auto()
    SAMPLES = auto()
    SQUARES = auto()


class Plan(IntEnum):
    """Places in the plan of a run.

    ORDER: the address of the row numbers, or 0 for rows as they come; FIRST: the first of the batch
    STEPS: how many may be taken; TAKEN: how many were; BAD: whether the last was not finite
    PLACED: whether the rows lie in their buffers already
    SQUARES: the place of the layers' squared lengths; LAYERS: how many
    RESULTS, RATES: addresses, in a run over several epochs, or 0
    STOP:   where a section that is run by itself ends
    WHOLE, REST: the sections of the programs for a whole batch and for the last, smaller one
    """

    ORDER = 0
    FIRST = auto()
    STEPS = auto()
    TAKEN = auto()
    BAD = auto()
    BATCH = auto()
    COUNT = auto()
    PLACED = auto()
    SQUARES = auto()
    LAYERS = auto()
    RESULTS = auto()
    RATES = auto()
    EPOCHS = auto()
    EXPLODED = auto()
    FLUSH_EVERY = auto()
    STOP = auto()
    WHOLE = 16
    REST = 32
    SIZE = 48


class Section(IntEnum):
    """The parts of a program, each from an address to another.

    COMPUTE: everything up to the gradients, but for those of large weights
    BLOCKS:  these gradients and the update, block by block; or else, where it is not known beforehand that
             they will be finite:
    WEIGHTS: these gradients, and
    UPDATE:  the update
    """

    GATHER = 0
    COMPUTE = 2
    WEIGHTS = 4
    UPDATE = 6
    BLOCKS = 8
    FLUSH = 10


# How many words say where a program's sections begin and end.
BOUNDS = 2 * len(Section)


@cache
def product(dtype: str) -> str:
    """C (M, N) = A B + bias for small sizes. Row: M, N, K, A, its strides, B (K, N), C, bias or 0."""
    writer = Writer(dtype)
    lanes, fields = writer.lanes, [writer.field(place) for place in range(2, 8)]
    n = fields[1]
    tables = (writer.address(5), writer.address(8), writer.address(9))
    bias = (writer.field(10) > 0, writer.address(10))
    pairs, whole = n & -2 * lanes, n & -lanes
    with writer.loop(writer.whole(0), pairs, 2 * lanes) as j:
        _columns(writer, fields, tables, bias, [(j, None), (j + lanes, None)])
    with writer.when(pairs < whole):
        _columns(writer, fields, tables, bias, [(pairs, None)])
    with writer.when(whole < n):
        mask = writer.spread(n - whole, lanes) > writer.counting()
        _columns(writer, fields, tables, bias, [(whole, mask)])
    return writer.text("KERNEL")


def _columns(
    writer: Writer,
    fields: list[Lanes],
    tables: tuple[Lanes, Lanes, Lanes],
    bias: tuple[Lanes, Lanes],
    blocks: list[tuple[Lanes, Lanes | None]],
) -> None:
    """All rows of one or two blocks of columns of a product, several rows side by side."""
    m, n, k, _, down, along = fields
    a, b, c = tables
    first = []
    for j, mask in blocks:
        start = writer.variable(writer.constant(writer.real, 0.0, writer.lanes))
        with writer.when(bias[0]):
            start.set(writer.load(bias[1], j, width=writer.lanes, mask=mask))
        first.append(start.get())
    done = writer.whole(0)
    for tall in TALL[len(blocks)]:
        stop = done + writer.emit(f"udiv {m - done}, {tall}", "i64") * writer.whole(tall)
        with writer.loop(done, stop, tall) as i:
            sums = [[writer.variable(start) for start in first] for _ in range(tall)]
            with writer.loop(writer.whole(0), k) as step:
                rows = [writer.load(b, step * n + j, width=writer.lanes, mask=mask) for j, mask in blocks]
                for r, totals in enumerate(sums):
                    entry = writer.load(a, (i + r) * down + step * along)
                    wide = writer.spread(entry, writer.lanes)
                    for total, row in zip(totals, rows, strict=True):
                        total.set(writer.intrinsic("fma", wide, row, total.get()))
            for r, totals in enumerate(sums):
                for total, (j, mask) in zip(totals, blocks, strict=True):
                    writer.store(total.get(), c, (i + r) * n + j, mask)
        done = stop


@cache
def dots(dtype: str) -> str:
    """c (M, 1) = A b + bias: each row's product with one column. Row: M, K, A (M, K), b, c, bias or 0."""
    writer = Writer(dtype)
    m, k = writer.field(2), writer.field(3)
    a, b, c, bias = (writer.address(place) for place in (4, 5, 6, 7))
    added = writer.variable(writer.constant(writer.real, 0.0))
    with writer.when(writer.field(7) > 0):
        added.set(writer.load(bias, writer.whole(0)))
    done = writer.whole(0)
    for tall in (4, 1):
        stop = m & -tall
        with writer.loop(done, stop, tall) as i:
            zero = writer.constant(writer.real, 0.0, writer.lanes)
            sums = [writer.variable(zero) for _ in range(tall)]

            def along(j: Lanes, mask: Lanes | None, i: Lanes = i, sums: list[Variable] = sums) -> None:
                column = writer.load(b, j, width=writer.lanes, mask=mask)
                for r, total in enumerate(sums):
                    row = writer.load(a, (i + r) * k + j, width=writer.lanes, mask=mask)
                    total.set(writer.intrinsic("fma", row, column, total.get()))

            writer.blocks(k, along)
            for r, total in enumerate(sums):
                writer.store(writer.sum_of(total.get()) + added.get(), c, i + r)
        done = stop
    return writer.text("KERNEL")


@cache
def transposed(dtype: str) -> str:
    """B (N, M) = Aᵀ. Row: M, N, A, B."""
    writer = Writer(dtype)
    m, n, a, b = writer.field(2), writer.field(3), writer.address(4), writer.address(5)
    with writer.loop(writer.whole(0), n) as j:  # noqa: SIM117
        with writer.loop(writer.whole(0), m) as i:
            writer.store(writer.load(a, i * n + j), b, j * m + i)
    return writer.text("KERNEL")


@cache
def gemm(dtype: str) -> str:
    """BLAS's product of any size. Row: the function's address, then its thirteen arguments as it takes them.

    Those that it takes by address lie in the row itself; the three matrices' addresses are read from it.
    """
    writer = Writer(dtype)
    function = writer.address(2)
    arguments = []
    for place in range(3, 16):
        held = place in (9, 11, 14)  # the three matrices
        given = writer.address(place) if held else writer.at(writer.row, writer.whole(place), "i64")
        arguments.append(str(given))
    writer.do(f"call void {function.name}({', '.join(arguments)})")
    return writer.text("KERNEL")


@cache
def gather(dtype: str) -> str:
    """The batch's rows of a table, in their order. Row: B, columns, table, target."""
    writer = Writer(dtype)
    count, columns, table, target = writer.field(2), writer.field(3), writer.address(4), writer.address(5)
    order, first = (writer.load(writer.plan, writer.whole(p), "i64") for p in (Plan.ORDER, Plan.FIRST))
    chosen, following = writer.variable(first), writer.variable(writer.whole(0))
    with writer.loop(writer.whole(0), count) as i:
        chosen.set(first + i)
        with writer.when(order > 0):
            rows = writer.emit(f"inttoptr {order} to ptr", "ptr")
            chosen.set(writer.load(rows, first + i, "i64"))
        source, goal = chosen.get() * columns, i * columns
        soon = writer.choose(i + 2 < count, i + 2, i)
        with writer.when(order > 0):
            rows = writer.emit(f"inttoptr {order} to ptr", "ptr")
            following.set(writer.load(rows, first + soon, "i64") * columns)

        def move(j: Lanes, mask: Lanes | None, source: Lanes = source, goal: Lanes = goal) -> None:
            writer.prefetch(table, following.get() + j)
            writer.store(
                writer.load(table, source + j, width=writer.lanes, mask=mask), target, goal + j, mask
            )

        writer.blocks(columns, move)
    return writer.text("KERNEL")


@cache
def set_numbers() -> str:
    """Numbers that go with a batch's size. Row: place, value's bits, place, value's bits."""
    writer = Writer("float64")
    for field in (2, 4):
        value = writer.cast("bitcast", writer.field(field + 1), "double")
        writer.store(value, writer.numbers, writer.field(field))
    return writer.text("KERNEL")


@cache
def steps() -> str:
    """The interpreter: steps of training, one after another, over one epoch or several."""
    return _Interpreter().text()


@cache
def section() -> str:
    """One section of a program by itself, from `row` to the plan's STOP."""
    writer = Writer("float64")
    start = writer.cast("ptrtoint", writer.row, "i64")
    call_rows(writer, start, writer.load(writer.plan, writer.whole(Plan.STOP), "i64"))
    return writer.text("KERNEL")


def call_rows(writer: Writer, start: Lanes, stop: Lanes) -> None:
    """Call what the rows say, one after another."""
    at = writer.variable(start)
    with writer.loop_while(lambda: at.get() < stop):
        now = at.get()
        row = writer.emit(f"inttoptr {now} to ptr", "ptr")
        function = writer.emit(f"inttoptr {writer.load(row, writer.whole(0), 'i64')} to ptr", "ptr")
        writer.do(f"call void {function.name}({row}, {writer.numbers}, {writer.plan})")
        at.set(now + writer.load(row, writer.whole(1), "i64"))


class _Interpreter:
    """The function that runs programs."""

    def __init__(self) -> None:
        self.writer = Writer("float64")

    def text(self) -> str:
        writer = self.writer
        rest = writer.variable(self._plan(Plan.STEPS))
        with writer.loop_while(lambda: rest.get() > 0):
            here = self._plan(Plan.FIRST)
            whole = here + self._plan(Plan.BATCH) <= self._plan(Plan.COUNT)
            program = writer.choose(whole, writer.whole(Plan.WHOLE), writer.whole(Plan.REST))
            self._count(Number.STEP, 1.0)
            with writer.when(self._plan(Plan.PLACED).same(0)):
                self._run(program, Section.GATHER)
            self._run(program, Section.COMPUTE)
            quick = self._surely_finite(program)
            careful = writer.bitwise("xor", quick, 1)
            with writer.when(careful):
                self._run(program, Section.WEIGHTS)
            good = self._judge()
            rest.set(rest.get() - 1)
            bad = writer.bitwise("xor", good, 1)
            with writer.when(bad):
                self._count(Number.STEP, -1.0)
                self._set(Plan.BAD, writer.whole(1))
                rest.set(writer.whole(0))
            with writer.when(good):
                with writer.when(quick):
                    self._run(program, Section.BLOCKS)
                with writer.when(careful):
                    self._run(program, Section.UPDATE)
                self._flush(program)
                self._add_up()
                self._set(Plan.TAKEN, self._plan(Plan.TAKEN) + 1)
                self._set(Plan.FIRST, here + self._plan(Plan.BATCH))
                with writer.when(self._plan(Plan.FIRST) >= self._plan(Plan.COUNT)):
                    self._end_epoch()
                    with writer.when(self._plan(Plan.RESULTS).same(0)):
                        rest.set(writer.whole(0))
        return writer.text("KERNEL")

    # --- memory -------------------------------------------------------------------------------------

    def _plan(self, place: int) -> Lanes:
        return self.writer.load(self.writer.plan, self.writer.whole(place), "i64")

    def _set(self, place: int, value: Lanes) -> None:
        self.writer.store(value, self.writer.plan, self.writer.whole(place))

    def _number(self, place: int | Lanes) -> Lanes:
        place = place if isinstance(place, Lanes) else self.writer.whole(place)
        return self.writer.load(self.writer.numbers, place, "double")

    def _give(self, place: int | Lanes, value: Lanes) -> None:
        place = place if isinstance(place, Lanes) else self.writer.whole(place)
        self.writer.store(value, self.writer.numbers, place)

    def _count(self, place: int, by: float) -> None:
        self._give(place, self._number(place) + by)

    # --- flow ---------------------------------------------------------------------------------------

    def _run(self, program: Lanes, part: Section) -> None:
        call_rows(self.writer, *self._bounds(program, part))

    def _bounds(self, program: Lanes, part: Section) -> tuple[Lanes, Lanes]:
        start, stop = (self.writer.load(self.writer.plan, program + int(part) + end, "i64") for end in (0, 1))
        return start, stop

    def _surely_finite(self, program: Lanes) -> Lanes:
        """Whether the gradients that are put off have bounds, and these are far from overflow."""
        start, stop = self._bounds(program, Section.BLOCKS)
        return (start < stop) & (self._squares() < FAR_FROM_OVERFLOW)

    def _squares(self) -> Lanes:
        """The squared length of the gradient, or its bound."""
        writer = self.writer
        total = writer.variable(writer.constant("double", 0.0))
        with writer.loop(writer.whole(0), self._plan(Plan.LAYERS)) as layer:
            total.set(total.get() + self._number(self._plan(Plan.SQUARES) + layer))
        return total.get()

    def _judge(self) -> Lanes:
        """Whether the step is finite, its loss below the limit, which the first finite loss sets."""
        writer = self.writer
        loss = self._number(Number.LOSS)
        infinite = writer.constant("double", float("inf"))
        limit = self._number(Number.LIMIT)
        exploded = writer.cast("sitofp", self._plan(Plan.EXPLODED), "double")
        at_first = exploded * writer.choose(loss > 1.0, loss, 1.0)
        sets = limit.same(infinite) & (writer.intrinsic("fabs", loss) < infinite)
        limit = writer.choose(sets, at_first, limit)
        self._give(Number.LIMIT, limit)
        return (loss <= limit) & (self._squares() < infinite)

    def _flush(self, program: Lanes) -> None:
        writer = self.writer
        step = writer.cast("fptosi", self._number(Number.STEP), "i64")
        left = writer.emit(f"srem {step}, {self._plan(Plan.FLUSH_EVERY).name}", "i64")
        with writer.when(left.same(0)):
            self._run(program, Section.FLUSH)

    def _sums(self) -> tuple[Lanes, Lanes]:
        """Where the squared lengths of this step are, and where they are added up."""
        start, layers = self._plan(Plan.SQUARES), self._plan(Plan.LAYERS)
        return start, start + layers

    def _add_up(self) -> None:
        writer = self.writer
        share = self._number(Number.SHARE)
        self._give(Number.LOSSES, self._number(Number.LOSSES) + self._number(Number.LOSS) * share)
        self._give(Number.SAMPLES, self._number(Number.SAMPLES) + share)
        now, summed = self._sums()
        with writer.loop(writer.whole(0), self._plan(Plan.LAYERS)) as layer:
            self._give(summed + layer, self._number(summed + layer) + self._number(now + layer))

    def _end_epoch(self) -> None:
        """In a run over several epochs: hand out the sums, go on with the next order and rate."""
        writer = self.writer
        results = self._plan(Plan.RESULTS)
        with writer.when(results > 0):
            out = writer.emit(f"inttoptr {results} to ptr", "ptr")
            zero = writer.constant("double", 0.0)
            for place, number in enumerate((Number.LOSSES, Number.SAMPLES)):
                writer.store(self._number(number), out, writer.whole(place))
                self._give(number, zero)
            _, summed = self._sums()
            layers = self._plan(Plan.LAYERS)
            with writer.loop(writer.whole(0), layers) as layer:
                writer.store(self._number(summed + layer), out, layer + 2)
                self._give(summed + layer, zero)
            self._set(Plan.RESULTS, results + (layers + 2) * writer.whole(8))
            self._set(Plan.EPOCHS, self._plan(Plan.EPOCHS) + 1)
            self._set(Plan.FIRST, writer.whole(0))
            with writer.when(self._plan(Plan.ORDER) > 0):
                self._set(Plan.ORDER, self._plan(Plan.ORDER) + self._plan(Plan.COUNT) * writer.whole(8))
            rates = self._plan(Plan.RATES)
            self._set(Plan.RATES, rates + 8)
            following = writer.emit(f"inttoptr {rates + 8} to ptr", "ptr")
            self._give(Number.RATE, writer.load(following, writer.whole(0), "double"))
