"""A gradient in letters: ∂C/∂w_ij as the product of its factors, and what cancels in it.

The letters are those of the lines' own entry rules: the network is taken with one unit where an index is
summed over, and the entry asked for is followed back to the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Expression, Symbol, symbols_in
from chainrule.working.algebra import cancelled, simplified
from chainrule.working.partials import Use, uses_of
from chainrule.working.scalars import Index, Sizes

__all__ = ["InLetters", "LetterFactor", "in_letters"]

_ASKED = 2  # the index of the entry asked for, where other axes have one entry
_SUMMED = ("k", "m", "p", "q", "r")


@dataclass(frozen=True)
class LetterFactor:
    """One factor: ∂of/∂wrt, each a symbol with its letters, and its formula over such symbols."""

    of: str
    wrt: str
    formula: Expression


@dataclass(frozen=True)
class InLetters:
    """A gradient in letters.

    of:      the entry it is the gradient of: W1[i,j]
    sums:    index letter → the size it runs to; the whole product is summed over these
    factors: from the loss back to the entry
    forms:   the product of the factors' formulas, then each form that cancelling gives, to the last
    """

    of: str
    sums: Mapping[str, int]
    factors: tuple[LetterFactor, ...]
    forms: tuple[Expression, ...]


@dataclass(frozen=True)
class _OneEach(Sizes):
    """Sizes with two entries along the axes asked for, and one along every other."""

    asked: frozenset[str] = frozenset()

    def shape(self, symbol: str) -> tuple[int, ...]:
        letters = self.derivation.shapes[symbol]
        return tuple(_ASKED if size in self.asked else 1 for size in letters)


def in_letters(derivation: Derivation, samples: int, symbol: str, letters: tuple[str, ...]) -> InLetters:
    """The gradient of a parameter's entry, its places letters (or numbers): symbol "W1", letters ("i", "j").

    Raises InvalidInput for what is no trained parameter, or for other letters than it has places.
    """
    if symbol not in derivation.gradients:
        trained = ", ".join(derivation.gradients)
        raise InvalidInput(f"in letters there are the gradients of the parameters: ask for one of {trained}")
    axes = derivation.shapes[symbol]
    if len(letters) != len(axes):
        raise InvalidInput(
            f"{symbol} has {len(axes)} indices, not {len(letters)}: write {symbol}[{_like(axes)}]"
        )
    derivation = _whole_slopes(derivation)
    names = _Letters(derivation, samples, {str(a): letter for a, letter in zip(axes, letters, strict=True)})
    uses = uses_of(derivation, _OneEach(derivation, 1, frozenset(map(str, axes))), names.name)
    place = tuple(_ASKED for _ in axes)
    factors = tuple(reversed(list(_chain(uses, names, symbol, place))))
    product = factors[0].formula
    for factor in factors[1:]:
        product = product * factor.formula
    forms = tuple(dict.fromkeys(cancelled(simplified(product))))
    return InLetters(names.written(symbol, place), names.sums(forms[0]), factors, forms)


def _like(axes: tuple[int | str, ...]) -> str:
    return ",".join("ij"[: len(axes)])


def _whole_slopes(derivation: Derivation) -> Derivation:
    """The derivation, its loss fused with an output whose units depend on one another (softmax)."""
    if derivation.fused or derivation.network.dense[-1].activation.elementwise or derivation.loss is None:
        return derivation
    return derive(derivation.network, derivation.loss, derivation.rule, fused=True)


def _chain(
    uses: Callable[[str, Index], list[Use]], names: _Letters, symbol: str, place: Index
) -> Iterator[LetterFactor]:
    """The factors from an entry up to the loss; a penalty on the weights is another term, left out here."""
    while True:
        found = [use for use in uses(symbol, place) if use.symbol != "R"]
        if not found:
            raise InvalidInput(f"the loss does not change with {symbol}: a slope on the way back is always 0")
        if len(found) != 1:
            raise InvalidInput(
                f"{symbol} has {len(found)} ways back to the loss, which letters do not tell apart: "
                "ask for an entry by number"
            )
        use = found[0]
        formula = use.partial if use.index else names.over_batch(use.partial)
        yield LetterFactor(names.written(use.symbol, use.index), names.written(symbol, place), formula)
        if not use.index:
            return
        symbol, place = use.symbol, use.index


@dataclass
class _Letters:
    """What stands for an entry: its symbol with letters for places."""

    derivation: Derivation
    samples: int
    asked: Mapping[str, str]
    along: dict[str, str] = field(default_factory=dict)

    def name(self, symbol: str, index: Index) -> Expression:
        return Symbol(self.written(symbol, index))

    def written(self, symbol: str, index: Index) -> str:
        if not index:
            return symbol
        axes = self.derivation.shapes[symbol]
        places = [self.place(str(axis), at) for axis, at in zip(axes, index, strict=True)]
        return f"{symbol}[{','.join(places)}]"

    def place(self, axis: str, at: int) -> str:
        if at == _ASKED and axis in self.asked:
            return self.asked[axis]
        size = self.size(axis)
        if size == 1:
            return "1"
        if axis not in self.along:
            taken = {*self.along.values(), *self.asked.values()}
            self.along[axis] = (
                "n" if axis == "B" else next(letter for letter in _SUMMED if letter not in taken)
            )
        return self.along[axis]

    def size(self, axis: str) -> int:
        return self.samples if axis == "B" else int(self.derivation.sizes.get(axis, 1))

    def sums(self, tree: Expression) -> dict[str, int]:
        """The letters that are summed over, and how far each runs."""
        used = {
            place
            for name in symbols_in(tree)
            if "[" in name
            for place in name[name.index("[") + 1 : -1].split(",")
        }
        return {letter: self.size(axis) for axis, letter in self.along.items() if letter in used}

    def over_batch(self, slope: Expression) -> Expression:
        """The slope of the loss, divided by the number of samples where the loss is their mean."""
        loss = self.derivation.loss
        if self.samples == 1 or loss is None or loss.over_batch == "sum":
            return slope
        return slope / self.samples
