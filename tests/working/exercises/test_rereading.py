"""Keys of random exercises: every printed line comes to what is printed."""

from __future__ import annotations

import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random

import pytest

from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.writing import Form
from chainrule.working.document import Step
from chainrule.working.exercises.maker import Maker
from chainrule.working.exercises.plan import plan_of
from chainrule.working.exercises.rereading import as_text, misprints
from chainrule.working.exercises.training import worked

sys.path.append(str(Path(__file__).parents[3] / "bench"))
from bench_exercises import random_plan

FORMS: tuple[Form, ...] = ("text", "latex", "mathml")
EXERCISES = 80


def test_random_exercises_multiply_out() -> None:
    random = Random(2)
    made = lines = 0
    while made < EXERCISES:
        plan = random_plan(random)
        if plan is None:
            continue
        maker = Maker(plan)
        for seed in range(10):
            try:
                exercise = maker.exercise(seed, tell_apart=False, most=1)
            except ConfigError:
                continue
            made += 1
            working = worked(exercise, drawn=False)
            lines += len(working.steps)
            for form in FORMS if seed == 0 else FORMS[:1]:
                assert list(misprints(working, exercise.calculation, form)) == [], plan.label
    assert lines > 5000


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "softmax"])
def test_every_activation_is_read_in_every_form(activation: str) -> None:
    exercise = Maker(plan_of("2,1,1", activation=[activation, "sigmoid"])).exercise(
        1, tell_apart=False, most=1
    )
    working = worked(exercise, drawn=False)
    for form in FORMS:
        assert list(misprints(working, exercise.calculation, form)) == []


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rounding", ["round:4", "exact"])
def test_a_number_changed_in_one_line_is_found(form: Form, rounding: str) -> None:
    exercise = Maker(plan_of("2,2,1", rounding=rounding)).exercise(3, tell_apart=False)
    working = worked(exercise)
    step = working.steps[3]
    assert isinstance(step, Step)
    moved = Decimal(step.result) + Decimal(1).scaleb(Decimal(step.result).as_tuple().exponent)  # type: ignore[arg-type]
    changed = replace(step, result=str(moved))
    phases = (replace(working.phases[0], steps=(changed,)),)
    found = list(misprints(replace(working, phases=phases), exercise.calculation, form))
    assert [each.key for each, _, _ in found] == [step.key]


def test_a_wrong_relation_is_found() -> None:
    exercise = Maker(plan_of("2,2,1")).exercise(3, tell_apart=False)
    working = worked(exercise)
    step = working.steps[0]
    assert isinstance(step, Step)
    assert step.exact
    phases = (replace(working.phases[0], steps=(replace(step, exact=False),)),)
    assert len(list(misprints(replace(working, phases=phases), exercise.calculation))) == 1


@pytest.mark.parametrize(
    ("written", "form", "text"),
    [
        (r"\frac{1}{1 + \exp(-0.5)}", "latex", "((1)/(1 + exp(-0.5)))"),
        (r"\left(-0.5\right)^{2} \cdot 3", "latex", "(-0.5)^(2) * 3"),
        (r"1.2 \times 10^{-5}", "latex", "1.2 * 10^(-5)"),
        (
            r"\begin{cases} 1 & \text{if } 2 \geq 0 \\ 0 & \text{otherwise} \end{cases}",
            "latex",
            "( 1 if 2 >= 0 else 0 )",
        ),
        ("<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>", "mathml", "((1)/(2))"),
        ("<mrow><mo>&#x2212;</mo><mn>3</mn></mrow>", "mathml", "-3"),
    ],
)
def test_formulas_are_read_as_they_look(written: str, form: Form, text: str) -> None:
    assert " ".join(as_text(written, form).split()) == text


def test_what_the_vocabulary_does_not_write_is_not_read() -> None:
    with pytest.raises(ValueError, match="is not known"):
        as_text(r"\sum 3", "latex")
    with pytest.raises(ValueError, match="is not known"):
        as_text("<mphantom><mn>3</mn></mphantom>", "mathml")
