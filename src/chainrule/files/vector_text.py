"""Vectors as text: a word and its numbers on each line, as GloVe writes it, or after a line "V D", word2vec's.

A word may hold spaces, as some of GloVe's do: the last D fields of a line are its numbers. It may be empty.
"""

from __future__ import annotations

import os
import re
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.vector_data import InMemory, VectorData, refused, shown
from chainrule.files.vector_numbers import Numbers, exact_float32, is_number, read_plain_lines
from chainrule.files.vector_stream import Stream
from chainrule.files.vector_words import Distinct, decoded

__all__ = ["Shape", "header_of", "read_text", "shape_of"]

BLOCK = 1 << 22
_HEADER = re.compile(rb"(\d{1,15})[ \t](\d{1,15})[ \t]*\r?\n?")
_SHORTEST = 2  # bytes that a number takes at least, with what separates it


@dataclass(frozen=True)
class Shape:
    """header: V and D of the first line, if it says so; size: D; separator: the byte between fields."""

    header: tuple[int, int] | None
    size: int
    separator: bytes


def shape_of(lines: list[bytes]) -> Shape | None:
    """The shape of a text that begins with these lines, or None where they are no text of vectors."""
    separator = b"\t" if b"\t" in lines[0] and b" " not in lines[0].strip() else b" "
    header = header_of(lines[0])
    body = [line for line in lines[1 if header else 0 :] if line.strip()]
    if header is not None and not body:
        return Shape(header, header[1], separator)
    if header is not None and b"\t" in body[0] and b" " not in body[0]:
        separator = b"\t"
    sizes = [_numbers_at_end(_fields(line, separator)) for line in body]
    likely = Counter(size for size in sizes if size)
    if not likely:
        return None
    size = max(likely, key=lambda each: (likely[each], each))
    if header is not None and sizes[0] == 1 and header[1] != 1:
        # Two whole numbers on every line: words that are numbers, each with one coordinate.
        return Shape(None, 1, separator)
    return Shape(header, header[1] if header else size, separator)


def header_of(line: bytes) -> tuple[int, int] | None:
    """V and D, where a line says them and nothing else."""
    found = _HEADER.fullmatch(line)
    return (int(found[1]), int(found[2])) if found else None


def _fields(line: bytes, separator: bytes) -> list[bytes]:
    return line.rstrip(b"\r\n").removesuffix(separator).split(separator)


def _numbers_at_end(fields: list[bytes]) -> int:
    count = 0
    for field in reversed(fields[1:]):
        if not is_number(field):
            break
        count += 1
    return count


def read_text(stream: Stream, shape: Shape, errors: str) -> VectorData:
    """All vectors of a text. Raises ModelFileError, naming line and byte."""
    if shape.header is not None and shape.size < 1:
        raise refused(stream.where, "its first line says that a vector has no numbers")
    words, kept = Distinct(), _Growing(shape.size)
    blank = ""
    for block in _in_order(_blocks(stream, shape), shape, stream.where, errors):
        if blank and block.words:
            raise _empty_line(stream.where, blank)
        blank = blank or block.blank
        words.add(block.words)
        kept.add(block.numbers)
    _check_count(stream.where, shape, words.rows)
    return VectorData(
        words=words.words,
        matrix=InMemory(kept.taken(words.repeated)),
        format="glove" if shape.header is None else "word2vec",
        notes=words.notes,
    )


def _check_count(where: str, shape: Shape, rows: int) -> None:
    if shape.header is not None and rows != shape.header[0]:
        raise refused(where, f"its first line promises {shape.header[0]:,} words and it holds {rows:,}")
    if not rows:
        raise refused(where, "it holds no vectors")


@dataclass(frozen=True)
class _Block:
    """Whole lines, and the number and the byte of the first."""

    text: bytes
    line: int
    offset: int


@dataclass(frozen=True)
class _Read:
    """blank: where an empty line begins after which nothing more stands in the block."""

    words: list[str]
    numbers: Numbers
    blank: str = ""


def _blocks(stream: Stream, shape: Shape) -> Iterator[_Block]:
    line = offset = 0
    carried: list[bytes] = []
    if shape.header is not None:
        first = _first_line(stream)
        line, offset = 1, len(first)
    while read := stream.read(BLOCK):
        cut = read.rfind(b"\n") + 1
        if not cut:
            carried.append(read)
            continue
        text = b"".join([*carried, read[:cut]])
        carried = [read[cut:]]
        yield _Block(text, line, offset)
        line += text.count(b"\n")
        offset += len(text)
    yield _Block(b"".join(carried), line, offset)


def _first_line(stream: Stream) -> bytes:
    first = stream.peek(256)
    return stream.read(first.index(b"\n") + 1 if b"\n" in first else len(first))


