"""Learning rules against PyTorch's optimisers of the same name, step by step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ConfigError, InvalidInput, UnknownName
from chainrule.formulas.rules import RULES, Rule, rule
from tolerances import assert_close

STEPS = 200
SHAPE = (5, 4)
# Ours → PyTorch's optimiser, and our names of its arguments.
COUNTERPARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "gradient_descent": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "adadelta": ("Adadelta", {}),
    "rmsprop": ("RMSprop", {}),
    "adam": ("Adam", {}),
    "adamw": ("AdamW", {}),
    "lazy_adam": ("SparseAdam", {}),
}
OTHER_SETTINGS: dict[str, tuple[dict[str, float], dict[str, Any]]] = {
    "gradient_descent": ({"learning_rate": 0.3}, {"lr": 0.3}),
    "momentum": ({"learning_rate": 0.05, "mu": 0.5}, {"lr": 0.05, "momentum": 0.5}),
    "nesterov": ({"learning_rate": 0.05, "mu": 0.5}, {"lr": 0.05, "momentum": 0.5, "nesterov": True}),
    "adagrad": ({"learning_rate": 0.5, "epsilon": 1e-3}, {"lr": 0.5, "eps": 1e-3}),
    "adadelta": ({"learning_rate": 0.5, "rho": 0.7, "epsilon": 1e-3}, {"lr": 0.5, "rho": 0.7, "eps": 1e-3}),
    "rmsprop": (
        {"learning_rate": 0.02, "alpha": 0.8, "epsilon": 1e-3},
        {"lr": 0.02, "alpha": 0.8, "eps": 1e-3},
    ),
    "adam": (
        {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3},
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-3},
    ),
    "adamw": (
        {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3, "weight_decay": 0.2},
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-3, "weight_decay": 0.2},
    ),
    "lazy_adam": (
        {"learning_rate": 0.02, "beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3},
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 1e-3},
    ),
}


def _gradients(sparse: bool) -> list[Any]:
    """Random gradients of very different sizes; with whole rows empty when sparse."""
    rng = np.random.default_rng(77)
    made = rng.normal(size=(STEPS, *SHAPE)) * 10.0 ** rng.uniform(-4, 1, size=(STEPS, 1, SHAPE[1]))
    if sparse:
        made *= rng.random((STEPS, SHAPE[0], 1)) < 0.5
    return list(made)


def take_steps(made: Rule, start: Any, gradients: list[Any]) -> list[Any]:
    """The parameter after each step, assignment by assignment."""
    kept: dict[str, Any] = {name: np.full(start.shape, value) for name, value in (made.state or {}).items()}
    w, trail = start, []
    for t, g in enumerate(gradients, start=1):
        values = {**made.parameters, **kept, "eta": made.parameters["learning_rate"], "t": t, "w": w, "g": g}
        for target, definition in made.assignments:
            values[target] = evaluate_arrays(definition.tree, values)
        w, kept = values["w"], {name: values[name] for name in kept}
        trail.append(w)
    return trail


def torch_steps(
    torch: ModuleType, name: str, settings: Mapping[str, Any], start: Any, gradients: list[Any]
) -> Any:
    w = torch.tensor(start, requires_grad=True)
    optimiser = getattr(torch.optim, name)([w], **settings)
    trail = []
    for g in gradients:
        gradient = torch.tensor(g)
        w.grad = gradient.to_sparse(1) if name == "SparseAdam" else gradient
        optimiser.step()
        trail.append(w.detach().numpy().copy())
    return trail


def assert_rule_agrees(torch: ModuleType, made: Rule, name: str, settings: Mapping[str, Any]) -> None:
    gradients = _gradients(sparse=name == "SparseAdam")
    start = np.random.default_rng(1).normal(size=SHAPE)
    wanted = torch_steps(torch, name, settings, start, gradients)
    assert not np.allclose(wanted[-1], start)
    got = take_steps(made, start, gradients)
    # Against the way gone, not the size of the weights, so that small updates count.
    moved = np.abs(np.diff([start, *wanted], axis=0)).max(axis=0)
    assert (moved > 0).all()
    assert_close(np.array(got) - start, np.array(wanted) - start, "optimiser", what=made.spec)


def test_every_rule_has_a_counterpart() -> None:
    assert set(RULES) - {"perceptron"} == set(COUNTERPARTS) == set(OTHER_SETTINGS)


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_a_rule_with_its_defaults_is_pytorchs(name: str, torch: ModuleType) -> None:
    optimiser, settings = COUNTERPARTS[name]
    settings = {"lr": 0.01, **settings} if optimiser == "SGD" else settings
    assert_rule_agrees(torch, RULES[name], optimiser, settings)


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_a_rule_with_other_settings_is_pytorchs(name: str, torch: ModuleType) -> None:
    ours, theirs = OTHER_SETTINGS[name]
    assert_rule_agrees(torch, RULES[name](**ours), COUNTERPARTS[name][0], theirs)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("adam", {"epsilon": 1.01e-8}),
        ("adagrad", {"epsilon": 1e-8}),
        ("rmsprop", {"epsilon": 1.01e-8}),
        ("adadelta", {"epsilon": 1.01e-6}),
        ("lazy_adam", {"epsilon": 1.01e-8}),
        ("momentum", {"mu": 0.9000001}),
        ("adamw", {"weight_decay": 0.0100001}),
    ],
)
def test_the_comparison_with_pytorch_can_fail(name: str, change: dict[str, float], torch: ModuleType) -> None:
    optimiser, settings = COUNTERPARTS[name]
    settings = {"lr": 0.01, **settings} if optimiser == "SGD" else settings
    with pytest.raises(AssertionError, match=r"allowed 1e-10"):
        assert_rule_agrees(torch, RULES[name](**change), optimiser, settings)


@pytest.mark.parametrize("name", COUNTERPARTS)
def test_the_defaults_are_pytorchs(name: str, torch: ModuleType) -> None:
    signature = inspect.signature(getattr(torch.optim, COUNTERPARTS[name][0])).parameters
    theirs = {key: parameter.default for key, parameter in signature.items()}
    translated: dict[str, Callable[[], Any]] = {
        "learning_rate": lambda: theirs["lr"],
        "epsilon": lambda: theirs["eps"],
        "beta1": lambda: theirs["betas"][0],
        "beta2": lambda: theirs["betas"][1],
    }
    for parameter, value in RULES[name].parameters.items():
        if COUNTERPARTS[name][0] == "SGD":
            continue  # PyTorch's SGD has no momentum and a rate of 0.001 unless given; see below
        assert value == translated.get(parameter, lambda p=parameter: theirs[p])(), f"{name}: {parameter}"


def test_where_a_default_is_not_pytorchs_the_source_says_so() -> None:
    assert RULES["gradient_descent"].parameters == {"learning_rate": 0.01}
    assert "0.001 unless given" in RULES["gradient_descent"].source
    assert RULES["momentum"].parameters == RULES["nesterov"].parameters == {"learning_rate": 0.01, "mu": 0.9}
    assert "momentum=0.9" in RULES["momentum"].source


def test_a_row_without_gradient_keeps_its_weights_and_state_under_lazy_adam() -> None:
    start = np.ones((3, 2))
    gradients = [np.array([[1.0, -2.0], [0.0, 0.0], [0.0, 3.0]])] * 3
    trail = take_steps(RULES["lazy_adam"], start, gradients)
    assert trail[-1][1].tolist() == [1.0, 1.0]
    assert (trail[-1][0] != 1.0).all()
    assert trail[-1][2].tolist()[0] == 1.0  # touched, with a zero gradient in this column


def test_the_perceptron_rule_moves_by_the_error_times_the_input() -> None:
    made = RULES["perceptron"](learning_rate=0.5)
    given = {"w": np.zeros((2, 1)), "eta": 0.5, "x": np.array([[1.0, 2.0]])}
    given |= {"y": np.array([[1.0]]), "y_hat": np.array([[0.0]])}
    (_, weights), (_, bias), (_, threshold) = made.assignments[0], made.on_bias[0], made.on_threshold[0]
    assert evaluate_arrays(weights.tree, given).tolist() == [[0.5], [1.0]]
    assert evaluate_arrays(bias.tree, {**given, "w": np.zeros(1)}).tolist() == [0.5]
    assert evaluate_arrays(threshold.tree, {**given, "w": np.zeros(1)}).tolist() == [-0.5]
    assert not made.needs_gradient
    assert RULES["adam"].needs_gradient


# --- settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("adam(0)", "the learning rate must be above 0 and finite, not 0: give for example 0.01"),
        ("adam(-0.1)", "the learning rate must be above 0 and finite, not -0.1: give for example 0.01"),
        ("adam(1e999)", "the learning rate must be above 0 and finite, not inf: give for example 0.01"),
        ("adam(beta1=1)", "beta1 of adam must be at least 0 and below 1, but is 1"),
        ("adam(epsilon=-1)", "epsilon of adam must not be negative, but is -1"),
        ("momentum(mu='x')", "mu of momentum must be a number, not 'x': give a number"),
        (
            "adam(1, 2, 3, 4, 5)",
            "adam takes 4 parameters (learning_rate, beta1, beta2, epsilon), not 5: leave the others out",
        ),
    ],
)
def test_a_wrong_setting_is_refused(spec: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RULES.find(spec)
    assert str(caught.value) == message


def test_an_unknown_rule_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownName, match=r'^there is no learning rule called "adm": did you mean "adam"'):
        RULES.find("adm")


def test_an_unknown_parameter_is_answered_with_a_near_one() -> None:
    with pytest.raises(
        UnknownName, match=r'^there is no parameter of adam called "beta_1": did you mean "beta1"'
    ):
        RULES.find("adam(beta_1=0.5)")


def test_the_first_parameter_is_the_learning_rate() -> None:
    with pytest.raises(InvalidInput, match=r'^the first parameter of rule "odd" must be learning_rate'):
        rule("odd", parameters={"mu": 0.9}, assignments=[("w", lambda w: w)])


def test_a_name_used_before_it_is_assigned_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r'^rule "odd" uses v before it is assigned'):
        rule("odd", parameters={"learning_rate": 1}, assignments=[("w", lambda w, v: w - v)])


def test_a_rule_that_never_assigns_to_w_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r'^rule "odd" never assigns to w'):
        rule("odd", parameters={"learning_rate": 1}, state={"v": 0}, assignments=[("v", lambda v, g: v + g)])


def test_a_parameter_of_a_rule_of_ones_own_may_be_any_number() -> None:
    made = rule(
        "odd",
        parameters={"learning_rate": 1.0, "alpha": 2.0, "epsilon": 0.0},
        assignments=[("w", lambda w, g, eta, alpha, epsilon: w - eta * alpha * g + epsilon)],
    )
    try:
        assert RULES.find("odd(alpha=3, epsilon=-1)").parameters["epsilon"] == -1
        with pytest.raises(ConfigError, match=r"^the learning rate must be above 0"):
            made(learning_rate=0)
    finally:
        RULES.remove("odd")


def test_the_ranges_that_a_rule_of_ones_own_names_are_kept() -> None:
    made = rule(
        "odd",
        parameters={"learning_rate": 1.0, "fade": 0.5, "floor": 0.0},
        assignments=[("w", lambda w, g, eta, fade, floor: w - eta * fade * g + floor)],
        fractions=("fade",),
        at_least_0=("floor",),
    )
    RULES.remove("odd")
    with pytest.raises(ConfigError, match=r"^fade of odd must be at least 0 and below 1, but is -1$"):
        made(fade=-1)
    with pytest.raises(ConfigError, match=r"^floor of odd must not be negative, but is -1$"):
        made(floor=-1)


@pytest.mark.parametrize("name", RULES)
def test_no_rule_of_the_catalogue_takes_a_negative_number(name: str) -> None:
    for parameter in RULES[name].parameters:
        with pytest.raises(ConfigError):
            RULES[name](**{parameter: -0.1})
