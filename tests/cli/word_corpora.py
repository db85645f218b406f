"""A small made-up corpus for the commands of word vectors."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.engines.machine import the_machine

COLD, HOT = ("ice", "snow", "frost"), ("steam", "vapour", "smoke")
TEXT = "".join(
    f"{COLD[n % 3].title()} is cold and solid in winter, {COLD[n // 3 % 3]} too.\n"
    f"{HOT[n % 3].title()} is hot and rises like gas, {HOT[n // 3 % 3]} too.\n"
    for n in range(60)
)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the corpus weather.txt, which is given; no command tells of making machine code."""
    monkeypatch.setattr(the_machine(), "compiled", 1)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weather.txt"
    path.write_text(TEXT)
    return path
