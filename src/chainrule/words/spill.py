"""Arrays that grow at the end: in memory as long as they are small, then in a file without a name.

The file has no name from the start where the system allows it, so that nothing is left behind by Ctrl-C or
`kill -9`.
"""

from __future__ import annotations

import mmap
import os
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import CannotWrite
from chainrule.words.cells import Cells

__all__ = ["CellStore", "Store"]


class Store:
    """A one-dimensional array of `dtype`, written at its end and read anywhere."""

    def __init__(self, dtype: type[np.generic], limit: int) -> None:
        self._dtype = np.dtype(dtype)
        self._limit = limit
        self._pieces: list[NDArray[Any]] = []
        self._file: BinaryIO | None = None
        self.length = 0

    @property
    def on_disk(self) -> bool:
        """Whether it lies in a file by now."""
        return self._file is not None

    def append(self, piece: NDArray[Any]) -> None:
        """Put a piece at the end. Raises CannotWrite where the disk is full."""
        self.length += len(piece)
        if self._file is None and self.length * self._dtype.itemsize > self._limit:
            self.to_disk()
        if self._file is None:
            self._pieces.append(piece)
        else:
            self._write(piece)

    def to_disk(self) -> None:
        """Move what there is into a file."""
        if self._file is None:
            try:
                made = TemporaryFile(prefix="chainrule-", buffering=0)  # noqa: SIM115
                self._file = cast(BinaryIO, made)
            except OSError as error:
                raise _full(error) from error
            for k, piece in enumerate(self._pieces):
                self._write(piece)
                self._pieces[k] = piece[:0]
            self._pieces = []

    def pieces(self) -> list[NDArray[Any]] | None:
        """The pieces that it was made of; None once it lies in a file."""
        return None if self._file is not None else self._pieces

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """A part of what lies in a file."""
        made = np.empty(max(stop - start, 0), self._dtype)
        view, at = made.view(np.uint8).data, start * self._dtype.itemsize
        while view and self._file is not None:
            got = os.preadv(self._file.fileno(), [view], at)
            if not got:
                raise CannotWrite("a temporary file became shorter while it was used: check the disk")
            view, at = view[got:], at + got
        return made

    def whole(self) -> NDArray[Any]:
        """All of it; what lies in a file is mapped into memory, read-only. What was in memory is given away."""
        if self._file is not None:
            if not self.length:
                return np.empty(0, self._dtype)
            return np.frombuffer(mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ), self._dtype)
        if len(self._pieces) == 1:
            return self._pieces.pop()
        made, at = np.empty(self.length, self._dtype), 0
        for k, piece in enumerate(self._pieces):
            made[at : at + len(piece)] = piece
            at += len(piece)
            self._pieces[k] = piece[:0].copy()
        return made

    def _write(self, piece: NDArray[Any]) -> None:
        assert self._file is not None
        left = np.ascontiguousarray(piece).view(np.uint8).data
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise _full(error) from error


class CellStore:
    """Rows of cells, written one after the other."""

    def __init__(self, size: int, limit: int) -> None:
        self.sizes = np.zeros(size, np.int64)
        self.columns = Store(np.int32, limit // 3)
        self.values = Store(np.float64, limit // 3 * 2)

    def append(self, columns: NDArray[np.int32], values: NDArray[np.float64]) -> None:
        """The cells of the next rows; their sizes are written into `sizes`."""
        self.columns.append(columns)
        self.values.append(values)

    @property
    def starts(self) -> NDArray[np.int64]:
        """(V + 1,): where each row begins."""
        return np.concatenate([[0], np.cumsum(self.sizes)]).astype(np.int64)

    def cells(self) -> Cells:
        """All of them."""
        return Cells(self.starts, self.columns.whole(), self.values.whole())


def _full(error: OSError) -> CannotWrite:
    reason = (error.strerror or "the system refused").lower()
    return CannotWrite(
        f"cannot write a temporary file: {reason}: free some space, set TMPDIR to another disk, or allow more memory"
    )
