"""Large training rows are not copied; a replay says so where they were changed since."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from chainrule import Dense, Network, train
from chainrule.errors import InvalidInput
from chainrule.learning import unchanged
from chainrule.learning.unchanged import checksum

X = np.random.default_rng(0).normal(size=(60, 40)).astype(np.float32)


def fit(X: Any) -> Any:
    return train(Network(40, [Dense(2)]), X, np.zeros((60, 2)), epochs=2, batch=16)


def test_changed_rows_are_named_by_a_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "LARGE", 100)
    given = X.copy()
    run = fit(given)
    assert run.replay._data.X is given
    before = run.at(epoch=2, batch=3)
    given[7, 3] += 1
    with pytest.raises(InvalidInput) as told:
        run.at(epoch=2, batch=3)
    assert str(told.value) == (
        "X was changed in place since training began, so no step of the run can be computed again: "
        "put its numbers back, or train on a copy (X.copy())"
    )
    given[:] = X
    assert_array_equal(run.at(epoch=2, batch=3)["W1"], before["W1"])


def test_a_pickled_run_has_rows_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "LARGE", 100)
    given = X.copy()
    again = pickle.loads(pickle.dumps(fit(given)))
    given[:] = 0
    assert again.at(epoch=1, batch=1)["x"].any()


@pytest.mark.parametrize(
    "given", [X.astype(np.float64), np.asfortranarray(X), X], ids=["another dtype", "by columns", "small"]
)
def test_others_are_copied(given: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if given is not X:
        monkeypatch.setattr(unchanged, "LARGE", 100)
    given = given.copy(order="K")
    run = fit(given)
    first = run.at(epoch=1, batch=1)
    given[:] = 0
    assert_array_equal(run.at(epoch=1, batch=1)["W1"], first["W1"])


@pytest.mark.parametrize("size", [1, 9, 8192, 8193, 30_000])
def test_the_checksum_tells_any_changed_or_exchanged_number(size: int) -> None:
    array = np.random.default_rng(size).normal(size=size)
    before = checksum(array)
    assert checksum(array.copy()) == before
    changed, exchanged = array.copy(), array.copy()
    changed[size // 2] = np.nextafter(changed[size // 2], 9)
    exchanged[[0, -1]] = exchanged[[-1, 0]]
    assert checksum(changed) != before
    assert size == 1 or checksum(exchanged) != before
