"""Progress bars, over epochs and over bytes, silent when the output is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.learning.history import EpochRecord


@contextmanager
def progress(epochs: int, *, show: bool) -> Iterator[Callable[[EpochRecord], None]]:
    """A callback for training that moves the bar on."""
    if not show or not sys.stderr.isatty():
        yield lambda record: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=epochs)

        def note(record: EpochRecord) -> None:
            watched = f"loss {record.loss:.4g}"
            if record.validation_loss is not None:
                watched += f", validation {record.validation_loss:.4g}"
            bar.update(task, completed=record.epoch, description=watched)

        yield note


@contextmanager
def reading(size: int | None, *, show: bool) -> Iterator[Callable[[int, int | None], None] | None]:
    """A callback for reading so many bytes, that moves a bar on; None where there is no terminal."""
    if not show or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def portion(*, show: bool) -> Iterator[Callable[[float, str], None]]:
    """A callback for how much of something is done, from 0 to 1, and what to call it, that moves a bar on."""
    if not show or not sys.stderr.isatty():
        yield lambda part, label: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    # What is printed meanwhile goes through the bar's own console where both are the same terminal.
    both = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=both) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda part, label: bar.update(task, completed=part, description=label)
