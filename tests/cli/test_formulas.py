"""`chainrule formulas`: the list, a page for each entry, values at a point."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from commandline import chainrule, refused

from chainrule.cli.formulas import CATALOGUES, find_entries
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.expression import PRIMITIVES
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.writing import symbol_text

ENTRIES = sorted({name for catalogue in CATALOGUES.values() for name in catalogue})


def at(name: str, point: str) -> Any:
    ran = chainrule("formulas", name, "--at", point, "--json")
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)["at"]


def facts(name: str, *more: str) -> Any:
    ran = chainrule("formulas", name, "--json", *more)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)["entries"]


def test_the_list_names_every_entry_of_every_kind() -> None:
    ran = chainrule("formulas")
    assert ran.code == 0
    firsts = [line.split()[0] for line in ran.out.splitlines() if line.startswith("  ")]
    assert set(ENTRIES) <= set(firsts)
    assert f"made of {len(PRIMITIVES)} primitives" in ran.out.replace("\n", " ")


def test_the_list_as_json_has_each_formula() -> None:
    listed = json.loads(chainrule("formulas", "--json").out)
    assert listed["activation_functions"]["sigmoid"] == "1 / (1 + exp(-z))"
    assert listed["learning_rules"]["gradient_descent"] == "w - η · g"
    assert len(listed["primitives"]) == len(PRIMITIVES)


def test_the_list_can_be_latex() -> None:
    assert "\n  sigmoid  \\frac{1}{1 + \\exp(-z)}\n" in chainrule("formulas", "--form", "latex").out


@pytest.mark.parametrize("name", ENTRIES)
def test_every_page_fits_80_columns(name: str) -> None:
    ran = chainrule("formulas", name)
    assert (ran.code, ran.err) == (0, "")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert not any(line.endswith(" ") for line in ran.out.splitlines())


@pytest.mark.parametrize("form", ["text", "latex", "mathml"])
@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_is_json_in_every_form(name: str, form: str) -> None:
    assert name in [entry["name"] for entry in facts(name, "--form", form)]


def test_an_activation_shows_all_that_is_known_of_it() -> None:
    shown = chainrule("formulas", "leaky_relu(0.2)").out
    assert "f(z) = (z if z > 0 else α · z)" in shown
    assert "f′(z) = (1 if z > 0 else α)" in shown
    assert "parameters     alpha = 0.2" in shown
    assert "at z = 0, where the slope is taken as 0.2" in shown
    assert "Maas, Hannun & Ng 2013" in shown
    for label in ("range", "strengths", "weaknesses", "* f(z)   · f′(z)"):
        assert label in shown


def test_known_points_are_left_out_where_other_parameters_change_them() -> None:
    assert facts("leaky_relu")[0]["points"] != []
    assert facts("leaky_relu(0.2)")[0]["points"] == []


def test_an_unbounded_range_is_null() -> None:
    assert facts("relu")[0]["range"] == [0, None]


def test_a_loss_shows_its_textbook_and_its_fused_form() -> None:
    shown = chainrule("formulas", "bce").out
    assert "error = -(y · ln(p) + (1 - y) · ln(1 - p))" in shown
    assert "error = max(z, 0) - z · y + ln(1 + exp(-|z|))" in shown
    assert "∂error/∂z = a - y" in shown
    assert "* error for y = 1" in shown


def test_a_fused_form_that_is_the_textbook_form_is_not_shown_twice() -> None:
    assert "fused" not in chainrule("formulas", "mse").out


def test_a_rule_shows_its_assignments_in_order() -> None:
    shown = chainrule("formulas", "momentum").out
    assert shown.index("v ← μ · v + g") < shown.index("w ← w - η · v")
    assert "v starts from 0" in shown


def test_the_perceptron_rule_shows_bias_and_threshold() -> None:
    shown = chainrule("formulas", "perceptron").out
    for role, sign in (("bias     ", "+"), ("threshold", "-")):
        assert f"for a {role}  w ← w {sign} η · Σ_rows(y - {symbol_text('y_hat')})" in shown


def test_a_schedule_is_drawn_over_the_epochs() -> None:
    shown = chainrule("formulas", "cosine").out
    assert "* factor" in shown
    assert "50   epoch" in shown


def test_a_primitive_is_found_where_no_entry_has_its_name() -> None:
    assert facts("xlogy")[0]["value"] == "a · ln(b)"


def test_a_name_of_two_kinds_shows_both() -> None:
    assert [entry["kind"] for entry in facts("step")] == ["activation", "schedule"]


def test_a_specification_finds_only_what_takes_it() -> None:
    assert [kind for kind, _ in find_entries("step(threshold=0.5)")] == ["activation"]


def test_an_entry_of_ones_own_is_listed_shown_and_computed() -> None:
    activation("cubic", value=lambda z: z**3, slope=lambda z: 3 * z**2)
    try:
        assert "cubic" in chainrule("formulas").out
        assert "f′(z) = 3 · z²" in chainrule("formulas", "cubic").out
        assert at("cubic", "-2") == [{"z": -2.0, "value": -8.0, "slope": 12.0}]
    finally:
        ACTIVATIONS.remove("cubic")


def test_an_activation_at_a_negative_point() -> None:
    assert at("leaky_relu(0.5)", "-1.5") == [{"z": -1.5, "value": -0.75, "slope": 0.5}]
    assert chainrule("formulas", "relu", "--at", "-1.5").out.split() == [
        "z",
        "f(z)",
        "f′(z)",
        "-1.5",
        "0",
        "0",
    ]


def test_an_activation_at_several_points() -> None:
    assert [result["value"] for result in at("relu", "-1,0, 2")] == [0.0, 0.0, 2.0]


def test_a_loss_at_prediction_and_target() -> None:
    expected = {"p": 0.5, "y": 1.0, "value": LOSSES["bce"].value_at(0.5, 1.0), "slope": -2.0}
    assert at("bce", "0.5,1") == [expected]


def test_softmax_of_a_vector_has_its_jacobian() -> None:
    found = at("softmax", "2,-1.99,-0.01")
    a = np.exp([2, -1.99, -0.01])
    a /= a.sum()
    np.testing.assert_allclose(found["value"], a, rtol=1e-12)
    np.testing.assert_allclose(found["jacobian"], np.diag(a) - np.outer(a, a), rtol=1e-12)


def test_the_jacobian_is_printed_row_by_row() -> None:
    lines = chainrule("formulas", "softmax", "--at", "0,0").out.splitlines()
    assert [line.split() for line in lines] == [
        ["unit", "z", "a", "∂a/∂z1", "∂a/∂z2"],
        ["1", "0", "0.5", "0.25", "-0.25"],
        ["2", "0", "0.5", "-0.25", "0.25"],
    ]


def test_a_wide_jacobian_is_left_to_json() -> None:
    ran = chainrule("formulas", "softmax", "--at", "1,2,3,4,5,6,7,8")
    assert max(map(len, ran.out.splitlines())) <= 80
    assert "--json gives it" in ran.out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--at", "1"], "--at needs the name of a formula: give one, for example sigmoid"),
        (
            ["relu", "--at", "two"],
            '--at "two": "two" is not a finite number: write for example -1.5, or 2,-1,0.5 for several',
        ),
        (
            ["relu", "--at", "1,,2"],
            '--at "1,,2": "" is not a finite number: write for example -1.5, or 2,-1,0.5 for several',
        ),
        (
            ["relu", "--at", "1e999"],
            '--at "1e999": "1e999" is not a finite number: write for example -1.5, or 2,-1,0.5 for several',
        ),
        (
            ["relu", "--at", "nan"],
            '--at "nan": "nan" is not a finite number: write for example -1.5, or 2,-1,0.5 for several',
        ),
        (
            ["mse", "--at", "0.5"],
            "--at of the loss mse takes a prediction and a target, two numbers, not 1: write for example 0.8,1",
        ),
        (
            ["bce", "--at", "2,1"],
            "--at of the loss binary_crossentropy takes probabilities, but 2,1 are not both from 0 to 1: "
            "write for example 0.8,1",
        ),
        (
            ["softmax", "--at", "2"],
            "softmax needs the weighted sums of a whole layer, at least two: write for example 2,-1,0.5",
        ),
        (
            ["adam", "--at", "1"],
            "adam is computed by no single number: --at takes an activation function or a loss",
        ),
        (
            ["leaky_relu(x=1)"],
            'there is no parameter of leaky_relu called "x" (known: alpha)',
        ),
        (["--derive"], "--derive needs the name of a formula: give one, for example sigmoid"),
        (
            ["adam", "--derive"],
            "adam has no slope to derive: --derive takes an activation function or a loss",
        ),
        (["relu(1)"], "relu takes 0 parameters (none), not 1: leave the others out"),
        (["leaky_relu(0.2"], '"leaky_relu(0.2" cannot be read: write it as name(parameter=number, …)'),
    ],
)
def test_a_wrong_request_is_one_sentence(arguments: list[str], sentence: str) -> None:
    assert refused("formulas", *arguments) == sentence


@pytest.mark.parametrize(
    ("typed", "meant"), [("sigmiod", "sigmoid"), ("adamm", "adam"), ("cosin", "cosine"), ("rmes", "rmse")]
)
def test_an_unknown_name_is_answered_from_all_kinds(typed: str, meant: str) -> None:
    assert refused("formulas", typed).startswith(
        f'there is no formula called "{typed}": did you mean "{meant}"?'
    )


def test_the_slope_of_the_sigmoid_is_derived_as_in_a_lecture() -> None:
    told = chainrule("formulas", "sigmoid", "--derive").out
    forms = ["exp(-z) / (1 + exp(-z))²", "1 / (1 + exp(-z)) · exp(-z) / (1 + exp(-z))", "= a · (1 - a)"]
    places = [told.index(form) for form in forms]
    assert places == sorted(places)
    assert max(map(len, told.splitlines())) <= 80


def test_the_derivation_of_a_slope_as_json_ends_with_the_declared_one() -> None:
    made = json.loads(chainrule("formulas", "tanh", "--derive", "--json").out)
    assert made["agrees"]
    assert made["steps"][-1]["form"] == "1 - a²"


def test_deriving_at_a_point_is_refused() -> None:
    assert refused("formulas", "sigmoid", "--derive", "--at", "3") == (
        "--derive writes formulas, and --at computes numbers: give one of them"
    )


def test_the_root_of_two_is_derived_by_its_name() -> None:
    out = chainrule("formulas", "gelu", "--derive").out
    assert "gelu(z) = z / 2 · erfc(-z / sqrt(2))" in out
    assert "1.414" not in out
