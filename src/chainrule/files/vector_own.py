"""Our own file of vectors: safetensors, mapped into memory, its numbers checked by blocks when first used.

Tensors: words (V, D) and, where the training kept them, contexts (V, D), word_bias and context_bias (V,); counts
(V,); and the vocabulary as PackedWords has it. The header holds the settings, and of the large tensors the
SHA-256 of every block of 4 MiB, beside that of the whole.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from threading import Lock
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import PathLike, quoted
from chainrule.files.layout import DTYPES, Row, bytes_of, sha256_of, tensor_sha256
from chainrule.files.reading import opened, read_front
from chainrule.files.tensors import write_tensors
from chainrule.files.vector_data import Matrix, PackedWords, VectorData, refused

__all__ = ["Mapped", "read_own", "write_own"]

KIND, VERSION = "vectors", 1
BLOCK = 1 << 22
_LARGE = ("words", "contexts")
_SMALL = {
    "word_bias": ("F32", "F64"),
    "context_bias": ("F32", "F64"),
    "counts": ("I64",),
    "vocabulary": ("U8",),
    "vocabulary_ends": ("I64",),
    "vocabulary_order": ("I32",),
}
_ALTERED = "does not match its SHA-256, so it was damaged or altered"


def whole(matrix: Matrix) -> NDArray[Any]:
    """All rows of a matrix, checked."""
    return matrix.rows(0, matrix.shape[0])


def write_own(path: PathLike, data: VectorData) -> None:
    """Write vectors as one file, in one step. Raises InvalidInput for what it cannot hold, and CannotWrite."""
    packed = data.words if isinstance(data.words, PackedWords) else PackedWords.of(data.words)
    tensors: dict[str, NDArray[Any]] = {
        "words": whole(data.matrix),
        "vocabulary": np.frombuffer(packed.packed, np.uint8),
        "vocabulary_ends": packed.ends,
        "vocabulary_order": packed.order,
    }
    if data.contexts is not None:
        tensors["contexts"] = whole(data.contexts)
    for name in ("word_bias", "context_bias", "counts"):
        if (array := getattr(data, name)) is not None:
            tensors[name] = array
    blocks = {
        name: _hashes(bytes_of(np.ascontiguousarray(tensors[name]))) for name in _LARGE if name in tensors
    }
    header = {"settings": dict(data.settings), "use": data.use, "block": BLOCK, "blocks": blocks}
    write_tensors(path, tensors, header, kind=KIND, version=VERSION)


def _hashes(content: memoryview) -> list[str]:
    starts = range(0, len(content), BLOCK)
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda start: sha256_of(content[start : start + BLOCK]), starts))


def read_own(path: PathLike, *, verify: bool = False) -> VectorData:
    """The vectors of our own file: header and vocabulary checked now, the numbers when they are first used.

    With `verify`, all is checked now. Raises ModelFileError, then or on first use.
    """
    where = quoted(path)
    with opened(path) as (stream, size):
        rows, header = read_front(stream, size, where, KIND, VERSION)
        places, position = {}, stream.tell()
        for row in rows:
            places[row.name] = (row, position)
            position += row.nbytes
        _check_table({row.name: row for row in rows}, header, where)
        small = {name: _small(stream, *places[name], where) for name in _SMALL if name in places}
        mapped = np.memmap(stream, np.uint8, "r", shape=(size,))
    large = {
        name: Mapped(mapped[at : at + row.nbytes], row, header["blocks"][name], where)
        for name, (row, at) in places.items()
        if name in _LARGE
    }
    if verify:
        for matrix in large.values():
            matrix.check_all()
    words = PackedWords(small["vocabulary"].tobytes(), small["vocabulary_ends"], small["vocabulary_order"])
    _check_words(words, where, thorough=verify)
    return VectorData(
        words=words, matrix=large["words"], contexts=large.get("contexts"), counts=small.get("counts"),
        word_bias=small.get("word_bias"), context_bias=small.get("context_bias"),
        use=header["use"], settings=header["settings"], format="safetensors",
    )  # fmt: skip


class Mapped:
    """A matrix that lies in a file; each block is checked against its hash when a row of it is first read."""

    def __init__(self, content: NDArray[np.uint8], row: Row, hashes: list[str], where: str) -> None:
        self.content, self.row, self.hashes, self.where = content, row, hashes, where
        self.array: NDArray[Any] = content.view(DTYPES[row.dtype]).reshape(row.shape)
        self.sound = np.zeros(len(hashes), bool)
        self._lock = Lock()

    @property
    def shape(self) -> tuple[int, int]:
        return (self.array.shape[0], self.array.shape[1])

    def rows(self, start: int, stop: int) -> NDArray[Any]:
        """(stop − start, D), checked. Raises ModelFileError where the file was altered."""
        per_row = self.array.strides[0] if len(self.array) else 1
        first, last = start * per_row // BLOCK, -(-stop * per_row // BLOCK)
        missing = (np.flatnonzero(~self.sound[first:last]) + first).tolist()
        if len(missing) > 4:
            with ThreadPoolExecutor() as pool:
                list(pool.map(self._check, missing))
        else:
            for block in missing:
                self._check(block)
        return self.array[start:stop]

    def take(self, places: NDArray[np.intp]) -> NDArray[Any]:
        """(N, D), checked and copied."""
        if not self.sound.all():
            per_row = self.array.strides[0]
            for place in places[
                (~self.sound[places * per_row // BLOCK])
                | (~self.sound[((places + 1) * per_row - 1) // BLOCK])
            ].tolist():
                self.rows(place, place + 1)
        taken: NDArray[Any] = self.array[places]
        return taken

    def check_all(self) -> None:
        """Check every block and the hash of the whole. Raises ModelFileError."""
        self.rows(0, len(self.array))
        if tensor_sha256(self.row.dtype, self.row.shape, self.array) != self.row.sha256:
            raise refused(self.where, f'tensor "{self.row.name}" {_ALTERED}')

    def _check(self, block: int) -> None:
        part = self.content[block * BLOCK : (block + 1) * BLOCK]
        if sha256_of(part.data) != self.hashes[block]:
            raise refused(self.where, f'tensor "{self.row.name}" {_ALTERED}')
        numbers = part.view(self.array.dtype)
        if not np.isfinite(numbers).all():
            what = f'tensor "{self.row.name}" holds numbers that are not finite'
            raise refused(self.where, what, "train the vectors again")
        self.sound[block] = True


def _check_table(rows: dict[str, Row], header: dict[str, Any], where: str) -> None:
    """That the tensors and the header are those of vectors."""
    needed = {"words", "vocabulary", "vocabulary_ends", "vocabulary_order"}
    if not needed <= rows.keys() <= {*_LARGE, *_SMALL} or header.keys() != {
        "settings",
        "use",
        "block",
        "blocks",
    }:
        raise _unlike_ours(where)
    large = {name for name in _LARGE if name in rows}
    shape = rows["words"].shape
    count = shape[0] if shape else 0
    sound = (
        len(shape) == 2
        and all(rows[name].dtype in ("F32", "F64") and rows[name].shape == shape for name in large)
        and all(row.dtype in _SMALL.get(name, (row.dtype,)) for name, row in rows.items())
        and all(row.shape == (count,) for name, row in rows.items() if name not in (*_LARGE, "vocabulary"))
        and len(rows["vocabulary"].shape) == 1
        and header["use"] in ("sum", "words", "contexts")
        and ("contexts" in rows or header["use"] == "words")
        and isinstance(header["settings"], dict)
        and header["block"] == BLOCK
    )  # fmt: skip
    if not sound or not _blocks_fit(header["blocks"], rows, large):
        raise _unlike_ours(where)


def _blocks_fit(blocks: Any, rows: dict[str, Row], large: set[str]) -> bool:
    return (
        isinstance(blocks, dict)
        and blocks.keys() == large
        and all(
            isinstance(blocks[name], list)
            and len(blocks[name]) == -(-rows[name].nbytes // BLOCK)
            and all(isinstance(each, str) for each in blocks[name])
            for name in large
        )
    )


def _unlike_ours(where: str) -> ModelFileError:
    return refused(where, "its header is not as chainrule writes it for vectors")


def _small(stream: BinaryIO, row: Row, at: int, where: str) -> NDArray[Any]:
    stream.seek(at)
    content = stream.read(row.nbytes)
    array = np.empty(row.shape, DTYPES[row.dtype])
    if len(content) == row.nbytes:
        array = np.frombuffer(content, DTYPES[row.dtype]).reshape(row.shape)
    if len(content) < row.nbytes or tensor_sha256(row.dtype, row.shape, array) != row.sha256:
        raise refused(where, f'tensor "{row.name}" {_ALTERED}')
    return array


def _check_words(words: PackedWords, where: str, *, thorough: bool) -> None:
    """That every word is proper UTF-8 and every place is there; thorough: and each word only once."""
    ends, order, packed = words.ends, words.order, words.packed
    text = np.frombuffer(packed, np.uint8)
    sound = not len(ends) or (
        bool((np.diff(ends, prepend=0) >= 0).all())
        and int(ends[-1]) == len(packed)
        and 0 <= int(order.min()) <= int(order.max()) < len(ends)
        and not ((text[ends[ends < len(text)]] & 0xC0) == 0x80).any()
    )
    try:
        packed.decode()
    except UnicodeDecodeError:
        sound = False
    if sound and thorough:
        every = list(words)
        ordered = [every[i].encode() for i in order.tolist()]
        sound = all(a < b for a, b in pairwise(ordered))
    if not sound or (len(ends) == 0 and packed):
        raise refused(where, "its vocabulary is not as chainrule writes it")
