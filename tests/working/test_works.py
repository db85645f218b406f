"""`work`: networks, examples and steps of runs worked out, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule import Table, train, train_table
from chainrule.derivation import Dense, Dropout, Network
from chainrule.errors import ChainruleError, ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.working.document import MatrixStep, Step
from chainrule.working.works import work, work_example

Told = Callable[[type[ChainruleError], Callable[[], object]], str]
NET = Network(2, [Dense(2, "tanh"), Dense(1, "sigmoid")])
CLASSES = Network(2, [Dense(2, "tanh"), Dense(3, "softmax")])
LARGE = Network(30, [Dense(40, "tanh"), Dense(1, "sigmoid")])
X, Y = [[1, 2], [0.5, 0.5]], [[1], [0]]
LARGE_X, LARGE_Y = np.random.default_rng(0).normal(size=(5, 30)), np.ones((5, 1))


def test_a_small_network_is_worked_number_by_number() -> None:
    working = work(NET, X, Y, loss="mse", rate=0.1)
    assert working.by == "numpy, float64"
    assert [phase.name for phase in working.phases] == ["feedforward", "loss", "backpropagation", "update"]
    assert all(isinstance(step, Step) for step in working.steps)
    assert working.certificate is not None
    assert working.certificate.error < 1e-6
    assert working.heading == (f"{NET}, 2 samples", "loss: mse", "rule: gradient descent, η = 0.1")


def test_a_large_network_is_worked_as_matrices() -> None:
    working = work(LARGE, LARGE_X, LARGE_Y, loss="mse", rate=0.1)
    assert all(isinstance(step, MatrixStep) for step in working.steps)
    assert working["W1[30,40]"].steps[-1].key == "W1[30,40]@2"
    told = {given.name.text: given.written for given in working.given}
    assert told["η"] == "0.1"
    still = work(LARGE, LARGE_X, LARGE_Y, loss="mse", rate=1e-300)["W1[3,4]"].value
    assert working["W1[3,4]"].value == pytest.approx(still - 0.1 * working["dW1[3,4]"].value, rel=1e-12)


def test_with_a_rounding_the_pencil_works() -> None:
    working = work(NET, X, Y, loss="mse", rounding="round:3")
    assert working.by == "pencil"
    assert working["z1[1,1]"].result == f"{working['z1[1,1]'].value:.3f}"


def test_without_a_loss_it_is_a_feedforward_pass() -> None:
    working = work(NET, X)
    assert [phase.name for phase in working.phases] == ["feedforward"]
    assert working.certificate is None


def test_weights_that_are_not_given_are_drawn_from_the_seed() -> None:
    assert float(work(NET, X, seed=1)["a2[1,1]"]) != float(work(NET, X, seed=2)["a2[1,1]"])
    assert float(work(NET, X, seed=1)["a2[1,1]"]) == float(work(NET, X, seed=1)["a2[1,1]"])


def test_parameters_may_be_given_by_name() -> None:
    working = work(NET, X, parameters={"W1": np.ones((2, 2)), "b1": [Decimal("0.10"), 0]}, rounding="exact")
    assert float(working["z1[1,1]"]) == 3.1
    assert "0.10" in [given.written for given in working.given]


def test_what_is_drawn_beside_given_parameters_is_told() -> None:
    told = "not given, so drawn from seed 3: W2"
    assert work(NET, X, parameters={"W1": np.ones((2, 2))}, seed=3).heading[-1] == told
    assert work(LARGE, LARGE_X, parameters={"W1": np.ones((30, 40))}, seed=3).heading[-1] == told


def test_targets_over_classes_may_be_their_numbers() -> None:
    rows = work(CLASSES, X, [[0, 0, 1], [1, 0, 0]], loss="crossentropy")
    for numbers in ([2, 0], [[2], [0]], np.array([2, 0])):
        assert work(CLASSES, X, numbers, loss="crossentropy")["C"].value == pytest.approx(rows["C"].value)


def test_a_models_step_is_worked_on_rows_and_on_a_table() -> None:
    model = train(NET, X, [1, 0], loss="binary_crossentropy", epochs=1).model
    working = work(model, X, [1, 0])
    assert float(working["C"]) == pytest.approx(model.evaluate(X, [1, 0])["loss"])
    assert [phase.name for phase in work(model, X).phases] == ["feedforward"]
    assert work(model, X, [1, 0], rounding="round:3").by == "pencil"


def test_a_models_inputs_are_called_by_their_columns() -> None:
    table = Table.from_columns(
        {"age": [20.0, 40.0, 60.0], "job": ["cook", "clerk", "cook"], "paid": ["no", "yes", "no"]}, source="t"
    )
    model = train_table(table, target="paid", layers=(2,), epochs=1, test=None).model
    for rounding in (None, "round:3"):
        working = work(model, table.take(np.array([0])), rounding=rounding)
        names = [given.name.text for given in working.given if given.key.startswith("x")]
        assert names == ["x[1] (age, standardised)", "x[2] (job=clerk)", "x[3] (job=cook)"]
        told = [given.name.text for given in working["z1[1,1]"].given]
        assert "x[1] (age, standardised)" in told
        assert any("the rule starts afresh here" in line for line in working.heading)


def test_a_network_file_is_no_example(tmp_path: Path) -> None:
    file = tmp_path / "lecture.toml"
    file.write_text("inputs = 2\n[[layers]]\nunits = 1\n")
    with pytest.raises(
        ConfigError, match=r'lecture\.toml" is a network file, which has no numbers to work on: '
    ):
        work(file)


def test_where_a_rounding_loses_the_loss_one_sentence_says_why() -> None:
    working = work_example("comp0087-2-2-1", "round:0")
    told = [step for step in working.steps if isinstance(step, Step) and "this rounding" in step.reason]
    assert len(told) == 1
    assert "this rounding makes c = 1, so " in told[0].reason
    assert told[0].reason.endswith(" has no finite value, nor has what is made of it")
    assert told[0].result in ("∞", "-∞", "not a number")


def test_a_step_that_a_rounding_divides_by_almost_nothing_is_told() -> None:
    facts = {"loss": "mse", "rule": "adam"}
    working = work(NET, [[0.01, 0.02]], [[0.6]], rounding="round:3", seed=1, **facts)
    assert sum("so the step is divided by almost nothing" in step.reason for step in working.steps) == 1
    fine = work(NET, [[0.01, 0.02]], [[0.6]], rounding="significant:4", seed=1, **facts)
    assert not any("this rounding" in step.reason for step in fine.steps)


def test_a_working_holds_the_numbers_it_can_be_asked_for() -> None:
    working = work_example("psyc681-2-2-1")
    assert ("w5" in working, "w9" in working, 5 in working) == (True, False, False)
    assert list(working) == list(working.steps)


def test_what_a_rule_keeps_starts_from_a_plain_0() -> None:
    given = work(NET, X, Y, loss="mse", rule="adam").given
    assert {each.written for each in given if each.key.startswith(("m_", "v_"))} == {"0"}


def test_what_is_no_number_is_what_the_printed_numbers_come_to() -> None:
    steps = work_example("comp0087-2-2-1", "round:0").steps
    lost = [step for step in steps if isinstance(step, Step) and step.result in ("∞", "not a number")]
    assert lost
    assert {step.relation for step in lost} == {"="}


def test_a_saturated_sigmoid_is_not_1_precisely() -> None:
    network = Network(1, [Dense(1, "sigmoid", bias=False, weights=[[130]])])
    step = work(network, [[1]], rounding="round:3").steps[-1]
    assert isinstance(step, Step)
    assert (step.result, step.relation) == ("1.000", "≈")


def test_passes_carry_parameters_and_state_over() -> None:
    one = work(NET, X, Y, loss="mse", rule="momentum", rate=0.5)
    two = work(NET, X, Y, loss="mse", rule="momentum", rate=0.5, passes=2)
    new = {
        name: [[float(one[f"{name}[{i},{j}]"]) for j in (1, 2)[:n]] for i in (1, 2)]
        for name, n in (("W1", 2), ("W2", 1))
    }
    new |= {"b1": [float(one[f"b1[{j}]"]) for j in (1, 2)], "b2": [float(one["b2[1]"])]}
    again = work(NET, X, Y, loss="mse", rule="momentum", rate=0.5, parameters=new)
    assert float(two["C@2"]) == float(again["C"])
    assert float(two["W1[1,1]@2"]) != float(again["W1[1,1]"])


@pytest.mark.parametrize("rounding", [None, "round:4"])
def test_dropouts_masks_are_the_engines(rounding: str | None) -> None:
    dropout = Network(2, [Dense(6, "tanh"), Dropout(0.5), Dense(1, "sigmoid")])
    working = work(dropout, X, Y, loss="mse", passes=2, rounding=rounding)
    masks = [working[f"m1[{n},{k}]"].value for n in (1, 2) for k in range(1, 7)]
    later = [working[f"m1[{n},{k}]@2"].value for n in (1, 2) for k in range(1, 7)]
    assert {*masks, *later} == {0, 2}
    assert masks != later
    assert working.certificate is not None
    assert working.certificate.error < (1e-6 if rounding is None else 1.01)


def test_samples_may_have_weights() -> None:
    working = work(NET, X, Y, loss="mse", sample_weights=[1, 3])
    assert working.certificate is not None
    assert working.certificate.error < 1e-6
    plain = work(NET, [X[0]], [Y[0]], loss="mse")["C"].value, work(NET, [X[1]], [Y[1]], loss="mse")["C"].value
    assert working["C"].value == pytest.approx((plain[0] + 3 * plain[1]) / 4)


def test_targets_of_one_output_may_be_a_plain_list() -> None:
    assert float(work(NET, X, [1, 0], loss="mse")["C"]) == float(work(NET, X, Y, loss="mse")["C"])


def test_rows_may_be_arrays_of_any_kind() -> None:
    wanted = float(work(NET, X)["a2[2,1]"])
    for given in (
        np.array(X),
        np.array(X, dtype="float32"),
        [np.array(row) for row in X],
        tuple(map(tuple, X)),
    ):
        assert float(work(NET, given)["a2[2,1]"]) == wanted


def test_decimals_keep_their_digits() -> None:
    working = work(NET, [[Decimal("0.50"), 2]], rounding="round:3")
    assert "0.50" in [given.written for given in working.given]


def test_a_fused_head_comes_to_the_same_as_factor_by_factor() -> None:
    rows = [[1, 0, 0], [0, 1, 0]]
    fused = work(CLASSES, X, rows, loss="crossentropy", fused=True)
    apart = work(CLASSES, X, rows, loss="crossentropy", fused=False)
    for name in ("dW1[2,1]", "dW2[1,3]", "db2[2]"):
        assert fused[name].value == pytest.approx(apart[name].value, rel=1e-12)


def test_an_example_is_worked_by_name() -> None:
    assert work("psyc681-2-2-1", rounding="round:4")["z1"].result == "0.4700"
    assert work_example("psyc681-2-2-1").certificate is not None


def test_an_overflow_is_worked_and_certified_by_nobody() -> None:
    working = work(Network(1, [Dense(1, weights=[[1e200]])]), [[1e200]], [[1]], loss="mse")
    assert (working["C"].result, working.certificate) == ("∞", None)


# --- what is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "facts", "message"),
    [
        (
            ConfigError,
            {"x": None},
            "a working needs numbers to work on: give x, a row of 2 numbers for each sample",
        ),
        (ConfigError, {"y": None}, "a working needs numbers to work on: give y, one number for each sample"),
        (
            ShapeMismatch,
            {"x": [[1, 2], [1]]},
            "a row of x has 1 number: give x, a row of 2 numbers for each sample",
        ),
        (
            ShapeMismatch,
            {"x": [[1, 2, 3]]},
            "a row of x has 3 numbers: give x, a row of 2 numbers for each sample",
        ),
        (ShapeMismatch, {"x": [1, 2]}, "x must be a table: give x, a row of 2 numbers for each sample"),
        (ShapeMismatch, {"x": "abc"}, "x must be a table: give x, a row of 2 numbers for each sample"),
        (ShapeMismatch, {"x": []}, "x must be a table: give x, a row of 2 numbers for each sample"),
        (InvalidInput, {"x": [[1, float("nan")]]}, "x must hold finite numbers, but one is nan"),
        (
            InvalidInput,
            {"x": [[1, Decimal("sNaN")]]},
            "x must hold finite numbers, but one is Decimal('sNaN')",
        ),
        (
            InvalidInput,
            {"x": [[1, 10**400]]},
            "x must hold numbers up to 1.8e308 in size, but one is 1.00e+400",
        ),
        (
            InvalidInput,
            {"x": [[1, Decimal("-1e400")]], "rounding": "round:3"},
            "x must hold numbers up to 1.8e308 in size, but one is -1e+400",
        ),
        (
            ConfigError,
            {"rate": 10**400},
            "the learning rate must be above 0 and finite, not 1.00e+400: give for example 0.01",
        ),
        (InvalidInput, {"x": [["1", "2"]]}, "x must hold finite numbers, but one is '1'"),
        (InvalidInput, {"x": [[True, 2]]}, "x must hold finite numbers, but one is True"),
        (InvalidInput, {"y": ["a", "b"]}, "y must hold finite numbers, but one is 'a'"),
        (ShapeMismatch, {"y": [[1]]}, "x has 2 rows but y has 1: give y, one number for each sample"),
        (
            ShapeMismatch,
            {"y": [[1, 2], [3, 4]]},
            "a row of y has 2 numbers: give y, one number for each sample",
        ),
        (
            ConfigError,
            {"rate": 0},
            "the learning rate must be above 0 and finite, not 0: give for example 0.01",
        ),
        (
            ConfigError,
            {"rate": "a"},
            "the learning rate must be above 0 and finite, not 'a': give for example 0.01",
        ),
        (ConfigError, {"passes": 0}, "passes are a whole number, at least 1, not 0"),
        (ConfigError, {"passes": 2.5}, "passes are a whole number, at least 1, not 2.5"),
        (ConfigError, {"seed": "a"}, "the seed is a whole number from 0 on, not 'a'"),
        (
            UnknownName,
            {"parameters": {"W9": [[1]]}},
            'there is no parameter called "W9" (known: W1, W2, b1, b2)',
        ),
        (
            ShapeMismatch,
            {"parameters": {"W1": [[1, 2], [3]]}},
            "W1 must have shape (2, 2), and has not: give it all its numbers",
        ),
        (InvalidInput, {"parameters": {"b1": ["a", 1]}}, "b1 must hold finite numbers, but one is 'a'"),
        (
            InvalidInput,
            {"parameters": [1]},
            'parameters are numbers by name, such as {"W1": [[0.5]]}, not [1]',
        ),
        (
            InvalidInput,
            {"loss": "binary_crossentropy", "y": [0.3, 7]},
            "row 1, column 0 of y is 7: binary_crossentropy needs targets from 0 to 1",
        ),
        (
            ConfigError,
            {"sample_weights": True},
            "a working needs numbers to work on: give sample_weights, one number for each sample",
        ),
    ],
)
def test_bad_input_is_told_in_a_sentence(told: Told, kind: Any, facts: dict[str, Any], message: str) -> None:
    given = {"x": X, "y": Y, "loss": "mse", **facts}
    assert told(kind, lambda: work(NET, given.pop("x"), given.pop("y"), **given)) == message


def test_unknown_names_are_told_with_the_known_ones(told: Told) -> None:
    assert 'did you mean "mse"' in told(UnknownName, lambda: work(NET, X, Y, loss="msee"))
    assert 'did you mean "sgd"' in told(UnknownName, lambda: work(NET, X, Y, loss="mse", rule="sgdd"))
    assert told(UnknownName, lambda: work(NET, X, Y, loss="mse", l3=1)).startswith(
        'there is no setting called "l3"'
    )
    assert told(UnknownName, lambda: work("psyc")).startswith('there is no example called "psyc"')
    assert told(UnknownName, lambda: work(NET, X, Y, loss="mse", chain="nope")) == (  # type: ignore[arg-type]
        'there is no way of writing gradients called "nope" (known: deltas, paths)'
    )
    assert told(UnknownName, lambda: work(NET, X, notation="nope")).startswith("there is no notation")


def test_a_class_that_is_none_is_told(told: Told) -> None:
    refused = told(InvalidInput, lambda: work(CLASSES, X, [1, 7], loss="crossentropy", integer_targets=True))
    assert refused == "row 1 of y is 7: with 3 outputs a class is a whole number from 0 to 2"


def test_matrices_have_neither_passes_nor_paths(told: Told) -> None:
    ending = ": take a smaller one, or fewer samples"
    assert told(ConfigError, lambda: work(LARGE, LARGE_X, LARGE_Y, loss="mse", passes=2)) == (
        f"a network with so many numbers is worked as matrices, which have no passes above 1{ending}"
    )
    assert told(ConfigError, lambda: work(LARGE, LARGE_X, LARGE_Y, loss="mse", chain="paths")) == (
        f'a network with so many numbers is worked as matrices, which have no gradients along "paths"{ending}'
    )


def test_what_would_be_passed_over_is_refused(told: Told) -> None:
    assert told(ConfigError, lambda: work("psyc681-2-2-1", X, loss="mse")) == (
        "an example has its own numbers and settings: leave out x, loss"
    )
    run = train(NET, np.array(X), np.array([1, 0]), loss="mse", epochs=1)
    assert told(ConfigError, lambda: work(run.at(epoch=1), rounding="round:3")) == (
        "a step of a run has its own numbers and settings: leave out rounding"
    )


def test_what_cannot_be_worked_is_told(told: Told) -> None:
    assert told(InvalidInput, lambda: work(5)) == (  # type: ignore[arg-type]
        "a working is of a Network, of an example by name or file, of a step of a run, run.at(…), or of a Model, "
        "not of 5"
    )
