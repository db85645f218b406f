"""Lines that work entry by entry, put together as passes, and the buffers that passes run over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation
from chainrule.engines.assignments import BATCH_ROWS, Assignment, Form, Way
from chainrule.engines.engine import Array
from chainrule.engines.kernels import Number, Section
from chainrule.engines.lanes import BYTES, REAL, VECTOR_BYTES
from chainrule.engines.machine import the_machine
from chainrule.engines.passes import write_pass
from chainrule.engines.program import (
    Arena,
    aligned_zeros,
)
from chainrule.engines.weight_blocks import PutOff
from chainrule.formulas.expression import Apply, Expression, Symbol, substitute, walk

# Passes over entries of this many bytes fetch memory ahead.
LARGE_PASS = 2**17
_GIVEN = {
    "t": Number.STEP,
    "eta": Number.RATE,
    "key": Number.KEY,
    "C": Number.LOSS,
    BATCH_ROWS.name: Number.ROWS,
}


class Numbers:
    """Where values of shape () are kept, for all programs of one derivation."""

    def __init__(self, derivation: Derivation) -> None:
        self.layers = len({p.layer for p in derivation.trained})
        self.places: dict[str, int] = dict(_GIVEN)
        self.start: list[float] = [0.0] * (Number.SQUARES + 2 * self.layers)
        for name, value in derivation.constants.items():
            self.start[self.place(name)] = value

    def place(self, name: str) -> int:
        """The place of a number, made when first asked for."""
        if name not in self.places:
            self.places[name] = len(self.start)
            self.start.append(0.0)
        return self.places[name]


@dataclass
class _Group:
    """Assignments that will be one pass."""

    space: tuple[int, ...] | None = None
    made: list[Assignment] = field(default_factory=list)
    trees: dict[str, Expression] = field(default_factory=dict)
    barriers: set[str] = field(default_factory=set)
    flat: bool = True
    until: int = -1


class PassGroups:
    """The rows of one program so far, its buffers, and the pass that is being put together; see `Lowering`."""

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
        self.derivation, self.arena, self.numbers, self.rows = derivation, arena, numbers, rows
        self.dtype = arena.dtype.name
        self.lanes = VECTOR_BYTES // BYTES[REAL[self.dtype]]
        self.machine = the_machine()
        self.shared = shared
        self.buffers: dict[str, Array] = {**arena.views, **(given or {})}
        read_by_update = {name for line in derivation.phase("update") for name in line.arguments}
        self.keep = None if keep is None else {*keep, *arena.views, *read_by_update}
        self.sections: dict[Section, list[list[int]]] = {section: [] for section in Section}
        self.into = self.sections[Section.COMPUTE]
        self.group = _Group()
        self.totals: dict[Expression, str] = {}
        self.temporary = 0
        self.readers: dict[str, int] = {}
        self.now = 0
        self.flats: dict[str, tuple[str, slice]] = {}
        # Large gradients: left to the update, or recorded, which is done by the same blocks.
        self.put_off: dict[str, PutOff] = {}
        self.by_blocks: dict[str, PutOff] = {}
        self.measured: set[str] = set()
        self.in_place: dict[str, str] = {}
        # So many of the flat arrays' first entries are updated otherwise.
        self.skip = 0
        self._bind(given or {})

    def _bind(self, given: Mapping[str, Array]) -> None:
        derivation = self.derivation
        for name in derivation.inputs:
            if derivation.shapes[name] != () and name not in given:
                self._buffer(name, self._lengths(derivation.shapes[name]))
        for name, values in derivation.vectors.items():
            self.buffers[name] = self.shared.setdefault(name, np.array([values], self.arena.dtype))

    def _lengths(self, shape: Sequence[int | str]) -> tuple[int, ...]:
        sizes = {**self.derivation.sizes, "B": self.rows}
        return tuple(sizes[s] if isinstance(s, str) else s for s in shape)

    def _buffer(self, name: str, shape: tuple[int, ...]) -> Array:
        """The buffer of a symbol, of the shape it has here."""
        if name not in self.buffers:
            size = int(np.prod(shape))
            room = self.shared.get(name)
            if room is None or room.size < size:
                room = self.shared[name] = aligned_zeros((size,), self.arena.dtype)
            self.buffers[name] = room.reshape(-1)[:size].reshape(shape)
        return self.buffers[name]

    def _new(self) -> str:
        self.temporary += 1
        return f"~{self.temporary}"

    def _row(self, text: str, *fields: int) -> None:
        self.into.append([self.machine.address(text), 8 * (len(fields) + 2), *map(int, fields)])

    # --- passes -------------------------------------------------------------------------------------

    def _assign(self, kind: Any, symbol: str, tree: Expression) -> None:
        """Add to the pass that is being put together, or begin another."""
        given, tree = tree, substitute(tree, self.group.trees) if self.group.trees else tree
        leaves = [n.name for n in walk(tree) if isinstance(n, Symbol)]
        space = self._space(kind, symbol, leaves)
        if kind == "entries" and space is not None and self.buffers[symbol].shape != space:
            kind = "column"
        flat = self._flatable(kind, tree, leaves, space)
        group = self.group
        if kind != "number" and group.made:
            wide = len(space or ()) == 2 and (space or ())[-1] >= self.lanes
            apart = group.flat != flat and not wide
            if group.space != space or group.barriers & set(leaves) or apart:
                self._finish_group()
                self._assign("entries" if kind == "column" else kind, symbol, given)
                return
        group.made.append(Assignment(kind, symbol, tree))
        group.until = max(group.until, self.now)
        if kind == "number":
            group.barriers.add(symbol)
            return
        group.space, group.flat = space, group.flat and flat
        if kind in ("entries", "column"):
            group.trees[symbol] = tree
        else:
            group.barriers.add(symbol)

    def _space(self, kind: str, symbol: str, leaves: Sequence[str]) -> tuple[int, ...] | None:
        if kind == "number":
            return None
        shapes = [self.buffers[name].shape for name in leaves if name in self.buffers]
        if kind == "entries":
            shapes.append(self.buffers[symbol].shape)
        return np.broadcast_shapes(*shapes)

    def _flatable(
        self, kind: str, tree: Expression, leaves: Sequence[str], space: tuple[int, ...] | None
    ) -> bool:
        if space is None or len(space) == 1 or space[1] == 1:
            return True
        if kind in ("column_sum", "column"):
            return False
        if any(
            isinstance(n, Apply) and n.primitive.name in ("row_sum", "row_max", "one_hot") for n in walk(tree)
        ):
            return False
        shapes = (self.buffers[name].shape for name in leaves if name in self.buffers)
        return all(shape in (space, (1,)) for shape in shapes)

    def _form(self, name: str, space: tuple[int, ...] | None) -> Form:
        if name not in self.buffers:
            return "number"
        shape = self.buffers[name].shape
        if shape == space:
            return "entries"
        if shape == (1,):
            return "single"
        if len(shape) == 2 and space is not None and shape == (space[0], 1):
            return "column"
        return "row"

    def _finish_group(self) -> None:
        group, self.group = self.group, _Group()
        if not group.made:
            return
        space = group.space
        forms = {
            n.name: self._form(n.name, space)
            for a in group.made for n in walk(a.tree) if isinstance(n, Symbol)
        }  # fmt: skip
        made = [Assignment(a.kind, a.symbol, a.tree, self._is_kept(a, group)) for a in group.made]
        count, columns = 0, 1
        way: Way = "flat"
        if space is not None and group.flat:
            count = int(np.prod(space))
        elif space is not None:
            count, columns = space
            way = self._way(columns)
        large = count * columns * self.arena.dtype.itemsize >= LARGE_PASS
        written = write_pass(made, forms, self.dtype, way, large=large)
        addresses = [self._address(name) for name in written.addresses]
        slots = [self.numbers.place(name) for name in written.slots]
        scratch = []
        if written.scratch:
            scratch = [
                self._buffer(
                    self._new(), (written.scratch * columns * (self.lanes if way == "down" else 1),)
                ).ctypes.data
            ]
        self._row(written.text, count, columns, *addresses, *slots, *scratch)

    def _way(self, columns: int) -> Way:
        return "along" if columns >= self.lanes else "down"

    def _address(self, name: str) -> int:
        if name in self.flats and not self.buffers[name].flags.writeable:
            family, part = self.flats[name]
            self.buffers[name] = self.arena.family(family, {})[part]
        return self.buffers[name].ctypes.data

    def _is_kept(self, made: Assignment, group: _Group) -> bool:
        name = made.symbol
        return (
            self.keep is None
            or made.kind not in ("entries", "column")
            or name.startswith("~")
            or name in self.keep
            or self.readers.get(name, -1) > group.until
        )
