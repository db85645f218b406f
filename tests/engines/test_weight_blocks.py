"""The gradients of large weights, put off to the update and computed block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Derivation, Network, derive
from chainrule.engines import weight_blocks
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Data, Slice
from chainrule.engines.initial import initial_parameters
from chainrule.engines.kernels import Section
from chainrule.engines.numpy import NumpyTrainer
from tolerances import assert_close

NETWORK = Network(9, [Dense(21, "relu"), Dense(17, "tanh"), Dense(3, "softmax")])
ROWS, BATCH = 22, 8


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every matrix counts as large, and has several blocks."""
    monkeypatch.setattr(weight_blocks, "LARGE", 0)
    monkeypatch.setattr(weight_blocks, "BLOCK", 512)


def _data(scale: float = 1.0) -> Data:
    rng = np.random.default_rng(5)
    return Data(rng.normal(size=(ROWS, 9)) * scale, rng.integers(0, 3, (ROWS, 1)))


def _trained(
    kind: Any, derivation: Derivation, data: Data, dtype: str = "float64", epochs: int = 2
) -> tuple[Any, list[Slice]]:
    trainer = kind(derivation, initial_parameters(NETWORK, 1), data, dtype=np.dtype(dtype), key=0)
    order = np.random.default_rng(2).permutation(ROWS)
    return trainer, [trainer.steps(order, BATCH, 0, 0.01, 1e9, lambda: False) for _ in range(epochs)]


def _derived(rule: str = "adam", **options: Any) -> Derivation:
    return derive(NETWORK, "crossentropy", rule, integer_targets=True, **options)


def _assert_trained_alike(derivation: Derivation, data: Data, dtype: str = "float64") -> CompiledTrainer:
    got, slices = _trained(CompiledTrainer, derivation, data, dtype)
    wanted, plain = _trained(NumpyTrainer, derivation, data, dtype)
    within = "rounding" if dtype == "float64" else "engines in float32"
    for mine, theirs in ((got.parameters(), wanted.parameters()), (got.state(), wanted.state())):
        for symbol, value in theirs.items():
            assert_close(mine[symbol], value, within)
    for mine_, theirs_ in zip(slices, plain, strict=True):
        assert_close(mine_.squares, theirs_.squares, within)
        assert_close(mine_.loss, theirs_.loss, within)
    assert isinstance(got, CompiledTrainer)
    return got


def _put_off(trainer: CompiledTrainer) -> set[str]:
    return set(trainer._workspace.programs[BATCH][0].put_off)


@pytest.mark.parametrize("rule", ["sgd", "momentum", "adam", "rmsprop", "adagrad"])
def test_parameters_state_and_gradient_lengths_are_the_numpy_engines(rule: str) -> None:
    trainer = _assert_trained_alike(_derived(rule), _data())
    assert _put_off(trainer) == {"dW1", "dW2", "dW3"}


def test_gradients_that_other_lines_read_are_not_put_off() -> None:
    assert not _put_off(_assert_trained_alike(_derived(clip_norm=0.05), _data()))
    assert not _put_off(_assert_trained_alike(_derived(l2=0.01), _data()))


def test_gradients_without_a_known_bound_are_computed_first() -> None:
    """Inputs of 1e16 make the bound too great, though the step is finite."""
    network = Network(9, [Dense(21, "relu"), Dense(3, "softmax")])
    derivation, data = derive(network, "crossentropy", "sgd", integer_targets=True), _data(1e16)
    made: list[Any] = []
    for kind in (CompiledTrainer, NumpyTrainer):
        trainer: Any = kind(
            derivation, initial_parameters(network, 1), data, dtype=np.dtype("float32"), key=0
        )
        found = trainer.steps(np.arange(ROWS), BATCH, 0, 0.01, 0.0, lambda: True)
        assert (found.batches, found.bad) == (1, False)
        made.append(trainer)
    compiled, plain = made
    assert compiled._workspace.programs[BATCH][0].sections[Section.BLOCKS]
    assert np.abs(compiled._arena.views["dW1"]).max() > 0, "computed, and kept, apart from the update"
    for name, value in plain.parameters().items():
        assert_close(compiled.parameters()[name], value, "engines in float32")


def test_a_step_that_is_not_finite_leaves_the_parameters_as_they_were() -> None:
    data = _data()
    data.X[:] = np.finfo(np.float32).max
    trainer, (taken, *_) = _trained(CompiledTrainer, _derived(), data, "float32", epochs=1)
    start = initial_parameters(NETWORK, 1)
    assert taken.bad
    assert taken.batches == 0
    for name, value in trainer.parameters().items():
        np.testing.assert_array_equal(value, start[name].astype(np.float32))


def test_blocks_cover_every_row_once() -> None:
    rows = [n for part in weight_blocks.blocks_of(23, 100) for n in range(part.start, part.stop)]
    assert rows == list(range(23))


def test_a_recorded_step_has_the_bits_of_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weight_blocks, "BLOCK", 2**18)
    network = Network(300, [Dense(250, "tanh"), Dense(1, "identity")])
    derivation = derive(network, "mse", "sgd")
    rng = np.random.default_rng(1)
    data = Data(rng.normal(size=(24, 300)), rng.normal(size=(24, 1)))
    trainer = CompiledTrainer(
        derivation, initial_parameters(network, 1), data, dtype=np.dtype("float64"), key=0
    )
    before = trainer.parameters()
    trainer.steps(None, 24, 0, 0.01, 0.0, lambda: False)
    after = trainer.parameters()
    trainer.load(before, {}, 0)
    recorded = trainer.last_step().updated
    for name, value in after.items():
        assert np.asarray(recorded[name]).tobytes() == value.tobytes()
