"""A progress bar over epochs, silent when the output is no terminal."""

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
