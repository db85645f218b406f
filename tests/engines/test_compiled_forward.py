"""Many rows through the compiled engine: in chunks, by several threads, beside the NumPy engine."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Network, derive
from chainrule.engines import compiled_forward, threads
from chainrule.engines.compiled import CompiledEngine
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ShapeMismatch
from tolerances import assert_close

NETWORK = Network(30, [Dense(20, "tanh"), Dense(4, "softmax")])
PARAMETERS = initial_parameters(NETWORK, 1)
ROWS = 3 * compiled_forward.CHUNK + 77


def _data(rows: int = ROWS) -> Data:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(rows, 30)).astype(np.float32)
    return Data(X, np.eye(4)[rng.integers(0, 4, rows)], rng.uniform(0.5, 2, (rows, 1)))


def _lines() -> Derivation:
    return derive(NETWORK, "crossentropy", sample_weights=True)


@pytest.fixture(params=[1, 2, 3])
def threads_allowed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Every pass shared, by so many threads."""
    monkeypatch.setattr(compiled_forward, "WORTH_SHARING_ROWS", 0)
    monkeypatch.setattr(threads, "count_threads", lambda: request.param)
    return int(request.param)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 5, compiled_forward.CHUNK, ROWS])
def test_rows_shared_by_threads_are_the_numpy_engines(threads_allowed: int, rows: int, dtype: str) -> None:
    evaluator, data = CompiledEngine().evaluator(_lines(), dtype=dtype), _data(rows)
    got = evaluator(PARAMETERS, data)
    wanted = NumpyEngine().forward(_lines(), PARAMETERS, data, dtype=dtype)
    within = "rounding" if dtype == "float64" else "engines in float32"
    assert_close(got[0], wanted[0], within)
    assert_close(got[1], wanted[1], within)


def test_the_number_of_threads_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_forward, "WORTH_SHARING_ROWS", 0)
    found: list[Any] = []
    for allowed in (1, 2, 3):
        monkeypatch.setattr(threads, "count_threads", lambda allowed=allowed: allowed)
        outputs, loss = CompiledEngine().forward(_lines(), PARAMETERS, _data())
        found.append((outputs.tobytes(), loss))
    assert found[0] == found[1] == found[2]


def test_new_parameters_reach_every_thread(threads_allowed: int) -> None:
    evaluator = CompiledEngine().evaluator(_lines(), dtype="float64")
    evaluator(PARAMETERS, _data())
    others = initial_parameters(NETWORK, 2)
    wanted = NumpyEngine().forward(_lines(), others, _data(), dtype="float64")
    assert_close(evaluator(others, _data())[0], wanted[0], "rounding")


@pytest.mark.parametrize(("worth", "shares"), [(0, True), (10**15, False)])
def test_only_large_work_is_shared(worth: int, shares: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    shared: list[int] = []
    kept = compiled_forward.CompiledEvaluator._shared

    def counted(self: Any, *given: Any) -> Any:
        shared.append(1)
        return kept(self, *given)

    monkeypatch.setattr(compiled_forward, "WORTH_SHARING_ROWS", worth)
    monkeypatch.setattr(compiled_forward.CompiledEvaluator, "_shared", counted)
    CompiledEngine().forward(_lines(), PARAMETERS, _data())
    assert bool(shared) is shares


def test_an_error_in_another_thread_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled_forward, "WORTH_SHARING_ROWS", 0)
    monkeypatch.setattr(threads, "count_threads", lambda: 2)
    data = _data()
    with pytest.raises((ValueError, IndexError)):
        CompiledEngine().forward(_lines(), PARAMETERS, Data(data.X, data.y[: ROWS // 2], data.weights))


def test_callers_at_once_get_what_one_alone_gets() -> None:
    def outputs(seed: int) -> bytes:
        made, _ = CompiledEngine().forward(_lines(), initial_parameters(NETWORK, seed), _data())
        return made.tobytes()

    alone = [outputs(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(outputs, (1, 2))) == alone


@pytest.mark.parametrize("engine", [CompiledEngine(), NumpyEngine()])
@pytest.mark.parametrize("count", [1, 29, 31])
def test_a_single_row_of_another_length_is_refused(engine: Any, count: int) -> None:
    predict = engine.evaluator(_lines(), dtype="float32").single(PARAMETERS)
    with pytest.raises(
        ShapeMismatch, match=f"the network has 30 inputs: give a row of 30 numbers, not {count}"
    ):
        predict(np.zeros(count, np.float32))
    assert predict([0.0] * 30).shape == (4,)
