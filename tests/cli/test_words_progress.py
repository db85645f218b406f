"""The bars of `words train` and `words counts`: in bytes while reading, then over each epoch."""

from __future__ import annotations

import io
import sys

import pytest

from chainrule.cli.progress import portion, reading


class Terminal(io.StringIO):
    """Text that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal as stderr."""
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    return stream


def test_reading_is_told_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = terminal(monkeypatch)
    with reading(2_000_000, show=True) as tell:
        assert tell is not None
        tell(1_000_000, 2_000_000)
        tell(2_000_000, 2_000_000)
    assert "2.0/2.0 MB" in stream.getvalue()


def test_reading_of_unknown_length_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = terminal(monkeypatch)
    with reading(None, show=True) as tell:
        assert tell is not None
        tell(3_000_000, None)
    assert "3.0" in stream.getvalue()


def test_the_epoch_under_way_is_told_with_its_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = terminal(monkeypatch)
    with portion(show=True) as move:
        move(0.5, "  epoch 2 of 15, cost 0.25")
    assert "epoch 2 of 15, cost 0.25" in stream.getvalue()


@pytest.mark.parametrize("show", [True, False])
def test_there_are_no_bars_without_a_terminal_or_for_json(
    show: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = io.StringIO() if show else Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with reading(10, show=show) as tell, portion(show=show) as move:
        assert tell is None
        move(1.0, "done")
    assert stream.getvalue() == ""
