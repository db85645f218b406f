"""What the tests of learning share: files with short names, the refusal of a table, small data."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.errors import TableError

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


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


@pytest.fixture(scope="session")
def two_classes() -> Rows:
    """X (60, 4) and a class of 0 or 1 that a line through the first two columns decides."""
    X = np.random.default_rng(11).normal(size=(60, 4))
    return X, (X[:, 0] + X[:, 1] > 0.3).astype(np.int64)


@pytest.fixture(scope="session")
def three_classes() -> Rows:
    """X (60, 4) and one of three classes, 30, 20 and 10 rows of each."""
    rng = np.random.default_rng(12)
    y = rng.permutation(np.repeat([0, 1, 2], [30, 20, 10]))
    return rng.normal(size=(60, 4)) + 2 * np.eye(4)[y], y
