"""Reading and writing memory in a function being written."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.engines.instructions import Instructions
from chainrule.engines.values import BYTES, Lanes, type_of


class Memory(Instructions):
    """Loads, stores and variables; see `chainrule.engines.lanes.Writer`."""

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


@dataclass(frozen=True)
class Variable:
    """A place for a value that loops change."""

    writer: Memory
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


def _short(kind: str, width: int) -> str:
    short = {"float": "f32", "double": "f64", "i64": "i64", "i32": "i32"}[kind]
    return short if width == 1 else f"v{width}{short}"
