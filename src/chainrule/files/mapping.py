"""Our container without reading it: the tensors are mapped into memory, and their numbers read when used."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import PathLike, quoted
from chainrule.files.layout import DTYPES, Row, sha256_of_blocks
from chainrule.files.reading import opened, read_front

__all__ = ["map_tensors"]

_BLOCK = 1 << 22


def map_tensors(
    path: PathLike, *, kind: str, version: int = 1, verify: bool = True
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays, read-only and mapped from the file, and the header that `write_tensors` wrote.

    The header and the file's size are always checked; the numbers against their SHA-256 only where `verify`,
    which reads the file once. A file that is replaced meanwhile stays as it was for whoever has mapped it.
    Raises ModelFileError as `read_tensors` does.

    >>> import tempfile, pathlib
    >>> from chainrule.files.tensors import write_tensors
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "xor.safetensors"
    >>> write_tensors(path, {"b1": np.arange(3.0)}, {"seed": 7}, kind="model")
    >>> tensors, header = map_tensors(path, kind="model")
    >>> tensors["b1"].tolist(), tensors["b1"].flags.writeable, header
    ([0.0, 1.0, 2.0], False, {'seed': 7})
    """
    with opened(path) as (stream, size):
        rows, header = read_front(stream, size, quoted(path), kind, version)
        start = stream.tell()
        if verify:
            for row in rows:
                _check(stream, row, quoted(path))
        mapped = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    tensors: dict[str, NDArray[Any]] = {}
    for row in rows:
        count = int(np.prod(row.shape, dtype=np.int64))
        flat: NDArray[Any] = np.empty(0, DTYPES[row.dtype])
        if count:
            flat = np.frombuffer(mapped, DTYPES[row.dtype], count, start)
        tensors[row.name] = flat.reshape(row.shape)
        start += row.nbytes
    return {name: tensors[name] for name in sorted(tensors)}, header


def _check(stream: BinaryIO, row: Row, where: str) -> None:
    if sha256_of_blocks(row.dtype, row.shape, _blocks(stream, row.nbytes)) != row.sha256:
        raise ModelFileError(
            f"cannot read {where}: tensor {quoted(row.name[:60])} does not match its SHA-256, "
            "so it was damaged or altered: copy the file again, or make it again"
        )


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    while size > 0 and (block := stream.read(min(size, _BLOCK))):
        yield block
        size -= len(block)
