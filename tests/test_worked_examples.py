"""The lectures' examples, worked by hand there, through the public classes here.

PSYC681 and LING-581 (2-2-1, two passes), CAP4453 (2-3-1 with biases), COMP0087 (unit, softmax, binary
cross-entropy) and PSYC681's perceptron. The numbers are exact, printed to seven digits. Of each updated
weight the difference new − old is compared, so that a weight that never moved cannot pass.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Network, derive
from chainrule.engines.engine import Data, Step
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from tolerances import assert_close

Place = tuple[str, int, int]


def _at(numbers: Any, place: Place) -> float:
    symbol, row, column = place
    return float(np.atleast_2d(np.asarray(numbers[symbol]))[row, column])


def _half_unit(printed: str) -> float:
    """Half a unit of the last digit printed."""
    return 0.5 * 10.0 ** int(Decimal(printed).as_tuple().exponent)


def assert_is(got: float, printed: str, what: str) -> None:
    """As printed: to a relative 1e-6, or to half a unit of the last digit where that is coarser."""
    wanted = float(printed)
    if abs(got - wanted) > _half_unit(printed) * 1.0001:
        assert_close(got, wanted, "worked example", scale=0, what=what)


def assert_moved(old: float, new: float, printed: str, gradient: float, rate: float, what: str) -> None:
    """The update is −η ∂C/∂w to a relative 1e-6, and the new weight is as printed."""
    assert_close(new - old, -rate * gradient, "worked example", scale=0, what=f"the update of {what}")
    assert abs(new - float(printed)) <= _half_unit(printed) * 1.0001, what
    assert new != old


# --- PSYC681 and LING-581 -----------------------------------------------------------------------------

PSYC681 = {
    "x": [[0.5, 0.3]],
    "y": [[1.0]],
    "W1": [[0.7, 0.3], [0.4, 0.6]],  # w1, w2 from x1; w3, w4 from x2
    "W2": [[0.55], [0.45]],  # w5, w6
}
PSYC681_RATE = 0.1
PSYC681_FIRST: dict[Place, str] = {
    ("z1", 0, 0): "0.47",
    ("z1", 0, 1): "0.33",
    ("a1", 0, 0): "0.6153838",
    ("a1", 0, 1): "0.5817594",
    ("z2", 0, 0): "0.6002528",
    ("a2", 0, 0): "0.6457141",
    ("C", 0, 0): "0.1255185",
    ("g2", 0, 0): "-0.7085717",
}
PSYC681_GRADIENTS: dict[Place, str] = {
    ("dW1", 0, 0): "-0.0105508",
    ("dW1", 0, 1): "-0.0088742",
    ("dW1", 1, 0): "-0.0063305",
    ("dW1", 1, 1): "-0.0053245",
    ("dW2", 0, 0): "-0.0997525",
    ("dW2", 1, 0): "-0.0943021",
}
PSYC681_UPDATED: dict[Place, str] = {
    ("W1", 0, 0): "0.7010551",
    ("W1", 0, 1): "0.3008874",
    ("W1", 1, 0): "0.4006330",
    ("W1", 1, 1): "0.6005325",
    ("W2", 0, 0): "0.5599753",
    ("W2", 1, 0): "0.4594302",
}
PSYC681_SECOND: dict[Place, str] = {
    ("z1", 0, 0): "0.4707175",
    ("z1", 0, 1): "0.3306034",
    ("a1", 0, 0): "0.6155536",
    ("a1", 0, 1): "0.5819062",
    ("z2", 0, 0): "0.6120400",
    ("a2", 0, 0): "0.6484060",
    ("C", 0, 0): "0.1236183",
}


def _psyc681() -> tuple[Derivation, dict[str, Any]]:
    network = Network(
        2,
        [
            Dense(2, "sigmoid", bias=False, weights=PSYC681["W1"]),
            Dense(1, "sigmoid", bias=False, weights=PSYC681["W2"]),
        ],
    )
    data = {"x": np.array(PSYC681["x"]), "y": np.array(PSYC681["y"])}
    derivation = derive(network, "mse", f"gradient_descent({PSYC681_RATE})")
    return derivation, {**data, **initial_parameters(network)}


@pytest.fixture(scope="module")
def psyc681() -> tuple[Step, Step]:
    """The first and the second pass."""
    derivation, values = _psyc681()
    first = NumpyEngine().run(derivation, values)
    return first, NumpyEngine().run(derivation, {**values, **first.updated})


@pytest.mark.parametrize(("place", "printed"), PSYC681_FIRST.items())
def test_psyc681_first_pass(psyc681: tuple[Step, Step], place: Place, printed: str) -> None:
    assert_is(_at(psyc681[0], place), printed, str(place))


def test_psyc681_slope_of_the_output(psyc681: tuple[Step, Step]) -> None:
    first = psyc681[0]
    assert_is(_at(first, ("d2", 0, 0)) / _at(first, ("g2", 0, 0)), "0.2287674", "∂o1/∂z3")


@pytest.mark.parametrize(("place", "printed"), PSYC681_GRADIENTS.items())
def test_psyc681_gradients(psyc681: tuple[Step, Step], place: Place, printed: str) -> None:
    assert_is(_at(psyc681[0], place), printed, str(place))


@pytest.mark.parametrize(("place", "printed"), PSYC681_UPDATED.items())
def test_psyc681_updates(psyc681: tuple[Step, Step], place: Place, printed: str) -> None:
    first = psyc681[0]
    gradient = _at(first, (f"d{place[0]}", *place[1:]))
    assert_moved(_at(PSYC681, place), _at(first.updated, place), printed, gradient, PSYC681_RATE, str(place))


@pytest.mark.parametrize(("place", "printed"), PSYC681_SECOND.items())
def test_psyc681_second_pass(psyc681: tuple[Step, Step], place: Place, printed: str) -> None:
    assert_is(_at(psyc681[1], place), printed, str(place))


def test_psyc681_in_training_is_psyc681_as_recorded(psyc681: tuple[Step, Step]) -> None:
    derivation, values = _psyc681()
    data = Data(values["x"], values["y"])
    start = initial_parameters(derivation.network)
    trainer = NumpyEngine().trainer(derivation, start, data, dtype="float64", key=0)
    trainer.steps(None, 1, 0, PSYC681_RATE, 60.0, lambda: True)
    for name, value in trainer.parameters().items():
        assert value.tolist() == np.asarray(psyc681[0].updated[name]).tolist()


# --- CAP4453 ------------------------------------------------------------------------------------------

CAP4453 = {
    "x": [[2.0, 9.0]],
    "y": [[1.0]],  # |2 − 9| = 7 is odd
    "W1": [[0.2, 0.6, 0.1], [0.8, 0.3, 0.7]],  # w1 w2 w3 from x1; w4 w5 w6 from x2
    "b1": [0.1, 0.1, 0.1],
    "W2": [[0.4], [0.5], [0.9]],  # w7 w8 w9
    "b2": [0.2],
}
CAP4453_RATE = 0.1
CAP4453_STEP: dict[Place, str] = {
    ("z1", 0, 0): "7.7",
    ("z1", 0, 1): "4.0",
    ("z1", 0, 2): "6.6",
    ("a1", 0, 0): "0.9995474",
    ("a1", 0, 1): "0.9820138",
    ("a1", 0, 2): "0.9986415",
    ("z2", 0, 0): "1.9896032",
    ("a2", 0, 0): "0.8797011",
    ("C", 0, 0): "0.0072359",
    ("g2", 0, 0): "-0.1202989",
    ("dW2", 0, 0): "-0.0127251",
    ("dW1", 0, 0): "-4.6077336e-6",
}
CAP4453_UPDATED: dict[Place, str] = {
    ("W2", 0, 0): "0.4012725",
    ("W2", 1, 0): "0.5012502",
    ("W2", 2, 0): "0.9012714",
    ("W1", 0, 0): "0.200000460773",
    ("W1", 0, 1): "0.6000225",
    ("W1", 1, 2): "0.7000140",
}


@pytest.fixture(scope="module")
def cap4453() -> Step:
    network = Network(
        2,
        [
            Dense(3, "sigmoid", bias=CAP4453["b1"], weights=CAP4453["W1"]),
            Dense(1, "sigmoid", bias=CAP4453["b2"], weights=CAP4453["W2"]),
        ],
    )
    values = {"x": np.array(CAP4453["x"]), "y": np.array(CAP4453["y"]), **initial_parameters(network)}
    return NumpyEngine().run(derive(network, "half_squared_error", "sgd"), values, rate=CAP4453_RATE)


@pytest.mark.parametrize(("place", "printed"), CAP4453_STEP.items())
def test_cap4453_step(cap4453: Step, place: Place, printed: str) -> None:
    assert_is(_at(cap4453, place), printed, str(place))


def test_cap4453_slope_of_the_output(cap4453: Step) -> None:
    assert_is(_at(cap4453, ("d2", 0, 0)) / _at(cap4453, ("g2", 0, 0)), "0.1058270", "∂out/∂z")


@pytest.mark.parametrize(("place", "printed"), CAP4453_UPDATED.items())
def test_cap4453_updates(cap4453: Step, place: Place, printed: str) -> None:
    gradient = _at(cap4453, (f"d{place[0]}", *place[1:]))
    new = _at(cap4453.updated, place)
    assert_moved(_at(CAP4453, place), new, printed, gradient, CAP4453_RATE, str(place))


def test_cap4453_biases_move_too(cap4453: Step) -> None:
    for name in ("b1", "b2"):
        old = CAP4453[name]
        gradient = np.asarray(cap4453[f"d{name}"])
        assert_close(
            np.asarray(cap4453.updated[name]) - old, -CAP4453_RATE * gradient, "worked example", scale=1e-9
        )
        assert (gradient != 0).all()


# --- COMP0087 -----------------------------------------------------------------------------------------


def test_comp0087_unit() -> None:
    network = Network(3, [Dense(1, "sigmoid", bias=[0.5], weights=[[0.2], [0.3], [0.9]])])
    step = NumpyEngine().run(derive(network), {"x": [[0.5, 0.6, 0.1]], **initial_parameters(network)})
    assert_close(step["z1"], [[0.87]], "worked example", scale=0)
    assert_is(_at(step, ("a1", 0, 0)), "0.705", "σ(z)")


def test_comp0087_softmax() -> None:
    network = Network(3, [Dense(3, "softmax", bias=False, weights=np.eye(3))])
    step = NumpyEngine().run(derive(network), {"x": [[2.0, -1.99, -0.01]], **initial_parameters(network)})
    for column, printed in enumerate(("0.868", "0.016", "0.116")):
        assert_is(_at(step, ("a1", 0, column)), printed, f"softmax, entry {column}")


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("target", [0.0, 1.0])
def test_comp0087_binary_crossentropy_through_a_2_2_1_network(fused: bool, target: float) -> None:
    """∂L/∂c = (c − y)/(c (1 − c)), ∂L/∂u_i = (c − y) a_i, ∂L/∂w_ij = (c − y) u_i a_i (1 − a_i) x_j."""
    w, u, x = np.array([[0.3, -0.8], [0.5, 0.2]]), np.array([0.7, -0.4]), np.array([0.9, -0.3])
    network = Network(
        2,
        [Dense(2, "sigmoid", bias=False, weights=w.T), Dense(1, "sigmoid", bias=False, weights=u[:, None])],
    )
    derivation = derive(network, "binary_crossentropy", "sgd(0.1)", fused=fused)
    step = NumpyEngine().run(derivation, {"x": x[None], "y": [[target]], **initial_parameters(network)})
    a = 1 / (1 + np.exp(-w @ x))
    c = 1 / (1 + np.exp(-u @ a))
    slope = c - target
    if not fused:
        assert_close(step["g2"], [[slope / (c * (1 - c))]], "rounding")
    assert_close(step["C"], -np.log(c if target else 1 - c), "rounding")
    assert_close(np.asarray(step["dW2"])[:, 0], slope * a, "rounding", scale=0)
    assert_close(np.asarray(step["dW1"]).T, slope * np.outer(u * a * (1 - a), x), "rounding", scale=0)
    moved = np.asarray(step.updated["W1"]) - w.T
    assert_close(moved, -0.1 * np.asarray(step["dW1"]), "worked example", scale=0)


# --- PSYC681's perceptron -----------------------------------------------------------------------------


def test_psyc681_perceptron_fires() -> None:
    network = Network(3, [Dense(1, "step", threshold=[0.5], weights=[[0.3], [0.6], [0.4]])])
    step = NumpyEngine().run(derive(network), {"x": [[0.5, 0.7, 0.3]], **initial_parameters(network)})
    assert_close(step["z1"], [[0.69 - 0.5]], "worked example", scale=0)
    assert step["a1"] == [[1.0]]


def test_psyc681_perceptron_sum_before_the_threshold() -> None:
    network = Network(3, [Dense(1, "step(0.5)", bias=False, weights=[[0.3], [0.6], [0.4]])])
    step = NumpyEngine().run(derive(network), {"x": [[0.5, 0.7, 0.3]], **initial_parameters(network)})
    assert_close(step["z1"], [[0.69]], "worked example", scale=0)
    assert step["a1"] == [[1.0]]


# --- the comparisons can fail -------------------------------------------------------------------------


def test_a_weight_that_never_moved_does_not_pass() -> None:
    with pytest.raises(AssertionError, match="the update of w1"):
        assert_moved(0.2, 0.2, "0.200000460773", -4.6077336e-6, 0.1, "w1")


def test_the_lectures_own_slips_do_not_pass(psyc681: tuple[Step, Step], cap4453: Step) -> None:
    with pytest.raises(AssertionError):
        assert_is(_at(psyc681[0].updated, ("W1", 1, 0)), "0.4011", "PSYC681's printed w3")
    with pytest.raises(AssertionError):
        assert_is(_at(cap4453, ("dW1", 0, 0)), "-5.097e-6", "CAP4453's printed ∂E/∂w1")


def test_a_number_a_little_off_does_not_pass(psyc681: tuple[Step, Step]) -> None:
    with pytest.raises(AssertionError):
        assert_is(_at(psyc681[0], ("a2", 0, 0)) * (1 + 2e-6), "0.6457141", "o1")
