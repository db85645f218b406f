"""GloVe's machine code: a step for every pair of a block, and a block's cost.

A word's row in its table is [w, b, 1, 0 …] and a context's [w̃, 1, b̃, 0 …], P numbers each, so that their
product is the prediction with both biases in it, and the gradient of a bias is that of any coordinate. The P
sums of squared steps lie behind them in the same row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache
from math import inf

from chainrule.engines.lanes import BYTES, REAL, VECTOR_BYTES, Lanes
from chainrule.formulas.expression import Expression, Symbol
from chainrule.formulas.vocabulary import log
from chainrule.formulas.wordvectors import (
    glove_adagrad,
    glove_error,
    glove_half_pair_cost,
    glove_pair_cost,
    glove_prediction,
)
from chainrule.words.kernels import PairWriter, dot

# How many pairs ahead a row is fetched.
AHEAD = 4


class Field(IntEnum):
    """The row of a call.

    WORDS, CONTEXTS:         the two tables (V, 2, P)
    PLACES, LOGS, WEIGHTS:   of each pair: row + 65536 · column within the block, ln x, f(x)
    COUNTER, COUNT:          which block is next, and how many there are
    BLOCKS:                  of each block: first pair, the pair after the last, first row, first column
    COSTS, BAD:              for each block: its cost (float64); the first pair whose error is not finite, or −1
    RATE, BIAS_RATE:         the bits of η as float64, for the vectors and for the biases
    FROZEN:                  for each row of the tables, whether its word stays as it is (int32), if any does
    """

    WORDS = 0
    CONTEXTS = auto()
    PLACES = auto()
    LOGS = auto()
    WEIGHTS = auto()
    COUNTER = auto()
    COUNT = auto()
    BLOCKS = auto()
    COSTS = auto()
    BAD = auto()
    RATE = auto()
    BIAS_RATE = auto()
    FROZEN = auto()


def padded(size: int, dtype: str) -> int:
    """P: the D numbers of a vector, its bias and a 1, filled up to whole lanes.

    >>> padded(100, "float32")
    112
    """
    lanes = VECTOR_BYTES // BYTES[REAL[dtype]]
    return -(-(size + 2) // lanes) * lanes


@cache
def training(size: int, dtype: str, freezing: bool = False) -> str:
    """One AdaGrad step for every pair of the blocks; the cost is the paper's, of each pair before its step."""
    return _PairLoop(size, dtype).train(freezing)


@cache
def costing(size: int, dtype: str) -> str:
    """The paper's cost of the blocks, in float64; nothing is changed."""
    return _PairLoop(size, dtype).evaluate()


Known = dict[Expression, Lanes]
_LN_X = log(Symbol("x"))


@dataclass(frozen=True)
class _Side:
    """One word of a pair: its row in its table, and the address of the row's numbers."""

    row: Lanes
    numbers: Lanes


Work = Callable[[Lanes, _Side, _Side], tuple[Lanes, Lanes]]


