"""A text file made plain: unpacked, UTF-8 checked, line ends of one kind, so that lines can be counted."""

from __future__ import annotations

import codecs
import gzip
import shutil
import weakref
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import BinaryIO

from chainrule.errors import TableError

__all__ = ["PlainText", "leading_bytes", "open_plain"]

CHUNK = 1 << 22
GLOB = set("*?[]{}$~")


@dataclass(frozen=True)
class PlainText:
    """A UTF-8 file whose lines end in \\n only; a temporary copy goes when this does."""

    path: Path
    lines: int
    quotes: int
    state: tuple[int, int]

    def changed(self) -> bool:
        """Whether the file was written to since."""
        try:
            return _state(self.path) != self.state
        except OSError:
            return True


def open_plain(path: Path) -> PlainText:
    """Check a text file, and copy it to a temporary one if it is packed, or has a BOM or carriage returns.

    Raises TableError if it is empty, binary, or not UTF-8, naming the byte offset.
    """
    copy = _packed(path) or bool(GLOB & set(str(path)))
    quotes = offset = 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in _chunks(path):
        if offset == 0:
            _refuse_utf16(path, chunk)
            copy = copy or chunk.startswith(codecs.BOM_UTF8)
        if (null := chunk.find(b"\0")) >= 0:
            raise TableError(
                f"{path} is no text (byte {offset + null} is zero): give CSV, TSV, JSON lines or Parquet"
            )
        held = len(decoder.getstate()[0])
        try:
            if held or not chunk.isascii():
                decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise _not_utf8(path, offset - held + error.start) from None
        copy = copy or b"\r" in chunk
        quotes += chunk.count(b'"')
        offset += len(chunk)
    if decoder.getstate()[0]:
        raise _not_utf8(path, offset - len(decoder.getstate()[0]))
    if offset == 0:
        raise TableError(f"{path} is empty: a table needs at least one row")
    if not copy:
        return PlainText(path, _count_lines(path), quotes, _state(path))
    folder = Path(mkdtemp(prefix="chainrule-"))
    try:
        _copy(path, folder / "plain")
        plain = PlainText(folder / "plain", _count_lines(folder / "plain"), quotes, _state(folder / "plain"))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(plain, shutil.rmtree, folder, ignore_errors=True)
    return plain


def leading_bytes(path: Path, count: int) -> bytes:
    """The first bytes of a file, unpacked if it is gzip; nothing if it is broken."""
    try:
        with _open(path) as stream:
            return stream.read(count)
    except (gzip.BadGzipFile, EOFError, zlib.error):
        return b""
    except OSError as error:
        raise _unreadable(path, error) from None


def _open(path: Path) -> BinaryIO:
    if _packed(path):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb")


def _packed(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def _state(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _chunks(path: Path) -> Iterator[bytes]:
    try:
        with _open(path) as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise TableError(f"{path} is a broken gzip file: it cannot be unpacked to its end") from None
    except OSError as error:
        raise _unreadable(path, error) from None


def _copy(path: Path, plain: Path) -> None:
    carried, first = b"", True
    with plain.open("wb") as out:
        for chunk in _chunks(path):
            whole = carried + (chunk.removeprefix(codecs.BOM_UTF8) if first else chunk)
            first = False
            # a \r at the end may be half of \r\n
            carried = b"\r" if whole.endswith(b"\r") else b""
            whole = whole.removesuffix(b"\r")
            if b"\r" in whole:
                whole = whole.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
            out.write(whole)
        out.write(carried.replace(b"\r", b"\n"))


def _count_lines(plain: Path) -> int:
    """Lines up to the last one that is not empty."""
    lines, since_text, text_seen = 0, 0, False
    for chunk in _chunks(plain):
        stripped = chunk.rstrip(b"\n")
        ends = chunk.count(b"\n")
        tail = len(chunk) - len(stripped)
        if stripped:
            lines += since_text + ends - tail
            since_text, text_seen = tail, True
        else:
            since_text += tail
    return lines + 1 if text_seen else 0


def _refuse_utf16(path: Path, chunk: bytes) -> None:
    if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise TableError(f"{path} is written in UTF-16: save it as UTF-8")


def _not_utf8(path: Path, offset: int) -> TableError:
    return TableError(
        f"{path} is not UTF-8 text (byte {offset}; Latin-1 or Windows-1252?): convert it to UTF-8"
    )


def _unreadable(path: Path, error: OSError) -> TableError:
    return TableError(f"{path} cannot be read: {error.strerror or error}")
