"""Fixtures of the commands' tests: a folder of small tables and trained models.

A test module takes them by `ready, here = folders.ready, folders.here`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bad_files import make_folder


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `here` is a copy of, made once; not to be changed."""
    folder = tmp_path_factory.getbasetemp() / "ready"
    if not folder.exists():
        folder.mkdir()
        make_folder(folder)
    return folder


@pytest.fixture
def here(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own with good tables and models."""
    shutil.copytree(ready, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
