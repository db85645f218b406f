"""Derivations: properties that every one has, and the settings that cannot go together."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.derivation.lines import PHASES
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.formulas import expression
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.activations import activation as new_activation
from chainrule.formulas.expression import Apply, Symbol, symbols_in, walk
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.losses import loss as new_loss
from chainrule.formulas.rules import RULES, rule
from chainrule.formulas.vocabulary import column_sum, row_sum

BATCH = 5
NETWORKS = {
    "one unit": Network(2, [Dense(1, "sigmoid")]),
    "two layers": Network(2, [Dense(3, "tanh"), Dense(2, "softmax")]),
    "four layers": Network(2, [Dense(3, "relu"), Dense(4, "elu"), Dense(3, "swish"), Dense(2)]),
    "dropout": Network(2, [Dropout(0.1), Dense(3, "tanh"), Dropout(0.5), Dense(2, "sigmoid")]),
    "no bias": Network(2, [Dense(3, "gelu", bias=False), Dense(2, bias=False)]),
    "thresholds": Network(2, [Dense(3, "sigmoid", threshold=True), Dense(1, "sigmoid", threshold=True)]),
    "frozen": Network(2, [Dense(3, "tanh"), Dense(3, "tanh", frozen=True), Dense(2)]),
    "frozen first": Network(2, [Dense(3, "tanh", frozen=True), Dense(3, "tanh"), Dense(2)]),
    "learnt": Network(2, [Dense(3, "prelu"), Dense(3, "prelu(0.1)"), Dense(2)]),
    "hidden softmax": Network(2, [Dense(3, "softmax"), Dense(2)]),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "L2": {"l2": 0.1},
    "sample weights": {"sample_weights": True},
    "class weights": {"class_weights": (1.0, 2.0), "fused": False},
    "both weights": {"class_weights": (1.0, 2.0), "sample_weights": True, "l2": 0.1},
    "clip by norm": {"clip_norm": 1.0},
    "clip by value": {"clip_value": 1.0},
}
DERIVATIONS = [
    (f"{name}, {option}", derive(network, "mse", "adam", **settings))
    for (name, network), (option, settings) in product(NETWORKS.items(), OPTIONS.items())
]
DERIVATIONS += [
    (f"four layers, {by}", derive(NETWORKS["four layers"], "mse", by)) for by in RULES if by != "perceptron"
]
DERIVATIONS += [
    ("integer targets", derive(NETWORKS["two layers"], "crossentropy", "adam", integer_targets=True)),
    ("bce", derive(NETWORKS["one unit"], "bce", "momentum")),
    ("bce, textbook", derive(NETWORKS["one unit"], "bce", "momentum", fused=False)),
    ("no rule", derive(NETWORKS["four layers"], "huber")),
    ("prediction", derive(NETWORKS["dropout"])),
    ("perceptron", derive(Network(2, [Dense(1, "step", threshold=True)]), "mse", "perceptron")),
]
EVERY = pytest.mark.parametrize(
    "derivation", [d for _, d in DERIVATIONS], ids=[name for name, _ in DERIVATIONS]
)


@EVERY
def test_every_symbol_is_defined_before_it_is_used(derivation: Derivation) -> None:
    known = {*derivation.inputs, *derivation.constants, *derivation.vectors, *derivation.state}
    known |= {p.name for p in derivation.network.parameters}
    for line in derivation:
        assert set(symbols_in(line.tree)) <= set(line.arguments) <= known, line.formula
        if line.phase != "update":
            assert line.symbol not in known, f"{line.symbol} is defined twice"
        known.add(line.symbol)


@EVERY
def test_the_phases_follow_one_another(derivation: Derivation) -> None:
    order = [PHASES.index(line.phase) for line in derivation]
    assert order == sorted(order)


@EVERY
def test_every_gradient_line_says_of_what_and_through_what(derivation: Derivation) -> None:
    forward = {line.symbol: line for phase in PHASES[:2] for line in derivation.phase(phase)}
    for line in derivation.phase("backpropagation"):
        assert line.of is not None
        assert line.through in forward
        assert line.of in forward[line.through].arguments
        assert line.shape == derivation.shapes[line.of]
        assert (line.incoming is None) == (line.through in ("C", "R"))
        if line.incoming is not None:
            assert line.incoming in line.arguments
            assert derivation[line.incoming].of == line.through


@EVERY
def test_every_update_line_says_whose_it_is(derivation: Derivation) -> None:
    names = {p.name for p in derivation.trained}
    for line in derivation.phase("update"):
        assert line.of in names or line.symbol in ("n", "k")
    if derivation.rule:
        assert {line.symbol for line in derivation.phase("update")} >= names


@EVERY
def test_every_line_has_a_one_sentence_reason(derivation: Derivation) -> None:
    for line in derivation:
        assert line.reason
        assert "\n" not in line.reason
        assert line.reason in str(line)


@EVERY
def test_shapes_in_letters_are_those_of_the_arrays(derivation: Derivation) -> None:
    sizes = {**derivation.sizes, "B": BATCH}
    rng = np.random.default_rng(0)

    def lengths(symbol: str) -> tuple[int, ...]:
        return tuple(sizes[s] if isinstance(s, str) else s for s in derivation.shapes[symbol])

    values: dict[str, Any] = {**initial_parameters(derivation.network, 1)}
    for name in derivation.inputs:
        if derivation.shapes[name]:
            values[name] = (
                rng.integers(0, 2, lengths(name)) if name == "y" else rng.normal(size=lengths(name)) + 3
            )
    step = NumpyEngine().run(derivation, values)
    for symbol in derivation.shapes:
        if symbol not in derivation.vectors and symbol in {*step.values, *step.updated}:
            assert np.shape(step[symbol]) == lengths(symbol), symbol
    for line in derivation:
        assert line.symbol in (step.updated if line.phase == "update" else step.values)


@EVERY
def test_printing_tells_every_formula(derivation: Derivation) -> None:
    told = str(derivation)
    first = derivation.trained[0].name if derivation.trained else None
    for line in derivation:
        if line.phase == "update" and line.of not in (None, first):
            continue  # likewise for the others, said in one line
        right = line.formula.split(" = " if line.phase != "update" else " ← ", 1)[1]
        assert right in told, line.formula
    for number, phase in enumerate((p for p in PHASES if derivation.phase(p)), start=1):
        assert f"{number}. {phase.capitalize()}" in told


@EVERY
def test_definitions_are_applied_to_as_many_arguments_as_they_name(derivation: Derivation) -> None:
    for line in derivation:
        assert len(line.definition.arguments) == len(line.arguments)
        for node in walk(line.tree):
            if isinstance(node, Symbol):
                assert node.name in line.arguments
            assert not isinstance(node, Apply) or node.arguments


@EVERY
def test_each_trained_parameter_has_one_gradient(derivation: Derivation) -> None:
    needed = derivation.loss is not None and (derivation.rule is None or derivation.rule.needs_gradient)
    assert set(derivation.gradients) == ({p.name for p in derivation.trained} if needed else set())
    assert len(set(derivation.gradients.values())) == len(derivation.gradients)


def test_the_lecture_of_the_2_2_1_network() -> None:
    network = Network(2, [Dense(2, "sigmoid", bias=False), Dense(1, "sigmoid", bias=False)])
    derivation = derive(network, "mse", "sgd")
    assert [line.formula for line in derivation] == [
        "z1 = x W1",
        "a1 = 1 / (1 + exp(-z1))",
        "z2 = a1 W2",
        "a2 = 1 / (1 + exp(-z2))",
        "C = Σ((a2 - y)²) / rows(a2)",
        "g2 = 2 · (a2 - y) / rows(a2)",
        "d2 = g2 · a2 · (1 - a2)",
        "dW2 = a1ᵀ d2",
        "g1 = d2 W2ᵀ",
        "d1 = g1 · a1 · (1 - a1)",
        "dW1 = xᵀ d1",
        "W1 ← W1 - η · dW1",
        "W2 ← W2 - η · dW2",
    ]
    assert str(derivation).startswith(LECTURE)


LECTURE = """\
2 inputs → 2 sigmoid → 1 sigmoid
Sizes: B samples at a time, I = 2, H = 2, O = 1.

