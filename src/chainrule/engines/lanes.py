"""Writing machine code: values in several lanes at once, and the text of functions in LLVM's language.

A `Lanes` is a value in the function being written: a vector of 64 bytes worth of numbers, or a single one.
Arithmetic on it writes an instruction and gives the result's `Lanes`, so a formula applied to lanes writes
its own machine code. Nothing here reorders or contracts arithmetic: an entry gets the same bits wherever it
stands in an array.

Kinds: "float" and "double" (an array's entries), "i64", "i32", "i1" (truths), "ptr". A number of shape () is
a double of one lane; where it meets an array's float32 entries it is rounded to them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

REAL = {"float32": "float", "float64": "double"}
BYTES = {"float": 4, "double": 8, "i64": 8, "i32": 4}
INTEGER = {"float": "i32", "double": "i64"}
_REALS = ("float", "double")
VECTOR_BYTES = 64


@dataclass(frozen=True)
class Lanes:
    """A value: its name in the text, its kind, and how many of them side by side."""

    writer: Writer
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
    if kind not in _REALS:
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


class Writer:
    """The text of one function `void name(ptr row, ptr numbers, ptr plan)`.

    row:     the row of a program: whole numbers, which are sizes, addresses and places
    numbers: values of shape (), in float64
    plan:    what changes from step to step: which rows of the data are next, …
    """

    def __init__(self, dtype: str) -> None:
        self.real = REAL[dtype]
        self.lanes = VECTOR_BYTES // BYTES[self.real]
        self._entry: list[str] = []
        self._body: list[str] = []
        self._declared: dict[str, str] = {}
        self._count = 0
        self.row = Lanes(self, "%row", "ptr")
        self.numbers = Lanes(self, "%numbers", "ptr")
        self.plan = Lanes(self, "%plan", "ptr")

    def text(self, name: str) -> str:
        """The whole module."""
        body = "\n".join(f"  {line}" if not line.endswith(":") else line for line in self._body)
        entry = "\n".join(f"  {line}" for line in self._entry)
        declared = "\n".join(self._declared.values())
        return (
            f"define void @{name}(ptr noalias %row, ptr %numbers, ptr %plan) {{\nentry:\n{entry}\n"
            f"  br label %begin\nbegin:\n{body}\n  ret void\n}}\n{declared}\n"
        )

    # --- values -------------------------------------------------------------------------------------

    def emit(self, instruction: str, kind: str, width: int = 1) -> Lanes:
        """An instruction that gives a value."""
        self._count += 1
        name = f"%v{self._count}"
        self._body.append(f"{name} = {instruction}")
        return Lanes(self, name, kind, width)

    def do(self, instruction: str) -> None:
        """An instruction without a value."""
        self._body.append(instruction)

    def constant(self, kind: str, value: float, width: int = 1) -> Lanes:
        """A constant, the same in every lane."""
        one = literal(kind, value)
        name = one if width == 1 else f"<{', '.join([f'{kind} {one}'] * width)}>"
        return Lanes(self, name, kind, width)

    def whole(self, value: int) -> Lanes:
        """A single whole number."""
        return self.constant("i64", value)

    def counting(self, kind: str = "i64") -> Lanes:
        """0, 1, 2, … over the lanes."""
        return Lanes(
            self, f"<{', '.join(f'{kind} {literal(kind, i)}' for i in range(self.lanes))}>", kind, self.lanes
        )

    def spread(self, value: Lanes, width: int) -> Lanes:
        """A single value in every lane."""
        if value.width == width:
            return value
        wide = type_of(value.kind, width)
        first = self.emit(f"insertelement {wide} poison, {value}, i64 0", value.kind, width)
        return self.emit(
            f"shufflevector {first}, {wide} poison, <{width} x i32> zeroinitializer", value.kind, width
        )

    def number(self, value: Lanes) -> Lanes:
        """Truths that are calculated with: 0 and 1."""
        if value.kind != "i1":
            return value
        kind = self.real if value.width > 1 else "double"
        return self.emit(f"uitofp {value} to {type_of(kind, value.width)}", kind, value.width)

    def cast(self, how: str, value: Lanes, kind: str) -> Lanes:
        """One of LLVM's conversions."""
        return self.emit(f"{how} {value} to {type_of(kind, value.width)}", kind, value.width)

    def to_real(self, value: Lanes, kind: str) -> Lanes:
        """Rounded or widened to another floating-point kind."""
        value = self.number(value)
        if value.kind == kind:
            return value
        return self.cast("fpext" if kind == "double" else "fptrunc", value, kind)

    def together(self, *values: Any) -> list[Lanes]:
        """Values of one kind and width: constants typed, numbers rounded to the entries that they meet."""
        known = [self.number(v) for v in values if isinstance(v, Lanes)]
        width = max(v.width for v in known)
        kinds = {v.kind for v in known}
        kind = "float" if kinds == {"float", "double"} else known[0].kind
        made = []
        for value in values:
            if not isinstance(value, Lanes):
                made.append(self.constant(kind, value, width))
                continue
            value = self.number(value)
            value = self.to_real(value, kind) if kind in _REALS else value
            made.append(self.spread(value, width))
        return made

    # --- operations ---------------------------------------------------------------------------------

    def arithmetic(self, name: str, a: Any, b: Any) -> Lanes:
        """add, sub, mul or div."""
        a, b = self.together(a, b)
        letter = "f" if a.kind in _REALS else ""
        return self.emit(f"{letter}{name} {a}, {b.name}", a.kind, a.width)

    def bitwise(self, name: str, a: Lanes, b: Any) -> Lanes:
        """and, or, xor and shifts."""
        if not isinstance(b, Lanes):
            b = self.constant(a.kind, b, a.width)
        return self.emit(f"{name} {a}, {self.spread(b, a.width).name}", a.kind, a.width)

    def compare(self, name: str, a: Any, b: Any) -> Lanes:
        """Truths; false where either is not a number."""
        a, b = self.together(a, b)
        if a.kind in _REALS:
            return self.emit(f"fcmp o{name} {a}, {b.name}", "i1", a.width)
        sign = "" if name == "eq" else "s"
        return self.emit(f"icmp {sign}{name} {a}, {b.name}", "i1", a.width)

    def choose(self, condition: Any, a: Any, b: Any) -> Lanes:
        """a where the condition holds, b elsewhere; of two truths a truth."""
        if not isinstance(condition, Lanes):
            condition = self.constant("i1", bool(condition))
        if condition.kind != "i1":
            zero = self.constant(condition.kind, 0, condition.width)
            condition = self.emit(f"fcmp une {condition}, {zero.name}", "i1", condition.width)
        if not isinstance(a, Lanes) and not isinstance(b, Lanes):
            kind = self.real if condition.width > 1 else "double"
            a = self.constant(kind, a, condition.width)
        if not all(isinstance(value, Lanes) and value.kind == "i1" for value in (a, b)):
            a, b = self.together(a, b)
        width = max(a.width, b.width, condition.width)
        a, b, condition = (self.spread(value, width) for value in (a, b, condition))
        return self.emit(f"select {condition}, {a}, {b}", a.kind, width)

    def intrinsic(self, name: str, *arguments: Any) -> Lanes:
        """An LLVM intrinsic overloaded on its arguments' common type: sqrt, fma, fabs, floor, copysign."""
        values = self.together(*arguments)
        first = values[0]
        suffix = {"float": "f32", "double": "f64"}[first.kind]
        suffix = suffix if first.width == 1 else f"v{first.width}{suffix}"
        full = f"llvm.{name}.{suffix}"
        self._declare(full, first.type, [v.type for v in values])
        return self.emit(f"call {first.type} @{full}({', '.join(map(str, values))})", first.kind, first.width)

    def library(self, name: str, *arguments: Any) -> Lanes:
        """A function of the C library's mathematics, lane by lane, in float64."""
        values = self.together(*arguments)
        first = values[0]
        self._declare(name, "double", ["double"] * len(values))
        if first.width == 1:
            wide = [self.to_real(v, "double") for v in values]
            return self.to_real(
                self.emit(f"call double @{name}({', '.join(map(str, wide))})", "double"), first.kind
            )
        result = Lanes(self, "zeroinitializer", first.kind, first.width)
        for lane in range(first.width):
            single = [
                self.to_real(self.emit(f"extractelement {v}, i64 {lane}", v.kind), "double") for v in values
            ]
            found = self.emit(f"call double @{name}({', '.join(map(str, single))})", "double")
            found = self.to_real(found, first.kind)
            result = self.emit(f"insertelement {result}, {found}, i64 {lane}", first.kind, first.width)
        return result

    def _declare(self, name: str, result: str, arguments: Sequence[str]) -> None:
        self._declared[name] = f"declare {result} @{name}({', '.join(arguments)})"

    # --- memory -------------------------------------------------------------------------------------

    def field(self, place: int) -> Lanes:
        """A whole number of the program's row."""
        return self.load(self.row, self.whole(place), "i64")

    def address(self, place: int) -> Lanes:
        """An address of the program's row."""
        return self.emit(f"inttoptr {self.field(place)} to ptr", "ptr")

    def at(self, pointer: Lanes, index: Lanes, kind: str) -> Lanes:
        """The address of an entry."""
        return self.emit(f"getelementptr {kind}, {pointer}, {index}", "ptr")

    def load(
        self, pointer: Lanes, index: Lanes, kind: str = "", width: int = 1, mask: Lanes | None = None
    ) -> Lanes:
        """Entries from `index` on; 0 where the mask does not hold."""
        kind = kind or self.real
        place, wanted = self.at(pointer, index, kind), type_of(kind, width)
        if mask is None:
            return self.emit(f"load {wanted}, {place}, align {BYTES[kind]}", kind, width)
        full = f"llvm.masked.load.{_short(kind, width)}.p0"
        self._declare(full, wanted, ["ptr", "i32", mask.type, wanted])
        return self.emit(
            f"call {wanted} @{full}({place}, i32 {BYTES[kind]}, {mask}, {wanted} zeroinitializer)",
            kind,
            width,
        )

    def prefetch(self, pointer: Lanes, index: Lanes, kind: str = "", *, write: bool = False) -> None:
        """Have the cache fetch what will be read soon, or written; any address will do."""
        self._declared["llvm.prefetch.p0"] = "declare void @llvm.prefetch.p0(ptr, i32, i32, i32)"
        place = self.at(pointer, index, kind or self.real)
        self.do(f"call void @llvm.prefetch.p0({place}, i32 {int(write)}, i32 3, i32 1)")

    def store(self, value: Lanes, pointer: Lanes, index: Lanes, mask: Lanes | None = None) -> None:
        """Write entries from `index` on, where the mask holds."""
        place = self.at(pointer, index, value.kind)
        if mask is None:
            self.do(f"store {value}, {place}, align {BYTES[value.kind]}")
            return
        full = f"llvm.masked.store.{_short(value.kind, value.width)}.p0"
        self._declare(full, "void", [value.type, "ptr", "i32", mask.type])
        self.do(f"call void @{full}({value}, {place}, i32 {BYTES[value.kind]}, {mask})")

    def spaced(self, pointer: Lanes, index: Lanes, space: Lanes) -> Lanes:
        """Addresses of entries `space` apart, one for each lane."""
        narrow = self.emit(f"trunc {space} to i32", "i32")
        apart = self.spread(narrow, self.lanes) * self.counting("i32")
        first = self.at(pointer, index, self.real)
        return self.emit(f"getelementptr {self.real}, {first}, {apart}", "ptr", self.lanes)

    def gather(self, pointer: Lanes, index: Lanes, space: Lanes, mask: Lanes | None = None) -> Lanes:
        """Entries that lie `space` apart."""
        mask = self.constant("i1", 1, self.lanes) if mask is None else mask
        places, wanted = self.spaced(pointer, index, space), type_of(self.real, self.lanes)
        full = f"llvm.masked.gather.{_short(self.real, self.lanes)}.v{self.lanes}p0"
        self._declare(full, wanted, [places.type, "i32", mask.type, wanted])
        return self.emit(
            f"call {wanted} @{full}({places}, i32 {BYTES[self.real]}, {mask}, {wanted} zeroinitializer)",
            self.real,
            self.lanes,
        )

    def scatter(
        self, value: Lanes, pointer: Lanes, index: Lanes, space: Lanes, mask: Lanes | None = None
    ) -> None:
        """Write entries that lie `space` apart."""
        mask = self.constant("i1", 1, self.lanes) if mask is None else mask
        places = self.spaced(pointer, index, space)
        full = f"llvm.masked.scatter.{_short(self.real, self.lanes)}.v{self.lanes}p0"
        self._declare(full, "void", [value.type, places.type, "i32", mask.type])
        self.do(f"call void @{full}({value}, {places}, i32 {BYTES[self.real]}, {mask})")

    def variable(self, start: Lanes) -> Variable:
        """A value that loops change."""
        self._count += 1
        name = f"%x{self._count}"
        self._entry.append(f"{name} = alloca {start.type}, align 64")
        made = Variable(self, name, start.kind, start.width)
        made.set(start)
        return made

    # --- flow ---------------------------------------------------------------------------------------

    def label(self, name: str) -> str:
        """A name for a place in the code."""
        self._count += 1
        return f"{name}{self._count}"

    def mark(self, label: str) -> None:
        """Here is the place of a label."""
        self._body.append(f"{label}:")

    @contextmanager
    def loop_while(self, condition: Callable[[], Lanes]) -> Iterator[None]:
        """The block as long as a single truth, computed anew each time, holds."""
        test, inside, after = self.label("test"), self.label("inside"), self.label("after")
        self.do(f"br label %{test}")
        self.mark(test)
        self.do(f"br {condition()}, label %{inside}, label %{after}")
        self.mark(inside)
        yield
        self.do(f"br label %{test}")
        self.mark(after)

    @contextmanager
    def loop(self, start: Lanes, stop: Lanes, step: int = 1) -> Iterator[Lanes]:
        """The block for start, start + step, … below stop."""
        index = self.variable(start)
        with self.loop_while(lambda: index.get() < stop):
            now = index.get()
            yield now
            index.set(now + step)

    @contextmanager
    def when(self, condition: Lanes) -> Iterator[None]:
        """The block where a single truth holds."""
        inside, after = self.label("then"), self.label("after")
        self.do(f"br {condition}, label %{inside}, label %{after}")
        self.mark(inside)
        yield
        self.do(f"br label %{after}")
        self.mark(after)

    def blocks(self, count: Lanes, body: Callable[[Lanes, Lanes | None], None]) -> None:
        """body(index, mask) for blocks of lanes: whole ones without a mask, then what is left."""
        whole = count & -self.lanes
        with self.loop(self.whole(0), whole, self.lanes) as index:
            body(index, None)
        with self.when(whole < count):
            body(whole, self.spread(count - whole, self.lanes) > self.counting())

    def sum_of(self, value: Lanes) -> Lanes:
        """Σ over the lanes, by halves."""
        return self._halved(value, lambda a, b: a + b)

    def greatest_of(self, value: Lanes) -> Lanes:
        """The greatest lane; not a number if any is none."""
        return self._halved(value, lambda a, b: self.choose((a > b) | unordered(a), a, b))

    def _halved(self, value: Lanes, join: Callable[[Lanes, Lanes], Lanes]) -> Lanes:
        while value.width > 2:
            half = value.width // 2
            value = join(self._part(value, 0, half), self._part(value, half, half))
        first, second = (self.emit(f"extractelement {value}, i64 {lane}", value.kind) for lane in range(2))
        return join(first, second)

    def _part(self, value: Lanes, start: int, width: int) -> Lanes:
        places = ", ".join(f"i32 {start + i}" for i in range(width))
        return self.emit(
            f"shufflevector {value}, {value.type} poison, <{width} x i32> <{places}>", value.kind, width
        )


@dataclass(frozen=True)
class Variable:
    """A place for a value that loops change."""

    writer: Writer
    place: str
    kind: str
    width: int

    def get(self) -> Lanes:
        """Its present value."""
        return self.writer.emit(
            f"load {type_of(self.kind, self.width)}, ptr {self.place}, align 64", self.kind, self.width
        )

    def set(self, value: Lanes) -> None:
        """Give it another."""
        self.writer.do(f"store {value}, ptr {self.place}, align 64")


def unordered(value: Lanes) -> Lanes:
    """Whether a value is not a number."""
    return value.writer.emit(f"fcmp uno {value}, {value.name}", "i1", value.width)


def _short(kind: str, width: int) -> str:
    short = {"float": "f32", "double": "f64", "i64": "i64", "i32": "i32"}[kind]
    return short if width == 1 else f"v{width}{short}"
