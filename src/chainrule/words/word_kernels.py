"""Compiled reading of plain text: every word gets the number of its first appearance, through a hash table."""

from __future__ import annotations

from enum import IntEnum, auto
from functools import cache

from chainrule.engines.lanes import Lanes, Writer

__all__ = ["BORDER", "MARK", "Read", "read_words", "rehash"]

BORDER = -1
# Stands in the text where something is that is no word and no space, so that its line is not blank.
MARK = 1
_NEWLINE, _SPACE = 10, 32
_MULTIPLIER = 0x100000001B3  # the prime of FNV-1a, 64 bits


class Read(IntEnum):
    """TEXT: bytes, the last of them a space; POSITION: where to go on; NEWLINES: since the last word or mark
    NEEDED: so many newlines end a document; IDS: room for every word and border; FILLED: how many are written
    SLOTS: (2^k,) int32, 1 + the number of a word or 0; MASK: 2^k − 1
    HASHES (uint64), STARTS (int64), COUNTS (int64): of each word; BYTES: all words one after the other
    WORDS, WORD_ROOM, USED, BYTE_ROOM: how many words and bytes there are, and may be
    """

    TEXT = 0
    LENGTH = auto()
    POSITION = auto()
    NEWLINES = auto()
    NEEDED = auto()
    IDS = auto()
    FILLED = auto()
    SLOTS = auto()
    MASK = auto()
    HASHES = auto()
    STARTS = auto()
    COUNTS = auto()
    BYTES = auto()
    WORDS = auto()
    WORD_ROOM = auto()
    USED = auto()
    BYTE_ROOM = auto()
    SIZE = auto()


@cache
def read_words() -> str:
    """Words and borders to numbers, until the text ends or the table has no room for the next word."""
    writer = Writer("float64")
    table = _Table(writer)
    text, length, needed = writer.address(Read.TEXT), writer.field(Read.LENGTH), writer.field(Read.NEEDED)
    ids = writer.address(Read.IDS)
    position, newlines, filled = (
        writer.variable(writer.field(p)) for p in (Read.POSITION, Read.NEWLINES, Read.FILLED)
    )
    going = writer.variable(writer.constant("i1", 1))

    def put(number: Lanes) -> None:
        writer.store(writer.cast("trunc", number, "i32"), ids, filled.get())
        filled.set(filled.get() + 1)

    def border() -> None:
        with writer.when(newlines.get() >= needed):
            put(writer.whole(BORDER))
        newlines.set(writer.whole(0))

    with writer.loop_while(lambda: going.get() & (position.get() < length)):
        start = position.get()
        byte = _byte(writer, text, start)
        with writer.when(byte <= _SPACE):
            with writer.when(byte.same(_NEWLINE)):
                newlines.set(newlines.get() + 1)
            with writer.when(byte.same(MARK)):
                border()
            position.set(start + 1)
        with writer.when(byte > _SPACE):
            stop, hashed = _scan(writer, text, start, byte)
            found = writer.variable(table.find(text, start, stop, hashed))
            with writer.when(found.get() < 0):
                found.set(table.add(text, start, stop, hashed))
            number = found.get()
            going.set(number >= 0)
            with writer.when(number >= 0):
                border()
                put(number)
                writer.store(writer.load(table.counts, number, "i64") + 1, table.counts, number)
                position.set(stop)
    for place, variable in ((Read.POSITION, position), (Read.NEWLINES, newlines), (Read.FILLED, filled)):
        writer.store(variable.get(), writer.row, writer.whole(place))
    return writer.text("KERNEL")


@cache
def rehash() -> str:
    """All words entered anew into a larger table, which is empty."""
    writer = Writer("float64")
    table = _Table(writer)
    with writer.loop(writer.whole(0), writer.field(Read.WORDS)) as word:
        table.enter(word, writer.load(table.hashes, word, "i64"))
    return writer.text("KERNEL")


