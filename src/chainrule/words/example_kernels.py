"""Compiled drawing of examples from a corpus: which words are kept, how far the window reaches, noise words.

Nothing is stored between draws: each is a hash of the epoch's key and of the place in the corpus, so that any
stretch of the corpus gives the same examples whoever draws them, and whenever.
"""

from __future__ import annotations

from enum import IntEnum, auto
from functools import cache

from chainrule.engines.lanes import Lanes
from chainrule.formulas.hashing import GOLDEN
from chainrule.words.kernels import PairWriter, mixed, whole, word
from chainrule.words.word_kernels import BORDER

__all__ = ["Draw", "drawing"]


class Draw(IntEnum):
    """The row of a call.

    IDS:                the corpus, int32, with a border at its beginning, its end and between documents
    FIRST, STOP:        the places that are centres
    KEPT, PLACES:       room for the words that are kept, int32, and for their places, int64
    KEEP:               (V,) uint32: a word is kept where what is drawn is not above
    ACCEPT, ALIAS:      (V,) uint32 and int32: the noise as Walker's alias table
    WORDS:              V
    KEEP_KEY, WINDOW_KEY, NOISE_KEY: where the counters of the three kinds of draws start
    WINDOW, NEGATIVES:  the longest reach, and how many noise words an example has
    EXAMPLES:           (n, 2 + NEGATIVES) int32: the input, the word to be found, the noise. The input is a
                        word, or, for CBOW, where its contexts begin in INPUTS; they end where the next begin
    INPUTS:             the contexts, int32; CBOW only
    FILLED:             (1,) int64: how many examples were made
    """

    IDS = 0
    FIRST = auto()
    STOP = auto()
    KEPT = auto()
    PLACES = auto()
    KEEP = auto()
    ACCEPT = auto()
    ALIAS = auto()
    WORDS = auto()
    KEEP_KEY = auto()
    WINDOW_KEY = auto()
    NOISE_KEY = auto()
    WINDOW = auto()
    NEGATIVES = auto()
    EXAMPLES = auto()
    INPUTS = auto()
    FILLED = auto()


@cache
def drawing(cbow: bool) -> str:
    """The examples of a stretch of the corpus."""
    return _Drawing(cbow).text()


