"""Options read into the choices that training takes."""

from __future__ import annotations

from typing import Any

import pytest

from chainrule.cli.choices import OPTIONS, read_choices
from chainrule.errors import ConfigError
from chainrule.learning.runfile import RunFile


@pytest.mark.parametrize(
    ("written", "units"),
    [("32,16", [32, 16]), (" 4 , 2 ", [4, 2]), ("8", [8]), ("none", []), ("None", []), ("0", []), ("", [])],
)
def test_layers_are_numbers_between_commas(written: str, units: list[int]) -> None:
    assert read_choices({"layers": written}, {})["layers"] == units


@pytest.mark.parametrize("written", ["32,,x", "-3", "0.5", "1e9", "8,0", "8,", "٣", "1" * 5000])
def test_other_layers_are_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="is no number of units"):
        read_choices({"layers": written}, {})


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("relu", ["relu"]),
        ("relu, tanh", ["relu", "tanh"]),
        ("leaky_relu(alpha=0.1),swish(beta=2)", ["leaky_relu(alpha=0.1)", "swish(beta=2)"]),
        ("f(a=1,b=2),tanh", ["f(a=1,b=2)", "tanh"]),
    ],
)
def test_activations_are_names_between_commas_outside_brackets(written: str, names: list[str]) -> None:
    assert read_choices({"activation": written}, {})["activation"] == names


@pytest.mark.parametrize(
    ("written", "weights"), [("balanced", "balanced"), (" Balanced", "balanced"), ("1,2.5", [1, 2.5])]
)
def test_class_weights_are_balanced_or_numbers(written: str, weights: Any) -> None:
    assert read_choices({"class_weight": written}, {})["class_weight"] == weights


def test_what_is_not_given_is_left_to_the_run_file_and_then_to_training() -> None:
    given = {"rate": None, "drop": (), "epochs": 5, "seed": 0, "shuffle": False}
    assert read_choices(given, {"rate": 0.5, "epochs": 9}) == {
        "rate": 0.5,
        "epochs": 5,
        "seed": 0,
        "shuffle": False,
    }


def test_a_target_by_number_is_its_digits() -> None:
    assert read_choices({}, {"target": -1})["target"] == "-1"


@pytest.mark.parametrize(
    ("given", "validation"),
    [
        ({"patience": 3}, 0.1),
        ({"patience": 3, "validation": 0.0}, 0.0),
        ({"patience": 3, "validation": 0.3}, 0.3),
    ],
)
def test_patience_holds_rows_out_unless_said_otherwise(given: dict[str, Any], validation: float) -> None:
    assert read_choices(given, {})["validation"] == validation


def test_a_run_file_knows_the_options_by_their_names() -> None:
    assert {name for name, *_ in OPTIONS} | {"header", "shuffle", "drop"} == set(RunFile.model_fields)
