from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import typst
from formulas_back import typst_to_text
from wide import large

from chainrule.errors import MissingDependency
from chainrule.formulas.expression import trace
from chainrule.formulas.vocabulary import absolute, floor, log1p, maximum, sqrt, where
from chainrule.formulas.writing import mathml
from chainrule.working.rendering.pdf import render_pdf
from chainrule.working.rendering.typst_maths import quoted, typst_maths
from chainrule.working.rendering.typst_source import typst_source
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work_example


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_becomes_a_pdf_without_a_warning(name: str) -> None:
    source = typst_source(work_example(name)).encode()
    compiler: Any = typst.Compiler(source, ignore_system_fonts=True)
    made, warnings = compiler.compile_with_warnings(format="pdf")
    assert made.startswith(b"%PDF-")
    assert [str(warning) for warning in warnings] == []


def test_a_working_of_matrices_becomes_a_pdf() -> None:
    assert render_pdf(large()).startswith(b"%PDF-")


def test_a_working_in_letters_becomes_a_pdf() -> None:
    assert render_pdf(work_example("comp0087-2-2-1")["dW1[i,j]"]).startswith(b"%PDF-")


def test_the_same_working_gives_the_same_bytes() -> None:
    working = work_example("saturation")
    assert render_pdf(working) == render_pdf(working)


def test_what_is_special_in_typst_is_shown_as_it_is() -> None:
    working = replace(
        work_example("saturation"), title='#let x = "1" $a_1$ \\ *b* <c> @d', explanation="// #e"
    )
    assert quoted(working.title) == r'"#let x = \"1\" $a_1$ \\ *b* <c> @d"'
    assert render_pdf(working).startswith(b"%PDF-")


def test_without_typst_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(MissingDependency) as caught:
        render_pdf(work_example("saturation"))
    assert str(caught.value) == "a PDF needs the pdf extra: pip install 'chainrule[pdf]'"


def test_typst_is_imported_only_when_a_pdf_is_asked_for() -> None:
    code = "import sys, chainrule.working.rendering.pdf; print('typst' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"


@pytest.mark.parametrize(
    ("tree", "source", "read"),
    [
        (trace(lambda a, b: a * (b + 1)), r"a dot.op \( b + 1 \)", "a · (b + 1)"),
        (trace(lambda a, b: a / b), "frac(a, b)", "((a) / (b))"),
        (trace(lambda a, b: (a / b) ** 2), "attach(lr(\\( frac(a, b) \\)), t: 2)", "(((a) / (b)))^(2)"),
        (trace(lambda a: sqrt(a)), "sqrt(a)", "sqrt(a)"),
        (trace(lambda a: log1p(a)), r'op("ln") \( 1 + a \)', "ln (1 + a)"),
        (trace(lambda a: maximum(a, 0)), r'op("max") \( a \, 0 \)', "max (a , 0)"),
        (trace(lambda a: absolute(a)), r"\| a \|", "| a |"),
        (trace(lambda a: floor(a)), r"\⌊ a \⌋", "⌊ a ⌋"),
        (
            trace(lambda a: where(a > 0, a, 0)),
            'cases(a & quad "if " a gt 0, 0 & quad "otherwise")',
            "(a if a > 0 else 0)",
        ),
    ],
)  # fmt: skip
def test_formulas_are_written_as_typst_and_can_be_read_back(tree: Any, source: str, read: str) -> None:
    written = typst_maths(mathml(tree))
    assert written == source
    assert typst_to_text(written) == read


def test_a_wide_fraction_gets_a_solidus() -> None:
    long = "<mrow><mi>x</mi><mo>+</mo><mn>1." + "0" * 60 + "</mn></mrow>"
    written = typst_maths(f"<mfrac><mrow><mn>1</mn></mrow><mrow>{long}</mrow></mfrac>")
    assert typst_to_text(written).startswith("1 / (x + 1.000")


def test_an_unknown_element_is_an_error() -> None:
    with pytest.raises(ValueError, match="<mspace> is not among the MathML elements"):
        typst_maths("<mspace/>")
