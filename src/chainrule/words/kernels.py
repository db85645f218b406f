"""Machine code for word vectors: loops over pairs of words, written here; the mathematics comes from trees.

Every function takes (row, numbers, plan) as the compiled engine's do, and reads only the row: whole numbers,
which are sizes and addresses. Called through ctypes, it runs without Python's lock, so threads run side by
side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.arrays import spelling
from chainrule.engines.lanes import Lanes, Writer
from chainrule.engines.machinery import function
from chainrule.formulas.expression import Apply, Constant, Expression, walk

# Roots may be estimated and refined by one Newton step, and a product and a sum be one instruction: 1/√s
# in a sixth of the time, within 2 units in the last place. The order of additions stays as written.
_QUICK = "contract arcp afn "


class PairWriter(Writer):
    """Writes functions whose arithmetic may be contracted and whose roots may be estimated."""

    def arithmetic(self, name: str, a: Any, b: Any) -> Lanes:
        a, b = self.together(a, b)
        if a.kind == "i64":
            return self.emit(f"{name} {a}, {b.name}", a.kind, a.width)
        return self.emit(f"f{name} {_QUICK}{a}, {b.name}", a.kind, a.width)

    def intrinsic(self, name: str, *arguments: Any) -> Lanes:
        found = super().intrinsic(name, *arguments)
        if name == "sqrt":
            self._body[-1] = self._body[-1].replace("= call ", f"= call {_QUICK}", 1)
        return found

    def written(self, tree: Expression, values: Mapping[Expression, Any]) -> Lanes:
        """A tree's instructions; `values` are the lanes of its symbols, and of any part that is known."""
        done: dict[Expression, Any] = dict(values)
        for node in walk(tree):
            if node in done:
                continue
            if isinstance(node, Constant):
                done[node] = node.value
            elif isinstance(node, Apply) and all(a in done for a in node.arguments):
                given = [done[a] for a in node.arguments]
                if any(isinstance(value, Lanes) for value in given):
                    apply: Callable[..., Any] = spelling(node.primitive.compiled)
                else:
                    apply = node.primitive.meaning
                done[node] = apply(*given)
        found: Lanes = done[tree]
        return found

    def fetch_line(self, pointer: Lanes) -> None:
        """Have a line of memory fetched, to be written."""
        self._declare("llvm.prefetch.p0", "void", ["ptr", "i32", "i32", "i32"])
        self.do(f"call void @llvm.prefetch.p0({pointer}, i32 1, i32 3, i32 1)")

    def next_of(self, counter: Lanes) -> Lanes:
        """The number in a place that threads share, which goes up by 1."""
        return self.emit(f"atomicrmw add {counter}, i64 1 monotonic", "i64")


def row_of(*fields: int | NDArray[Any]) -> NDArray[np.int64]:
    """The row of a call: numbers, and the addresses of arrays, which the caller must keep."""
    return np.array([f.ctypes.data if isinstance(f, np.ndarray) else f for f in fields], np.int64)


def call(text: str, row: NDArray[np.int64]) -> None:
    """Run the function of a text on a row."""
    function(text)(row.ctypes.data, 0, 0)


def dot(writer: Writer, a: Sequence[Lanes], b: Sequence[Lanes]) -> Lanes:
    """Σ a b over the lanes of all vectors, in an order that is always the same."""
    sums: list[Lanes] = []
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if i < 2:
            sums.append(x * y)
        else:
            sums[i % 2] = writer.intrinsic("fma", x, y, sums[i % 2])
    return writer.sum_of(sums[0] + sums[1] if len(sums) == 2 else sums[0])
