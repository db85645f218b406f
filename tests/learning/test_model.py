"""Models: predictions, measures, files."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from sklearn import metrics

from chainrule import Dense, Dropout, Model, Network, TableRun, activation, load_dataset, train, train_table
from chainrule.errors import CannotWrite, ConfigError, InvalidInput, ModelFileError, ShapeMismatch, TableError
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.learning.encoding import ClassTarget, NumberTarget

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]
Told = Callable[[type, Callable[[], object]], str]


def fit(rows: tuple[Any, Any], *layers: Any, **choices: Any) -> Model:
    return train(Network(4, layers), *rows, **{"epochs": 4, "batch": 16, **choices}).model


@pytest.fixture(scope="module")
def binary(two_classes: Rows) -> Model:
    return fit(two_classes, Dense(5, "tanh"), Dense(1, "sigmoid"))


@pytest.fixture(scope="module")
def many(three_classes: Rows) -> Model:
    return fit(three_classes, Dense(5, "relu"), Dense(3, "softmax"), epochs=12)


@pytest.fixture(scope="module")
def number(two_classes: Rows) -> Model:
    X, _ = two_classes
    return fit((X, X[:, 0]), Dense(5, "tanh"), Dense(1))


@pytest.fixture(scope="module")
def wine() -> TableRun:
    return train_table("wine", layers=[6], epochs=6, test=0.3)


@pytest.fixture(scope="module")
def diabetes() -> TableRun:
    return train_table("diabetes", layers=[6], epochs=8, test=0.3)


# --- predictions --------------------------------------------------------------------------------------


def test_probabilities_of_classes_sum_to_1_and_decide(many: Model, three_classes: Rows) -> None:
    X, _ = three_classes
    p = many.predict_proba(X)
    assert p.shape == (60, 3)
    assert p.sum(axis=1) == pytest.approx(np.ones(60), abs=1e-6)
    assert_array_equal(many.predict(X), p.argmax(axis=1))


def test_two_classes_have_two_probabilities(binary: Model, two_classes: Rows) -> None:
    X, _ = two_classes
    p = binary.predict_proba(X)
    assert p.shape == (60, 2)
    assert_array_equal(p[:, 1:], binary.outputs(X))
    assert_array_equal(binary.predict(X), (p[:, 1] >= 0.5).astype(int))


def test_one_row_is_predicted_as_among_many(number: Model, two_classes: Rows) -> None:
    X, _ = two_classes
    assert number.predict(X[:1]) == pytest.approx(number.predict(X)[:1], rel=1e-6)


def test_more_rows_than_a_chunk_are_predicted(number: Model) -> None:
    X = np.random.default_rng(0).normal(size=(5000, 4))
    assert number.predict(X) == pytest.approx(
        np.concatenate([number.predict(X[:3000]), number.predict(X[3000:])]), rel=1e-4, abs=1e-6
    )


def test_labels_are_predicted_for_a_table(wine: TableRun) -> None:
    table, model = load_dataset("wine"), wine.model
    labels, p = model.predict_table(table), model.probabilities_table(table)
    assert model.classes is not None
    assert p.shape == (178, 3)
    assert labels.tolist() == [model.classes[k] for k in p.argmax(axis=1)]
    assert np.mean(labels == table.texts("cultivar")) > 0.3


def test_numbers_are_predicted_in_the_units_of_the_table(diabetes: TableRun) -> None:
    table = load_dataset("diabetes")
    predicted = diabetes.model.predict_table(table)
    wanted = table.numbers("progression")
    assert abs(predicted.mean() - wanted.mean()) < 0.5 * wanted.std()
    assert predicted.std() > 0.2 * wanted.std()


def test_a_model_of_a_table_takes_tables_wherever_arrays_go(wine: TableRun) -> None:
    table, model = load_dataset("wine"), wine.model
    frame = pd.DataFrame({name: table.texts(name) for name in table.names[-1:]})
    frame = pd.concat([pd.DataFrame({name: table.numbers(name) for name in table.names[:-1]}), frame], axis=1)
    for source in (table, frame, "wine"):
        assert_array_equal(model.predict(source), model.predict_table(table))
        assert_array_equal(model.predict_proba(source), model.probabilities_table(table))
        assert model.evaluate(source) == model.measures(model.encode(table))


def test_a_model_of_a_table_takes_prepared_arrays_too(wine: TableRun) -> None:
    assert wine.test_data is not None
    numbers = wine.model.predict(wine.test_data.X)
    assert wine.test is not None
    assert np.mean(numbers == wine.test_data.y[:, 0]) == wine.test["accuracy"]


def test_the_order_of_the_columns_does_not_matter(wine: TableRun) -> None:
    table = load_dataset("wine")
    turned = table.select(table.names[::-1])
    assert_array_equal(wine.model.predict_table(turned), wine.model.predict_table(table))


WRONG: dict[str, tuple[Callable[[Model], object], type, str]] = {
    "three columns": (
        lambda model: model.predict([[1, 2, 3]]),
        ShapeMismatch,
        "the network has 4 inputs but X has 3 columns: make them equal",
    ),
    "a gap": (
        lambda model: model.predict([[1, 2, 3, np.nan]]),
        InvalidInput,
        "row 0, column 3 of X is nan: leave the row out or fill the gap",
    ),
    "beyond float32": (
        lambda model: model.predict([[1, 2, 1e40, 0]]),
        InvalidInput,
        "row 0, column 2 of X is 1e+40, more than float32 holds: scale the column, or choose float64",
    ),
    "probabilities of a number": (
        lambda model: model.predict_proba(np.eye(4)),
        ConfigError,
        "the model predicts numbers, so it has no probabilities: use predict",
    ),
    "a table": (
        lambda model: model.predict_table(load_dataset("xor")),
        ConfigError,
        "the model was trained on arrays, so it cannot read tables: give it an array (N, I)",
    ),
    "no targets": (
        lambda model: model.evaluate(np.eye(4)),
        InvalidInput,
        "y is missing: give an array of numbers",
    ),
    "too few targets": (
        lambda model: model.evaluate(np.eye(4), [1.0]),
        ShapeMismatch,
        "X has 4 rows but y has 1: make them equal",
    ),
}


@pytest.mark.parametrize(("action", "kind", "message"), WRONG.values(), ids=WRONG)
def test_what_a_model_cannot_do_is_refused(
    told: Told, number: Model, action: Callable[[Model], object], kind: type, message: str
) -> None:
    assert told(kind, lambda: action(number)) == message


def test_outputs_that_are_no_probabilities_are_refused(told: Told, two_classes: Rows) -> None:
    model = fit(two_classes, Dense(2, "sigmoid"), loss="crossentropy", epochs=1)
    assert told(ConfigError, lambda: model.predict_proba(two_classes[0])) == (
        "the model's outputs are no probabilities: give it softmax or sigmoid outputs"
    )
    assert set(model.evaluate(*two_classes)) == {"loss", "accuracy"}


def test_a_table_without_a_column_is_refused(told: Told, wine: TableRun) -> None:
    table = load_dataset("wine")
    message = told(TableError, lambda: wine.model.predict_table(table.select(table.names[1:])))
    assert message == 'wine lacks "alcohol", which the model needs: add or rename the column'


# --- measures -----------------------------------------------------------------------------------------


def test_measures_of_classes_are_scikit_learns(many: Model, three_classes: Rows) -> None:
    X, y = three_classes
    found, p = many.evaluate(X, y), many.predict_proba(X).astype(float)
    assert found["accuracy"] == metrics.accuracy_score(y, many.predict(X))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p / p.sum(axis=1, keepdims=True)), rel=1e-6)
    assert found["loss"] == pytest.approx(found["log_loss"], rel=1e-5)


def test_measures_of_two_classes_are_scikit_learns(binary: Model, two_classes: Rows) -> None:
    X, y = two_classes
    found, p = binary.evaluate(X, y), binary.predict_proba(X).astype(float)
    assert found["accuracy"] == metrics.accuracy_score(y, binary.predict(X))
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, p[:, 1]), rel=1e-6)


def test_measures_of_numbers_are_scikit_learns(number: Model, two_classes: Rows) -> None:
    X, _ = two_classes
    found, predicted = number.evaluate(X, X[:, 0]), number.predict(X)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(X[:, 0], predicted), rel=1e-6)
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(X[:, 0], predicted), rel=1e-6)
    assert found["r2"] == pytest.approx(metrics.r2_score(X[:, 0], predicted), rel=1e-6)
    assert found["loss"] == pytest.approx(found["rmse"] ** 2, rel=1e-5)


def test_measures_of_a_table_are_in_its_units(diabetes: TableRun) -> None:
    table, test = load_dataset("diabetes"), diabetes.test
    assert test is not None
    assert diabetes.test_data is not None
    outputs = diabetes.model.outputs(diabetes.test_data.X)[:, 0]
    target = diabetes.model.encoding.target  # type: ignore[union-attr]
    truth = target.original(diabetes.test_data.y[:, 0])  # type: ignore[union-attr]
    predicted = target.original(outputs)  # type: ignore[union-attr]
    assert set(np.round(truth)) <= set(table.numbers("progression"))
    assert test["rmse"] == pytest.approx(metrics.root_mean_squared_error(truth, predicted), rel=1e-6)
    assert 20 < test["rmse"] < 200


def test_labels_of_several_outputs_are_counted_one_by_one(two_classes: Rows) -> None:
    X, y = two_classes
    labels = np.stack([y, X[:, 2] > 0], axis=1)
    model = fit((X, labels), Dense(2, "sigmoid"))
    assert model.evaluate(X, labels)["accuracy"] == pytest.approx(np.mean(model.predict(X) == labels))
    assert_array_equal(model.predict_proba(X), model.outputs(X))


def test_sample_weights_weigh_the_loss(binary: Model, two_classes: Rows) -> None:
    X, y = two_classes
    first = np.r_[np.ones(30), np.zeros(30)]
    assert binary.evaluate(X, y, first)["loss"] == pytest.approx(
        binary.evaluate(X[:30], y[:30])["loss"], rel=1e-6
    )


# --- files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_comes_back_bit_by_bit(two_classes: Rows, tmp_path: Path, dtype: str) -> None:
    layers = Dense(5, "prelu"), Dropout(0.1), Dense(1, "sigmoid", threshold=True)
    model = fit(two_classes, *layers, dtype=dtype, class_weight="balanced", schedule="cosine", validation=0.1)
    model.save(tmp_path / "m")
    loaded = Model.load(tmp_path / "m")
    assert (loaded.digest, loaded.header()) == (model.digest, model.header())
    assert (loaded.network, loaded.settings, loaded.history) == (model.network, model.settings, model.history)
    assert_array_equal(loaded.predict_proba(two_classes[0]), model.predict_proba(two_classes[0]))


def test_a_model_of_a_table_comes_back(wine: TableRun, tmp_path: Path) -> None:
    wine.model.save(tmp_path / "m")
    loaded, table = Model.load(tmp_path / "m"), load_dataset("wine")
    assert loaded.classes == wine.model.classes
    assert loaded.encoding == wine.model.encoding
    assert_array_equal(loaded.probabilities_table(table), wine.model.probabilities_table(table))


def test_the_digest_tells_parameters_apart(binary: Model) -> None:
    changed = {name: array.copy() for name, array in binary.parameters.items()}
    same = Model(binary.network, changed, binary.settings)
    assert same.digest == binary.digest
    changed["b1"][0] = np.nextafter(changed["b1"][0], np.float32(9))
    assert same.digest != binary.digest


def test_given_weights_are_not_written_twice(tmp_path: Path, two_classes: Rows) -> None:
    weights = [[0.1234567], [0.2], [0.3], [0.4]]
    fit(two_classes, Dense(1, "sigmoid", weights=weights, bias=[0.7654321])).save(tmp_path / "m")
    content = (tmp_path / "m").read_bytes()
    assert b"0.1234567" not in content
    assert b"0.7654321" not in content
    assert Model.load(tmp_path / "m").parameters["W1"].shape == (4, 1)


def test_a_model_tells_what_it_is(binary: Model) -> None:
    assert repr(binary) == "<Model 4 inputs → 5 tanh → 1 sigmoid: 31 parameters, 4 epochs>"
    assert binary.classes is None
    assert "W1 ← " in str(binary.training_derivation())


def rewritten(model: Model, path: Path, **parts: Any) -> None:
    """The model's file with other parts in its header, all hashes right."""
    model.save(path)
    tensors, header = read_tensors(path, kind="model")
    write_tensors(path, parts.pop("tensors", tensors), {**header, **parts}, kind="model")


