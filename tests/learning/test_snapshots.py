"""A replay sets out from the nearest place at which the run's numbers are held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from replays import (
    EPOCHS,
    PulledPlug,
    Rows,
    counted,
    fit,
    pull_at,
)

from chainrule import Dense, Network, Run, train
from chainrule.engines.numpy import NumpyTrainer
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.learning import snapshots
from chainrule.learning.snapshots import Snapshots

Array = NDArray[Any]


def test_the_next_step_goes_on_from_the_last_one(two_classes: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fit(two_classes)
    assert counted(monkeypatch, lambda: run.at(epoch=4, batch=1)) == 13
    assert counted(monkeypatch, lambda: run.at(epoch=4, batch=2)) == 2
    assert counted(monkeypatch, lambda: run.at(epoch=4, batch=2)) == 1
    assert counted(monkeypatch, lambda: run.at(epoch=4, batch=1)) == 13


def test_a_replay_broken_off_leaves_no_wrong_numbers(
    two_classes: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, other = fit(two_classes), fit(two_classes)
    run.at(epoch=2, batch=1)
    with monkeypatch.context() as patch:
        # The step is counted by then, but not taken.
        patch.setattr(NumpyTrainer, "_compute", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run.at(epoch=4, batch=1)
    assert_array_equal(
        np.asarray(run.at(epoch=4, batch=1)["W1"]), np.asarray(other.at(epoch=4, batch=1)["W1"])
    )


def test_the_checkpoint_file_is_set_out_from(
    two_classes: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 4}
    run, other = fit(two_classes, **kept), fit(two_classes)
    assert counted(monkeypatch, lambda: run.at(epoch=6, batch=4)) == 8
    assert counted(monkeypatch, lambda: run.at(epoch=4, batch=4)) == 16
    assert_array_equal(
        np.asarray(run.at(epoch=5, batch=1)["W1"]), np.asarray(other.at(epoch=5, batch=1)["W1"])
    )


@pytest.mark.parametrize(
    "change", ["gone", "broken", "other settings", "other data", "another network", "made elsewhere"]
)
def test_a_checkpoint_file_that_is_not_the_runs_is_passed_over(
    two_classes: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = tmp_path / "c"
    kept: dict[str, Any] = {"checkpoint": path, "checkpoint_epochs": 4}
    run = fit(two_classes, **kept)
    if change == "gone":
        path.unlink()
    elif change == "broken":
        path.write_text("no checkpoint")
    elif change == "other settings":
        fit(two_classes, **kept, seed=5)
    elif change == "other data":
        fit((two_classes[0] + 1, two_classes[1]), **kept)
    elif change == "another network":
        train(Network(4, [Dense(1, "sigmoid")]), *two_classes, epochs=6, batch=16, rate=0.01, **kept)
    else:
        tensors, header = read_tensors(path, kind="checkpoint")
        header["made_with"]["threads"] = 99
        write_tensors(path, tensors, header, kind="checkpoint")
    assert counted(monkeypatch, lambda: run.at(epoch=6, batch=4)) == 24
    assert_array_equal(np.asarray(run.at(epoch=6, batch=4)["W1"]), run.model.parameters["W1"])


class Standing:
    """A trainer that only stands somewhere."""

    step_number = 0

    def parameters(self) -> dict[str, Array]:
        return {}

    state = parameters


def held(run: Run, monkeypatch: pytest.MonkeyPatch, steps: int, **limits: int) -> list[int]:
    """After which steps, of one a second, snapshots are held."""
    for name, value in {"SECONDS": 1, **limits}.items():
        monkeypatch.setattr(snapshots, name, value)
    kept, trainer = Snapshots(run.derivation, "float32"), Standing()
    kept.begin(0)
    for second in range(1, steps + 1):
        trainer.step_number = second
        kept.watch(trainer, second)  # type: ignore[arg-type]
    return [snapshot.steps for snapshot in kept.kept]


def test_snapshots_thin_out_evenly(two_classes: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fit(two_classes, epochs=1)
    assert held(run, monkeypatch, 16) == list(range(1, 17))
    assert held(run, monkeypatch, 17) == list(range(1, 18, 2))
    assert held(run, monkeypatch, 1000) == list(range(1, 1000, 64))


def test_snapshots_hold_to_their_memory(two_classes: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    run = fit(two_classes, epochs=1)
    size = sum(a.nbytes for a in (*run.model.parameters.values(), *run.at(epoch=1).state.values()))
    assert held(run, monkeypatch, 1000, MEMORY=4 * size) == [1, 257, 513, 769]
    assert len(held(run, monkeypatch, 1000, MEMORY=size)) == 1
    assert held(run, monkeypatch, 1000, MEMORY=size - 1) == []


def test_a_run_goes_on_from_its_snapshots(two_classes: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "SECONDS", 0.0)
        run = fit(two_classes)
    assert counted(monkeypatch, lambda: run.at(epoch=6, batch=4)) == 4


def test_the_last_step_from_scratch_takes_the_steps_of_training_and_no_more(
    two_classes: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = fit(two_classes)
    assert counted(monkeypatch, lambda: run.at(epoch=EPOCHS, batch=4)) == EPOCHS * 4


def test_a_resumed_run_sets_out_from_where_it_was_resumed(
    two_classes: Rows, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: dict[str, Any] = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept, callbacks=[pull_at(4)])
    resumed = fit(two_classes, **kept, resume=True)
    assert counted(monkeypatch, lambda: resumed.at(epoch=4, batch=1)) == 1
