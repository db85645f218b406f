"""Files in place whole, or not at all."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chainrule.errors import CannotWrite
from chainrule.files.atomic import check_writable, replace_file, replacing

OLD, NEW = b"old" * 1000, b"new" * 100_000


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(OLD)
    return path


def names_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def assert_untouched(target: Path) -> None:
    assert target.read_bytes() == OLD
    assert names_in(target.parent) == [target.name]


def test_a_new_file_holds_the_data_and_nothing_else_is_left(tmp_path: Path) -> None:
    replace_file(tmp_path / "a.bin", b"abc")
    assert (tmp_path / "a.bin").read_bytes() == b"abc"
    assert names_in(tmp_path) == ["a.bin"]


def test_an_old_file_is_replaced(target: Path) -> None:
    replace_file(str(target), NEW)
    assert target.read_bytes() == NEW
    assert names_in(target.parent) == [target.name]


def test_pieces_are_written_in_their_order(target: Path) -> None:
    replace_file(target, (bytes([i]) * 50_000 for i in range(5)))
    assert target.read_bytes() == b"".join(bytes([i]) * 50_000 for i in range(5))


def test_a_writer_can_stream(target: Path) -> None:
    with replacing(target) as file:
        for _ in range(3):
            file.write(b"row\n")
        assert target.read_bytes() == OLD
    assert target.read_bytes() == b"row\n" * 3


def test_the_old_file_survives_an_exception_in_the_block(target: Path) -> None:
    def half_a_file() -> None:
        with replacing(target) as file:
            file.write(NEW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half_a_file()
    assert_untouched(target)


def test_the_old_file_survives_an_exception_in_the_data(target: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield NEW
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replace_file(target, pieces())
    assert_untouched(target)


def test_an_os_error_of_the_blocks_own_is_not_blamed_on_the_file(target: Path) -> None:
    with pytest.raises(FileNotFoundError), replacing(target):
        (target.parent / "another").read_bytes()
    assert_untouched(target)


def test_permissions_of_a_new_file_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        replace_file(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_permissions_of_an_old_file_are_kept(target: Path) -> None:
    target.chmod(0o604)
    replace_file(target, NEW)
    assert stat.S_IMODE(target.stat().st_mode) == 0o604


def test_a_symbolic_link_stays_and_its_target_is_replaced(target: Path, tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    link = tmp_path / "links" / "latest"
    link.symlink_to("../model.bin")
    replace_file(link, NEW)
    assert link.is_symlink()
    assert target.read_bytes() == NEW
    assert names_in(link.parent) == ["latest"]


def test_a_link_to_nothing_makes_the_file_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("made")
    replace_file(tmp_path / "link", b"x")
    assert (tmp_path / "made").read_bytes() == b"x"
    assert (tmp_path / "link").is_symlink()


UNWRITABLE = {
    "missing/model.bin": 'missing" does not exist: make it first',
    "file/model.bin": "a part of the path is a file, not a folder: correct the path",
    "folder": "it is a folder: give the name of a file in it",
    "new/": "it is a folder: give the name of a file in it",
    "": "it is a folder",
    "loop": "its symbolic links go round in a circle",
    "x" * 300: "the name is too long: choose a shorter one",
    "pipe": "it is not an ordinary file",
    "null\0": "its name holds a null character",
}


@pytest.mark.parametrize("name", UNWRITABLE)
@pytest.mark.parametrize("attempt", [check_writable, lambda path: replace_file(path, b"x")])
def test_an_unwritable_path_is_refused_in_one_sentence(tmp_path: Path, name: str, attempt: object) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    before = names_in(tmp_path)
    assert callable(attempt)
    with pytest.raises(CannotWrite) as caught:
        attempt(f"{tmp_path}/{name}")
    message = str(caught.value)
    assert message.startswith(f'cannot write "{tmp_path}/{name}'.rstrip("\0"))
    assert UNWRITABLE[name] in message
    assert "\n" not in message
    assert names_in(tmp_path) == before
    assert (tmp_path / "file").read_bytes() == b"here"


def test_a_device_is_not_turned_into_a_file() -> None:
    with pytest.raises(CannotWrite, match="not an ordinary file"):
        replace_file(os.devnull, b"x")
    assert not Path(os.devnull).is_file()


def test_a_write_protected_file_is_left_alone(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # the superuser may write everything
    with pytest.raises(CannotWrite, match="write-protected"):
        replace_file(target, NEW)
    assert_untouched(target)


def test_checking_leaves_no_file_and_changes_none(target: Path) -> None:
    check_writable(target.with_name("other.bin"))
    check_writable(target)
    assert_untouched(target)


FAULTS = [
    (errno.ENOSPC, "the disk is full: free some space or choose another disk"),
    (errno.EDQUOT, "your disk quota is used up"),
    (errno.EROFS, "the disk is read-only"),
    (errno.EACCES, "permission is denied"),
    (errno.EIO, "input/output error: choose another place, or try again"),
]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
@pytest.mark.parametrize(("number", "reason"), FAULTS)
def test_a_fault_at_any_moment_leaves_the_old_file(
    target: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, reason: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(CannotWrite) as caught:
            replace_file(target, NEW)
    assert str(caught.value).startswith(f'cannot write "{target}": {reason}')
    assert_untouched(target)


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_is_noticed_before_the_work(
    target: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fails)
        with pytest.raises(CannotWrite, match="the disk is full"):
            check_writable(target)
    assert_untouched(target)


def test_a_write_that_the_system_cuts_short_leaves_the_old_file(target: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(NEW) // 2, limits[1]))
    try:
        with pytest.raises(CannotWrite, match="larger than is allowed"):
            replace_file(target, [NEW[:1000], NEW[1000:]])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert_untouched(target)


def test_a_folder_that_cannot_be_forced_to_disk_does_not_undo_the_file(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.fsync

    def fails_on_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails_on_folders)
        replace_file(target, NEW)
    assert target.read_bytes() == NEW


def test_the_data_is_on_the_disk_before_its_name_and_the_folder_after(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    sync, rename = os.fsync, os.replace

    def fsync(descriptor: int) -> None:
        info = os.fstat(descriptor)
        order.append("folder" if stat.S_ISDIR(info.st_mode) else f"file of {info.st_size}")
        sync(descriptor)

    def replace(source: object, place: object) -> None:
        order.append("name")
        rename(str(source), str(place))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        patch.setattr(os, "replace", replace)
        replace_file(target, NEW)
    assert order == [f"file of {len(NEW)}", "name", "folder"]


KILLED_AT = """
import os, signal, sys
from chainrule.files.atomic import replace_file
real, calls = getattr(os, sys.argv[2]), 0
def killed(*args):
    global calls
    calls += 1
    if calls == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args)
