"""Our container: one .safetensors file which is read back exactly as it was written, or refused.

Any safetensors reader can open it. The library itself accepts duplicate keys and altered numbers, so the file
also carries a header of its own with the SHA-256 of every tensor, and the SHA-256 of that header (layout.py).
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from numpy.typing import NDArray

from chainrule.errors import InvalidInput
from chainrule.files.atomic import PathLike, quoted, replace_file
from chainrule.files.canonical import to_text
from chainrule.files.layout import (
    LARGEST_FRONT,
    blocks_of,
    front_of,
    in_payload_order,
    little_endian,
    row_of,
    sha256_of,
)
from chainrule.files.reading import opened, read_all, read_front

__all__ = ["from_bytes", "read_header", "read_tensors", "to_bytes", "write_tensors"]


def write_tensors(
    path: PathLike,
    tensors: Mapping[str, NDArray[Any]],
    header: Mapping[str, Any],
    *,
    kind: str,
    version: int = 1,
) -> None:
    """Write named arrays of any shape and a header of plain values as one file, in one step.

    `kind` says what the file is ("model", "checkpoint") and `version` which version of that kind's header it
    has. The same content gives the same bytes. Raises InvalidInput for content that a file cannot hold, and
    CannotWrite; then an old file is untouched.

    >>> import tempfile, pathlib, numpy as np
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "xor.safetensors"
    >>> write_tensors(path, {"W1": np.eye(2)}, {"classes": ["no", "yes"]}, kind="model")
    >>> tensors, header = read_tensors(path, kind="model")
    >>> tensors["W1"].tolist(), header
    ([[1.0, 0.0], [0.0, 1.0]], {'classes': ['no', 'yes']})
    """
    replace_file(path, _pieces(tensors, header, kind, version))


def to_bytes(
    tensors: Mapping[str, NDArray[Any]], header: Mapping[str, Any], *, kind: str, version: int = 1
) -> bytes:
    """The content of the file that `write_tensors` writes.

    >>> len(to_bytes({}, {}, kind="model")) % 8
    0
    """
    return b"".join(_pieces(tensors, header, kind, version))


def read_tensors(
    path: PathLike, *, kind: str, version: int = 1
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """The arrays (sorted by name, in the machine's own memory, writeable) and the header of a file.

    Everything is checked: sizes before anything is allocated, then every hash. The arrays take as much memory
    as the file's payload and no second copy is made. Raises ModelFileError for a file that is missing,
    broken, altered, foreign, of another kind or of another version.

    >>> read_tensors("missing.safetensors", kind="model")
    Traceback (most recent call last):
        ...
    chainrule.errors.ModelFileError: cannot read "missing.safetensors": there is no such file: check the path
    """
    with opened(path) as (stream, size):
        return read_all(stream, size, quoted(path), kind, version)


def from_bytes(
    data: bytes, *, kind: str, version: int = 1, name: str = "these bytes"
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What `read_tensors` gives for a file with this content; `name` stands for it in an error.

    >>> from_bytes(to_bytes({}, {"rate": 0.1}, kind="model"), kind="model")
    ({}, {'rate': 0.1})
    """
    return read_all(io.BytesIO(data), len(data), quoted(name), kind, version)


def read_header(path: PathLike, *, kind: str, version: int = 1) -> dict[str, Any]:
    """The header alone, checked against its own hash; the tensors' sizes are checked but not their content.

    Raises ModelFileError as `read_tensors` does.

    >>> import tempfile, pathlib, numpy as np
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "xor.safetensors"
    >>> write_tensors(path, {"b1": np.zeros(3)}, {"seed": 7}, kind="model")
    >>> read_header(path, kind="model")
    {'seed': 7}
    """
    with opened(path) as (stream, size):
        return read_front(stream, size, quoted(path), kind, version)[1]


def _pieces(
    tensors: Mapping[str, NDArray[Any]], header: Mapping[str, Any], kind: str, version: int
) -> Iterable[bytes | memoryview]:
    if not isinstance(header, Mapping):
        raise InvalidInput(f"the header is a {type(header).__name__}: give a mapping from names to values")
    arrays = {name: little_endian(name, tensors[name]) for name in tensors}
    rows = [row_of(name, array) for name, array in arrays.items()]
    table = {row.name: {"dtype": row.dtype, "shape": row.shape, "sha256": row.sha256} for row in rows}
    text = to_text({"header": header, "kind": kind, "tensors": table, "version": version})
    rows = in_payload_order(rows)
    front = front_of(text, sha256_of(text.encode("ascii")), rows)
    if len(front) > LARGEST_FRONT:
        raise InvalidInput(
            f"the header takes {len(front):,} bytes and a safetensors file holds {LARGEST_FRONT:,} at most: "
            "put long lists of numbers among the tensors"
        )
    return chain([front], chain.from_iterable(blocks_of(arrays[row.name]) for row in rows))
