"""Initialisers: their scales against PyTorch's, and the numbers drawn with them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Network
from chainrule.engines.initial import initial_parameters
from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.initialisers import INITIALISERS
from tolerances import assert_close

FAN_IN, FAN_OUT = 300, 200
# Ours → PyTorch's function with its arguments; LeCun's is He's with the gain of a linear unit.
COUNTERPARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "glorot_uniform": ("xavier_uniform_", {}),
    "glorot_normal": ("xavier_normal_", {}),
    "he_uniform": ("kaiming_uniform_", {"nonlinearity": "relu"}),
    "he_normal": ("kaiming_normal_", {"nonlinearity": "relu"}),
    "lecun_uniform": ("kaiming_uniform_", {"nonlinearity": "linear"}),
    "lecun_normal": ("kaiming_normal_", {"nonlinearity": "linear"}),
}


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_the_scale_is_pytorchs(name: str, torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    function, settings = COUNTERPARTS[name]
    asked: list[float] = []
    # What PyTorch would draw with, taken where it draws; its weights are (O, I).
    monkeypatch.setattr(torch.Tensor, "uniform_", lambda self, low, high, **_: asked.append(high))
    monkeypatch.setattr(torch.Tensor, "normal_", lambda self, mean, deviation, **_: asked.append(deviation))
    getattr(torch.nn.init, function)(torch.empty(FAN_OUT, FAN_IN), **settings)
    assert_close(INITIALISERS[name].scale_for(FAN_IN, FAN_OUT), asked[0], "rounding", scale=0, what=name)
    assert (INITIALISERS[name].distribution == "uniform") == ("uniform" in function)


def _drawn(spec: str, seed: int = 4) -> Any:
    return initial_parameters(Network(FAN_IN, [Dense(FAN_OUT, weights=spec)]), seed)["W1"]


@pytest.mark.parametrize("name", [*COUNTERPARTS, "uniform", "normal"])
def test_the_numbers_drawn_have_the_bounds_and_variance_stated(name: str) -> None:
    made, drawn = INITIALISERS[name], _drawn(name)
    scale = made.scale_for(FAN_IN, FAN_OUT)
    variance = scale**2 / 3 if made.distribution == "uniform" else scale**2
    assert abs(drawn.mean()) < 5 * np.sqrt(variance / drawn.size)
    assert drawn.var() == pytest.approx(variance, rel=0.03)
    if made.distribution == "uniform":
        assert np.abs(drawn).max() <= scale
        assert np.abs(drawn).max() > 0.999 * scale


def test_constants_and_zeros_are_exact() -> None:
    assert (_drawn("constant(value=0.25)") == 0.25).all()
    assert (_drawn("zeros") == 0).all()


def test_given_values_are_kept() -> None:
    network = Network(2, [Dense(1, bias=[0.5], weights=[[0.1], [-0.2]])])
    start = initial_parameters(network)
    assert start["W1"].tolist() == [[0.1], [-0.2]]
    assert start["b1"].tolist() == [0.5]


def test_one_seed_gives_one_start() -> None:
    assert _drawn("glorot_uniform", 1).tolist() == _drawn("glorot_uniform", 1).tolist()
    assert _drawn("glorot_uniform", 1).tolist() != _drawn("glorot_uniform", 2).tolist()


def test_changing_one_layer_leaves_the_others_numbers_alone() -> None:
    wide = initial_parameters(Network(3, [Dense(8), Dense(8), Dense(2)]), 9)
    narrow = initial_parameters(Network(3, [Dense(8), Dense(4), Dense(2)]), 9)
    assert wide["W1"].tolist() == narrow["W1"].tolist()


def test_each_activation_names_an_initialiser() -> None:
    assert {f.init for f in ACTIVATIONS.values()} <= set(INITIALISERS)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_first_weights_are_glorots_whatever_the_activation_unless_chosen(name: str) -> None:
    def start(**chosen: str) -> Any:
        return initial_parameters(Network(FAN_IN, [Dense(FAN_OUT, name, **chosen)]), 4)["W1"].tolist()  # type: ignore[arg-type]

    assert start() == _drawn("glorot_uniform").tolist()
    assert start(weights="he_uniform") == _drawn("he_uniform").tolist() != start()


def test_a_negative_scale_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^limit of initialiser uniform must not be negative, but is -1$"):
        INITIALISERS.find("uniform(-1)")
