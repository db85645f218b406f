"""The mapped container: the same arrays as those read, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ModelFileError
from chainrule.files import layout
from chainrule.files.mapping import map_tensors
from chainrule.files.tensors import read_tensors, write_tensors

TENSORS = {
    "a": np.arange(5, dtype=np.int32),
    "empty": np.zeros((0, 3)),
    "m": np.arange(6.0).reshape(2, 3),
    "u": np.arange(3, dtype=np.uint8),
}


def test_mapped_arrays_are_those_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_tensors(path, TENSORS, {"seed": 1}, kind="model")
    mapped, header = map_tensors(path, kind="model")
    want, same = read_tensors(path, kind="model")
    assert (list(mapped), header) == (list(want), same)
    for name, array in want.items():
        assert (mapped[name].dtype, mapped[name].shape) == (array.dtype, array.shape)
        assert mapped[name].tobytes() == array.tobytes()


def test_a_mapped_array_is_written_again_block_by_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, copy = tmp_path / "m.safetensors", tmp_path / "copy.safetensors"
    write_tensors(path, TENSORS, {}, kind="model")
    monkeypatch.setattr(layout, "_BLOCK", 7)
    write_tensors(copy, map_tensors(path, kind="model")[0], {}, kind="model")
    assert copy.read_bytes() == path.read_bytes()


def test_an_altered_number_is_refused_where_it_is_verified(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_tensors(path, TENSORS, {}, kind="model")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    map_tensors(path, kind="model", verify=False)
    with pytest.raises(ModelFileError) as caught:
        map_tensors(path, kind="model")
    assert str(caught.value) == (
        f'cannot read "{path}": tensor "u" does not match its SHA-256, so it was damaged or altered: '
        "copy the file again, or make it again"
    )


def test_a_shortened_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_tensors(path, TENSORS, {}, kind="model")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ModelFileError, match="bytes of numbers where its header promises"):
        map_tensors(path, kind="model", verify=False)


def test_a_replaced_file_stays_as_it_was_for_who_has_mapped_it(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    write_tensors(path, TENSORS, {}, kind="model")
    mapped, _ = map_tensors(path, kind="model")
    write_tensors(path, {"m": np.zeros(1)}, {}, kind="model")
    assert mapped["m"].tolist() == TENSORS["m"].tolist()
