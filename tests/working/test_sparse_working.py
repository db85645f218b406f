"""The working of a step on sparse rows: what is multiplied by an input of 0 is not written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import sparse

from chainrule import Dense, Network, Run, train, work
from chainrule.working.recorded import step_of_run

COLUMNS = 400
X: Any = sparse.csr_array(
    (np.array([0.5, 2.0, 1.0]), (np.array([0, 0, 2]), np.array([7, 300, 7]))), shape=(3, COLUMNS)
)


@pytest.fixture(scope="module")
def run() -> Run:
    net = Network(COLUMNS, [Dense(2, "tanh"), Dense(1, "sigmoid")])
    return train(net, X, [0, 1, 1], rule="sgd", epochs=1, batch=3, shuffle=False, engine="compiled")


def test_a_weighted_sum_names_the_stored_features_only(run: Run) -> None:
    told = str(step_of_run(run.at(epoch=1))["z1[1,2]"])
    assert "z1[1,2] = x[1,8] · W1[8,2] + x[1,301] · W1[301,2] + b1[2]" in told
    assert "what is multiplied by an input of 0 is left out" in " ".join(told.split())


def test_an_empty_rows_sum_is_its_bias(run: Run) -> None:
    assert "z1[2,1] = b1[1]" in str(step_of_run(run.at(epoch=1))["z1[2,1]"])


def test_a_weights_gradient_is_of_the_samples_that_have_its_feature(run: Run) -> None:
    told = str(step_of_run(run.at(epoch=1))["dW1[301,1]"])
    assert "∂C/∂W1[301,1] = ∂C/∂z1[1,1] · ∂z1[1,1]/∂W1[301,1]" in told
    assert "x[2,301]" not in told
    assert "∂C/∂W1[1,1] = 0" in str(step_of_run(run.at(epoch=1))["dW1[1,1]"])


def test_a_models_step_on_sparse_rows_is_that_on_dense_ones(run: Run) -> None:
    sparsely, densely = (str(work(run.model, rows, [0])) for rows in (X[:1], X[:1].toarray()))
    assert sparsely == densely


def test_the_pencil_takes_a_sparse_row() -> None:
    net = Network(3, [Dense(1, "sigmoid")])
    rows = sparse.csr_array(np.array([[0.0, 2.0, 0.0]]))
    model = train(net, rows, [1], rule="sgd", epochs=1).model
    sparsely, densely = (str(work(model, x, [1], rounding="round:3")) for x in (rows, rows.toarray()))
    assert sparsely == densely
