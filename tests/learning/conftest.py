"""What the tests of tables share: files with short names, and the one sentence of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.errors import TableError


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a file into an own folder and gives its bare name, so that messages are short."""
    monkeypatch.chdir(tmp_path)

    def writes(content: str | bytes, name: str = "a.csv") -> Path:
        Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return Path(name)

    return writes


@pytest.fixture
def refusal() -> Callable[[Callable[[], object]], str]:
    """The message with which an action is refused."""

    def refused(action: Callable[[], object]) -> str:
        with pytest.raises(TableError) as caught:
            action()
        message = str(caught.value)
        assert "\n" not in message
        return message

    return refused
