"""The command line as a whole: help, version, what it imports."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module, metadata

import click
import pytest
from commandline import chainrule, refused

from chainrule.cli import COMMANDS

HEAVY = {"numpy", "scipy", "sklearn", "duckdb", "torch", "pydantic", "rich", "safetensors", "narwhals"}
ORDER = [
    "demo",
    "train",
    "predict",
    "evaluate",
    "info",
    "show",
    "examples",
    "mark",
    "check",
    "data",
    "warm",
    "formulas",
    "chart",
    "exercise",
    "words",
]


def imported_by(*arguments: str) -> set[str]:
    code = "import sys, json; from chainrule.cli import main; code = main(sys.argv[1:]); "
    code += "print(json.dumps(sorted(sys.modules)), file=sys.stderr); sys.exit(code)"
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    return {name.partition(".")[0] for name in json.loads(ran.stderr.splitlines()[-1])}


def test_help_imports_nothing_heavy() -> None:
    assert imported_by("--help") & HEAVY == set()


def test_a_heavy_import_is_noticed() -> None:
    assert {"numpy", "pydantic"} <= imported_by("data", "xor", "--json") | imported_by("show", "x.toml")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands_in_their_order(arguments: list[str]) -> None:
    ran = chainrule(*arguments)
    assert (ran.code, ran.err) == (0, "")
    listed = [
        line.split()[0] for line in ran.out.partition("Commands:\n")[2].splitlines() if line[2:3].isalpha()
    ]
    assert listed == [name for name in ORDER if name in COMMANDS]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_is_found_under_its_name(name: str) -> None:
    command: click.Command = import_module(f"chainrule.cli.{name}").command
    assert command.name == name
    assert COMMANDS[name][0].islower()


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_that_fits(name: str) -> None:
    ran = chainrule(name, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: chainrule {name} ")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_version_is_the_packages() -> None:
    assert chainrule("--version").out == f"chainrule {metadata.version('chainrule')}\n"


def test_the_module_runs_as_the_command_does() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "chainrule", "formulas", "relu", "--at", "2"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == ["z", "f(z)", "f′(z)", "2", "2", "1"]


def test_there_is_no_abbreviation_of_a_command() -> None:
    assert 'did you mean "formulas"?' in refused("formula")
