"""word2vec's binary files, and GloVe's, which need the vocabulary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vector_samples import WORDS, array_of, numbers, same_bits, written

from chainrule.errors import ModelFileError
from chainrule.files import vector_binary
from chainrule.files.vectors import read_vectors

NUMBERS = numbers()


def records(after: bytes) -> bytes:
    return b"".join(w.encode() + b" " + row.tobytes() + after for w, row in zip(WORDS, NUMBERS, strict=True))


@pytest.mark.parametrize("after", [b"", b"\n"], ids=["gensim", "word2vec"])
@pytest.mark.parametrize("header", [b"7 5\n", b""], ids=["header", "none"])
@pytest.mark.parametrize("chunk", [1, 1 << 22])
def test_word2vec_binary_is_read(
    after: bytes, header: bytes, chunk: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_binary, "_CHUNK", chunk)
    path = written(tmp_path, header + records(after), "v.bin")
    for size in {None, 5} if not header else {None}:
        data = read_vectors(path, size=size)
        assert (data.words, data.format) == (WORDS, "word2vec-binary")
        assert same_bits(array_of(data), NUMBERS)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"9 5\n" + records(b"\n"), "promises 9 words of 5 numbers and it ends within word 8"),
        (b"7 5\n" + records(b"\n")[:-9], "promises 7 words of 5 numbers and it ends within word 7"),
        (b"6 5\n" + records(b"\n"), "promises 6 words and more follows"),
        (b"1000000000 5\n" + records(b"\n"), "promises 1,000,000,000 words of 5 numbers and it ends"),
        (b"7 1000000000\n" + records(b"\n"), "promises 7 words of 1,000,000,000 numbers and it ends"),
    ],
)
def test_a_count_that_lies_is_told(content: bytes, what: str, tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, content, "v.bin")
    assert what in told(ModelFileError, lambda: read_vectors(path))


def test_a_cut_file_without_a_first_line_is_told(tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, records(b"\n")[:-9], "v.bin")
    assert "it ends within word 7 (byte 1" in told(ModelFileError, lambda: read_vectors(path, size=5))
    assert "it has no line that says how many numbers" in told(ModelFileError, lambda: read_vectors(path))


def test_a_number_that_is_not_finite_is_named(tmp_path: Path, told: Any) -> None:
    bad = NUMBERS.copy()
    bad[1, 2] = np.nan
    content = b"2 5\n" + b"".join(b"w%d %b\n" % (i, row.tobytes()) for i, row in enumerate(bad[:2]))
    path = written(tmp_path, content, "v.bin")
    assert 'number 3 of "w1" (byte 39) is nan, no finite number' in told(
        ModelFileError, lambda: read_vectors(path)
    )


def test_gloves_binary_file_is_read_with_its_vocabulary(tmp_path: Path, told: Any) -> None:
    tables = np.random.default_rng(0).normal(size=(2, 3, 5))
    path = written(tmp_path, tables.tobytes(), "vectors.bin")
    vocabulary = written(tmp_path, "the 9\nice 4\ncafé 1\n", "vocab.txt")
    data = read_vectors(path, vocabulary=vocabulary)
    assert (data.words, data.use, data.format) == (("the", "ice", "café"), "sum", "glove-binary")
    assert data.counts is not None
    assert data.counts.tolist() == [9, 4, 1]
    assert data.contexts is not None
    assert np.array_equal(data.matrix.rows(0, 3), tables[0, :, :4])
    assert np.array_equal(data.contexts.rows(0, 3), tables[1, :, :4])
    assert data.word_bias is not None
    assert data.context_bias is not None
    assert [*data.word_bias, *data.context_bias] == tables[:, :, 4].ravel().tolist()
    path.write_bytes(tables.tobytes()[:-8])
    sentence = told(ModelFileError, lambda: read_vectors(path, vocabulary=vocabulary))
    assert "its 232 bytes are not vectors of float64 for the 3 words of" in sentence


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("the 9\nice\n", "line 2 (byte 6) is no word with its count"),
        ("the 9\nice 4\nthe 1\n", 'line 3 (byte 12): the word "the" stands there twice'),
    ],
)
def test_a_wrong_vocabulary_is_named_by_line(content: str, what: str, tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, bytes(240), "vectors.bin")
    vocabulary = written(tmp_path, content, "vocab.txt")
    assert what in told(ModelFileError, lambda: read_vectors(path, vocabulary=vocabulary))
