"""Evaluators that a model keeps between calls of its feedforward pass."""

from __future__ import annotations

import pickle
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import numpy as np
import pytest

from chainrule import Dense, Network
from chainrule.derivation import derive
from chainrule.engines import choose, compiled_forward
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import KEPT
from chainrule.errors import InvalidInput
from chainrule.learning.evaluators import Evaluators
from tolerances import assert_close

NETWORK = Network(5, [Dense(7, "relu"), Dense(3, "softmax")])
PARAMETERS = {name: p.astype(np.float32) for name, p in initial_parameters(NETWORK, 0).items()}
ROWS = compiled_forward.CHUNK + 41
ENGINES = pytest.mark.parametrize("worth", [0.0, 1e9], ids=["compiled", "numpy"])


def _rows(seed: int = 0, rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 5)).astype(np.float32)


def _evaluators() -> Evaluators:
    return Evaluators(derive(NETWORK), "float32")


@ENGINES
def test_a_second_call_sees_new_rows_and_new_parameters(
    worth: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", worth)
    kept = _evaluators()
    first = kept.outputs(PARAMETERS, _rows())
    before = first.copy()
    others = {name: p + 1 for name, p in PARAMETERS.items()}
    again = kept.outputs(others, _rows(1))
    assert_close(again, _evaluators().outputs(others, _rows(1)), "rounding")
    assert np.array_equal(first, before)


@ENGINES
@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_number_that_is_not_finite_is_named_by_row_and_column(
    worth: float, wrong: float, dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", worth)
    X, kept = _rows().astype(dtype), _evaluators()
    X[ROWS - 2, 3] = wrong
    with pytest.raises(InvalidInput, match=f"^row {ROWS - 2}, column 3 of X is {wrong}: leave the row out"):
        kept.outputs(PARAMETERS, X)
    assert np.isfinite(kept.outputs(PARAMETERS, _rows())).all()


def test_numbers_whose_squares_overflow_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", 0.0)
    X = _rows()
    X[7, 1] = 1e25
    kept = _evaluators()
    assert np.isfinite(kept.outputs(PARAMETERS, X)).all()
    assert np.isfinite(kept.outputs(PARAMETERS, X)).all()


def test_float64_that_float32_cannot_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", 0.0)
    X = _rows().astype(np.float64)
    X[7, 1] = 1e45
    with pytest.raises(InvalidInput, match="row 7, column 1 of X is 1e\\+45, more than float32 holds"):
        _evaluators().outputs(PARAMETERS, X)


@ENGINES
def test_threads_at_once_get_their_own_rows(worth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", worth)
    kept = _evaluators()
    wanted = [_evaluators().outputs(PARAMETERS, _rows(seed)) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(lambda seed: kept.outputs(PARAMETERS, _rows(seed)), range(8)))
    assert all(np.array_equal(a, b) for a, b in zip(got, wanted, strict=True))


@ENGINES
def test_a_copy_begins_without_what_was_kept(worth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", worth)
    kept = _evaluators()
    wanted = kept.outputs(PARAMETERS, _rows())
    for copied in (pickle.loads(pickle.dumps(kept)), deepcopy(kept)):
        assert not copied._kept
        assert np.array_equal(copied.outputs(PARAMETERS, _rows()), wanted)


@ENGINES
def test_programs_of_many_sizes_are_let_go(worth: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "WORTH_COMPILING_FORWARD", worth)
    kept = _evaluators()
    for rows in range(1, 3 * KEPT):
        found = kept.outputs(PARAMETERS, _rows(rows=rows))
        assert_close(found, _evaluators().outputs(PARAMETERS, _rows(rows=rows)), "engines in float32")
    (evaluators,) = kept._kept.values()
    assert len(evaluators[0]._programs) == KEPT  # type: ignore[attr-defined]