def _in_order(blocks: Iterator[_Block], shape: Shape, where: str, errors: str) -> Iterator[_Read]:
    """The blocks read by several threads: the compiled reader runs without Python's lock."""
    workers = min(
        8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    waiting: deque[Future[_Read]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for block in blocks:
                waiting.append(pool.submit(_read_block, block, shape, where, errors))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _read_block(block: _Block, shape: Shape, where: str, errors: str) -> _Read:
    if not block.text:
        return _Read([], np.empty((0, shape.size), np.float32))
    whole = block.text if block.text.endswith(b"\n") else block.text + b"\n"
    text = np.frombuffer(whole, np.uint8)
    # A line without room for its numbers is never a row, whatever the first line says.
    room = min(whole.count(b"\n"), len(whole) // (_SHORTEST * shape.size + 1))
    numbers = np.empty((room, shape.size), np.float32)
    places = np.empty((room, 2), np.int64)
    rows = position = 0
    while position < len(whole):
        if rows < room:
            position, rows = read_plain_lines(
                text, position, shape.size, shape.separator[0], numbers, places, rows
            )
        if position < len(whole):
            end = whole.index(b"\n", position) + 1
            line, told = whole[position:end], _told(block, position)
            if not line.strip():
                if whole[end:].strip():
                    raise _empty_line(where, told)
                return _Read(_words(block, whole, places[:rows], where, errors), numbers[:rows], told)
            start, stop = _OddLine(line, shape, where, told).read(numbers[rows : rows + 1])
            places[rows] = position + start, position + stop
            rows += 1
            position = end
    return _Read(_words(block, whole, places[:rows], where, errors), numbers[:rows])


def _empty_line(where: str, told: str) -> ModelFileError:
    return refused(where, f"{told} is empty", "remove the line, or make the file again")


def _words(block: _Block, whole: bytes, places: NDArray[np.int64], where: str, errors: str) -> list[str]:
    try:
        return [whole[start:end].decode() for start, end in places.tolist()]
    except UnicodeDecodeError:
        pass
    return [decoded(whole[start:end], where, _told(block, start), errors) for start, end in places.tolist()]


def _told(block: _Block, position: int) -> str:
    line = block.line + block.text.count(b"\n", 0, position) + 1
    return f"line {line:,} (byte {block.offset + position:,})"


@dataclass(frozen=True)
class _OddLine:
    """A line that the compiled reader left: unusual, or wrong."""

    line: bytes
    shape: Shape
    where: str
    told: str

    def read(self, out: Numbers) -> tuple[int, int]:
        """Read its numbers; returns where its word begins and ends, without spaces around it."""
        size, told = self.shape.size, self.told
        body = self.line.rstrip(b"\r\n").removesuffix(self.shape.separator)
        fields = body.rsplit(self.shape.separator, size)
        if len(fields) <= size or not all(map(is_number, fields[1:])):
            raise refused(self.where, f"{told} {self._wrong(fields)}")
        for column, field in enumerate(fields[1:]):
            try:
                out[0, column] = exact_float32(field)
            except ValueError as error:
                what = f"{told}: number {column + 1} of {shown(fields[0])}, {shown(field)}, {error}"
                raise refused(self.where, what) from None
        word = fields[0].rstrip(self.shape.separator)
        return len(word) - len(word.lstrip(self.shape.separator)), len(word)

    def _wrong(self, fields: list[bytes]) -> str:
        size = self.shape.size
        all_fields = _fields(self.line, self.shape.separator)
        bad = [field for field in all_fields[1:] if not is_number(field)]
        word = shown(all_fields[0])
        if len(all_fields) - 1 == size and bad:
            column = all_fields.index(bad[0], 1)
            what = (
                "is no finite number"
                if bad[0].lower().lstrip(b"+-") in (b"nan", b"inf", b"infinity")
                else "is no number"
            )
            return f"has {shown(bad[0])} as number {column} of {word}, which {what}"
        source = "its first line says" if self.shape.header else "other lines have"
        return f"has {_numbers_at_end(all_fields):,} numbers after {word} where {source} {size:,}"


class _Growing:
    """Rows that come in pieces, in memory that grows with them."""

    def __init__(self, size: int) -> None:
        self.rows = 0
        self.array: Numbers = np.empty((0, size), np.float32)

    def add(self, piece: Numbers) -> None:
        needed = self.rows + len(piece)
        if needed > len(self.array):
            self._resize(max(needed, len(self.array) * 5 // 4))
        self.array[self.rows : needed] = piece
        self.rows = needed

    def taken(self, without: list[int]) -> Numbers:
        """All rows but some."""
        self._resize(self.rows)
        return np.delete(self.array, without, axis=0) if without else self.array

    def _resize(self, rows: int) -> None:
        # In place: a large piece of memory is moved by the system, not copied.
        self.array.resize((rows, self.array.shape[1]), refcheck=False)
