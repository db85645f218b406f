"""Keys of exercises in every renderer: each line, read out of what is printed, multiplies out."""

from __future__ import annotations

from typing import Any

import pytest
from multiplying import wrong_lines
from readings import READERS

from chainrule.working.exercises.formats import sheets_of
from chainrule.working.exercises.maker import Maker
from chainrule.working.exercises.plan import plan_of
from chainrule.working.exercises.training import sheet_of

PLANS: tuple[dict[str, Any], ...] = (
    {"rounding": "round:3", "notation": "psyc681"},
    {"rounding": "truncate:4", "layers": "2,2,2,2,1", "activation": "tanh"},
    {"rounding": "significant:4", "rule": "adam", "passes": 2, "layers": "2,1"},
    {"rounding": "round:4", "activation": "relu", "layers": "2,3,1", "samples": 2},
    {"rounding": "round:5", "activation": "elu,softmax", "layers": "2,2,3", "notation": "comp0087"},
)


@pytest.mark.parametrize("format", READERS)
@pytest.mark.parametrize("asked", PLANS, ids=str)
def test_keys_multiply_out_as_they_are_printed(asked: dict[str, Any], format: str) -> None:
    exercise = Maker(plan_of(**asked)).exercise(7, tell_apart=False)
    working = sheet_of(exercise).working
    assert working is not None
    lines = [(line.numbers, line.relation, line.result) for line in READERS[format](working)]
    roundings = {line.key: exercise.calculation.rounding(line.key) for line in exercise.program}
    assert list(wrong_lines(lines, working, roundings)) == []


def test_a_perceptrons_key_is_in_every_renderer() -> None:
    made = next(iter(sheets_of(plan_of("2,1", kind="perceptron"), 7, 1))).working
    assert made is not None
    for read in READERS.values():
        assert [line.result for line in read(made)] == [step.result for step in made.steps]  # type: ignore[union-attr]
