"""Files are put in place whole, or not at all.

The new content is written beside the old file under a temporary name, forced to the disk, and only then given
its name; a reader, and whoever comes after a power cut or `kill -9`, finds the old file or the new one.
"""

from __future__ import annotations

import errno
import io
import os
import secrets
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from chainrule.errors import CannotWrite, InvalidInput

__all__ = ["PathLike", "check_writable", "quoted", "remove_leftovers", "replace_file", "replacing"]

PathLike = str | os.PathLike[str]
OLD = 600.0

_ADVICE = {
    errno.EACCES: ("permission is denied", "choose a place you may write to, or change its permissions"),
    errno.EPERM: ("permission is denied", "choose a place you may write to, or change its permissions"),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "correct the path"),
    errno.EISDIR: ("it is a folder", "give the name of a file in it"),
    errno.ENOSPC: ("the disk is full", "free some space or choose another disk"),
    errno.EDQUOT: ("your disk quota is used up", "free some space or choose another disk"),
    errno.EFBIG: ("the file would be larger than is allowed here", "raise the limit or choose another disk"),
    errno.EROFS: ("the disk is read-only", "choose another disk"),
    errno.ENAMETOOLONG: ("the name is too long", "choose a shorter one"),
    errno.ELOOP: ("its symbolic links go round in a circle", "correct the links or choose another path"),
}


def checked_path(path: Any) -> PathLike:
    """The path. Raises InvalidInput for what cannot name a file."""
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidInput(f"a file is named by a string or a Path, not by {path!r}")
    return path


def quoted(text: PathLike) -> str:
    """A path or a name in quotes, on one line, whatever characters it holds.

    >>> print(quoted("a\\nb.txt"))
    "a\\nb.txt"
    """
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in os.fspath(text))
    return f'"{shown}"'


def replace_file(path: PathLike, data: bytes | Iterable[bytes | memoryview]) -> None:
    """Write `data`, whole or in pieces, as the file at `path`; an old file there is replaced in one step.

    A symbolic link stays, and the file it points to is replaced. Raises CannotWrite; then the old file, if
    there was one, is untouched and nothing is left beside it.

    >>> import tempfile, pathlib
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "history.jsonl"
    >>> replace_file(file, [b"one ", b"two"])
    >>> file.read_bytes()
    b'one two'
    """
    with replacing(path) as file:
        if isinstance(data, bytes | bytearray | memoryview):
            file.write(data)
        else:
            file.writelines(data)


@contextmanager
def replacing(path: PathLike) -> Iterator[BinaryIO]:
    """A binary file to write to, which takes the name `path` when the block ends without an exception.

    If the block fails, what it wrote is removed and the old file is untouched. Raises CannotWrite.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "predictions.csv"
    >>> with replacing(path) as file:
    ...     _ = file.write(b"class\\n")
    >>> path.read_bytes()
    b'class\\n'
    """
    target, old = _target(path)
    raw = _create(target.parent, path)
    try:
        file = io.BufferedWriter(raw, 1 << 16)
        yield cast(BinaryIO, file)
        file.flush()
        with _naming(path):
            os.fsync(raw.fileno())
            raw.close()
            if old is not None:
                raw.place.chmod(stat.S_IMODE(old.st_mode))
            raw.place.replace(target)
    except BaseException:
        # Closing the buffer instead would try to write the rest once more, and fail again.
        raw.discard()
        raise
    _settle(target.parent)


def remove_leftovers(path: PathLike) -> None:
    """Remove the temporary files beside `path` that a `kill -9` left more than ten minutes ago.

    A younger one may still be written by somebody. What cannot be removed is left.

    >>> remove_leftovers("no/such/folder/model.safetensors")
    """
    with suppress(OSError):
        for place in Path(os.path.realpath(path)).parent.glob(".chainrule-*.tmp"):
            with suppress(OSError):
                if time.time() - place.lstat().st_mtime > OLD:
                    place.unlink()


def check_writable(path: PathLike) -> None:
    """Refuse, before any work is done, a path that could not be written afterwards.

    Tries the folder with a small temporary file and removes it; the file at `path` is neither made nor
    changed. Raises CannotWrite.

    >>> check_writable("no/such/folder/model.safetensors")
    Traceback (most recent call last):
        ...
    chainrule.errors.CannotWrite: cannot write "no/such/folder/model.safetensors": the folder ...
    """
    target, _ = _target(path)
    raw = _create(target.parent, path)
    try:
        # One byte forced to the disk is what shows a full one.
        raw.write(b"\0")
        with _naming(path):
            os.fsync(raw.fileno())
    finally:
        raw.discard()


class _Temporary(io.FileIO):
    """A new file beside the one to replace; a failing write names the path that the user gave."""

    def __init__(self, place: Path, path: PathLike) -> None:
        self.place, self.path = place, path
        super().__init__(place, "x")

    def write(self, data: object) -> int:
        with _naming(self.path):
            return os.write(self.fileno(), cast(bytes, data))

    def discard(self) -> None:
        with suppress(OSError):
            self.close()
        with suppress(OSError):
            self.place.unlink()


def _create(folder: Path, path: PathLike) -> _Temporary:
    with _naming(path):
        return _Temporary(folder / f".chainrule-{secrets.token_hex(8)}.tmp", path)


def _target(path: PathLike) -> tuple[Path, os.stat_result | None]:
    """The file that `path` stands for once links are followed, and its status if it exists."""
    given = os.fspath(path)
    if "\0" in given:
        raise CannotWrite(
            f"cannot write {quoted(path)}: its name holds a null character: choose another name"
        )
    target, old = Path(os.path.realpath(given)), None
    with _naming(path), suppress(FileNotFoundError):
        old = target.stat()
    if given.endswith(("/", os.sep)) or (old is not None and stat.S_ISDIR(old.st_mode)):
        raise _cannot_write(path, IsADirectoryError(errno.EISDIR, ""))
    if old is not None and not stat.S_ISREG(old.st_mode):
        # Replacing would turn a device such as /dev/null into an ordinary file.
        raise CannotWrite(f"cannot write {quoted(path)}: it is not an ordinary file: give the name of one")
    if old is not None and not os.access(target, os.W_OK):
        raise CannotWrite(
            f"cannot write {quoted(path)}: the file there is write-protected: "
            "allow writing to it, or choose another name"
        )
    return target, old


@contextmanager
def _naming(path: PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _cannot_write(path, error) from error


def _cannot_write(path: PathLike, error: OSError) -> CannotWrite:
    folder = Path(os.path.realpath(path)).parent
    if error.errno == errno.ENOENT and not folder.exists():
        what, do = f"the folder {quoted(folder)} does not exist", "make it first, or choose another one"
    else:
        reason = (error.strerror or "the system refused").lower()
        what, do = _ADVICE.get(error.errno or 0, (reason, "choose another place, or try again"))
    return CannotWrite(f"cannot write {quoted(path)}: {what}: {do}")


def _settle(folder: Path) -> None:
    # The new file has its name already: where a folder cannot be forced to the disk there is nothing to undo.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
