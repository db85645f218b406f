"""Vectors as text: what is read, and where a wrong line is."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vector_samples import array_of, written

from chainrule.errors import ModelFileError
from chainrule.files import vector_text
from chainrule.files.vectors import read_vectors

AGAIN = "copy the file again, or make it again"


@pytest.mark.parametrize(
    ("content", "words", "kind"),
    [
        ("a 1 2\nb 3 4\n", ("a", "b"), "glove"),
        ("2 2\na 1 2\nb 3 4\n", ("a", "b"), "word2vec"),
        ("a 1 2\nb 3 4", ("a", "b"), "glove"),
        ("a 1 2 \r\nb 3 4 \r\n\r\n\n", ("a", "b"), "glove"),
        ("a\t1\t2\nb c\t3\t4\n", ("a", "b c"), "glove"),
        ("at home 1 2\n. . . 3 4\n", ("at home", ". . ."), "glove"),
        (" 1 2\nb 3 4\n", ("", "b"), "glove"),
        ("1 1 2\n2 3 4\n", ("1", "2"), "glove"),
        ("\ufeffa 1 2\nb 3 4\n", ("a", "b"), "glove"),
        ("a  1 2\nb 3 4\n", ("a", "b"), "glove"),
        ("</s> 1 2\n<unk> 3 4\n", ("</s>", "<unk>"), "glove"),
        ("a\u00a0b 1 2\nc\u2028d 3 4\n", ("a\u00a0b", "c\u2028d"), "glove"),
        ("a 1.0e0 +2\nb 3 4E0\n", ("a", "b"), "glove"),
    ],
)
def test_text_is_read_as_it_stands(content: str, words: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    data = read_vectors(written(tmp_path, content))
    assert (data.words, data.format, data.notes) == (words, kind, ())
    assert array_of(data).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a 1 2\nb 1\n", 'line 2 (byte 6) has 1 numbers after "b" where other lines have 2'),
        ("a 1 2\nb 1 x\n", 'line 2 (byte 6) has "x" as number 2 of "b", which is no number'),
        ("a 1 2\nb nan 1\n", 'line 2 (byte 6) has "nan" as number 1 of "b", which is no finite number'),
        ("a 1 2\nb 1e39 1\n", 'line 2 (byte 6): number 1 of "b", "1e39", is too large for float32'),
        ("3 2\na 1 2\nb 3 4\n", "its first line promises 3 words and it holds 2"),
        ("1 2\na 1 2\nb 3 4\n", "its first line promises 1 words and it holds 2"),
        ("1000000000 2\na 1 2\n", "its first line promises 1,000,000,000 words and it holds 1"),
        ("1 99999999\na 1 2\n", 'line 2 (byte 11) has 2 numbers after "a" where its first line says 99,999,999'),
        ("2 3\na 1 2\nb 3 4\n", 'line 2 (byte 4) has 2 numbers after "a" where its first line says 3'),
        ("0 0\n", "its first line says that a vector has no numbers"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_by_line_and_byte(content: str, what: str, tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, content)
    assert told(ModelFileError, lambda: read_vectors(path)) == f'cannot read "{path}": {what}: {AGAIN}'


def test_an_empty_line_is_refused_unless_it_ends_the_file(
    tmp_path: Path, told: Any, monkeypatch: Any
) -> None:
    path = written(tmp_path, "a 1 2\n\nb 3 4\n")
    assert "line 2 (byte 6) is empty" in told(ModelFileError, lambda: read_vectors(path))
    monkeypatch.setattr(vector_text, "BLOCK", 7)
    assert "line 2 (byte 6) is empty" in told(ModelFileError, lambda: read_vectors(path))


def test_a_word_that_comes_twice_keeps_its_first_vector(tmp_path: Path) -> None:
    data = read_vectors(written(tmp_path, "a 1 2\nb 3 4\na 5 6\nc 7 8\n"))
    assert (data.words, array_of(data).tolist()) == (("a", "b", "c"), [[1, 2], [3, 4], [7, 8]])
    assert data.notes == ('the word "a" stands twice: the first vector of a word is kept',)
    more = read_vectors(written(tmp_path, "4 1\na 1\na 2\nb 3\nb 4\n"))
    assert more.notes == ('2 words stand again (the first is "a"): the first vector of a word is kept',)


def test_bad_utf_8_is_named_or_treated_as_asked(tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, b"a 1 2\ncaf\xe9 3 4\n")
    assert told(ModelFileError, lambda: read_vectors(path)).endswith(
        'line 2 (byte 6): the word "caf\ufffd" is not UTF-8: convert the file to UTF-8, or give errors="replace" '
        'or errors="skip"'
    )
    assert read_vectors(path, errors="replace").words == ("a", "caf\ufffd")
    assert read_vectors(path, errors="skip").words == ("a", "caf")


def test_blocks_and_threads_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(300, 7)).astype(np.float32)
    lines = [
        f"wörd {i} " * (i % 3 == 0) + f"w{i} " + " ".join(f"{x:.9g}" for x in row)
        for i, row in enumerate(numbers)
    ]
    path = written(tmp_path, "\n".join(lines) + "\n")
    whole = read_vectors(path)
    assert np.array_equal(array_of(whole), numbers)
    for block in (1, 64, 1000):
        monkeypatch.setattr(vector_text, "BLOCK", block)
        parts = read_vectors(path)
        assert (parts.words, array_of(parts).tobytes()) == (whole.words, numbers.tobytes())


def test_an_error_in_a_later_block_names_its_own_line(tmp_path: Path, monkeypatch: Any, told: Any) -> None:
    path = written(tmp_path, "".join(f"w{i} 1 2\n" for i in range(50)) + "bad 1 x\n")
    monkeypatch.setattr(vector_text, "BLOCK", 40)
    assert "line 51 (byte 390) has" in told(ModelFileError, lambda: read_vectors(path))


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_packed_text_is_unpacked_and_a_cut_one_named(pack: Any, tmp_path: Path, told: Any) -> None:
    packed = pack(b"".join(b"w%d 1 2\n" % i for i in range(1000)))
    assert len(read_vectors(written(tmp_path, packed)).words) == 1000
    cut = written(tmp_path, packed[:-20])
    sentence = told(ModelFileError, lambda: read_vectors(cut))
    assert sentence.endswith("it is cut off or damaged and cannot be unpacked to its end: copy it again")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"hello\n", "it holds no vectors"),
        (b"\n\n\n", "it holds no vectors"),
        (b"\x80\x04\x95abc", "it is a pickle of Python's, as gensim saves its models"),
        (b"PK\x03\x04abc", "it is a zip archive"),
        (b"\xff\xfea\0", "it is text in UTF-16"),
    ],
)
def test_what_is_no_file_of_vectors_is_told(content: bytes, what: str, tmp_path: Path, told: Any) -> None:
    path = written(tmp_path, content)
    assert f": {what}: " in told(ModelFileError, lambda: read_vectors(path))
