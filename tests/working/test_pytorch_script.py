"""The PyTorch script of a step: it runs, agrees, and fails when any of its numbers is another."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.engines.engine import Data, Step
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.expression import PRIMITIVES
from chainrule.formulas.losses import LOSSES, loss
from chainrule.formulas.rules import RULES, rule
from chainrule.formulas.vocabulary import absolute, exp, log, maximum, row_sum, scalar, where
from chainrule.working.rendering.pytorch import pytorch_script

BATCH = 3
HIDDEN = [*ACTIVATIONS, "leaky_relu(alpha=0.3)", "elu(alpha=1.75)", "swish(beta=2.5)", "step(threshold=0.2)"]
ENDS: list[tuple[str, str, bool]] = [
    ("mse", "identity", True),
    ("mse", "identity", False),
    ("mse(batch=sum)", "sigmoid", False),
    ("mse", "softmax", False),
    ("half_squared_error", "sigmoid", False),
    ("half_squared_error(outputs=mean)", "tanh", False),
    ("mae", "identity", True),
    ("mae", "softplus", False),
    ("huber", "identity", True),
    ("huber(delta=0.25)", "tanh", False),
    ("binary_crossentropy", "sigmoid", True),
    ("binary_crossentropy(outputs=sum)", "sigmoid", False),
    ("crossentropy", "softmax", True),
    ("crossentropy(outputs=mean)", "softmax", True),
    ("crossentropy(batch=sum)", "softmax", False),
    ("crossentropy", "sigmoid", False),
]
GRADIENT_RULES = [name for name, made in RULES.items() if made.needs_gradient]

pytestmark = pytest.mark.usefixtures("torch")


def _values(derivation: Derivation, seed: int = 0, scale: float = 0.8) -> dict[str, Any]:
    network, rng = derivation.network, np.random.default_rng(seed)
    values: dict[str, Any] = {p.name: rng.normal(size=p.shape) * scale for p in network.parameters}
    values["x"] = rng.normal(size=(BATCH, network.inputs))
    labels = rng.integers(0, network.outputs, size=BATCH)
    targets = derivation.loss.targets if derivation.loss else "numbers"
    values["y"] = {
        "numbers": rng.normal(size=(BATCH, network.outputs)),
        "binary": rng.integers(0, 2, size=(BATCH, network.outputs)).astype(float),
        "classes": np.eye(network.outputs)[labels],
    }[targets]
    if derivation.shapes.get("y") == ("B", 1) and "Y" in derivation.shapes:
        values["y"] = labels[:, None]
    for name in {"s", "q"} & set(derivation.inputs):
        values[name] = rng.uniform(0.2, 2, size=(BATCH, 1))
    return values


def _script(derivation: Derivation, *, seed: int = 0, scale: float = 0.8, **settings: Any) -> str:
    rate = 0.1 if derivation.rule else None
    step = NumpyEngine().run(derivation, _values(derivation, seed, scale), rate=rate, **settings)
    return pytorch_script(derivation, step, rate=rate)


def _run(script: str) -> None:
    exec(compile(script, "script.py", "exec"), {})


def _states(derivation: Derivation) -> dict[str, Any]:
    rng = np.random.default_rng(4)
    shapes = {p.name: p.shape for p in derivation.network.parameters}
    return {symbol: rng.uniform(0.1, 1, shapes[of]) for symbol, (of, _) in derivation.state.items()}


@pytest.fixture
def own() -> Iterator[None]:
    """Take out again what a test adds to the catalogues."""
    before = {id(held): set(held) for held in (ACTIVATIONS, LOSSES, RULES, PRIMITIVES)}
    yield
    for catalogue in (ACTIVATIONS, LOSSES, RULES):
        for name in set(catalogue) - before[id(catalogue)]:
            catalogue.remove(name)
    for name in set(PRIMITIVES) - before[id(PRIMITIVES)]:
        del PRIMITIVES[name]


@pytest.mark.parametrize("hidden", HIDDEN)
def test_each_activation_agrees(hidden: str) -> None:
    for end, fused in (("mse", True), ("half_squared_error", False)):
        _run(_script(derive(Network(2, [Dense(4, hidden), Dense(2)]), end, "sgd", fused=fused)))


@pytest.mark.parametrize(("end", "output", "fused"), ENDS)
@pytest.mark.parametrize("units", [1, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_each_loss_and_its_reductions_agree(
    end: str, output: str, fused: bool, units: int, weighted: bool
) -> None:
    if output == "softmax" and units == 1:
        return
    network = Network(2, [Dense(3, "tanh"), Dense(units, output)])
    _run(_script(derive(network, end, "sgd", fused=fused, sample_weights=weighted)))


@pytest.mark.parametrize("name", GRADIENT_RULES)
def test_each_rule_agrees_in_its_first_step_and_in_a_later_one(name: str) -> None:
    derivation = derive(Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")]), "mse", name)
    _run(_script(derivation))
    later = _script(derivation, step=7, state=_states(derivation))
    _run(later)
    assert ("torch.optim." in later) == (name != "lazy_adam")


def test_a_rule_with_other_settings_agrees() -> None:
    network = Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")])
    for spec in (
        "adamw(weight_decay=0.3, beta1=0.5)",
        "momentum(mu=0.4)",
        "nesterov(mu=0)",
        "adadelta(rho=0.5)",
    ):
        derivation = derive(network, "mse", spec)
        _run(_script(derivation, step=3, state=_states(derivation)))


def test_the_perceptron_rule_is_written_out() -> None:
    for settings in ({}, {"bias": False}, {"threshold": True}):
        script = _script(derive(Network(2, [Dense(2, "step", **settings)]), "mse", "perceptron"), seed=1)
        assert "backward" not in script
        assert "W1.copy_(W1 + 0.1 * (x.T @ (y - a1)))" in script
        _run(script)


@pytest.mark.parametrize(
    "settings",
    [
        {"l2": 0.3},
        {"clip_norm": 0.01},
        {"clip_norm": 100.0, "l2": 0.1},
        {"clip_value": 0.01},
        {"clip_value": 0.01, "rule": "lazy_adam"},
        {"clip_norm": 0.01, "rule": "lazy_adam"},
        {"sample_weights": True, "class_weights": [0.5, 1.5, 2.0]},
        {"class_weights": [0.5, 1.5, 2.0], "integer_targets": True},
    ],
    ids=str,
)
def test_penalties_clipping_and_weights_agree(settings: dict[str, Any]) -> None:
    network = Network(2, [Dense(4, "tanh"), Dense(3, "softmax")])
    _run(_script(derive(network, "crossentropy", **{"rule": "momentum", **settings})))


def test_binary_class_weights_agree() -> None:
    network = Network(2, [Dense(2, "relu"), Dense(1, "sigmoid")])
    _run(_script(derive(network, "binary_crossentropy", "adam", class_weights=[0.5, 3.0])))


def test_dropout_masks_are_given_as_numbers() -> None:
    network = Network(3, [Dropout(0.3), Dense(8, "relu"), Dropout(0.5), Dense(1)])
    script = _script(derive(network, "mse", "adam"), key=3)
    assert "m0 = numbers([" in script
    assert "h1 = a1 * m1" in script
    _run(script)


def test_thresholds_learnt_slopes_and_frozen_layers_agree() -> None:
    layers = [Dense(3, "prelu", threshold=True), Dense(3, "tanh", frozen=True), Dense(2, "prelu", bias=False)]
    script = _script(derive(Network(2, layers), "mse", "rmsprop", l2=0.1))
    assert "z1 = x @ W1 - theta1" in script
    assert "W2.requires_grad_()" not in script
    _run(script)


def test_a_network_frozen_throughout_is_run_without_a_backward_pass() -> None:
    script = _script(derive(Network(2, [Dense(1, frozen=True)]), "mse", "sgd"))
    assert "backward()" not in script
    _run(script)


def test_a_prediction_alone_is_a_script_too() -> None:
    script = _script(derive(Network(2, [Dense(2, "relu"), Dense(2, "softmax")])))
    assert "loss" not in script
    _run(script)


def test_a_step_of_a_training_run_in_float32_agrees() -> None:
    derivation = derive(Network(2, [Dense(4, "tanh"), Dense(1)]), "mse", "adam")
    values = _values(derivation)
    parameters = {p.name: values[p.name] for p in derivation.network.parameters}
    trainer = NumpyEngine().trainer(
        derivation, parameters, Data(values["x"], values["y"]), dtype=np.float32, key=0
    )
    for _ in range(5):
        trainer.steps(None, BATCH, 0, 0.01, 9.0, lambda: False)
    script = pytorch_script(derivation, trainer.last_step(), rate=0.01)
    assert "dtype=torch.float32" in script
    _run(script)


def test_saturated_outputs_are_written_out_where_pytorch_bounds_the_loss() -> None:
    network = Network(1, [Dense(1, "sigmoid", bias=False)])
    derivation = derive(network, "binary_crossentropy", "sgd", fused=False)
    values = {"x": [[1.0]], "y": [[1.0]], "W1": [[-300.0]]}
    script = pytorch_script(derivation, NumpyEngine().run(derivation, values, rate=0.1), rate=0.1)
    assert "xlogy" in script
    _run(script)


def test_an_output_of_exactly_0_has_the_slope_of_the_working() -> None:
    network = Network(1, [Dense(2, "softmax", bias=False)])
    derivation = derive(network, "crossentropy", "sgd", fused=False)
    values = {"x": [[1.0]], "y": [[1.0, 0.0]], "W1": [[400.0, -400.0]]}
    step = NumpyEngine().run(derivation, values, rate=0.1)
    assert np.asarray(step["a1"]).tolist() == [[1.0, 0.0]]
    _run(pytorch_script(derivation, step, rate=0.1))


def test_rounding_in_gradients_near_0_does_not_reach_the_update() -> None:
    network = Network(2, [Dense(2, "tanh"), Dense(1)])
    derivation = derive(network, "mse", "adagrad")
    values = {**_values(derivation, seed=5), "b1": [12.0, 14.0]}
    script = pytorch_script(derivation, NumpyEngine().run(derivation, values, rate=0.1), rate=0.1)
    assert 'W1.grad = check("dW1", W1.grad, [' in script
    assert '\ncheck("dW2", W2.grad, [' in script
    _run(script)


def test_a_step_that_is_not_finite_is_refused(told: Callable[..., str]) -> None:
    network = Network(1, [Dense(1, "sigmoid", bias=False)])
    derivation = derive(network, "binary_crossentropy", "sgd", fused=False)
    step = NumpyEngine().run(derivation, {"x": [[1.0]], "y": [[1.0]], "W1": [[-800.0]]})
    assert told(InvalidInput, lambda: pytorch_script(derivation, step)) == (
        "the step left the finite numbers at C, where PyTorch need not agree: give a step that stays among them"
    )


def test_large_numbers_with_small_differences_agree() -> None:
    network = Network(2, [Dense(2, "tanh"), Dense(1)])
    derivation = derive(network, "mse", "sgd")
    values = {**_values(derivation), "x": [[1e6, 1e6 + 1e-3], [2e5, 3.0], [1.0, -1e6]]}
    values["W1"] = [[1.0, 0.3], [-1.0, -0.3]]
    _run(pytorch_script(derivation, NumpyEngine().run(derivation, values, rate=0.1), rate=0.1))


# --- a user's own ------------------------------------------------------------------------------------


@pytest.mark.usefixtures("own")
def test_ones_own_activation_is_written_from_its_tree() -> None:
    activation(
        "bent",
        value=lambda z, gamma: where(z > 0, log(1 + absolute(z)), gamma * (exp(z) - 1) ** 3),
        slope=lambda z, gamma: where(z > 0, 1 / (1 + absolute(z)), 3 * gamma * exp(z) * (exp(z) - 1) ** 2),
        parameters={"gamma": 0.5},
    )
    script = _script(derive(Network(2, [Dense(4, "bent(gamma=-0.7)"), Dense(1)]), "mse", "sgd"))
    assert (
        "a1 = torch.where(z1 > 0, torch.log(1 + torch.absolute(z1)), -0.7 * (torch.exp(z1) - 1) ** 3)"
        in script
    )
    _run(script)


@pytest.mark.usefixtures("own")
def test_ones_own_kink_has_the_slope_of_relu_at_a_tie() -> None:
    activation("bend", value=lambda z: maximum(z, 0), slope=lambda z: where(z > 0, 1, 0))
    _run(_script(derive(Network(2, [Dense(3, "bend"), Dense(1)]), "mse", "sgd"), scale=0.0))


@pytest.mark.usefixtures("own")
def test_ones_own_learnt_and_whole_layer_activations_agree() -> None:
    activation(
        "share",
        value=lambda z: exp(z) / row_sum(exp(z)),
        jacobian_product=lambda a, g: a * (g - row_sum(g * a)),
        range=(0, 1),
    )
    activation(
        "bulge",
        value=lambda z, gamma: z + gamma * z**2,
        slope=lambda z, gamma: 1 + 2 * gamma * z,
        parameters={"gamma": 0.2},
        learnt={"gamma": lambda z: z**2},
    )
    script = _script(derive(Network(2, [Dense(3, "bulge"), Dense(2, "share")]), "mse", "sgd"))
    assert "a2 = torch.exp(z2) / torch.sum(torch.exp(z2), 1, keepdim=True)" in script
    _run(script)


@pytest.mark.usefixtures("own")
def test_ones_own_loss_and_rule_are_written_from_their_trees() -> None:
    loss("quartic", value=lambda p, y, k: (p - y) ** 4 / k, slope=lambda p, y, k: 4 * (p - y) ** 3 / k,
         parameters={"k": 3.0})  # fmt: skip
    rule(
        "signed",
        parameters={"learning_rate": 0.1, "mu": 0.5},
        state={"v": 0.0},
        assignments=[
            ("v", lambda v, g, mu: mu * v + (1 - mu) * g),
            ("up", lambda v: v > 0),
            ("w", lambda w, eta, up, t: w - eta / t * where(up, 1, -1)),
        ],
    )
    derivation = derive(Network(2, [Dense(2, "tanh"), Dense(2)]), "quartic", "signed")
    script = _script(derivation, step=2, state=_states(derivation))
    assert "errors = (z2 - y) ** 4 / 3.0" in script
    assert "W1.copy_(W1 - 0.05 * torch.where(up_W1 != 0, numbers(1), numbers(-1)))" in script
    _run(script)


@pytest.mark.usefixtures("own")
def test_what_pytorch_has_no_spelling_of_is_refused(told: Callable[..., str]) -> None:
    twice = scalar("twice", lambda a: 2 * a, "twice({0})", "", "", torch="mine:twice", numpy="numpy:add")
    activation("doubled", value=lambda z: twice(z), slope=lambda z: 2)
    derivation = derive(Network(1, [Dense(1, "doubled")]))
    step = Step({"x": np.ones((1, 1)), "W1": np.ones((1, 1)), "b1": np.ones(1), "z1": np.ones((1, 1)),
                 "a1": np.ones((1, 1))}, {})  # fmt: skip
    assert told(ConfigError, lambda: pytorch_script(derivation, step)) == (
        "PyTorch has no twice, which a1 (doubled) uses: this step cannot be a PyTorch script"
    )


# --- the script itself -------------------------------------------------------------------------------


def _one_script() -> str:
    network = Network(2, [Dense(2, "sigmoid"), Dropout(0.4), Dense(2, "prelu")])
    derivation = derive(network, "mse", "adam", l2=0.1, sample_weights=True)
    return _script(derivation, step=3, state=_states(derivation), key=2)


_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


def _altered(script: str, line: int, factor: float = 1.001) -> str:
    """The script with the last number that is not 0 on a line made 0.1 % larger."""
    lines = script.splitlines()
    found = [m for m in _NUMBER.finditer(lines[line]) if float(m.group())]
    at = found[-1]
    lines[line] = lines[line][: at.start()] + repr(float(at.group()) * factor) + lines[line][at.end() :]
    return "\n".join(lines)


def test_the_script_fails_when_one_number_is_altered() -> None:
    script = _one_script()
    _run(script)
    start = script.splitlines().index("# The numbers it starts from.")
    places = [n for n, line in enumerate(script.splitlines())
              if n > start and any(map(float, _NUMBER.findall(line)))]  # fmt: skip
    assert len(places) > 40
    for place in places:
        with pytest.raises(AssertionError, match="PyTorch has"):
            _run(_altered(script, place))


def test_the_script_fails_when_a_number_differs_in_the_eighth_digit() -> None:
    script = _one_script()
    place = next(n for n, line in enumerate(script.splitlines()) if line.startswith('check("dW2"'))
    place += script.splitlines()[place][-1] == "["
    with pytest.raises(AssertionError, match="dW2: PyTorch has"):
        _run(_altered(script, place, 1 + 1e-7))


def test_the_script_fails_when_its_formula_is_another() -> None:
    script = _script(derive(Network(2, [Dense(2, "sigmoid"), Dense(1)]), "mse", "sgd"))
    for old, new in (
        ("torch.sigmoid(z1)", "torch.tanh(z1)"),
        ("each.mean()", "each.sum()"),
        ("lr=0.1", "lr=0.2"),
    ):
        assert old in script
        with pytest.raises(AssertionError, match="PyTorch has"):
            _run(script.replace(old, new))


def test_every_given_number_is_the_same_bits() -> None:
    derivation = derive(Network(2, [Dense(2, "sigmoid"), Dense(1)]), "mse", "sgd")
    values = _values(derivation)
    namespace: dict[str, Any] = {}
    exec(_script(derivation).partition("# Update.")[0], namespace)
    for name in ("x", "y", "W1", "b1", "W2"):
        assert np.array_equal(namespace[name].detach().numpy(), values[name]), name


def test_it_needs_pytorch_alone_and_leaves_its_settings(torch: ModuleType) -> None:
    script = _one_script()
    assert re.findall(r"^(?:import|from) .*", script, re.M) == ["import torch"]
    before = torch.get_default_dtype()
    _run(script)
    assert torch.get_default_dtype() == before


def test_it_prints_a_short_table_in_the_names_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    network = Network(1, [Dense(1, "sigmoid", bias=False)])
    derivation = derive(network, "mse", "sgd")
    step = NumpyEngine().run(derivation, {"x": [[1.0]], "y": [[1.0]], "W1": [[0.0]]}, rate=1.0)
    script = pytorch_script(
        derivation, step, rate=1.0, title="Week 3\nimport os", names={"W1": 'w"1', "C": "E"}
    )
    assert script.startswith("# Week 3\n# import os\nimport torch\n")
    _run(script)
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert told == [
        ["z1", "0"],
        ["a1", "0.5"],
        ["E", "0.25"],
        ["g1", "-1"],
        ["d1", "-0.25"],
        ["dW1", "-0.25"],
        ['w"1', "after", "0.25"],
        ["PyTorch", "finds", "the", "same", "numbers."],
    ]


def test_a_step_too_large_to_read_is_refused(told: Callable[..., str]) -> None:
    derivation = derive(Network(500, [Dense(500)]))
    step = NumpyEngine().run(derivation, _values(derivation))
    assert told(ConfigError, lambda: pytorch_script(derivation, step)) == (
        "a PyTorch script of this step would hold 255,000 numbers, more than 200,000: "
        "take fewer rows, or a smaller network"
    )


def test_a_step_of_another_derivation_is_refused(told: Callable[..., str]) -> None:
    one, two = derive(Network(2, [Dense(1)])), derive(Network(2, [Dense(1), Dense(1)]))
    step = NumpyEngine().run(one, _values(one))
    assert told(InvalidInput, lambda: pytorch_script(two, step)) == (
        "the step has no value for W2: give the step of this derivation"
    )
    ruled = derive(Network(2, [Dense(1)]), "mse", "adam")
    plain = derive(Network(2, [Dense(1)]), "mse", "sgd")
    step = NumpyEngine().run(plain, _values(plain))
    assert told(InvalidInput, lambda: pytorch_script(ruled, step)) == (
        "the step has no value for m_W1: give the step of this derivation"
    )
