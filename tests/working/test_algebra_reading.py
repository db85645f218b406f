"""Formulas as people write them: what is understood, and what the sentence says where it is not."""

from __future__ import annotations

import pytest

from chainrule.errors import InvalidInput, UnknownName
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.expression import Symbol, as_expression, evaluate, substitute
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.writing import text
from chainrule.working.algebra import equal, parse_formula

NAMES = ["o1", "y", "W1[1,2]", "ŷ", "w_ij", "alpha", "p_hat", "z", "x", "x1", "w'", "p", "e1"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2(o1 - y)", "2 · (o1 - y)"),
        ("o1(1 - o1)", "o1 · (1 - o1)"),
        ("−(y − o1)·o1×(1–o1)", "-(y - o1) · o1 · (1 - o1)"),
        ("(x)(y)", "x · y"),
        ("2 x y", "2 · x · y"),
        ("2x²", "2 · x²"),
        ("-x^2", "-x²"),
        ("x**2**3", "x^(2^3)"),
        ("2^-x", "2^(-x)"),
        ("x⁻¹", "x^(-1)"),
        ("x/y/p", "x / y / p"),
        ("x - (y - p)", "x - (y - p)"),
        ("x·-y", "x · -y"),
        ("½(y-o1)^2", "1 / 2 · (y - o1)²"),
        ("1.5e-3 x + .5", "0.0015 · x + 0.5"),
        ("2e1", "2 · e1"),
        ("2e2", "200"),
        ("[x + 1]{y}", "(x + 1) · y"),
        ("W1[1, 2]·ŷ", "W1[1,2] · ŷ"),
        ("y\u0302", "ŷ"),
        ("w_{ij} x₁", "w_ij · x1"),
        ("w'", "w'"),
        ("w′ x", "w' · x"),
        ("α·p̂", "α · p̂"),
        ("e^(−z)/(1+e^-z)²", "exp(-z) / (1 + exp(-z))²"),
        ("exp(-z)", "exp(-z)"),
        ("1 - tanh²(z)", "1 - tanh(z)²"),
        ("1 - tanh^2(z)", "1 - tanh(z)²"),
        ("-y ln(p) - (1-y)ln(1-p)", "-y · ln(p) - (1 - y) · ln(1 - p)"),
        ("y log p", "y · ln(p)"),
        ("√(x) + sqrt(y)", "sqrt(x) + sqrt(y)"),
        ("2|p - y|", "2 · |p - y|"),
        ("||x| - 1|", "||x| - 1|"),
        ("abs(x)", "|x|"),
        ("max(z, 0)", "max(z, 0)"),
        ("σ(z)", "1 / (1 + exp(-z))"),
        ("sigma(z)", "1 / (1 + exp(-z))"),
        ("sigmoid(z)", "1 / (1 + exp(-z))"),
        ("tanh'(z)", "1 - tanh(z)²"),
        ("relu(z)", "max(z, 0)"),
        ("elu(z, 2)", "(z if z > 0 else 2 · (exp(z) - 1))"),
        ("1 if z > 0 else alpha", "(1 if z > 0 else α)"),
        ("x(1 if z ≥ 0 else y)", "x · (1 if z ≥ 0 else y)"),
    ],
)
def test_a_formula_is_read_as_people_write_it(written: str, read: str) -> None:
    assert text(parse_formula(written, NAMES)) == read


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("x +", "column 4: a number, a name or a bracket is missing before its end: write one"),
        ("", "column 1: a number, a name or a bracket is missing before its end: write one"),
        ("(x", 'column 3: ")" is missing before its end: write it, or check the brackets'),
        ("(x]", 'column 3: ")" is missing before "]": write it, or check the brackets'),
        ("x)", 'column 2: ")" closes no bracket: take it out, or open one'),
        ("2 3", "column 3: two numbers stand side by side: write · between them"),
        ("x 2", 'column 3: "2" does not go on from what is before it: write an operator there'),
        ("0,5", "column 2: a comma stands between arguments only: write a decimal point, as in 0.5"),
        ("1/2x", "column 4: what is divided by is not clear: write the brackets, as in 1/(2·x)"),
        ("1/2(x - y)", "column 4: what is divided by is not clear: write the brackets, as in 1/(2·x)"),
        ("ln 2x", "column 5: how far ln reaches is not clear: write ln(…)"),
        ("e^2x", "column 4: how far the exponent reaches is not clear: write e^(…)"),
        ("exp", "column 4: exp needs its argument in brackets: write exp(…)"),
        ("elu(z, 1, 2)", "column 1: elu takes 1 to 2 arguments, not 3"),
        ("max(z)", "column 1: max takes 2 arguments, not 1"),
        ("1e999", "column 1: the number is too large: write a smaller one"),
        ("1 if z else 0", 'column 8: a condition compares, as in z > 0: write >, ≥, <, ≤ or = before "else"'),
    ],
)
def test_what_cannot_be_read_is_said_with_its_column(written: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_formula(written, NAMES)
    assert str(caught.value) == f'the formula "{written}" cannot be read at {problem}'


def test_a_sign_that_is_no_formula_s_is_named() -> None:
    with pytest.raises(InvalidInput, match=r'^"\$" at column 2 is nothing a formula is made of'):
        parse_formula("x$", NAMES)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("W1[1,3] + 1", 'there is no symbol called "W1[1,3]": did you mean "W1[1,2]"?'),
        ("sigmod(z)", 'there is no symbol or function called "sigmod": did you mean "sigmoid"?'),
        ("softmax(z)", 'there is no symbol or function called "softmax"'),
        ("xy", 'there is no symbol called "xy"'),
    ],
)
def test_an_unknown_name_comes_with_near_ones(written: str, said: str) -> None:
    with pytest.raises(UnknownName) as caught:
        parse_formula(written, NAMES)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("written", ["(" * 101 + "x", "-" * 101 + "x", "ln " * 400 + "x", "2^" * 101 + "x"])
