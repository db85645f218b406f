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
from chainrule.engines.instructions import Instructions
from chainrule.engines.lanes import Lanes, Writer
from chainrule.engines.machinery import function
from chainrule.formulas.expression import Apply, Constant, Expression, walk
from chainrule.formulas.hashing import LAST_SHIFT, ROUNDS

# Roots may be estimated and refined by one Newton step, and a product and a sum be one instruction: 1/√s
# in a sixth of the time, within 2 units in the last place. The order of additions stays as written.
_QUICK = "contract arcp afn "


class PairWriter(Writer):
    """Writes functions whose arithmetic may be contracted and whose roots may be estimated."""

    def arithmetic(self, name: str, a: Any, b: Any) -> Lanes:
        a, b = self.together(a, b)
        if a.kind in ("i64", "i32"):
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
    return writer.sum_of(products(writer, a, b))


def products(writer: Writer, a: Sequence[Lanes], b: Sequence[Lanes]) -> Lanes:
    """Σ a b over all vectors, lane by lane."""
    sums: list[Lanes] = []
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if i < 2:
            sums.append(x * y)
        else:
            sums[i % 2] = writer.intrinsic("fma", x, y, sums[i % 2])
    return sums[0] + sums[1] if len(sums) == 2 else sums[0]


def sums_of(writer: Writer, vectors: Sequence[Lanes]) -> Lanes:
    """The sum of every vector's lanes, one in each lane: 2, 4, 8 … vectors, no more than they have lanes.

    Vectors are merged two by two, each then taking half as many lanes, so that all are summed at once.
    """
    made = list(vectors)
    part = made[0].width
    while len(made) > 1:
        part //= 2
        made = [_merged(writer, a, b, part) for a, b in zip(made[::2], made[1::2], strict=True)]
    found = made[0]
    while part > 1:
        part //= 2
        found = _merged(writer, found, None, part)
    return found


def _merged(writer: Writer, a: Lanes, b: Lanes | None, part: int) -> Lanes:
    """The first and the second halves, `part` lanes each, of every stretch of a, and then of b, added."""
    width = a.width * (1 if b is None else 2)
    starts = range(0, width, 2 * part)
    halves = []
    for half in (0, part):
        places = ", ".join(f"i32 {start + half + i}" for start in starts for i in range(part))
        wide = f"<{width // 2} x i32> <{places}>"
        other = f"{a.type} poison" if b is None else str(b)
        halves.append(writer.emit(f"shufflevector {a}, {other}, {wide}", a.kind, width // 2))
    return halves[0] + halves[1]


def mixed(bits: Lanes) -> Lanes:
    """`chainrule.formulas.hashing.mix64`."""
    for shift, factor in ROUNDS:
        bits = (bits ^ (bits >> shift)) * word(bits.writer, factor)
    return bits ^ (bits >> LAST_SHIFT)


def word(writer: Instructions, value: int) -> Lanes:
    """64 bits; LLVM writes whole numbers with a sign."""
    return writer.whole(value - (1 << 64) if value >> 63 else value)


def whole(writer: Writer, array: Lanes, index: Lanes) -> Lanes:
    """An entry of an array of 32 bits without a sign."""
    return writer.cast("zext", writer.load(array, index, "i32"), "i64")