class _PairLoop:
    """The loop over the blocks and over the pairs of each."""

    def __init__(self, size: int, dtype: str) -> None:
        self.writer = PairWriter(dtype)
        self.size, self.width = size, padded(size, dtype)
        self.vectors = self.width // self.writer.lanes

    def train(self, freezing: bool) -> str:
        """The text of the training kernel."""
        writer = self.writer
        self.rates = [self._real(Field.RATE), self._real(Field.BIAS_RATE)]
        self.frozen = writer.address(Field.FROZEN) if freezing else None
        self._blocks(self._step, ahead=True)
        return writer.text("KERNEL")

    def evaluate(self) -> str:
        """The text of the evaluating kernel."""
        self._blocks(self._cost, ahead=False)
        return self.writer.text("KERNEL")

    def _blocks(self, work: Work, ahead: bool) -> None:
        writer = self.writer
        tables = writer.address(Field.WORDS), writer.address(Field.CONTEXTS)
        places, counter = writer.address(Field.PLACES), writer.address(Field.COUNTER)
        self.logs, self.weights = writer.address(Field.LOGS), writer.address(Field.WEIGHTS)
        blocks, costs, bad = (writer.address(f) for f in (Field.BLOCKS, Field.COSTS, Field.BAD))
        count = writer.field(Field.COUNT)
        block = writer.variable(writer.whole(0))

        def another() -> Lanes:
            block.set(writer.next_of(counter))
            return block.get() < count

        with writer.loop_while(another):
            now = block.get()
            first, last, row, column = (writer.load(blocks, now * 4 + k, "i64") for k in range(4))
            begins = list(zip(tables, (row, column), strict=True))
            stop, cost = writer.variable(last), writer.variable(writer.constant("double", 0.0))
            wrong, index = writer.variable(writer.whole(-1)), writer.variable(first)
            with writer.loop_while(lambda: index.get() < stop.get()):
                at = index.get()
                if ahead:
                    self._fetch(places, at + AHEAD, begins)
                said, finite = work(at, *self._sides(places, at, begins))
                cost.set(cost.get() + said)
                wrong.set(writer.choose(finite, wrong.get(), at))
                stop.set(writer.choose(finite, stop.get(), at))
                index.set(at + 1)
            writer.store(cost.get(), costs, now)
            writer.store(wrong.get(), bad, now)

    def _sides(self, places: Lanes, at: Lanes, begins: list[tuple[Lanes, Lanes]]) -> tuple[_Side, _Side]:
        """The word and the context of a pair: which rows of the tables, and where those begin."""
        writer = self.writer
        packed = writer.cast("zext", writer.load(places, at, "i32"), "i64")
        rows = (begins[0][1] + (packed & 0xFFFF), begins[1][1] + (packed >> 16))
        own, other = (
            _Side(row, writer.at(table, row * (2 * self.width), writer.real))
            for row, (table, _) in zip(rows, begins, strict=True)
        )
        return own, other

    def _fetch(self, places: Lanes, at: Lanes, begins: list[tuple[Lanes, Lanes]]) -> None:
        # There are more places than pairs, and what is fetched in vain does no harm.
        writer = self.writer
        line = VECTOR_BYTES // BYTES[writer.real]
        for side in self._sides(places, at, begins):
            for k in range(0, 2 * self.width, line):
                writer.prefetch(side.numbers, writer.whole(k), write=True)

    def _vectors(self, pointer: Lanes, first: int = 0) -> list[Lanes]:
        writer = self.writer
        return [
            writer.load(pointer, writer.whole(first + k * writer.lanes), width=writer.lanes)
            for k in range(self.vectors)
        ]

    def _step(self, at: Lanes, own: _Side, other: _Side) -> tuple[Lanes, Lanes]:
        writer = self.writer
        target, f = (writer.load(source, at) for source in (self.logs, self.weights))
        p = dot(writer, self._vectors(own.numbers), self._vectors(other.numbers))
        e = writer.written(glove_error.definition.tree, {Symbol("p"): p, _LN_X: target})
        one = writer.constant(writer.real, 1.0)
        slope = glove_half_pair_cost.definition.gradients["e"].tree
        d = writer.written(slope, {Symbol("g"): one, Symbol("f"): f, Symbol("e"): e})
        self._update(own, other, writer.spread(d, writer.lanes))
        return self._said(f, e)

    def _cost(self, at: Lanes, own: _Side, other: _Side) -> tuple[Lanes, Lanes]:
        writer = self.writer
        target, f = (
            writer.to_real(writer.load(source, at), "double") for source in (self.logs, self.weights)
        )
        w, w_tilde = (
            [writer.to_real(v, "double") for v in self._vectors(side.numbers)] for side in (own, other)
        )
        p = dot(writer, w, w_tilde)
        return self._said(f, writer.written(glove_error.definition.tree, {Symbol("p"): p, _LN_X: target}))

    def _said(self, f: Lanes, e: Lanes) -> tuple[Lanes, Lanes]:
        """The paper's cost of a pair in float64, and whether its error is finite."""
        writer = self.writer
        known: Known = {Symbol("f"): writer.to_real(f, "double"), Symbol("e"): writer.to_real(e, "double")}
        return writer.written(glove_pair_cost.definition.tree, known), writer.intrinsic("fabs", e) < inf

    def _update(self, own: _Side, other: _Side, d: Lanes) -> None:
        """Both rows by AdaGrad, from the vectors as they were before the step."""
        writer = self.writer
        gradients = glove_prediction.definition.gradients
        rates = [self._rates(side) for side in (own, other)]
        for k in range(self.vectors):
            start = writer.whole(k * writer.lanes)
            values = [writer.load(side.numbers, start, width=writer.lanes) for side in (own, other)]
            known: Known = {Symbol("g"): d, Symbol("w"): values[0], Symbol("w_tilde"): values[1]}
            places = {"w": (self.size, self.size + 1), "w_tilde": (self.size + 1, self.size)}
            for side, value, rate, wrt in zip((own, other), values, rates, places, strict=True):
                bias, fixed = (place - k * writer.lanes for place in places[wrt])
                gradient = self._without(writer.written(gradients[wrt].tree, known), fixed)
                self._adagrad(side, k, value, self._in_lane(bias, *rate), gradient)

    def _rates(self, side: _Side) -> list[Lanes]:
        """η of the vector and of the bias; 0 for a word that stays as it is, whose steps are then exactly 0."""
        writer = self.writer
        if self.frozen is None:
            return self.rates
        free = writer.load(self.frozen, side.row, "i32").same(writer.constant("i32", 0))
        return [writer.choose(free, rate, 0.0) for rate in self.rates]

    def _real(self, field: Field) -> Lanes:
        writer = self.writer
        return writer.to_real(writer.cast("bitcast", writer.field(field), "double"), writer.real)

    def _in_lane(self, lane: int, others: Lanes, own: Lanes) -> Lanes:
        """One number in every lane, and another in one of them."""
        writer = self.writer
        spread = writer.spread(others, writer.lanes)
        if not 0 <= lane < writer.lanes:
            return spread
        return writer.emit(f"insertelement {spread}, {own}, i64 {lane}", writer.real, writer.lanes)

    def _without(self, gradient: Lanes, lane: int) -> Lanes:
        """The gradient, but 0 in the lane of the constant 1."""
        writer = self.writer
        if not 0 <= lane < writer.lanes:
            return gradient
        truths = ", ".join(f"i1 {int(i != lane)}" for i in range(writer.lanes))
        kept = Lanes(writer, f"<{truths}>", "i1", writer.lanes)
        return writer.choose(kept, gradient, writer.constant(writer.real, 0.0, writer.lanes))

    def _adagrad(self, side: _Side, k: int, value: Lanes, rate: Lanes, gradient: Lanes) -> None:
        writer = self.writer
        places = {"w": writer.whole(k * writer.lanes), "s": writer.whole(self.width + k * writer.lanes)}
        known: Known = {
            Symbol("eta"): rate,
            Symbol("g"): gradient,
            Symbol("w"): value,
            Symbol("s"): writer.load(side.numbers, places["s"], width=writer.lanes),
        }
        for name, step in glove_adagrad.assignments:
            known[Symbol(name)] = writer.written(step.tree, known)
        for name, place in places.items():
            writer.store(known[Symbol(name)], side.numbers, place)
