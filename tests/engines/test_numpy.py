"""The NumPy engine: what it needs, what it refuses, prediction in chunks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Dropout, Network, derive
from chainrule.engines import numpy as engine_module
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from tolerances import assert_close

NETWORK = Network(3, [Dense(4, "tanh"), Dense(2, "softmax")])
RNG = np.random.default_rng(6)
X = RNG.normal(size=(50, 3))
Y = np.eye(2)[RNG.integers(0, 2, 50)]


def _values(**changes: Any) -> dict[str, Any]:
    return {**initial_parameters(NETWORK, 1), "x": X, "y": Y, **changes}


@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_every_recorded_array_has_the_dtype_asked_for(dtype: Any) -> None:
    step = NumpyEngine().run(derive(NETWORK, "crossentropy", "adam"), _values(), dtype=dtype)
    arrays = [
        value for value in (*step.values.values(), *step.updated.values()) if isinstance(value, np.ndarray)
    ]
    assert len(arrays) > 20
    assert {array.dtype for array in arrays} == {np.dtype(dtype)}


def test_float32_is_near_float64() -> None:
    derivation = derive(NETWORK, "crossentropy", "sgd")
    single, double = (NumpyEngine().run(derivation, _values(), dtype=t) for t in (np.float32, np.float64))
    for symbol in ("C", "a2", "dW1", "dW2"):
        assert_close(single[symbol], double[symbol], "float32", what=symbol)


def test_the_values_given_are_left_alone_and_the_results_are_copies() -> None:
    values = _values()
    before = {name: value.copy() for name, value in values.items()}
    derivation = derive(NETWORK, "crossentropy", "sgd")
    first = NumpyEngine().run(derivation, values)
    np.asarray(first["a2"])[:] = 99
    np.asarray(first["W1"])[:] = 99
    for name, value in before.items():
        assert np.array_equal(values[name], value)
    assert np.asarray(NumpyEngine().run(derivation, values)["a2"]).max() <= 1


def test_the_rate_is_the_rules_own_unless_given() -> None:
    derivation = derive(NETWORK, "crossentropy", "sgd(0.25)")
    for rate, wanted in ((None, 0.25), (0.5, 0.5)):
        step = NumpyEngine().run(derivation, _values(), rate=rate)
        assert step["eta"] == wanted
        moved = np.asarray(step.updated["W1"]) - step["W1"]
        assert_close(moved, -wanted * np.asarray(step["dW1"]), "rounding")


def test_without_a_loss_the_feedforward_pass_alone_is_run() -> None:
    step = NumpyEngine().run(derive(NETWORK), {name: v for name, v in _values().items() if name != "y"})
    assert "C" not in step.values
    assert step.updated == {}


def test_a_step_in_short_names_its_symbols_but_prints_no_arrays() -> None:
    network = Network(2, [Dense(1)])
    values = {**initial_parameters(network), "x": np.ones((2, 2)), "y": np.zeros((2, 1))}
    step = NumpyEngine().run(derive(network, "mse", "sgd"), values)
    assert repr(step) == "<Step: values of C, W1, a1, b1, d1, dW1, db1, eta, t, x, y, z1; updated W1, b1>"


def test_dropout_is_for_training_only() -> None:
    network = Network(3, [Dropout(0.5), Dense(2)])
    assert [line.symbol for line in derive(network)] == ["z1", "a1"]
    assert [line.symbol for line in derive(network.without_dropout(), "mse")][:2] == ["z1", "a1"]


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"y": None}, InvalidInput, 'the derivation needs a value for "y" of shape (50, 2): give one'),
        ({"W2": None}, InvalidInput, 'the derivation needs a value for "W2" of shape (4, 2): give one'),
        ({"y": Y[:, :1]}, ShapeMismatch, '"y" must have shape (50, 2), not (50, 1)'),
        ({"W1": np.zeros((4, 3))}, ShapeMismatch, '"W1" must have shape (3, 4), not (4, 3)'),
        ({"x": X[0]}, ShapeMismatch, "x must be a table (B, I), one row per sample, not of shape (3,)"),
        ({"x": None}, ShapeMismatch, "x must be a table (B, I), one row per sample, not of shape ()"),
        ({"x": X[:, :2]}, ShapeMismatch, '"x" must have shape (50, 3), not (50, 2)'),
    ],
)
def test_missing_and_misshapen_values_are_named(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    values = {name: value for name, value in _values(**changes).items() if value is not None}
    with pytest.raises(error) as caught:
        NumpyEngine().run(derive(NETWORK, "crossentropy", "sgd"), values)
    assert str(caught.value) == message


@pytest.mark.parametrize("dtype", ["int64", "float16", object, "nonsense"])
def test_other_dtypes_are_refused(dtype: Any) -> None:
    with pytest.raises(ConfigError, match=r"^numbers are float32 or float64, not .*: choose one of them$"):
        NumpyEngine().run(derive(NETWORK, "crossentropy"), _values(), dtype=dtype)


def test_an_unknown_symbol_is_answered_with_a_near_one() -> None:
    step = NumpyEngine().run(derive(NETWORK), _values())
    with pytest.raises(UnknownName, match=r'^there is no symbol called "a22": did you mean "a2"'):
        step["a22"]


@pytest.mark.parametrize(
    ("loss", "options"),
    [
        ("crossentropy", {}),
        ("crossentropy(batch=sum)", {}),
        ("crossentropy", {"class_weights": (0.5, 2.0)}),
        ("mse", {"sample_weights": True}),
        ("mse", {"sample_weights": True, "class_weights": (1.0, 3.0)}),
    ],
)
def test_prediction_in_chunks_is_prediction_at_once(
    loss: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    derivation = derive(NETWORK, loss, **options)
    weights = RNG.uniform(0.1, 3, size=(50, 1)) if "sample_weights" in options else None
    data = Data(X, Y, weights)
    whole, whole_loss = NumpyEngine().forward(
        derivation, initial_parameters(NETWORK, 1), data, dtype="float64"
    )
    monkeypatch.setattr(engine_module, "CHUNK", 16)
    parts, parts_loss = NumpyEngine().forward(
        derivation, initial_parameters(NETWORK, 1), data, dtype="float64"
    )
    assert_close(parts, whole, "rounding")
    assert_close(parts_loss, whole_loss, "rounding")
    values = (
        _values() if weights is None else _values(**{"q" if "class_weights" in options else "s": weights})
    )
    assert_close(whole_loss, NumpyEngine().run(derivation, values)["C"], "rounding")


def test_class_numbers_and_one_hot_rows_train_alike() -> None:
    labels = Y.argmax(axis=1)[:, None]
    trained = []
    for integers, y in ((False, Y), (True, labels)):
        derivation = derive(NETWORK, "crossentropy", "sgd", integer_targets=integers)
        trainer = NumpyEngine().trainer(
            derivation, initial_parameters(NETWORK, 1), Data(X, y), dtype="float64", key=0
        )
        trainer.steps(None, 8, 0, 0.5, 60.0, lambda: False)
        trained.append(trainer.parameters())
    for name in trained[0]:
        assert trained[0][name].tolist() == trained[1][name].tolist()


def test_dropout_masks_depend_on_key_and_step_and_keep_the_rate() -> None:
    network = Network(3, [Dropout(0.3), Dense(2)])
    derivation = derive(network, "mse", "sgd")
    values = {**initial_parameters(network), "x": RNG.normal(size=(4000, 3)), "y": np.zeros((4000, 2))}
    masks = [
        np.asarray(NumpyEngine().run(derivation, values, step=t, key=k)["m0"])
        for t, k in ((1, 1), (2, 1), (1, 2))
    ]
    assert not np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])
    for mask in masks:
        assert (mask == 0).mean() == pytest.approx(0.3, abs=0.02)
        assert mask.mean() == pytest.approx(1.0, abs=0.03)
    assert np.array_equal(masks[0], np.asarray(NumpyEngine().run(derivation, values, step=1, key=1)["m0"]))


def test_two_dropout_layers_draw_different_masks() -> None:
    network = Network(4, [Dropout(0.5), Dense(4, "tanh"), Dropout(0.5), Dense(2)])
    values = {**initial_parameters(network), "x": np.ones((100, 4)), "y": np.zeros((100, 2))}
    step = NumpyEngine().run(derive(network, "mse", "sgd"), values)
    assert not np.array_equal(np.asarray(step["m0"]), np.asarray(step["m1"]))


def test_single_rows_after_one_another_see_the_present_weights() -> None:
    derivation = derive(Network(2, [Dense(1)]))
    engine = NumpyEngine()
    given = {"W1": np.array([[1.0], [2.0]]), "b1": np.zeros(1)}
    data = Data(np.array([[1.0, 1.0]]), np.empty((0, 0)))
    first, _ = engine.forward(derivation, given, data, dtype="float64")
    given["W1"][0, 0] = 5
    second, _ = engine.forward(derivation, given, data, dtype="float64")
    third, _ = engine.forward(derivation, {**given, "b1": np.ones(1)}, data, dtype="float64")
    assert [first.item(), second.item(), third.item()] == [3, 7, 8]
