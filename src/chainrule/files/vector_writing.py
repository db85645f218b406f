"""Vectors written for other programs: as text, as word2vec's binary file, and for the TensorFlow projector."""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput
from chainrule.files.atomic import PathLike, quoted, replace_file
from chainrule.files.vector_data import VectorData, shown

__all__ = ["metadata_path", "write_glove", "write_projector", "write_word2vec", "write_word2vec_binary"]

ROWS = 1000


def write_glove(path: PathLike, data: VectorData) -> None:
    """A word and its numbers on each line. Raises InvalidInput for a word that such a file cannot hold."""
    _check_words(data, "\n\r", "GloVe text", first=" ")
    replace_file(path, _packed(path, _lines(data, " ")))


def write_word2vec(path: PathLike, data: VectorData) -> None:
    """The same after a line with V and D. Raises InvalidInput."""
    _check_words(data, " \t\n\r", "word2vec text")
    replace_file(path, _packed(path, _headed(data, _lines(data, " "))))


def write_word2vec_binary(path: PathLike, data: VectorData) -> None:
    """A line with V and D; then each word, a space, D float32, and a line end. Raises InvalidInput."""
    _check_words(data, " \t\n\r", "word2vec binary")
    replace_file(path, _packed(path, _headed(data, _records(data))))


def write_projector(path: PathLike, data: VectorData) -> None:
    """Two files for the TensorFlow projector: the vectors, and beside them the words (and counts).

    Raises InvalidInput and CannotWrite.
    """
    _check_words(data, "\t\n\r", "projector's")
    replace_file(metadata_path(path), _packed(path, _metadata(data)))
    replace_file(path, _packed(path, _lines(data, "\t", words=False)))


def metadata_path(path: PathLike) -> Path:
    """Where the words of a projector's vectors go.

    >>> metadata_path("v.tsv").name
    'v-words.tsv'
    """
    place = Path(path)
    return place.with_name(f"{place.stem}-words{place.suffix}")


def _check_words(data: VectorData, unfit: str, format: str, first: str = "") -> None:
    for word in data.words:
        if not word or any(c in word for c in unfit) or (first and word.startswith(first)):
            holds = "is empty" if not word else "holds a space or a line end"
            raise InvalidInput(
                f"the word {shown(word)} {holds}, which a {format} file cannot show: write safetensors, "
                "or leave the word out"
            )


def _lines(data: VectorData, between: str, *, words: bool = True) -> Iterator[bytes]:
    count, size = data.matrix.shape
    for start in range(0, count, ROWS):
        numbers = data.matrix.rows(start, min(start + ROWS, count))
        # So many digits give the same number back.
        digits = "%.9g" if numbers.dtype == np.float32 else "%.17g"
        row = between.join([digits] * size)
        named = data.words[start : start + ROWS]
        made = [row % tuple(each) for each in numbers.tolist()]
        if words:
            made = [f"{word}{between}{line}" for word, line in zip(named, made, strict=True)]
        yield ("\n".join(made) + "\n").encode()


def _records(data: VectorData) -> Iterator[bytes]:
    count = data.matrix.shape[0]
    for start in range(0, count, ROWS):
        stop = min(start + ROWS, count)
        numbers = np.asarray(data.matrix.rows(start, stop), "<f4")
        yield b"".join(
            b"%b %b\n" % (word.encode(), row.tobytes())
            for word, row in zip(data.words[start:stop], numbers, strict=True)
        )


def _headed(data: VectorData, pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield b"%d %d\n" % data.matrix.shape
    yield from pieces


def _metadata(data: VectorData) -> Iterator[bytes]:
    if data.counts is None:  # one column has no heading
        yield "".join(f"{word}\n" for word in data.words).encode()
        return
    counts: NDArray[Any] = data.counts
    yield b"word\tcount\n"
    yield "".join(f"{w}\t{c}\n" for w, c in zip(data.words, counts.tolist(), strict=True)).encode()


def _packed(path: PathLike, pieces: Iterator[bytes]) -> Iterator[bytes]:
    suffix = Path(path).suffix
    if suffix == ".gz":
        # The same content gives the same bytes: no time of day, no name.
        yield from (gzip.compress(piece, 6, mtime=0) for piece in pieces)
    elif suffix == ".xz":
        yield from (lzma.compress(piece) for piece in pieces)
    else:
        yield from pieces


def unfit_name(path: PathLike) -> InvalidInput:
    """The error for a name that does not say a format."""
    return InvalidInput(
        f"the name {quoted(path)} does not say how to write vectors: end it in .safetensors, .txt (GloVe), .vec "
        "(word2vec), .bin (word2vec binary) or .tsv (projector), or say which format"
    )
