"""How `make` makes .venv: tools/environment.sh run in a folder of its own, with a pretended Python."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "tools" / "environment.sh"

FAKE_PYTHON = """#!/bin/sh
echo "$@" >>"$CALLS"
case "$*" in
"-m venv "*)
    mkdir -p $3/bin
    cp "$0" $3/bin/python
    echo "VIRTUAL_ENV=$(pwd -P)/$3" >$3/bin/activate
    echo "include-system-site-packages = false" >$3/pyvenv.cfg ;;
*"pip install"*) [ -z "$BREAK" ] || { echo "no room"; kill -9 $PPID; } ;;
esac
"""


class Checkout:
    """A folder with the set-up script and a PATH on which only what is added to it can be found."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path, self.calls = folder, folder / "bin", folder / "calls"
        (folder / "tools").mkdir()
        self.path.mkdir()
        shutil.copy(SCRIPT, folder / "tools")
        (folder / "pyproject.toml").write_text("[project]\n")
        for tool in ["sh", "cat", "cksum", "cp", "dirname", "grep", "mkdir", "rm"]:
            (self.path / tool).symlink_to(str(shutil.which(tool)))

    def add_python(self, name: str, text: str = FAKE_PYTHON) -> None:
        (self.path / name).write_text(text)
        (self.path / name).chmod(0o755)

    def set_up(self, wanted: str = "run", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the script; `calls` then holds what it asked of Python this time."""
        self.calls.write_text("")
        environment = {"PATH": str(self.path), "CALLS": str(self.calls), "BREAK": "", **variables}
        command = [str(self.path / "sh"), "tools/environment.sh", wanted]
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )

    def asked_for(self, what: str) -> bool:
        return what in self.calls.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_set_up_without_a_python_ends_in_one_sentence(checkout: Checkout) -> None:
    checkout.add_python("python3.12", "#!/bin/sh\necho 'command not found' >&2; exit 127\n")
    ran = checkout.set_up()
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "no Python 3.11, 3.12 or 3.13 with venv runs here" in ran.stderr


def test_set_up_passes_over_a_python_that_does_not_run(checkout: Checkout) -> None:
    checkout.add_python("python3.13", "#!/bin/sh\nexit 127\n")
    checkout.add_python("python3.11")
    assert checkout.set_up().returncode == 0
    assert checkout.asked_for("-m venv .venv")


def test_set_up_refuses_an_unsuitable_named_python(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    ran = checkout.set_up(PYTHON="python2")
    assert ran.returncode == 2
    assert "PYTHON=python2" in ran.stderr


def test_set_up_a_second_time_does_nothing(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up("test")
    for wanted in ("test", "run"):
        assert checkout.set_up(wanted).returncode == 0
        assert checkout.calls.read_text() == ""


def test_set_up_installs_again_when_pyproject_changes(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up()
    (checkout.folder / "pyproject.toml").write_text("[project]\nversion = '2'\n")
    checkout.set_up()
    assert checkout.asked_for("pip install")
    assert not checkout.asked_for("-m venv .venv")


def test_set_up_adds_the_test_extra_to_the_same_environment(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up("run")
    checkout.set_up("test")
    assert checkout.asked_for("-e .[test]")
    assert not checkout.asked_for("-m venv .venv")


def test_an_interrupted_set_up_is_made_again_from_nothing(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up("run")
    assert checkout.set_up("test", BREAK="yes").returncode != 0
    assert not list((checkout.folder / ".venv").glob(".ready-*"))
    assert checkout.set_up("test").returncode == 0
    assert checkout.asked_for("-m venv .venv")


def test_two_set_ups_at_once_do_not_meet(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    (checkout.folder / ".venv-busy").mkdir()
    (checkout.folder / ".venv-busy" / "process").write_text(str(os.getpid()))
    ran = checkout.set_up()
    assert ran.returncode == 2
    assert f"process {os.getpid()} is setting up .venv" in ran.stderr


def test_an_environment_copied_from_another_folder_is_made_again(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up()
    (checkout.folder / ".venv" / "bin" / "activate").write_text("VIRTUAL_ENV=/elsewhere/.venv\n")
    (checkout.folder / ".venv" / ".ready-run").write_text("/elsewhere 1 2\n")
    checkout.set_up()
    assert checkout.asked_for("-m venv .venv")


def test_the_benchmarks_have_an_environment_of_their_own(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up("test")
    checkout.set_up("bench")
    assert checkout.asked_for("-m venv .venv-bench")
    assert checkout.asked_for("-e .[bench]")
    for wanted in ("bench", "test", "run"):
        assert checkout.set_up(wanted).returncode == 0
        assert checkout.calls.read_text() == ""


def test_an_interrupted_set_up_for_benchmarks_leaves_the_other_environment(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    checkout.set_up("test")
    assert checkout.set_up("bench", BREAK="yes").returncode != 0
    assert checkout.set_up("bench").returncode == 0
    assert checkout.asked_for("-m venv .venv-bench")
    assert checkout.set_up("test").returncode == 0
    assert checkout.calls.read_text() == ""


def test_set_up_refuses_an_environment_that_it_does_not_know(checkout: Checkout) -> None:
    checkout.add_python("python3.11")
    ran = checkout.set_up("fast")
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert 'set-up: "fast" is no environment: ask for run, test or bench' in ran.stderr
