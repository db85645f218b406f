"""Counts on the disk: one file, whole or not there, which is mapped when it is loaded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import PathLike, quoted
from chainrule.files.mapping import map_tensors
from chainrule.files.tensors import write_tensors
from chainrule.words.bands import LARGEST_WINDOW, WEIGHTINGS, bands_of
from chainrule.words.cells import Cells
from chainrule.words.counts import Counts
from chainrule.words.vocabulary import Vocabulary

__all__ = ["load_counts", "save_counts"]

KIND = "counts"


def save_counts(counts: Counts, path: PathLike) -> None:
    """Write counts as one file, in one step; any safetensors reader can open it.

    The words lie in it as UTF-8 separated by newlines; `starts`, `columns` and `values` are the cells, with
    the number of the band behind the name where a window takes several. Raises CannotWrite; then an old file
    is untouched.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "counts.safetensors"
    >>> save_counts(Counts.from_cells(Vocabulary(["ice", "solid"], [5, 3]), [0], [1], [2.5]), path)
    >>> load_counts(path).of("ice", "solid")
    2.5
    """
    vocabulary = counts.vocabulary
    tensors: dict[str, NDArray[Any]] = {
        "words": np.frombuffer("\n".join(vocabulary.words).encode(), np.uint8),
        "counts": vocabulary.counts,
    }
    for k, table in enumerate(counts.tables):
        tensors |= {_name("starts", k): table.starts, _name("columns", k): table.columns}
        tensors[_name("values", k)] = table.values
    header = {
        "window": counts.window,
        "symmetric": counts.symmetric,
        "weighting": counts.weighting,
        "minimum": vocabulary.minimum,
        "tokens": vocabulary.tokens,
    }
    write_tensors(path, tensors, header, kind=KIND)


def load_counts(path: PathLike, *, verify: bool = True) -> Counts:
    """The counts of a file, mapped into memory: what is not looked at is not read.

    verify: whether every number is checked against its SHA-256 first, which reads the file once.
    Raises ModelFileError for a file that is not there, broken, altered or of another kind.
    """
    tensors, header = map_tensors(path, kind=KIND, verify=verify)
    window, weighting, symmetric = (header.get(name) for name in ("window", "weighting", "symmetric"))
    minimum, tokens = header.get("minimum"), header.get("tokens")
    if (
        type(window) is not int
        or not 1 <= window <= LARGEST_WINDOW
        or weighting not in WEIGHTINGS
        or type(symmetric) is not bool
        or type(minimum) is not int
        or type(tokens) is not int
    ):
        raise _refused(path, "its settings are not those of counts")
    bands = bands_of(window, weighting)
    names = {_name(part, k) for k in range(len(bands)) for part in ("starts", "columns", "values")}
    if tensors.keys() != {"words", "counts", *names}:
        raise _refused(path, "its tensors are not those of counts")
    vocabulary = _vocabulary(tensors, minimum, tokens, path)
    tables = []
    for k in range(len(bands)):
        table = Cells(*(tensors[_name(part, k)] for part in ("starts", "columns", "values")))
        _check(table, len(vocabulary), path)
        tables.append(table)
    return Counts(vocabulary, tables, window=window, symmetric=symmetric, weighting=weighting)


def _vocabulary(tensors: dict[str, NDArray[Any]], minimum: int, tokens: int, path: PathLike) -> Vocabulary:
    try:
        words = tensors["words"].tobytes().decode().split("\n") if tensors["words"].size else []
        return Vocabulary(words, tensors["counts"], minimum=minimum, tokens=tokens)
    except ValueError as error:
        raise _refused(path, "its words do not fit its counts") from error


def _check(table: Cells, size: int, path: PathLike) -> None:
    """The rows' borders; what lies in the rows is what the hashes vouch for."""
    starts, cells = table.starts, len(table.columns)
    fits = (
        starts.dtype == np.int64
        and table.columns.dtype == np.int32
        and table.values.dtype == np.float64
        and starts.shape == (size + 1,)
        and table.columns.shape == table.values.shape == (cells,)
    )
    if not fits or starts[0] != 0 or starts[-1] != cells or (np.diff(starts) < 0).any():
        raise _refused(path, "its rows do not fit its cells")


def _name(part: str, band: int) -> str:
    return part if band == 0 else f"{part}.{band}"


def _refused(path: PathLike, what: str) -> ModelFileError:
    return ModelFileError(f"cannot read {quoted(path)}: {what}: make the file again")
