"""Files of word vectors: reading any of the known formats, told by their content, and writing them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from chainrule.errors import ConfigError, unknown
from chainrule.files.atomic import PathLike, checked_path, quoted
from chainrule.files.vector_binary import read_glove_binary, read_word2vec_binary
from chainrule.files.vector_data import VectorData, refused
from chainrule.files.vector_own import read_own, write_own
from chainrule.files.vector_stream import Stream, unpacked
from chainrule.files.vector_text import Shape, header_of, read_text, shape_of
from chainrule.files.vector_words import check_errors
from chainrule.files.vector_writing import (
    unfit_name,
    write_glove,
    write_projector,
    write_word2vec,
    write_word2vec_binary,
)

__all__ = ["FORMATS", "VectorData", "format_of", "read_vectors", "write_vectors"]

FORMATS: dict[str, Callable[[PathLike, VectorData], None]] = {
    "safetensors": write_own,
    "glove": write_glove,
    "word2vec": write_word2vec,
    "word2vec-binary": write_word2vec_binary,
    "projector": write_projector,
}
"""Format → what writes it."""

_ENDINGS = {
    ".safetensors": "safetensors",
    ".txt": "glove",
    ".vec": "word2vec",
    ".bin": "word2vec-binary",
    ".tsv": "projector",
}
_PEEK = 1 << 16
_FOREIGN = {
    b"\x80": "a pickle of Python's, as gensim saves its models",
    b"PK": "a zip archive",
    b"BZh": "packed with bzip2",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"\x89HDF": "an HDF5 file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"GGUF": "a GGUF file",
}


def read_vectors(
    path: PathLike,
    *,
    vocabulary: PathLike | None = None,
    size: int | None = None,
    errors: str = "error",
    verify: bool = False,
) -> VectorData:
    """The vectors of a file: our own, GloVe's or word2vec's, text or binary, plain, gzip or xz.

    vocabulary: of Stanford's binary file, which holds no words: the file that has them, with counts
    size: D of a word2vec binary file without a first line that says it
    errors: for words that are not UTF-8: "error", "replace" or "skip" the bytes
    verify: check all of our own file now, in place of each part on first use

    A word that comes twice is kept with its first vector (`notes` tells); numbers that are not finite are
    refused. Decimal numbers become the nearest float32. Raises ModelFileError, naming line or word, and byte.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "v.txt"
    >>> _ = path.write_text("ice 0.5 -1\\nhot air 2e-1 1\\n")
    >>> data = read_vectors(path)
    >>> data.words, data.matrix.rows(0, 2).tolist(), data.format
    (('ice', 'hot air'), [[0.5, -1.0], [0.20000000298023224, 1.0]], 'glove')
    """
    checked_path(path)
    check_errors(errors)
    if size is not None and (isinstance(size, bool) or not isinstance(size, int) or size < 1):
        raise ConfigError(f"size is how many numbers a vector has, not {size!r}: give for example 300")
    if vocabulary is not None:
        return read_glove_binary(path, vocabulary, errors)
    with unpacked(path) as stream:
        start = stream.peek(9)
        if stream.size is None or start[8:9] != b"{" or int.from_bytes(start[:8], "little") > stream.size:
            return _read_foreign(stream, size, errors)
    return read_own(path, verify=verify)


def _read_foreign(stream: Stream, size: int | None, errors: str) -> VectorData:
    start = stream.peek(_PEEK)
    for mark, what in _FOREIGN.items():
        if start.startswith(mark) and not _is_text(start):
            do = "save the vectors as safetensors, text or word2vec binary"
            raise refused(stream.where, f"it is {what}", do)
    if start.startswith(b"\xef\xbb\xbf"):
        stream.read(3)
        start = stream.peek(_PEEK)
    lines = _whole_lines(stream, start)
    shape = shape_of(lines) if lines else None
    if size is None and shape is not None and _is_text(lines[0]) and _second_is_text(shape, lines):
        return read_text(stream, shape, errors)
    header = shape.header if shape is not None else header_of(lines[0]) if lines else None
    if header is None and _is_text(start):
        raise refused(
            stream.where, "it holds no vectors", "give a file whose lines are a word and its numbers"
        )
    return read_word2vec_binary(stream, header, size, errors)


def _whole_lines(stream: Stream, start: bytes) -> list[bytes]:
    """The first lines; a long one is read to its end, since a vector may have very many numbers."""
    while (
        start.count(b"\n") < 2 and _is_text(start) and len(more := stream.peek(4 * len(start))) > len(start)
    ):
        start = more
    lines = start.split(b"\n")
    ended = len(stream.peek(len(start) + 1)) == len(start)
    whole = lines if ended or len(lines) == 1 or not _is_text(lines[-1]) else lines[:-1]
    return [line for line in whole[:10] if line]


def _is_text(start: bytes) -> bool:
    """Whether bytes hold no control characters that text does not have."""
    return not start.translate(None, _TEXT)


_TEXT = bytes([9, 10, 13, *range(32, 256)])


def _second_is_text(shape: Shape, lines: list[bytes]) -> bool:
    """After a first line "V D", whether text or binary numbers follow."""
    if shape.header is None:
        return True
    return len(lines) < 2 or _is_text(lines[1])


def write_vectors(path: PathLike, data: VectorData, format: str | None = None) -> None:
    """Write vectors, by the name's ending where no format is given; a further .gz or .xz packs text and binary.

    safetensors (.safetensors) holds all that there is; glove (.txt), word2vec (.vec), word2vec-binary (.bin)
    and projector (.tsv, and a second file with the words) hold the words and `matrix`. Raises ConfigError,
    UnknownName, InvalidInput for words that a format cannot hold, and CannotWrite.
    """
    FORMATS[format_of(path, format)](path, data)


def format_of(path: PathLike, format: str | None = None) -> str:
    """The format to write: the one given, or the one that the name's ending says. Raises InvalidInput."""
    place = Path(checked_path(path))
    packed = place.suffix in (".gz", ".xz")
    if format is None:
        found = _ENDINGS.get(place.with_suffix("").suffix if packed else place.suffix)
        if found is None:
            raise unfit_name(path)
        format = found
    if format not in FORMATS:
        raise unknown("format of vectors", format, FORMATS)
    if packed and format == "safetensors":
        raise ConfigError(f"{quoted(path)}: safetensors is not packed: leave {place.suffix} out of the name")
    return format
