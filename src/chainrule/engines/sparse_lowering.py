"""Programs whose x is sparse, and updates of only those first weights that a batch touches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import prod

import numpy as np

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines import sparse_kernels as kernels
from chainrule.engines.assignments import OPERANDS, ROWS
from chainrule.engines.engine import Array
from chainrule.engines.kernels import Number, Section
from chainrule.engines.lazy import FIRST_WEIGHTS, is_product_of_x, lazy_weights
from chainrule.engines.lowerable import NotLowered
from chainrule.engines.lowering import Lowering, Numbers
from chainrule.engines.program import GRADIENTS, Arena
from chainrule.engines.sparse import SparseRows, check_products_only
from chainrule.formulas.expression import Apply, Expression, Symbol, substitute, walk
from chainrule.formulas.vocabulary import square

X = Symbol("x")
# Bytes of a table that are worked on at once.
BLOCK = 16_384
BLOCK_GRADIENT = "touched rows of the gradient"


class SparseSource:
    """Where programs find a sparse table: its arrays may be exchanged for others of the same dtype.

    most: the most columns that a batch of so many rows can touch
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.addresses = np.zeros(3, np.int64)

    def put(self, rows: SparseRows) -> None:
        """Read this table from now on."""
        self.parts = rows.astype(self.dtype, copy=False).parts
        self.addresses[:] = [part.ctypes.data for part in self.parts]

    def most(self, batch: int, columns: int) -> int:
        lengths = np.diff(self.parts[2])
        if batch < len(lengths):
            lengths = np.partition(lengths, len(lengths) - batch)[len(lengths) - batch :]
        return max(1, min(columns, int(lengths.sum())))


