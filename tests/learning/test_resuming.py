"""A run that goes on from a checkpoint ends in the same bits as one that was never broken off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from chainrule import Dense, Dropout, EpochRecord, Network, Run, train
from chainrule.engines.numpy import NumpyTrainer
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.learning import loop
from chainrule.learning.checkpoints import Checkpoint

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


class PulledPlug(Exception):
    """Stands for a power cut."""


KINDS: dict[str, dict[str, Any]] = {
    "adam": {},
    "momentum, plateau": {
        "rule": "momentum",
        "rate": 0.3,
        "validation": 0.2,
        "schedule": "plateau(patience=0, gamma=0.5, threshold=0.5)",
    },
    "adam, cosine, patience": {"rate": 0.1, "validation": 0.2, "schedule": "cosine", "patience": 4},
    "nesterov, patience on the training loss": {"rule": "nesterov", "rate": 0.05, "patience": 2},
    "adamw, warm-up, l2, clipped": {
        "rule": "adamw",
        "schedule": "linear_warmup(3) * exponential",
        "l2": 0.01,
        "clip_norm": 0.1,
    },
    "rmsprop, weights": {"rule": "rmsprop", "sample_weight": np.linspace(0, 2, 60)},
    "adagrad, balanced": {"rule": "adagrad", "class_weight": "balanced", "dtype": "float64"},
    "adadelta, in the given order": {"rule": "adadelta", "shuffle": False},
}


def fit(rows: Rows, **choices: Any) -> Run:
    net = Network(4, [Dense(6, "prelu"), Dropout(0.2), Dense(1, "sigmoid")])
    return train(net, *rows, **{"epochs": 8, "batch": 16, "rate": 0.01, **choices})


def lasting(run: Run) -> list[tuple[Any, ...]]:
    """All of the history but the time that it took."""
    return [
        (r.epoch, r.loss, r.validation_loss, dict(r.measures), r.rate, r.gradient_norms) for r in run.history
    ]


def assert_same_run(resumed: Run, unbroken: Run) -> None:
    assert resumed.model.digest == unbroken.model.digest
    assert lasting(resumed) == lasting(unbroken)
    assert (resumed.epochs, resumed.best_epoch, resumed.stopped) == (
        unbroken.epochs,
        unbroken.best_epoch,
        unbroken.stopped,
    )


def test_the_plateau_above_cuts_the_rate_before_and_after_the_break(two_classes: Rows) -> None:
    rates = [record.rate for record in fit(two_classes, **KINDS["momentum, plateau"]).history]
    assert rates[0] > rates[3] > rates[-1]


def pull_at_epoch(number: int) -> Any:
    def pulls(record: EpochRecord) -> None:
        if record.epoch == number:
            raise PulledPlug

    return pulls


@pytest.mark.parametrize("choices", KINDS.values(), ids=KINDS)
def test_from_the_end_of_an_epoch(two_classes: Rows, tmp_path: Path, choices: dict[str, Any]) -> None:
    unbroken = fit(two_classes, **choices)
    kept = {**choices, "checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept, callbacks=[pull_at_epoch(4)])
    resumed = fit(two_classes, **kept, resume=True)
    assert_same_run(resumed, unbroken)
    assert resumed.notes == ("resumed after epoch 3, batch 0",)


@pytest.mark.parametrize("choices", KINDS.values(), ids=KINDS)
def test_from_the_middle_of_an_epoch(
    two_classes: Rows, tmp_path: Path, choices: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    unbroken = fit(two_classes, **choices)
    kept = {**choices, "checkpoint": tmp_path / "c", "checkpoint_seconds": 1e-9}
    monkeypatch.setattr(loop, "SLICE", 0.0)
    compute, taken = NumpyTrainer._compute, []

    def computes(self: NumpyTrainer, program: Any, rate: float) -> float:
        taken.append(1)
        if len(taken) in (7, 12):
            raise PulledPlug
        return compute(self, program, rate)

    monkeypatch.setattr(NumpyTrainer, "_compute", computes)
    steps = 3 if "validation" in choices else 4
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept)
    place = Checkpoint.load(tmp_path / "c").position
    assert (place.epoch, place.batch, place.step) == (6 // steps, 6 % steps, 6)
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept, resume=True)
    assert_same_run(fit(two_classes, **kept, resume=True), unbroken)


def test_cutting_an_epoch_into_slices_changes_no_bit(
    two_classes: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = fit(two_classes, batch=3)
    monkeypatch.setattr(loop, "SLICE", 0.0)
    assert_same_run(fit(two_classes, batch=3), whole)


def test_without_the_state_of_the_rule_the_bits_would_differ(two_classes: Rows, tmp_path: Path) -> None:
    unbroken = fit(two_classes)
    kept = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept, callbacks=[pull_at_epoch(4)])
    tensors, header = read_tensors(tmp_path / "c", kind="checkpoint")
    emptied = {name: array * (not name.startswith("state/")) for name, array in tensors.items()}
    write_tensors(tmp_path / "c", emptied, header, kind="checkpoint")
    assert fit(two_classes, **kept, resume=True).model.digest != unbroken.model.digest


def test_a_finished_run_is_given_back(two_classes: Rows, tmp_path: Path) -> None:
    kept = {"validation": 0.2, "patience": 4, "checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    finished = fit(two_classes, **kept)
    resumed = fit(two_classes, **kept, resume=True)
    assert_same_run(resumed, finished)
    for symbol, value in finished.step.values.items():
        assert_array_equal(resumed.step[symbol], value, err_msg=symbol)


def test_a_run_that_lost_patience_does_not_go_on(two_classes: Rows, tmp_path: Path) -> None:
    kept = {"rate": 0.3, "validation": 0.2, "patience": 2, "epochs": 60}
    kept |= {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    finished = fit(two_classes, **kept)
    assert finished.epochs < 60
    assert_same_run(fit(two_classes, **{**kept, "epochs": 80}, resume=True), finished)


def test_more_epochs_may_be_asked_for(two_classes: Rows, tmp_path: Path) -> None:
    kept = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1, "schedule": "exponential(0.9)"}
    fit(two_classes, **kept, epochs=3)
    resumed = fit(two_classes, **kept, resume=True)
    assert_same_run(resumed, fit(two_classes, schedule="exponential(0.9)"))
    assert resumed.notes == ("resumed after epoch 3, batch 0",)


def test_more_epochs_under_a_schedule_of_their_number_are_noted(two_classes: Rows, tmp_path: Path) -> None:
    kept = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1, "schedule": "cosine"}
    fit(two_classes, **kept, epochs=3)
    assert fit(two_classes, **kept, resume=True).notes[0] == (
        "the run was begun for 3 epochs and goes on for 8: its schedule depends on that, so the result "
        "differs from that of a run begun so"
    )


def test_without_a_checkpoint_a_run_starts_anew(two_classes: Rows, tmp_path: Path) -> None:
    run = fit(two_classes, checkpoint=tmp_path / "c", resume=True)
    assert run.notes == ()
    assert_same_run(run, fit(two_classes))


def test_without_resuming_a_checkpoint_is_not_looked_at(two_classes: Rows, tmp_path: Path) -> None:
    (tmp_path / "c").write_text("no checkpoint")
    assert_same_run(fit(two_classes, checkpoint=tmp_path / "c", checkpoint_epochs=4), fit(two_classes))
    assert Checkpoint.load(tmp_path / "c").position.epoch == 8


def test_checkpoints_change_nothing(two_classes: Rows, tmp_path: Path) -> None:
    assert_same_run(fit(two_classes, checkpoint=tmp_path / "c", checkpoint_epochs=1), fit(two_classes))


def test_the_time_adds_up(two_classes: Rows, tmp_path: Path) -> None:
    kept = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    with pytest.raises(PulledPlug):
        fit(two_classes, **kept, callbacks=[pull_at_epoch(4)])
    before = Checkpoint.load(tmp_path / "c").position.seconds
    assert 0 < before < fit(two_classes, **kept, resume=True).seconds


@pytest.mark.parametrize(("what", "other"), [("threads", 99), ("machine", "abacus"), ("numpy", "1.0")])
def test_going_on_elsewhere_is_noted(two_classes: Rows, tmp_path: Path, what: str, other: Any) -> None:
    kept = {"checkpoint": tmp_path / "c", "checkpoint_epochs": 1}
    here = fit(two_classes, **kept, epochs=3).model.made_with[what]
    tensors, header = read_tensors(tmp_path / "c", kind="checkpoint")
    header["made_with"][what] = other
    write_tensors(tmp_path / "c", tensors, header, kind="checkpoint")
    assert fit(two_classes, **kept, resume=True).notes == (
        f"the run began with {what} {other} and goes on with {here}: the last bits may differ from those "
        "of an unbroken run",
        "resumed after epoch 3, batch 0",
    )
