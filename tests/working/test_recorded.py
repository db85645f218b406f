"""Steps that an engine recorded: of real runs, of models, small and large; the same bits as training had."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule import Dense, Network, load_dataset, train, train_table
from chainrule.derivation import Dropout, derive
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.learning.training import Run
from chainrule.working.document import MatrixStep, Step
from chainrule.working.program import Program
from chainrule.working.recorded import RecordedStep, is_large, step_of_model, step_of_run
from chainrule.working.stepview import StepView
from chainrule.working.works import work

X = np.random.default_rng(0).normal(size=(8, 2)).round(2)
Y = (X[:, 0] > X[:, 1]).astype(int)
SMALL = ("W1[2,1]", "dW1[2,1]", "b2[1]", "C", "z1[1,2]", "a2[2,1]", "g1[1,1]", "m_W1[2,2]")


@pytest.fixture(scope="module")
def small() -> Run:
    net = Network(2, [Dense(2, "tanh"), Dropout(0.2), Dense(1, "sigmoid")])
    return train(net, X, Y, loss="binary_crossentropy", rule="adam", epochs=4, batch=2)


@pytest.fixture(scope="module")
def large() -> Run:
    return train_table("digits", layers=(16,), epochs=1)


@pytest.mark.parametrize("at", [(1, 1), (2, 3), (4, 4)])
def test_a_small_runs_step_has_the_bits_of_training(small: Run, at: tuple[int, int]) -> None:
    replayed = small.at(epoch=at[0], batch=at[1])
    working = work(replayed)
    for name in SMALL:
        symbol = name.partition("[")[0]
        wanted = (
            replayed[name]
            if symbol not in replayed.step.updated
            else _updated(replayed.step.updated[symbol], name)
        )
        assert float(working[name]) == wanted, name
    assert isinstance(step_of_run(replayed).program, Program)


def _updated(value: object, name: str) -> float:
    places = tuple(int(p) - 1 for p in name.partition("[")[2].rstrip("]").split(","))
    return float(np.asarray(value)[places])


def test_the_weights_are_those_that_the_replayed_step_tells(small: Run) -> None:
    replayed = small.at(epoch=2, batch=3)
    assert float(work(replayed)["W1[2,1]"]) == replayed["W1[2,1]"]


def test_a_large_runs_step_has_the_bits_of_training(large: Run) -> None:
    replayed = large.at(epoch=1, batch=3)
    working = work(replayed)
    assert all(isinstance(step, MatrixStep) for step in working.steps)
    for name in ("W1[20,3]", "dW2[1,2]", "a1[5,6]", "z2[3,1]"):
        assert float(working[name]) == replayed[name], name
    assert isinstance(step_of_run(replayed).program, StepView)
    assert working.certificate is not None
    assert working.certificate.error < 1e-4


@pytest.mark.parametrize("name", ["W1[20,3]", "dW1[20,3]"])
def test_an_entrys_certificate_is_of_its_own_gradient(large: Run, name: str) -> None:
    found = step_of_run(large.at(epoch=1, batch=2))[name].certificate
    assert found is not None
    assert (found.single, found.worst, found.agrees) == (True, "W1[20,3]", True)


def test_another_numbers_certificate_is_of_a_few_gradients(small: Run, large: Run) -> None:
    few = step_of_run(small.at(epoch=1, batch=2))["C"].certificate
    assert few is not None
    assert (few.single, few.compared, few.sampled) == (False, 4, True)
    one = step_of_run(large.at(epoch=1, batch=2))["z2[3,1]"].certificate
    assert one is not None
    assert (one.single, one.compared) == (True, 1)


def test_an_entry_in_letters_has_no_certificate(large: Run) -> None:
    assert step_of_run(large.at(epoch=1, batch=2))["dW1[i,j]"].certificate is None


def test_a_runs_step_knows_its_rate_and_its_number(small: Run) -> None:
    replayed = small.at(epoch=2, batch=3)
    told = {given.name.text: given.written for given in work(replayed).given}
    assert told["t"] == str(replayed.number) == "7"
    assert float(told["η"]) == replayed.rate


def test_a_step_is_titled_by_where_it_was(small: Run) -> None:
    assert work(small.at(epoch=2, batch=3)).title == f"Epoch 2, batch 3: {small.model.network}"


def test_a_models_step_on_some_rows(large: Run) -> None:
    model = large.model
    data = model.encode(load_dataset("digits"))
    rows = type(data)(data.X[:4], data.y[:4])
    recorded = step_of_model(model, rows)
    assert recorded["C"].value == float(recorded.step["C"])
    prediction = step_of_model(model, rows, targets=False)
    assert prediction.working.certificate is None
    assert float(prediction["a2[4,10]"]) == float(np.asarray(prediction.step["a2"])[3, 9])


def test_a_step_is_large_by_its_numbers() -> None:
    d = derive(Network(2, [Dense(2, "tanh"), Dense(1)]), "mse", "gradient_descent")
    assert not is_large(d, 4)
    assert is_large(d, 400)


def test_a_step_is_as_large_under_any_rule() -> None:
    net = Network(3, [Dense(4), Dense(4), Dense(3)])
    assert not any(is_large(derive(net, "mse", rule), 1) for rule in ("gradient_descent", "adam"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_computed_it_is_told(dtype: str) -> None:
    net = Network(2, [Dense(1, "sigmoid")])
    d = derive(net, "mse", "gradient_descent")
    values = {"x": X[:2], "y": Y[:2].reshape(-1, 1).astype(float), **initial_parameters(net, 0)}
    recorded = RecordedStep(d, NumpyEngine().run(d, values, dtype=dtype), "a step")
    assert recorded.working.by == f"numpy, {dtype}"
    assert recorded.working.certificate is not None
    assert recorded.working.certificate.by == f"numpy, {dtype}"


def test_an_entry_of_a_wide_network_is_found_without_the_whole_step() -> None:
    net = Network(784, [Dense(64, "relu"), Dense(10, "softmax")])
    d = derive(net, "crossentropy", "adam", integer_targets=True)
    rng = np.random.default_rng(0)
    values = {
        "x": rng.uniform(0, 1, (32, 784)),
        "y": rng.integers(0, 10, (32, 1)),
        **initial_parameters(net, 0),
    }
    recorded = RecordedStep(d, NumpyEngine().run(d, values), "a step")
    last = recorded["dW1[400,3]"].steps[-1]
    assert isinstance(last, Step)
    assert last.value == float(np.asarray(recorded.step["dW1"])[399, 2])
    assert "working" not in vars(recorded)
    assert len(recorded.program.by_key) < 200


def test_a_number_made_of_too_many_is_not_unfolded() -> None:
    """The loss of a batch, and what sums over all weights, say by which formula, without its thousands of terms."""
    net = Network(60, [Dense(40, "relu"), Dense(10, "softmax")])
    d = derive(net, "crossentropy", "gradient_descent", fused=True, l2=0.1, clip_norm=1.0)
    rng = np.random.default_rng(0)
    values = {"x": rng.random((64, 60)), "y": np.eye(10)[rng.integers(0, 10, 64)]}
    recorded = RecordedStep(d, NumpyEngine().run(d, {**values, **initial_parameters(net, 0)}), "a step")
    for name in ("C", "R", "n"):
        working = recorded[name]
        (last,) = working.steps
        assert isinstance(last, Step)
        assert last.value == float(np.asarray(recorded.step[name]))
        assert (last.uses, last.numbers, working.given) == ((), None, ())
        assert recorded.program.by_key[last.key].tree is d[name].tree


@pytest.mark.parametrize(("samples", "lines"), [(24, 24), (25, 0)])
def test_the_factors_of_a_long_sum_are_left_to_be_asked_for(samples: int, lines: int) -> None:
    net = Network(10, [Dense(8, "relu"), Dense(3, "sigmoid")])
    d = derive(net, "mse", "gradient_descent")
    rng = np.random.default_rng(0)
    values = {"x": rng.random((samples, 10)), "y": rng.random((samples, 3)), **initial_parameters(net, 0)}
    working = RecordedStep(d, NumpyEngine().run(d, values), "a step")["W1[2,1]"]
    keys = [step.key for step in working.steps]
    assert sum(key.startswith("d1[") for key in keys) == lines
    told = "the 25 derivatives in ∂C/∂W1[2,1] are not worked out here: ask for each by name, as ∂C/∂z1[1,1]"
    assert working.heading == (() if lines else (told,))
