"""Ctrl-C while training: the first ends it after the batch, the second at once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule import Dense, EpochRecord, Network, Run, train
from chainrule.engines.numpy import NumpyTrainer
from chainrule.learning.interrupts import stop_on_interrupt

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def fit(rows: Rows, **choices: Any) -> Run:
    net = Network(4, [Dense(5, "tanh"), Dense(1, "sigmoid")])
    return train(net, *rows, **{"epochs": 6, "batch": 16, "rate": 0.02, **choices})


def in_step(monkeypatch: pytest.MonkeyPatch, number: int, action: Callable[[], None]) -> None:
    """Do something within a step of the training that follows, counted from 1."""
    compute, taken = NumpyTrainer._compute, []

    def computes(self: NumpyTrainer, program: Any, rate: float) -> float:
        taken.append(1)
        if len(taken) == number:
            action()
        return compute(self, program, rate)

    monkeypatch.setattr(NumpyTrainer, "_compute", computes)


def test_the_first_press_is_noted_and_the_second_raises() -> None:
    with stop_on_interrupt() as pressed:
        assert not pressed()
        press()
        assert pressed()
        with pytest.raises(KeyboardInterrupt):
            press()


def test_the_handler_from_before_is_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with stop_on_interrupt():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before


def test_in_another_thread_nothing_is_noted() -> None:
    before, answers = signal.getsignal(signal.SIGINT), []

    def asks() -> None:
        with stop_on_interrupt() as pressed:
            answers.append((pressed(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=asks)
    thread.start()
    thread.join()
    assert answers == [(False, True)]


def test_training_stops_after_the_batch(monkeypatch: pytest.MonkeyPatch, two_classes: Rows) -> None:
    in_step(monkeypatch, 6, press)  # four steps an epoch
    run = fit(two_classes)
    assert (run.interrupted, run.epochs) == (True, 1)
    assert run.stopped == "Ctrl-C, in epoch 2 after batch 2"


def test_the_last_batch_of_an_epoch_ends_the_epoch(
    monkeypatch: pytest.MonkeyPatch, two_classes: Rows
) -> None:
    in_step(monkeypatch, 8, press)
    run = fit(two_classes)
    assert (run.interrupted, run.epochs, run.stopped) == (True, 2, "Ctrl-C, after epoch 2")
    assert run.model.digest == fit(two_classes, epochs=2).model.digest


def test_a_press_in_the_very_first_epoch_leaves_a_model(
    monkeypatch: pytest.MonkeyPatch, two_classes: Rows
) -> None:
    in_step(monkeypatch, 1, press)
    run = fit(two_classes)
    assert (run.epochs, len(run.history), run.stopped) == (0, 0, "Ctrl-C, in epoch 1 after batch 1")
    assert run.model.predict(two_classes[0]).shape == (60,)


def test_the_best_so_far_is_kept(monkeypatch: pytest.MonkeyPatch, two_classes: Rows) -> None:
    X, y = two_classes
    watched = {"validation_data": (X[40:], 1 - y[40:])}  # wrong labels: the first epoch stays the best
    in_step(monkeypatch, 4 * 3 + 2, press)
    run = fit((X, y), **watched)
    assert (run.epochs, run.best_epoch) == (3, 1)
    assert run.model.digest == fit((X, y), epochs=1, **watched).model.digest


def test_the_second_press_stops_at_once(monkeypatch: pytest.MonkeyPatch, two_classes: Rows) -> None:
    before = signal.getsignal(signal.SIGINT)

    def press_twice() -> None:
        press()
        press()

    in_step(monkeypatch, 6, press_twice)
    with pytest.raises(KeyboardInterrupt):
        fit(two_classes)
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("step", [1, 6, 8])
def test_an_interrupted_run_goes_on_to_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, two_classes: Rows, tmp_path: Path, step: int
) -> None:
    choices = {"validation": 0.2, "patience": 3, "schedule": "cosine", "checkpoint": tmp_path / "c"}
    unbroken = fit(two_classes, **{**choices, "checkpoint": None})
    with monkeypatch.context() as patched:
        in_step(patched, step, press)
        assert fit(two_classes, **choices).interrupted
    resumed = fit(two_classes, **choices, resume=True)
    assert resumed.model.digest == unbroken.model.digest
    assert resumed.history.losses == unbroken.history.losses
    assert not resumed.interrupted


def test_a_callback_may_press_it_too(two_classes: Rows) -> None:
    def presses(record: EpochRecord) -> None:
        if record.epoch == 2:
            press()

    assert fit(two_classes, callbacks=[presses]).stopped == "Ctrl-C, after epoch 2"


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_the_command_stops_and_keeps_its_model_and_checkpoint(engine: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "chainrule", "train", "xor", "--epochs", "100000", "--json"]
    command += ["--checkpoint-every", "1", "--out", str(tmp_path / "m"), "--engine", engine]
    checkpoint = tmp_path / "m.checkpoint"
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONWARNINGS": ""}
    ) as running:
        while not checkpoint.exists() and running.poll() is None:
            try:
                running.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        running.send_signal(signal.SIGINT)
        told = json.loads(running.communicate(timeout=60)[0])
    assert told["stopped"].startswith("Ctrl-C")
    assert told["epochs"] < 100000
    assert (tmp_path / "m").exists()
    assert checkpoint.exists()
