"""Formulas of one's own on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from commandline import chainrule, refused

from chainrule.formulas.activations import ACTIVATIONS

OWN = """
import chainrule as cr
from chainrule.formulas.vocabulary import tanh

cr.activation("bent", value=lambda z: tanh(z) + z / 2, slope=lambda z: 1.5 - tanh(z) ** 2)
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[str]:
    path = tmp_path / "mine.py"
    path.write_text(OWN)
    yield str(path)
    if "bent" in ACTIVATIONS:
        ACTIVATIONS.remove("bent")


def test_an_activation_of_a_file_is_explained(own: str) -> None:
    ran = chainrule("--formulas", own, "formulas", "bent", "--at", "0")
    assert ran.code == 0, ran
    assert ran.out.split()[-3:] == ["0", "0", "1.5"]


def test_an_activation_of_a_file_trains_and_its_model_is_used_again(own: str, tmp_path: Path) -> None:
    out = str(tmp_path / "m.safetensors")
    asked = ("--layers", "4", "--activation", "bent", "--epochs", "2", "--out", out)
    assert chainrule("--formulas", own, "train", "iris", *asked).code == 0
    ACTIVATIONS.remove("bent")
    assert 'there is no activation called "bent"' in refused("info", out)
    assert "register activations, losses and rules of your own" in refused("info", out)
    ran = chainrule("--formulas", own, "info", out)
    assert (ran.code, "4 bent" in ran.out) == (0, True), ran


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("x = = 1", ", line 1 went wrong: invalid syntax: change that line"),
        ("\n1 / 0", ", line 2 went wrong: ZeroDivisionError: division by zero: change that line"),
        (
            "import chainrule\nchainrule.activation('relu', value=lambda z: z, slope=lambda z: 1)",
            ', line 2: there is an activation called "relu" already: choose another name',
        ),
    ],
)
def test_a_file_that_goes_wrong_is_named_with_its_line(tmp_path: Path, written: str, told: str) -> None:
    path = tmp_path / "mine.py"
    path.write_text(written)
    assert refused("--formulas", str(path), "data") == f'"{path}"{told}'


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "none.py"
    assert refused("--formulas", str(path), "data") == (
        f'there is no file "{path}": give a Python file that registers formulas'
    )