setattr(os, sys.argv[2], killed)
replace_file(sys.argv[1], [b"new" * 25_000] * 4)
"""


@pytest.mark.parametrize(
    ("call", "nth", "survivor"),
    [("write", 1, OLD), ("write", 3, OLD), ("fsync", 1, OLD), ("replace", 1, OLD), ("fsync", 2, NEW)],
)
def test_a_writer_killed_at_any_step_leaves_old_or_new(
    target: Path, call: str, nth: int, survivor: bytes
) -> None:
    ended = subprocess.run([sys.executable, "-c", KILLED_AT, str(target), call, str(nth)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert target.read_bytes() == survivor


WRITES_FOR_EVER = """
import sys
from chainrule.files.atomic import replace_file
n = 0
while True:
    replace_file(sys.argv[1], [bytes([n % 251]) * 100_000] * 5)
    if n == 0:
        print("ready", flush=True)
    n += 1
"""


@pytest.mark.parametrize("run", range(3))
def test_a_writer_killed_at_random_leaves_one_whole_file(target: Path, run: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_FOR_EVER, str(target)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        until = time.monotonic() + random.Random(run).uniform(0.0, 0.05)
        while time.monotonic() < until:
            assert_whole(target.read_bytes())
        child.kill()
    assert_whole(target.read_bytes())


def assert_whole(data: bytes) -> None:
    assert len(data) == 500_000
    assert len(set(data)) == 1


def test_importing_it_does_not_import_numpy() -> None:
    code = "import sys, chainrule.files.atomic; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
