"""How a container lies on the disk, for the writer and the strict reader.

    8 bytes   length of the front, little-endian
    front     {"__metadata__": {"chainrule": text, "chainrule.sha256": …},
               "W1": {"dtype": …, "shape": …, "data_offsets": …}, …}
    payload   the tensors, little-endian, row by row, the widest dtype first, then by name

The text is canonical JSON: kind, version, header and the table of tensors (dtype, shape, SHA-256).
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput
from chainrule.files.atomic import quoted

__all__ = [
    "DTYPES",
    "LARGEST_FRONT",
    "Row",
    "blocks_of",
    "bytes_of",
    "front_of",
    "in_payload_order",
    "little_endian",
    "row_of",
    "sha256_of",
    "sha256_of_blocks",
    "tensor_sha256",
]

DTYPES = {
    "BOOL": "|b1",
    "U8": "|u1",
    "I32": "<i4",
    "U32": "<u4",
    "F32": "<f4",
    "I64": "<i8",
    "U64": "<u8",
    "F64": "<f8",
}
_NAME_OF = {code: name for name, code in DTYPES.items()}
_BLOCK = 1 << 24
LARGEST_FRONT = 100_000_000  # the safetensors library reads no more


@dataclass(frozen=True)
class Row:
    """One tensor in the table: its dtype by safetensors' name, its shape, and the SHA-256 of all three."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    sha256: str

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * np.dtype(DTYPES[self.dtype]).itemsize


def little_endian(name: str, array: NDArray[Any]) -> NDArray[Any]:
    """The array as it lies in a file; raises InvalidInput for a name or a dtype that a file cannot hold."""
    if not isinstance(name, str) or name == "__metadata__" or not _is_unicode(name):
        raise InvalidInput(f"a tensor cannot be called {name!r}: give it a name in plain text")
    array = np.asarray(array)
    dtype = array.dtype.newbyteorder("<")
    if dtype.str not in _NAME_OF:
        raise InvalidInput(
            f"tensor {quoted(name)} has dtype {array.dtype}, which a file cannot hold: "
            f"convert it to one of {', '.join(np.dtype(code).name for code in _NAME_OF)}"
        )
    return array.astype(dtype, order="C", copy=False)


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= c <= "\udfff" for c in name)


def row_of(name: str, array: NDArray[Any]) -> Row:
    dtype = _NAME_OF[array.dtype.str]
    return Row(name, dtype, array.shape, tensor_sha256(dtype, array.shape, array))


def tensor_sha256(dtype: str, shape: tuple[int, ...], array: NDArray[Any]) -> str:
    return sha256_of_blocks(dtype, shape, blocks_of(array))


def sha256_of_blocks(dtype: str, shape: tuple[int, ...], blocks: Iterable[bytes | memoryview]) -> str:
    """The SHA-256 of a tensor whose bytes come in blocks."""
    digest = hashlib.sha256(f"{dtype} {list(shape)}\n".encode("ascii"))
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def sha256_of(*parts: bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def bytes_of(array: NDArray[Any]) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


def blocks_of(array: NDArray[Any]) -> Iterator[memoryview]:
    """An array's bytes; those of a large mapped file are let go again behind the reader."""
    whole, base = bytes_of(array), array
    while isinstance(base, np.ndarray) and base.base is not None:
        base = base.base
    mapped = base.obj if isinstance(base, memoryview) else base
    for start in range(0, len(whole), _BLOCK):
        yield whole[start : start + _BLOCK]
        if isinstance(mapped, mmap.mmap) and hasattr(mapped, "madvise"):
            mapped.madvise(mmap.MADV_DONTNEED)


def in_payload_order(rows: Iterable[Row]) -> list[Row]:
    # The widest first, so that every tensor begins at a multiple of its own width.
    return sorted(rows, key=lambda row: (-np.dtype(DTYPES[row.dtype]).itemsize, row.name))


def front_of(text: str, sha256: str, rows: Iterable[Row]) -> bytes:
    """The length and the JSON that open the file, the same bytes for the same text, hash and rows."""
    table: dict[str, Any] = {"__metadata__": {"chainrule": text, "chainrule.sha256": sha256}}
    start = 0
    for row in rows:
        offsets = [start, start + row.nbytes]
        table[row.name] = {"dtype": row.dtype, "shape": row.shape, "data_offsets": offsets}
        start += row.nbytes
    front = json.dumps(table, separators=(",", ":")).encode("ascii")
    front += b" " * (-len(front) % 8)
    return len(front).to_bytes(8, "little") + front
