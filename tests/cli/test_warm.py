"""`chainrule warm`: code made ahead is there when training asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.cli import main
from chainrule.engines import machine, warm


def test_warm_says_what_it_made_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    monkeypatch.setattr(warm, "warm", lambda dtypes: len(dtypes))
    assert main(["warm"]) == 0
    assert main(["warm", "--dtype", "float32"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2 functions made in")
    assert second.startswith("1 functions made in")
    assert first.endswith(str(machine.cache_folder()))


def test_what_warm_made_is_not_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = list(warm._usual())[:2]
    monkeypatch.setattr(warm, "_usual", lambda: iter(chosen))
    warm.warm(["float32"])
    assert warm.warm(["float32"]) == 0
