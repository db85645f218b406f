"""Unfolding: the scalar line of one entry, with the chain of factors that a gradient is made of.

The gradients are written as the lectures write them. Along *paths*, each gradient of a parameter is the
sum over its paths of the product of named local derivatives, ∂C/∂w5 = ∂C/∂o1 · ∂o1/∂z3 · ∂z3/∂w5. By
*deltas*, each gradient is made of the one arriving, ∂C/∂z1 = ∂C/∂h1 · ∂h1/∂z1, which a deep or wide
network needs: it has more paths than anybody can write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from chainrule.derivation.lines import Derivation, Line, Phase
from chainrule.formulas.expression import Constant, Expression, Symbol, symbols_in
from chainrule.working.entries import Entry, Partial, Quantity
from chainrule.working.partials import Use, uses_of
from chainrule.working.scalars import Index, Sizes, entry_tree

__all__ = ["MOST_WRITTEN", "Chain", "Kind", "ScalarLine", "Unfolder"]

MOST_WRITTEN = 2_000
"""A line of more numbers is shown by the formula of its whole matrix."""

Chain = Literal["paths", "deltas"]
Kind = Literal[
    "weighted sums",
    "activations",
    "output",
    "loss",
    "slopes",
    "output slope",
    "gradients",
    "deltas",
    "updates",
    "other",
]


@dataclass(frozen=True)
class ScalarLine:
    """One line of hand calculation: a quantity and its formula over other quantities.

    tree:  over keys of quantities
    paths: for a gradient, the chains of factors it is the sum of: partial derivatives, or the gradient
           that arrives (`Entry`) and a partial derivative; each factor's own formula is in `factors`
    number: of the pass, from 1
    whole: its formula has too many numbers to be written out, and its tree is that of the whole matrix
    """

    quantity: Quantity
    tree: Expression
    phase: Phase
    kind: Kind
    reason: str
    line: Line | None
    number: int = 1
    paths: tuple[tuple[Quantity, ...], ...] = ()
    whole: bool = False

    @property
    def key(self) -> str:
        """What later lines call it."""
        return self.quantity.key

    @cached_property
    def uses(self) -> tuple[str, ...]:
        """The keys of what its formula needs."""
        return () if self.whole else symbols_in(self.tree)

    def __repr__(self) -> str:
        return f"<{self.key} = {self.tree!r}>"


Factor = tuple[Quantity, Expression]
"""A factor of a chain: which derivative it is, and what stands for it in the formula."""


class Unfolder:
    """Makes the scalar lines of single entries.

    textbook: whether activations are written as they are taught, not as they run (softmax)
    version: of each parameter and state, at the line being unfolded; other symbols have the pass's number
    made:    the keys of the lines made so far
    absent:  entries that are known to be 0 and not written, by symbol: those that a sparse x does not store
    """

    def __init__(self, derivation: Derivation, samples: int, chain: Chain, *, textbook: bool = False) -> None:
        self.derivation = derivation
        self.textbook = textbook
        self.sizes = Sizes(derivation, samples)
        self.chain = chain
        self.number = 1
        self.kept = {p.name for p in derivation.network.parameters} | set(derivation.state)
        self.version = dict.fromkeys(self.kept, 1)
        self.made: set[str] = set()
        self.absent: Mapping[str, Any] = {}
        self.factors: dict[str, Expression] = {}
        self._uses = uses_of(derivation, self.sizes, self.name)
        self._known_uses: dict[tuple[int, str, Index], list[Use]] = {}
        self._gradient_of = {line.of: line.symbol for line in derivation.phase("backpropagation")}

    def entry(self, symbol: str, index: Index) -> Entry:
        """An entry as the line being unfolded knows it."""
        return Entry(symbol, index, self.version.get(symbol, self.number))

    def name(self, symbol: str, index: Index) -> Expression:
        """What stands for an entry in a formula."""
        if symbol in self.absent and self.absent[symbol][tuple(i - 1 for i in index)]:
            return Constant(0)
        return Symbol(self.entry(symbol, index).key)

    def uses(self, symbol: str, index: Index) -> list[Use]:
        """The uses of an entry in this pass, on the way to the loss."""
        at = (self.number, symbol, index)
        if at not in self._known_uses:
            used = self._uses(symbol, index)
            self._known_uses[at] = [use for use in used if use.partial is not Constant(0)]
        return self._known_uses[at]

    def tree(self, line: Line, index: Index) -> Expression:
        """An entry of a line's formula."""
        tree = line.textbook if self.textbook else line.tree
        return entry_tree(tree, index, self.sizes.shape, self.name)

    def line(
        self,
        quantity: Quantity,
        tree: Expression,
        line: Line,
        kind: Kind,
        paths: tuple[tuple[Quantity, ...], ...] = (),
    ) -> ScalarLine:
        """A scalar line, noted as made."""
        self.made.add(quantity.key)
        return ScalarLine(quantity, tree, line.phase, kind, line.reason, line, self.number, paths)

    def kind(self, line: Line) -> Kind:
        """The group of a line that is no gradient."""
        if line.phase == "update":
            return "updates" if line.symbol in self.kept else "other"
        if line.phase == "loss":
            return "loss" if line.symbol in ("C", "R", "J") else "other"
        if line.symbol == self.derivation.output:
            return "output"
        by_letter: dict[str, Kind] = {"z": "weighted sums", "a": "activations"}
        return by_letter.get(line.symbol[0], "other")

    def gradient(self, line: Line, index: Index, *, asked: bool = False) -> Iterator[ScalarLine]:
        """A gradient's entry, after the local derivatives it needs that are not made yet.

        Along paths, only the gradients of parameters and the slope of the loss have lines, and what is asked
        for by name.
        """
        of = line.of
        assert of is not None
        uses = self.uses(of, index)
        for use in uses:
            yield from self.slope(of, index, use, line)
        trained = of in self.derivation.gradients
        from_loss = bool(uses) and all(not use.index for use in uses)
        if self.chain == "paths" and not (trained or from_loss or asked):
            return
        entry = self.entry(line.symbol, index)
        if self.chain == "paths":
            chains = list(self.paths(of, index))
        else:
            chains = [self.arriving(of, index, use) for use in uses]
        tree, paths = _summed(chains)
        kind: Kind = "gradients" if trained or from_loss else "deltas"
        yield self.line(entry, tree, line, kind, () if paths == ((entry,),) else paths)

    def slope(self, symbol: str, index: Index, use: Use, line: Line) -> Iterator[ScalarLine]:
        """The line of a local derivative, where it needs one and has none yet."""
        if self.is_slope_of_loss(symbol, use) or isinstance(use.partial, (Symbol, Constant)):
            return
        partial = Partial(self.entry(use.symbol, use.index), self.entry(symbol, index))
        if partial.key not in self.made:
            kind: Kind = "output slope" if use.symbol == self.derivation.output else "slopes"
            yield self.line(partial, use.partial, line, kind)

    def paths(self, symbol: str, index: Index) -> Iterator[list[Factor]]:
        """Every chain of local derivatives from the loss down to an entry."""
        for use in self.uses(symbol, index):
            factor = self.local(symbol, index, use)
            if not use.index:
                yield [factor]
            else:
                for above in self.paths(use.symbol, use.index):
                    yield [*above, factor]

    def arriving(self, symbol: str, index: Index, use: Use) -> list[Factor]:
        """The gradient that arrives and the local derivative, for one use of an entry."""
        factor = self.local(symbol, index, use)
        if not use.index:
            return [factor]
        gradient = self.entry(self._gradient_of[use.symbol], use.index)
        return [(gradient, Symbol(gradient.key)), factor]

    def local(self, symbol: str, index: Index, use: Use) -> Factor:
        """One local derivative: as a quantity, and as what stands for it in a formula.

        The slope of the loss is a gradient of the derivation; a bare number or entry stands for itself;
        anything else has a line of its own.
        """
        if self.is_slope_of_loss(symbol, use):
            slope = self.entry(self._gradient_of[symbol], index)
            return slope, Symbol(slope.key) if slope.key in self.made else use.partial
        partial = Partial(self.entry(use.symbol, use.index), self.entry(symbol, index))
        if isinstance(use.partial, (Symbol, Constant)):
            self.factors[partial.key] = use.partial
            return partial, use.partial
        return partial, Symbol(partial.key)

    def is_slope_of_loss(self, symbol: str, use: Use) -> bool:
        """Whether a use is the loss's own of what is no parameter: its slope is a gradient by itself."""
        return use.symbol == "C" and symbol not in self.derivation.gradients


def _summed(chains: list[list[Factor]]) -> tuple[Expression, tuple[tuple[Quantity, ...], ...]]:
    """The sum of the products of factors; a factor 1 or −1 is not written out."""
    total: Expression | None = None
    for chain in chains:
        product: Expression | None = None
        sign = 1
        for _, stands in chain:
            if isinstance(stands, Constant) and abs(stands.value) == 1:
                sign *= int(stands.value)
            else:
                product = stands if product is None else product * stands
        if product is None:
            product, sign = Constant(sign), 1
        if total is None:
            total = product if sign > 0 else -product
        else:
            total = total + product if sign > 0 else total - product
    if total is None:
        return Constant(0), ()
    return total, tuple(tuple(quantity for quantity, _ in chain) for chain in chains)
