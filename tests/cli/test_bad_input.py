"""Wrong input of every kind: one sentence, exit code 2, and no file made or changed."""

from __future__ import annotations

import errno
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import folders
import pytest
from bad_choices import CHOICES, CONFIGS
from bad_files import Spoil, Wrong, row
from bad_tables import COLUMNS, TABLES
from bad_uses import RUNS, USES
from commandline import Ran, chainrule, refused

from chainrule.learning import capacity

ready, here = folders.ready, folders.here

CASES = [*TABLES, *COLUMNS, *CHOICES, *CONFIGS, *USES, *RUNS]
GIGABYTE = 10**9
TRAIN = ("train", "good.csv", "--target", "kind", "--epochs", "2")
FULL = 'cannot write "model.safetensors": the disk is full: free some space or choose another disk'


@pytest.fixture
def folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working folder, on a machine of 24 GB; no temporary file may be left in it."""
    monkeypatch.setattr(capacity, "memory_there", lambda: 24 * GIGABYTE)
    yield here
    assert not list(here.rglob(".chainrule-*"))


def spoil(folder: Path, files: Mapping[str, str | bytes | Spoil]) -> None:
    for name, content in files.items():
        place = folder / name
        if callable(content):
            known = place if place.exists() else folder / "run.safetensors.checkpoint"
            content = content(known.read_bytes())
        place.write_bytes(content.encode() if isinstance(content, str) else content)


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def told(ran: Ran, folder: Path) -> str:
    """The one sentence on stderr, where exit code and all else are as they must be."""
    assert ran.code == 2, ran
    assert ran.err.startswith("chainrule: "), ran.err
    assert ran.err.endswith("\n"), ran.err
    assert ran.err.count("\n") == 1, ran.err
    sentence = ran.err.removeprefix("chainrule: ").removesuffix("\n")
    # How far a diverging run gets is the first weights' affair.
    return re.sub(r"grown to \S+,", "grown to HUGE,", sentence.replace(str(folder.resolve()), "FOLDER"))


@pytest.mark.parametrize("wrong", CASES, ids=[f"{n}-{c.line}" for n, c in enumerate(CASES, start=1)])
def test_wrong_input_is_one_sentence_and_changes_nothing(wrong: Wrong, folder: Path) -> None:
    spoil(folder, wrong.files)
    before = contents(folder)
    ran = chainrule(*shlex.split(wrong.line))
    assert told(ran, folder) == wrong.sentence
    assert bool(ran.out) == wrong.began
    assert contents(folder) == before


def test_no_two_cases_are_the_same() -> None:
    assert len({(c.line, str(c.files)) for c in CASES}) == len(CASES) >= 60


@pytest.mark.parametrize(
    "ran",
    [
        Ran(0, "", "chainrule: no\n"),
        Ran(70, "", "chainrule: no\n"),
        Ran(2, "", "chainrule: no\nand more\n"),
        Ran(2, "", "Traceback\n"),
        Ran(2, "", ""),
    ],
)
def test_a_poor_refusal_is_noticed(ran: Ran, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        told(ran, tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "train e.csv --target kind",
        "train good.csv --target kind --layers 8,x",
        "predict model.safetensors numbers.csv",
        "info good.csv",
    ],
)
def test_the_process_itself_ends_with_one_sentence(line: str, folder: Path) -> None:
    spoil(folder, {"e.csv": row(5, "5,4,Bern")})
    before = contents(folder)
    ran = subprocess.run(
        [sys.executable, "-m", "chainrule", *shlex.split(line)], capture_output=True, text=True, check=False
    )
    told(Ran(ran.returncode, ran.stdout, ran.stderr), folder)
    assert ran.stdout == ""
    assert contents(folder) == before


def no_space(*_: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_told_before_training(
    call: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(folder)
    monkeypatch.setattr(f"chainrule.files.atomic.os.{call}", no_space)
    assert refused(*TRAIN) == FULL
    assert contents(folder) == before


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_fills_while_training_leaves_the_old_model(
    call: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainrule.learning.model import Model

    before, save = contents(folder), Model.save

    def full(self: Model, path: str) -> None:
        monkeypatch.setattr(f"chainrule.files.atomic.os.{call}", no_space)
        save(self, path)

    monkeypatch.setattr(Model, "save", full)
    assert refused(*TRAIN, "--json") == FULL
    assert contents(folder) == before


def test_predictions_that_do_not_fit_on_the_disk_leave_the_old_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "p.csv").write_text("old")
    monkeypatch.setattr("chainrule.files.atomic.os.fsync", no_space)
    assert refused("predict", "model.safetensors", "good.csv", "--out", "p.csv").startswith(
        'cannot write "p.csv": the disk is full'
    )
    assert (folder / "p.csv").read_text() == "old"


def test_a_machine_that_does_not_tell_its_memory_is_no_hindrance(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "memory_there", lambda: None)
    assert chainrule(*TRAIN, "--out", "new.safetensors").code == 0


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("train e.csv --target y", {"e.csv": "a,b,y\n1,2,0\n2,2,1\n3,2,0\n4,2,1\n"}),
        ("train three.csv --target c --loss mse", {}),
        ("train three.csv --target c --loss huber", {}),
        ("train good.csv --target kind --missing drop", {}),
        ("train e.csv --target kind --missing mean", {"e.csv": row(5, "5,,,yes")}),
        ("train good.csv --target kind --seed 99999999999999999999999999", {}),
        ("train good.csv --target kind --batch 99999999999999999999999999", {}),
        ("train good.csv --target kind --layers none", {}),
        ("train e.csv --target -1", {"e.csv": " 1 , 2.5 , no\r\n2,3,yes\n3,4,no\r\n4,4.5,yes\n"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_odd_but_sound_input_is_taken(line: str, files: Mapping[str, str], folder: Path) -> None:
    spoil(folder, files)
    ran = chainrule(*shlex.split(line), "--epochs", "2", "--out", "new.safetensors")
    assert (ran.code, ran.err) == (0, "")
    assert (folder / "new.safetensors").exists()
