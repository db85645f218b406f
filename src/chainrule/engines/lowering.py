"""A derivation's lines as the rows of a program for the compiled engine.

Consecutive lines that work entry by entry become one pass (`generated`); products become calls of a small
kernel or of BLAS. A row holds addresses, so a program belongs to its buffers; nothing of it is compiled for
one network alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation
from chainrule.engines import kernels
from chainrule.engines.engine import Array
from chainrule.engines.kernels import Number, Section
from chainrule.engines.lowerable import (
    columns_first,
    in_place,
    signs_by_value,
)
from chainrule.engines.pass_groups import Numbers
from chainrule.engines.program import (
    Arena,
    aligned_zeros,
)
from chainrule.engines.update_rows import UpdateRows
from chainrule.formulas.expression import Symbol

__all__ = ["Lowering", "Numbers"]


class Lowering(UpdateRows):
    """One program: the lines for batches of `rows` samples, on given buffers.

    shared: buffers by symbol, used by every program of the derivation (the largest batch first)
    given:  arrays to be used as they lie (a whole batch's x), by symbol
    keep:   symbols that are kept although no later line reads them; None keeps every one
    """

    def __init__(
        self,
        derivation: Derivation,
        arena: Arena,
        numbers: Numbers,
        rows: int,
        shared: dict[str, Array],
        *,
        given: Mapping[str, Array] | None = None,
        keep: Iterable[str] | None = (),
    ) -> None:
        super().__init__(derivation, arena, numbers, rows, shared, given=given, keep=keep)
        self._compute()
        if derivation.rule is not None:
            self._squares()
            self._update()
            self._weights()
            self._blocks()
            self._flush_state()

    def _compute(self) -> None:
        lines = columns_first([line for line in self.derivation.lines if line.phase != "update"])
        resolved = self._resolved([(line, line.symbol, line.tree) for line in lines])
        if self.keep is not None:
            told, same = resolved
            resolved = signs_by_value(told), same
            self.in_place = in_place(resolved[0], self._replaceable(told, same))
        put_off = self._put_off(resolved[0]) if self._flat_lines() else {}
        if self.keep is None:
            self.by_blocks = put_off
        elif put_off:
            self.put_off = put_off
            self.measured = {name for made in self.put_off.values() for name in (made.a, made.d)}
        self._lower(*resolved)

    def gather_from(self, tables: Mapping[str, Array]) -> None:
        """Where the rows of a batch come from, by symbol."""
        self.into = self.sections[Section.GATHER]
        for name, table in tables.items():
            target = self.buffers[name]
            self._row(
                kernels.gather(self.dtype), self.rows, target.shape[1], table.ctypes.data, target.ctypes.data
            )
        if "x" in self.measured:
            self._measure("x")
            self._finish_group()
        loss = self.derivation.loss
        rows = np.float64(self.rows)
        share = np.float64(1.0) if loss is not None and loss.over_batch == "sum" else rows
        self._row(
            kernels.set_numbers(),
            Number.ROWS,
            int(rows.view(np.int64)),
            Number.SHARE,
            int(share.view(np.int64)),
        )
        if "s" in self.derivation.shapes and share is rows:
            self.numbers.places["#share"] = Number.SHARE
            self.into = self.sections[Section.GATHER if "s" in tables else Section.COMPUTE]
            self._assign("total", "#share", Symbol("s"))
            self._finish_group()

    def place(self) -> NDArray[np.int64]:
        """The rows as one array of whole numbers; the start and the end of each section in it."""
        words = [word for section in Section for row in self.sections[section] for word in row]
        self.code = aligned_zeros((max(len(words), 1),), np.int64)
        self.code[: len(words)] = words
        at, bounds = self.code.ctypes.data, np.zeros(kernels.BOUNDS, np.int64)
        for section in Section:
            bounds[section] = at
            at += 8 * sum(map(len, self.sections[section]))
            bounds[section + 1] = at
        return bounds
