"""run.toml: the choices of a run in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.cli.choices import OPTIONS
from chainrule.errors import ConfigError
from chainrule.learning.runfile import RunFile, read_run

Write = Callable[..., Path]
Told = Callable[[type, Callable[[], object]], str]


def test_a_run_file_states_choices(write: Write) -> None:
    text = 'target = -1\nlayers = [64, 32]\nactivation = "tanh"\nrate = 1e-3\nclass_weight = [1.0, 2.0]\ntest = 0.2\n'
    assert read_run(write(text, "run.toml")) == {
        "target": -1,
        "layers": [64, 32],
        "activation": "tanh",
        "rate": 0.001,
        "class_weight": [1.0, 2.0],
        "test": 0.2,
    }


def test_an_empty_run_file_states_nothing(write: Write) -> None:
    assert read_run(write("# later\n", "run.toml")) == {}


def test_every_option_has_its_key() -> None:
    keys = set(RunFile.model_fields)
    assert {name for name, *_ in OPTIONS} | {"drop", "header", "shuffle"} == keys


def test_every_mistake_is_named_at_once(told: Told, write: Write) -> None:
    file = write('epoch = 3\nbatch = "32"\nrate = "fast"\n', "run.toml")
    assert told(ConfigError, lambda: read_run(file)) == (
        'run.toml has 3 mistakes: rate must be a number, not "fast"; batch must be a whole number, not "32"; '
        'there is no key "epoch", did you mean "epochs"?: correct them'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shuffle = 1\n", "run.toml: shuffle must be true or false, not 1: write true or false"),
        ("seed = 1.5\n", "run.toml: seed must be a whole number, not 1.5: write a whole number"),
        ("rate = nan\n", "run.toml: rate must be a finite number, not NaN: write a finite number"),
        (
            "epochs = \n",
            '"run.toml", line 1: this is not TOML: invalid value: correct that line or the one before',
        ),
    ],
)
def test_a_wrong_value_is_named(told: Told, write: Write, text: str, message: str) -> None:
    assert told(ConfigError, lambda: read_run(write(text, "run.toml"))) == message


def test_a_file_that_is_not_there_is_named(told: Told, write: Write) -> None:
    write("", "other.toml")
    assert told(ConfigError, lambda: read_run("run.toml")) == (
        'there is no file "run.toml": check its name and folder'
    )
