"""Decimal numbers in text to float32, correctly rounded: compiled for whole lines, and exact for the odd ones.

The compiled reader takes the digits as a whole number and scales it in float64, which is at most 3 units in
the last place off. Where that leaves open to which float32 the number rounds, and wherever a line is not
plain, it stops at the line, which is then read here, exactly.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum, auto
from functools import cache

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.lanes import Lanes, Variable, Writer
from chainrule.engines.machinery import function

__all__ = ["Numbers", "exact_float32", "is_number", "read_plain_lines"]

Numbers = NDArray[np.float32]

POWERS = 10.0 ** np.arange(23)
_NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NEWLINE, _RETURN, _MINUS, _PLUS, _POINT, _E, _ZERO = b"\n\r-+.e0"
# Below this another digit still fits; what comes later is less than the rounding error.
_FULL = 10**17
_LOST_BITS, _MIDPOINT, _UNSURE = 29, 1 << 28, 8
_SMALLEST = 2.0**-126


class Line(IntEnum):
    """The row of a call.

    TEXT, STOP: bytes that end in a newline, and how many; POSITION: where a line begins, and where to go on
    SIZE: D; SEPARATOR: the byte between fields; OUT: (ROOM, D) float32; ROOM, ROWS: how many lines fit, and
    are read; WORDS: (ROOM, 2) int64, where each line's word begins and ends; POWERS: 1, 10, … 10^22
    """

    TEXT = 0
    STOP = auto()
    POSITION = auto()
    SIZE = auto()
    SEPARATOR = auto()
    OUT = auto()
    ROOM = auto()
    ROWS = auto()
    WORDS = auto()
    POWERS = auto()


def is_number(text: bytes) -> bool:
    """Whether a field is a decimal number as files write it.

    >>> is_number(b"-1.5e-3"), is_number(b"nan"), is_number(b"1_0")
    (True, False, False)
    """
    return _NUMBER.fullmatch(text) is not None


def exact_float32(text: bytes) -> np.float32:
    """The float32 nearest to a decimal number, ties to even. Raises ValueError, with a reason.

    >>> exact_float32(b"0.1"), exact_float32(b"1e-50")
    (np.float32(0.1), np.float32(0.0))
    """
    if not is_number(text):
        raise ValueError("is no number")
    near = float(text)
    if math.isinf(near):
        raise ValueError("is too large for float32")
    if near:
        near = _odd(near, Decimal(text.decode()))
    try:
        struct.pack("<f", near)
    except OverflowError:
        raise ValueError("is too large for float32") from None
    return np.float32(near)


def _odd(near: float, exact: Decimal) -> float:
    """The float64 with an odd last bit beside a number that float64 lacks: rounding once more is then right."""
    stored = Decimal(near)
    if stored == exact or struct.unpack("<q", struct.pack("<d", near))[0] & 1:
        return near
    return math.nextafter(near, math.inf if exact > stored else -math.inf)


@cache
def read_lines() -> str:
    """A word and D numbers from every line, until the text ends or a line is not plain."""
    writer = Writer("float32")
    reader = _Reader(writer)
    words, rows = writer.address(Line.WORDS), writer.variable(writer.field(Line.ROWS))
    stop, room = writer.field(Line.STOP), writer.field(Line.ROOM)
    position = writer.variable(writer.field(Line.POSITION))
    plain = reader.plain
    with writer.loop_while(lambda: plain.get() & (position.get() < stop) & (rows.get() < room)):
        start = position.get()
        end = reader.line(start, rows.get())
        with writer.when(plain.get()):
            writer.store(start, words, rows.get() * 2)
            writer.store(end, words, rows.get() * 2 + 1)
            rows.set(rows.get() + 1)
            position.set(reader.place.get())
    for field, variable in ((Line.POSITION, position), (Line.ROWS, rows)):
        writer.store(variable.get(), writer.row, writer.whole(field))
    return writer.text("KERNEL")


class _Reader:
    """plain: whether all has been as it should; place: where the next byte is read."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.text, self.out, self.powers = (writer.address(f) for f in (Line.TEXT, Line.OUT, Line.POWERS))
        self.size, self.separator = writer.field(Line.SIZE), writer.field(Line.SEPARATOR)
        self.plain = writer.variable(writer.constant("i1", 1))
        self.place = writer.variable(writer.whole(0))

    def line(self, start: Lanes, row: Lanes) -> Lanes:
        """One line; returns where its word ends."""
        writer, place = self.writer, self.place
        place.set(start)
        byte = writer.variable(self.byte())
        with writer.loop_while(
            lambda: self.no(byte.get().same(self.separator)) & self.no(byte.get().same(_NEWLINE))
        ):
            place.set(place.get() + 1)
            byte.set(self.byte())
        end = place.get()
        column = writer.variable(writer.whole(0))
        self.expect(byte.get().same(self.separator))
        with writer.loop_while(lambda: self.plain.get() & (column.get() < self.size)):
            self.expect(self.byte().same(self.separator))
            place.set(place.get() + 1)
            self.number(row * self.size + column.get())
            column.set(column.get() + 1)
        self.skip(self.separator)
        self.skip(_RETURN)
        self.expect(self.byte().same(_NEWLINE))
        place.set(place.get() + 1)
        return end

    def number(self, where: Lanes) -> None:
        """One number, stored as entry `where`."""
        writer = self.writer
        negative = self.byte().same(_MINUS)
        with writer.when(negative | self.byte().same(_PLUS)):
            self.place.set(self.place.get() + 1)
        whole, digits, power = (writer.variable(writer.whole(0)) for _ in range(3))
        self.digits(whole, digits, power, lambda fits: writer.choose(fits, writer.whole(0), writer.whole(1)))
        with writer.when(self.byte().same(_POINT)):
            self.place.set(self.place.get() + 1)
            self.digits(
                whole, digits, power, lambda fits: writer.choose(fits, writer.whole(-1), writer.whole(0))
            )
        self.expect(digits.get() > 0)
        with writer.when((self.byte() | 32).same(_E)):
            power.set(power.get() + self.exponent())
        self.expect((power.get() >= -22) & (power.get() <= 22))
        with writer.when(self.plain.get()):
            self.put(whole.get(), power.get(), negative, where)

    def digits(
        self, whole: Variable, digits: Variable, power: Variable, scaled: Callable[[Lanes], Lanes]
    ) -> None:
        writer, byte = self.writer, self.writer.variable(self.byte() - _ZERO)
        with writer.loop_while(lambda: (byte.get() >= 0) & (byte.get() <= 9)):
            now = whole.get()
            fits = now < _FULL
            whole.set(writer.choose(fits, now * 10 + byte.get(), now))
            power.set(power.get() + scaled(fits))
            digits.set(digits.get() + 1)
            self.place.set(self.place.get() + 1)
            byte.set(self.byte() - _ZERO)

    def exponent(self) -> Lanes:
        writer, place = self.writer, self.place
        place.set(place.get() + 1)
        negative = self.byte().same(_MINUS)
        with writer.when(negative | self.byte().same(_PLUS)):
            place.set(place.get() + 1)
        value, first = writer.variable(writer.whole(0)), place.get()
        byte = writer.variable(self.byte() - _ZERO)
        with writer.loop_while(lambda: (byte.get() >= 0) & (byte.get() <= 9) & (value.get() < 1000)):
            value.set(value.get() * 10 + byte.get())
            place.set(place.get() + 1)
            byte.set(self.byte() - _ZERO)
        self.expect(place.get() > first)
        return writer.choose(negative, writer.whole(0) - value.get(), value.get())

    def put(self, whole: Lanes, power: Lanes, negative: Lanes, where: Lanes) -> None:
        writer = self.writer
        digits = writer.cast("sitofp", whole, "double")
        down = power < 0
        scale = writer.load(self.powers, writer.choose(down, writer.whole(0) - power, power), "double")
        value = writer.choose(down, digits / scale, digits * scale)
        self.expect((value >= _SMALLEST) | whole.same(0))
        apart = (value.bits & ((1 << _LOST_BITS) - 1)) - _MIDPOINT
        self.expect((apart > _UNSURE) | (apart < -_UNSURE))
        signed = writer.choose(negative, -value, value)
        writer.store(writer.to_real(signed, "float"), self.out, where)

    def skip(self, byte: Lanes | int) -> None:
        with self.writer.when(self.byte().same(byte)):
            self.place.set(self.place.get() + 1)

    def expect(self, condition: Lanes) -> None:
        self.plain.set(self.plain.get() & condition)

    def no(self, condition: Lanes) -> Lanes:
        return condition ^ self.writer.constant("i1", 1)

    def byte(self) -> Lanes:
        writer = self.writer
        found = writer.emit(f"load i8, {writer.at(self.text, self.place.get(), 'i8')}, align 1", "i8")
        return writer.cast("zext", found, "i64")


def read_plain_lines(
    text: NDArray[np.uint8],
    position: int,
    size: int,
    separator: int,
    out: Numbers,
    words: NDArray[np.int64],
    rows: int,
) -> tuple[int, int]:
    """Read lines from `position` on into `out` and `words` from row `rows` on, as far as they are plain.

    text: bytes, the last of them a newline; out: (N, D); words: (N, 2). Returns where it stopped, and the rows.
    """
    fields = np.array(
        [text.ctypes.data, len(text), position, size, separator, out.ctypes.data, len(out), rows,
         words.ctypes.data, POWERS.ctypes.data], np.int64
    )  # fmt: skip
    function(read_lines())(fields.ctypes.data, 0, 0)
    return int(fields[Line.POSITION]), int(fields[Line.ROWS])
