"""When training leaves the finite numbers: it stops at once, says where, and keeps what was good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import Dense, Network, Run, activation, train
from chainrule.errors import Divergence
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.vocabulary import log
from chainrule.learning.checkpoints import Checkpoint

Told = Callable[[type, Callable[[], object]], str]


def fit(X: Any = ((1.0,),), y: Any = (0.0,), **choices: Any) -> Run:
    """One weight that starts from 1, gradient descent."""
    net = choices.pop("network", Network(1, [Dense(1, bias=False, weights=[[1.0]])]))
    return train(net, X, y, **{"loss": "mse", "rule": "sgd", "epochs": 9, "shuffle": False, **choices})


HELP = "a smaller learning rate usually helps (it is {}: try {}), or clipping the gradient"

CASES: dict[str, tuple[dict[str, Any], str]] = {
    "a loss that explodes": (
        {"rate": 1000},
        "training diverged in epoch 2, batch 1: the loss rose to 4e+06, far above its start; "
        + HELP.format(1000, 100),
    ),
    "an infinity": (
        {"X": [[1.0], [1e30]], "y": [0, 0], "batch": 1, "rate": 0.1},
        "training diverged in epoch 1, batch 2: the first line to go bad is "
        "C = Σ((z1 - y)²) / rows(z1), which gave inf; " + HELP.format(0.1, 0.01),
    ),
    "an update to infinity": (
        {"X": [[1.0], [1.0]], "y": [0, 0], "batch": 1, "rate": 1e300},
        "training diverged in epoch 1, batch 2: W1 was no longer finite after the update before; "
        + HELP.format("1e+300", "1e+299"),
    ),
    "the last update to infinity": (
        {"epochs": 1, "rate": 1e300},
        "training diverged in epoch 1: W1 was no longer finite after the last update; "
        + HELP.format("1e+300", "1e+299"),
    ),
    "a gradient whose square overflows": (
        {"X": [[1e25]], "loss": "mae", "rate": 0.1},
        "training diverged in epoch 1, batch 1: dW1 has grown to 1e+25, too large to go on with; "
        + HELP.format(0.1, 0.01),
    ),
}


@pytest.mark.parametrize(("choices", "message"), CASES.values(), ids=CASES)
def test_a_divergence_is_named_by_place_and_line(told: Told, choices: dict[str, Any], message: str) -> None:
    assert told(Divergence, lambda: fit(**choices)) == message


@pytest.fixture
def bare_logarithm() -> Iterator[str]:
    activation("bare_logarithm", value=lambda z: log(z), slope=lambda z: 1 / z)
    yield "bare_logarithm"
    ACTIVATIONS.remove("bare_logarithm")


def test_a_value_that_is_no_number_is_named_by_its_line(told: Told, bare_logarithm: str) -> None:
    network = Network(1, [Dense(1, bare_logarithm, bias=False, weights=[[1.0]])])
    assert told(Divergence, lambda: fit(X=[[-1.0]], network=network, rate=0.1)) == (
        "training diverged in epoch 1, batch 1: the first line to go bad is a1 = ln(z1), which gave nan; "
        + HELP.format(0.1, 0.01)
    )


def test_a_large_first_loss_is_no_explosion() -> None:
    assert fit(X=[[1e9]], rate=1e-20, epochs=3).epochs == 3


def test_a_checkpoint_keeps_the_numbers_from_before(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "c"
    told(Divergence, lambda: fit(rate=20, epochs=99, checkpoint=path, checkpoint_epochs=1))
    kept = Checkpoint.load(path)
    assert kept.position.epoch >= 1
    assert all(np.isfinite(array).all() for array in kept.parameters.values())


def test_numbers_that_are_not_finite_are_not_written(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "c"
    told(Divergence, lambda: fit(rate=1e300, epochs=2, checkpoint=path, checkpoint_epochs=1))
    assert not path.exists()


def test_no_warning_of_numpy_is_seen(told: Told, recwarn: pytest.WarningsRecorder) -> None:
    told(Divergence, lambda: fit(rate=1e30))
    assert not recwarn.list
