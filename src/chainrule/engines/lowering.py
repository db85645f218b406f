"""A derivation's lines as the rows of a program for the compiled engine.

Consecutive lines that work entry by entry become one pass (`generated`); products become calls of a small
kernel or of BLAS. A row holds addresses, so a program belongs to its buffers; nothing of it is compiled for
one network alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines import blas, kernels
from chainrule.engines.assignments import BATCH_ROWS, Assignment, Form, Way
from chainrule.engines.engine import Array
from chainrule.engines.kernels import Number, Section
from chainrule.engines.lanes import BYTES, REAL, VECTOR_BYTES
from chainrule.engines.lowerable import (
    Told,
    columns_first,
    in_place,
    product_and_bias,
    reads,
    signs_by_value,
    without_ones,
)
from chainrule.engines.machine import the_machine
from chainrule.engines.passes import write_pass
from chainrule.engines.program import (
    GRADIENTS,
    PARAMETERS,
    Arena,
    aligned_zeros,
    family_of,
    is_elementwise,
    is_truth,
    roles_of,
)
from chainrule.engines.weight_blocks import PutOff, blocks_of, put_off
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, substitute, walk
from chainrule.formulas.vocabulary import square, where

# Products up to this many multiplications are done by the small kernel: BLAS's start costs more.
SMALL = 4096
# So are larger ones with the second matrix turned, once there are rows enough to pay for turning it: BLAS
# is slow at these.
SMALL_TURNED, MANY_ROWS = 300_000, 32
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


class Lowering:
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
        self.put_off: dict[str, PutOff] = {}
        self.measured: set[str] = set()
        self.in_place: dict[str, str] = {}
        # So many of the flat arrays' first entries are updated otherwise.
        self.skip = 0
        self._bind(given or {})
        self._compute()
        if derivation.rule is not None:
            self._squares()
            self._update()
            self._weights()
            self._blocks()
            self._flush_state()

    # --- binding ------------------------------------------------------------------------------------

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

    # --- the phases ---------------------------------------------------------------------------------

    def _compute(self) -> None:
        lines = columns_first([line for line in self.derivation.lines if line.phase != "update"])
        resolved = self._resolved([(line, line.symbol, line.tree) for line in lines])
        if self.keep is not None:
            told, same = resolved
            resolved = signs_by_value(told), same
            self.in_place = in_place(resolved[0], self._replaceable(told, same))
        if self.keep is not None and self._flat_lines():
            self.put_off = self._put_off(resolved[0])
            self.measured = {name for made in self.put_off.values() for name in (made.a, made.d)}
        self._lower(*resolved)

    def _put_off(self, lines: Sequence[Told]) -> dict[str, PutOff]:
        return put_off(self.derivation, lines, self.arena)

    def _lines(self, lines: Sequence[tuple[Line, str, Expression]]) -> None:
        """Lower lines, each the right-hand side of a symbol."""
        self._lower(*self._resolved(lines))

    def _resolved(self, lines: Sequence[Told]) -> tuple[list[Told], dict[str, Expression]]:
        """The lines with what is the same as another symbol named by that one, and which those are."""
        resolved: list[Told] = []
        same: dict[str, Expression] = {}
        for line, symbol, tree in lines:
            tree = without_ones(substitute(tree, same) if same else tree)
            if isinstance(tree, Symbol) and tree.name != symbol and self._may_share(line, tree):
                same[symbol] = tree
            resolved.append((line, symbol, tree))
        return resolved, same

    def _lower(self, resolved: Sequence[Told], same: Mapping[str, Expression]) -> None:
        self.readers = {}
        for place, (_, _, tree) in enumerate(resolved):
            for node in walk(tree):
                if isinstance(node, Symbol):
                    self.readers[node.name] = place
        for self.now, (line, symbol, tree) in enumerate(resolved):
            if symbol in same:
                assert isinstance(tree, Symbol)
                if tree.name in self.buffers:
                    self.buffers[symbol] = self.buffers[tree.name]
                if self.keep is None or symbol in self.keep:
                    self._finish_group()
                    self.buffers[symbol] = self.buffers[tree.name]
                continue
            if symbol in self.put_off:
                continue
            self._line(line, symbol, tree)
            if symbol in self.measured:
                self._measure(symbol)
        self._finish_group()

    def _replaceable(self, lines: Sequence[Told], same: Mapping[str, Expression]) -> set[str]:
        """Symbols whose memory another may take once they were read."""
        assert self.keep is not None
        aliased = set(same) | {tree.name for tree in same.values() if isinstance(tree, Symbol)}
        kept = self.keep | aliased | set(self.buffers)
        return {symbol for line, symbol, _ in lines if len(line.shape) == 2} - kept

    def _measure(self, symbol: str) -> None:
        self._assign("total", f"#square {symbol}", square(Symbol(symbol)))

    def _may_share(self, line: Line, tree: Symbol) -> bool:
        return line.phase != "update" and line.shape != () and line.symbol not in self.arena.views

    def _line(self, line: Line, symbol: str, tree: Expression) -> None:
        shape = self.buffers[symbol].shape if symbol in self.flats else self._lengths(line.shape)
        rest = self._expanded(tree, symbol, shape)
        if rest is None:
            return
        if shape == ():
            self._assign("number", symbol, rest)
        else:
            if symbol in self.in_place:
                self.buffers[symbol] = self.buffers[self.in_place[symbol]]
            self._buffer(symbol, shape)
            self._assign("entries", symbol, rest)

    def _squares(self) -> None:
        """The squared length of each layer's gradient; a bound of it where weights' gradients are put off."""
        gradients = self.arena.flat.get(GRADIENTS)
        assert gradients is not None
        for number, (layer, place) in enumerate(self.arena.segments.items()):
            name = f"#length {number}"
            self.numbers.places[name] = Number.SQUARES + number
            later = [made for made in self.put_off.values() if made.layer == layer]
            if not later:
                self._total(name, f"#gradients {number}", gradients[place])
                continue
            bound: Expression = self._others(layer)
            for made in later:
                bound = bound + Symbol(f"#square {made.a}") * Symbol(f"#square {made.d}")
            self._assign("number", name, bound)
            self._finish_group()

    def _total(self, name: str, symbol: str, array: Array) -> None:
        """The sum of an array's squares, as a number."""
        self.buffers[symbol] = array
        self._assign("total", name, square(Symbol(symbol)))
        self._finish_group()

    def _others(self, layer: int) -> Expression:
        """The squared length of the gradients of a layer that are not put off."""
        found: Expression = Constant(0)
        for p in self.derivation.trained:
            gradient = self.derivation.gradients[p.name]
            if p.layer == layer and gradient not in self.put_off:
                self._total(f"#square {gradient}", f"#{gradient}", self.buffers[gradient].reshape(-1))
                found = found + Symbol(f"#square {gradient}")
        return found

    def _flat_lines(self) -> list[Line]:
        """The update's lines of one parameter, standing for all over the flat arrays; none where they cannot."""
        names, lines = self._updated()
        by_name = {name: [line for line in lines if line.of == name] for name in names}
        first = by_name[names[0]] if names else []
        alike = all([roles_of(a) for a in by_name[n]] == [roles_of(a) for a in first] for n in names)
        if not alike or any(is_truth(a) or not a.shape or not is_elementwise(a.tree) for a in first):
            return []
        return [line for line in lines if line.of in (None, names[0] if names else None)]

    def _updated(self) -> tuple[list[str], tuple[Line, ...]]:
        """The parameters to be updated, and the lines that do."""
        return [p.name for p in self.derivation.trained], self.derivation.phase("update")

    def _update(self) -> None:
        self.into, self.totals = self.sections[Section.UPDATE], {}
        (_, every), lines = self._updated(), self._flat_lines()
        if not lines:
            self._lines([(line, line.symbol, line.tree) for line in every])
            return
        if self.keep is None:
            for line in every:
                if line.of is not None and line.symbol not in self.buffers:
                    self.arena.family(family_of(line), {line.symbol: line.of})
                    self.buffers[line.symbol] = self.arena.views[line.symbol]
        self._fused(lines, slice(self.skip, self.arena.size))

    def _fused(self, lines: Sequence[Line], part: slice, gradient: str | None = None) -> None:
        """The update of one parameter, over a part of the flat arrays.

        gradient: the symbol of the part's gradient where it does not lie with the others
        """
        whole: dict[str, Expression] = {}
        for line in lines:
            if line.of is None:
                continue
            whole[line.symbol] = self._flat(family_of(line), part)
            for argument, symbol in zip(line.definition.arguments, line.arguments, strict=True):
                if symbol not in whole and symbol in self.arena.views:
                    family = {"g": GRADIENTS, "w": PARAMETERS}.get(argument, argument)
                    own = family == GRADIENTS and gradient is not None
                    whole[symbol] = Symbol(str(gradient)) if own else self._flat(family, part)
        self._lines(
            [
                (line, line.symbol, line.tree)
                if line.of is None
                else (line, self._flat(family_of(line), part).name, substitute(line.tree, whole))
                for line in lines
            ]
        )

    def _flat(self, family: str, part: slice) -> Symbol:
        """The symbol of a part of a flat array; what is never kept gets no memory."""
        name = f"all {family} {part.start}:{part.stop}"
        self.flats[name] = family, part
        if self.keep is None or family in self._families():
            self.buffers[name] = self.arena.family(family, {})[part]
            if self.keep is not None:
                self.keep.add(name)
        elif name not in self.buffers:
            length = part.stop - part.start
            self.buffers[name] = np.broadcast_to(np.zeros(1, self.arena.dtype), (length,))
        return Symbol(name)

    # --- large weights ------------------------------------------------------------------------------

    def _weights(self) -> None:
        """The gradients that were put off, whole, and the squared lengths of their layers."""
        self.into, self.totals = self.sections[Section.WEIGHTS], {}
        for made in self.put_off.values():
            self._weight_gradient(
                made, slice(0, self.buffers[made.gradient].shape[0]), self.buffers[made.gradient]
            )
        for number, (layer, place) in enumerate(self.arena.segments.items()):
            if any(made.layer == layer for made in self.put_off.values()):
                self._total(f"#length {number}", f"#gradients {number}", self.arena.flat[GRADIENTS][place])

    def _weight_gradient(self, made: PutOff, rows: slice, target: Array) -> None:
        a, d = self.buffers[made.a], self.buffers[made.d]
        self._row(
            kernels.gemm(self.dtype), *blas.row(self.dtype, a[:, rows], True, d, False, target, self.rows)
        )

    def _blocks(self) -> None:
        """The gradients that were put off and the update of their weights, while a block is in the cache.

        Then the update of all else.
        """
        if not self.put_off:
            return
        self.into, self.totals = self.sections[Section.BLOCKS], {}
        lines = self._flat_lines()
        self._lines([(line, line.symbol, line.tree) for line in lines if line.of is None])
        lines = [line for line in lines if line.of is not None]
        at, squares = 0, {layer: self._others_symbols(layer) for layer in self.arena.segments}
        for p in self.derivation.trained:
            gradient = self.derivation.gradients[p.name]
            made = self.put_off.get(gradient)
            if made is None:
                continue
            start = self.arena.places[p.name][0].start
            if at < start:
                self._fused(lines, slice(at, start))
            at = self.arena.places[p.name][0].stop
            squares[p.layer].extend(self._weight_blocks(made, start, lines))
        if at < self.arena.size:
            self._fused(lines, slice(at, self.arena.size))
        for number, layer in enumerate(self.arena.segments):
            if any(made.layer == layer for made in self.put_off.values()):
                total: Expression = Constant(0)
                for name in squares[layer]:
                    total = total + Symbol(name)
                self._assign("number", f"#length {number}", total)
        self._finish_group()

    def _others_symbols(self, layer: int) -> list[str]:
        gradients = [self.derivation.gradients[p.name] for p in self.derivation.trained if p.layer == layer]
        return [f"#square {name}" for name in gradients if name not in self.put_off]

    def _weight_blocks(self, made: PutOff, start: int, lines: Sequence[Line]) -> list[str]:
        """The blocks of one parameter; returns the symbols of the squared lengths of their gradients."""
        inputs, outputs = self.buffers[made.gradient].shape
        squares = []
        for rows in blocks_of(inputs, outputs * self.arena.dtype.itemsize):
            size = (rows.stop - rows.start) * outputs
            room = self.shared.get("#block")
            if room is None or room.size < size:
                room = self.shared["#block"] = aligned_zeros((size,), self.arena.dtype)
            self._weight_gradient(made, rows, room[:size].reshape(-1, outputs))
            name = f"#block {made.gradient} {rows.start}"
            squares.append(f"#square {name}")
            self.buffers[name] = room[:size]
            self._assign("total", squares[-1], square(Symbol(name)))
            first = start + rows.start * outputs
            self._fused(lines, slice(first, first + size), name)
        return squares

    def _families(self) -> set[str]:
        kept = {s.removesuffix(f"_{p}") for s, (p, _) in self.derivation.state.items()}
        return kept | {PARAMETERS, GRADIENTS}

    def _flush_state(self) -> None:
        """Subnormal numbers of the rule's state become 0."""
        self.into = self.sections[Section.FLUSH]
        least = float(np.finfo(self.arena.dtype).tiny)
        for name in sorted(self._families() - {PARAMETERS, GRADIENTS}):
            state = self._flat(name, slice(0, self.arena.size))
            small = (state < least) * (state > -least)
            self._assign("entries", state.name, where(small, 0, state))
            self._finish_group()

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

    # --- trees --------------------------------------------------------------------------------------

    def _shape(self, tree: Expression) -> tuple[int, ...]:
        """A tree's shape in numbers."""
        found: dict[Expression, tuple[int, ...]] = {}
        for node in walk(tree):
            if isinstance(node, Symbol):
                found[node] = self.buffers[node.name].shape if node.name in self.buffers else ()
            elif isinstance(node, Apply):
                found[node] = node.primitive.shape(*(found[a] for a in node.arguments))  # type: ignore[assignment]
            else:
                found[node] = ()
        return found[tree]

    def _expanded(self, tree: Expression, symbol: str, shape: tuple[int, ...]) -> Expression | None:
        """The tree with everything that does not work entry by entry computed first; None if that was all."""
        done: dict[Expression, Expression] = {}
        biased = product_and_bias(tree)
        for node in walk(tree):
            if not isinstance(node, Apply):
                done[node] = node
                continue
            given = [done[a] for a in node.arguments]
            name, root = node.primitive.name, node is tree
            if name == "matmul":
                alone = root or not reads(tree, symbol)
                target = symbol if alone and self._lengths_match(node, given, shape) else None
                bias = biased if target is not None and self._is_small(given) else None
                bias = bias if bias and self.buffers[bias].shape == shape[1:] else None
                made = self._product(given, target, bias)
                if root or bias is not None:
                    return None
                done[node] = made
            elif name == "total":
                if node not in self.totals:
                    self.totals[node] = self._new()
                    self._assign("total", self.totals[node], given[0])
                done[node] = Symbol(self.totals[node])
            elif name == "column_sum":
                target = symbol if root else self._new()
                self._buffer(target, self._shape(Apply.of(node.primitive, *given)))
                self._assign("column_sum", target, given[0])
                if root:
                    return None
                done[node] = Symbol(target)
            elif name == "rows":
                done[node] = BATCH_ROWS
            else:
                done[node] = Apply.of(node.primitive, *given)
        return done[tree]

    def _lengths_match(self, node: Apply, given: Sequence[Expression], shape: tuple[int, ...]) -> bool:
        return self._shape(Apply.of(node.primitive, *given)) == shape

    # --- products -----------------------------------------------------------------------------------

    def _matrix(self, tree: Expression) -> tuple[Array, bool]:
        """An operand of a product: its buffer, and whether it is taken transposed."""
        turned = isinstance(tree, Apply) and tree.primitive.name == "transpose"
        inner = tree.arguments[0] if turned and isinstance(tree, Apply) else tree
        if not isinstance(inner, Symbol):
            name = self._new()
            self._buffer(name, self._shape(inner))
            self._assign("entries", name, inner)
            inner = Symbol(name)
        return self.buffers[inner.name], turned

    def _is_small(self, given: Sequence[Expression]) -> bool:
        (m, k), n = self._shape(given[0]), self._shape(given[1])[1]
        turned = isinstance(given[1], Apply) and given[1].primitive.name == "transpose"
        if n == 1 and not turned:
            return True
        return m * k * n <= (SMALL_TURNED if turned and m >= MANY_ROWS else SMALL)

    def _product(self, given: Sequence[Expression], symbol: str | None, bias: str | None) -> Symbol:
        small = self._is_small(given)
        (m, k), (_, n) = self._shape(given[0]), self._shape(given[1])
        (a, a_turned), (b, b_turned) = map(self._matrix, given)
        self._finish_group()
        name = symbol or self._new()
        target = self._buffer(name, (m, n))
        if small:
            self._small_product(a, a_turned, b, b_turned, target, bias, k)
        else:
            self._row(kernels.gemm(self.dtype), *blas.row(self.dtype, a, a_turned, b, b_turned, target, k))
        return Symbol(name)

    def _small_product(
        self, a: Array, a_turned: bool, b: Array, b_turned: bool, target: Array, bias: str | None, k: int
    ) -> None:
        m, n = target.shape
        if b_turned:
            turned = self._buffer(self._new(), (k, n))
            self._row(kernels.transposed(self.dtype), n, k, b.ctypes.data, turned.ctypes.data)
            b = turned
        down, along = (1, m) if a_turned else (k, 1)
        added = self.buffers[bias].ctypes.data if bias else 0
        if n == 1 and not a_turned:
            self._row(kernels.dots(self.dtype), m, k, a.ctypes.data, b.ctypes.data, target.ctypes.data, added)
            return
        if n == 1 and not bias:
            # One column, as one row: cᵀ = bᵀ A.
            m, n, down, along, a, b = 1, m, k, 1, b, a
        self._row(
            kernels.product(self.dtype), m, n, k, a.ctypes.data, down, along,
            b.ctypes.data, target.ctypes.data, added,
        )  # fmt: skip

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
            way = "along" if columns >= self.lanes else "down"
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
