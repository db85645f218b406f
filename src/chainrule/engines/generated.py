"""Element-wise machine code, written from the catalogue's trees: consecutive lines as one pass over memory.

A pass runs over the entries (B, O) of what its lines compute. Every primitive of a tree writes its own
instructions (the vocabulary's `compiled` spelling), a shared sub-expression once. Values of shape () are
float64, as in the NumPy engine, and are rounded where they meet entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import Any

from chainrule.engines.arrays import spelling
from chainrule.engines.assignments import (
    COLUMNS,
    OPERANDS,
    ROWS,
    Assignment,
    Form,
    Pass,
    applied_form,
)
from chainrule.engines.lanes import Lanes, Variable, Writer
from chainrule.engines.machine_math import maximum, mixed_uniform
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, walk

# How many entries ahead memory is fetched where a pass goes over more than the caches hold.
AHEAD = 512


@dataclass
class PassWriter:
    """One pass being written."""

    assignments: Sequence[Assignment]
    forms: dict[str, Form]
    dtype: str
    flat: bool
    large: bool = False
    addresses: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = Writer(self.dtype)
        self.nodes = list(dict.fromkeys(n for a in self.assignments for n in walk(a.tree)))
        self.form: dict[Expression, Form] = {}
        self.level: dict[Expression, int] = {}
        self.scopes: list[dict[Expression, Any]] = []
        self.fields: dict[str, Lanes] = {}
        self.scratch: dict[Expression, int] = {}
        self.now = 0
        for node in self.nodes:
            self._classify(node)

    def _classify(self, node: Expression) -> None:
        if isinstance(node, Apply):
            given = [self.form[argument] for argument in node.arguments]
            along = node.primitive.name in ("row_sum", "row_max")
            # Without columns, a row is its one entry.
            self.form[node] = given[0] if self.flat and along else applied_form(node, given)
            reduced = self._reduces(node)
            self.level[node] = max(self.level[a] for a in node.arguments) + reduced
        else:
            self.form[node] = self.forms[node.name] if isinstance(node, Symbol) else "number"
            self.level[node] = 0

    def _reduces(self, node: Expression) -> bool:
        return (
            isinstance(node, Apply)
            and node.primitive.name in ("row_sum", "row_max")
            and self.form[node.arguments[0]] in ("entries", "row")
            and not self.flat
        )

    # --- the whole ----------------------------------------------------------------------------------

    def write(self) -> Pass:
        read = [n.name for n in self.nodes if isinstance(n, Symbol)]
        arrays = [n for n in read if self.forms[n] != "number"]
        arrays += [a.symbol for a in self.assignments if a.kept and a.kind not in ("total", "number")]
        numbers = [n for n in read if self.forms[n] == "number"]
        numbers += [a.symbol for a in self.assignments if a.kind in ("total", "number")]
        made = {a.symbol for a in self.assignments if a.kind in ("total", "number")}
        self.addresses, self.slots = list(dict.fromkeys(arrays)), list(dict.fromkeys(numbers))
        self._read_row()
        scratch = self._plan_scratch()
        self.scopes.append({})
        for node in self.nodes:
            if self.form[node] == "single" or (
                self.form[node] == "number" and not self._waits_for(node, made)
            ):
                self.value(node)
        self.sums = {a: self._accumulator(a) for a in self.assignments if a.kind == "total"}
        if any(a.kind != "number" for a in self.assignments):
            (self._flat_loop if self.flat else self._rows_loop)()
        self._finish(made)
        return Pass(self.writer.text("KERNEL"), tuple(self.addresses), tuple(self.slots), scratch)

    def _read_row(self) -> None:
        writer = self.writer
        self.count, self.columns = writer.field(ROWS), writer.field(COLUMNS)
        for place, name in enumerate(self.addresses, start=OPERANDS):
            self.fields[name] = writer.address(place)
        for place, name in enumerate(self.slots, start=OPERANDS + len(self.addresses)):
            self.fields[f"#{name}"] = writer.field(place)

    def _waits_for(self, node: Expression, made: set[str]) -> bool:
        return any(isinstance(at, Symbol) and at.name in made for at in walk(node))

    def _accumulator(self, made: Assignment) -> Variable:
        return self.writer.variable(self.writer.constant("double", 0.0, self.writer.lanes))

    def _finish(self, made: set[str]) -> None:
        """What is known only after the loops: totals, and numbers that are made of them."""
        writer = self.writer
        for assignment in self.assignments:
            if assignment.kind == "total":
                found = writer.sum_of(self.sums[assignment].get())
            elif assignment.kind == "number":
                found = self.value(assignment.tree)
            else:
                continue
            if not isinstance(found, Lanes):
                found = writer.constant("double", found)
            found = writer.number(found)
            writer.store(found, writer.numbers, self.fields[f"#{assignment.symbol}"])
            self.scopes[0][Symbol(assignment.symbol)] = found

    # --- loops --------------------------------------------------------------------------------------

    def _flat_loop(self) -> None:
        writer = self.writer
        sums = [a for a in self.assignments if a.kind == "column_sum"]
        single = {a: writer.variable(writer.constant(writer.real, 0.0, writer.lanes)) for a in sums}

        def body(index: Lanes, mask: Lanes | None) -> None:
            self.index, self.place, self.mask = index, index, mask
            self._fetch_ahead()
            with self._scope():
                values = [(a, self.value(a.tree)) for a in self.assignments if a.kind != "number"]
                for assignment, value in values:
                    wide = self._wide(value)
                    if assignment.kind == "total":
                        self._add_to(self.sums[assignment], wide, "double")
                    elif assignment.kind == "column_sum":
                        self._add_to(single[assignment], wide, writer.real)
                    elif assignment.kept:
                        writer.store(wide, self.fields[assignment.symbol], index, mask)

        writer.blocks(self.count, body)
        for assignment in sums:
            found = writer.sum_of(single[assignment].get())
            writer.store(found, self.fields[assignment.symbol], writer.whole(0))

    def _rows_loop(self) -> None:
        writer = self.writer
        for made in self.assignments:
            if made.kind == "column_sum":
                self._clear(made)
        self.last = max(self.level[a.tree] for a in self.assignments if a.kind != "number")
        with writer.loop(writer.whole(0), self.count) as self.i, self._scope():
            self.start = self.i * self.columns
            for level in range(self.last + 1):
                self._one_level(level)
            for made in self.assignments:
                if self.form[made.tree] == "column" and made.kind != "number":
                    self._keep_column(made, self.value(made.tree))

    def _one_level(self, level: int) -> None:
        """One pass along the row: what can be known after `level` sums or maxima over it."""
        reductions = [
            n
            for n in self.nodes
            if self._reduces(n) and isinstance(n, Apply) and self.level[n.arguments[0]] == level
        ]
        sinks = [a for a in self.assignments if self._sinks_at(a) == level]
        kept = [n for n in self.scratch if self.level[n] == level]
        if not (reductions or sinks or kept):
            return
        self.now = level
        self._columns_known(level)
        found = {n: self._reduction_start(n) for n in reductions}

        def work() -> None:
            for node in kept:
                self._keep_scratch(node)
            for node in reductions:
                self._reduce(node, found[node])
            # All values before the first store, which may overwrite what they are made of.
            values = [(a, self.value(a.tree)) for a in sinks]
            for assignment, value in values:
                self._keep_entries(assignment, self._wide(value))

        self._along_row(level, work)
        for node, variable in found.items():
            self.scopes[-1][node] = self._reduced(node, variable)

    def _along_row(self, level: int, work: Callable[[], None]) -> None:
        def body(index: Lanes, mask: Lanes | None) -> None:
            self.index, self.mask = index, mask
            self.place = self.start + index
            if level == 0:
                self._fetch_ahead()
            with self._scope():
                work()

        self.writer.blocks(self.columns, body)

    def _reduced(self, node: Apply, variable: Variable) -> Lanes:
        """A sum or maximum over the row, once the row is through."""
        join = self.writer.sum_of if node.primitive.name == "row_sum" else self.writer.greatest_of
        return join(variable.get())

    def _fetch_ahead(self) -> None:
        """Entries that come soon: the processor itself looks no further than the end of a page."""
        if self.large and self.mask is None:
            for name in self.addresses:
                if self.forms.get(name, "entries") == "entries":
                    self.writer.prefetch(self.fields[name], self.place + self.writer.whole(AHEAD))

    def _columns_known(self, level: int) -> None:
        for node in self.nodes:
            if self.form[node] == "column" and self.level[node] <= level and not self._reduces(node):
                self.value(node)

    def _sinks_at(self, made: Assignment) -> int:
        """The level at which an assignment's entries are kept; those read elsewhere in the pass at the last."""
        if made.kind == "number" or self.form[made.tree] == "column":
            return -1
        overwrites = made.symbol in self.forms and made.kept
        return self.last if overwrites else self.level[made.tree]

    def _reduction_start(self, node: Apply) -> Variable:
        start = 0.0 if node.primitive.name == "row_sum" else -inf
        return self.writer.variable(self.writer.constant(self.writer.real, start, self.writer.lanes))

    def _reduce(self, node: Apply, variable: Variable) -> None:
        writer, value = self.writer, self._wide(self.value(node.arguments[0]))
        if node.primitive.name == "row_sum":
            self._add_to(variable, value, writer.real)
            return
        value = value if self.mask is None else writer.choose(self.mask, value, -inf)
        variable.set(maximum(variable.get(), value))

    def _add_to(self, variable: Variable, value: Lanes, kind: str) -> None:
        writer = self.writer
        value = value if self.mask is None else writer.choose(self.mask, value, 0.0)
        variable.set(variable.get() + writer.to_real(value, kind))

    def _clear(self, made: Assignment) -> None:
        writer, target = self.writer, self.fields[made.symbol]
        zero = writer.constant(writer.real, 0.0, writer.lanes)
        if self.form[made.tree] == "column":
            writer.store(writer.constant(writer.real, 0.0), target, writer.whole(0))
        else:
            writer.blocks(self.columns, lambda index, mask: writer.store(zero, target, index, mask))

    def _keep_entries(self, made: Assignment, value: Lanes) -> None:
        writer = self.writer
        if made.kind == "total":
            self._add_to(self.sums[made], value, "double")
        elif made.kind == "column_sum":
            target = self.fields[made.symbol]
            before = writer.load(target, self.index, width=writer.lanes, mask=self.mask)
            writer.store(before + value, target, self.index, self.mask)
        elif made.kept:
            writer.store(value, self.fields[made.symbol], self.place, self.mask)

    def _keep_column(self, made: Assignment, value: Any) -> None:
        writer = self.writer
        value = writer.number(value)
        value = writer.to_real(value, writer.real)
        if made.kind == "total":
            lane0 = writer.constant("double", 0.0, writer.lanes)
            wide = writer.to_real(value, "double")
            wide = writer.emit(f"insertelement {lane0}, {wide}, i64 0", "double", writer.lanes)
            self.sums[made].set(self.sums[made].get() + wide)
        elif made.kind == "column_sum":
            target, first = self.fields[made.symbol], writer.whole(0)
            writer.store(writer.load(target, first) + value, target, first)
        elif made.kept:
            writer.store(value, self.fields[made.symbol], self.i)

    # --- what later levels need ---------------------------------------------------------------------

    def _plan_scratch(self) -> int:
        """Entries that are computed at one level and needed at a later one are kept in rows of scratch."""
        if self.flat:
            return 0
        for node in self.nodes:
            for argument in node.arguments if isinstance(node, Apply) else ():
                used_at = self.level[argument] if self._reduces(node) else self.level[node]
                if (
                    isinstance(argument, Apply)
                    and self.form[argument] == "entries"
                    and self.level[argument] < used_at
                ):
                    self.scratch.setdefault(argument, len(self.scratch))
        last = max((self.level[a.tree] for a in self.assignments if a.kind != "number"), default=0)
        for made in self.assignments:
            node = made.tree
            overwrites = made.symbol in self.forms and made.kept
            if (
                overwrites
                and isinstance(node, Apply)
                and self.form[node] == "entries"
                and self.level[node] < last
            ):
                self.scratch.setdefault(node, len(self.scratch))
        if self.scratch:
            self.scratch_at = self.writer.address(OPERANDS + len(self.addresses) + len(self.slots))
        return len(self.scratch)

    def _keep_scratch(self, node: Expression) -> None:
        value = self._wide(self.value(node))
        self.writer.store(value, self.scratch_at, self._scratch_place(node), self.mask)

    def _scratch_value(self, node: Expression) -> Lanes:
        place = self._scratch_place(node)
        return self.writer.load(self.scratch_at, place, width=self.writer.lanes, mask=self.mask)

    def _scratch_place(self, node: Expression) -> Lanes:
        place = self.scratch[node]
        return self.index if place == 0 else self.columns * self.writer.whole(place) + self.index

    # --- values -------------------------------------------------------------------------------------

    @contextmanager
    def _scope(self) -> Iterator[None]:
        self.scopes.append({})
        yield
        self.scopes.pop()

    def _scope_of(self, node: Expression) -> dict[Expression, Any]:
        """Where a value is valid: in the whole function, along a row, or in one block."""
        form = self.form[node]
        if form in ("number", "single"):
            return self.scopes[0]
        if form == "column" and not self.flat:
            return self.scopes[1]
        return self.scopes[-1]

    def value(self, node: Expression) -> Any:
        """The value of a node here: lanes, or a Python number for a constant."""
        for scope in reversed(self.scopes):
            if node in scope:
                return scope[node]
        result = self._scope_of(node)[node] = self._compute(node)
        return result

    def _compute(self, node: Expression) -> Any:
        if isinstance(node, Constant):
            return float(node.value)
        if isinstance(node, Symbol):
            return self._leaf(node)
        assert isinstance(node, Apply)
        if node in self.scratch and self.level[node] < self.now:
            return self._scratch_value(node)
        return self._apply(node)

    def _apply(self, node: Apply) -> Any:
        name = node.primitive.name
        if name == "one_hot":
            column = self.writer.cast("sitofp", self._column_numbers(), self.writer.real)
            return self._wide(self.value(node.arguments[0])).same(column)
        if name == "uniform":
            _, key, step = node.arguments
            return mixed_uniform(self._place_numbers(), self.value(key), self.value(step))
        operands = [self.value(argument) for argument in node.arguments]
        if name in ("row_sum", "row_max"):
            return operands[0]
        if not any(isinstance(operand, Lanes) for operand in operands):
            return float(node.primitive.meaning(*operands))
        made: Callable[..., Any] = spelling(node.primitive.compiled)
        return made(*operands)

    def _column_numbers(self) -> Lanes:
        writer = self.writer
        return writer.spread(self.index, writer.lanes) + writer.counting()

    def _place_numbers(self) -> Lanes:
        writer = self.writer
        return writer.spread(self.place, writer.lanes) + writer.counting()

    def _leaf(self, node: Symbol) -> Lanes:
        writer, form = self.writer, self.form[node]
        if form == "number":
            return writer.load(writer.numbers, self.fields[f"#{node.name}"], "double")
        pointer = self.fields[node.name]
        if form == "single":
            return writer.load(pointer, writer.whole(0))
        if form == "column":
            return writer.load(pointer, self.i)
        place = self.index if form == "row" else self.place
        return writer.load(pointer, place, width=writer.lanes, mask=self.mask)

    def _wide(self, value: Any) -> Lanes:
        """A value in every lane, as entries."""
        writer = self.writer
        if not isinstance(value, Lanes):
            return writer.constant(writer.real, value, writer.lanes)
        if value.kind == "i1":
            value = writer.cast("uitofp", value, writer.real)
        return writer.spread(writer.to_real(value, writer.real), writer.lanes)
