"""`chainrule words`: its commands, their order and their help."""

from __future__ import annotations

from importlib import import_module

import pytest
from commandline import chainrule

from chainrule.cli.words import COMMANDS

ORDER = ["train", "counts", "ratios", "contexts", "neighbours", "why", "analogy", "odd", "similarity", "evaluate",
         "convert", "map", "show"]  # fmt: skip


def test_the_commands_of_words_are_listed_in_their_order() -> None:
    out = chainrule("words").out
    listed = [line.split()[0] for line in out.partition("Commands:\n")[2].splitlines() if line[2:3].isalpha()]
    assert listed == list(COMMANDS) == ORDER


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_of_words_is_found_and_its_help_fits(name: str) -> None:
    assert import_module(f"chainrule.cli.words_{name}").command.name == name
    ran = chainrule("words", name, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: chainrule words {name} ")
    assert max(map(len, ran.out.splitlines())) <= 80
