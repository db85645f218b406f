from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from wide import large

from chainrule.derivation import Dense, Network
from chainrule.working.document import Step
from chainrule.working.rendering.breaking import Piece, broken, columns, filled
from chainrule.working.rendering.equations import groups, sentence, sides
from chainrule.working.rendering.text import render_text
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work, work_example


def test_a_working_as_text() -> None:
    layer = Dense(1, "sigmoid", weights=[[0.2], [0.3], [0.9]], bias=[0.5])
    rows = [[Decimal("0.5"), Decimal("0.6"), Decimal("0.1")]]
    working = work(Network(3, [layer]), rows, rounding="round:3", title="One unit")
    assert (
        render_text(working)
        == """\
One unit
  3 inputs → 1 sigmoid, 1 sample
  rounding: every line rounded to 3 decimals, ties half-up
  worked by: pencil
  notation: chainrule

Given
  x[1] = 0.5      W1[1,1] = 0.2   x[2] = 0.6      W1[2,1] = 0.3   x[3] = 0.1
  W1[3,1] = 0.9   b1[1] = 0.5

Feedforward: compute the outputs
  Each unit of layer 1 adds up its inputs, each times its weight, plus its bias.
  z1[1] = x[1] · W1[1,1] + x[2] · W1[2,1] + x[3] · W1[3,1] + b1[1]
        = 0.5 · 0.2 + 0.6 · 0.3 + 0.1 · 0.9 + 0.5
        = 0.870

  Sigmoid of the weighted sum is the network's output.
  a1[1] = σ(z1[1]) = 1 / (1 + exp(-z1[1])) = 1 / (1 + exp(-0.870)) ≈ 0.705"""
    )


def test_a_gradient_that_does_not_fit_on_a_line_has_a_line_for_each_side() -> None:
    told = render_text(work_example("psyc681-2-2-1", "round:3"))
    assert (
        """
  ∂C/∂w5 = ∂C/∂o1 · ∂o1/∂z3 · ∂z3/∂w5
         = ∂C/∂o1 · ∂o1/∂z3 · h1
         = (-0.708) · 0.229 · 0.615
         ≈ -0.100
"""
        in told
    )


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("width", [80, 60])
def test_no_line_is_wider_than_the_page(name: str, width: int) -> None:
    told = render_text(work_example(name), width=width)
    assert max(map(columns, told.split("\n"))) <= width


def test_no_line_of_matrices_is_wider_than_the_page() -> None:
    assert max(map(columns, render_text(large()).split("\n"))) <= 80


def test_a_matrix_has_its_formula_its_shape_and_its_first_numbers() -> None:
    lines = render_text(large()).split("\n")
    at = lines.index("  z1 = x W1 + b1   (4 × 12)")
    assert len(lines[at + 1].split()) == 7
    assert lines[at + 1].endswith("  …")
    assert "  x (4 × 20)" in "\n".join(lines)


def test_passes_are_numbered_where_there_are_several() -> None:
    assert "Pass 2. Feedforward: compute the outputs" in render_text(work_example("psyc681-2-2-1"))
    assert "Pass" not in render_text(work_example("saturation"))


def test_a_reason_is_said_once() -> None:
    told = render_text(work_example("psyc681-2-2-1"))
    assert told.count("Each unit of layer 1 adds up its inputs, each times its weight.") == 1
    assert told.count("the slope there") == 1


def test_reasons_can_be_left_out() -> None:
    told = render_text(work_example("psyc681-2-2-1"), reasons=False)
    assert "adds up its inputs" not in told
    assert "z1 = x1 · w1 + x2 · w3" in told


def test_every_step_is_in_a_group() -> None:
    working = work_example("psyc681-2-2-1")
    grouped = [step for _, members in groups(working) for group in members for step in group.steps]
    assert tuple(grouped) == working.steps


def test_source_explanation_policy_and_certificate_are_told() -> None:
    working = work_example("psyc681-2-2-1", "truncate:3")
    told = " ".join(render_text(working).split())
    assert working.certificate is not None
    for part in (
        working.source,
        working.explanation,
        "rounding: every line truncated to 3 decimals",
        working.certificate.written,
    ):
        assert " ".join(part.split()) in told


def test_paragraphs_of_the_explanation_stay_apart() -> None:
    told = render_text(replace(work_example("saturation"), explanation="One\nline.\n\nAnother."))
    assert "\n\n  One line.\n\n  Another.\n\n" in told


def test_a_working_in_letters_has_formulas_only() -> None:
    working = work_example("comp0087-2-2-1")["dW1[i,j]"]
    told = render_text(working)
    assert "≈" not in told
    assert all(sides(step)[-1].role == "formula" for step in working.steps if isinstance(step, Step))


def test_a_copied_number_is_not_said_twice() -> None:
    working = work_example("chain-rule-cheetah")
    factor = working.steps[-1]
    assert isinstance(factor, Step)
    assert [side.role for side in sides(factor)] == ["call", "numbers", "result"]


def test_a_long_name_has_a_line_of_its_own() -> None:
    working = work_example("saturation")
    step = working.steps[0]
    assert isinstance(step, Step)
    name: Any = replace(step.name, text="the_weighted_sum_of_everything_there_is")
    phase = replace(working.phases[0], steps=(replace(step, name=name),))
    told = render_text(replace(working, phases=(phase,)), width=60)
    assert f"\n  {name.text}\n" in told
    assert "= x1 · w1\n" in told


@pytest.mark.parametrize(
    ("formula", "room", "lines"),
    [
        ("0.5 · 0.7 + 0.3 · 0.4", 30, ["0.5 · 0.7 + 0.3 · 0.4"]),
        ("0.5 · 0.7 + 0.3 · 0.4", 14, ["0.5 · 0.7", "+ 0.3 · 0.4"]),
        ("a · (b + c) · d", 13, ["a · (b + c)", "· d"]),
        ("d cheetah/d lion · d lion/d bear", 20, ["d cheetah/d lion", "· d lion/d bear"]),
        ("-1.23456789", 5, ["-1.23456789"]),
        ("max(aaaaaaaa, bbbbbbbb)", 16, ["max(aaaaaaaa,", "  bbbbbbbb)"]),
    ],
)
def test_a_formula_is_broken_before_its_loosest_operator(formula: str, room: int, lines: list[str]) -> None:
    assert broken(formula, room) == lines


def test_accents_take_no_column() -> None:
    assert columns("m̂_1") == 3


@pytest.mark.parametrize(
    ("told", "sentenced"),
    [
        ("how it changes", "How it changes."),
        ("z1 is given", "z1 is given."),
        ("in short:", "In short:"),
        ("a unit", "a unit."),
    ],
)
def test_a_phrase_becomes_a_sentence(told: str, sentenced: str) -> None:
    assert sentence(told) == sentenced


def test_the_time_to_break_a_formula_grows_with_its_length_only() -> None:
    summed: list[int] = []

    class Width(float):
        """A width that notes each time it is added up."""

        def __radd__(self, other: float) -> float:
            summed.append(1)
            return other + float(self)

        def __add__(self, other: float) -> float:
            summed.append(1)
            return float(self) + other

    pieces = [Piece("+ 1", Width(4), 0, 0) for _ in range(400)]
    assert len(filled(pieces, 40)) >= 40
    assert len(summed) < 10 * len(pieces)
