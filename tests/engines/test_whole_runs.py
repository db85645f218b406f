"""Whole runs of 100 epochs: the compiled engine's end where the NumPy engine's do.

The order of sums alone moves some runs far apart, so a case counts where the NumPy engine agrees with itself
when its sums are taken in reverse order; there the compiled engine must agree with it, too. The cases hold
every pair of choices of the grid.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from coverings import CHOICES, Case, covering
from numpy.typing import NDArray
from parity import COMPILED, KEY, PLAIN, data_for

from chainrule.engines import program
from chainrule.engines.engine import Engine, EpochsTrainer
from chainrule.engines.initial import initial_parameters
from chainrule.formulas.expression import Primitive
from tolerances import TOLERANCE

ROWS, BATCH, EPOCHS, RATE = 14, 8, 100, 0.01
# Of every activation's cases; those that jump (step) or have kinks are held to it as well.
LEAST = 0.8

Numbers = dict[str, NDArray[Any]]


def _matmul(a: Any, b: Any, out: Any = None) -> Any:
    return np.dot(np.ascontiguousarray(a[:, ::-1]), np.ascontiguousarray(b[::-1]), out)


REVERSED: dict[str, Callable[..., Any]] = {
    "matmul": _matmul,
    "column_sum": lambda a, out=None: np.add.reduce(a[::-1], 0, out=out),
    "row_sum": lambda a, out=None: np.add.reduce(a[:, ::-1], 1, keepdims=True, out=out),
}


def _add_up(numbers: list[Any], result: int, array: Any) -> None:
    numbers[result] = float(np.add.reduce(array.reshape(-1)[::-1], None, np.float64))


@pytest.fixture
def in_reverse(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    """Switches the NumPy engine's sums over inputs, units and samples to the reverse order, and back."""
    spelling, add_up = program.numpy_spelling, program._add_up

    def chosen(primitive: Primitive) -> Callable[..., Any]:
        return REVERSED.get(primitive.name) or spelling(primitive)

    def switch(on: bool) -> None:
        monkeypatch.setattr(program, "numpy_spelling", chosen if on else spelling)
        monkeypatch.setattr(program, "_add_up", _add_up if on else add_up)

    return switch


def orders() -> NDArray[np.intp]:
    return np.stack([np.random.default_rng(epoch).permutation(ROWS) for epoch in range(EPOCHS)])


def end_of_run(case: Case, engine: Engine) -> Numbers:
    """Parameters, the rule's state and the losses after 100 epochs."""
    lines = case.lines
    start = initial_parameters(case.network, 1)
    trainer = engine.trainer(lines, start, data_for(lines, ROWS), dtype="float64", key=KEY)
    assert trainer.engine == engine.name
    if isinstance(trainer, EpochsTrainer):
        sums, rest = trainer.epochs(orders(), BATCH, [RATE] * EPOCHS, 600.0, lambda: False)
        assert rest is None
        losses = sums[:, 0]
    else:
        slices = [trainer.steps(order, BATCH, 0, RATE, 600.0, lambda: False) for order in orders()]
        assert not any(each.bad for each in slices)
        losses = np.array([each.loss for each in slices])
    return {**trainer.parameters(), **trainer.state(), "losses": losses}


def distance(got: Numbers, wanted: Numbers) -> float:
    """The largest difference, each beside the largest number of its array."""
    assert got.keys() == wanted.keys()
    return max(
        float(np.max(np.abs(got[name] - wanted[name])) / max(np.max(np.abs(wanted[name])), 1e-3))
        for name in wanted
    )


@pytest.mark.parametrize("activation", CHOICES["activation"])
def test_whole_runs_are_the_numpy_engines(activation: str, in_reverse: Callable[[bool], None]) -> None:
    cases = [case for case in covering() if case.activation == activation]
    steady, moved = 0, []
    for case in cases:
        in_reverse(False)
        wanted = end_of_run(case, PLAIN)
        in_reverse(True)
        itself = distance(end_of_run(case, PLAIN), wanted)
        in_reverse(False)
        if itself > TOLERANCE["whole run"]:
            continue
        steady += 1
        if (apart := distance(end_of_run(case, COMPILED), wanted)) > TOLERANCE["whole run"]:
            moved.append(f"{case}: {apart:.2g}, where the NumPy engine is {itself:.2g} from itself")
    assert not moved, "\n".join(moved)
    assert steady >= LEAST * len(cases), f"only {steady} of {len(cases)} cases are steady"


CASE = Case("tanh", "crossentropy", "adam", "none", 0.0, None, 0.0)


def test_sums_in_reverse_order_change_the_last_bits_only(in_reverse: Callable[[bool], None]) -> None:
    forwards = end_of_run(CASE, PLAIN)
    assert distance(end_of_run(CASE, PLAIN), forwards) == 0
    in_reverse(True)
    assert 0 < distance(end_of_run(CASE, PLAIN), forwards) <= TOLERANCE["whole run"]


def test_the_comparison_of_runs_can_fail() -> None:
    wanted = end_of_run(CASE, PLAIN)
    slightly = Case("tanh", "crossentropy", "adam", "none", 1e-7, None, 0.0)
    assert distance(end_of_run(slightly, COMPILED), wanted) > TOLERANCE["whole run"]