class _Table:
    """The words so far, found by their hashes, the next free slot where two have the same."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.mask = writer.field(Read.MASK)
        self.slots, self.hashes, self.starts, self.counts, self.bytes = (
            writer.address(p) for p in (Read.SLOTS, Read.HASHES, Read.STARTS, Read.COUNTS, Read.BYTES)
        )

    def find(self, text: Lanes, start: Lanes, stop: Lanes, hashed: Lanes) -> Lanes:
        """The number of the word that stands from `start` to `stop`, or −1."""
        writer = self.writer
        slot = writer.variable(hashed & self.mask)
        word = writer.variable(self._at(slot.get()))
        looking = writer.variable(word.get() >= 0)
        with writer.loop_while(looking.get):
            now = word.get()
            same = writer.variable(writer.load(self.hashes, now, "i64").same(hashed))
            with writer.when(same.get()):
                same.set(self._is(now, text, start, stop))
            looking.set(same.get() ^ writer.constant("i1", 1))
            with writer.when(looking.get()):
                slot.set((slot.get() + 1) & self.mask)
                word.set(self._at(slot.get()))
                looking.set(word.get() >= 0)
        return word.get()

    def add(self, text: Lanes, start: Lanes, stop: Lanes, hashed: Lanes) -> Lanes:
        """The number of a new word, or −1 where there is no room for it."""
        writer = self.writer
        words, used = writer.field(Read.WORDS), writer.field(Read.USED)
        after = used + (stop - start)
        made = writer.variable(writer.whole(-1))
        roomy = (words < writer.field(Read.WORD_ROOM)) & (after <= writer.field(Read.BYTE_ROOM))
        with writer.when(roomy):
            with writer.loop(start, stop) as k:
                byte = writer.emit(f"load i8, {writer.at(text, k, 'i8')}, align 1", "i8")
                writer.do(f"store {byte}, {writer.at(self.bytes, used + (k - start), 'i8')}, align 1")
            writer.store(hashed, self.hashes, words)
            writer.store(after, self.starts, words + 1)
            writer.store(words + 1, writer.row, writer.whole(Read.WORDS))
            writer.store(after, writer.row, writer.whole(Read.USED))
            self.enter(words, hashed)
            made.set(words)
        return made.get()

    def enter(self, word: Lanes, hashed: Lanes) -> None:
        """Take the first free slot."""
        writer = self.writer
        slot = writer.variable(hashed & self.mask)
        with writer.loop_while(lambda: self._at(slot.get()) >= 0):
            slot.set((slot.get() + 1) & self.mask)
        writer.store(writer.cast("trunc", word + 1, "i32"), self.slots, slot.get())

    def _at(self, slot: Lanes) -> Lanes:
        writer = self.writer
        return writer.cast("sext", writer.load(self.slots, slot, "i32"), "i64") - 1

    def _is(self, word: Lanes, text: Lanes, start: Lanes, stop: Lanes) -> Lanes:
        writer = self.writer
        first = writer.load(self.starts, word, "i64")
        length = writer.load(self.starts, word + 1, "i64") - first
        k = writer.variable(writer.whole(0))
        same = writer.variable(length.same(stop - start))
        with writer.loop_while(lambda: same.get() & (k.get() < length)):
            same.set(_byte(writer, self.bytes, first + k.get()).same(_byte(writer, text, start + k.get())))
            k.set(k.get() + 1)
        return same.get()


def _scan(writer: Writer, text: Lanes, start: Lanes, first: Lanes) -> tuple[Lanes, Lanes]:
    """Where the word that begins here ends, and its hash."""
    position, byte = writer.variable(start), writer.variable(first)
    hashed = writer.variable(writer.whole(0xCBF29CE484222325 - (1 << 64)))
    with writer.loop_while(lambda: byte.get() > _SPACE):
        hashed.set((hashed.get() ^ byte.get()) * writer.whole(_MULTIPLIER))
        position.set(position.get() + 1)
        byte.set(_byte(writer, text, position.get()))
    value = hashed.get()
    return position.get(), value ^ (value >> 32)


def _byte(writer: Writer, text: Lanes, index: Lanes) -> Lanes:
    byte = writer.emit(f"load i8, {writer.at(text, index, 'i8')}, align 1", "i8")
    return writer.cast("zext", byte, "i64")
