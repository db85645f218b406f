"""Names of quantities in a notation, and names as people write them read back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any
from xml.dom.minidom import parseString

import pytest

from chainrule.derivation import Dense, Network, derive
from chainrule.errors import ChainruleError, InvalidInput, UnknownName
from chainrule.formulas.writing import text
from chainrule.working.names.naming import Namer, namer
from chainrule.working.names.notation import NOTATIONS, read_notation
from chainrule.working.program import Program, scalar_program

Told = Callable[[type[ChainruleError], Callable[[], object]], str]

SIZES = [(2, 1), (1, 1, 1), (2, 2, 1), (2, 3, 2), (2, 2, 2, 1)]


def program_of(
    sizes: Sequence[int],
    *,
    bias: bool = False,
    samples: int = 1,
    passes: int = 2,
    chain: Any = None,
    rule: str = "gradient_descent",
    **settings: Any,
) -> Program:
    layers = [
        Dense(
            units,
            "sigmoid",
            bias=[0.5] * units if bias else False,
            weights=[[0.1 * (i + j) for j in range(units)] for i in range(given)],
        )
        for given, units in pairwise(sizes)
    ]
    derivation = derive(Network(sizes[0], layers), "mse", rule, fused=False, **settings)
    values = {"x": [[1.0] * sizes[0]] * samples, "y": [[1.0] * sizes[-1]] * samples}
    return scalar_program(derivation, values, passes=passes, chain=chain)


@pytest.fixture(scope="module")
def psyc() -> Namer:
    return namer("psyc681", program_of((2, 2, 1)))


def names(notation: str, program: Program) -> list[str]:
    namer_of = namer(notation, program)
    return [namer_of.name(line.key).text for line in program if line.number == 1]


def test_psyc681_counts_weights_and_units_through(psyc: Namer) -> None:
    expected = "z1 z2 h1 h2 z3 o1 C ∂C/∂o1 ∂o1/∂z3 ∂C/∂w5 ∂C/∂w6 ∂h1/∂z1 ∂h2/∂z2 ∂C/∂w1 ∂C/∂w2 ∂C/∂w3 ∂C/∂w4"
    assert names("psyc681", psyc.program) == [*expected.split(), *(f"w{n}" for n in range(1, 7))]


def test_cap4453_calls_the_output_out_and_the_loss_e() -> None:
    shown = names("cap4453", program_of((2, 3, 1)))
    assert shown[:10] == ["z1", "z2", "z3", "a1", "a2", "a3", "z_out", "out", "E", "∂E/∂out"]
    assert "∂E/∂w7" in shown


def test_comp0087_has_letters_of_its_own_for_two_layers_and_brackets_for_more() -> None:
    shown = names("comp0087", program_of((2, 2, 1)))
    assert {"v", "c", "∂L/∂c", "∂c/∂v", "∂L/∂u1", "∂L/∂w21"} <= set(shown)
    deeper = names("comp0087", program_of((2, 2, 2, 1)))
    assert {"z^[1]_1", "a^[2]_2", "ŷ1", "∂L/∂W^[1]_12"} <= set(deeper)


def test_a_column_notation_writes_the_weight_to_unit_2_from_input_1_as_w21() -> None:
    shown = namer("comp0087", program_of((2, 2, 1)))
    assert shown.name("W1[1,2]@1").text == "w21"


def test_our_own_notation_is_that_of_the_derivation() -> None:
    shown = names("chainrule", program_of((2, 2, 1)))
    assert {"z1[2]", "a2[1]", "∂C/∂W1[2,1]", "W2[2,1]", "∂a2[1]/∂z2[1]"} <= set(shown)


@pytest.mark.parametrize(
    ("key", "latex"),
    [
        ("W2[1,1]@1", "w_{5}"),
        ("dW2[1,1]@1", r"\frac{\partial C}{\partial w_{5}}"),
        ("∂a2[1,1]@1/∂z2[1,1]@1", r"\frac{\partial o_{1}}{\partial z_{3}}"),
        ("eta@1", r"\eta"),
    ],
)
def test_names_as_latex(psyc: Namer, key: str, latex: str) -> None:
    assert psyc.name(key).latex == latex


def test_words_and_layers_as_latex() -> None:
    cap = namer("cap4453", program_of((2, 3, 1)))
    assert cap.name("z2[1,1]@1").latex == r"z_{\mathrm{out}}"
    assert cap.name("a2[1,1]@1").latex == r"\mathrm{out}"
    comp = namer("comp0087", program_of((2, 2, 2)))
    assert comp.name("W1[1,2]@1").latex == "W^{[1]}_{21}"
    assert comp.name("a2[1,2]@1").latex == r"\hat{y}_{2}"


def test_names_as_mathml(psyc: Namer) -> None:
    w5 = "<msub><mi>w</mi><mn>5</mn></msub>"
    assert psyc.name("W2[1,1]@1").mathml == w5
    gradient = psyc.name("dW2[1,1]@1").mathml
    assert gradient.startswith("<mfrac><mrow><mo>&#x2202;</mo><mi>C</mi></mrow>")
    assert w5 in gradient


def test_a_parameter_has_one_name_in_all_passes(psyc: Namer) -> None:
    assert psyc.name("W1[1,1]@1") == psyc.name("W1[1,1]@3")


def test_several_samples_show_which() -> None:
    program = program_of((2, 2, 1), samples=2)
    assert namer("psyc681", program).name("a1[2,1]@1").text == "h1^(2)"
    assert namer("psyc681", program).name("a1[2,1]@1").latex == "h^{(2)}_{1}"
    assert namer("chainrule", program).name("a1[2,1]@1").text == "a1[2,1]"
    assert namer("comp0087", program_of((2, 2, 2), samples=2)).name("a1[2,1]@1").text == "a^[1](2)_1"


def test_with_a_penalty_the_gradients_of_parameters_are_those_of_j() -> None:
    shown = names("psyc681", program_of((2, 1), l2=0.1))
    assert {"J", "R", "∂J/∂w1", "∂C/∂ŷ", "∂R/∂w1"} <= set(shown)


def test_what_a_rule_keeps_is_named_after_its_parameter() -> None:
    shown = names("psyc681", program_of((2, 2, 1), rule="adam", clip_norm=1.0))
    assert {"m_w5", "v_w5", "m̂_w5", "c_w5"} <= set(shown)


def test_indices_above_nine_get_a_comma() -> None:
    shown = namer("comp0087", program_of((12, 2, 2), passes=1))
    assert shown.name("W1[11,2]@1").text == "W^[1]_2,11"


def test_indices_may_count_from_zero(tmp_path: Path) -> None:
    file = tmp_path / "zero.toml"
    file.write_text('title = "Zero"\nbase = 0\n[names]\nW = "w_{number}"\na = "a^[{l}]_{k}"\n')
    program = program_of((2, 2, 1))
    shown = Namer(read_notation(file), program)
    assert [shown.name(key).text for key in ("W1[1,1]@1", "W2[2,1]@1", "a1[1,2]@1")] == [
        "w0",
        "w5",
        "a^[1]_1",
    ]
    assert shown.name("z1[1,2]@1").text == "z1[1]"


def test_a_template_that_tells_entries_apart_no_more_gives_way_to_our_own() -> None:
    shown = namer("cap4453", program_of((2, 3, 1), bias=True))
    assert [shown.name(key).text for key in ("b1[2]@1", "b2[1]@1")] == ["b1[2]", "b2"]


def test_a_letter_that_a_setting_has_taken_gives_way_to_our_own() -> None:
    shown = namer("comp0087", program_of((2, 2, 1), clip_norm=1.0))
    assert (shown.name("a2[1,1]@1").text, shown.name("c@1").text) == ("a2[1]", "c")


def test_a_bias_is_shown_as_the_weight_of_an_input_1_where_a_course_does() -> None:
    program = program_of((2, 1), bias=True)
    tree = program.by_key["z1[1,1]@1"].tree
    assert text(namer("comp0087", program).shown(tree)).endswith(" + 1 · b1[1]@1")
    assert namer("psyc681", program).shown(tree) is tree


@pytest.mark.parametrize(("notation", "sizes", "samples"), list(product(NOTATIONS, SIZES, [1, 2])))
def test_every_name_is_unique_well_formed_and_read_back(
    notation: str, sizes: tuple[int, ...], samples: int
) -> None:
    for chain, bias in (("paths", True), ("deltas", False)):
        program = program_of(sizes, samples=samples, bias=bias, chain=chain, l2=0.1, rule="momentum")
        namer_of = namer(notation, program)
        seen: dict[tuple[str, int, bool], str] = {}
        for line in program:
            name = namer_of.name(line.key)
            assert seen.setdefault((name.text, line.number, line.kind == "updates"), line.key) == line.key
            assert namer_of.parse(name.text, line.number) == line.quantity
            parseString(name.mathml)


# --- reading names ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "key"),
    [
        *((w, "W2[1,1]@2") for w in ("w5", "w_5", "w₅", " w 5", "W5", "w_{5}", "W2[1,1]", "W2[1, 1]")),
        *(
            (w, "dW2[1,1]@1")
            for w in ("∂C/∂w5", "dC/dw5", "dC_dw5", "dw5", "d_w5", "dCdw5", "grad w5", "∇w5", "dW2[1,1]")
        ),
        *((w, "dW2[1,1]@1") for w in ("∂ C / ∂ w_5", "δL/δw5", r"\partial C/\partial w_5", "gradient(w5)")),
        *((w, "∂a2[1,1]@1/∂z2[1,1]@1") for w in ("∂o1/∂z3", "do1/dz3", "do_1 / dz_3", "∂ŷ/∂z3")),
        *((w, "a1[1,1]@1") for w in ("h1", "h_1", "a1[1]", "a1[1,1]", "H1")),
        *((w, "a2[1,1]@1") for w in ("o1", "ŷ", "yhat", "o", "a2")),
        ("∂C/∂h1", "g1[1,1]@1"),
        ("∂C/∂z3", "d2[1,1]@1"),
        ("∂z3/∂w5", "∂z2[1,1]@1/∂W2[1,1]@1"),
        ("z1@2", "z1[1,1]@2"),
        ("z1 (2)", "z1[1,1]@2"),
        ("w5@2", "W2[1,1]@3"),
        ("w5@0", "W2[1,1]@1"),
        ("∂C/∂w5 (2)", "dW2[1,1]@2"),
        ("η", "eta@1"),
        ("learning rate", "eta@1"),
        ("y", "y[1,1]@1"),
    ],
)
def test_a_name_is_understood_however_it_is_spelled(psyc: Namer, written: str, key: str) -> None:
    assert psyc.parse(written).key == key


def test_a_name_is_meant_in_the_pass_that_is_asked_for(psyc: Namer) -> None:
    assert [psyc.parse(name, 2).key for name in ("z1", "w1", "∂o1/∂z3", "∂C/∂w1", "∂z1/∂w1")] == [
        "z1[1,1]@2",
        "W1[1,1]@3",
        "∂a2[1,1]@2/∂z2[1,1]@2",
        "dW1[1,1]@2",
        "∂z1[1,1]@2/∂W1[1,1]@2",
    ]


def test_upper_and_lower_case_count_where_a_notation_has_both() -> None:
    shown = namer("comp0087", program_of((2, 2, 1)))
    assert [shown.parse(name).key for name in ("c", "L", "C", "∂L/∂c")] == [
        "a2[1,1]@1",
        "C@1",
        "C@1",
        "g2[1,1]@1",
    ]


def test_the_sample_is_read_back_and_a_pass_after_it() -> None:
    shown = namer("psyc681", program_of((2, 2, 1), samples=2))
    assert [shown.parse(name).key for name in ("h1^(2)", "h1^(2) (2)", "a1[2,1]")] == [
        "a1[2,1]@1",
        "a1[2,1]@2",
        "a1[2,1]@1",
    ]


def test_an_unknown_name_is_refused_with_near_ones(psyc: Namer, told: Told) -> None:
    message = told(UnknownName, lambda: psyc.parse("∂C/∂w9"))
    assert message.startswith('there is no quantity called "∂C/∂w9": did you mean "∂C/∂w')


@pytest.mark.parametrize(
    "written", ["", " ", "q", "w7", "∂C/∂x1", "∂o1/∂w5", "∂/∂w5", "d", "()", "@2", "w5@"]
)
def test_nothing_else_is_understood(psyc: Namer, written: str, told: Told) -> None:
    told(UnknownName, lambda: psyc.parse(written))


@pytest.mark.parametrize("written", ["z1@3", "z1 (3)", "∂C/∂w5@0", "w5@9"])
def test_a_pass_that_there_is_not_is_refused(psyc: Namer, written: str, told: Told) -> None:
    message = told(InvalidInput, lambda: psyc.parse(written))
    assert message.endswith("here: there are 2 in all")


def test_a_name_of_two_things_is_refused(tmp_path: Path, told: Told) -> None:
    file = tmp_path / "two.toml"
    file.write_text('title = "Two"\n[names]\nx = ["x_{k}", "v_{k}"]\nz = ["z_{unit}", "v_{unit}"]\n')
    shown = Namer(read_notation(file), program_of((2, 2, 1)))
    message = told(InvalidInput, lambda: shown.parse("v1"))
    assert message == '"v1" may mean x[1] or z1[1]: write which'


def test_a_short_name_is_understood_only_where_it_is_of_one_thing(told: Told) -> None:
    assert namer("chainrule", program_of((2, 2, 1))).parse("a2").key == "a2[1,1]@1"
    told(UnknownName, lambda: namer("chainrule", program_of((2, 2, 1), samples=2)).parse("a2"))


@pytest.mark.parametrize("written", ["w\n7", "d" * 100_000, " " * 5000 + "(", "∂" * 100, "z\t1@x"])
def test_whatever_is_written_is_refused_in_one_short_sentence(psyc: Namer, written: str, told: Told) -> None:
    assert len(told(UnknownName, lambda: psyc.parse(written))) < 400
