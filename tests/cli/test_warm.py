"""`chainrule warm`: code made ahead is there when training asks for it."""

from __future__ import annotations

import os
import subprocess
import sys
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


def test_the_first_training_says_that_code_is_made_and_the_second_is_silent(tmp_path: Path) -> None:
    chosen = ["xor", "--layers", "2", "--epochs", "2", "--engine", "compiled", "--out", str(tmp_path / "m")]
    told = []
    for _ in range(2):
        ran = subprocess.run(
            [sys.executable, "-m", "chainrule", "train", *chosen],
            capture_output=True,
            text=True,
            env={**os.environ, "CHAINRULE_CACHE": str(tmp_path / "code")},
            check=True,
        )
        told.append(ran.stderr)
    sentence = "making machine code for this processor: once, and usually in a second or two\n"
    assert told == [sentence, ""]
