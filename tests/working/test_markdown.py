from __future__ import annotations

import re
from dataclasses import replace

import pytest
from formulas_back import problem
from markdown_it import MarkdownIt
from wide import large

from chainrule.working.rendering.markdown import escaped, render_markdown
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work_example

# GitHub takes no macro that could hide text or change another.
REFUSED = (
    "operatorname",
    "mbox",
    "phantom",
    "def",
    "newcommand",
    "require",
    "href",
    "mathchoice",
    "DeclareMathOperator",
)
KNOWN = {
    "approx", "begin", "cdot", "cos", "end", "eta", "exp", "frac", "geq", "hat", "left", "leftarrow", "ln", "mathrm",
    "max", "partial", "quad", "right", "sigma", "text", "theta", "times",
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_only_macros_that_github_takes_are_used(name: str) -> None:
    used = set(re.findall(r"\\([A-Za-z]+)", render_markdown(work_example(name))))
    assert not used & set(REFUSED)
    assert used <= KNOWN


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_formula_is_in_a_fenced_block_of_its_own(name: str) -> None:
    told = render_markdown(work_example(name))
    blocks = re.findall(
        r"^```math\n\\begin\{aligned\}\n.*?\n\\end\{aligned\}\n```$", told, re.MULTILINE | re.DOTALL
    )
    assert len(blocks) == told.count("```") / 2 > 0
    assert all(problem(block) == "" for block in blocks)


def test_there_is_a_heading_for_every_phase() -> None:
    told = render_markdown(work_example("psyc681-2-2-1"))
    headings = [line for line in told.split("\n") if line.startswith("#")]
    assert headings == [
        "# Back-propagation in a 2-2-1 network, and the loss after one step",
        "## Given",
        "## Pass 1. Feedforward: compute the outputs",
        "## Pass 1. Loss: measure the error",
        "## Pass 1. Backpropagation: how each quantity changes the loss",
        "## Pass 1. Update: change the parameters",
        "## Pass 2. Feedforward: compute the outputs",
        "## Pass 2. Loss: measure the error",
    ]


def test_what_is_given_is_a_table() -> None:
    told = render_markdown(work_example("psyc681-2-2-1"))
    assert "| given | number |\n|:--|--:|\n| $x_{1}$ | 0.5 |\n| $w_{1}$ | 0.7 |\n" in told


def test_an_activation_is_no_refused_operator() -> None:
    assert r"= \mathrm{step}(z) =" in render_markdown(work_example("perceptron-0.69"))


@pytest.mark.parametrize(
    "text",
    [
        "*a* _b_ `c` [d](e) <f> #g |h| ~~i~~ \\j &amp; k",
        "- no list",
        "1. no list",
        "1) no list",
        "+ no list",
        "# no heading",
        "> no quotation",
        "=== no underline",
    ],
)
def test_running_text_is_no_markdown(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(escaped(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    inside = tokens[1].children
    assert inside is not None
    assert {token.type for token in inside} <= {"text", "text_special"}
    assert "".join(token.content for token in inside) == text


def test_a_dollar_sign_begins_no_mathematics() -> None:
    assert escaped("$5 and $6") == "<span>$</span>5 and <span>$</span>6"


def test_title_explanation_and_source_are_escaped() -> None:
    working = replace(work_example("saturation"), title="a_1 <b>", explanation="*x*\n\n# y", source="[z](w)")
    told = render_markdown(working)
    assert told.startswith("# a\\_1 &lt;b&gt;\n")
    assert "\n\n\\*x\\*\n\n\\# y\n\n" in told
    assert "Source: \\[z\\](w)" in told


def test_matrices_are_matrices() -> None:
    told = render_markdown(large())
    assert r"z_{1} &= x \, W_{1} + b_{1} \quad (4 \times 12)" in told
    assert "| $x$ | 4 × 20 |" in told


def test_reasons_can_be_left_out() -> None:
    assert "adds up its inputs" not in render_markdown(work_example("saturation"), reasons=False)
