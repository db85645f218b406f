"""Word2vec's machine code: a step of negative sampling for every example, and what examples cost.

All scores of an example are taken first, then its vectors move. The slopes of all words of an example come
from one evaluation of the tree, a word to a lane.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum, auto
from functools import cache
from math import inf

from chainrule.engines.lanes import BYTES, REAL, VECTOR_BYTES, Lanes, Variable
from chainrule.formulas.expression import Expression, Symbol
from chainrule.formulas.rules import GradientDescent
from chainrule.formulas.vocabulary import row_sum, rows, transpose
from chainrule.formulas.wordvectors import (
    context_mean,
    log_sigmoid,
    negative_sampling_score,
    negative_sampling_slope,
)
from chainrule.words.kernels import PairWriter, products, sums_of

# How many examples ahead rows are fetched.
AHEAD = 2
# Whole vectors of an example's words are read, and examples ahead: what lies behind the last one.
SPARE = 64

_C = Symbol("C")
_SUM, _COUNT = transpose(row_sum(transpose(_C))), rows(_C)
Known = dict[Expression, Lanes]


class Field(IntEnum):
    """The row of a call.

    WORDS, CONTEXTS:  the tables (V, P): input vectors, and those of words to be found and of noise
    EXAMPLES, INPUTS: see example_kernels.Draw
    COUNT:            how many examples
    RATE:             the bits of η as float64
    COST:             (1,) float64: the sum of their costs
    BAD:              (1,) int64: the first example with a score that is not finite, or −1
    FROZEN:           for each word, whether it stays as it is (int32), if any does
    """

    WORDS = 0
    CONTEXTS = auto()
    EXAMPLES = auto()
    INPUTS = auto()
    COUNT = auto()
    RATE = auto()
    COST = auto()
    BAD = auto()
    FROZEN = auto()


@dataclass(frozen=True)
class Shape:
    """What a kernel is made for. corrected: CBOW's contexts get the gradient of their mean, not of the sum."""

    size: int
    negatives: int
    dtype: str
    cbow: bool = False
    corrected: bool = False
    freezing: bool = False

    @property
    def width(self) -> int:
        """P: the numbers of a row, D filled up to whole vectors.

        >>> Shape(100, 5, "float32").width
        112
        """
        lanes = VECTOR_BYTES // BYTES[REAL[self.dtype]]
        return -(-self.size // lanes) * lanes


@cache
def training(shape: Shape) -> str:
    """One step of gradient descent for every example; costs are as before the step."""
    return _ExampleLoop(shape).train()


@cache
def costing(shape: Shape) -> str:
    """What examples cost, in float64; nothing is changed."""
    return _ExampleLoop(shape).evaluate()


@dataclass(frozen=True)
class _Group:
    """Some of an example's words: 0 is the one to be found. width: a power of 2, no less than how many."""

    first: int
    count: int

    @property
    def width(self) -> int:
        return max(2, 1 << (self.count - 1).bit_length())


class _ExampleLoop:
    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.writer = writer = PairWriter(shape.dtype)
        self.words, self.contexts, self.examples = (
            writer.address(k) for k in (Field.WORDS, Field.CONTEXTS, Field.EXAMPLES)
        )
        self.inputs = writer.address(Field.INPUTS) if shape.cbow else self.examples
        self.frozen = writer.address(Field.FROZEN) if shape.freezing else None
        words, lanes = shape.negatives + 1, writer.lanes
        self.groups = [_Group(k, min(lanes, words - k)) for k in range(0, words, lanes)]

    def train(self) -> str:
        """The text of the training kernel."""
        writer = self.writer
        rate = writer.cast("bitcast", writer.field(Field.RATE), "double")
        self.rate = writer.to_real(rate, writer.real)
        self._loop(self._step, writer.real, ahead=True)
        return writer.text("KERNEL")

    def evaluate(self) -> str:
        """The text of the costing kernel."""
        self._loop(lambda row, v, scores: None, "double", ahead=False)
        return self.writer.text("KERNEL")

    def _loop(
        self, work: Callable[[Lanes, list[Lanes], list[Lanes]], None], kind: str, *, ahead: bool
    ) -> None:
        writer = self.writer
        stop, index = writer.variable(writer.field(Field.COUNT)), writer.variable(writer.whole(0))
        wrong = writer.variable(writer.whole(-1))
        costs = [writer.variable(writer.constant("double", 0.0, group.width)) for group in self.groups]
        with writer.loop_while(lambda: index.get() < stop.get()):
            at = index.get()
            row = self._row(at)
            if ahead:
                self._fetch(self._row(at + AHEAD))
            v = [writer.to_real(x, kind) for x in self._input(row)]
            scores = [self._scores(group, row, v) for group in self.groups]
            finite = self._add_costs(row, scores, costs)
            with writer.when(finite):
                work(row, v, scores)
            wrong.set(writer.choose(finite, wrong.get(), at))
            stop.set(writer.choose(finite, stop.get(), at))
            index.set(at + 1)
        total = writer.constant("double", 0.0)
        for cost in costs:
            total = total - writer.sum_of(cost.get())
        writer.store(total, writer.address(Field.COST), writer.whole(0))
        writer.store(wrong.get(), writer.address(Field.BAD), writer.whole(0))

    # --- rows ---------------------------------------------------------------------------------------

    def _row(self, at: Lanes) -> Lanes:
        return self.writer.at(self.examples, at * (self.shape.negatives + 2), "i32")

    def _id(self, row: Lanes, place: int) -> Lanes:
        return self.writer.cast("zext", self.writer.load(row, self.writer.whole(place), "i32"), "i64")

    def _numbers(self, table: Lanes, given: Lanes) -> Lanes:
        return self.writer.at(table, given * self.shape.width, self.writer.real)

    def _vectors(self, numbers: Lanes) -> list[Lanes]:
        writer = self.writer
        starts = range(0, self.shape.width, writer.lanes)
        return [writer.load(numbers, writer.whole(k), width=writer.lanes) for k in starts]

    def _targets(self, row: Lanes, group: _Group) -> Iterator[Lanes]:
        return (self._numbers(self.contexts, self._id(row, 1 + group.first + k)) for k in range(group.count))

    def _fetch(self, row: Lanes) -> None:
        # Behind the last example there are words too, and what is fetched in vain does no harm.
        places = range(2, self.shape.negatives + 2)
        found = [self._numbers(self.contexts, self._id(row, place)) for place in places]
        if not self.shape.cbow:
            found.append(self._numbers(self.words, self._id(row, 0)))
        for numbers in found:
            for k in range(0, self.shape.width, VECTOR_BYTES // BYTES[self.writer.real]):
                self.writer.prefetch(numbers, self.writer.whole(k), write=True)

    # --- the input ----------------------------------------------------------------------------------

    def _input(self, row: Lanes) -> list[Lanes]:
        """v: the input word's vector, or the mean of the contexts'."""
        if not self.shape.cbow:
            return self._vectors(self._numbers(self.words, self._id(row, 0)))
        writer = self.writer
        zero = writer.constant(writer.real, 0.0, writer.lanes)
        sums = [writer.variable(zero) for _ in range(self.shape.width // writer.lanes)]
        with self._each_context(row) as (_, numbers):
            for total, x in zip(sums, self._vectors(numbers), strict=True):
                total.set(total.get() + x)
        count = self._contexts_of(row)
        return [writer.written(context_mean.definition.tree, {_SUM: s.get(), _COUNT: count}) for s in sums]

    @contextmanager
    def _each_context(self, row: Lanes) -> Iterator[tuple[Lanes, Lanes]]:
        """The loop over the contexts of CBOW's example: each one's word, and its numbers."""
        writer = self.writer
        with writer.loop(*self._span(row)) as at:
            given = writer.cast("zext", writer.load(self.inputs, at, "i32"), "i64")
            yield given, self._numbers(self.words, given)

    def _span(self, row: Lanes) -> tuple[Lanes, Lanes]:
        return self._id(row, 0), self._id(row, self.shape.negatives + 2)

    def _contexts_of(self, row: Lanes) -> Lanes:
        """M, in every lane."""
        writer = self.writer
        first, last = self._span(row)
        return writer.spread(writer.cast("sitofp", last - first, writer.real), writer.lanes)

    # --- costs --------------------------------------------------------------------------------------

    def _scores(self, group: _Group, row: Lanes, v: list[Lanes]) -> Lanes:
        """z of every word of the group, and 0 in lanes left over."""
        writer = self.writer
        kind = v[0].kind
        made = [
            products(writer, v, [writer.to_real(u, kind) for u in self._vectors(numbers)])
            for numbers in self._targets(row, group)
        ]
        zero = writer.constant(kind, 0.0, writer.lanes)
        return sums_of(writer, [*made, *[zero] * (group.width - group.count)])

    def _left_out(self, row: Lanes, group: _Group) -> Lanes:
        """Noise words that are the word to be found, and lanes left over."""
        writer = self.writer
        ids = writer.load(row, writer.whole(1 + group.first), "i32", group.width)
        target = writer.spread(writer.load(row, writer.whole(1), "i32"), group.width)
        places = range(group.first, group.first + group.width)
        noise = _truths(writer, [place > 0 for place in places])
        return (ids.same(target) & noise) | _truths(
            writer, [place >= group.first + group.count for place in places]
        )

    def _add_costs(self, row: Lanes, scores: list[Lanes], costs: list[Variable]) -> Lanes:
        """Add the examples' ln σ(±z), and say whether all scores are finite."""
        writer = self.writer
        finite = writer.constant("i1", 1)
        for group, z, cost in zip(self.groups, scores, costs, strict=True):
            found = _truths(writer, [group.first + k == 0 for k in range(group.width)])
            signed = writer.choose(self._left_out(row, group), inf, writer.choose(found, z, -z))
            said = writer.written(log_sigmoid.definition.tree, {Symbol("z"): signed})
            cost.set(cost.get() + writer.to_real(said, "double"))
            finite = finite & _all(writer, writer.intrinsic("fabs", z) < inf)
        return finite

    # --- the step -----------------------------------------------------------------------------------

    def _step(self, row: Lanes, v: list[Lanes], scores: list[Lanes]) -> None:
        writer = self.writer
        work: list[Lanes | None] = [None] * len(v)
        gradients = negative_sampling_score.definition.gradients
        for group, z in zip(self.groups, scores, strict=True):
            arriving = self._arriving(row, group, z)
            targets = list(self._targets(row, group))
            fixed = [self._moving(self._id(row, 1 + group.first + k), g) for k, g in enumerate(arriving)]
            for c, value in enumerate(v):
                place = writer.whole(c * writer.lanes)
                for numbers, g, own in zip(targets, arriving, fixed, strict=True):
                    u = writer.load(numbers, place, width=writer.lanes)
                    share = writer.written(gradients["w"].tree, {Symbol("g"): g, Symbol("w_tilde"): u})
                    before = work[c]
                    work[c] = share if before is None else before + share
                    slope = writer.written(gradients["w_tilde"].tree, {Symbol("g"): own, Symbol("w"): value})
                    writer.store(self._descended(u, slope), numbers, place)
        self._move_input(row, v, [share for share in work if share is not None])

    def _arriving(self, row: Lanes, group: _Group, z: Lanes) -> list[Lanes]:
        """η ∂cost/∂z of every word, in all lanes: the rate is taken once for a score, not for a coordinate."""
        writer = self.writer
        y = [float(group.first + k == 0) for k in range(group.width)]
        numbers = ", ".join(str(writer.constant(writer.real, value)) for value in y)
        known: Known = {Symbol("z"): z, Symbol("y"): Lanes(writer, f"<{numbers}>", z.kind, z.width)}
        slope = writer.written(negative_sampling_slope.definition.tree, known) * self.rate
        slope = writer.choose(self._left_out(row, group), 0.0, slope)
        single = (writer.emit(f"extractelement {slope}, i64 {k}", slope.kind) for k in range(group.count))
        return [writer.spread(g, writer.lanes) for g in single]

    def _moving(self, given: Lanes, g: Lanes) -> Lanes:
        """What arrives at a word; 0 at one that stays as it is."""
        if self.frozen is None:
            return g
        writer = self.writer
        free = writer.load(self.frozen, given, "i32").same(writer.constant("i32", 0))
        return writer.choose(free, g, 0.0)

    def _descended(self, value: Lanes, gradient: Lanes) -> Lanes:
        ((_, step),) = GradientDescent.assignments
        one = self.writer.constant(value.kind, 1.0, value.width)
        return self.writer.written(step.tree, {Symbol("w"): value, Symbol("g"): gradient, Symbol("eta"): one})

    def _move_input(self, row: Lanes, v: list[Lanes], work: list[Lanes]) -> None:
        writer = self.writer
        if not self.shape.cbow:
            given = self._id(row, 0)
            self._move(self._numbers(self.words, given), given, v, work)
            return
        if self.shape.corrected:
            tree = context_mean.definition.gradients["C"].tree
            count = self._contexts_of(row)
            work = [writer.written(tree, {Symbol("g"): g, _COUNT: count}) for g in work]
        with self._each_context(row) as (given, numbers):
            self._move(numbers, given, self._vectors(numbers), work)

    def _move(self, numbers: Lanes, given: Lanes, values: list[Lanes], work: list[Lanes]) -> None:
        for c, (value, gradient) in enumerate(zip(values, work, strict=True)):
            place = self.writer.whole(c * self.writer.lanes)
            self.writer.store(self._descended(value, self._moving(given, gradient)), numbers, place)


def _truths(writer: PairWriter, values: list[bool]) -> Lanes:
    truths = ", ".join(f"i1 {int(value)}" for value in values)
    return Lanes(writer, f"<{truths}>", "i1", len(values))


def _all(writer: PairWriter, truths: Lanes) -> Lanes:
    bits = writer.emit(f"bitcast {truths} to i{truths.width}", f"i{truths.width}")
    return writer.emit(f"icmp eq {bits}, -1", "i1")