class _Drawing:
    def __init__(self, cbow: bool) -> None:
        self.writer = writer = PairWriter("float32")
        self.cbow = cbow
        pointers = (Draw.IDS, Draw.KEPT, Draw.PLACES, Draw.KEEP, Draw.ACCEPT, Draw.ALIAS, Draw.EXAMPLES)
        self.ids, self.kept, self.places, self.keep, self.accept, self.alias, self.examples = (
            writer.address(field) for field in pointers
        )
        self.inputs = writer.address(Draw.INPUTS) if cbow else None
        self.window, self.negatives = writer.field(Draw.WINDOW), writer.field(Draw.NEGATIVES)
        self.border = writer.whole(BORDER)
        # Places of examples, of inputs, and of the words kept, that come next.
        self.filled, self.taken, self.length = (writer.variable(writer.whole(k)) for k in (0, 0, 1))

    def text(self) -> str:
        writer = self.writer
        first, stop = writer.field(Draw.FIRST), writer.field(Draw.STOP)
        self._put(self.border, writer.whole(0), first)
        self._pick(self._begin(first), stop)
        self._put(self.border, self.length.get(), stop)
        with writer.loop(writer.whole(1), self.length.get()) as index:
            place, centre = writer.load(self.places, index, "i64"), self._kept(index)
            with writer.when((place >= first) & (place < stop) & (centre >= 0)):
                self._centre(index, place, centre)
        if self.cbow:
            self._write(self.filled.get(), 0, self.taken.get())
        writer.store(self.filled.get(), writer.address(Draw.FILLED), writer.whole(0))
        return writer.text("KERNEL")

    # --- which words are kept -----------------------------------------------------------------------

    def _begin(self, first: Lanes) -> Lanes:
        """Back to where a whole window of words before the first place is kept, or its document begins."""
        writer = self.writer
        at, found = writer.variable(first), writer.variable(writer.whole(0))

        def further() -> Lanes:
            return (found.get() < self.window) & (self._id(at.get() + -1) >= 0)

        with writer.loop_while(further):
            at.set(at.get() + -1)
            found.set(found.get() + self._is_kept(at.get(), self._id(at.get())))
        return at.get()

    def _pick(self, begin: Lanes, stop: Lanes) -> None:
        """Words that are kept, and borders, until a whole window of them lies after the last place."""
        writer = self.writer
        at, after = writer.variable(begin), writer.variable(writer.whole(0))

        def further() -> Lanes:
            # Beyond the last place a border ends the search; there is one at the corpus's end.
            return (at.get() < stop) | ((after.get() < self.window) & (self._id(at.get()) >= 0))

        with writer.loop_while(further):
            place = at.get()
            given = self._id(place)
            self._put(given, self.length.get(), place)
            # A border's draw reads the first word's entry, and is not used.
            kept = self._is_kept(place, writer.choose(given >= 0, given, writer.whole(0)))
            kept = writer.choose(given >= 0, kept, writer.whole(1))
            self.length.set(self.length.get() + kept)
            after.set(after.get() + writer.choose(place >= stop, kept, writer.whole(0)))
            at.set(place + 1)

    def _is_kept(self, place: Lanes, given: Lanes) -> Lanes:
        """1 or 0."""
        writer = self.writer
        truth = (self._drawn(Draw.KEEP_KEY, place) >> 32) <= whole(writer, self.keep, given)
        return writer.choose(truth, writer.whole(1), writer.whole(0))

    def _put(self, given: Lanes, index: Lanes, place: Lanes) -> None:
        writer = self.writer
        writer.store(writer.cast("trunc", given, "i32"), self.kept, index)
        writer.store(place, self.places, index)

    # --- examples -----------------------------------------------------------------------------------

    def _centre(self, index: Lanes, place: Lanes, centre: Lanes) -> None:
        """The examples around one word; the reach is uniform on 1 … window."""
        writer = self.writer
        reach = ((self._drawn(Draw.WINDOW_KEY, place) >> 32) * self.window >> 32) + 1
        low, high = self._edge(index, reach, -1), self._edge(index, reach, 1)
        self.counter = writer.variable(place * (self.window + self.window) * self.negatives)
        if not self.cbow:
            for begin, end in ((low, index), (index + 1, high + 1)):
                with writer.loop(begin, end) as at:
                    self._example(self._kept(at), centre)
            return
        with writer.when(low < high):
            self._example(self.taken.get(), centre)
            for begin, end in ((low, index), (index + 1, high + 1)):
                with writer.loop(begin, end) as at:
                    place = self.taken.get()
                    writer.store(writer.load(self.kept, at, "i32"), self._inputs, place)
                    self.taken.set(place + 1)

    @property
    def _inputs(self) -> Lanes:
        assert self.inputs is not None
        return self.inputs

    def _edge(self, index: Lanes, reach: Lanes, step: int) -> Lanes:
        """The last place of the window on one side."""
        writer = self.writer
        at, left = writer.variable(index), writer.variable(reach)
        with writer.loop_while(lambda: (left.get() > 0) & (self._kept(at.get() + step) >= 0)):
            at.set(at.get() + step)
            left.set(left.get() + -1)
        return at.get()

    def _example(self, given: Lanes, centre: Lanes) -> None:
        writer = self.writer
        row = self.filled.get()
        self._write(row, 0, given)
        self._write(row, 1, centre)
        with writer.loop(writer.whole(0), self.negatives) as k:
            bits = self._drawn(Draw.NOISE_KEY, self.counter.get())
            self.counter.set(self.counter.get() + 1)
            self._write(row, 2, self._noise(bits), k)
        self.filled.set(row + 1)

    def _noise(self, bits: Lanes) -> Lanes:
        """Half of the bits choose a column of the alias table, the others between its two words."""
        writer = self.writer
        column = (bits >> 32) * writer.field(Draw.WORDS) >> 32
        own = (bits & 0xFFFFFFFF) <= whole(writer, self.accept, column)
        return writer.choose(own, column, whole(writer, self.alias, column))

    def _write(self, row: Lanes, column: int, value: Lanes, further: Lanes | None = None) -> None:
        writer = self.writer
        place = row * (self.negatives + 2) + column
        place = place if further is None else place + further
        writer.store(writer.cast("trunc", value, "i32"), self.examples, place)

    def _drawn(self, key: Draw, counter: Lanes) -> Lanes:
        """64 bits; see `chainrule.formulas.hashing.hashed_uniform`."""
        writer = self.writer
        return mixed(writer.field(key) + counter * word(writer, GOLDEN))

    def _id(self, place: Lanes) -> Lanes:
        return self.writer.cast("sext", self.writer.load(self.ids, place, "i32"), "i64")

    def _kept(self, index: Lanes) -> Lanes:
        return self.writer.cast("sext", self.writer.load(self.kept, index, "i32"), "i64")
