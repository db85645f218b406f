"""Exercises on shapes."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyEngine
from chainrule.working.exercises.dimensions import dimension_sheet
from chainrule.working.exercises.plan import plan_of


def shapes(notation: str, seed: int, layers: str = "3,4,2") -> dict[str, str]:
    sheet = dimension_sheet(plan_of(layers, kind="dimensions", notation=notation), seed)
    return {blank.spelled: blank.answer for blank in sheet.blanks if blank.key}


@pytest.mark.parametrize("seed", range(6))
def test_shapes_are_those_of_the_arrays_that_training_has(seed: int) -> None:
    plan = plan_of("3,4,2", kind="dimensions")
    sheet = dimension_sheet(plan, seed)
    samples = sheet.facts["samples"]
    values = {"x": np.ones((samples, 3)), "y": np.ones((samples, 2)), **initial_parameters(plan.network, 0)}
    step = NumpyEngine().run(plan.derivation, values)
    for blank in sheet.blanks[:-1]:
        array = np.atleast_2d(step.values[blank.key])
        assert blank.answer == " × ".join(map(str, array.shape)), blank.spelled


@pytest.mark.parametrize("seed", range(6))
def test_columns_turn_every_shape_over(seed: int) -> None:
    rows, columns = shapes("chainrule", seed), shapes("comp0087", seed)
    assert rows.keys() == columns.keys()
    for name, shape in rows.items():
        assert columns[name] == " × ".join(reversed(shape.split(" × ")))


@pytest.mark.parametrize("seed", range(6))
def test_the_batch_is_as_large_as_no_layer_so_that_a_turned_answer_shows(seed: int) -> None:
    sheet = dimension_sheet(plan_of("3,4,2", kind="dimensions"), seed)
    assert sheet.facts["samples"] not in (3, 4, 2)


def test_weights_and_their_gradients_are_asked_for_and_nothing_twice() -> None:
    sheet = dimension_sheet(plan_of("3,4,2", kind="dimensions"), 7)
    prompts = [blank.prompt for blank in sheet.blanks]
    assert "What shape is W²?" in prompts
    assert "What shape is ∂C/∂W¹?" in prompts
    assert len(set(prompts)) == len(prompts) == 13


def test_the_sheet_says_how_vectors_lie() -> None:
    rows = dimension_sheet(plan_of("3,2", kind="dimensions"), 1)
    columns = dimension_sheet(plan_of("3,2", kind="dimensions", notation="comp0087"), 1)
    assert rows.told[1] == "Vectors are rows: each sample is a row of the batch, and z = x W + b."
    assert columns.told[1] == "Vectors are columns: each sample is a column of the batch, and z = W x + b."
