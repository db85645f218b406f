"""Machine code on disk: found again, never stale, never half, safe when two processes make it at once."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import pytest

from chainrule.engines import machine
from chainrule.engines.lanes import Writer
from chainrule.engines.machine import Machine, cache_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path))
    return tmp_path / "compiled"


def _text(factor: float) -> str:
    writer = Writer("float64")
    array = writer.address(0)
    writer.store(writer.load(array, writer.whole(0)) * factor, array, writer.whole(0))
    return writer.text("KERNEL")


def _call(made: Machine, factor: float) -> float:
    value = np.array([2.0])
    row = np.array([value.ctypes.data])
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    kind(made.address(_text(factor)))(row.ctypes.data, 0, 0)
    return float(value[0])


def test_code_is_kept_and_found_again(folder: Path) -> None:
    first, second = Machine(), Machine()
    assert (_call(first, 3.0), first.compiled) == (6.0, 1)
    assert (_call(second, 3.0), second.compiled) == (6.0, 0)
    assert len(list(folder.iterdir())) == 1


def test_another_text_never_meets_old_code(folder: Path) -> None:
    assert [_call(Machine(), factor) for factor in (3.0, 5.0)] == [6.0, 10.0]
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("damage", [b"", b"x", None])
def test_damaged_code_is_made_anew(folder: Path, damage: bytes | None) -> None:
    _call(Machine(), 3.0)
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]) if damage is None else damage)
    made = Machine()
    assert (_call(made, 3.0), made.compiled) == (6.0, 1)
    assert kept.read_bytes() == whole


def test_code_of_another_name_is_not_taken(folder: Path) -> None:
    for factor in (3.0, 5.0):
        _call(Machine(), factor)
    one, other = folder.iterdir()
    one.write_bytes(other.read_bytes())
    assert [_call(Machine(), factor) for factor in (3.0, 5.0)] == [6.0, 10.0]


def test_without_a_folder_to_write_code_is_made_each_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHAINRULE_CACHE", str(tmp_path / "file"))
    for _ in range(2):
        made = Machine()
        assert (_call(made, 3.0), made.compiled) == (6.0, 1)


def test_a_full_disk_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = NamedTemporaryFile

    def full(*given: Any, **named: Any) -> Any:
        def write(data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        file = wanted(*given, **named)
        file.write = write
        return file

    with monkeypatch.context() as patched:
        patched.setattr(machine, "NamedTemporaryFile", full)
        made = Machine()
        assert (_call(made, 3.0), made.compiled) == (6.0, 1)
    assert list(folder.iterdir()) == []
    assert (_call(Machine(), 3.0), len(list(folder.iterdir()))) == (6.0, 1)


def test_a_folder_that_may_not_be_written_to_is_only_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _call(Machine(), 3.0)

    def refused(*given: Any, **named: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(machine, "NamedTemporaryFile", refused)
    kept, anew = Machine(), Machine()
    assert (_call(kept, 3.0), kept.compiled) == (6.0, 0)
    assert (_call(anew, 5.0), anew.compiled) == (10.0, 1)


def test_the_first_code_made_is_told_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(machine, "tell", told.append)
    first, second = Machine(), Machine()
    for made in (first, second):
        assert [_call(made, factor) for factor in (3.0, 5.0)] == [6.0, 10.0]
    assert told == ["making machine code for this processor: once, and usually in a second or two"]


def test_the_folder_is_the_platforms_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHAINRULE_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    monkeypatch.setattr(machine.sys, "platform", "linux")
    assert cache_folder() == Path("/somewhere/chainrule/compiled")
    monkeypatch.setattr(machine.sys, "platform", "darwin")
    assert cache_folder().parts[-4:] == ("Library", "Caches", "chainrule", "compiled")


def test_threads_that_ask_at_once_get_the_same_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Barrier(3)

    class Slow(Machine):
        def __init__(self) -> None:
            with suppress(threading.BrokenBarrierError):
                asked.wait(0.2)  # all would be here together, were they let in

    monkeypatch.setattr(machine, "_machine", cache(Slow))
    with ThreadPoolExecutor(3) as pool:
        made = {id(each) for each in pool.map(lambda _: machine.the_machine(), range(3))}
    assert len(made) == 1


RUN = """
import numpy as np
import chainrule as cr
from chainrule.formulas import activations
{edit}
X = np.linspace(-1, 1, 12).reshape(6, 2)
net = cr.Network(2, [cr.Dense(3, "{name}"), cr.Dense(1)])
run = cr.train(net, X, X[:, 0], epochs=3, engine="compiled", dtype="float64")
print(repr(run.history.losses[-1]))
"""
REGISTER = 'cr.activation("own", value=lambda z: {k} * z, slope=lambda z: {k} + 0 * z)'


def _run(folder: Path, edit: str = "", name: str = "tanh") -> str:
    made = _process(folder, edit, name)
    out, errors = made.communicate(timeout=120)
    assert made.returncode == 0, errors
    return str(out)


def _process(folder: Path, edit: str = "", name: str = "tanh") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", RUN.format(edit=edit, name=name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "CHAINRULE_CACHE": str(folder)},
    )


def test_an_edited_formula_gives_new_numbers_in_a_new_process(tmp_path: Path) -> None:
    first, again = (_run(tmp_path, REGISTER.format(k=0.5), "own") for _ in range(2))
    edited = _run(tmp_path, REGISTER.format(k=0.75), "own")
    assert first == again != edited


def test_two_processes_may_make_the_same_code_at_once(tmp_path: Path) -> None:
    alone = _run(tmp_path / "alone")
    together = [_process(tmp_path / "together") for _ in range(3)]
    found = [made.communicate(timeout=120) for made in together]
    assert [out for out, _ in found] == [alone] * 3, found
    assert not list((tmp_path / "together").rglob("*.tmp"))
