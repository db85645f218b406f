"""Any step of a run, computed again, has the bits that the training had."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from replays import (
    BATCH,
    EPOCHS,
    PulledPlug,
    Rows,
    assert_all_same,
    assert_same_bits,
    each,
    fit,
    interrupt_after,
    pull_at,
    watched,
)

from chainrule import Dense, Network, train, train_table
from chainrule.engines.numpy import NumpyTrainer
from chainrule.errors import InvalidInput, ModelFileError
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.learning import snapshots

KINDS: dict[str, dict[str, Any]] = {
    "gradient descent": {"rule": "sgd", "rate": 0.3},
    "momentum, clipped": {"rule": "momentum", "rate": 0.1, "clip_norm": 0.1},
    "adam": {},
    "adam in float64, l2": {"dtype": "float64", "l2": 0.01},
    "step schedule": {"schedule": "step(2, 0.5)"},
    "plateau": {"validation": 0.2, "schedule": "plateau(patience=0, gamma=0.5, threshold=0.5)"},
    "sample weights": {"sample_weight": np.linspace(0, 2, 60), "rule": "rmsprop"},
    "class weights": {"class_weight": "balanced"},
    "early stopping": {"rate": 0.3, "validation": 0.2, "patience": 2, "epochs": 40},
    "in the given order": {"shuffle": False, "rule": "nesterov"},
    "all rows at once": {"batch": 60, "clip_value": 0.01},
}


@pytest.mark.parametrize("choices", KINDS.values(), ids=KINDS)
def test_every_step_has_the_bits_of_training(two_classes: Rows, choices: dict[str, Any]) -> None:
    assert_all_same(*watched(two_classes, **choices))


@pytest.mark.parametrize("choices", KINDS.values(), ids=KINDS)
def test_so_it_has_from_snapshots(
    two_classes: Rows, choices: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "SECONDS", 0.0)
    run, seen = watched(two_classes, **choices)
    assert 0 < len(run.replay._snapshots.kept) <= snapshots.MOST
    assert_all_same(run, seen)


def test_the_kinds_above_do_what_they_say(two_classes: Rows) -> None:
    plateau, seen = watched(two_classes, **KINDS["plateau"])
    assert len({had.rate for had in seen}) > 2
    stopped, _ = watched(two_classes, **KINDS["early stopping"])
    assert stopped.best_epoch < stopped.epochs < 40
    assert stopped.replay.epochs == stopped.epochs
    assert len(plateau.at(epoch=1, batch=3).rows) == BATCH
    assert len(watched(two_classes)[0].at(epoch=1, batch=4).rows) == 60 % BATCH


def test_another_dropout_key_would_be_seen(two_classes: Rows) -> None:
    run, seen = watched(two_classes)
    run.at(epoch=1)
    assert isinstance(run.replay._trainer, NumpyTrainer)
    run.replay._trainer._key += 1
    with pytest.raises(AssertionError, match="W1 before <Replayed: step 3, batch 3 of epoch 1>"):
        assert_same_bits(run.at(epoch=1, batch=3), seen[2])


def test_the_state_of_the_rule_starts_anew_for_an_early_step(two_classes: Rows) -> None:
    run, seen = watched(two_classes)
    run.at(epoch=EPOCHS, batch=4)
    assert not any(array.any() for array in run.at(epoch=1).state.values())
    assert_same_bits(run.at(epoch=1), seen[0])


def test_weights_that_were_given_are_started_from(two_classes: Rows) -> None:
    net = Network(4, [Dense(1, "sigmoid", weights=[[0.1], [0.2], [0.3], [0.4]], bias=[0.5])])
    step = train(net, *two_classes, epochs=2).at(epoch=1).step
    assert_array_equal(step["W1"], np.array([[0.1], [0.2], [0.3], [0.4]], np.float32))


def test_frozen_layers_are_there_too(two_classes: Rows) -> None:
    net = Network(4, [Dense(3, "tanh", frozen=True), Dense(1, "sigmoid")])
    run = train(net, *two_classes, epochs=3)
    assert_array_equal(np.asarray(run.at(epoch=2)["W1"]), run.model.parameters["W1"])


def test_the_rows_are_those_of_the_batch(two_classes: Rows) -> None:
    X, y = two_classes
    replayed = fit(two_classes).at(epoch=3, batch=4)
    assert len(replayed.rows) == 60 % BATCH
    assert_array_equal(np.asarray(replayed["x"]), X[replayed.rows].astype(np.float32))
    assert_array_equal(np.asarray(replayed["y"])[:, 0], y[replayed.rows].astype(np.float32))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_the_caller_changes_later_are_replayed_as_they_were(two_classes: Rows, dtype: str) -> None:
    X, y, weights = two_classes[0].astype(dtype), two_classes[1].copy(), np.ones(60, dtype)
    run = fit((X, y), dtype=dtype, sample_weight=weights)
    X[:], y[:], weights[:] = 0, 0, 5
    last = run.at(epoch=EPOCHS, batch=4)
    assert_array_equal(np.asarray(last["W1"]), run.model.parameters["W1"])
    assert_array_equal(np.asarray(last["x"]), two_classes[0][last.rows].astype(dtype))


def test_the_last_step_ends_in_the_models_weights(two_classes: Rows) -> None:
    run = fit(two_classes)
    last = run.at(epoch=EPOCHS, batch=4)
    for name, array in run.model.parameters.items():
        assert_array_equal(np.asarray(last[name]), array)


def test_replaying_changes_nothing_of_the_run(two_classes: Rows) -> None:
    run = fit(two_classes)
    digest, weights = run.model.digest, np.array(run.step["W1"])
    np.asarray(run.at(epoch=2)["W1"])[:] = 7
    assert run.model.digest == digest
    assert_array_equal(run.step["W1"], weights)
    assert not np.any(np.asarray(run.at(epoch=2)["W1"]) == 7)


def test_a_run_from_a_pickle_replays_alike(two_classes: Rows) -> None:
    run = fit(two_classes, rate=None)
    wanted = np.asarray(run.at(epoch=4, batch=2)["W1"])
    again = pickle.loads(pickle.dumps(run))
    assert_array_equal(np.asarray(again.at(epoch=4, batch=2)["W1"]), wanted)


def test_a_run_on_a_table_has_steps_too() -> None:
    trained = train_table("iris", layers=[4], epochs=3, test=0.2)
    assert trained.at(epoch=3, batch=4)["W1[2,1]"] == float(trained.model.parameters["W1"][1, 0])


def test_products_that_threads_could_share_have_the_same_bits() -> None:
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(300, 128)), rng.integers(0, 2, 300)
    run = train(Network(128, [Dense(128, "tanh"), Dense(1, "sigmoid")]), X, y, epochs=2, batch=128)
    assert_array_equal(np.asarray(run.at(epoch=2, batch=3)["W1"]), run.model.parameters["W1"])


def test_two_threads_may_ask_at_once(two_classes: Rows) -> None:
    run, other = fit(two_classes), fit(two_classes)
    asked = list(each(run.replay))
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda at: np.asarray(run.at(epoch=at[0], batch=at[1])["W1"]), asked))
    for (epoch, batch), array in zip(asked, found, strict=True):
        assert_array_equal(array, np.asarray(other.at(epoch=epoch, batch=batch)["W1"]))


# --- runs that were broken off ----------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [0.0, 1e9], ids=["with snapshots", "without"])
def test_a_resumed_run_has_its_steps_before_and_after(
    two_classes: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr(snapshots, "SECONDS", seconds)
    kept: dict[str, Any] = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    _, seen = watched(two_classes)
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept, callbacks=[pull_at(4)])
    resumed = fit(two_classes, **kept, resume=True)
    assert resumed.notes == ("resumed after epoch 3, batch 0",)
    assert_all_same(resumed, seen)


def test_an_interrupted_run_has_the_batches_of_its_broken_epoch(
    two_classes: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = {"schedule": "exponential(0.5)"}
    _, seen = watched(two_classes, **schedule)
    run = interrupt_after(monkeypatch, two_classes, 10, **schedule)
    assert repr(run.replay) == "<Replay of 2 epochs of 4 batches each and 2 batches of epoch 3>"
    assert_all_same(run, seen[:10])
    with pytest.raises(InvalidInput) as caught:
        run.at(epoch=3, batch=3)
    assert str(caught.value) == (
        "there is no batch 3 of epoch 3: the run had 2 epochs of 4 batches each and 2 batches of epoch 3"
    )


def test_an_epoch_gone_on_with_keeps_its_rate_when_more_epochs_are_asked_for(
    two_classes: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {"checkpoint": tmp_path / "c", "schedule": "cosine", "rate": 0.1}
    broken = interrupt_after(monkeypatch, two_classes, 10, **kept)
    wanted = broken.at(epoch=3, batch=2)
    resumed = fit(two_classes, **kept, resume=True, epochs=20)
    replayed = resumed.at(epoch=3, batch=2)
    assert replayed.rate == wanted.rate == resumed.history[2].rate
    assert_array_equal(np.asarray(replayed["W1"]), np.asarray(wanted["W1"]))
    last = resumed.at(epoch=20, batch=4)
    assert_array_equal(np.asarray(last["W1"]), resumed.model.parameters["W1"])


def test_a_checkpoint_with_a_rate_that_is_no_number_is_refused(two_classes: Rows, tmp_path: Path) -> None:
    fit(two_classes, checkpoint=tmp_path / "c", checkpoint_epochs=1)
    tensors, header = read_tensors(tmp_path / "c", kind="checkpoint")
    header["position"]["rate"] = "fast"
    write_tensors(tmp_path / "c", tensors, header, kind="checkpoint")
    with pytest.raises(ModelFileError, match="its rate must be a number, not 'fast'"):
        fit(two_classes, checkpoint=tmp_path / "c", resume=True)
