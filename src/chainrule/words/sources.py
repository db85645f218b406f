"""Where text comes from, unpacked, checked to be UTF-8, and cut into pieces that end in white space."""

from __future__ import annotations

import codecs
import gzip
import lzma
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from chainrule.errors import InvalidInput
from chainrule.files.atomic import checked_path, quoted

__all__ = ["ERRORS", "FileSource", "MemorySource", "Source", "TableSource", "sources_of"]

ERRORS = ("error", "replace", "skip")
PIECE = 1 << 19
# A text without white space for longer than this holds no words that could be counted.
LONGEST = 1 << 20
_BROKEN = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError)


class Source(Protocol):
    """name: for messages; size: its bytes, None where not known."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int | None: ...

    def pieces(self, errors: str, separator: str) -> Iterator[tuple[bytes, int]]:
        """Pieces of proper UTF-8 that end in white space, each with the bytes read so far."""


def sources_of(path: str | os.PathLike[str]) -> list[Source]:
    """The sources that a path stands for: standard input, a file, or all files of a folder, by name."""
    checked_path(path)
    if os.fspath(path) == "-":
        return [StandardInput()]
    if not os.fspath(path):
        raise InvalidInput("a file name is empty: name a file, a folder, or - for standard input")
    place = Path(path)
    try:
        there = place.exists()
    except (OSError, ValueError):
        there = False
    if not there:
        raise InvalidInput(f"there is no file {quoted(path)}: check its name and folder")
    if not place.is_dir():
        return [FileSource(place)]
    within = sorted(p for p in place.rglob("*") if not _hidden(p.relative_to(place)) and p.is_file())
    if not within:
        raise InvalidInput(f"the folder {quoted(path)} holds no files: name one that does")
    return [FileSource(file) for file in within]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


class FileSource:
    """A file, plain, gzip or xz by its first bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = os.fspath(path)
        if not path.is_file():
            raise InvalidInput(
                f"{quoted(path)} is not an ordinary file: save the text to a file, or give it as standard input"
            )

    @property
    def size(self) -> int | None:
        try:
            return self.path.stat().st_size
        except OSError:
            return None  # reading it will say why

    def pieces(self, errors: str, separator: str) -> Iterator[tuple[bytes, int]]:
        try:
            with ExitStack() as stack:
                raw = stack.enter_context(self.path.open("rb"))
                start = raw.read(6)
                raw.seek(0)
                stream: BinaryIO = raw
                if start[:2] == b"\x1f\x8b":
                    stream = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=raw)))
                elif start == b"\xfd7zXZ\0":
                    stream = cast(BinaryIO, stack.enter_context(lzma.LZMAFile(raw)))
                for piece in checked_pieces(stream, quoted(self.name), errors):
                    yield piece, raw.tell()
        except _BROKEN as error:
            raise InvalidInput(
                f"{quoted(self.name)} is cut off or damaged and cannot be unpacked to its end: copy it again"
            ) from error
        except OSError as error:
            reason = (error.strerror or "the system refused").lower()
            raise InvalidInput(f"cannot read {quoted(self.name)}: {reason}: check the file") from error


class StandardInput:
    """What comes in by the pipe; it can be read once."""

    name, size = "standard input", None

    def pieces(self, errors: str, separator: str) -> Iterator[tuple[bytes, int]]:
        read = 0
        for piece in checked_pieces(sys.stdin.buffer, self.name, errors):
            read += len(piece)
            yield piece, read


class MemorySource:
    """Documents in memory."""

    def __init__(self, texts: Sequence[str | None], name: str) -> None:
        self.texts, self.name = texts, name

    @property
    def size(self) -> int | None:
        return len(self.texts)

    def pieces(self, errors: str, separator: str) -> Iterator[tuple[bytes, int]]:
        end = b"\n" if separator == "lines" else b"\n\n"
        for done, text in enumerate(self.texts, 1):
            if text is not None and not isinstance(text, str):
                raise InvalidInput(f"text {done} of {self.name} is a {type(text).__name__}: give text")
            line = " ".join((text or "").split("\n")).replace("\r", " ").replace("\0", " ")
            yield line.encode("utf-8", "replace") + end, done


class TableSource:
    """A column of a table; each row is a document."""

    def __init__(self, path: str | os.PathLike[str], column: str) -> None:
        from chainrule.learning.sources import open_table

        self._table = open_table(path)
        self._column = self._table.resolve(column)
        self.name = f"{self._table.source}, column {self._column}"

    @property
    def size(self) -> int | None:
        return self._table.rows

    def pieces(self, errors: str, separator: str) -> Iterator[tuple[bytes, int]]:
        return MemorySource(self._table.texts(self._column).tolist(), self.name).pieces(errors, separator)


def checked_pieces(stream: BinaryIO, name: str, errors: str) -> Iterator[bytes]:
    """Proper UTF-8 with line ends of one kind, in pieces that end in white space."""
    carried, offset = b"", 0
    while read := stream.read(PIECE):
        if offset == 0 and not carried:
            read, offset = _without_mark(read, name)
        whole = carried + read
        # A carriage return at the end may be half of a line end.
        cut = max(whole.rfind(b" "), whole.rfind(b"\n")) + 1
        piece, carried = whole[:cut], whole[cut:]
        if len(carried) > LONGEST:
            raise InvalidInput(
                f"{name} has no space for more than {LONGEST:,} bytes from byte {offset + cut:,} on: "
                "give text whose words are separated by spaces"
            )
        if piece:
            yield _plain(piece, name, offset, errors)
            offset += cut
    if carried:
        yield _plain(carried, name, offset, errors) + b" "


def _without_mark(read: bytes, name: str) -> tuple[bytes, int]:
    if read.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise InvalidInput(f"{name} is written in UTF-16: save it as UTF-8")
    if read.startswith(codecs.BOM_UTF8):
        return read[len(codecs.BOM_UTF8) :], len(codecs.BOM_UTF8)
    return read, 0


def _plain(piece: bytes, name: str, offset: int, errors: str) -> bytes:
    if errors == "error" and (null := piece.find(b"\0")) >= 0:
        raise InvalidInput(
            f"{name} is no text (byte {offset + null:,} is zero): give plain text, or have such bytes skipped "
            '(errors="skip", on the command line --encoding-errors skip)'
        )
    if not piece.isascii():
        try:
            piece.decode()
        except UnicodeDecodeError as error:
            if errors == "error":
                raise InvalidInput(
                    f"{name} is not UTF-8 text (byte {offset + error.start:,}; Latin-1 or Windows-1252?): "
                    'convert it to UTF-8, or have such bytes replaced (errors="replace", on the command line '
                    "--encoding-errors replace) or skipped"
                ) from None
            piece = piece.decode(errors="replace" if errors == "replace" else "ignore").encode()
    if b"\r" in piece:
        piece = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return piece
