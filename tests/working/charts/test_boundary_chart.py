"""Decision boundaries with the hidden units' own lines."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.errors import InvalidInput
from chainrule.learning.datasets import load_dataset
from chainrule.learning.model import Model
from chainrule.learning.perceptron_task import perceptron_on_table
from chainrule.learning.tables import Table
from chainrule.learning.tasks import train_table
from chainrule.working.charts.boundary import decision_boundary
from chainrule.working.charts.chart import Panel, Series


def named(panel: Panel) -> dict[str, Series]:
    return {shown.name: shown for shown in panel.series}


def finite(values: tuple[float, ...]) -> np.ndarray:
    return np.array([value for value in values if math.isfinite(value)])


def trained(table: Table, **choices: object) -> Model:
    return train_table(table, table.names[-1], epochs=choices.pop("epochs", 30), **choices).model  # type: ignore[arg-type]


def test_four_perceptrons_and_a_fifth_that_joins_them() -> None:
    (panel,) = decision_boundary().panels
    lines = named(panel)
    assert [name for name in lines if name.startswith("hidden")] == [f"hidden unit {k}" for k in (1, 2, 3, 4)]
    for unit, (axis, at) in enumerate([("xs", -1), ("xs", 1), ("ys", -1), ("ys", 1)], start=1):
        assert finite(getattr(lines[f"hidden unit {unit}"], axis)) == pytest.approx(at, abs=0.04)
    inside = lines["inside"]
    assert max(map(abs, [*inside.xs, *inside.ys])) < 1
    border = lines["decision boundary"]
    assert np.abs(finite(border.xs)).max() == pytest.approx(1, abs=0.04)
    assert panel.cells is not None
    assert len(panel.cells.colours) == len(panel.cells.xs) - 1 == 120


def test_each_cell_has_the_class_that_the_model_predicts_there() -> None:
    table = load_dataset("moons")
    model = trained(table, layers=(4,))
    (panel,) = decision_boundary(model, table).panels
    cells = panel.cells
    assert cells is not None
    assert model.classes is not None
    for row, column in [(0, 0), (60, 60), (119, 3), (80, 110)]:
        x, y = ((edges[at] + edges[at + 1]) / 2 for edges, at in ((cells.xs, column), (cells.ys, row)))
        (label,) = model.predict_table(Table.from_columns({"x1": [x], "x2": [y]}, source="one"))
        assert model.classes[cells.colours[row][column]] == label


def test_points_are_where_the_table_has_them() -> None:
    table = load_dataset("moons")
    (panel,) = decision_boundary(trained(table, layers=(4,), epochs=1), table).panels
    lines = named(panel)
    rows = np.array([lines["lower"].xs, lines["lower"].ys])
    held = table.texts("class") == "lower"
    np.testing.assert_allclose(
        rows, [table.numbers("x1")[held], table.numbers("x2")[held]], rtol=1e-5, atol=1e-6
    )
    assert (panel.x.label, panel.y.label) == ("x1", "x2")


def test_a_hidden_units_line_is_where_its_weighted_sum_is_0() -> None:
    table = load_dataset("moons")
    model = trained(table, layers=(3,), epochs=2)
    assert model.encoding is not None
    (panel,) = decision_boundary(model, table).panels
    for unit in range(3):
        shown = named(panel)[f"hidden unit {unit + 1}"]
        points = Table.from_columns({"x1": finite(shown.xs), "x2": finite(shown.ys)}, source="line")
        x = model.encoding.features(points)
        z = x @ model.parameters["W1"][:, unit] + model.parameters["b1"][unit]
        assert np.abs(z).max() < 1e-5


def test_many_hidden_units_share_a_name() -> None:
    table = load_dataset("moons")
    (panel,) = decision_boundary(trained(table, layers=(9,), epochs=1), table).panels
    assert [s.name for s in panel.series if s.style == "thin"] == ["lines of 9 hidden units", *[""] * 8]


def test_three_classes_have_three_colours_and_no_single_border() -> None:
    rng = np.random.default_rng(0)
    middles = np.repeat([[0.0, 0.0], [9.0, 0.0], [4.0, 9.0]], 20, axis=0)
    xy = middles + rng.normal(0, 1, middles.shape)
    kinds = np.repeat(np.array(["p", "q", "r"], dtype=object), 20)
    table = Table.from_columns({"a": xy[:, 0], "b": xy[:, 1], "kind": kinds}, source="three")
    (panel,) = decision_boundary(trained(table, layers=(6,), epochs=200), table).panels
    assert "decision boundary" not in named(panel)
    assert panel.cells is not None
    assert {colour for row in panel.cells.colours for colour in row} == {0, 1, 2}


def test_other_inputs_are_refused(told: Callable[..., str]) -> None:
    table = load_dataset("iris")
    model = trained(table, epochs=1)
    assert told(InvalidInput, lambda: decision_boundary(model, table)) == (
        "a decision boundary is drawn for a model of two number columns, and this one has 4 inputs: "
        "train one on two columns"
    )


def test_a_model_that_predicts_numbers_is_refused(told: Callable[..., str]) -> None:
    table = Table.from_columns(
        {"a": np.arange(30.0), "b": np.arange(30.0) ** 2, "y": np.arange(30.0) / 7}, source="t"
    )
    model = trained(table, epochs=1)
    assert told(InvalidInput, lambda: decision_boundary(model, table)) == (
        "a decision boundary is drawn for a model that tells classes apart, and this one predicts numbers: "
        "train one with --task classify"
    )


def test_a_perceptrons_border_is_a_straight_line() -> None:
    table = load_dataset("moons")
    model = perceptron_on_table(table, "class", epochs=3)[0]
    (panel,) = decision_boundary(model, table).panels
    assert len(finite(named(panel)["decision boundary"].xs)) == 2
    assert not any(name.startswith("hidden") for name in named(panel))
