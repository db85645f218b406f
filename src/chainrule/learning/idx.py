"""The classical idx files of images and labels (LeCun, Cortes & Burges 1998), packed with gzip or not.

A file begins with two zero bytes, the type (8: unsigned byte), the number of dimensions, and each dimension
as a big-endian 32-bit number; the bytes follow, row by row.
"""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from math import prod
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import TableError
from chainrule.learning.tables import Table, image_table

__all__ = ["MAGIC", "holds_idx", "idx_test_beside", "read_idx", "read_idx_pair"]

MAGIC = b"\0\0\x08"
DIMENSIONS = (1, 2, 3, 4)
MOST = 1 << 33
CHUNK = 1 << 22


def read_idx(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """The array of an idx file, with the dimensions that it states.

    Raises TableError if it is none, or is longer or shorter than it states; nothing is allocated on its word.
    """
    file = Path(path)
    try:
        with file.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        with gzip.open(file, "rb") if packed else file.open("rb") as stream:
            return _array(file, stream)  # type: ignore[arg-type]
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise TableError(f"{file} is a broken gzip file: it cannot be unpacked to its end") from None
    except FileNotFoundError:
        raise TableError(f"there is no file {file}: check its name and folder") from None
    except OSError as error:
        raise TableError(f"{file} cannot be read: {error.strerror or error}") from None


def _array(file: Path, stream: BinaryIO) -> NDArray[np.uint8]:
    head = stream.read(4)
    if len(head) < 4 or head[:3] != MAGIC or head[3] not in DIMENSIONS:
        raise TableError(f"{file} is not an idx file of bytes (it begins with {head.hex() or 'nothing'})")
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise TableError(f"{file} is cut short: it ends within its sizes")
    shape = struct.unpack(f">{head[3]}I", sizes)
    count = prod(shape)
    stated = " × ".join(str(size) for size in shape)
    if count > MOST:
        raise TableError(f"{file} states {stated} bytes, more than can be read")
    if count == 0:
        raise TableError(f"{file} states {stated} bytes: it has no rows")
    content = bytearray()
    # read no more than there is: the sizes may be wrong
    while len(content) < count and (chunk := stream.read(min(CHUNK, count - len(content)))):
        content += chunk
    if len(content) < count:
        raise TableError(f"{file} is cut short: it states {stated} = {count} bytes but has {len(content)}")
    if stream.read(1):
        raise TableError(f"{file} is too long: it states {stated} = {count} bytes and has more")
    return np.frombuffer(bytes(content), np.uint8).reshape(shape)


def read_idx_pair(path: str | os.PathLike[str]) -> Table:
    """Images and their labels: columns p1, p2, … (0 to 255) and "label".

    path: a file of images, the file of labels beside it, or a folder that holds the training pair.
    Raises TableError if the other file of the pair is not there or does not fit.
    """
    images_file, labels_file = _pair(Path(path))
    images, labels = read_idx(images_file), read_idx(labels_file)
    if images.ndim < 2:
        raise TableError(f"{images_file} has one dimension: it holds labels, not images")
    if labels.ndim != 1:
        raise TableError(f"{labels_file} has {labels.ndim} dimensions: labels have one")
    if len(images) != len(labels):
        raise TableError(
            f"{images_file} has {len(images)} images but {labels_file.name} has {len(labels)} labels: "
            f"give the two files of one set"
        )
    return image_table(os.fspath(path), images.reshape(len(images), -1), labels)


def _pair(path: Path) -> tuple[Path, Path]:
    if path.is_dir():
        found = _in_folder(path, "train", "images", "idx3")
        if found is None:
            raise TableError(f"{path} is a folder without a train-images-idx3-ubyte file: name a file in it")
        path = found
    if "images" not in path.name and "labels" not in path.name:
        raise TableError(
            f'{path} has neither "images" nor "labels" in its name: name it as in train-images-idx3-ubyte'
        )
    here, other, dimensions = (
        ("images", "labels", "idx1") if "images" in path.name else ("labels", "images", "idx3")
    )
    beside = _find(path.parent, path.name.removesuffix(".gz").replace(here, other), dimensions)
    if beside is None:
        name = _spelt(path.name.removesuffix(".gz").replace(here, other), dimensions)
        raise TableError(
            f"{path} needs its {other} beside it: there is no {name} or {name}.gz in {path.parent}"
        )
    return (path, beside) if here == "images" else (beside, path)


def _spelt(name: str, dimensions: str) -> str:
    return name.replace("idx1", dimensions).replace("idx3", dimensions)


def _find(folder: Path, name: str, dimensions: str) -> Path | None:
    spelt = _spelt(name, dimensions)
    candidates = (folder / spelt, folder / f"{spelt}.gz")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _in_folder(folder: Path, split: str, what: str, dimensions: str) -> Path | None:
    # some copies write a full stop before idx
    for stem in (f"{split}-{what}-idx3-ubyte", f"{split}-{what}.idx3-ubyte"):
        if (found := _find(folder, stem, dimensions)) is not None:
            return found
    return None


def holds_idx(folder: Path) -> bool:
    """Whether a folder holds the classical training images."""
    return _in_folder(folder, "train", "images", "idx3") is not None


def idx_test_beside(path: str | os.PathLike[str]) -> Path | None:
    """The test images (t10k-images…) beside the training images, or in the folder; None if there are none."""
    file = Path(path)
    if not file.is_dir() and not file.name.startswith("train-"):
        return None
    return _in_folder(file if file.is_dir() else file.parent, "t10k", "images", "idx3")