def test_too_deep_a_formula_is_refused(written: str) -> None:
    with pytest.raises(InvalidInput, match="more than 100 levels of brackets or powers"):
        parse_formula(written, NAMES)


def test_a_formula_of_a_hundred_brackets_is_read() -> None:
    assert parse_formula("(" * 99 + "x" + ")" * 99, NAMES) is Symbol("x")


def test_too_long_a_formula_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^a formula may have 2,000 characters, not 2,001"):
        parse_formula("x" * 2001, NAMES)


def test_a_long_sum_within_the_bound_is_read() -> None:
    tree = parse_formula("+".join(["x"] * 1000), NAMES)
    assert evaluate(tree, {"x": 0.5}) == 500


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"^a formula is given as text"):
        parse_formula(0.5, NAMES)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "written", ["__import__('os').system('true')", "x.__class__", "lambda: x", "x; y", "x == y"]
)
def test_python_is_not_understood(written: str) -> None:
    with pytest.raises(InvalidInput):
        parse_formula(written, NAMES)


@pytest.mark.parametrize("name", ["W^[1]_{1,2}", "∂C/∂w5", "dW1[2,1]", "a^[1]", "w5′"])
def test_a_name_of_any_notation_is_one_symbol(name: str) -> None:
    assert parse_formula(f"2 {name} + y", [name, "y"]) is 2 * Symbol(name) + Symbol("y")


def test_a_name_of_the_network_comes_before_a_function_and_e() -> None:
    assert text(parse_formula("log(1 - e)", ["log", "e"])) == "log · (1 - e)"


def test_what_the_program_writes_is_read_back() -> None:
    for entry in ACTIVATIONS.values():
        if entry.elementwise:
            tree = entry.definition.tree
            assert equal(parse_formula(text(tree), ["z", *entry.parameters]), tree), entry.name
    for loss in LOSSES.values():
        for tree in (loss.value.tree, loss.slope.tree):
            assert equal(parse_formula(text(tree), ["p", "y", *loss.parameters]), tree), loss.name


def test_every_elementwise_activation_can_be_used_with_its_usual_parameters() -> None:
    for name, entry in ACTIVATIONS.items():
        if entry.elementwise:
            usual = {parameter: as_expression(value) for parameter, value in entry.parameters.items()}
            tree = substitute(entry.definition.tree, usual)
            assert equal(parse_formula(f"{name}(z)", ["z"]), tree), name
