"""A value in machine code that is being written: several numbers side by side.

Arithmetic on a `Lanes` writes an instruction and gives the result's `Lanes`, so a formula applied to lanes writes
its own machine code.

Kinds: "float" and "double" (an array's entries), "i64", "i32", "i1" (truths), "ptr". A number of shape () is
a double of one lane; where it meets an array's float32 entries it is rounded to them.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.engines.instructions import Instructions

REAL = {"float32": "float", "float64": "double"}
BYTES = {"float": 4, "double": 8, "i64": 8, "i32": 4}
INTEGER = {"float": "i32", "double": "i64"}
REALS = ("float", "double")
VECTOR_BYTES = 64


@dataclass(frozen=True)
class Lanes:
    """A value: its name in the text, its kind, and how many of them side by side."""

    writer: Instructions
    name: str
    kind: str
    width: int = 1

    @property
    def type(self) -> str:
        """Its type as LLVM writes it."""
        return type_of(self.kind, self.width)

    def __str__(self) -> str:
        return f"{self.type} {self.name}"

    def __bool__(self) -> bool:
        raise TypeError("lanes have no truth value: use choose(condition, a, b)")

    def __add__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("add", self, other)

    def __radd__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("add", other, self)

    def __sub__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("sub", self, other)

    def __rsub__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("sub", other, self)

    def __mul__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("mul", self, other)

    def __rmul__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("mul", other, self)

    def __truediv__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("div", self, other)

    def __rtruediv__(self, other: Any) -> Lanes:
        return self.writer.arithmetic("div", other, self)

    def __neg__(self) -> Lanes:
        value = self.writer.number(self)
        return self.writer.emit(f"fneg {value}", value.kind, value.width)

    def __and__(self, other: Any) -> Lanes:
        return self.writer.bitwise("and", self, other)

    def __or__(self, other: Any) -> Lanes:
        return self.writer.bitwise("or", self, other)

    def __xor__(self, other: Any) -> Lanes:
        return self.writer.bitwise("xor", self, other)

    def __rshift__(self, other: Any) -> Lanes:
        return self.writer.bitwise("lshr", self, other)

    def __lshift__(self, other: Any) -> Lanes:
        return self.writer.bitwise("shl", self, other)

    def __gt__(self, other: Any) -> Lanes:
        return self.writer.compare("gt", self, other)

    def __ge__(self, other: Any) -> Lanes:
        return self.writer.compare("ge", self, other)

    def __lt__(self, other: Any) -> Lanes:
        return self.writer.compare("lt", self, other)

    def __le__(self, other: Any) -> Lanes:
        return self.writer.compare("le", self, other)

    def same(self, other: Any) -> Lanes:
        """Entry by entry, whether both are equal."""
        return self.writer.compare("eq", self, other)

    @property
    def bits(self) -> Lanes:
        """The same bits as whole numbers."""
        return self.writer.cast("bitcast", self, INTEGER[self.kind])

    def as_real(self, kind: str) -> Lanes:
        """The same bits as floating-point numbers."""
        return self.writer.cast("bitcast", self, kind)


def type_of(kind: str, width: int) -> str:
    """A type as LLVM writes it."""
    return kind if width == 1 else f"<{width} x {kind}>"


def literal(kind: str, value: float) -> str:
    """A number as LLVM writes it."""
    if kind not in REALS:
        return str(int(value))
    if kind == "float":
        value = _float32(value)
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def _float32(value: float) -> float:
    try:
        rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return rounded


def unordered(value: Lanes) -> Lanes:
    """Whether a value is not a number."""
    return value.writer.emit(f"fcmp uno {value}, {value.name}", "i1", value.width)