class SparseLowering(Lowering):
    """One program, x being sparse; see `Lowering`.

    Where the rule leaves rows without gradient alone and nothing is recorded (`keep` is not None), the first
    weights' gradient and update are of the touched rows only.
    """

    def __init__(
        self,
        source: SparseSource,
        derivation: Derivation,
        arena: Arena,
        numbers: Numbers,
        rows: int,
        shared: dict[str, Array],
        *,
        keep: Iterable[str] | None = (),
    ) -> None:
        check_products_only(derivation)
        self.source = source
        columns = derivation.network.inputs
        # Nothing is ever read from it: every product takes the entries from the source.
        x = np.broadcast_to(np.zeros(1, arena.dtype), (rows, columns))
        gradient = derivation.gradients.get(FIRST_WEIGHTS)
        trains = derivation.rule is not None and gradient is not None
        # The gradient's symbol where the rows that no entry touches are 0 (under L2 they are not).
        self.gradient = gradient if gradient and is_product_of_x(derivation[gradient].tree) else None
        self.lazy = trains and keep is not None and lazy_weights(derivation)
        self.listing = _Listing(shared, columns) if trains and self.gradient else None
        self.most = source.most(rows, columns) if self.lazy else 0
        super().__init__(derivation, arena, numbers, rows, shared, given={"x": x}, keep=keep)

    # --- products -----------------------------------------------------------------------------------

    def _is_small(self, given: Sequence[Expression]) -> bool:
        return given[0] is X or super()._is_small(given)

    def _product(self, given: Sequence[Expression], symbol: str | None, bias: str | None) -> Symbol:
        turned = isinstance(given[0], Apply) and given[0].arguments[0] is X
        if not turned and given[0] is not X:
            return super()._product(given, symbol, bias)
        table, table_turned = self._matrix(given[1])
        if table_turned:
            raise NotLowered("x times a transposed matrix")
        self._finish_group()
        name = symbol or self._new()
        if turned:
            self._turned_product(table, name)
        else:
            target = self._buffer(name, (self.rows, table.shape[1]))
            self._row(
                kernels.product(self.dtype), *target.shape, self.source.addresses.ctypes.data,
                table.ctypes.data, target.ctypes.data, self.buffers[bias].ctypes.data if bias else 0,
            )  # fmt: skip
        return Symbol(name)

    def _turned_product(self, d: Array, name: str) -> None:
        """xᵀ d: of the touched rows, or whole with the rows cleared that the last batch touched."""
        units, source, listing = d.shape[1], self.source.addresses.ctypes.data, self.listing
        known = listing.address if listing is not None and name == self.gradient else 0
        if self.lazy and listing is not None:
            target = self._buffer(_name(name), (self.most, units))
            self._row(kernels.listing(), self.rows, source, listing.address)
            self._row(kernels.cleared(self.dtype), units, listing.address, target.ctypes.data)
            listed = listing.address
        else:
            target = self._buffer(name, (self.derivation.network.inputs, units))
            self._row(kernels.cleared_rows(self.dtype), units, known, target.ctypes.data, len(target))
            if known:
                self._row(kernels.listing(), self.rows, source, known)
            listed = 0
        self._row(
            kernels.turned_product(self.dtype), self.rows, units, source, d.ctypes.data,
            target.ctypes.data, listed,
        )  # fmt: skip

    # --- touched rows -------------------------------------------------------------------------------

    def _squares(self) -> None:
        if not self.lazy:
            super()._squares()
            return
        gradient = self.derivation.gradients[FIRST_WEIGHTS]
        layers = iter(self.arena.segments.values())
        first = next(layers)
        self._for_touched([("total", "#touched length", square(Symbol(_name(gradient))))], self.most)
        length: Expression = Symbol("#touched length")
        if first.stop > self._first_size:
            self.buffers["#untouched"] = self.arena.flat[GRADIENTS][self._first_size : first.stop]
            self._assign("total", "#untouched length", square(Symbol("#untouched")))
            self._finish_group()
            length = length + Symbol("#untouched length")
        self.numbers.places["#length 0"] = Number.SQUARES
        self._assign("number", "#length 0", length)
        self._finish_group()
        for layer, place in enumerate(layers, start=1):
            self._square(layer, place)

    @property
    def _first_size(self) -> int:
        """How many the first weights are; they are the first in the flat arrays."""
        return int(prod(self.arena.views[FIRST_WEIGHTS].shape))

    def _update(self) -> None:
        if self.lazy:
            self._touched_update()
            self.skip = self._first_size
        super()._update()
        self.skip = 0

    def _updated(self) -> tuple[list[str], tuple[Line, ...]]:
        names, lines = super()._updated()
        if not self.lazy:
            return names, lines
        return [n for n in names if n != FIRST_WEIGHTS], tuple(a for a in lines if a.of != FIRST_WEIGHTS)

    def _touched_update(self) -> None:
        """The first weights' update, on copies of the touched rows, so many at once as a cache holds."""
        self.into, self.totals = self.sections[Section.UPDATE], {}
        derivation, arena = self.derivation, self.arena
        assert self.listing is not None
        lines = [line for line in derivation.phase("update") if line.of == FIRST_WEIGHTS]
        gradient, units = derivation.gradients[FIRST_WEIGHTS], derivation.network.sizes[1]
        block = min(self.most, max(BLOCK // (units * arena.dtype.itemsize), self.lanes))
        tables = [FIRST_WEIGHTS, *(s for s, (of, _) in derivation.state.items() if of == FIRST_WEIGHTS)]
        moves = []
        for symbol in tables:
            copy = self._buffer(_name(symbol), (block, units))
            moves.append([units, self.listing.address, arena.views[symbol].ctypes.data, copy.ctypes.data])
        # The gradient's rows lie together already; a block's are read where they are.
        self.buffers[BLOCK_GRADIENT] = self.buffers[_name(gradient)][:block]
        named = {s: Symbol(_name(s)) for s in tables} | {gradient: Symbol(BLOCK_GRADIENT)}
        assignments = []
        for line in lines:
            tree = substitute(line.tree, named)
            named[line.symbol] = Symbol(_name(line.symbol))
            self._buffer(_name(line.symbol), (block, 1 if line.shape[-1] == 1 else units))
            assignments.append(("entries", _name(line.symbol), tree))
        self._for_touched(assignments, block, tables, moves)

    def _for_touched(
        self,
        assignments: Sequence[tuple[str, str, Expression]],
        block: int,
        tables: Sequence[str] = (),
        moves: Sequence[Sequence[int]] = (),
    ) -> None:
        """Passes over the touched rows, block after block, `tables` being copied before and put back after."""
        assert self.listing is not None
        into, self.into = self.into, []
        for move in moves:
            self._row(kernels.taken_rows(self.dtype), *move, 0, 0)
        self.readers = {
            node.name: place
            for place, (_, _, tree) in enumerate(assignments)
            for node in walk(tree)
            if isinstance(node, Symbol)
        }
        self.readers |= {_name(symbol): len(assignments) for symbol in tables}
        for self.now, (kind, symbol, tree) in enumerate(assignments):
            self._assign(kind, symbol, tree)
        self._finish_group()
        for move in moves:
            self._row(kernels.put_rows(self.dtype), *move, 0, 0)
        body, self.into = self.into, into
        changes = list(self._changes(body, block, len(moves)))
        start = kernels.CHANGES + kernels.CHANGE * len(changes)
        words = [word for place, *rest in changes for word in (start + place, *rest)]
        words += [word for row in body for word in row]
        self._row(kernels.for_touched(), self.listing.address, block, len(changes), *words)

    def _changes(self, body: list[list[int]], block: int, moves: int) -> Iterator[tuple[int, int, int, int]]:
        """Of each field that is another for each block: its place in the body, base, a and b."""
        gradient = self.buffers.get(BLOCK_GRADIENT)
        start = 0
        for number, row in enumerate(body):
            if moves <= number < len(body) - moves:
                assert row[ROWS] % block == 0
                yield start + ROWS, 0, row[ROWS] // block, 0
                for place in range(OPERANDS, len(row)):
                    if gradient is not None and row[place] == gradient.ctypes.data:
                        yield start + place, row[place], 0, gradient.strides[0]
            else:
                yield start + 6, 0, 0, 1
                yield start + 7, 0, 1, 0
            start += len(row)


class _Listing:
    """The arrays of a listing, shared by the programs of one derivation."""

    def __init__(self, shared: dict[str, Array], columns: int) -> None:
        if "#listing" not in shared:
            shared["#listing head"] = np.full(1, -1, np.int64)
            shared["#listing columns"] = np.zeros(columns, np.int32)
            shared["#listing places"] = np.full(columns, -1, np.int32)
            held = [shared[f"#listing {part}"] for part in ("head", "columns", "places")]
            shared["#listing"] = np.array([part.ctypes.data for part in held], np.int64)
        self.address = shared["#listing"].ctypes.data


def _name(symbol: str) -> str:
    return f"touched rows of {symbol}"
