"""The strict reader: a container comes back exactly as it was written, or is refused with ModelFileError."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import PathLike, quoted
from chainrule.files.canonical import distinct_keys, from_text, plain_json
from chainrule.files.layout import (
    DTYPES,
    LARGEST_FRONT,
    Row,
    bytes_of,
    front_of,
    in_payload_order,
    sha256_of,
    tensor_sha256,
)

__all__ = ["opened", "read_all", "read_front"]

MANY = ("counts", "vectors")  # kinds that are named in the plural

_AGAIN = "copy the file again, or make it again"


@contextmanager
def opened(path: PathLike) -> Iterator[tuple[BinaryIO, int]]:
    where = quoted(path)
    if "\0" in os.fspath(path):
        raise _refused(where, "its name holds a null character", "choose another name")
    try:
        # Asked before opening: opening a pipe would wait for somebody to write to it.
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise _refused(where, "it is a folder", "give the name of a file in it")
        if not stat.S_ISREG(mode):
            raise _refused(where, "it is not an ordinary file", "give the name of one")
        with Path(path).open("rb") as stream:
            yield stream, os.fstat(stream.fileno()).st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _refused(where, "there is no such file", "check the path") from error
    except PermissionError as error:
        raise _refused(where, "permission is denied", "change its permissions, or copy it") from error
    except OSError as error:
        reason = (error.strerror or "the system refused").lower()
        raise _refused(where, reason, "check the path and the disk") from error


def read_all(
    stream: BinaryIO, size: int, where: str, kind: str, version: int
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    rows, header = read_front(stream, size, where, kind, version)
    tensors: dict[str, NDArray[Any]] = {}
    for row in rows:
        try:
            array = np.empty(row.shape, DTYPES[row.dtype])
        except MemoryError as error:
            need = f"it needs {row.nbytes:,} bytes for tensor {_short(row.name)}, more memory than there is"
            raise _refused(where, need, "free some memory, or use a larger machine") from error
        if stream.readinto(bytes_of(array)) != row.nbytes:  # type: ignore[attr-defined]
            raise _refused(where, "it became shorter while it was read", "try again when nobody writes to it")
        _check_tensor(row, array, where)
        tensors[row.name] = array
    return {name: tensors[name] for name in sorted(tensors)}, header


def read_front(
    stream: BinaryIO, size: int, where: str, kind: str, version: int
) -> tuple[list[Row], dict[str, Any]]:
    """The checked rows in payload order and the header; afterwards the stream stands at the payload."""
    front = _front_bytes(stream, size, where)
    text, sha256 = _metadata(front[8:], where)
    _check_header(text, sha256, where)
    try:
        content = from_text(text)
    except ValueError as error:
        raise _refused(where, f"its header is not as chainrule writes it ({_first_line(error)})") from error
    if not isinstance(content, dict) or content.keys() != {"header", "kind", "tensors", "version"}:
        raise _refused(where, "its header is not as chainrule writes it")
    _check_kind(content["kind"], content["version"], where, kind, version)
    rows = _rows(content["tensors"], where)
    header = content["header"]
    if not isinstance(header, dict) or front_of(text, sha256, rows) != front:
        raise _refused(where, "its header is not as chainrule writes it, so it was altered")
    promised, found = sum(row.nbytes for row in rows), size - len(front)
    if promised != found:
        raise _refused(where, f"it holds {found:,} bytes of numbers where its header promises {promised:,}")
    return rows, header


def _front_bytes(stream: BinaryIO, size: int, where: str) -> bytes:
    if size == 0:
        raise _refused(where, "the file is empty")
    start = stream.read(9)
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:] != b"{" or not 2 <= length <= LARGEST_FRONT:
        raise _refused(where, "it is not a safetensors file", "give a file that chainrule wrote")
    if length > size - 8:
        raise _refused(where, f"it is cut off within its header, after {size:,} bytes")
    return start + stream.read(length - 1)


def _metadata(front: bytes, where: str) -> tuple[str, str]:
    """Our text and its hash, out of the JSON that opens the file."""
    try:
        table = plain_json(front.decode("utf-8"), distinct_keys)
    except ValueError as error:
        raise _refused(where, f"its front is not proper JSON ({_first_line(error)})") from error
    metadata = table.get("__metadata__") if isinstance(table, dict) else None
    found = metadata if isinstance(metadata, dict) else {}
    text, sha256 = found.get("chainrule"), found.get("chainrule.sha256")
    if not isinstance(text, str) or not isinstance(sha256, str):
        foreign = "it is a safetensors file without chainrule's own header"
        raise _refused(where, foreign, "give a file that chainrule wrote")
    return text, sha256


def _check_header(text: str, sha256: str, where: str) -> None:
    if sha256_of(text.encode("utf-8", "surrogatepass")) != sha256:
        raise _refused(where, "its header does not match its SHA-256, so it was damaged or altered")


def _check_tensor(row: Row, array: NDArray[Any], where: str) -> None:
    if tensor_sha256(row.dtype, row.shape, array) != row.sha256:
        altered = f"tensor {_short(row.name)} does not match its SHA-256, so it was damaged or altered"
        raise _refused(where, altered)


def _check_kind(found: Any, found_version: Any, where: str, kind: str, version: int) -> None:
    if not isinstance(found, str) or type(found_version) is not int:
        raise _refused(where, "its header does not say what it is")
    if found != kind:
        these = "these are" if found in MANY else "this is"
        wanted = f"a file of {kind}" if kind in MANY else f"{_a(kind)} file"
        raise _refused(where, f"{these} {_a(found)}, not {_a(kind)}", f"give {wanted}")
    has = f"its {kind} format has version {_short(str(found_version))[1:-1]}"
    if found_version > version:
        raise _refused(where, f"{has}, newer than this chainrule's {version}", "update chainrule")
    if found_version < version:
        raise _refused(where, f"{has}, older than this chainrule's {version}", "make the file again")


def _rows(table: Any, where: str) -> list[Row]:
    if not isinstance(table, dict):
        raise _refused(where, "its table of tensors is not as chainrule writes it")
    rows = []
    for name, entry in table.items():
        if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "sha256"}:
            raise _refused(where, f"tensor {_short(name)} is not described as chainrule does")
        dtype, shape = entry["dtype"], entry["shape"]
        if not isinstance(dtype, str) or dtype not in DTYPES:
            raise _refused(where, f"tensor {_short(name)} has an unknown dtype")
        if not isinstance(shape, list) or not _is_shape(shape):
            raise _refused(where, f"tensor {_short(name)} has a shape that no array has")
        rows.append(Row(name, dtype, tuple(shape), str(entry["sha256"])))
    return in_payload_order(rows)


def _is_shape(shape: list[Any]) -> bool:
    # NumPy refuses more than 64 axes, and sizes beyond a pointer even where another axis is 0.
    if len(shape) > 64 or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
        return False
    return math.prod(max(cast(int, n), 1) for n in shape) * 8 < 2**63


def _a(kind: str) -> str:
    shown = _short(kind)[1:-1]
    if kind in MANY:
        return shown
    return f"an {shown}" if shown[:1] in "aeiou" else f"a {shown}"


def _short(name: str) -> str:
    return quoted(name if len(name) <= 60 else name[:59] + "…")


def _first_line(error: ValueError) -> str:
    return str(error).splitlines()[0][:100]


def _refused(where: str, what: str, do: str = _AGAIN) -> ModelFileError:
    return ModelFileError(f"cannot read {where}: {what}: {do}")
