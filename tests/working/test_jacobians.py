"""Jacobians against central differences and PyTorch's, as products of their factors, in both layouts."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import chainrule
from chainrule.derivation import Dense, Dropout, Line, Network, derive
from chainrule.engines.arrays import evaluate_arrays
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.definition import Definition, definition
from chainrule.working.jacobians import Factor, Jacobian, jacobian, line_jacobians
from chainrule.working.line_jacobians import ways
from tolerances import assert_close

STEP = 1e-5

NETWORKS: dict[str, tuple[Network, str, bool]] = {
    "2-2-1 sigmoid, mse": (Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")]), "mse", False),
    "2-3-1 tanh, half squared error": (
        Network(2, [Dense(3, "tanh"), Dense(1, "sigmoid")]),
        "half_squared_error",
        False,
    ),
    "softmax, crossentropy": (Network(2, [Dense(2, "gelu"), Dense(3, "softmax")]), "crossentropy", False),
    "softmax, crossentropy, fused": (
        Network(2, [Dense(2, "elu"), Dense(3, "softmax")]),
        "crossentropy",
        True,
    ),
    "sigmoid, binary crossentropy, fused": (Network(2, [Dense(2, "sigmoid")]), "binary_crossentropy", True),
    "prelu, thresholds": (
        Network(2, [Dense(3, "prelu", threshold=True), Dense(2, "prelu")]),
        "huber",
        False,
    ),
    "no bias, mse of the sums": (Network(3, [Dense(2, "swish(2.0)", bias=False), Dense(2)]), "mse", True),
}


def _numbers(name: str, batch: int, seed: int = 3) -> tuple[dict[str, Any], Any, Any]:
    """Parameters, inputs and targets for a network of the list."""
    network, rng = NETWORKS[name][0], np.random.default_rng(seed)
    parameters = {p.name: rng.normal(size=p.shape) for p in network.parameters}
    y = np.eye(network.outputs)[rng.integers(0, network.outputs, batch)]
    return parameters, rng.normal(size=(batch, network.inputs)), y


def _symbols(network: Network, fused: bool) -> tuple[list[str], list[str]]:
    lines = [f"{letter}{n}" for n in range(1, len(network.dense) + 1) for letter in "za"]
    return [*lines, "C"], ["x", *(p.name for p in network.parameters), *lines]


def _later(network: Network, loss: str, fused: bool, values: dict[str, Any], wrt: str) -> dict[str, Any]:
    """Every symbol computed again with `wrt` held at its given value."""
    known = dict(values)
    derivation = derive(network, loss, fused=fused)
    known |= derivation.constants
    for line in derivation.lines:
        if line.phase in ("feedforward", "loss") and line.symbol != wrt:
            known[line.symbol] = evaluate_arrays(line.tree, known)
    return known


def central_differences(
    network: Network, loss: str, fused: bool, values: dict[str, Any], of: str, wrt: str
) -> Any:
    """∂of/∂wrt in numerator layout, entry by entry."""
    at = np.asarray(_later(network, loss, fused, values, "")[wrt], dtype=float)
    columns = []
    for place in range(at.size):
        sides = []
        for sign in (1, -1):
            moved = at.copy()
            moved.flat[place] += sign * STEP
            sides.append(np.ravel(_later(network, loss, fused, {**values, wrt: moved}, wrt)[of]))
        columns.append((sides[0] - sides[1]) / (2 * STEP))
    return np.stack(columns, axis=1)


def assert_multiplies_out(found: Jacobian) -> None:
    """The product of the factors, in their order, is the Jacobian."""
    product = np.eye(found.shape[0])
    for factor in found.factors:
        product = product @ factor.values
    assert_close(product, found.values, "rounding")


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_symbol_in_every_other_is_the_central_difference(name: str, batch: int) -> None:
    network, loss, fused = NETWORKS[name]
    parameters, x, y = _numbers(name, batch)
    values = {**parameters, "x": x, "y": y}
    ofs, wrts = _symbols(network, fused)
    for of in ofs:
        for wrt in wrts:
            if of == wrt or (fused and (of, wrt) == ("C", ofs[-2])):
                continue
            found = jacobian(network, x, of=of, wrt=wrt, loss=loss, y=y, parameters=parameters, fused=fused)
            wanted = central_differences(network, loss, fused, values, of, wrt)
            assert_close(found.values, wanted, "central difference", what=f"∂{of}/∂{wrt} of {name}")
            assert found.shape == wanted.shape == (len(found.rows), len(found.columns))
            if found.paths:
                assert_multiplies_out(found)
            else:
                assert not found.values.any()


def test_the_comparison_with_central_differences_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ACTIVATIONS["sigmoid"].definition
    wrong = definition("wrong", lambda g, a: g * a * (1 - a) * 1.000001)
    monkeypatch.setitem(entry.gradients, "z", wrong)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        test_every_symbol_in_every_other_is_the_central_difference("2-2-1 sigmoid, mse", 1)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_and_loss_in_inputs_and_parameters_are_pytorchs(
    name: str, batch: int, torch: ModuleType
) -> None:
    from torch_jacobians import outputs_and_loss

    network, loss, fused = NETWORKS[name]
    parameters, x, y = _numbers(name, batch)
    given = {**parameters, "x": x}
    for wrt in given:

        def compute(at: Any, wrt: str = wrt) -> tuple[Any, Any]:
            tensors = {key: torch.tensor(value) for key, value in given.items()} | {wrt: at}
            return outputs_and_loss(network, loss, tensors, torch.tensor(y))

        wanted = torch.func.jacrev(compute)(torch.tensor(given[wrt]))
        for of, table in zip((f"a{len(network.dense)}", "C"), wanted, strict=True):
            found = jacobian(network, x, of=of, wrt=wrt, loss=loss, y=y, parameters=parameters, fused=fused)
            flat = table.numpy().reshape(found.shape)
            assert_close(found.values, flat, "autograd", what=f"∂{of}/∂{wrt} of {name}")


@pytest.mark.parametrize("name", NETWORKS)
def test_the_gradient_of_the_loss_in_denominator_layout_is_the_engines(name: str) -> None:
    network, loss, fused = NETWORKS[name]
    parameters, x, y = _numbers(name, 3)
    derivation = derive(network, loss, fused=fused)
    step = NumpyEngine().run(derivation, {**parameters, "x": x, "y": y})
    for parameter, gradient in derivation.gradients.items():
        found = jacobian(
            network, x, of="C", wrt=parameter, layout="denominator", loss=loss, y=y,
            parameters=parameters, fused=fused,
        )  # fmt: skip
        wanted = np.asarray(step[gradient])
        assert found.shape == (wanted.size, 1)
        assert_close(found.values.reshape(wanted.shape), wanted, "rounding", what=f"{parameter} of {name}")


def test_the_layouts_are_each_others_transposes_with_the_factors_in_reverse_order() -> None:
    network, loss, _ = NETWORKS["2-2-1 sigmoid, mse"]
    parameters, x, y = _numbers("2-2-1 sigmoid, mse", 1)
    one, two = (
        jacobian(network, x, of="C", wrt="W1", layout=layout, loss=loss, y=y, parameters=parameters)  # type: ignore[arg-type]
        for layout in ("numerator", "denominator")
    )
    assert [f.name for f in one.factors] == ["∂C/∂a2", "∂a2/∂z2", "∂z2/∂a1", "∂a1/∂z1", "∂z1/∂W1"]
    assert [f.shape for f in one.factors] == [(1, 1), (1, 1), (1, 2), (2, 2), (2, 4)]
    assert [f.name for f in two.factors] == [f.name for f in reversed(one.factors)]
    assert [f.shape for f in two.factors] == [(4, 2), (2, 2), (2, 1), (1, 1), (1, 1)]
    assert np.array_equal(one.values, two.values.T)
    assert_multiplies_out(one)
    assert_multiplies_out(two)
    assert (one.rows, one.columns) == (("C",), ("W1[1,1]", "W1[1,2]", "W1[2,1]", "W1[2,2]"))
    assert (two.rows, two.columns) == (one.columns, one.rows)


def test_fused_and_factor_by_factor_agree() -> None:
    network = NETWORKS["softmax, crossentropy"][0]
    parameters, x, y = _numbers("softmax, crossentropy", 3)
    apart, fused = (
        jacobian(network, x, of="C", wrt="W1", loss="crossentropy", y=y, parameters=parameters, fused=fused)
        for fused in (False, True)
    )
    assert [f.name for f in apart.factors][:2] == ["∂C/∂a2", "∂a2/∂z2"]
    assert [f.name for f in fused.factors][:2] == ["∂C/∂z2", "∂z2/∂a1"]
    assert_close(apart.values, fused.values, "rounding")


# --- names and words ---------------------------------------------------------------------------------

NET = Network(2, [Dense(2, "relu", weights=[[1.0, -1.0], [2.0, 0.5]]), Dense(1, weights=[[3.0], [1.0]])])


def test_entries_are_counted_from_1_and_the_sample_is_left_out_where_there_is_one() -> None:
    one = jacobian(NET, [1.0, 2.0], of="z1", wrt="x")
    assert (one.rows, one.columns) == (("z1[1]", "z1[2]"), ("x[1]", "x[2]"))
    two = jacobian(NET, [[1.0, 2.0], [3.0, 4.0]], of="z1", wrt="b1")
    assert two.rows == ("z1[1,1]", "z1[1,2]", "z1[2,1]", "z1[2,2]")
    assert two.columns == ("b1[1]", "b1[2]")


def test_a_sample_does_not_depend_on_anothers_inputs() -> None:
    found = jacobian(NET, [[1.0, 2.0], [3.0, 4.0]], of="z1", wrt="x")
    block = np.array([[1.0, 2.0], [-1.0, 0.5]])
    assert np.array_equal(found.values, np.kron(np.eye(2), block))


def test_the_output_and_the_inputs_are_taken_unless_others_are_named() -> None:
    found = jacobian(NET, [1.0, 2.0])
    assert (found.of, found.wrt, found.layout) == ("a2", "x", "numerator")


def test_it_is_told_with_names_shapes_and_numbers() -> None:
    assert str(jacobian(NET, [1.0, 2.0], wrt="b1", layout="denominator")) == (
        "∂a2/∂b1 is 2 × 1 (denominator layout)\n"
        "   = ∂z1/∂b1 · ∂a1/∂z1 · ∂z2/∂a1 · ∂a2/∂z2\n"
        "   = (2×2)(2×2)(2×1)(1×1) = (2×1)\n"
        "\n"
        "∂z1/∂b1 (2×2)\n"
        "   1  0\n"
        "   0  1\n"
        "\n"
        "∂a1/∂z1 (2×2)\n"
        "   1  0\n"
        "   0  0\n"
        "\n"
        "∂z2/∂a1 (2×1)\n"
        "   3\n"
        "   1\n"
        "\n"
        "∂a2/∂z2 (1×1)\n"
        "   1\n"
        "\n"
        "∂a2/∂b1\n"
        "          a2[1]\n"
        "   b1[1]      3\n"
        "   b1[2]      0"
    )


def test_a_large_matrix_is_told_by_its_shape_alone() -> None:
    network = Network(30, [Dense(40, weights=np.ones((30, 40)))])
    told = str(jacobian(network, np.ones(30), of="z1", wrt="W1"))
    assert told == "∂z1/∂W1 is 40 × 1200 (numerator layout)"


def test_what_is_not_reached_is_0_and_said_so() -> None:
    found = jacobian(NET, [1.0, 2.0], of="z1", wrt="W2")
    assert found.factors == found.paths == ()
    assert np.array_equal(found.values, np.zeros((2, 2)))
    assert str(found) == "∂z1/∂W2 is 2 × 2 (numerator layout): all 0, since z1 does not depend on W2"


def test_a_symbol_by_itself_is_the_identity() -> None:
    found = jacobian(NET, [1.0, 2.0], of="a1", wrt="a1")
    assert np.array_equal(found.values, np.eye(2))
    assert "the identity" in str(found)


def test_several_ways_are_all_found_and_told_as_a_sum() -> None:
    twice = definition("twice", lambda x: 2 * x, {"x": lambda g: 2 * g})
    product = definition("product", lambda u, v: u * v, {"u": lambda v, g: g * v, "v": lambda u, g: g * u})

    def line(symbol: str, made: Definition, *arguments: str) -> Line:
        return Line("feedforward", symbol, made, arguments, (), "")

    lines = [line("z1", twice, "x"), line("z2", twice, "x"), line("a1", product, "z1", "z2")]
    found = ways(lines, "a1", "x")
    assert [[(at.symbol, wrt) for at, wrt in way] for way in found] == [
        [("a1", "z1"), ("z1", "x")],
        [("a1", "z2"), ("z2", "x")],
    ]
    one = np.ones((1, 1))
    paths = tuple((Factor("a1", z, 6 * one), Factor(z, "x", 2 * one)) for z in ("z1", "z2"))
    told = str(Jacobian("a1", "x", "numerator", 24 * one, ("a1",), ("x",), paths))
    assert (
        "the sum over 2 paths\n   = ∂a1/∂z1 · ∂z1/∂x + ∂a1/∂z2 · ∂z2/∂x\n   = (1×1)(1×1) + (1×1)(1×1)" in told
    )


def test_no_negative_zeros_are_shown() -> None:
    network = Network(1, [Dense(2, weights=[[1.0, 1.0]], threshold=[0.5, 0.5])])
    found = jacobian(network, [1.0], of="z1", wrt="theta1")
    assert np.array_equal(found.values, -np.eye(2))
    assert not np.signbit(found.values[~np.eye(2, dtype=bool)]).any()
    assert "∂z1/∂θ1" in str(found)


def test_it_is_public_and_frozen() -> None:
    found = chainrule.jacobian(NET, [1.0, 2.0])
    assert found.values.dtype == np.float64
    with pytest.raises(AttributeError):
        found.of = "C"  # type: ignore[misc]
    assert repr(found) == "<Jacobian ∂a2/∂x (1×2), numerator layout>"
    assert repr(found.factors[0]) == "<Factor ∂a2/∂z2 (1×1)>"


# --- a whole step ------------------------------------------------------------------------------------


def test_the_jacobians_of_a_steps_lines_multiply_to_its_gradients() -> None:
    network = Network(2, [Dense(3, "prelu"), Dropout(0.5), Dense(2, "softmax")])
    derivation = derive(network, "crossentropy", l2=0.1, sample_weights=True, fused=False)
    rng = np.random.default_rng(0)
    values: dict[str, Any] = {p.name: rng.normal(size=p.shape) for p in network.parameters}
    values |= {"x": rng.normal(size=(4, 2)), "y": np.eye(2)[[0, 1, 1, 0]], "s": rng.uniform(1, 2, (4, 1))}
    step = NumpyEngine().run(derivation, values, key=1)
    found = line_jacobians(derivation, step.values)
    assert {("h1", "a1"), ("R", "W1"), ("R", "W2"), ("C", "a2"), ("a1", "alpha1")} < set(found)
    way = [("C", "a2"), ("a2", "z2"), ("z2", "h1"), ("h1", "a1"), ("a1", "z1"), ("z1", "W1")]
    product = np.eye(1)
    for key in way:
        product = product @ found[key]
    penalised = (product + found["R", "W1"]).reshape(2, 3)
    assert_close(penalised, step["dW1"], "rounding")


# --- refusals ----------------------------------------------------------------------------------------


def test_weights_may_be_given_beside_the_network_and_come_before_its_own() -> None:
    drawn = Network(1, [Dense(1)])
    assert jacobian(drawn, [1.0], parameters={"W1": [[4.0]]}).values.tolist() == [[4.0]]
    assert jacobian(NET, [1.0, 2.0], of="z1", parameters={"W1": [[1, 2], [3, 4]]}).values.tolist() == [
        [1.0, 3.0],
        [2.0, 4.0],
    ]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            UnknownName,
            {"of": "z3"},
            'there is no computed symbol of this network called "z3" (known: a1, a2, z1, z2)',
        ),
        (
            UnknownName,
            {"wrt": "w1"},
            'there is no symbol to differentiate in called "w1" (known: W1, W2, a1, ',
        ),
        (UnknownName, {"parameters": {"W9": 1}}, 'there is no parameter of this network called "W9"'),
        (
            ConfigError,
            {"of": "C"},
            'C is the loss, and none is given: give loss= and y=, for example loss="mse"',
        ),
        (
            ConfigError,
            {"of": "C", "loss": "mse"},
            "the loss mse needs targets: give y=, a value for each output",
        ),
        (
            ConfigError,
            {"of": "C", "wrt": "y", "loss": "mse", "y": [1.0]},
            "y is held fixed here: give wrt one of C, W1, W2, a1, a2, b1, b2, x, z1, z2",
        ),
        (
            ConfigError,
            {"of": "C", "wrt": "a2", "loss": "mse", "y": [1.0], "fused": True},
            "in its fused form the loss is computed from z2 and not from a2: leave fused out to have ∂C/∂a2",
        ),
        (
            ConfigError,
            {"layout": "rows"},
            'the layout is "numerator" or "denominator", not \'rows\': choose one of them',
        ),
        (
            ShapeMismatch,
            {"x": [1.0, 2.0, 3.0]},
            "x has shape (3,), but the network has 2 inputs: give one sample (2,) or several (B, 2)",
        ),
        (
            ShapeMismatch,
            {"x": [[1.0, 2.0], [3.0, 4.0]], "loss": "mse", "y": [1.0]},
            "x has 2 samples but y has 1: give a row of y for each",
        ),
        (ShapeMismatch, {"parameters": {"W1": [[1.0]]}}, '"W1" must have shape (2, 2), not (1, 1)'),
        (InvalidInput, {"x": ["a", "b"]}, "x must be numbers in rows of one length, not ['a', 'b']"),
        (InvalidInput, {"x": [1.0, np.nan]}, "x must be finite numbers, but one is not: replace it"),
    ],
)
def test_a_wrong_use_is_one_sentence(
    kind: Any, settings: dict[str, Any], message: str, told: Callable[..., str]
) -> None:
    given = {"x": [1.0, 2.0], **settings}
    assert told(kind, lambda: jacobian(NET, **given)).startswith(message)


def test_numbers_that_are_nowhere_are_asked_for(told: Callable[..., str]) -> None:
    network = Network(2, [Dense(2, "relu"), Dense(1)])
    assert told(ConfigError, lambda: jacobian(network, [1.0, 2.0])) == (
        'the Jacobian needs numbers for W1, W2: give the layers their weights, or pass parameters={"W1": …}'
    )


def test_a_jacobian_too_large_is_refused_before_it_is_made(told: Callable[..., str]) -> None:
    network = Network(100, [Dense(100, weights=np.ones((100, 100))), Dense(1, weights=np.ones((100, 1)))])
    assert told(InvalidInput, lambda: jacobian(network, np.ones((20, 100)), wrt="W1")) == (
        "∂z1/∂W1 would be 2,000 × 10,000, more than 10,000,000 entries: "
        "give fewer samples, or a smaller network"
    )
    derivation = derive(network)
    values = {p.name: np.ones(p.shape) for p in network.parameters}
    step = NumpyEngine().run(derivation, {**values, "x": np.ones((20, 100))})
    assert "2,000 × 10,000" in told(InvalidInput, lambda: line_jacobians(derivation, step.values))
