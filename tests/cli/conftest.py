"""What the tests of commands share: a folder of small tables and trained models."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bad_files import make_folder


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `here` is a copy of; not to be changed."""
    folder = tmp_path_factory.mktemp("ready")
    make_folder(folder)
    return folder


@pytest.fixture
def here(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder of its own with good tables and models."""
    shutil.copytree(ready, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path
