"""A derivation's lines, one after another, as rows of a program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chainrule.derivation.lines import Line
from chainrule.engines.lowerable import (
    Told,
    without_ones,
)
from chainrule.engines.product_rows import ProductRows
from chainrule.formulas.expression import Expression, Symbol, substitute, walk
from chainrule.formulas.vocabulary import square


class LineRows(ProductRows):
    """Lines with equal values named once; see `Lowering`."""

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
