"""The worked examples: the lectures' exact numbers, their printed ones, and files with mistakes."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.rounding import read_number
from chainrule.errors import ChainruleError, ConfigError, UnknownName
from chainrule.formulas.expression import evaluate
from chainrule.working.entries import Entry
from chainrule.working.worked.examples import EXAMPLES, Example, example_names, example_path, load_example

Told = Callable[[type[ChainruleError], Callable[[], object]], str]

NETWORKS = [name for name in EXAMPLES if not name.startswith("chain-rule")]
load = cache(load_example)


@cache
def worked(name: str) -> dict[str, float]:
    """Every number of an example in float64, by key."""
    return values_of(load(name))


def values_of(example: Example) -> dict[str, float]:
    values = {key: float(value) for key, value in example.program.given.items()}
    for line in example.program:
        values[line.key] = float(evaluate(line.tree, values))
    for key, tree in example.program.factors.items():
        values[key] = float(evaluate(tree, values))
    return values


def value(name: str, written: str, number: int = 1) -> float:
    """The number that an example has under a name, as float64."""
    return worked(name)[load(name).namer.parse(written, number).key]


EXACT = {
    "perceptron-0.69": ["z 0.69", "ŷ 1"],
    "unit-0.87": ["z 0.87", "ŷ 0.705", "ŷ 0.704745697998"],
    "softmax": ["ŷ1 0.868", "ŷ2 0.016", "ŷ3 0.116"],
    "psyc681-2-2-1": [
        *("z1 0.47", "z2 0.33", "h1 0.6153838", "h2 0.5817594", "z3 0.6002528", "o1 0.6457141"),
        *("C 0.1255185", "∂C/∂o1 -0.7085717", "∂o1/∂z3 0.2287674"),
        *("∂C/∂w1 -0.0105508", "∂C/∂w2 -0.0088742", "∂C/∂w3 -0.0063305"),
        *("∂C/∂w4 -0.0053245", "∂C/∂w5 -0.0997525", "∂C/∂w6 -0.0943021"),
        *("w1 0.7010551", "w2 0.3008874", "w3 0.4006330", "w4 0.6005325", "w5 0.5599753", "w6 0.4594302"),
        *("z1@2 0.4707175", "z2@2 0.3306034", "h1@2 0.6155536", "h2@2 0.5819062", "z3@2 0.6120400"),
        *("o1@2 0.6484060", "C@2 0.1236183"),
    ],
    "cap4453-2-3-1": [
        *("z1 7.7", "z2 4.0", "z3 6.6", "a1 0.9995474", "a2 0.9820138", "a3 0.9986415"),
        *("z_out 1.9896032", "out 0.8797011", "E 0.0072359", "∂E/∂out -0.1202989", "∂out/∂z 0.1058270"),
        *("∂E/∂w7 -0.0127251", "∂E/∂w1 -0.0000046077336", "w7 0.4012725", "w8 0.5012502", "w9 0.9012714"),
        *("w1 0.200000460773", "w2 0.6000225", "w6 0.7000140"),
    ],
    "chain-rule-polynomial": ["h 5", "f 25", "df/dh 10", "dh/dx 4", "df/dx 40"],
    "chain-rule-log": ["h 6", "f 1.791759", "df/dh 0.166667", "df/dx 0.5"],
    "chain-rule-cheetah": ["cheetah 60", "dcheetah/dlion 2", "dbear/dhuman 1.5", "d cheetah / d human 6"],
    "linear-collapse": ["o1 -5.5", "v1 5", "v2 -5.25", "collapsed -5.5"],
    "vanishing-gradient": ["∂C/∂w4 0.196", "∂C/∂w1 0.0029"],
}


@pytest.mark.parametrize(
    ("name", "written", "digits"),
    [(name, *line.rsplit(" ", 1)) for name, lines in EXACT.items() for line in lines],
)
def test_the_exact_number_is_the_lectures(name: str, written: str, digits: str) -> None:
    decimals = len(digits.partition(".")[2])
    assert f"{value(name, written):.{decimals}f}" == digits


def test_the_list_has_every_file_and_no_other() -> None:
    folder = example_path("softmax").parent
    assert sorted(example_names()) == sorted(path.stem for path in folder.glob("*.toml"))


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_tells_what_it_is(name: str) -> None:
    stated = load(name).stated
    assert stated.title
    assert stated.source
    assert 2 <= stated.explanation.count(". ") + 1 <= 4
    assert "\n" not in stated.explanation


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_printed_answer_is_of_a_quantity_and_near_its_exact_number(name: str) -> None:
    example = load(name)
    assert len(example.printed) == len(example.stated.printed)
    for printed in example.printed:
        exact = worked(name).get(printed.quantity.key)
        if exact is not None:  # in the style of paths, ∂E/∂z has no line of its own
            assert float(read_number(printed.written)) == pytest.approx(exact, rel=0.12, abs=1e-6)


def test_the_lectures_print_as_many_answers_as_are_kept() -> None:
    counts = {name: len(load(name).printed) for name in EXAMPLES if load(name).printed}
    assert counts == {
        "perceptron-0.69": 2,
        "unit-0.87": 2,
        "softmax": 3,
        "psyc681-2-2-1": 26,
        "cap4453-2-3-1": 26,
    }


def test_a_printed_answer_keeps_its_digits_its_pass_and_where_it_stands() -> None:
    found = {(p.name, p.number, p.written): p for p in load("psyc681-2-2-1").printed}
    assert found["w1", 1, "0.7010"].source == "Other Weights"
    assert found["w1", 1, "0.7010"].quantity == Entry("W1", (1, 1), 2)
    assert found["o1", 2, "0.6443"].quantity == found["o1", 2, "0.6484"].quantity == Entry("a2", (1, 1), 2)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_scalar_lines_have_the_numbers_of_the_engine(name: str) -> None:
    example = load(name)
    assert example.derivation is not None
    values = {symbol: np.array(rows, dtype=float) for symbol, rows in example.stated.values.items()}
    compared = 0
    for number in range(1, example.program.passes + 1):
        rate = example.stated.rate
        step = NumpyEngine().run(example.derivation, values, rate=None if rate is None else float(rate))
        for line in example.program:
            found = line.quantity
            if line.number != number or not isinstance(found, Entry) or line.line is None:
                continue
            whole = step.updated[found.symbol] if line.phase == "update" else step[found.symbol]
            entry = np.asarray(whole)[tuple(place - 1 for place in found.index)]
            assert worked(name)[line.key] == pytest.approx(float(entry), rel=1e-12, abs=1e-15)
            compared += 1
        values |= {p.name: step.updated[p.name] for p in example.derivation.trained if p.name in step.updated}
    assert compared == sum(
        isinstance(line.quantity, Entry) and line.line is not None for line in example.program
    )


# --- what each example is there to show -------------------------------------------------------------


def test_cross_entropy_through_a_sigmoid_leaves_how_far_off_the_output_is() -> None:
    name = "comp0087-2-2-1"
    off = value(name, "c") - value(name, "y")
    assert value(name, "∂L/∂c") * value(name, "∂c/∂v") == pytest.approx(off)
    assert value(name, "∂L/∂u2") == pytest.approx(off * value(name, "a2"))
    a2, u2, x1 = value(name, "a2"), value(name, "W2[2,1]@0"), value(name, "x1")
    assert value(name, "∂L/∂w21") == pytest.approx(off * u2 * a2 * (1 - a2) * x1)


def test_a_saturated_unit_learns_under_cross_entropy_only() -> None:
    slow, fast = (value(name, "∂C/∂w1") for name in ("saturation", "saturation-crossentropy"))
    assert slow == pytest.approx(0.0132071, abs=1e-7)
    assert fast == pytest.approx(0.9933071, abs=1e-7)


def test_every_slope_of_a_sigmoid_is_at_most_a_quarter() -> None:
    slopes = [value("vanishing-gradient", f"∂h{n}/∂z{n}") for n in (1, 2, 3)]
    assert max(slopes) <= 0.25
    ratio = value("vanishing-gradient", "∂C/∂w1") / value("vanishing-gradient", "∂C/∂w4")
    assert ratio == pytest.approx(np.prod(slopes) / value("vanishing-gradient", "h3"))


def test_two_linear_layers_are_one() -> None:
    assert value("linear-collapse", "collapsed") == value("linear-collapse", "o1")


def test_one_perceptron_has_one_row_of_xor_wrong_and_two_layers_have_none() -> None:
    assert [value("xor-perceptron", f"ŷ^({n})") for n in (1, 2, 3, 4)] == [0, 1, 1, 1]
    assert value("xor-perceptron", "C") == 0.25
    assert [value("xor-mlp", f"o1^({n})") for n in (1, 2, 3, 4)] == [0, 1, 1, 0]
    assert value("xor-mlp", "C") == 0


# --- files ------------------------------------------------------------------------------------------

SMALL = """
title = "Small"
notation = "psyc681"
[network]
inputs = 2
loss = "squared_error"
rule = "gradient_descent"
rate = 0.10
[[network.layers]]
units = 1
activation = "sigmoid"
bias = false
weights = [[0.70], [0.4]]
[data]
x = [0.5, 3]
y = [1]
"""


@pytest.fixture
def saved(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        file = tmp_path / "mine.toml"
        file.write_text(text)
        return file

    return write


def test_numbers_keep_their_digits(saved: Callable[[str], Path]) -> None:
    given = load_example(saved(SMALL)).program.given
    assert {key: str(given[key]) for key in ("W1[1,1]@1", "eta@1", "x[1,2]@1", "x[1,1]@1")} == {
        "W1[1,1]@1": "0.70",
        "eta@1": "0.10",
        "x[1,2]@1": "3",
        "x[1,1]@1": "0.5",
    }
    assert given["W1[1,1]@1"] == Decimal("0.70")


def test_one_sample_may_be_a_single_row_and_a_bias_may_start_from_nothing(
    saved: Callable[[str], Path],
) -> None:
    example = load_example(saved(SMALL.replace("bias = false\n", "")))
    assert example.program.given["b1[1]@1"] == 0
    assert example.name == "mine"


def test_the_squared_error_is_the_one_of_the_notation(saved: Callable[[str], Path]) -> None:
    losses = []
    for notation in ("psyc681", "cap4453"):
        example = load_example(saved(SMALL.replace("psyc681", notation)))
        assert example.derivation is not None
        assert example.derivation.loss is not None
        losses.append(example.derivation.loss.name)
    assert losses == ["mse", "half_squared_error"]


def test_a_notation_of_ones_own_is_looked_for_beside_the_example(
    saved: Callable[[str], Path], tmp_path: Path
) -> None:
    (tmp_path / "own.toml").write_text('title = "Own"\n[names]\nW = "v_{number}"\n')
    example = load_example(saved(SMALL.replace('"psyc681"', '"own.toml"')))
    assert example.namer.name("W1[2,1]@1").text == "v2"


def test_a_copy_of_an_example_is_the_same_example(saved: Callable[[str], Path]) -> None:
    copied = load_example(saved(example_path("cap4453-2-3-1").read_text()))
    assert [repr(line) for line in copied.program] == [repr(line) for line in load("cap4453-2-3-1").program]
    assert copied.printed == load("cap4453-2-3-1").printed


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('title = "Small"', "title = 5", "title must be text in quotes, not 5"),
        ("psyc681", "psyc6", 'notation: there is no notation called "psyc6"'),
        ("[data]", "[dta]", 'there is no key "dta", did you mean "data"?'),
        ("x = [0.5, 3]", "x = [0.5]", "row 1 of x has 1 number, but the network has 2 inputs"),
        ("y = [1]", "y = [[1], [0]]", "x has 1 row and y 2: give one of each per sample"),
        ("y = [1]", "", "the loss compares with y: add y to the data"),
        ("y = [1]", 'y = ["1"]', "the samples are rows of numbers, but one is '1'"),
        ("y = [1]", "y = [nan]", "the samples are rows of numbers, but one is infinite, too large or none"),
        ("y = [1]", f"y = [1{'0' * 400}]", "but one is infinite, too large or none"),
        ('"psyc681"', "5", "notation: a notation is a name such as psyc681 or a file, not 5"),
        ("y = [1]", "y = []", "the samples are rows of numbers, such as [[0.5, 0.3]]"),
        ("units = 1", "units = 0", "units of layer 1 of network must be at least 1, not 0"),
        ("weights = [[0.70], [0.4]]", "", "layer 1 has no weights: give it their numbers"),
        ("0.70], [", "0.70, ", "weights"),
        ('"Small"', '"Small"\nrounding = "round"', "it does not say to how many digits to round"),
        ('"Small"', '"Small"\npasses = 0', "passes must be at least 1, not 0"),
        ('"Small"', '"Small"\nalso = ["v = w9 + 1"]', '"w9"'),
        ('"Small"', '"Small"\nalso = ["z = w1 + 1"]', "gives z a value, which it has already"),
        ('"Small"', '"Small"\nalso = ["w1 + 1"]', "gives no name a value: write it as y = x^2 + 1"),
        ("y = [1]", "y = [1]\n[printed]\nz = 0.3", 'z must be in quotes, "0.3", so that its digits stay'),
        ("y = [1]", 'y = [1]\n[printed]\nq = "0.3"', '[printed]: there is no quantity called "q"'),
        (
            "y = [1]",
            'y = [1]\n[printed.pass2]\nz = "0.3"',
            "[printed.pass2]: there is no pass 2 here: there is 1 in all",
        ),
        (
            "y = [1]",
            'y = [1]\n[printed]\nz = { valu = "1" }',
            'z is given as { value = "0.47", source = "…" }',
        ),
        (
            "y = [1]",
            'y = [1]\n[formula]\nlines = ["y = 2"]',
            "either a [network] or a [formula], and this has both",
        ),
        ("[data]\nx = [0.5, 3]\ny = [1]", "", "needs [data] with the inputs x, and this has none"),
        ('"Small"', '"Small"\nrounding = { ouput = "round:2" }', 'called "ouput": did you mean "output"?'),
        ('"Small"', '"Small"\nrounding = { w9 = "round:2" }', 'to round called "w9"'),
        ('loss = "squ', 'los = "squ', 'there is no key "los" in network, did you mean "loss"?'),
        ("x = [0.5, 3]", "x = [0.5, 3]\nw = 1", 'there is no key "w" in data (known: x, y)'),
        (
            "bias = false",
            "bais = false",
            'there is no key "bais" in layer 1 of network, did you mean "bias"?',
        ),
        ("sigmoid", "sigmiod", 'there is no activation called "sigmiod": did you mean "sigmoid"?'),
    ],
)
def test_a_mistake_in_a_file_is_named(
    old: str, new: str, message: str, saved: Callable[[str], Path], told: Told
) -> None:
    assert old in SMALL
    file = saved(SMALL.replace(old, new))
    said = told(ConfigError, lambda: load_example(file))
    assert said.startswith(f'"{file}"')
    assert message in said


def test_an_unknown_notation_is_one_mistake(saved: Callable[[str], Path], told: Told) -> None:
    file = saved(SMALL.replace("psyc681", "psyc6"))
    said = told(ConfigError, lambda: load_example(file))
    assert "2 mistakes" not in said
    assert "squared_error" not in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('lines = ["y = x^2"]\nderivative = "dy/dx"', "there is no"),
        (
            'given = { x = "2" }\nlines = ["y = x^2"]\nderivative = "y\'"',
            "is no derivative: write it as dy/dx",
        ),
        ('given = { x = "two" }\nlines = ["y = x^2"]', "x must be a number, not 'two'"),
        ('given = { x = "2" }\nlines = []', "lines of formula must not be empty"),
        ('given = { x = "2", a = "1" }\nlines = ["y = x^2"]\nderivative = "dy/da"', "y does not depend on a"),
        ('given = { x = "2" }\nlines = ["y = x^"]', "cannot be read at column"),
        ('given = { x = "2" }\nlines = ["u = x^2", "y = u x"]\nderivative = "dy/dx"', "both by itself and"),
    ],
)
def test_a_mistake_in_a_formula_is_named(
    text: str, message: str, saved: Callable[[str], Path], told: Told
) -> None:
    file = saved(f'title = "Mine"\n[formula]\n{text}\n')
    assert message in told(ConfigError, lambda: load_example(file))


def test_a_derivative_over_two_ways_is_their_sum(saved: Callable[[str], Path]) -> None:
    lines = '["u = x^2", "v = 3 x", "y = u v"]'
    text = f'title = "Two"\n[formula]\ngiven = {{ x = 2 }}\nlines = {lines}\nderivative = "dy/dx"\n'
    example = load_example(saved(text))
    assert values_of(example)[example.program.lines[-1].key] == 9 * 2**2
    assert len(example.program.lines[-1].paths) == 2


def test_an_unknown_example_is_refused_with_near_names(told: Told) -> None:
    message = told(UnknownName, lambda: load_example("sofmax"))
    assert message.startswith('there is no example called "sofmax": did you mean "softmax"?')


def test_a_file_that_there_is_not_is_refused(told: Told) -> None:
    assert told(ConfigError, lambda: load_example("no/such.toml")).startswith(
        'there is no file "no/such.toml"'
    )
