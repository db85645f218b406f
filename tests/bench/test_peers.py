"""The competitors do the same work: the same losses and outputs from the same weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import peers
import pytest
import workloads
from peers import forward, products
from peers.scalar import scalar_loop

from chainrule.engines.choose import find_engine
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters


def reference(job: workloads.Job) -> float:
    """The loss of the last epoch by the NumPy engine."""
    return float(peers.TOOLS["chainrule, numpy engine"](job)())


@pytest.mark.parametrize("name", ["xor", "spirals 2-16-16-2, batch 32"])
def test_scalar_python_takes_the_same_steps(name: str) -> None:
    (job,) = workloads.jobs(name)
    short = replace(job, X=job.X[:4], y=job.y[:4], batch=4, epochs=3, dtype="float64")
    assert scalar_loop(short)() == pytest.approx(reference(short), rel=1e-9)


def test_scikit_learn_starts_from_the_same_weights() -> None:
    (job,) = workloads.jobs("xor")
    short = replace(job, epochs=20, dtype="float64")
    assert peers.TOOLS["scikit-learn"](short)() == pytest.approx(reference(short), rel=1e-6)


def test_scikit_learn_predicts_with_the_same_weights() -> None:
    job = forward.job_of(workloads.classifier(5, 7, 3), 4)
    expected, _ = find_engine("numpy").forward(
        forward.model_of(job)._feedforward, initial_parameters(job.network, 0), Data(job.X, np.empty((0, 0)))
    )
    assert forward.sklearn_forward(job)(job.X) == pytest.approx(expected, abs=1e-6)


def test_the_products_are_those_of_a_step() -> None:
    job = forward.job_of(workloads.classifier(5, 7, 3), 128)
    x, W, d, z, dW, g = products._matrices(job)
    assert [a.shape for a in z] == [(128, 7), (128, 3)]
    assert [a.shape for a in dW] == [a.shape for a in W]
    assert [a.shape for a in g] == [a.shape for a in x]
    assert len(d) == 2
