"""Training on a sparse matrix: as on the dense one, and with everything that training has."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from chainrule import Dense, Dropout, EpochRecord, Model, Network, Run, train
from chainrule.engines.choose import choose_engine
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, TableError
from chainrule.learning.tasks import train_table
from tolerances import assert_close

RNG = np.random.default_rng(4)
X: Any = sparse.random(90, 60, 0.06, "csr", random_state=RNG)
Y = RNG.integers(0, 3, 90)
NETWORK = Network(60, [Dense(7, "tanh"), Dropout(0.2), Dense(3, "softmax")])
ENGINES = ["numpy", "compiled"]


def fit(given: Any = X, **choices: Any) -> Run:
    chosen = {"epochs": 6, "batch": 16, "rate": 0.02, "dtype": "float64", "rule": "lazy_adam", "seed": 3}
    return train(NETWORK, given, Y, **{**chosen, **choices})


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"validation": 0.2, "patience": 2},
        {"class_weight": "balanced", "rule": "sgd", "schedule": "cosine"},
        {"sample_weight": np.linspace(0.1, 2, 90), "rule": "adam", "l2": 0.01},
        {"batch": 90, "rule": "adagrad"},
        {"shuffle": False, "rule": "momentum", "clip_norm": 0.1},
    ],
    ids=str,
)
def test_a_run_on_a_sparse_matrix_is_that_on_the_dense_one(engine: str, choices: dict[str, Any]) -> None:
    ours, theirs = fit(engine=engine, **choices), fit(X.toarray(), engine="numpy", **choices)
    assert len(ours.history) == len(theirs.history)
    for got, wanted in zip(ours.history, theirs.history, strict=True):
        assert_close(got.loss, wanted.loss, "optimiser")
        assert_close(got.gradient_norms, wanted.gradient_norms, "optimiser")
        if wanted.validation_loss is not None:
            assert_close(got.validation_loss, wanted.validation_loss, "optimiser")
    for name, value in theirs.model.parameters.items():
        assert_close(ours.model.parameters[name], value, "optimiser", what=name)
    assert ours.model.made_with["engine"] == engine


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_predicts_and_is_measured_on_sparse_rows_as_on_dense_ones(engine: str) -> None:
    model = fit(engine=engine).model
    np.testing.assert_array_equal(model.predict(X), model.predict(X.toarray()))
    assert_close(model.predict_proba(X), model.predict_proba(X.toarray()), "rounding")
    assert_close(model.predict_proba(X[7:8]), model.predict_proba(X.toarray())[7:8], "rounding")
    for got, wanted in zip(
        model.evaluate(X, Y).values(), model.evaluate(X.toarray(), Y).values(), strict=True
    ):
        assert_close(got, wanted, "rounding")


def test_a_model_predicts_single_sparse_rows() -> None:
    model = fit(engine="compiled").model
    predict, wanted = model.sparse_row_predictor(), model.outputs(X)
    for row in range(20):
        found = X[row : row + 1]
        assert_close(predict(found.indices, found.data), wanted[row], "rounding")
    assert_close(predict([], []), model.outputs(np.zeros((1, 60)))[0], "rounding")


@pytest.mark.parametrize(
    ("columns", "values", "told"),
    [
        ([3, 60], [1.0, 1.0], "the network has 60 inputs: columns go from 0 to 59"),
        ([-1], [1.0], "the network has 60 inputs: columns go from 0 to 59"),
        ([1, 2], [1.0], "give the columns of a row's entries and as many values"),
    ],
)
def test_a_wrong_sparse_row_is_refused(columns: list[int], values: list[float], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        fit(epochs=1).model.sparse_row_predictor()(columns, values)


def test_held_out_rows_may_be_sparse_where_the_others_are_dense() -> None:
    both = [fit(X.toarray(), validation_data=(held, Y)) for held in (X, X.toarray())]
    assert_close(both[0].history[-1].validation_loss, both[1].history[-1].validation_loss, "rounding")


class PulledPlug(Exception):
    """Stands for a power cut."""


def _pull(record: EpochRecord) -> None:
    if record.epoch == 4:
        raise PulledPlug


@pytest.mark.parametrize("rule", ["lazy_adam", "sgd", "adam"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_broken_off_run_goes_on_to_the_same_bits(engine: str, rule: str, tmp_path: Path) -> None:
    chosen: dict[str, Any] = {"engine": engine, "rule": rule, "validation": 0.2, "dtype": "float32"}
    path = tmp_path / "run.checkpoint"
    with pytest.raises(PulledPlug):
        fit(callbacks=[_pull], checkpoint=path, checkpoint_epochs=1, **chosen)
    gone_on = fit(checkpoint=path, resume=True, **chosen)
    assert gone_on.notes[0].startswith("resumed after epoch 3")
    assert gone_on.model.digest == fit(**chosen).model.digest


def test_a_checkpoint_of_other_sparse_data_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    fit(checkpoint=path, checkpoint_epochs=1)
    other = X.copy()
    other.indices[0] = 59 - other.indices[0]
    with pytest.raises(ConfigError, match="is of a run on other data"):
        fit(other, checkpoint=path, resume=True, epochs=8)


@pytest.mark.parametrize("rule", ["lazy_adam", "sgd", "momentum"])
@pytest.mark.parametrize("engine", ENGINES)
def test_any_step_is_replayed_with_its_bits_and_x_is_a_dense_table(engine: str, rule: str) -> None:
    run = fit(engine=engine, rule=rule)
    last = run.at(epoch=6, batch=6)
    np.testing.assert_array_equal(last["W1"], run.model.parameters["W1"])
    np.testing.assert_array_equal(last["x"], X.toarray()[last.rows])
    assert last["x[1,2]"] == X.toarray()[last.rows[0], 1]


def test_a_run_does_not_see_what_becomes_of_the_matrix_afterwards() -> None:
    given = X.copy()
    run = fit(given)
    wanted = run.at(epoch=1, batch=1)["W1"]
    given.data[:] = 0
    run = fit(X.copy())
    np.testing.assert_array_equal(run.at(epoch=1, batch=1)["W1"], wanted)


def test_a_model_file_holds_all_that_is_needed(tmp_path: Path) -> None:
    model = fit(engine="compiled").model
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(
        Model.load(tmp_path / "m.safetensors").predict_proba(X), model.predict_proba(X)
    )


def test_two_threads_train_at_once_to_the_bits_of_one() -> None:
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: fit(engine="compiled", epochs=30), range(2)))
    assert {run.model.digest for run in runs} == {fit(engine="compiled", epochs=30).model.digest}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (X[:, :59], "the network has 60 inputs but X has 59 columns: make them equal"),
        (X[:0], "X has no rows: give at least one"),
        (X[:50], "X has 50 rows but y has 90: make them equal"),
        (X * np.nan, r"row 0, column \d+ of X is nan: leave the row out or fill the gap"),
        (X * 1j, "X holds complex numbers: give real ones"),
    ],
    ids=["columns", "no rows", "rows", "nan", "complex"],
)
def test_a_wrong_matrix_is_refused_in_one_sentence(given: Any, told: str) -> None:
    with pytest.raises((InvalidInput, ShapeMismatch), match=told):
        fit(given)


def test_a_number_that_float32_cannot_hold_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"row 0, column \d+ of X is .*e\+\d+, more than float32 holds"):
        fit(X * 1e300, dtype="float32")


def test_dropout_on_the_input_is_refused_before_anything_is_trained() -> None:
    with pytest.raises(ConfigError, match="dropout on the input needs a dense X: put the dropout after the"):
        train(Network(60, [Dropout(0.1), Dense(3, "softmax")]), X, Y, engine="compiled")


def test_sparse_targets_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"y is a sparse matrix, which only X may be: give y.toarray\(\)"):
        train(NETWORK, X, sparse.csr_array(np.eye(3)[Y]))


def test_a_table_is_standardised_so_it_is_not_sparse() -> None:
    with pytest.raises(
        TableError, match="a sparse matrix, and the columns of a table are standardised, which"
    ):
        train_table(X, 0)


@pytest.mark.parametrize(
    ("entries", "wanted"), [(None, "compiled"), (3000, "numpy"), (300_000_000, "compiled")]
)
def test_auto_counts_the_entries_that_are_stored(entries: int | None, wanted: str) -> None:
    network = Network(5000, [Dense(20), Dense(3)])
    assert choose_engine("auto", network, 100_000, 50_000, 3, entries).name == wanted
