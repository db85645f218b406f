"""Vectors as binary numbers: word2vec's (a word, a space, D float32), and what Stanford's GloVe writes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule.files.atomic import PathLike, quoted
from chainrule.files.vector_data import InMemory, VectorData, refused, shown
from chainrule.files.vector_stream import Stream, unpacked
from chainrule.files.vector_words import Distinct, decoded

__all__ = ["read_glove_binary", "read_vocabulary", "read_word2vec_binary"]

LONGEST_WORD = 1 << 16
_CHUNK = 1 << 22
_LARGEST_SIZE = 10_000
_COUNTED = re.compile(rb"(.*?)[ \t]+(\d{1,18})[ \t]*\r?")


def read_word2vec_binary(
    stream: Stream, header: tuple[int, int] | None, size: int | None, errors: str
) -> VectorData:
    """header: V and D of its first line, if it has one; size: D, if it has none and the reader knows it.

    Raises ModelFileError, naming the word and the byte.
    """
    if header is None:
        size = size or _found_size(stream)
    else:
        first = stream.peek(256)
        stream.read(first.index(b"\n") + 1)
        size = header[1]
    if size < 1:
        raise refused(stream.where, "its first line says that a vector has no numbers")
    return _Records(stream, header, size, errors).read()


class _Records:
    """The words and their numbers, one after the other."""

    def __init__(self, stream: Stream, header: tuple[int, int] | None, size: int, errors: str) -> None:
        self.stream, self.header, self.size, self.errors = stream, header, size, errors
        self.words = Distinct()
        self.pieces: list[NDArray[np.float32]] = []
        self.offset = len(b"%d %d\n" % header) if header else 0

    def read(self) -> VectorData:
        left = b""
        while read := self.stream.read(max(_CHUNK, 8 * self.size)):
            left = self._take(left + read)
        left = left.lstrip(b"\n") if self._complete() else left
        self._check_end(left)
        numbers = np.concatenate(self.pieces) if self.pieces else np.empty((0, self.size), np.float32)
        if not len(numbers):
            raise refused(self.stream.where, "it holds no vectors")
        if self.words.repeated:
            numbers = np.delete(numbers, self.words.repeated, axis=0)
        return VectorData(
            words=self.words.words, matrix=InMemory(numbers), format="word2vec-binary", notes=self.words.notes
        )

    def _complete(self) -> bool:
        return self.header is None or self.words.rows >= self.header[0]

    def _take(self, chunk: bytes) -> bytes:
        """The whole records of a chunk; returns what is left of it."""
        words: list[str] = []
        starts: list[int] = []
        position, nbytes = 0, 4 * self.size
        room = None if self.header is None else self.header[0] - self.words.rows
        while room is None or len(words) < room:
            space = chunk.find(b" ", position, position + LONGEST_WORD)
            if space < 0 or space + 1 + nbytes > len(chunk):
                break
            # word2vec ends every vector with a newline, gensim none.
            begin = position + (chunk[position : position + 1] == b"\n")
            words.append(self._word(chunk[begin:space], begin))
            starts.append(space + 1)
            position = space + 1 + nbytes
        if position == 0 and len(chunk) >= LONGEST_WORD + nbytes and not self._done(room):
            self._check_end(chunk)
        if words:
            self.words.add(words)
            self._keep(chunk, starts, words)
            self.offset += position
        return chunk[position:]

    def _done(self, room: int | None) -> bool:
        return room is not None and room <= 0

    def _word(self, word: bytes, begin: int) -> str:
        told = f"word {self.words.rows + 1:,} or later (byte {self.offset + begin:,})"
        if b"\n" in word:
            what = f"{told}: {shown(word)} holds a line end, so its numbers are not {self.size:,}"
            raise refused(self.stream.where, what)
        return decoded(word, self.stream.where, told, self.errors)

    def _keep(self, chunk: bytes, starts: list[int], words: list[str]) -> None:
        numbers = np.empty((len(starts), self.size), np.float32)
        for row, start in enumerate(starts):
            numbers[row] = np.frombuffer(chunk, "<f4", self.size, start)
        bad = np.argwhere(~np.isfinite(numbers))
        if len(bad):
            row, column = bad[0].tolist()
            value = numbers[row, column]
            what = (
                f"number {column + 1:,} of {shown(words[row])} (byte {self.offset + starts[row] + 4 * column:,}) "
                f"is {value}, no finite number"
            )
            raise refused(self.stream.where, what)
        self.pieces.append(numbers)

    def _check_end(self, left: bytes) -> None:
        found = self.words.rows
        if self.header is None:
            if left.strip(b"\n"):
                raise refused(self.stream.where, f"it ends within word {found + 1:,} (byte {self.offset:,})")
        elif found < self.header[0]:
            what = (
                f"its first line promises {self.header[0]:,} words of {self.size:,} numbers and it ends "
                f"within word {found + 1:,} (byte {self.offset:,})"
            )
            raise refused(self.stream.where, what)
        elif left:
            what = f"its first line promises {found:,} words and more follows (byte {self.offset:,})"
            raise refused(self.stream.where, what)


def _found_size(stream: Stream) -> int:
    """D of a file that does not say it: the least with which its first words follow one another."""
    start = stream.peek(1 << 20)
    found = next((size for size in range(1, _LARGEST_SIZE) if _fits(start, size)), None)
    if found is None:
        what = "it has no line that says how many numbers a vector has"
        raise refused(stream.where, what, "give the size, or a file with such a line")
    return found


def _fits(start: bytes, size: int) -> bool:
    position = seen = 0
    while seen < 20 and position < len(start):
        space = start.find(b" ", position, position + 200)
        if space < 0:
            return start[position:].strip(b"\n") == b"" and seen > 0
        word = start[position:space].removeprefix(b"\n")
        if not _like_a_word(word):
            return False
        numbers = np.frombuffer(start[space + 1 : space + 1 + 4 * size][: 4 * size], np.uint8)
        if len(numbers) < 4 * size:
            return seen > 0 and len(start) == 1 << 20
        if not np.isfinite(numbers.view("<f4")).all():
            return False
        position, seen = space + 1 + 4 * size, seen + 1
    return seen > 0


def _like_a_word(word: bytes) -> bool:
    try:
        return word.decode().isprintable() and bool(word)
    except UnicodeDecodeError:
        return False


def read_glove_binary(path: PathLike, vocabulary: PathLike, errors: str) -> VectorData:
    """Stanford's binary file: float64 without any words, for each its vector and its bias, then the contexts.

    vocabulary: the file of words, one on each line with its count. Raises ModelFileError.
    """
    words, counts = read_vocabulary(vocabulary, errors)
    where = quoted(path)
    with unpacked(path) as stream:
        pieces = []
        while read := stream.read(1 << 24):
            pieces.append(read)
        content = b"".join(pieces)
    per_word, left = divmod(len(content), 8 * 2 * len(words))
    if left or per_word < 2:
        what = (
            f"its {len(content):,} bytes are not vectors of float64 for the {len(words):,} words of "
            f"{quoted(vocabulary)}"
        )
        raise refused(where, what, "give the vocabulary that it was trained with")
    tables = np.frombuffer(content, "<f8").reshape(2, len(words), per_word)
    if not np.isfinite(tables).all():
        row = int(np.argwhere(~np.isfinite(tables))[0][1])
        raise refused(
            where, f"the vector of {shown(words[row])} has numbers that are not finite", "train again"
        )
    return VectorData(
        words=words, matrix=InMemory(tables[0, :, :-1]), contexts=InMemory(tables[1, :, :-1]), counts=counts,
        word_bias=tables[0, :, -1], context_bias=tables[1, :, -1], use="sum", format="glove-binary",
    )  # fmt: skip


def read_vocabulary(path: PathLike, errors: str = "error") -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The words of a file with a word and its count on each line, and the counts. Raises ModelFileError."""
    where, distinct, counts, offset = quoted(path), Distinct(), [], 0
    with unpacked(Path(path)) as stream:
        content = b"".join(iter(lambda: stream.read(1 << 22), b""))
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        found = _COUNTED.fullmatch(line)
        told = f"line {number:,} (byte {offset:,})"
        if found is None:
            raise refused(where, f"{told} is no word with its count", "give the file that vocab_count wrote")
        distinct.add([decoded(found[1], where, told, errors)])
        if distinct.repeated:
            raise refused(where, f"{told}: the word {shown(found[1])} stands there twice")
        counts.append(int(found[2]))
        offset += len(line) + 1
    return distinct.words, np.array(counts, np.int64)
