"""Files of vectors as streams of bytes, unpacked where they are packed."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, cast

from chainrule.files.atomic import PathLike, quoted
from chainrule.files.reading import opened
from chainrule.files.vector_data import refused

__all__ = ["Stream", "unpacked"]

_BROKEN = (gzip.BadGzipFile, EOFError, zlib.error, lzma.LZMAError)
PIECE = 1 << 22


@dataclass
class Stream:
    """where: its name for messages; size: its bytes, None where it is packed; start: those read ahead."""

    file: BinaryIO
    where: str
    size: int | None
    start: bytes = b""

    def peek(self, count: int) -> bytes:
        """The first bytes, which will be read again."""
        while len(self.start) < count and (more := self._read(count - len(self.start))):
            self.start += more
        return self.start[:count]

    def read(self, count: int) -> bytes:
        """Up to so many bytes; fewer only at the end."""
        pieces = [self.start[:count]]
        self.start = self.start[count:]
        missing = count - len(pieces[0])
        # In pieces, so that no number in a file decides how much memory is taken.
        while missing and (more := self._read(min(missing, PIECE))):
            pieces.append(more)
            missing -= len(more)
        return b"".join(pieces)

    def _read(self, count: int) -> bytes:
        try:
            return self.file.read(count)
        except _BROKEN as error:
            what = "it is cut off or damaged and cannot be unpacked to its end"
            raise refused(self.where, what, "copy it again") from error


@contextmanager
def unpacked(path: PathLike) -> Iterator[Stream]:
    """A file as a stream, plain, gzip or xz by its first bytes. Raises ModelFileError."""
    with opened(path) as (raw, size):
        start = raw.read(6)
        raw.seek(0)
        if size == 0:
            raise refused(quoted(path), "the file is empty")
        if start[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as packed:
                yield Stream(cast(BinaryIO, packed), quoted(path), None)
        elif start == b"\xfd7zXZ\0":
            with lzma.LZMAFile(raw) as unxz:
                yield Stream(cast(BinaryIO, unxz), quoted(path), None)
        else:
            yield Stream(raw, quoted(path), size)
