"""How commands end: exit codes, one sentence, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import click
import pytest
from commandline import refused

from chainrule.cli import COMMANDS
from chainrule.cli.failing import run
from chainrule.errors import CannotWrite, Divergence, TableError

PYTHON = [sys.executable, "-m", "chainrule"]
# A buffer that is still full when the process ends is where a second complaint would come from.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def raising(error: BaseException) -> click.Command:
    @click.command("fail")
    def command() -> None:
        raise error

    return command


def shell(*arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PYTHON, *arguments], capture_output=True, text=True, check=False, **settings)


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (TableError("iris.csv, row 3: no"), 2, "iris.csv, row 3: no"),
        (Divergence("the loss left the finite numbers"), 2, "the loss left the finite numbers"),
        (CannotWrite('cannot write "a": the disk is full'), 2, 'cannot write "a": the disk is full'),
        (
            MemoryError(),
            2,
            "there is not enough memory for this: use a smaller table, batch or network",
        ),
        (FileNotFoundError(2, "x", "a.csv"), 2, 'there is no file "a.csv": check its name and folder'),
        (IsADirectoryError(21, "x", "data"), 2, '"data" is a folder: name a file in it'),
        (
            PermissionError(13, "Permission denied", "a.csv"),
            2,
            'cannot use "a.csv": permission denied: correct that, or choose another file',
        ),
        (
            OSError(28, "No space left on device"),
            2,
            "the system refused: no space left on device: free what is missing, or try again",
        ),
        (KeyboardInterrupt(), 130, "stopped by Ctrl-C"),
        (click.exceptions.Abort(), 130, "stopped by Ctrl-C"),
        (
            ZeroDivisionError("division by zero"),
            70,
            "this is a defect in chainrule: ZeroDivisionError: division by zero: please report it with the "
            "command, chainrule  (CHAINRULE_DEBUG=1 shows where it happened)".replace("  ", " "),
        ),
        (TableError("two\nlines \x1b[31mred"), 2, "two\\nlines \\x1b[31mred"),
    ],
)
def test_each_exception_ends_in_its_sentence_and_code(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(raising(error), []) == code
    assert capsys.readouterr() == ("", f"chainrule: {sentence}\n")


def test_a_defect_names_the_command_as_it_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("fail")
    @click.argument("name")
    def command(name: str) -> None:
        raise KeyError(name)

    assert run(command, ["my file"]) == 70
    assert "report it with the command, chainrule 'my file' (" in capsys.readouterr().err


def test_the_traceback_is_shown_only_when_it_is_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHAINRULE_DEBUG", "1")
    assert run(raising(TableError("no")), []) == 2
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert told.endswith("chainrule: no\n")


def test_warnings_of_libraries_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    @click.command("warn")
    def command() -> None:
        warnings.warn("a library's business", DeprecationWarning, stacklevel=1)

    assert run(command, []) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["formulsa"],
            f'there is no command called "formulsa": did you mean "formulas"? (known: {", ".join(sorted(COMMANDS))})',
        ),
        (
            ["formulas", "--jsn"],
            'chainrule formulas has no option --jsn: did you mean --json? "chainrule formulas --help" lists '
            "what it takes",
        ),
        (["--wat"], 'chainrule has no option --wat: "chainrule --help" lists what it takes'),
        (
            ["show"],
            'chainrule show needs EXAMPLE|MODEL|FILE.toml: "chainrule show --help" lists what it takes',
        ),
        (
            ["formulas", "relu", "--at"],
            "option '--at' requires an argument: \"chainrule formulas --help\" lists what it takes",
        ),
        (
            ["words", "show", "vectors.safetensors", "--pair", "ice"],
            "option '--pair' requires 2 arguments: \"chainrule words show --help\" lists what it takes",
        ),
        (
            ["formulas", "--form", "txt"],
            "invalid value for '--form': 'txt' is not one of 'text', 'latex', 'mathml': "
            '"chainrule formulas --help" lists what it takes',
        ),
        (
            ["formulas", "relu", "tanh"],
            'got unexpected extra argument (tanh): "chainrule formulas --help" lists what it takes',
        ),
    ],
)
def test_a_slip_on_the_command_line_is_one_sentence(arguments: list[str], sentence: str) -> None:
    assert refused(*arguments) == sentence


def test_a_reader_that_goes_away_is_no_error() -> None:
    ran = subprocess.Popen(
        [*PYTHON, "formulas", "relu", "--at", "1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=BUFFERED,
    )
    assert ran.stdout
    assert ran.stderr
    ran.stdout.close()
    assert (ran.wait(), ran.stderr.read()) == (141, b"")
    ran.stderr.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_output_that_cannot_be_written_is_one_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [*PYTHON, "formulas", "relu", "--at", "1"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=BUFFERED,
        )
    assert ran.returncode == 2
    assert ran.stderr == (
        "chainrule: the system refused: no space left on device: free what is missing, or try again\n"
    )


def test_a_terminal_without_greek_gets_question_marks() -> None:
    ran = shell("formulas", "momentum", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert ran.returncode == 0
    assert "v ? ? ? v + g" in ran.stdout


def test_the_process_ends_with_the_code() -> None:
    ran = shell("formulas", "sigmiod")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith('chainrule: there is no formula called "sigmiod": did you mean "sigmoid"?')


@pytest.mark.skipif(os.name == "nt", reason="a stream is closed by a POSIX shell")
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
@pytest.mark.parametrize(("words", "code"), [("formulas relu --at 1", 0), ("formulas sigmiod", 2)])
def test_a_stream_that_the_shell_has_closed_is_no_defect(closed: str, words: str, code: int) -> None:
    ran = subprocess.run(
        ["/bin/sh", "-c", f'"$0" -m chainrule {words} {closed}', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code
    assert "Traceback" not in ran.stderr
    assert "defect" not in ran.stderr
    assert ("there is no formula" in ran.stderr) is (code == 2 and "2>" not in closed)
