"""Catalogues: entries by name and in writing; wrong names and wrong writing refused."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, UnknownName
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.initialisers import INITIALISERS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES
from chainrule.formulas.schedules import SCHEDULES

CATALOGUES: list[Catalogue[Entry]] = [ACTIVATIONS, LOSSES, RULES, SCHEDULES, INITIALISERS]  # type: ignore[list-item]
NAMED = [(catalogue, name) for catalogue in CATALOGUES for name in catalogue]


@pytest.mark.parametrize(("catalogue", "name"), NAMED, ids=[f"{c.kind}-{n}" for c, n in NAMED])
def test_an_entry_in_writing_is_read_back(catalogue: Catalogue[Entry], name: str) -> None:
    entry = catalogue[name]
    assert catalogue.find(entry.spec) == entry
    assert catalogue.find(name) is entry
    assert catalogue.find(f" {name.upper().replace('_', '-')} ") is entry


def test_the_catalogue_holds_what_it_should() -> None:
    assert [*ACTIVATIONS] == [
        "identity", "step", "sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "softplus", "swish", "gelu",
        "gelu_tanh", "softmax",
    ]  # fmt: skip
    assert [*LOSSES] == ["mse", "half_squared_error", "mae", "huber", "binary_crossentropy", "crossentropy"]
    assert [*SCHEDULES] == [
        "constant", "step", "exponential", "inverse_time", "cosine", "linear_warmup", "reduce_on_plateau",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("alias", "name"),
    [("logistic", "sigmoid"), ("linear", "identity"), ("silu", "swish"), ("Leaky-ReLU", "leaky_relu")],
)
def test_an_alias_finds_its_entry_and_is_not_listed(alias: str, name: str) -> None:
    assert ACTIVATIONS.find(alias).name == name
    assert alias not in list(ACTIVATIONS)


def test_parameters_are_given_by_place_or_by_name() -> None:
    assert ACTIVATIONS.find("leaky_relu(0.2)") == ACTIVATIONS.find("leaky_relu(alpha=0.2)")
    assert ACTIVATIONS.find("leaky_relu(0.2)") != ACTIVATIONS["leaky_relu"]
    assert ACTIVATIONS["leaky_relu"].parameters == {"alpha": 0.01}


@pytest.mark.parametrize(
    ("number", "plain", "spec"),
    [
        (np.float32(0.5), 0.5, "leaky_relu(alpha=0.5)"),
        (np.float64(0.2), 0.2, "leaky_relu(alpha=0.2)"),
        (np.int64(2), 2, "leaky_relu(alpha=2)"),
        (np.uint8(3), 3, "leaky_relu(alpha=3)"),
        (Fraction(1, 4), 0.25, "leaky_relu(alpha=0.25)"),
        (math.inf, math.inf, "leaky_relu(alpha=inf)"),
    ],
)
def test_a_parameter_of_any_number_type_is_kept_as_a_plain_one(number: Any, plain: float, spec: str) -> None:
    for entry in (ACTIVATIONS["leaky_relu"](number), ACTIVATIONS["leaky_relu"](alpha=number)):
        assert entry.parameters == {"alpha": plain}
        assert type(entry.parameters["alpha"]) is type(plain)
        assert entry.spec == spec


@pytest.mark.parametrize("value", [np.True_, np.float32("nan"), 1j, np.array([0.1]), None])
def test_a_parameter_that_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        ACTIVATIONS["leaky_relu"](value)
    assert str(caught.value) == f"alpha of leaky_relu must be a number, not {value!r}: give a number"


@pytest.mark.parametrize(
    "spec",
    ["relu(", "leaky_relu(0.2", "leaky_relu(0.2) + 1", "leaky_relu(open('x'))", "leaky_relu(*a)", "relu()()"],
)
def test_unreadable_writing_is_refused(spec: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ACTIVATIONS.find(spec)
    assert "\n" not in str(caught.value)


def test_the_message_for_unreadable_writing_shows_the_form() -> None:
    with pytest.raises(ConfigError) as caught:
        ACTIVATIONS.find("leaky_relu(0.2")
    assert str(caught.value) == '"leaky_relu(0.2" cannot be read: write it as name(parameter=number, …)'


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("relu(1)", "relu takes 0 parameters (none), not 1: leave the others out"),
        ("leaky_relu('a')", "alpha of leaky_relu must be a number, not 'a': give a number"),
        ("leaky_relu(True)", "alpha of leaky_relu must be a number, not True: give a number"),
    ],
)
def test_a_wrong_parameter_is_refused(spec: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ACTIVATIONS.find(spec)
    assert str(caught.value) == message


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        LOSSES.find("mse_loss_of_mine")
    assert str(caught.value).endswith(
        "(known: binary_crossentropy, crossentropy, half_squared_error, huber, mae, mse)"
    )


@pytest.mark.parametrize(
    ("catalogue", "name", "near"),
    [
        (RULES, "sdg", "sgd"),
        (LOSSES, "bec", "bce"),
        (ACTIVATIONS, "sillu", "silu"),
        (ACTIVATIONS, "sigmiod", "sigmoid"),
    ],
)
def test_a_near_alias_is_suggested_but_not_listed(catalogue: Catalogue[Entry], name: str, near: str) -> None:
    with pytest.raises(UnknownName) as caught:
        catalogue.find(name)
    assert str(caught.value) == (
        f'there is no {catalogue.kind} called "{name}": did you mean "{near}"? '
        f"(known: {', '.join(sorted(catalogue))})"
    )


def test_only_names_and_entries_are_looked_up() -> None:
    with pytest.raises(
        ConfigError, match=r"^an activation is given by name or as an object of the catalogue, not as 3: give"
    ):
        ACTIVATIONS.find(3)  # type: ignore[arg-type]
    assert LOSSES.find(LOSSES["mse"]) is LOSSES["mse"]


def test_a_name_must_be_a_name() -> None:
    with pytest.raises(
        InvalidInput, match=r'^"my function" cannot be the name of an activation: use letters, digits'
    ):
        activation("my function", value=lambda z: z, slope=lambda z: 1)


def test_a_removed_entry_is_gone_with_its_aliases() -> None:
    activation("passing", value=lambda z: z, slope=lambda z: 1, aliases=("passer",))
    assert "passer" in ACTIVATIONS
    ACTIVATIONS.remove("passing")
    assert "passing" not in ACTIVATIONS
    assert "passer" not in ACTIVATIONS


def test_entries_with_equal_settings_are_equal_and_hash_alike() -> None:
    one, other = ACTIVATIONS["leaky_relu"](0.2), ACTIVATIONS["leaky_relu"](alpha=0.2)
    assert one == other
    assert hash(one) == hash(other)
    assert copy.copy(one) == one
    assert ACTIVATIONS["step"] != SCHEDULES["step"]


@pytest.mark.parametrize("spec", ["adam", "adam(learning_rate=0.01)"])
def test_an_entry_can_be_pickled_and_copied(spec: str) -> None:
    entry = RULES.find(spec)
    for copied in (pickle.loads(pickle.dumps(entry)), copy.deepcopy(entry)):
        assert copied == entry
        assert dict(copied.parameters) == dict(entry.parameters)
        with pytest.raises(TypeError):
            copied.parameters["learning_rate"] = 1.0
