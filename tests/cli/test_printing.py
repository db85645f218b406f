"""What is printed: plain when piped, whole, and JSON that any reader takes."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from chainrule.cli import printing


def coloured(**environment: str) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    code = "from chainrule.cli.printing import say; from rich.text import Text; say(Text('x', 'red'))"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**kept, "TERM": "xterm", **environment},
    )
    return ran.stdout


def test_piped_output_has_no_colours() -> None:
    assert coloured() == "x\n"


def test_colours_are_there_where_they_are_asked_for_and_not_refused() -> None:
    assert "\x1b[31m" in coloured(FORCE_COLOR="1")
    assert "\x1b[31m" not in coloured(FORCE_COLOR="1", NO_COLOR="1")


def test_square_brackets_and_colons_are_only_text(capsys: pytest.CaptureFixture[str]) -> None:
    printing.say("[bold]a[/bold] :smile: 3.5")
    assert capsys.readouterr().out == "[bold]a[/bold] :smile: 3.5\n"


def test_an_empty_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    printing.say()
    assert capsys.readouterr().out == "\n"


def test_a_table_aligns_and_wraps_within_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    printing.table(("n", "words"), [("1", "word " * 30), ("10", "[x]")], right=[0])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "   n  words"
    assert lines[1].startswith("   1  word word")
    assert lines[-1] == "  10  [x]"
    assert max(map(len, lines)) <= 80


def test_a_cut_column_ends_in_an_ellipsis_and_spares_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    printing.table(["", ""], [("a_long_name_that_stays", "x" * 100)], cut=1)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("  a_long_name_that_stays  xxx")
    assert line.endswith("x…")
    assert len(line) <= 80


def test_facts_wrap_beside_their_label(capsys: pytest.CaptureFixture[str]) -> None:
    printing.facts({"what": "word " * 30, "rows": "4"})
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("        word")
    assert lines[-1] == "  rows  4"


def test_json_holds_arrays_and_no_infinities(capsys: pytest.CaptureFixture[str]) -> None:
    printing.print_json({"a": np.float32(0.5), "b": np.array([1.0, np.nan]), "c": (1, float("inf")), 3: True})
    assert json.loads(capsys.readouterr().out) == {"a": 0.5, "b": [1.0, None], "c": [1, None], "3": True}
