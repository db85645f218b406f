"""Temporary files: what was written comes back, and nothing is left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import CannotWrite
from chainrule.words import spill
from chainrule.words.spill import CellStore, Store


@pytest.mark.parametrize("limit", [0, 50, 10**6])
def test_a_store_holds_what_was_appended(limit: int) -> None:
    store = Store(np.int32, limit)
    for k in range(10):
        store.append(np.arange(k, dtype=np.int32))
    want = np.concatenate([np.arange(k, dtype=np.int32) for k in range(10)])
    assert store.on_disk == (limit < want.nbytes)
    if store.on_disk:
        assert store.read(7, 20).tolist() == want[7:20].tolist()
    assert store.whole().tolist() == want.tolist()


@pytest.mark.parametrize("limit", [0, 100])
def test_an_empty_store_is_an_empty_array(limit: int) -> None:
    store = Store(np.float64, limit)
    assert store.whole().tolist() == []
    store.to_disk()
    assert (store.whole().tolist(), store.read(0, 0).tolist()) == ([], [])


def test_a_file_on_disk_has_no_name_that_could_be_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = CellStore(1, 0)
    store.append(np.zeros(5, np.int32), np.ones(5))
    assert store.values.on_disk
    assert list(tmp_path.iterdir()) == []
    store.sizes[:] = 5
    assert store.cells().row(0)[1].tolist() == [1] * 5


def test_a_full_disk_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **named: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spill, "TemporaryFile", full)
    with pytest.raises(CannotWrite) as caught:
        Store(np.int32, 0).append(np.zeros(3, np.int32))
    assert str(caught.value) == (
        "cannot write a temporary file: no space left on device: "
        "free some space, set TMPDIR to another disk, or allow more memory"
    )
