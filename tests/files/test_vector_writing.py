"""Vectors written in every format come back; what a format cannot hold is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from vector_samples import WORDS, array_of, same_bits, sample

from chainrule.errors import ConfigError, InvalidInput, UnknownName
from chainrule.files.vectors import format_of, read_vectors, write_vectors


@pytest.mark.parametrize(
    "name", ["v.safetensors", "v.txt", "v.vec", "v.bin", "v.txt.gz", "v.vec.xz", "v.bin.gz"]
)
def test_what_is_written_comes_back_to_the_bit(name: str, tmp_path: Path) -> None:
    write_vectors(tmp_path / name, sample())
    data = read_vectors(tmp_path / name)
    assert (tuple(data.words), data.format) == (WORDS, format_of(name))
    assert same_bits(array_of(data), array_of(sample()))


def test_the_same_vectors_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("v.safetensors", "v.txt.gz", "v.vec.xz"):
        write_vectors(tmp_path / name, sample())
        first = (tmp_path / name).read_bytes()
        write_vectors(tmp_path / name, sample())
        assert (tmp_path / name).read_bytes() == first


def test_the_projector_gets_vectors_and_words(tmp_path: Path) -> None:
    write_vectors(tmp_path / "v.tsv", sample())
    rows = (tmp_path / "v.tsv").read_text().splitlines()
    assert [len(row.split("\t")) for row in rows] == [5] * 7
    assert float(rows[1].split("\t")[0]) == pytest.approx(float(array_of(sample())[1, 0]))
    words = (tmp_path / "v-words.tsv").read_text("utf-8").splitlines()
    assert words == ["word\tcount", *(f"{word}\t{7 - i}" for i, word in enumerate(WORDS))]
    write_vectors(tmp_path / "v.tsv", replace(sample(), counts=None))
    assert (tmp_path / "v-words.tsv").read_text("utf-8").split("\n") == [*WORDS, ""]


@pytest.mark.parametrize(
    ("word", "format"), [("a b", "word2vec"), ("a b", "word2vec-binary"), ("a\nb", "glove"), ("", "word2vec")]
)
def test_a_word_that_a_format_cannot_show_is_refused(
    word: str, format: str, tmp_path: Path, told: Any
) -> None:
    data = replace(sample(), words=(word, *WORDS[1:]))
    sentence = told(InvalidInput, lambda: write_vectors(tmp_path / "v", data, format))
    assert sentence.endswith("file cannot show: write safetensors, or leave the word out")
    assert not list(tmp_path.iterdir())


def test_a_format_is_named_by_the_ending_or_refused(told: Any) -> None:
    assert format_of("a.vec.gz") == "word2vec"
    assert "does not say how to write vectors" in told(InvalidInput, lambda: format_of("v.dat"))
    assert 'did you mean "glove"?' in told(UnknownName, lambda: format_of("v.dat", "golve"))
    assert "safetensors is not packed" in told(ConfigError, lambda: format_of("v.safetensors.gz"))
