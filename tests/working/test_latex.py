from __future__ import annotations

import re
from dataclasses import replace

import pytest
from formulas_back import latex_to_text, problem
from wide import large

from chainrule.working.document import Step
from chainrule.working.rendering.latex import render_latex
from chainrule.working.rendering.latex_breaking import broken_latex, printed_width
from chainrule.working.rendering.latex_text import latex_maths, latex_text
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work_example

ROOM = 345 * 1.02  # of an article, and what a rough guess may be off


@pytest.mark.parametrize("name", EXAMPLES)
def test_braces_brackets_and_environments_are_closed_on_their_line(name: str) -> None:
    assert problem(render_latex(work_example(name), document=True)) == ""


def test_a_bracket_left_open_is_noticed() -> None:
    latex = render_latex(work_example("softmax"))
    assert problem(latex.replace(r"\right)", "", 1)) != ""
    assert problem(latex.replace("}", "", 1)) != ""


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_row_is_wider_than_the_text_of_an_article(name: str) -> None:
    latex = render_latex(work_example(name))
    rows = re.findall(r"^.*&(?:=|\\approx|\\leftarrow|\\quad).*$", latex, re.MULTILINE)
    assert rows
    for row in rows:
        assert printed_width(re.sub(r"\\\\(\[1ex\])?$", "", row).replace("&", "")) <= ROOM


@pytest.mark.parametrize("name", EXAMPLES)
def test_everything_is_ascii_so_that_pdflatex_takes_it(name: str) -> None:
    assert render_latex(work_example(name), document=True).isascii()


def test_the_fragment_is_the_body_of_the_document() -> None:
    working = work_example("saturation")
    document = render_latex(working, document=True)
    assert document.startswith("\\documentclass")
    assert document.count("\\usepackage") == 1
    assert render_latex(working) in document


def test_a_short_step_is_on_one_row_and_a_long_one_on_several() -> None:
    latex = render_latex(work_example("psyc681-2-2-1", "round:3"))
    assert r"z_{1} &= x_{1} \cdot w_{1} + x_{2} \cdot w_{3} = 0.5 \cdot 0.7 + 0.3 \cdot 0.4 = 0.470" in latex
    assert (
        "&= \\left(-0.708\\right) \\cdot 0.229 \\cdot 0.55 \\cdot 0.237 \\cdot 0.5 \\\\\n&\\approx -0.011"
        in latex
    )


def test_a_fraction_that_is_too_wide_gets_a_solidus() -> None:
    formula = r"\frac{\exp(a)}{\exp(a) + \exp(b)}"
    assert broken_latex(formula, 500) == [formula]
    assert broken_latex(formula, 50) == [r"\exp(a)", r"/ (\exp(a)", r"+ \exp(b))"]


def test_a_small_fraction_stays_one_beside_a_break() -> None:
    assert broken_latex(r"\frac{1}{2} \cdot a + \frac{1}{2} \cdot b", 40) == [
        r"\frac{1}{2} \cdot a",
        r"+ \frac{1}{2} \cdot b",
    ]


def test_breaking_changes_no_formula() -> None:
    for step in work_example("softmax").steps:
        assert isinstance(step, Step)
        assert step.numbers is not None
        whole = latex_to_text(step.numbers.latex)
        in_lines = latex_to_text(" ".join(broken_latex(step.numbers.latex, 150)))
        assert re.findall(r"[\d.]+", whole) == re.findall(r"[\d.]+", in_lines)


def test_special_characters_are_escaped() -> None:
    working = replace(
        work_example("saturation"), title=r"50 % of a_1 & {b} #3 $x$ ~ ^ \input", source="η → ∂ŷ é"
    )
    latex = render_latex(working)
    assert (
        r"\section*{50 \% of a\_1 \& \{b\} \#3 \$x\$ \textasciitilde{} \textasciicircum{} \textbackslash{}input}"
        in latex
    )
    assert r"$\eta$ $\rightarrow$ $\partial$\^{y} \'{e}" in latex


@pytest.mark.parametrize(
    ("letter", "command"),
    [
        ("η", r"\eta"),
        ("θ", r"\theta"),
        ("ŷ", r"\hat{y}"),
        ("m̂", r"\hat{m}"),
        ("ηx", r"\eta x"),
        ("x≠y", r"x\neq y"),
    ],
)
def test_letters_of_names_are_commands(letter: str, command: str) -> None:
    assert latex_maths(letter) == command


def test_a_sign_that_has_an_accent_inside_it_stays_whole() -> None:
    assert latex_text("a ≠ b") == r"a $\neq$ b"


def test_matrices_fit_the_page() -> None:
    latex = render_latex(large(), document=True)
    assert problem(latex) == ""
    assert r"z_{1} &= x \, W_{1} + b_{1} \quad (4 \times 12)" in latex
    assert r"$x$ (4 $\times$ 20)" in latex
    for matrix in re.findall(r"\\begin\{pmatrix\}\n(.*?)\n\\end", latex, re.DOTALL):
        columns = [row.split(" & ") for row in matrix.split(" \\\\\n")]
        widest = max(sum(printed_width(cell) + 10 for cell in row) for row in columns)
        assert widest < ROOM


def test_a_working_in_letters_has_formulas_only() -> None:
    latex = render_latex(work_example("comp0087-2-2-1")["dW1[i,j]"])
    assert r"\approx" not in latex
    assert problem(latex) == ""


def test_a_formula_of_thousands_of_fractions_is_broken_too() -> None:
    lines = broken_latex(" + ".join([r"\frac{1}{2}"] * 3_000), 345)
    assert " ".join(lines).count(r"\frac{1}{2}") == 3_000
    assert all(printed_width(line) <= 345 for line in lines)
