"""TOML files read, and checked with all mistakes at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import Field

from chainrule.errors import ConfigError
from chainrule.learning.configuration import Section, checked, read_toml


class Run(Section):
    epochs: Annotated[int, Field(ge=1)]
    rate: Annotated[float, Field(gt=0)] = 0.01
    shuffle: bool = True
    name: str = ""
    sizes: list[int] = Field(default=[])


def test_a_file_is_read_with_any_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_bytes(b'\xef\xbb\xbfepochs = 3\r\nname = "\xcf\x83"\r\n')
    assert read_toml(file) == {"epochs": 3, "name": "σ"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            b"epochs = 3\nrate 0.1\n",
            ", line 2: this is not TOML: expected '=' after a key in a key/value pair",
        ),
        (b"epochs = [1,\n", ", line 2: this is not TOML: invalid value"),
        (b"epochs = 3\nepochs = 4\n", ", line 2: this is not TOML: cannot overwrite a value"),
        (b'a = 1\nb = "\xff"\n', ", line 2: this is not UTF-8 text: save the file as UTF-8"),
        (b"a = " + b"[" * 5000, ": its lists are nested too deeply: flatten them"),
        (b"a = " + b"9" * 5000, " is not TOML: "),
    ],
)
def test_a_file_that_is_no_toml_is_named_with_its_line(content: bytes, told: str, tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_toml(file)
    assert str(refused.value).startswith(f'"{file}"{told}')


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'there is no file ".*run\.toml": check its name and folder'):
        read_toml(tmp_path / "run.toml")
    with pytest.raises(ConfigError, match=r'" is a folder: name a file in it'):
        read_toml(tmp_path)
    with pytest.raises(ConfigError, match=r'cannot read "a\\x00b": '):
        read_toml("a\0b")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "run.toml: epochs is missing: add it"),
        ({"epochs": 0}, "run.toml: epochs must be at least 1, not 0: raise it"),
        ({"epochs": "3"}, 'run.toml: epochs must be a whole number, not "3": write a whole number'),
        ({"epochs": True}, "run.toml: epochs must be a whole number, not true: write a whole number"),
        ({"epochs": 3, "rate": 0}, "run.toml: rate must be above 0, not 0: raise it"),
        (
            {"epochs": 3, "rate": "x" * 99},
            f'run.toml: rate must be a number, not "{"x" * 38}…: write a number',
        ),
        (
            {"epochs": 3, "rate": float("inf")},
            "run.toml: rate must be a finite number, not Infinity: write a finite number",
        ),
        ({"epochs": 3, "shuffle": 1}, "run.toml: shuffle must be true or false, not 1: write true or false"),
        ({"epochs": 3, "name": 1}, "run.toml: name must be text in quotes, not 1: write text in quotes"),
        ({"epochs": 3, "sizes": 1}, "run.toml: sizes must be a list, not 1: write a list"),
        (
            {"epochs": 3, "sizes": [1, "2"]},
            'run.toml: size 2 must be a whole number, not "2": write a whole number',
        ),
        (
            {"epochs": 3, "Rate": 1},
            'run.toml: there is no key "Rate", did you mean "rate"?: rename it, or take it out',
        ),
        (
            {"epochs": 3, "xyz": 1},
            'run.toml: there is no key "xyz" (known: epochs, name, rate, shuffle, sizes): rename it, or take it out',
        ),
        (
            {"rate": -1, "nme": ""},
            'run.toml has 3 mistakes: epochs is missing; rate must be above 0, not -1; there is no key "nme", '
            'did you mean "name"?: correct them',
        ),
    ],
)
def test_every_mistake_is_named_in_one_sentence(values: dict[str, object], told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        checked(Run, values, "run.toml")
    assert str(refused.value) == told


def test_many_mistakes_are_counted_and_the_first_listed() -> None:
    with pytest.raises(ConfigError, match=r"^run\.toml has 20 mistakes: .*; … and 12 more: correct them$"):
        checked(Run, {"epochs": 1, **{f"key{n}": n for n in range(20)}}, "run.toml")


def test_what_is_right_is_taken() -> None:
    assert checked(Run, {"epochs": 3, "rate": 1}, "run.toml") == Run(epochs=3, rate=1.0)
