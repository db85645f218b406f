"""Networks: shapes checked when made, values kept, wrong layers refused with the layer named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Dropout, Network
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.formulas.activations import ACTIVATIONS


def test_a_network_knows_its_sizes_and_parameters() -> None:
    network = Network(4, [Dense(3, "prelu"), Dropout(0.2), Dense(2, bias=False), Dense(1, threshold=True)])
    assert network.sizes == (4, 3, 2, 1)
    assert [(p.name, p.role, p.shape) for p in network.parameters] == [
        ("W1", "weights", (4, 3)),
        ("b1", "bias", (3,)),
        ("alpha1", "activation", (1,)),
        ("W2", "weights", (3, 2)),
        ("W3", "weights", (2, 1)),
        ("theta3", "threshold", (1,)),
    ]
    assert network.parameter_count == 12 + 3 + 1 + 6 + 2 + 1
    assert network.outputs == 1
    assert str(network) == "4 inputs → 3 prelu → dropout 0.2 → 2 identity → 1 identity"


def test_one_input_is_not_called_inputs() -> None:
    assert str(Network(1, [Dense(1, "sigmoid")])) == "1 input → 1 sigmoid"
    assert str(Network(2, [Dense(1, "sigmoid")])) == "2 inputs → 1 sigmoid"


@pytest.mark.parametrize("kind", [np.int64, np.int32, np.uint8])
def test_whole_numbers_of_numpy_are_taken_as_plain_ones(kind: Any) -> None:
    network = Network(kind(2), [Dense(kind(3), "tanh"), Dense(1)])
    assert network == Network(2, [Dense(3, "tanh"), Dense(1)])
    assert (type(network.inputs), type(network.dense[0].units)) == (int, int)


def test_no_hidden_layer_is_needed() -> None:
    assert Network(3, [Dense(1, "sigmoid")]).sizes == (3, 1)


def test_the_initialiser_suits_the_activation_unless_given() -> None:
    starts = [Network(2, [layer]).parameters[0].start for layer in (Dense(1, "relu"), Dense(1, "tanh"))]
    assert [getattr(start, "name", None) for start in starts] == ["glorot_uniform", "glorot_uniform"]
    for spec in ("he_uniform", "normal(deviation=0.1)"):
        given = Network(2, [Dense(1, "relu", weights=spec)]).parameters[0].start
        assert getattr(given, "spec", None) == spec


def test_weights_and_biases_are_given_as_lists_or_arrays() -> None:
    for weights, bias in (([[1, 2], [3, 4]], [5, 6]), (np.array([[1, 2], [3, 4]]), np.array([5, 6]))):
        parameters = Network(2, [Dense(2, weights=weights, bias=bias)]).parameters
        assert [p.start for p in parameters] == [((1.0, 2.0), (3.0, 4.0)), (5.0, 6.0)]


def test_a_network_in_json_is_read_back() -> None:
    import json

    network = Network(
        2,
        [
            Dropout(0.5),
            Dense(2, "leaky_relu(0.2)", bias=[0.1, 0.2], weights=[[1, 2], [3, 4]], frozen=True),
            Dense(3, "prelu", weights="he_normal"),
            Dense(1, "sigmoid", threshold=[0.5]),
        ],
    )
    assert Network.from_json(json.loads(json.dumps(network.to_json()))) == network


@pytest.mark.parametrize(
    "made", [{}, {"inputs": 2}, {"inputs": 2, "layers": [{"nodes": 3}]}, {"inputs": 2, "layers": 3}]
)
def test_json_that_is_no_network_is_refused(made: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=r"^this is no network: "):
        Network.from_json(made)


def test_dropout_is_left_out_of_prediction() -> None:
    network = Network(2, [Dropout(0.5), Dense(2), Dropout(0.1), Dense(1)])
    assert network.without_dropout() == Network(2, [Dense(2), Dense(1)])


REFUSED: list[tuple[Any, type[InvalidInput], str]] = [
    (
        lambda: Network(3, [Dense(2, weights=[[1, 2], [3, 4]])]), ShapeMismatch,
        "layer 1's weights are 2 × 2, but it has 3 inputs and 2 units: give one row per input and one column per unit",
    ),
    (
        lambda: Network(2, [Dense(3), Dense(1, weights=[[1], [2]])]), ShapeMismatch,
        "layer 2 takes 2 inputs but layer 1 gives 3: give layer 2 3 rows of weights, or set layer 1's units to 2",
    ),
    (
        lambda: Network(2, [Dense(3), Dense(2, weights=[[1], [2], [3]])]), ShapeMismatch,
        "layer 2's weights are 3 × 1, but it has 3 inputs and 2 units: give one row per input and one column per unit",
    ),
    (
        lambda: Dense(2, weights=[[1, 2], [3]]), ShapeMismatch,
        "the rows of weights have different lengths ([1, 2]): make them equal",
    ),
    (lambda: Dense(2, bias=[1.0]), ShapeMismatch, "a layer of 2 units needs 2 bias values, not 1"),
    (lambda: Dense(2, threshold=[1.0]), ShapeMismatch, "a layer of 2 units needs 2 threshold values, not 1"),
    (lambda: Dense(1, bias=[float("nan")]), ConfigError, "bias must be finite numbers, but one is nan"),
    (lambda: Dense(1, weights=[["a"]]), ConfigError, "weights must be finite numbers, but one is 'a'"),
    (lambda: Dense(0), ConfigError, "a layer needs a whole number of units, at least 1, not 0"),
    (lambda: Dense(2.5), ConfigError, "a layer needs a whole number of units, at least 1, not 2.5"),
    (
        lambda: Dense(np.float64(3)), ConfigError,
        "a layer needs a whole number of units, at least 1, not np.float64(3.0)",
    ),
    (
        lambda: Dense(np.int64(0)), ConfigError,
        "a layer needs a whole number of units, at least 1, not np.int64(0)",
    ),
    (
        lambda: Network(np.True_, [Dense(1)]), ConfigError,
        "a network needs a whole number of inputs, at least 1, not np.True_",
    ),
    (lambda: Dense(True), ConfigError, "a layer needs a whole number of units, at least 1, not True"),
    (
        lambda: Dense(1, "softmax"), ConfigError,
        "softmax of one unit is always 1: use sigmoid, or give the layer a unit per class",
    ),
    (lambda: Dropout(1.0), ConfigError, "a dropout rate is at least 0 and below 1, not 1.0"),
    (lambda: Dropout(float("nan")), ConfigError, "a dropout rate is at least 0 and below 1, not nan"),
    (lambda: Network(0, [Dense(1)]), ConfigError, "a network needs a whole number of inputs, at least 1, not 0"),
    (lambda: Network(2, []), ConfigError, "a network ends with a Dense layer, its outputs: add one"),
    (
        lambda: Network(2, [Dense(1), Dropout(0.1)]), ConfigError,
        "a network ends with a Dense layer, its outputs: add one",
    ),
    (lambda: Network(2, [3]), ConfigError, "a network is made of Dense and Dropout layers, not of 3"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), REFUSED, ids=[r[2] for r in REFUSED])
def test_what_is_no_network_is_refused(make: Any, error: type[InvalidInput], message: str) -> None:
    with pytest.raises(error) as caught:
        make()
    assert str(caught.value) == message


def test_an_unknown_activation_is_answered_with_a_near_one() -> None:
    with pytest.raises(UnknownName) as caught:
        Dense(2, "sigmiod")
    known = ", ".join(sorted(ACTIVATIONS))
    assert (
        str(caught.value)
        == f'there is no activation called "sigmiod": did you mean "sigmoid"? (known: {known})'
    )


def test_an_unknown_initialiser_is_answered_with_a_near_one() -> None:
    with pytest.raises(
        UnknownName, match=r'^there is no initialiser called "he_norml": did you mean "he_normal"'
    ):
        Dense(2, weights="he_norml")


def test_given_biases_beside_a_threshold_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"^a layer has a bias or a threshold, not both: "):
        Dense(2, bias=[1.0, 2.0], threshold=True)
    assert Dense(2, threshold=True).bias is False


def test_parameters_are_listed_once() -> None:
    network = Network(2, [Dense(2), Dense(1)])
    assert network.parameters is network.parameters
    assert network.dense is network.dense
    assert network.sizes is network.sizes
    assert network == Network(2, [Dense(2), Dense(1)])
