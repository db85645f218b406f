"""A gradient in letters: ∂C/∂w_ij as the product of its factors, and what cancels in it.

The letters are those of the lines' own entry rules: the network is taken with one unit where an index is
summed over, and the entry asked for is followed back to the loss.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation
from chainrule.errors import InvalidInput
from chainrule.formulas.expression import Expression, Symbol, symbols_in
from chainrule.working.algebra import cancelled, simplified
from chainrule.working.partials import Use, uses_of
from chainrule.working.scalars import Index, Sizes

__all__ = ["InLetters", "LetterFactor", "in_letters"]

_ASKED = 2  # the index of the entry asked for, where other axes have one entry
_SUMMED = "kmpqrsuv"


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
    penalty: what a penalty on the weights adds to the sum
    """

    of: str
    sums: Mapping[str, int]
    factors: tuple[LetterFactor, ...]
    forms: tuple[Expression, ...]
    penalty: Expression | None = None


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
    _check_symbol(derivation, symbol)
    axes = derivation.shapes[symbol]
    if len(letters) != len(axes):
        raise InvalidInput(
            f"{symbol} has {_counted(len(axes))}, not {len(letters)}: write {symbol}[{_like(axes)}]"
        )
    derivation = _whole_slopes(derivation)
    _check_sayable(derivation, samples, symbol)
    names = _Letters(derivation, samples, {str(a): letter for a, letter in zip(axes, letters, strict=True)})
    uses = uses_of(derivation, _OneEach(derivation, 1, frozenset(map(str, axes))), names.name)
    place = tuple(_ASKED if isinstance(axis, str) else 1 for axis in axes)
    penalty = next((use.partial for use in uses(symbol, place) if use.symbol == "R"), None)
    factors = tuple(reversed(list(_chain(uses, names, symbol, place))))
    if not factors or factors[0].of != "C":
        alone = ", and its gradient is the penalty's share alone" if penalty is not None else ""
        raise InvalidInput(
            f"the loss does not change with {symbol}: a slope on the way back is always 0, so there is no "
            f"product to write{alone}"
        )
    product = factors[0].formula
    for factor in factors[1:]:
        product = product * factor.formula
    forms = tuple(dict.fromkeys(cancelled(simplified(product))))
    return InLetters(names.written(symbol, place), names.sums(factors), factors, forms, penalty)


def _check_symbol(derivation: Derivation, symbol: str) -> None:
    """Raise InvalidInput for what is no trained parameter."""
    if symbol in derivation.gradients:
        return
    if not derivation.gradients:
        raise InvalidInput("no gradient is worked out here, so there is none in letters: train a parameter")
    raise InvalidInput(
        f"in letters there are the gradients of the parameters, and {symbol} has none: "
        f"ask for one of {', '.join(derivation.gradients)}"
    )


def _check_sayable(derivation: Derivation, samples: int, symbol: str) -> None:
    """Raise InvalidInput for what one product under one sum does not say."""
    loss, layers = derivation.loss, derivation.network.dense
    first = next(p.layer for p in derivation.network.parameters if p.name == symbol)
    # A fused loss passes its output's activation over.
    for layer in layers[first - 1 : len(layers) - derivation.fused]:
        if not layer.activation.elementwise:
            raise InvalidInput(
                f"{layer.activation.name} makes each unit depend on all of its layer, which one product of "
                "letters does not say: ask for an entry by number"
            )
    weighted = "s" in derivation.shapes
    if weighted and samples > 1 and loss is not None and loss.over_batch == "mean":
        raise InvalidInput(
            "the loss is divided by the sum of the samples' weights, which one product of letters does not "
            "say: ask for an entry by number"
        )


def _counted(count: int) -> str:
    return "1 index" if count == 1 else f"{count} indices"


def _letters_for(axis: str) -> Iterator[str]:
    """What an axis that is summed over may be called: n for samples, k, m, … for units, then k2, k3, …"""
    letters = "n" if axis == "B" else _SUMMED
    yield from letters
    for number in count(2):
        yield f"{letters[0]}{number}"


def _like(axes: tuple[int | str, ...]) -> str:
    return ",".join("ij"[: len(axes)])


def _whole_slopes(derivation: Derivation) -> Derivation:
    """The derivation, its loss fused with an output whose units depend on one another (softmax)."""
    network, loss = derivation.network, derivation.loss
    output = network.dense[-1].activation
    if derivation.fused or output.elementwise or loss is None or loss.fused is None:
        return derivation
    if loss.output != output.name:
        return derivation
    return derive(
        network,
        loss,
        derivation.rule,
        l2=derivation.constants.get("lambda", 0.0),
        sample_weights=bool({"s", "q"} & set(derivation.inputs)),
        class_weights=derivation.vectors.get("v"),
        integer_targets="Y" in derivation.shapes,
        fused=True,
    )


def _chain(
    uses: Callable[[str, Index], list[Use]], names: _Letters, symbol: str, place: Index
) -> Iterator[LetterFactor]:
    """The factors from an entry up to the loss, or to where its slope is 0; a penalty is another term."""
    while True:
        found = [use for use in uses(symbol, place) if use.symbol != "R"]
        if not found:
            return
        assert len(found) == 1, "an entry is used once where each axis is a single letter"
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
            free = (letter for letter in _letters_for(axis) if letter not in taken)
            self.along[axis] = next(free)
        return self.along[axis]

    def size(self, axis: str) -> int:
        return self.samples if axis == "B" else int(self.derivation.sizes.get(axis, 1))

    def sums(self, factors: tuple[LetterFactor, ...]) -> dict[str, int]:
        """The letters that are summed over, and how far each runs."""
        names = {name for f in factors for name in (f.of, f.wrt, *symbols_in(f.formula)) if "[" in name}
        used = {place for name in names for place in name[name.index("[") + 1 : -1].split(",")}
        return {letter: self.size(axis) for axis, letter in self.along.items() if letter in used}

    def over_batch(self, slope: Expression) -> Expression:
        """The slope of the loss, divided by the number of samples where the loss is their mean."""
        loss = self.derivation.loss
        if self.samples == 1 or loss is None or loss.over_batch == "sum":
            return slope
        return slope / self.samples
