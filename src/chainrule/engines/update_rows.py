"""The update of a step as rows of a program: over flat arrays, and block by block for large weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.derivation.lines import Line
from chainrule.engines import blas, kernels
from chainrule.engines.engine import Array
from chainrule.engines.kernels import Number, Section
from chainrule.engines.line_rows import LineRows
from chainrule.engines.lowerable import (
    Told,
)
from chainrule.engines.program import (
    GRADIENTS,
    PARAMETERS,
    aligned_zeros,
    family_of,
    is_elementwise,
    is_truth,
    roles_of,
)
from chainrule.engines.weight_blocks import PutOff, blocks_of, put_off
from chainrule.formulas.expression import Constant, Expression, Symbol, substitute
from chainrule.formulas.vocabulary import square, where


class UpdateRows(LineRows):
    """The gradient's lengths, the update and the upkeep of the rule's state; see `Lowering`."""

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

    # --- large weights ------------------------------------------------------------------------------

    def _put_off(self, lines: Sequence[Told]) -> dict[str, PutOff]:
        return put_off(self.derivation, lines, self.arena)

    def _weights(self) -> None:
        """The gradients that were put off, whole, and the squared lengths of their layers."""
        self.into, self.totals = self.sections[Section.WEIGHTS], {}
        for made in self.put_off.values():
            self._whole_gradient(made)
        for number, (layer, place) in enumerate(self.arena.segments.items()):
            if any(made.layer == layer for made in self.put_off.values()):
                self._total(f"#length {number}", f"#gradients {number}", self.arena.flat[GRADIENTS][place])

    def _line(self, line: Line, symbol: str, tree: Expression) -> None:
        if symbol in self.by_blocks:
            self._finish_group()
            self._whole_gradient(self.by_blocks[symbol])
        else:
            super()._line(line, symbol, tree)

    def _whole_gradient(self, made: PutOff) -> None:
        """A large gradient as an array; block by block, as the last bits of a product depend on that."""
        gradient = self.buffers[made.gradient]
        for rows in blocks_of(len(gradient), gradient[0].nbytes):
            self._weight_gradient(made, rows, gradient[rows])

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
