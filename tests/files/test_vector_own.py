"""Our own file of vectors: all that a training keeps, mapped, and checked when it is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vector_samples import WORDS, array_of, same_bits, sample

from chainrule.errors import ModelFileError
from chainrule.files import vector_own
from chainrule.files.vector_own import Mapped, read_own, write_own
from chainrule.files.vectors import read_vectors


def test_everything_comes_back_to_the_bit(tmp_path: Path) -> None:
    want = sample(contexts=True)
    write_own(tmp_path / "v.safetensors", want)
    data = read_vectors(tmp_path / "v.safetensors", verify=True)
    assert (tuple(data.words), data.use, data.settings) == (WORDS, "sum", {"size": 5, "rate": 0.05})
    assert same_bits(array_of(data), array_of(want))
    assert data.contexts is not None
    assert want.contexts is not None
    assert same_bits(data.contexts.rows(0, 7), want.contexts.rows(0, 7))
    for name in ("counts", "word_bias", "context_bias"):
        assert np.array_equal(getattr(data, name), getattr(want, name))


def test_any_safetensors_reader_reads_it(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    write_own(tmp_path / "v.safetensors", sample())
    assert same_bits(load_file(tmp_path / "v.safetensors")["words"], array_of(sample()))


def test_words_are_found_and_others_not(tmp_path: Path) -> None:
    write_own(tmp_path / "v.safetensors", sample())
    words: Any = read_own(tmp_path / "v.safetensors").words
    assert [words.find(word) for word in WORDS] == list(range(7))
    assert [words.find(word) for word in ("", "th", "thee", "\ud800", "日")] == [-1] * 5
    assert (words[-1], words[1:3], len(words)) == ("don't", ["ice", "größe"], 7)


@pytest.fixture
def altered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of blocks of four rows, one bit of whose last block is changed."""
    monkeypatch.setattr(vector_own, "BLOCK", 80)
    path = tmp_path / "v.safetensors"
    write_own(path, sample())
    content = bytearray(path.read_bytes())
    content[content.index(array_of(sample()).tobytes()) + 139] ^= 1
    path.write_bytes(content)
    return path


def test_a_changed_number_is_refused_when_its_block_is_used(altered: Path, told: Any) -> None:
    data = read_own(altered)
    assert same_bits(data.matrix.rows(0, 4), array_of(sample())[:4])
    sentence = (
        f'cannot read "{altered}": tensor "words" does not match its SHA-256, so it was damaged or altered: '
    )
    for use in (
        lambda: data.matrix.rows(6, 7),
        lambda: data.matrix.take(np.array([0, 6])),
        lambda: read_own(altered, verify=True),
    ):
        assert told(ModelFileError, use).startswith(sentence)


def test_without_the_check_the_changed_number_would_pass(altered: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(Mapped, "_check", lambda *_: None)
    assert not same_bits(read_own(altered).matrix.rows(0, 7), array_of(sample()))


def test_a_model_is_not_taken_for_vectors(tmp_path: Path, told: Any) -> None:
    from chainrule.files.tensors import write_tensors

    path = tmp_path / "m.safetensors"
    write_tensors(path, {"W1": np.eye(2)}, {}, kind="model")
    assert "this is a model, not vectors: give a file of vectors" in told(
        ModelFileError, lambda: read_vectors(path)
    )
    write_tensors(path, {"words": np.eye(2, dtype="f4")}, {}, kind="vectors")
    assert "its header is not as chainrule writes it for vectors" in told(
        ModelFileError, lambda: read_vectors(path)
    )


def test_words_that_share_a_place_are_refused_when_all_is_verified(tmp_path: Path, told: Any) -> None:
    from dataclasses import replace

    path = tmp_path / "v.safetensors"
    write_own(path, replace(sample(), words=("a",) * 7))
    assert "its vocabulary is not as chainrule writes it" in told(
        ModelFileError, lambda: read_own(path, verify=True)
    )
