"""Instructions of a function being written: constants, conversions, arithmetic, choices, calls.

Nothing here reorders or contracts arithmetic: an entry gets the same bits wherever it stands in an array.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from chainrule.engines.values import BYTES, REAL, REALS, VECTOR_BYTES, Lanes, literal, type_of, unordered


class Instructions:
    """The body of one function, instruction by instruction; see `chainrule.engines.lanes.Writer`."""

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
            value = self.to_real(value, kind) if kind in REALS else value
            made.append(self.spread(value, width))
        return made

    # --- operations ---------------------------------------------------------------------------------

    def arithmetic(self, name: str, a: Any, b: Any) -> Lanes:
        """add, sub, mul or div."""
        a, b = self.together(a, b)
        letter = "f" if a.kind in REALS else ""
        return self.emit(f"{letter}{name} {a}, {b.name}", a.kind, a.width)

    def bitwise(self, name: str, a: Lanes, b: Any) -> Lanes:
        """and, or, xor and shifts."""
        if not isinstance(b, Lanes):
            b = self.constant(a.kind, b, a.width)
        return self.emit(f"{name} {a}, {self.spread(b, a.width).name}", a.kind, a.width)

    def compare(self, name: str, a: Any, b: Any) -> Lanes:
        """Truths; false where either is not a number."""
        a, b = self.together(a, b)
        if a.kind in REALS:
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