1. Feedforward: compute the outputs

   z1 = x W1                               (B, H)
"""


def test_a_frozen_layer_below_everything_trained_ends_the_way_back() -> None:
    derivation = derive(NETWORKS["frozen first"], "mse", "sgd")
    backward = [line.symbol for line in derivation.phase("backpropagation")]
    assert "g1" not in backward
    assert "d1" not in backward
    assert "dW2" in backward
    assert "Frozen, so without gradient or update: W1, b1." in str(derivation)


def test_the_penalty_leaves_biases_out() -> None:
    derivation = derive(NETWORKS["two layers"], "mse", "sgd", l2=0.5)
    assert derivation["R"].formula == "R = λ / 2 · (Σ(W1²) + Σ(W2²))"
    assert derivation["J"].formula == "J = C + R"
    assert "λ · W1" in derivation["dW1"].formula
    assert "λ" not in derivation["db1"].formula
    assert derivation.constants["lambda"] == 0.5


def test_the_fused_form_is_taken_where_loss_and_output_belong_together() -> None:
    for loss, output, fused in (
        ("bce", "sigmoid", True),
        ("crossentropy", "softmax", True),
        ("mse", "identity", True),
        ("mse", "sigmoid", False),
        ("crossentropy", "sigmoid", False),
    ):
        derivation = derive(Network(2, [Dense(3, output)]), loss)
        assert derivation.fused == fused, (loss, output)
        assert ("g1" in {line.symbol for line in derivation}) != fused


def test_the_parameters_of_an_activation_and_of_a_rule_are_kept_apart() -> None:
    network = Network(2, [Dense(3, "swish(0.5)"), Dense(2, "swish(2.0)")])
    derivation = derive(network, "mse", "adam")
    assert derivation.constants == {
        "beta1": 0.5,
        "beta2": 2.0,
        "beta1_adam": 0.9,
        "beta2_adam": 0.999,
        "epsilon": 1e-8,
    }
    assert derivation["m_W1"].formula == "m_W1 ← β1_adam · m_W1 + (1 - β1_adam) · dW1"
    values = {**initial_parameters(network), "x": np.ones((1, 2)), "y": np.zeros((1, 2))}
    step = NumpyEngine().run(derivation, values)
    predicted = NumpyEngine().run(derive(network), values)
    assert np.array_equal(np.asarray(step["a2"]), np.asarray(predicted["a2"]))


WITHIN_0_AND_1 = ("step", "sigmoid", "softmax")
OF_PROBABILITIES = {"binary_crossentropy": "sigmoid", "crossentropy": "softmax"}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_two_entries_of_the_catalogues_share_a_symbol(activation: str) -> None:
    for loss, by in [*product(LOSSES, ["adam"]), *product(["mse"], set(RULES) - {"perceptron"})]:
        output = activation if activation in WITHIN_0_AND_1 else OF_PROBABILITIES.get(loss, activation)
        network = Network(2, [Dense(3, activation), Dense(3, output)])
        alone = derive(network)
        derivation = derive(network, loss, by, l2=0.1, clip_norm=1.0, sample_weights=True)
        for symbol, value in alone.constants.items():
            assert derivation.constants[symbol] == value, f"{loss}, {by}"
        for line in alone:
            assert derivation[line.symbol].tree is line.tree, f"{loss}, {by}"


def test_lines_are_found_by_symbol() -> None:
    derivation = derive(NETWORKS["two layers"], "mse", "sgd")
    assert derivation["W1"].phase == "update"
    with pytest.raises(UnknownName, match=r'^there is no line called "dW11": did you mean "dW1"'):
        derivation["dW11"]


# --- what cannot go together ------------------------------------------------------------------------

ONE, TWO, DEEP = NETWORKS["one unit"], NETWORKS["two layers"], NETWORKS["four layers"]
STEP_UNIT = Network(2, [Dense(1, "step")])
REFUSED: list[tuple[Network, Any, Any, dict[str, Any], str]] = [
    (ONE, "bce", "sgd", {"class_weights": (1.0,)}, "2 classes need 2 class weights, not 1"),
    (TWO, "mse", "sgd", {"class_weights": (1.0, 1.0, 1.0)}, "2 classes need 2 class weights, not 3"),
    (TWO, "mse", "sgd", {"class_weights": (1.0, -2.0)}, "a class weight must be at least 0 and finite, not -2.0"),
    (
        TWO, "mse", "sgd", {"clip_norm": 1.0, "clip_value": 1.0},
        "clip the gradient by norm or by value, not both: leave one out",
    ),
    (TWO, "mse", "sgd", {"clip_norm": 0.0}, "a clipping limit must be above 0 and finite, not 0.0"),
    (TWO, "mse", "sgd", {"clip_value": float("inf")}, "a clipping limit must be above 0 and finite, not inf"),
    (TWO, "mse", "sgd", {"l2": -0.1}, "the L2 strength must be at least 0 and finite, not -0.1"),
    (TWO, None, "sgd", {}, "a learning rule needs a loss to learn from: give one, for example mse"),
    (
        TWO, "mse", "sgd", {"fused": True},
        "mse has no fused form with softmax: make the output identity, or leave fused out",
    ),
    (
        TWO, "mse", "sgd", {"integer_targets": True},
        "class numbers need a loss over classes, not mse: use crossentropy",
    ),
    (
        DEEP, "mse", "perceptron", {},
        "the perceptron rule trains a single layer of step units: "
        "use one Dense layer with the step activation, or another rule",
    ),
    (
        ONE, "mse", "perceptron", {},
        "the perceptron rule trains a single layer of step units: "
        "use one Dense layer with the step activation, or another rule",
    ),
    (
        Network(2, [Dropout(0.1), Dropout(0.1), Dense(1)]), "mse", "sgd", {},
        "two dropout layers in a row: make them one",
    ),
    (
        Network(2, [Dense(1, "tanh")]), "bce", "sgd", {},
        "binary_crossentropy takes outputs from 0 to 1, which tanh may leave: "
        "make the output layer sigmoid, or choose another loss",
    ),
    (
        Network(2, [Dense(2)]), "crossentropy", None, {},
        "crossentropy takes outputs from 0 to 1, which identity may leave: "
        "make the output layer softmax, or choose another loss",
    ),
    (
        Network(2, [Dense(2, "relu")]), "crossentropy", "sgd", {"fused": True},
        "crossentropy takes outputs from 0 to 1, which relu may leave: "
        "make the output layer softmax, or choose another loss",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("network", "loss", "by", "options", "message"), REFUSED, ids=[r[4] for r in REFUSED]
)
def test_settings_that_cannot_go_together_are_refused(
    network: Network, loss: Any, by: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        derive(network, loss, by, **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("loss", "by", "message"),
    [
        ("msee", "sgd", 'there is no loss called "msee": did you mean "mse"? '),
        ("mse", "sdg", 'there is no learning rule called "sdg": did you mean "sgd"? (known: adadelta, '),
        ("mse", "adamm", 'there is no learning rule called "adamm": did you mean "adam"? '),
    ],
)
def test_unknown_names_are_answered_with_near_ones(loss: str, by: str, message: str) -> None:
    with pytest.raises(UnknownName) as caught:
        derive(TWO, loss, by)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("loss", OF_PROBABILITIES)
@pytest.mark.parametrize("activation", [*ACTIVATIONS, "elu(0.5)", "swish(-1.0)", "leaky_relu(0.0)"])
def test_a_loss_of_probabilities_takes_outputs_between_0_and_1_alone(loss: str, activation: str) -> None:
    network = Network(2, [Dense(3, "relu"), Dense(2, activation)])
    if activation in WITHIN_0_AND_1:
        assert derive(network, loss).loss is LOSSES[loss]
    else:
        with pytest.raises(ConfigError, match=r" takes outputs from 0 to 1, which \w+ may leave: "):
            derive(network, loss)
    assert derive(network, "mse").loss is LOSSES["mse"]


def test_a_loss_of_ones_own_may_state_its_domain() -> None:
    made = new_loss("above_1", value=lambda p, y: y * p, slope=lambda y: y, output="bounded", domain=(1, 3))
    LOSSES.remove("above_1")
    for low, high in ((1, 3), (2, 2.5)):
        assert derive(_bounded(low, high), made).loss is made
    for low, high in ((0.5, 3), (1, 3.5), (0, 4)):
        with pytest.raises(ConfigError) as caught:
            derive(_bounded(low, high), made)
        assert str(caught.value) == (
            "above_1 takes outputs from 1 to 3, which bounded may leave: "
            "make the output layer bounded, or choose another loss"
        )


def _bounded(low: float, high: float) -> Network:
    """A network whose output claims to stay in a range."""
    made = new_activation("bounded", value=lambda z: z, slope=lambda z: 1, range=(low, high))
    ACTIVATIONS.remove("bounded")
    return Network(2, [Dense(1, made)])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0])
@pytest.mark.parametrize("setting", ["l2", "clip_norm", "clip_value"])
def test_numbers_that_make_no_sense_are_refused(setting: str, value: float) -> None:
    with pytest.raises(InvalidInput):
        derive(TWO, "mse", "sgd", **{setting: value})


def test_every_rule_but_the_perceptrons_trains_any_network() -> None:
    for name in RULES:
        if name != "perceptron":
            assert derive(TWO, "mse", name).rule is RULES[name]
    assert not derive(STEP_UNIT, "mse", "perceptron").phase("backpropagation")


def test_the_work_grows_with_the_depth_and_not_its_cube() -> None:
    def calls(layers: int) -> int:
        network = Network(3, [Dense(2, "tanh")] * layers + [Dense(1, "sigmoid")])
        made = 0
        # Shapes that shorter networks have had would not be counted.
        expression._shape_of.cache_clear()

        def count(*_: object) -> None:
            nonlocal made
            made += 1

        sys.setprofile(count)
        try:
            derive(network, "binary_crossentropy", "gradient_descent", clip_norm=1.0)
        finally:
            sys.setprofile(None)
        return made

    calls(10)
    assert calls(80) < 6 * calls(20)


def test_a_gradient_of_more_parameters_than_python_recurses_has_a_length() -> None:
    network = Network(1, [Dense(1, bias=False)] * 1200)
    lines = derive(network, "mse", "gradient_descent", clip_norm=1.0).lines
    assert len(next(line for line in lines if line.symbol == "n").arguments) == 1200


@pytest.mark.parametrize("summed", [row_sum, column_sum])
def test_a_rule_that_changes_the_shape_of_a_bias_is_refused(summed: Callable[..., Any]) -> None:
    made = rule(
        "by_rows",
        parameters={"learning_rate": 0.1},
        assignments=[("n", lambda g: summed(g**2)), ("w", lambda w, g, n, eta: w - eta * g / (1 + n))],
    )
    try:
        with pytest.raises(ShapeMismatch, match=r"rule by_rows cannot update b1: .*on_bias"):
            derive(Network(3, [Dense(2, "tanh"), Dense(1, "identity")]), "mse", made)
    finally:
        RULES.remove("by_rows")
