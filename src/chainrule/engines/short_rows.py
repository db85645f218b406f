"""Passes over rows that are shorter than the lanes are many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.engines.assignments import Assignment
from chainrule.engines.generated import PassWriter
from chainrule.engines.lanes import Lanes, Variable
from chainrule.engines.machine_math import maximum
from chainrule.formulas.expression import Apply, Expression, Symbol


class DownWriter(PassWriter):
    """A pass over short rows: each lane takes a row of its own and goes along it, entry by entry."""

    def _rows_loop(self) -> None:
        writer = self.writer
        for made in self.assignments:
            if made.kind == "column_sum":
                self._clear(made)
        self.last = max(self.level[a.tree] for a in self.assignments if a.kind != "number")

        def rows(i: Lanes, mask: Lanes | None) -> None:
            self.i, self.mask = i, mask
            with self._scope():
                self.start = i * self.columns
                for level in range(self.last + 1):
                    self._one_level(level)
                for made in self.assignments:
                    if self.form[made.tree] == "column" and made.kind != "number":
                        self._keep_column(made, self._wide(self.value(made.tree)))

        writer.blocks(self.count, rows)

    def _along_row(self, level: int, work: Callable[[], None]) -> None:
        with self.writer.loop(self.writer.whole(0), self.columns) as self.index, self._scope():
            self.place = self.start + self.index
            work()

    def _reduced(self, node: Apply, variable: Variable) -> Lanes:
        return variable.get()

    def _leaf(self, node: Symbol) -> Lanes:
        writer, form = self.writer, self.form[node]
        if form == "entries":
            return writer.gather(self.fields[node.name], self.place, self.columns, self.mask)
        if form == "column":
            return writer.load(self.fields[node.name], self.i, width=writer.lanes, mask=self.mask)
        if form == "row":
            return writer.load(self.fields[node.name], self.index)
        return super()._leaf(node)

    def _reduce(self, node: Apply, variable: Variable) -> None:
        value = self._wide(self.value(node.arguments[0]))
        if node.primitive.name == "row_sum":
            variable.set(variable.get() + value)
        else:
            variable.set(maximum(variable.get(), value))

    def _keep_entries(self, made: Assignment, value: Lanes) -> None:
        writer = self.writer
        if made.kind == "total":
            self._add_to(self.sums[made], value, "double")
        elif made.kind == "column_sum":
            self._add_to_place(made, value, self.index)
        elif made.kept:
            writer.scatter(value, self.fields[made.symbol], self.place, self.columns, self.mask)

    def _keep_column(self, made: Assignment, value: Any) -> None:
        if made.kind == "total":
            self._add_to(self.sums[made], value, "double")
        elif made.kind == "column_sum":
            self._add_to_place(made, value, self.writer.whole(0))
        elif made.kept:
            self.writer.store(value, self.fields[made.symbol], self.i, self.mask)

    def _add_to_place(self, made: Assignment, value: Lanes, place: Lanes) -> None:
        writer, target = self.writer, self.fields[made.symbol]
        value = value if self.mask is None else writer.choose(self.mask, value, 0.0)
        writer.store(writer.load(target, place) + writer.sum_of(value), target, place)

    def _column_numbers(self) -> Lanes:
        return self.writer.spread(self.index, self.writer.lanes)

    def _place_numbers(self) -> Lanes:
        writer = self.writer
        apart = writer.spread(self.columns, writer.lanes) * writer.counting()
        return writer.spread(self.place, writer.lanes) + apart

    def _scratch_place(self, node: Expression) -> Lanes:
        lanes = self.writer.whole(self.writer.lanes)
        place = self.columns * self.writer.whole(self.scratch[node]) + self.index
        return place * lanes
