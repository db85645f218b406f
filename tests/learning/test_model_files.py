"""A model file that was changed anywhere is refused, or is still the very same model."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chainrule import Dense, Model, Network, load_dataset, train, train_table
from chainrule.errors import ModelFileError
from chainrule.files.tensors import read_tensors, write_tensors

MUTATIONS = 2000
Told = Callable[[type, Callable[[], object]], str]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The file of a model of a table: numbers, categories as labels, history, settings."""
    path = tmp_path_factory.mktemp("model") / "m"
    train_table("wine", layers=[4], epochs=3, validation=0.2).model.save(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return Path("m")


def front(data: bytes) -> int:
    """Where the numbers begin."""
    return 8 + int.from_bytes(data[:8], "little")


def mutate(rng: random.Random, data: bytes) -> bytes:
    """One change: of a bit, of bytes, of a digit, an insertion, a deletion, a swap, a cut."""
    end = front(data)
    at = rng.choice(
        [rng.randrange(8), rng.randrange(8, end), rng.randrange(8, end), rng.randrange(end, len(data))]
    )
    n = rng.randint(1, 8)
    kind = rng.randrange(7)
    if kind == 0:
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]
    if kind == 1:
        return data[:at] + rng.randbytes(n) + data[at + n :]
    if kind == 2:
        at = rng.choice([match.start() for match in re.finditer(rb"\d", data[8:end])]) + 8
        return data[:at] + rng.choice([b"0", b"5", b"9", b"-", b"e"]) + data[at + 1 :]
    if kind == 3:
        return data[:at] + rng.choice([rng.randbytes(n), b" ", b"0", b'"', b"null"]) + data[at:]
    if kind == 4:
        return data[:at] + data[at + n :]
    if kind == 5:
        other = rng.randrange(len(data) - n)
        return data[:at] + data[other : other + n] + data[at + n :]
    return data[:at]


def test_every_mutation_is_refused_or_harmless(saved: bytes, path: Path) -> None:
    path.write_bytes(saved)
    want, table = Model.load(path), load_dataset("wine")
    header, predictions = repr(want.header()), want.probabilities_table(table).tobytes()
    rng, counts = random.Random(7), Counter[str]()
    for _ in range(MUTATIONS):
        data = mutate(rng, saved)
        path.write_bytes(data)
        try:
            model = Model.load(path)
        except ModelFileError:
            counts["refused"] += 1
            continue
        assert repr(model.header()) == header
        assert model.probabilities_table(table).tobytes() == predictions
        counts["same" if data == saved else "harmless"] += 1
    assert counts.total() == MUTATIONS
    assert counts["refused"] > 0.9 * MUTATIONS


def test_every_flip_among_the_numbers_is_refused(saved: bytes, path: Path, told: Told) -> None:
    rng = random.Random(8)
    for at in range(front(saved), len(saved)):
        path.write_bytes(saved[:at] + bytes([saved[at] ^ 1 << rng.randrange(8)]) + saved[at + 1 :])
        message = told(ModelFileError, lambda: Model.load(path))
        assert re.fullmatch(
            r'cannot read "m": tensor "\w+" does not match its SHA-256, so it was damaged or altered: '
            "copy the file again, or make it again",
            message,
        )


@pytest.mark.parametrize("key", [b"mean", b"scale", b"seed", b"loss", b"classes"])
def test_a_changed_digit_of_the_header_is_refused(saved: bytes, path: Path, told: Told, key: bytes) -> None:
    found = re.search(rb'\\"' + key + rb'\\":[^0-9]*(\d)', saved)
    assert found is not None
    at = found.start(1)
    path.write_bytes(saved[:at] + (b"7" if saved[at : at + 1] != b"7" else b"8") + saved[at + 1 :])
    assert told(ModelFileError, lambda: Model.load(path)) == (
        'cannot read "m": its header does not match its SHA-256, so it was damaged or altered: '
        "copy the file again, or make it again"
    )


def test_a_newer_version_is_refused(saved: bytes, path: Path, told: Told) -> None:
    path.write_bytes(saved)
    write_tensors(path, *read_tensors(path, kind="model"), kind="model", version=2)
    assert told(ModelFileError, lambda: Model.load(path)) == (
        'cannot read "m": its model format has version 2, newer than this chainrule\'s 1: update chainrule'
    )


def test_a_checkpoint_is_no_model(path: Path, told: Told) -> None:
    net = Network(1, [Dense(1)])
    train(net, [[1.0], [2.0]], [1.0, 2.0], epochs=1, checkpoint=path, checkpoint_epochs=1)
    assert told(ModelFileError, lambda: Model.load(path)) == (
        'cannot read "m": this is a checkpoint, not a model: give a model file'
    )


def test_a_file_of_another_program_is_refused(path: Path, told: Told) -> None:
    from safetensors.numpy import save_file

    save_file({"W1": np.zeros((1, 1), "f4")}, path)
    assert told(ModelFileError, lambda: Model.load(path)) == (
        'cannot read "m": it is a safetensors file without chainrule\'s own header: '
        "give a file that chainrule wrote"
    )


def test_a_pickle_is_refused(path: Path, told: Told) -> None:
    import pickle

    path.write_bytes(pickle.dumps({"W1": [1.0]}))
    assert told(ModelFileError, lambda: Model.load(path)) == (
        'cannot read "m": it is not a safetensors file: give a file that chainrule wrote'
    )
