"""Sparse x beside dense x, by both engines: single steps, training, prediction; and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.engines.compiled import CompiledEngine
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.sparse import SparseRows, sparse_rows
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.formulas.rules import RULES
from tolerances import Comparison, assert_close

COUNT, COLUMNS, BATCH = 13, 37, 4
ENGINES: dict[str, Any] = {"numpy": NumpyEngine(), "compiled": CompiledEngine()}
TOLERANCES: dict[str, Comparison] = {"float64": "rounding", "float32": "engines in float32"}
NETWORKS = {
    "one column": Network(COLUMNS, [Dense(1, "sigmoid")]),
    "no bias": Network(COLUMNS, [Dense(5, "tanh", bias=False), Dropout(0.3), Dense(3, "softmax")]),
    "wide": Network(COLUMNS, [Dense(35, "relu"), Dense(3, "softmax")]),
    "wider": Network(COLUMNS, [Dense(150, "prelu"), Dense(2, "sigmoid")]),
    "frozen": Network(COLUMNS, [Dense(8, "elu", frozen=True), Dense(3, "softmax")]),
    "thresholds": Network(COLUMNS, [Dense(3, "sigmoid", threshold=True)]),
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"l2": 0.01},
    {"clip_norm": 0.05},
    {"clip_value": 0.002, "sample_weights": True},
]


def table() -> Any:
    """A table with an empty row in the middle and at the end, a full one, a single entry, empty columns."""
    rng = np.random.default_rng(8)
    dense = rng.normal(size=(COUNT, COLUMNS)) * (rng.random((COUNT, COLUMNS)) < 0.12)
    dense[:, [0, 17, 36]] = 0
    dense[3], dense[12], dense[7] = 0, 0, 0
    dense[5] = rng.normal(size=COLUMNS)
    dense[7, 20] = 2.5
    return dense


def data_of(derivation: Derivation) -> Data:
    rng = np.random.default_rng(3)
    outputs = derivation.network.outputs
    if derivation.loss is not None and derivation.loss.targets == "classes":
        y: Any = np.eye(outputs)[rng.integers(0, outputs, COUNT)]
    else:
        y = rng.integers(0, 2, size=(COUNT, outputs)).astype(float)
    weights = rng.uniform(0.5, 2, size=(COUNT, 1)) if "s" in derivation.inputs else None
    return Data(table(), y, weights)


def loss_of(network: Network) -> str:
    return "crossentropy" if network.dense[-1].activation.name == "softmax" else "mse"


def near(got: Any, wanted: Any, dtype: str, what: str) -> None:
    scale = max(float(np.max(np.abs(wanted), initial=0.0)), 1e-3)
    assert_close(got, wanted, TOLERANCES[dtype], scale=scale, what=what)


def assert_storage_changes_nothing(
    network: Network, rule: str, dtype: str, options: dict[str, Any], *, of: Any = sparse.csr_array
) -> None:
    """A recorded step, and an epoch with a smaller last batch: sparse and dense x, by both engines."""
    derivation = derive(network, loss_of(network), rule, **options)
    data = data_of(derivation)
    parameters: dict[str, Any] = {n: v.astype(dtype) for n, v in initial_parameters(network, 1).items()}
    values = {**parameters, "y": data.y}
    if data.weights is not None:
        values["s"] = data.weights
    chosen: dict[str, Any] = {"rate": 0.05, "step": 3, "key": 42, "dtype": dtype}
    rows = sparse_rows("X", of(data.X))
    wanted = ENGINES["numpy"].run(derivation, {**values, "x": data.X}, **chosen)
    trained = ENGINES["numpy"].trainer(derivation, parameters, data, dtype=dtype, key=42)
    order = np.random.default_rng(2).permutation(COUNT)
    sums = trained.steps(order, BATCH, 0, 0.05, 60.0, lambda: False)
    for engine in ENGINES.values():
        step = engine.run(derivation, {**values, "x": rows}, **chosen)
        assert step.values.keys() == wanted.values.keys()
        for symbol, value in {**wanted.values, **wanted.updated}.items():
            near({**step.values, **step.updated}[symbol], value, dtype, f"{engine.name} {symbol}")
        trainer = engine.trainer(
            derivation, parameters, Data(rows, data.y, data.weights), dtype=dtype, key=42
        )
        assert trainer.engine == engine.name
        found = trainer.steps(order, BATCH, 0, 0.05, 60.0, lambda: False)
        for name in ("batches", "samples", "loss", "squares"):
            near(getattr(found, name), getattr(sums, name), dtype, f"{engine.name} {name}")
        if dtype == "float64":
            for name, value in trained.parameters().items():
                assert_close(trainer.parameters()[name], value, "autograd", what=name)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_sparse_table_is_trained_on_as_the_dense_one(
    name: str, options: dict[str, Any], dtype: str
) -> None:
    assert_storage_changes_nothing(NETWORKS[name], "sgd", dtype, options)


@pytest.mark.parametrize("name", [name for name in RULES if name != "perceptron"])
def test_every_rule_takes_a_sparse_table(name: str) -> None:
    for network in ("no bias", "one column", "wide"):
        assert_storage_changes_nothing(NETWORKS[network], name, "float64", {})


def test_the_perceptron_rule_takes_a_sparse_table() -> None:
    assert_storage_changes_nothing(Network(COLUMNS, [Dense(2, "step")]), "perceptron", "float64", {})


class OneMillionthTooHigh(NumpyEngine):
    def run(self, *given: Any, **named: Any) -> Any:
        step = super().run(*given, **named)
        z = np.asarray(step.values["z1"]) * (1 + 1e-6)
        return type(step)({**step.values, "z1": z}, step.updated)


def test_the_comparison_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENGINES, "compiled", OneMillionthTooHigh())
    with pytest.raises(AssertionError, match="z1"):
        assert_storage_changes_nothing(NETWORKS["wide"], "sgd", "float64", {})


@pytest.mark.parametrize("kind", ["csr", "csc", "coo", "lil", "dok", "bsr"])
def test_every_format_becomes_rows(kind: str) -> None:
    both: list[Any] = [sparse.csr_array(table()), sparse.csr_matrix(table())]
    for made in both:
        np.testing.assert_array_equal(np.asarray(sparse_rows("X", made.asformat(kind))), table())


def test_duplicates_are_added_up_and_columns_sorted_without_touching_what_was_given() -> None:
    given = sparse.csr_matrix(
        (np.array([1.0, 2.0, 4.0]), np.array([2, 0, 2]), np.array([0, 3, 3])), shape=(2, 4)
    )
    rows = sparse_rows("X", given)
    np.testing.assert_array_equal(np.asarray(rows), [[2, 0, 5, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(rows.parts[1], [0, 2])
    np.testing.assert_array_equal(given.indices, [2, 0, 2])
    np.testing.assert_array_equal(given.data, [1, 2, 4])


def test_indices_of_64_bits_are_converted() -> None:
    given = sparse.csr_array(table())
    given.indices, given.indptr = given.indices.astype(np.int64), given.indptr.astype(np.int64)
    values, columns, starts = sparse_rows("X", given).parts
    assert [columns.dtype, starts.dtype] == [np.dtype(np.int32), np.dtype(np.int64)]
    np.testing.assert_array_equal(values, sparse.csr_array(table()).data)


def _broken(indices: list[int]) -> Any:
    made = sparse.csr_array(np.eye(3))
    made.indices[:] = indices
    return made


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            sparse.coo_array(np.ones(3)),
            r"X must be a table \(N, I\), one row per sample, not of shape \(3,\)",
        ),
        (sparse.csr_array(np.eye(2) * 1j), "X holds complex numbers: give real ones"),
        (
            sparse.csr_array(np.array([[0, np.nan], [np.inf, 0]])),
            "row 0, column 1 of X is nan: leave the row",
        ),
        (sparse.csr_array(np.array([[0, 0], [0, -np.inf]])), "row 1, column 1 of X is -inf: leave the row"),
        (_broken([0, 9, 2]), "X is a broken sparse matrix: .*indices"),
        (_broken([0, -1, 2]), "X is a broken sparse matrix: .*indices"),
    ],
    ids=["one axis", "complex", "nan", "infinite", "column too high", "column below 0"],
)
def test_a_wrong_sparse_matrix_is_refused_in_one_sentence(given: Any, told: str) -> None:
    with pytest.raises((InvalidInput, ShapeMismatch), match=told):
        sparse_rows("X", given)


def test_objects_are_refused() -> None:
    given = sparse.csr_array(np.eye(2))
    given.data = given.data.astype(object)
    with pytest.raises(
        InvalidInput, match=r"X must be numbers, not object: convert it with .astype\(float\)"
    ):
        sparse_rows("X", given)


def test_dropout_on_the_input_is_refused() -> None:
    network = Network(COLUMNS, [Dropout(0.5), Dense(1)])
    derivation = derive(network, "mse", "sgd")
    data = Data(sparse_rows("X", sparse.csr_array(table())), np.zeros((COUNT, 1)))
    for engine in ENGINES.values():
        trainer = engine.trainer(derivation, initial_parameters(network, 0), data, dtype="float64", key=0)
        with pytest.raises(
            ConfigError, match="dropout on the input needs a dense X: put the dropout after the"
        ):
            trainer.steps(None, COUNT, 0, 0.1, 1.0, lambda: False)


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_many_sparse_rows_are_predicted_as_dense_ones(engine: Any, dtype: str) -> None:
    many: Any = sparse.random(1300, COLUMNS, 0.1, "csr", random_state=np.random.default_rng(1))
    network = NETWORKS["wide"]
    parameters, y = initial_parameters(network, 1), np.eye(3)[np.arange(1300) % 3]
    evaluator = engine.evaluator(derive(network, "crossentropy"), dtype=dtype)
    wanted = evaluator(parameters, Data(many.toarray(), y))
    got = evaluator(parameters, Data(sparse_rows("X", many), y))
    near(got[0], wanted[0], dtype, "outputs")
    near(got[1], wanted[1], dtype, "loss")
    one = evaluator(parameters, Data(sparse_rows("X", many)[7:8], y[7:8]))
    near(one[0], wanted[0][7:8], dtype, "one row")


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
def test_the_gradient_is_autograds(engine: Any) -> None:
    network = NETWORKS["wide"]
    parameters = initial_parameters(network, 1)
    rows, y = sparse_rows("X", sparse.csr_array(table())), np.arange(COUNT) % 3
    values = {**parameters, "x": rows, "y": y[:, None]}
    step = engine.run(derive(network, "crossentropy", "sgd", integer_targets=True), values)
    of = {name: torch.tensor(value, requires_grad=True) for name, value in parameters.items()}
    hidden = torch.relu(torch.tensor(table()) @ of["W1"] + of["b1"])
    error: Any = torch.nn.functional.cross_entropy(hidden @ of["W2"] + of["b2"], torch.tensor(y))
    error.backward()
    for name, tensor in of.items():
        assert tensor.grad is not None
        assert_close(step[f"d{name}"], tensor.grad.numpy(), "autograd", what=name)


def test_a_recorded_x_is_dense() -> None:
    rows = sparse_rows("X", sparse.csr_array(table()))
    network = NETWORKS["wide"]
    for engine in ENGINES.values():
        values = {**initial_parameters(network, 1), "x": rows, "y": np.zeros((COUNT, 3))}
        np.testing.assert_array_equal(engine.run(derive(network, "mse", "sgd"), values)["x"], table())


def test_a_step_of_the_compiled_engine_is_recorded_with_the_bits_of_training() -> None:
    for rule in ("lazy_adam", "adam", "sgd"):
        network = NETWORKS["wide"]
        derivation = derive(network, "crossentropy", rule, clip_value=0.01)
        data = data_of(derivation)
        rows = sparse_rows("X", sparse.csr_array(data.X))
        trainer = CompiledTrainer(
            derivation, initial_parameters(network, 1), Data(rows, data.y), dtype="float32", key=1
        )
        order = np.random.default_rng(5).permutation(COUNT)
        trainer.steps(order, BATCH, 0, 0.1, 60.0, lambda: False)
        before = trainer.parameters(), trainer.state(), trainer.step_number
        trainer.steps(order, BATCH, 2, 0.1, 0.0, lambda: True)
        after = {**trainer.parameters(), **trainer.state()}
        trainer.load(*before)
        step = trainer.last_step()
        for name, value in after.items():
            np.testing.assert_array_equal(step.updated[name], value, err_msg=f"{rule} {name}")


def test_rows_are_taken_copied_and_converted_as_an_arrays() -> None:
    rows = sparse_rows("X", sparse.csr_array(table()))
    assert len(rows) == COUNT
    assert rows.shape == (COUNT, COLUMNS)
    np.testing.assert_array_equal(np.asarray(rows[np.array([5, 3, 5])]), table()[[5, 3, 5]])
    np.testing.assert_array_equal(np.asarray(rows[2:6]), table()[2:6])
    assert rows.astype(np.float64, copy=False) is rows
    assert rows.astype(np.float32).dtype == np.float32
    assert not np.shares_memory(rows.copy().values, rows.values)
    assert repr(SparseRows(sparse.csr_array(np.eye(2)))) == "<SparseRows 2 × 2, 2 entries stored>"
