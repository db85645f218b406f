"""Formulas that a sheet states of the catalogue's functions, of a unit and of GloVe's cost."""

from __future__ import annotations

import pytest

from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.writing import text
from chainrule.working.marking.answers import Answer, Marked
from chainrule.working.marking.claims import Claim
from chainrule.working.marking.formula_claims import mark_formula_claims

TILDE = "\u0303"
J = f"f(X_ij) (w_i · w{TILDE}_j + b_i + b{TILDE}_j − log X_ij)²"


def marked(stated: dict[str, str]) -> list[Marked]:
    return mark_formula_claims(
        [
            Claim("formulas", name, Answer(f"formula of {name}", written, "", where='"a.toml"'))
            for name, written in stated.items()
        ]
    )


def verdict(name: str, written: str) -> str:
    return marked({name: written})[0].verdict


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("σ(x)", "1/(1 + e^-x)"),
        ("tanh(z)", "(e^z - e^-z)/(e^z + e^-z)"),
        ("ReLU(z)", "max(0, z)"),
        ("leaky_relu(z)", "z if z > 0 else 0.01 z"),
        ("leaky_relu(z)", "z if z > 0 else α z"),
        ("dσ/dx", "σ(x)(1 - σ(x))"),
        ("σ'(z)", "exp(-z)/(1 + exp(-z))^2"),
        ("d/dz tanh(z)", "1 - tanh(z)^2"),
        ("mse(y, ŷ)", "(y - ŷ)^2"),
        ("d half_squared_error/dŷ", "ŷ - y"),
        ("binary_crossentropy(c, y)", "-y ln c - (1 - y) ln(1 - c)"),
        ("z", "x · w + b"),
        ("z", "wᵀx + b"),
        ("z", "x1 w1 + x2 w2 + x3 w3 + b"),
        ("z", "x0 w0 + x1 w1"),
        ("J", J),
        ("J", f"Σ_{{i,j=1}}^V {J}"),
        ("J", r"\sum_{i,j=1}^V f(X_{ij}) (\vec{w}_i^\top \tilde{w}_j + b_i + \tilde{b}_j - \log X_{ij})^2"),
    ],
)
def test_a_right_formula_is_exact_however_it_is_written(name: str, written: str) -> None:
    assert verdict(name, written) == "exact"


@pytest.mark.parametrize("name", [n for n in ACTIVATIONS if ACTIVATIONS[n].elementwise and n != "tanh"])
def test_every_activation_as_the_catalogue_writes_it_is_exact(name: str) -> None:
    function = ACTIVATIONS[name]
    written = text(function.definition.tree)
    assert verdict(f"{name}(z)", written) == "exact"


@pytest.mark.parametrize(
    ("name", "written", "slip"),
    [
        ("σ(x)", "1/(1 - exp(-x))", "sign of term 2 of σ(x)"),
        ("σ'(z)", "z(1 - z)", "slope taken at z, not σ(z)"),
        ("relu(z)", "z", "no activation: z used for relu(z)"),
        ("d mse/dŷ", "ŷ - y", "dmse/dŷ half as large: a 2 forgotten, or a ½ too many"),
        (
            "z",
            "x · w",
            "bias b left out, or inside x and w as the weight of a constant input 1: say which",
        ),
        ("z", "x · w - b", "sign of b"),
        ("J", J.replace("− log", "+ log"), "J: + for −"),
        ("J", J.replace("f(X_ij) ", ""), "f left out"),
        (
            "J",
            J.replace(f"w{TILDE}_j", "w_j"),
            f"w_j used for w{TILDE}_j: the vector of a context word is another than the vector of a word, and is "
            "learnt beside it",
        ),
        (
            "J",
            J.replace(f"b{TILDE}_j", "b_j"),
            f"b_j used for b{TILDE}_j: the bias of a context word is another than the bias of a word, and is "
            "learnt beside it",
        ),
        ("J", J.replace("w_i", "w_j"), "w_j used for w_i, the vector of another word"),
    ],
)
def test_a_wrong_formula_has_its_slip(name: str, written: str, slip: str) -> None:
    (found,) = marked({name: written})
    assert (found.verdict, found.candidates[0].slip) == ("wrong", slip)


def test_a_function_is_no_formula_for_itself() -> None:
    assert verdict("σ(z)", "σ(z)") == "wrong"


def test_a_formula_that_is_right_for_some_numbers_only_is_wrong() -> None:
    assert verdict("relu(z)", "z") == "wrong"
    assert verdict("relu'(z)", "1") == "wrong"


def test_a_slope_follows_from_the_function_stated_whatever_their_order() -> None:
    slope, function = marked({"dσ/dx": "-exp(-x)/(1 - exp(-x))^2", "σ(x)": "1/(1 - exp(-x))"})
    assert (function.verdict, slope.verdict, slope.from_) == ("wrong", "follow-through", ("formula of σ(x)",))


def test_a_function_may_be_asked_for_at_a_number() -> None:
    one, two, three = marked({"σ(0.87)": "0.705", "σ'(0)": "0.5", "relu(-1)": "-1"})
    assert one.verdict == "rounded"
    assert (two.verdict, two.expected) == ("wrong", "0.25")
    assert three.candidates[0].slip == "no activation: z used for relu(-1)"


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("softmax(z)", "e^z", "softmax of one unit depends on the others of its layer"),
        ("σ(x, y)", "x", "sigmoid has one argument, as in sigmoid(z)"),
        ("σ(0)", "abc", 'σ(0) is a number, not "abc": write one, or ask for σ(z)'),
        (
            "σ(x)",
            "1/(1 + e^-q)",
            'the answer formula of σ(x) = "1/(1 + e^-q)" is neither a number nor a formula',
        ),
        ("z", "2 x", 'the answer formula of z = "2 x" is neither a number nor a formula: "2 x" is a vector'),
        ("z", "x1 w1 +", 'the answer formula of z = "x1 w1 +" is neither a number nor a formula'),
    ],
)
def test_what_cannot_be_marked_is_told_with_its_place(name: str, written: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        marked({name: written})
    assert str(caught.value).startswith(f'"a.toml": {told}')
