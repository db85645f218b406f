"""Whole networks' gradients against torch.autograd, over a grid of depth × activation × loss × weights × L2."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.engines.compiled import CompiledEngine
from chainrule.engines.engine import Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.losses import LOSSES
from tolerances import assert_close

BATCH, INPUTS, OUTPUTS = 6, 3, 3
HIDDEN = [*ACTIVATIONS, "leaky_relu(alpha=0.3)", "elu(alpha=1.75)", "swish(beta=2.5)"]
# Loss, output activation, whether fused: each loss with its output, and what people also do.
ENDS: list[tuple[str, str, bool | None]] = [
    ("mse", "identity", None),
    ("mse", "identity", False),
    ("mse", "sigmoid", None),
    ("mse", "softmax", None),
    ("half_squared_error", "sigmoid", None),
    ("half_squared_error", "tanh", None),
    ("mae", "identity", None),
    ("mae", "sigmoid", None),
    ("huber", "identity", None),
    ("huber", "tanh", None),
    ("huber(delta=0.25)", "identity", None),
    ("binary_crossentropy", "sigmoid", None),
    ("binary_crossentropy", "sigmoid", False),
    ("crossentropy", "softmax", None),
    ("crossentropy", "softmax", False),
]
WEIGHTS = ["none", "samples", "classes", "both"]
CLASS_WEIGHTS = (0.5, 2.0, 1.25)


def _network(depth: int, hidden: str, output: str, units: int = OUTPUTS) -> Network:
    layers = [Dense(4 - number % 2, hidden, bias=number != 1) for number in range(depth - 1)]
    return Network(INPUTS, [*layers, Dense(units, output)])


def _values(network: Network, loss: str, *, integers: bool = False, seed: int = 0) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    units = network.outputs
    values: dict[str, Any] = {p.name: rng.normal(size=p.shape) * 0.8 for p in network.parameters}
    values["x"] = rng.normal(size=(BATCH, INPUTS))
    targets = LOSSES.find(loss).targets
    labels = rng.integers(0, units, size=BATCH)
    if integers:
        values["y"] = labels[:, None]
    elif targets == "classes":
        values["y"] = np.eye(units)[labels]
    elif targets == "binary":
        values["y"] = rng.integers(0, 2, size=(BATCH, units)).astype(float)
    else:
        values["y"] = rng.normal(size=(BATCH, units))
    return values


def assert_gradients_agree(
    network: Network,
    loss: str,
    values: dict[str, Any],
    *,
    fused: bool | None = None,
    weights: str = "none",
    l2: float = 0.0,
    integers: bool = False,
) -> Step:
    """Loss and every gradient of a step recorded by either engine against PyTorch's; returns NumPy's step."""
    import torch

    classes = CLASS_WEIGHTS[: max(2, network.outputs)] if weights in ("classes", "both") else None
    derivation = derive(
        network,
        loss,
        l2=l2,
        fused=fused,
        sample_weights=weights in ("samples", "both"),
        class_weights=classes,
        integer_targets=integers,
    )
    given = np.random.default_rng(9).uniform(0.2, 2, size=BATCH)
    s = np.ones(BATCH)
    if weights in ("samples", "both"):
        s = s * given
        values = {**values, "q" if weights == "both" else "s": given[:, None]}
    if classes is not None:
        labels = values["y"][:, 0] if integers or network.outputs == 1 else values["y"].argmax(axis=1)
        s = s * np.array(classes)[labels.astype(int)]
    for engine in (CompiledEngine(), NumpyEngine()):
        step = engine.run(derivation, values, key=5)
        _assert_are_pytorchs(step, derivation, network, loss, values, torch.tensor(s), l2)
    return step


def _assert_are_pytorchs(
    step: Step,
    derivation: Derivation,
    network: Network,
    loss: str,
    values: dict[str, Any],
    s: Any,
    l2: float,
) -> None:
    import torch
    from torch_networks import loss_and_gradients

    masks = {name: torch.tensor(step[name]) for name in step.values if name[0] == "m" and name[1:].isdigit()}
    value, gradients = loss_and_gradients(network, loss, values, sample_weights=s, l2=l2, masks=masks)
    assert_close(step["C"], value, "autograd", what=f"{loss} of {network}")
    assert set(derivation.gradients) == set(gradients)
    for name, gradient in gradients.items():
        assert_close(
            step[derivation.gradients[name]], gradient.numpy(), "autograd", what=f"∂C/∂{name}, {network}"
        )


@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("depth", [2, 3, 4])
def test_each_hidden_activation_at_each_depth_with_each_loss(
    depth: int, hidden: str, torch: ModuleType
) -> None:
    network_seed = depth * 100
    for number, (loss, output, fused) in enumerate(ENDS):
        network = _network(depth, hidden, output)
        values = _values(network, loss, seed=network_seed + number)
        assert_gradients_agree(network, loss, values, fused=fused)


@pytest.mark.parametrize(("loss", "output", "fused"), ENDS)
def test_each_loss_with_weights_and_l2(loss: str, output: str, fused: bool | None, torch: ModuleType) -> None:
    classes = LOSSES.find(loss).targets == "classes"
    for weights, l2, depth in product(WEIGHTS, (0.0, 0.03), (1, 2)):
        if weights in ("classes", "both") and not classes:
            continue
        network = _network(depth, "tanh", output)
        assert_gradients_agree(network, loss, _values(network, loss), fused=fused, weights=weights, l2=l2)


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("fused", [True, False])
def test_class_numbers_as_targets(weights: str, fused: bool, torch: ModuleType) -> None:
    for depth, l2 in product((1, 3), (0.0, 0.03)):
        network = _network(depth, "relu", "softmax")
        values = _values(network, "crossentropy", integers=True)
        assert_gradients_agree(
            network, "crossentropy", values, fused=fused, weights=weights, l2=l2, integers=True
        )


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("fused", [True, False])
def test_one_sigmoid_unit_with_weights_of_two_classes(weights: str, fused: bool, torch: ModuleType) -> None:
    network = _network(2, "tanh", "sigmoid", units=1)
    values = _values(network, "binary_crossentropy")
    assert_gradients_agree(network, "binary_crossentropy", values, fused=fused, weights=weights)


def test_soft_targets(torch: ModuleType) -> None:
    network = _network(2, "tanh", "softmax")
    values = _values(network, "crossentropy")
    values["y"] = np.random.default_rng(2).dirichlet(np.ones(OUTPUTS), size=BATCH)
    for fused in (True, False):
        assert_gradients_agree(network, "crossentropy", values, fused=fused)


def test_thresholds_in_place_of_biases(torch: ModuleType) -> None:
    network = Network(
        INPUTS, [Dense(4, "sigmoid", threshold=True), Dense(2, "sigmoid", threshold=[0.1, 0.2])]
    )
    assert_gradients_agree(network, "binary_crossentropy", _values(network, "binary_crossentropy"))


def test_a_learnt_activation_parameter(torch: ModuleType) -> None:
    network = Network(INPUTS, [Dense(4, "prelu"), Dense(4, "prelu(0.1)"), Dense(2)])
    step = assert_gradients_agree(network, "mse", _values(network, "mse"), l2=0.05)
    assert np.abs(step["dalpha1"]).max() > 0
    assert np.abs(step["dalpha2"]).max() > 0


def test_frozen_layers_pass_gradients_on(torch: ModuleType) -> None:
    network = Network(INPUTS, [Dense(4, "tanh"), Dense(3, "sigmoid", frozen=True), Dense(2)])
    step = assert_gradients_agree(network, "mse", _values(network, "mse"), l2=0.05)
    assert "dW2" not in step.values
    assert np.abs(step["dW1"]).max() > 0


@pytest.mark.parametrize("places", [(0,), (1,), (2,), (0, 1, 2)])
def test_dropout_with_the_mask_that_was_drawn(places: tuple[int, ...], torch: ModuleType) -> None:
    layers: list[Dense | Dropout] = []
    for number, dense in enumerate((Dense(8, "tanh"), Dense(8, "relu"), Dense(2))):
        layers += [Dropout(0.4), dense] if number in places else [dense]
    network = Network(INPUTS, layers)
    step = assert_gradients_agree(network, "mse", _values(network, "mse"), l2=0.05)
    for place in places:
        mask = np.asarray(step[f"m{place}"])
        assert set(np.unique(mask)) == {0.0, 1 / 0.6}


def test_samples_of_weight_zero_count_for_nothing(torch: ModuleType) -> None:
    network = _network(2, "tanh", "softmax")
    derivation = derive(network, "crossentropy", sample_weights=True)
    values = _values(network, "crossentropy")
    s = np.array([[1.0], [0.0], [2.0], [0.0], [0.5], [1.0]])
    kept = s[:, 0] > 0
    everything = NumpyEngine().run(derivation, {**values, "s": s})
    fewer = {**values, "x": values["x"][kept], "y": values["y"][kept], "s": s[kept]}
    some = NumpyEngine().run(derivation, fewer)
    for symbol in ("C", "dW1", "dW2", "db2"):
        assert_close(everything[symbol], some[symbol], "rounding", what=symbol)


def test_no_weight_at_all_gives_no_loss_and_no_gradient() -> None:
    network = _network(1, "tanh", "identity")
    derivation = derive(network, "mse", sample_weights=True)
    step = NumpyEngine().run(derivation, {**_values(network, "mse"), "s": np.zeros((BATCH, 1))})
    assert step["C"] == 0.0
    assert not np.any(step["dW1"])


# --- clipping ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [0.01, 0.5, 1e3])
def test_clipping_by_norm_is_pytorchs(limit: float, torch: ModuleType) -> None:
    network = _network(3, "tanh", "identity")
    values = _values(network, "mse")
    step = NumpyEngine().run(derive(network, "mse", "sgd", clip_norm=limit), values)
    tensors = _with_gradients(torch, network, step)
    # PyTorch adds 1e-6 to the norm it divides by; we do not.
    norm = float(torch.nn.utils.clip_grad_norm_(tensors.values(), limit))
    assert_close(step["n"], norm, "rounding")
    for name, tensor in tensors.items():
        exact = tensor.grad.numpy() * ((norm + 1e-6) / norm if norm > limit else 1.0)
        assert_close(step.updated[f"c{name}"], exact, "autograd", what=name)


@pytest.mark.parametrize("limit", [0.01, 0.2, 1e3])
def test_clipping_by_value_is_pytorchs(limit: float, torch: ModuleType) -> None:
    network = _network(3, "tanh", "identity")
    step = NumpyEngine().run(derive(network, "mse", "sgd", clip_value=limit), _values(network, "mse"))
    tensors = _with_gradients(torch, network, step)
    torch.nn.utils.clip_grad_value_(tensors.values(), limit)
    for name, tensor in tensors.items():
        assert np.asarray(step.updated[f"c{name}"]).tolist() == tensor.grad.numpy().tolist()


def _with_gradients(torch: ModuleType, network: Network, step: Step) -> dict[str, Any]:
    tensors = {p.name: torch.zeros(p.shape, dtype=torch.float64) for p in network.parameters}
    for name, tensor in tensors.items():
        tensor.grad = torch.tensor(step[f"d{name}"])
    return tensors


# --- the comparison can fail ------------------------------------------------------------------------


@pytest.fixture
def tanh_too_steep() -> Iterator[str]:
    """tanh with a slope one millionth too high."""
    from chainrule.formulas.vocabulary import tanh

    activation("tanh_too_steep", value=lambda z: tanh(z), slope=lambda a: (1 - a**2) * (1 + 1e-6))
    yield "tanh_too_steep"
    ACTIVATIONS.remove("tanh_too_steep")


def test_the_comparison_with_autograd_can_fail(
    tanh_too_steep: str, torch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch_networks

    monkeypatch.setitem(torch_networks.ACTIVATIONS, tanh_too_steep, torch.tanh)
    network = _network(2, tanh_too_steep, "identity")
    with pytest.raises(AssertionError, match=r"∂C/∂W1"):
        assert_gradients_agree(network, "mse", _values(network, "mse"))


def test_a_penalty_slightly_too_strong_is_noticed(torch: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch_networks

    network = _network(2, "tanh", "identity")
    right = torch_networks.loss_and_gradients
    monkeypatch.setattr(
        torch_networks, "loss_and_gradients", lambda *a, l2, **k: right(*a, l2=l2 * (1 + 1e-6), **k)
    )
    with pytest.raises(AssertionError, match=r"∂C/∂W"):
        assert_gradients_agree(network, "mse", _values(network, "mse"), l2=0.03)
