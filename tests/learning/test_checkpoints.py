"""Checkpoints: what they hold, when they are due, and of which run they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from chainrule import Dense, Network, Run, activation, train
from chainrule.engines.engine import Data
from chainrule.errors import CannotWrite, ConfigError, ModelFileError
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.learning.checkpoints import Checkpoint, Keeper, fingerprint

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]
Told = Callable[[type, Callable[[], object]], str]


@pytest.fixture(autouse=True)
def _in_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def network(units: int = 5, hidden: str = "tanh") -> Network:
    return Network(4, [Dense(units, hidden), Dense(1, "sigmoid")])


def fit(rows: Rows, **choices: Any) -> Run:
    net = choices.pop("network", network())
    choices = {"epochs": 3, "batch": 16, "checkpoint": "c", "checkpoint_epochs": 1, **choices}
    return train(net, *rows, **choices)


def test_a_checkpoint_comes_back_as_it_was_written(two_classes: Rows) -> None:
    run = fit(two_classes, validation=0.2, schedule="plateau")
    found = Checkpoint.load("c")
    assert (found.network, found.position.epoch, found.history) == (network(), 3, run.history)
    assert found.settings.differences(run.model.settings) == ()
    assert set(found.state) == {f"{kept}_{name}" for kept in ("m", "v") for name in found.parameters}
    found.save("again")
    assert Path("again").read_bytes() == Path("c").read_bytes()


def test_the_best_so_far_is_among_the_numbers(two_classes: Rows) -> None:
    run = fit(two_classes, validation=0.2, patience=10)
    for name, array in Checkpoint.load("c").best.items():
        assert_array_equal(array, run.model.parameters[name])


def test_a_checkpoint_is_written_every_so_many_epochs(two_classes: Rows) -> None:
    seen: list[int] = []

    def look(record: Any) -> None:
        seen.append(Checkpoint.load("c").position.epoch if Path("c").exists() else 0)

    fit(two_classes, epochs=7, checkpoint_epochs=3, callbacks=[look])
    assert seen == [0, 0, 0, 3, 3, 3, 6]


def test_a_checkpoint_is_due_by_epochs_between_epochs_only() -> None:
    keeper = Keeper(Path("c"), 2, None)
    assert not keeper.due(1, 99.0, between_epochs=True)
    assert keeper.due(2, 0.0, between_epochs=True)
    assert not keeper.due(2, 0.0, between_epochs=False)
    keeper.done(2, 0.0)
    assert not keeper.due(3, 0.0, between_epochs=True)


def test_a_checkpoint_is_due_by_seconds_at_any_batch() -> None:
    keeper = Keeper(Path("c"), None, 30.0)
    keeper.done(0, 100.0)
    assert not keeper.due(0, 129.0, between_epochs=False)
    assert keeper.due(0, 130.0, between_epochs=False)


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ((0, None), "checkpoints come every 1 epoch or more, not every 0"),
        ((None, 0.0), "the seconds between checkpoints must be above 0, not 0.0"),
        ((None, float("nan")), "the seconds between checkpoints must be above 0, not nan"),
    ],
)
def test_checkpoints_that_would_never_be_done_are_refused(told: Told, choices: Any, message: str) -> None:
    assert told(ConfigError, lambda: Keeper(Path("c"), *choices)) == message


# --- another run --------------------------------------------------------------------------------------


def test_another_network_is_refused(told: Told, two_classes: Rows) -> None:
    fit(two_classes)
    assert told(ConfigError, lambda: fit(two_classes, network=network(6), resume=True)) == (
        '"c" is of another network (4 inputs → 5 tanh → 1 sigmoid): give the same layers, or start anew'
    )


SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "batch": ({"batch": 8}, "batch"),
    "rate": ({"rate": 0.5}, "rule"),
    "rule": ({"rule": "sgd"}, "rule"),
    "loss": ({"loss": "mse"}, "loss"),
    "seed": ({"seed": 9}, "seed"),
    "dtype": ({"dtype": "float64"}, "dtype"),
    "schedule": ({"schedule": "cosine"}, "schedules"),
    "several": ({"l2": 0.1, "shuffle": False}, "shuffle, l2"),
}


@pytest.mark.parametrize(("choices", "named"), SETTINGS.values(), ids=SETTINGS)
def test_other_settings_are_refused(
    told: Told, two_classes: Rows, choices: dict[str, Any], named: str
) -> None:
    fit(two_classes)
    assert told(ConfigError, lambda: fit(two_classes, **choices, resume=True)) == (
        f'"c" is of a run with other settings ({named}): give the same ones, or start anew without resuming'
    )


OTHER_DATA: dict[str, Callable[[Rows], dict[str, Any]]] = {
    "a number": lambda rows: {"X": np.where(np.arange(240).reshape(60, 4) == 7, 0.0, rows[0])},
    "a target": lambda rows: {"y": np.where(np.arange(60) == 7, 1 - rows[1], rows[1])},
    "weights": lambda rows: {"sample_weight": np.ones(60)},
    "held-out rows": lambda rows: {"validation_data": (rows[0][:5], rows[1][:5])},
}


@pytest.mark.parametrize("change", OTHER_DATA.values(), ids=OTHER_DATA)
def test_other_data_are_refused(
    told: Told, two_classes: Rows, change: Callable[[Rows], dict[str, Any]]
) -> None:
    fit(two_classes)
    given = {"X": two_classes[0], "y": two_classes[1], **change(two_classes)}
    X, y = given.pop("X"), given.pop("y")
    assert told(ConfigError, lambda: fit((X, y), **given, resume=True)) == (
        '"c" is of a run on other data: give the same data, or start anew without resuming'
    )


def test_fewer_epochs_than_are_done_are_refused(told: Told, two_classes: Rows) -> None:
    fit(two_classes)
    assert told(ConfigError, lambda: fit(two_classes, epochs=2, resume=True)) == (
        '"c" has come to epoch 3 already: ask for at least as many'
    )


def test_the_fingerprint_tells_shapes_and_parts_apart() -> None:
    X, y = np.arange(6.0).reshape(2, 3), np.zeros((2, 1))
    one = Data(X, y)
    prints = [
        fingerprint(one, None),
        fingerprint(Data(X.reshape(3, 2), y), None),
        fingerprint(Data(X.astype("f4"), y), None),
        fingerprint(one, one),
        fingerprint(None, one),
        fingerprint(Data(X, y, np.ones((2, 1))), None),
    ]
    assert len(set(prints)) == len(prints)
    assert fingerprint(Data(X.copy(), y.copy()), None) == prints[0]


# --- broken files -------------------------------------------------------------------------------------


def test_a_model_is_no_checkpoint(told: Told, two_classes: Rows) -> None:
    fit(two_classes, checkpoint="other").model.save("c")
    assert told(ModelFileError, lambda: fit(two_classes, resume=True)) == (
        'cannot read "c": this is a model, not a checkpoint: give a checkpoint file'
    )


def test_a_damaged_checkpoint_is_refused(told: Told, two_classes: Rows) -> None:
    fit(two_classes)
    content = bytearray(Path("c").read_bytes())
    content[-1] ^= 1
    Path("c").write_bytes(content)
    message = told(ModelFileError, lambda: fit(two_classes, resume=True))
    assert "does not match its SHA-256, so it was damaged or altered" in message


@pytest.mark.parametrize("part", ["network", "settings", "position", "history", "data", "made_with"])
def test_a_checkpoint_without_one_of_its_parts_is_refused(told: Told, two_classes: Rows, part: str) -> None:
    fit(two_classes)
    tensors, header = read_tensors("c", kind="checkpoint")
    del header[part]
    write_tensors("c", tensors, header, kind="checkpoint")
    message = told(ModelFileError, lambda: Checkpoint.load("c"))
    assert message == f"cannot resume from \"c\": '{part}': start without it"


@pytest.mark.parametrize("header", [{"network": 1}, {"network": {"layers": ["x"]}}, {"position": []}])
def test_a_checkpoint_of_wrong_parts_is_refused(told: Told, two_classes: Rows, header: Any) -> None:
    fit(two_classes)
    tensors, found = read_tensors("c", kind="checkpoint")
    write_tensors("c", tensors, {**found, **header}, kind="checkpoint")
    assert told(ModelFileError, lambda: Checkpoint.load("c")).startswith('cannot resume from "c": ')


def test_a_checkpoint_of_an_unknown_activation_is_refused(told: Told, two_classes: Rows) -> None:
    activation("bent", value=lambda z: z * z, slope=lambda z, a: 2 * z)
    try:
        fit(two_classes, network=network(hidden="bent"))
    finally:
        ACTIVATIONS.remove("bent")
    message = told(ModelFileError, lambda: Checkpoint.load("c"))
    assert message.startswith('cannot resume from "c": there is no activation called "bent"')


def test_a_folder_that_is_not_there_is_named(told: Told, two_classes: Rows) -> None:
    message = told(CannotWrite, lambda: fit(two_classes, checkpoint="no/c"))
    assert message.startswith('cannot write "no/c": the folder ')


# --- what a kill leaves -------------------------------------------------------------------------------


def test_old_leftovers_beside_the_checkpoint_are_removed(two_classes: Rows) -> None:
    old, young, other = (Path(name) for name in (".chainrule-1.tmp", ".chainrule-2.tmp", "mine.tmp"))
    for file in (old, young, other):
        file.write_bytes(b"half a file")
    for file in (old, other):
        os.utime(file, (0, 0))
    fit(two_classes)
    assert [file.exists() for file in (old, young, other)] == [False, True, True]


def test_a_leftover_does_no_harm_to_resuming(two_classes: Rows) -> None:
    fit(two_classes)
    Path(".chainrule-1.tmp").write_bytes(Path("c").read_bytes()[:100])
    resumed = fit(two_classes, epochs=5, resume=True)
    assert resumed.model.digest == fit(two_classes, epochs=5, checkpoint="other").model.digest


def test_steps_beyond_the_last_epoch_asked_for_are_refused(told: Told, two_classes: Rows) -> None:
    fit(two_classes)
    found = Checkpoint.load("c")
    found.position.batch = 2
    found.save("c")
    assert told(ConfigError, lambda: fit(two_classes, resume=True)) == (
        '"c" has come to batch 2 of epoch 4 already: ask for at least 4 epochs'
    )
    assert fit(two_classes, epochs=4, resume=True).epochs == 4


WRONG_POSITIONS: dict[str, tuple[dict[str, Any], str]] = {
    "half an epoch": ({"epoch": 1.5}, "its epoch must be a whole number, at least 0, not 1.5"),
    "before the start": ({"batch": -1}, "its batch must be a whole number, at least 0, not -1"),
    "loss in words": ({"loss": "low"}, "its loss must be a number, not 'low'"),
    "no squares": ({"squares": None}, "its squares must be a list of numbers, not None"),
    "more squares": ({"squares": [0.0] * 5}, "its squares are not one a trained layer"),
    "no state": ({"schedules": [1]}, "its schedules must be a list of named numbers, not [1]"),
    "another schedule": (
        {"schedules": [{"a": 1.0}]},
        "the state of its schedules is not that of its settings",
    ),
    "another epoch": ({"epoch": 2}, "it stands after epoch 2 but tells of 3"),
}


@pytest.mark.parametrize(("changes", "message"), WRONG_POSITIONS.values(), ids=WRONG_POSITIONS)
def test_a_forged_position_is_refused(
    told: Told, two_classes: Rows, changes: dict[str, Any], message: str
) -> None:
    fit(two_classes)
    tensors, header = read_tensors("c", kind="checkpoint")
    header["position"] |= changes
    write_tensors("c", tensors, header, kind="checkpoint")
    assert told(ModelFileError, lambda: Checkpoint.load("c")) == (
        f'cannot resume from "c": {message}: start without it'
    )


def test_forged_numbers_of_a_checkpoint_are_refused(told: Told, two_classes: Rows) -> None:
    fit(two_classes, validation=0.2)
    tensors, header = read_tensors("c", kind="checkpoint")
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "a shape": (
            {"parameters/W1": np.zeros((4, 6), "f4")},
            "the numbers of its parameters are not those of its network",
        ),
        "a dtype": (
            {"parameters/b1": np.zeros(5)},
            "the numbers of its parameters are not those of its network",
        ),
        "one too many": (
            {"state/m_W9": np.zeros(1, "f4")},
            "the numbers of its state are not those of its network",
        ),
        "a best": ({"best/b1": np.zeros(3, "f4")}, "the numbers of its best are not those of its network"),
        "a NaN": (
            {"state/m_b1": np.full(5, np.nan, "f4")},
            "m_b1 among its state holds a number that is not finite",
        ),
        "an infinity": (
            {"parameters/b1": np.full(5, np.inf, "f4")},
            "b1 among its parameters holds a number that is not finite",
        ),
    }
    for what, (changes, message) in wrong.items():
        write_tensors("c", {**tensors, **changes}, header, kind="checkpoint")
        assert told(ModelFileError, lambda: Checkpoint.load("c")) == (
            f'cannot resume from "c": {message}: start without it'
        ), what
