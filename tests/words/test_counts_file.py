"""Counts on the disk: they come back to the bit, mapped, or are refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from chainrule.errors import CannotWrite, ModelFileError
from chainrule.files.tensors import write_tensors
from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.counts import Counts
from chainrule.words.counts_file import load_counts

TEXTS = ["ice is solid and cold", "steam is gas and hot", "zürich is cold and solid"]


def made(**options: int | bool | str) -> Counts:
    return count(Corpus.of_texts(TEXTS), minimum=1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("verify", [True, False])
@pytest.mark.parametrize("window", [3, 30])
@pytest.mark.parametrize("symmetric", [True, False])
def test_counts_come_back_to_the_bit(tmp_path: Path, window: int, symmetric: bool, verify: bool) -> None:
    counts, path = made(window=window, symmetric=symmetric), tmp_path / "counts.safetensors"
    counts.save(path)
    found = load_counts(path, verify=verify)
    assert (found.window, found.symmetric, found.weighting) == (window, symmetric, "distance")
    assert found.vocabulary == counts.vocabulary
    for name in ("starts", "rows", "columns", "values", "totals"):
        assert getattr(found, name).tobytes() == getattr(counts, name).tobytes()


def test_loaded_counts_are_mapped_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "counts.safetensors"
    made().save(path)
    found = load_counts(path)
    assert not found.values.flags.writeable
    assert not found.values.flags.owndata


def test_the_plain_library_reads_the_cells(tmp_path: Path) -> None:
    counts, path = made(), tmp_path / "counts.safetensors"
    counts.save(path)
    found = load_file(path)
    assert bytes(found["words"]).decode().split("\n") == list(counts.vocabulary.words)
    assert np.array_equal(found["values"], counts.values)


def test_an_altered_count_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "counts.safetensors"
    made().save(path)
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="does not match its SHA-256"):
        load_counts(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_tensors(path, {}, {}, kind="model")
    with pytest.raises(ModelFileError, match="this is a model, not counts: give a file of counts"):
        load_counts(path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"window": 0}, "its settings are not those of counts"),
        ({"weighting": "near"}, "its settings are not those of counts"),
        ({"window": 30}, "its tensors are not those of counts"),
        ({"starts": np.array([0, 2, 1])}, "its rows do not fit its cells"),
        ({"starts": np.array([0, 1])}, "its rows do not fit its cells"),
        ({"columns": np.array([0, 1])}, "its rows do not fit its cells"),
        ({"words": np.frombuffer(b"ice", np.uint8)}, "its words do not fit its counts"),
        ({"words": np.frombuffer(b"ice\nice", np.uint8)}, "its words do not fit its counts"),
        ({"words": np.frombuffer(b"ice\n\xff", np.uint8)}, "its words do not fit its counts"),
    ],
)
def test_a_file_that_is_no_counts_is_refused(tmp_path: Path, change: dict[str, object], what: str) -> None:
    header = {"window": 5, "symmetric": True, "weighting": "distance", "minimum": 1, "tokens": 2}
    tensors = {
        "words": np.frombuffer(b"ice\nis", np.uint8),
        "counts": np.array([1, 1]),
        "starts": np.array([0, 1, 2]),
        "columns": np.array([1, 0], np.int32),
        "values": np.array([1.0, 1.0]),
    }
    path = tmp_path / "counts.safetensors"
    write_tensors(path, tensors, header, kind="counts")
    assert load_counts(path).of("ice", "is") == 1
    for name, value in change.items():
        if name in header:
            header[name] = value  # type: ignore[assignment]
        else:
            tensors[name] = value  # type: ignore[assignment]
    write_tensors(path, tensors, header, kind="counts")
    with pytest.raises(ModelFileError) as caught:
        load_counts(path)
    assert str(caught.value) == f'cannot read "{path}": {what}: make the file again'


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="does not exist: make it first"):
        made().save(tmp_path / "no" / "counts.safetensors")


def test_kill_while_saving_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "counts.safetensors"
    made(window=2).save(path)
    code = (
        "import os, signal, sys\n"
        "from chainrule.files import atomic\n"
        "from chainrule.words.counts_file import load_counts\n"
        "counts = load_counts(sys.argv[1])\n"
        "write = atomic._Temporary.write\n"
        "def once(self, data):\n"
        "    write(self, bytes(data)[:100])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic._Temporary.write = once\n"
        "counts.save(sys.argv[1])\n"
    )
    before = path.read_bytes()
    assert subprocess.run([sys.executable, "-c", code, str(path)]).returncode == -9
    assert path.read_bytes() == before
    assert load_counts(path).window == 2
