"""The classical idx files of images and labels."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from chainrule.learning.idx import idx_test_beside, read_idx, read_idx_pair
from chainrule.learning.tables import read_table

Write = Callable[..., Path]
Refusal = Callable[[Callable[[], object]], str]

IMAGES = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([1, 0, 2, 1], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def pair(write: Write) -> Path:
    write(idx(LABELS), "train-labels-idx1-ubyte")
    return write(idx(IMAGES), "train-images-idx3-ubyte")


@pytest.mark.parametrize("packed", [False, True])
def test_an_idx_file_is_read(write: Write, packed: bool) -> None:
    content = idx(IMAGES)
    array = read_idx(write(gzip.compress(content, mtime=0) if packed else content, "images"))
    assert array.dtype == np.uint8
    assert_array_equal(array, IMAGES)


def test_images_and_labels_make_one_table(pair: Path) -> None:
    table = read_table(pair)
    assert table.names == ("p1", "p2", "p3", "p4", "p5", "p6", "label")
    assert table.pixels is not None
    assert_array_equal(table.pixels, IMAGES.reshape(4, 6))
    assert table.numbers("p2").tolist() == [1.0, 7.0, 13.0, 19.0]
    assert table.texts("label").tolist() == ["1", "0", "2", "1"]
    assert (table.kind("label"), table.resolve("-1"), table.place(0)) == ("number", "label", "row 1")


def test_labels_find_their_images(pair: Path) -> None:
    assert read_idx_pair("train-labels-idx1-ubyte").rows == 4


def test_a_packed_file_finds_its_unpacked_partner(write: Write, pair: Path) -> None:
    pair.unlink()
    assert read_idx_pair(write(gzip.compress(idx(IMAGES), mtime=0), "train-images-idx3-ubyte.gz")).rows == 4


def test_pixels_follow_the_rows_taken(pair: Path) -> None:
    taken = read_table(pair).take(np.array([2, 0]))
    assert taken.pixels is not None
    assert_array_equal(taken.pixels, IMAGES.reshape(4, 6)[[2, 0]])


def test_pixels_are_given_only_where_all_are_selected(pair: Path) -> None:
    table = read_table(pair)
    assert table.select(table.names[:-1]).pixels is not None
    assert table.select(table.names[1:]).pixels is None


def test_a_folder_gives_its_training_pair(write: Write, pair: Path) -> None:
    table = read_table(".")
    assert table.rows == 4
    assert idx_test_beside(".") is None


def test_the_test_images_are_found_beside_the_training_images(write: Write, pair: Path) -> None:
    beside = write(idx(IMAGES), "t10k-images-idx3-ubyte")
    assert idx_test_beside(pair) == beside
    assert idx_test_beside(".") == beside
    assert idx_test_beside(beside) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "images is not an idx file of bytes (it begins with nothing)"),
        (b"\0\0\x0d\x01", "images is not an idx file of bytes (it begins with 00000d01)"),
        (b"\0\0\x08\x03\0\0", "images is cut short: it ends within its sizes"),
        (idx(LABELS)[:-1], "images is cut short: it states 4 = 4 bytes but has 3"),
        (idx(IMAGES)[:-1], "images is cut short: it states 4 × 2 × 3 = 24 bytes but has 23"),
        (idx(IMAGES) + b"\0", "images is too long: it states 4 × 2 × 3 = 24 bytes and has more"),
        (
            b"\0\0\x08\x03" + b"\xff" * 12,
            "images states 4294967295 × 4294967295 × 4294967295 bytes, more than can be read",
        ),
        (b"\0\0\x08\x01\0\0\0\0", "images states 0 bytes: it has no rows"),
        (
            gzip.compress(idx(IMAGES), mtime=0)[:-4],
            "images is a broken gzip file: it cannot be unpacked to its end",
        ),
    ],
)
def test_a_broken_idx_file_is_refused(write: Write, refusal: Refusal, content: bytes, message: str) -> None:
    path = write(content, "images")
    assert refusal(lambda: read_idx(path)) == message


def test_large_sizes_are_not_allocated_on_their_word(write: Write, refusal: Refusal) -> None:
    path = write(b"\0\0\x08\x01" + struct.pack(">I", 2**32 - 1) + b"\0" * 9, "images")
    assert refusal(lambda: read_idx(path)) == (
        "images is cut short: it states 4294967295 = 4294967295 bytes but has 9"
    )


def test_a_file_that_is_not_there_is_named(write: Write, refusal: Refusal) -> None:
    assert refusal(lambda: read_idx("no-images")) == "there is no file no-images: check its name and folder"


def test_images_without_labels_are_refused(write: Write, refusal: Refusal) -> None:
    path = write(idx(IMAGES), "train-images-idx3-ubyte.gz")
    assert refusal(lambda: read_table(path)) == (
        "train-images-idx3-ubyte.gz needs its labels beside it: "
        "there is no train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz in ."
    )


def test_a_name_that_says_neither_is_refused(write: Write, refusal: Refusal) -> None:
    path = write(idx(IMAGES), "digits")
    assert refusal(lambda: read_table(path)) == (
        'digits has neither "images" nor "labels" in its name: name it as in train-images-idx3-ubyte'
    )


def test_a_pair_of_different_lengths_is_refused(write: Write, refusal: Refusal, pair: Path) -> None:
    write(idx(LABELS[:3]), "train-labels-idx1-ubyte")
    assert refusal(lambda: read_table(pair)) == (
        "train-images-idx3-ubyte has 4 images but train-labels-idx1-ubyte has 3 labels: "
        "give the two files of one set"
    )


def test_files_that_have_changed_places_are_refused(write: Write, refusal: Refusal, pair: Path) -> None:
    write(idx(LABELS), pair.name)
    assert refusal(lambda: read_table(pair)) == (
        "train-images-idx3-ubyte has one dimension: it holds labels, not images"
    )


def test_the_digits_are_read(data_folder: Path) -> None:
    table = read_table(data_folder / "mnist")
    assert (table.rows, len(table.names)) == (60_000, 785)
    assert table.pixels is not None
    # the mean and the spread that everybody knows, 0.1307 and 0.3081
    assert round(float(table.pixels.mean()) / 255, 4) == 0.1307
    assert round(float(table.pixels.std()) / 255, 4) == 0.3081
    beside = idx_test_beside(data_folder / "mnist")
    assert beside is not None
    assert read_table(beside).rows == 10_000