HINT = " (register activations, losses and rules of your own before loading)"


def test_an_activation_of_ones_own_must_be_registered_to_load(
    told: Told, two_classes: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bent = activation("bent", value=lambda z: z * z, slope=lambda z, a: 2 * z)
    model = fit(two_classes, Dense(3, bent), Dense(1, "sigmoid"))
    model.save("m")
    assert_array_equal(Model.load("m").predict(two_classes[0]), model.predict(two_classes[0]))
    ACTIVATIONS.remove("bent")
    message = told(ModelFileError, lambda: Model.load("m"))
    assert message.startswith('cannot use "m": there is no activation called "bent" (known: ')
    assert message.endswith(HINT)


BROKEN: dict[str, dict[str, Any]] = {
    "no network": {"network": None},
    "no layers": {"network": {"inputs": 4, "layers": []}},
    "a layer of text": {"network": {"inputs": 4, "layers": ["x"]}},
    "settings of text": {"settings": "fast"},
    "no rule": {"settings": {"class_weight": None}},
    "a list for versions": {"made_with": [1]},
}


@pytest.mark.parametrize("parts", BROKEN.values(), ids=BROKEN)
def test_a_header_of_wrong_parts_is_refused(
    told: Told, binary: Model, tmp_path: Path, parts: dict[str, Any]
) -> None:
    rewritten(binary, tmp_path / "m", **parts)
    message = told(ModelFileError, lambda: Model.load(tmp_path / "m"))
    assert message.startswith("cannot use ")
    assert message.endswith(HINT)


@pytest.mark.parametrize("part", ["history", "encoding"])
def test_a_broken_history_or_encoding_is_refused(
    told: Told, binary: Model, tmp_path: Path, part: str
) -> None:
    rewritten(binary, tmp_path / "m", **{part: {"columns": 3}})
    told(ModelFileError, lambda: Model.load(tmp_path / "m"))


def test_numbers_of_another_network_are_refused(
    told: Told, binary: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wrong = {
        "another shape": {**binary.parameters, "W1": np.zeros((4, 6), "f4")},
        "one too many": {**binary.parameters, "W9": np.zeros(1, "f4")},
        "one too few": {name: array for name, array in binary.parameters.items() if name != "b1"},
        "another dtype": {name: array.astype("f8") for name, array in binary.parameters.items()},
    }
    for what, tensors in wrong.items():
        rewritten(binary, Path("m"), tensors=tensors)
        message = told(ModelFileError, lambda: Model.load("m"))
        assert message == (
            'cannot use "m": its numbers are not those of its network: train the model again'
        ), what


def test_unwritable_places_are_named(told: Told, binary: Model, tmp_path: Path) -> None:
    assert "it is a folder" in told(CannotWrite, lambda: binary.save(tmp_path))


def test_a_missing_file_is_named(told: Told) -> None:
    assert told(ModelFileError, lambda: Model.load("no/such")) == (
        'cannot read "no/such": there is no such file: check the path'
    )


def test_numbers_that_are_not_finite_are_refused(
    told: Told, binary: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for bad in (np.nan, np.inf):
        rewritten(binary, Path("m"), tensors={**binary.parameters, "b1": np.full(5, bad, "f4")})
        assert told(ModelFileError, lambda: Model.load("m")) == (
            'cannot use "m": b1 holds a number that is not finite: train the model again'
        )


def test_an_encoding_of_other_columns_or_classes_is_refused(
    told: Told, wine: TableRun, tmp_path: Path
) -> None:
    encoding = wine.model.encoding
    assert encoding is not None
    number = NumberTarget(encoding.target.name, 0.0, 1.0)
    wrong = {
        "its encoding gives 12 inputs, but its network takes 13": replace(
            encoding, columns=encoding.columns[1:]
        ),
        "it has 2 classes, but its network has 3 outputs": replace(
            encoding, target=ClassTarget(encoding.target.name, ("0", "1"))
        ),
        "its target is one number, but its network has 3 outputs": replace(encoding, target=number),
    }
    for message, forged in wrong.items():
        rewritten(wine.model, tmp_path / "m", encoding=forged.to_json())
        assert message in told(ModelFileError, lambda: Model.load(tmp_path / "m"))


FORGED: dict[str, tuple[str, Any]] = {
    "clip_norm": ("x", "clip_norm must be a number, not 'x'"),
    "clip_value": (-1.0, "a clipping limit must be above 0 and finite, not -1.0"),
    "fused": (3, "fused must be true or false, not 3"),
    "rule": ("sgd(learning_rate=1e999)", "the learning rate must be above 0 and finite, not inf"),
    "class_weight": ([1.0, 1.0, 1.0], "2 classes need 2 class weights, not 3"),
    "loss": ("crossentropy", "its loss, crossentropy, needs an output for each class, but it has one"),
}


@pytest.mark.parametrize("name", FORGED)
def test_forged_settings_are_refused(told: Told, binary: Model, tmp_path: Path, name: str) -> None:
    value, message = FORGED[name]
    rewritten(binary, tmp_path / "m", settings={**binary.settings.to_json(), name: value})
    assert message in told(ModelFileError, lambda: Model.load(tmp_path / "m"))


# --- measures of several outputs, of certain mistakes -------------------------------------------------


def test_r2_of_several_outputs_is_the_mean_of_theirs(two_classes: Rows) -> None:
    X, _ = two_classes
    y = np.stack([X[:, 0], 100 + 5 * X[:, 1]], axis=1)
    model = fit((X, y), Dense(2), epochs=40, rate=0.1)
    found, predicted = model.evaluate(X, y), model.predict(X)
    assert found["r2"] == pytest.approx(metrics.r2_score(y, predicted), rel=1e-5)
    assert found["rmse"] == pytest.approx(np.sqrt(np.mean((y - predicted) ** 2)), rel=1e-5)
    assert found["mae"] == pytest.approx(np.mean(np.abs(y - predicted)), rel=1e-5)


def certain(model: Model) -> Model:
    """A model whose weighted sum is 20 times the first input."""
    weights = np.zeros((4, 1), "f4")
    weights[0] = 20
    return replace(model, parameters={"W1": weights, "b1": np.zeros(1, "f4")})


def test_the_log_loss_of_a_loss_that_is_not_fused_is_that_of_the_probabilities(two_classes: Rows) -> None:
    model = certain(fit(two_classes, Dense(1, "sigmoid"), fused=False))
    assert model.evaluate(np.eye(4)[[0]], [0])["log_loss"] == pytest.approx(-np.log(1e-15))


def test_the_log_loss_of_a_loss_reduced_otherwise_is_a_mean(three_classes: Rows) -> None:
    X, y = three_classes
    model = fit(three_classes, Dense(3, "softmax"), loss="crossentropy(outputs=mean)")
    found = model.evaluate(X, y)
    assert found["log_loss"] == pytest.approx(metrics.log_loss(y, model.predict_proba(X)), rel=1e-5)
    assert found["loss"] == pytest.approx(found["log_loss"] / 3, rel=1e-5)


def test_a_model_can_be_pickled_and_copied(three_classes: Rows) -> None:
    model = fit(
        three_classes, Dense(5, "leaky_relu(0.2)"), Dense(3, "softmax"), rule="adam(learning_rate=0.01)"
    )
    X, _ = three_classes
    for copied in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert copied.digest == model.digest
        assert copied.settings == model.settings
        assert_array_equal(copied.predict(X), model.predict(X))
