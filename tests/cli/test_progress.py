"""The progress bar: on a terminal only, and on stderr."""

from __future__ import annotations

import io
import sys

import pytest

from chainrule.cli.progress import progress
from chainrule.learning.history import EpochRecord


class Terminal(io.StringIO):
    """Text that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def record(epoch: int, validation: float | None = None) -> EpochRecord:
    return EpochRecord(epoch, 0.5 / epoch, validation, {}, 0.1, (1.0,), 0.01)


def shown(
    stream: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    *,
    show: bool = True,
    validation: float | None = None,
) -> str:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "stderr", stream)
    with progress(4, show=show) as note:
        for epoch in range(1, 5):
            assert note(record(epoch, validation)) is None
    return stream.getvalue()


def test_it_is_silent_when_the_output_is_no_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown(io.StringIO(), monkeypatch) == ""
    assert capsys.readouterr().out == ""


def test_it_is_silent_with_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(Terminal(), monkeypatch, show=False) == ""


def test_on_a_terminal_it_tells_epochs_and_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = shown(Terminal(), monkeypatch)
    assert "4/4" in drawn
    assert "loss 0.125" in drawn
    assert "validation" not in drawn


def test_the_validation_loss_is_told_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "validation 0.75" in shown(Terminal(), monkeypatch, validation=0.75)
