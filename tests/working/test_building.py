"""Steps: name, formula, numbers, result, what stands between them, and why."""

from __future__ import annotations

from decimal import Decimal
from xml.dom.minidom import parseString

import pytest
from steps import CASES, Case, evaluated, net

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.numpy import NumpyEngine
from chainrule.engines.pencil import evaluate_decimal
from chainrule.engines.rounding import Policy
from chainrule.formulas.expression import symbols_in
from chainrule.working.algebra import parse_formula
from chainrule.working.building import build, number_in
from chainrule.working.calculation import Calculation, from_engine, with_pencil
from chainrule.working.document import Step, Working
from chainrule.working.names.naming import namer
from chainrule.working.program import ScalarLine, scalar_program
from chainrule.working.stepview import StepView
from tolerances import assert_close

BY_NAME = {case.name: case for case in CASES}
NET = Network(
    2,
    [
        Dense(2, "sigmoid", bias=False, weights=[[0.7, 0.3], [0.4, 0.6]]),
        Dense(1, "sigmoid", bias=False, weights=[[0.55], [0.45]]),
    ],
)
LECTURE = scalar_program(
    derive(NET, "mse", "gradient_descent", fused=False),
    {"x": [[Decimal("0.5"), Decimal("0.3")]], "y": [[1]]},
    rate=Decimal("0.1"),
    passes=2,
)


def worked(calculation: Calculation, notation: str = "chainrule") -> Working:
    return build(calculation, namer(notation, calculation.program), title="", notation=notation)


def lecture(policy: str = "round:3") -> dict[str, Step]:
    working = worked(with_pencil(LECTURE, Policy.parse(policy)), "psyc681")
    return {step.key: step for step in working.steps if isinstance(step, Step)}


@pytest.mark.parametrize("policy", ["round:3", "truncate:4", "significant:3", "exact"])
@pytest.mark.parametrize("case", CASES[::3], ids=repr)
def test_the_relation_tells_whether_the_printed_result_is_what_the_printed_numbers_come_to(
    case: Case, policy: str
) -> None:
    program = case.program(passes=1)
    calculation = with_pencil(program, Policy.parse(policy))
    for step, line in zip(worked(calculation).steps, program, strict=True):
        assert isinstance(step, Step)
        printed = {key: Decimal(calculation.written(key)) for key in line.uses}
        precise = evaluate_decimal(line.tree, printed) == Decimal(step.result)
        assert step.relation == ("=" if precise else "≈")


@pytest.mark.parametrize("case", CASES[1::3], ids=repr)
def test_every_step_can_be_read_back(case: Case) -> None:
    """The numbers put in, read as a person's formula, come to the value before rounding."""
    program = case.program(passes=1)
    calculation = with_pencil(program, Policy.parse("exact:30"))
    for step, line in zip(worked(calculation).steps, program, strict=True):
        assert isinstance(step, Step)
        assert step.numbers is not None
        assert (step.key, step.uses) == (line.key, symbols_in(line.tree))
        for form in (
            step.name.mathml,
            step.formula.mathml,
            step.numbers.mathml,
            step.call and step.call.mathml,
        ):
            parseString(f"<m>{form}</m>")
        if " if " not in step.numbers.text and len(step.numbers.text) < 2000:
            value = parse_formula(step.numbers.text, [])
            assert_close(float(evaluate_decimal(value, {})), step.value, "rounding", what=step.numbers.text)


def test_a_step_in_the_lectures_words() -> None:
    steps = lecture()
    step = steps["dW1[2,1]@1"]
    assert step.call is not None
    assert step.numbers is not None
    assert step.name.text == "∂C/∂w3"
    assert step.call.text == "∂C/∂o1 · ∂o1/∂z3 · ∂z3/∂h1 · ∂h1/∂z1 · ∂z1/∂w3"
    assert step.formula.text == "∂C/∂o1 · ∂o1/∂z3 · w5 · ∂h1/∂z1 · x2"
    assert step.numbers.text == "(-0.708) · 0.229 · 0.55 · 0.237 · 0.3"
    assert (step.relation, step.result) == ("≈", "-0.006")
    assert step.reason == "chain rule: the factors on the way back from the loss, multiplied"


def test_an_activation_is_called_by_name() -> None:
    step = lecture()["a1[1,1]@1"]
    assert step.call is not None
    assert (step.call.text, step.call.latex) == ("σ(z1)", r"\sigma(z_{1})")
    assert step.formula.text == "1 / (1 + exp(-z1))"
    case = BY_NAME["hidden leaky_relu"]
    steps = worked(with_pencil(case.program(passes=1))).steps
    calls = [step.call for step in steps if isinstance(step, Step) and step.kind == "activations"]
    assert calls[0] is not None
    assert calls[0].text == "leaky_relu(z1[1,1])"
    assert r"\operatorname{leaky\_relu}" in calls[0].latex


def test_what_passes_its_sum_on_has_no_call() -> None:
    steps = worked(with_pencil(BY_NAME["linear layers"].program())).steps
    assert all(step.call is None for step in steps if isinstance(step, Step) and step.kind == "activations")


def test_updates_have_an_arrow_and_what_leads_to_them_has_none() -> None:
    steps = worked(with_pencil(BY_NAME["rule adam"].program(passes=1))).steps
    by_kind = {step.kind: step.arrow for step in steps}
    assert by_kind["updates"] == "←"
    assert by_kind["other"] == "="


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("z1[1,1]@1", "each unit of layer 1 adds up its inputs, each times its weight"),
        ("a2[1,1]@1", "sigmoid of the weighted sum is the network's output"),
        ("g2[1,1]@1", "how the loss changes with o1: its slope there"),
        ("∂a1[1,1]@1/∂z1[1,1]@1", "how h1 changes with z1: the slope there"),
        ("W2[2,1]@2", "gradient descent: the new weights of layer 2"),
    ],
)
def test_reasons_are_in_the_names_of_the_notation(key: str, reason: str) -> None:
    assert lecture()[key].reason == reason


def test_no_reason_has_a_symbol_that_the_notation_does_not_know() -> None:
    for step in lecture().values():
        assert not any(symbol in step.reason for symbol in ("W1", "W2", "a1", "a2", "d1", "d2", "z2["))


@pytest.mark.parametrize(
    ("name", "key", "reason"),
    [
        (
            "l2",
            "dW2[1,1]@1",
            "what came in, times the gradient that arrives, summed over all uses, and the penalty's share",
        ),
        ("hidden tanh", "db2[1]@1", "1, times the gradient that arrives, summed over all uses"),
        ("thresholds", "dtheta2[1]@1", "−1, times the gradient that arrives, summed over all uses"),
        ("2-2-1 biases 1", "dW1[1,2]@1", "what came in, times the gradient that arrives"),
        ("2-2-1 biases 1", "d1[1,2]@1", "chain rule: the gradient that arrives, times the local slope"),
        ("2-3-2 1", "g1[1,2]@1", "back to a1[2]: it collects from all that it feeds, weight by weight"),
        ("hidden step", "dW1[1,1]@1", "what came in, times the gradient that arrives, summed over all uses"),
        ("hidden step", "d1[1,1]@1", "no change: a slope on every way back to the loss is always 0"),
        (
            "learnt slope twice",
            "dalpha1[1]@1",
            "the slope in it, times the gradient that arrives, summed over all uses",
        ),
        ("rule adam", "m_W1[1,1]@2", "adam: m of the weights of layer 1, kept for the next step"),
        ("clip_norm", "cb1[1]@1", "the gradient of the biases of layer 1, bounded"),
        ("clip_norm", "n@1", "the length of the whole gradient"),
    ],
)
def test_a_reason_by_deltas(name: str, key: str, reason: str) -> None:
    program = BY_NAME[name].program("deltas", passes=1)
    calculation = with_pencil(program)
    assert step_of(program.by_key[key], calculation).reason == reason


def step_of(line: ScalarLine, calculation: Calculation) -> Step:
    """One line as a step."""
    working = build(calculation, namer("chainrule", calculation.program), title="", lines=[line], notation="")
    (step,) = working.steps
    assert isinstance(step, Step)
    return step


def test_entries_of_one_line_share_their_reason() -> None:
    steps = lecture()
    assert len({steps[f"W1[{i},{j}]@2"].reason for i in (1, 2) for j in (1, 2)}) == 1


def test_what_is_given_is_told_once_but_a_number_that_changes_each_time() -> None:
    case = BY_NAME["rule adam"]
    working = worked(with_pencil(case.program(passes=3)))
    told = [(given.name.text, given.written) for given in working.given]
    assert len(told) == len(set(told))
    assert [written for name, written in told if name == "t"] == ["1", "2", "3"]
    assert [written for name, written in told if name == "η"] == ["0.001"]
    assert not any(given.written == "" for given in working.given)


def test_phases_come_pass_by_pass() -> None:
    working = worked(with_pencil(LECTURE))
    names = ["feedforward", "loss", "backpropagation", "update"]
    assert [(phase.number, phase.name) for phase in working.phases] == [
        (n, name) for n in (1, 2) for name in names
    ]
    assert working.passes == 2


def test_some_lines_are_given_only_what_they_use() -> None:
    calculation = with_pencil(LECTURE)
    lines = [LECTURE.by_key["z1[1,2]@1"]]
    working = build(calculation, namer("psyc681", LECTURE), title="", lines=lines, notation="psyc681")
    assert len(working.given) == 4
    assert [step.key for step in working.steps] == ["z1[1,2]@1"]


def test_an_overflow_is_a_result_in_every_form() -> None:
    values = {"x": [[1e200]], "y": [[0.0]], "W1": [[1e200]]}
    d = derive(Network(1, [Dense(1, bias=False, weights=[[1e200]])]), "mse", "gradient_descent")
    program = scalar_program(d, values)
    steps = worked(from_engine(program, [NumpyEngine().run(d, values)], "")).steps
    last = steps[-1]
    assert isinstance(last, Step)
    assert last.numbers is not None
    for form in ("text", "latex", "mathml"):
        assert last.numbers.form(form)  # type: ignore[arg-type]
    assert [step.result for step in steps if isinstance(step, Step)][-2:] == ["∞", "-∞"]


@pytest.mark.parametrize(
    ("written", "latex"),
    [
        ("∞", r"\infty"),
        ("-∞", r"-\infty"),
        ("not a number", r"\text{not a number}"),
        ("1e-5", r"1 \times 10^{-5}"),
    ],
)
def test_a_printed_number_in_latex(written: str, latex: str) -> None:
    assert number_in(written, "latex") == latex
    assert number_in(written, "text") == written
    parseString(f"<m>{number_in(written, 'mathml')}</m>")


def test_values_are_those_of_the_calculation() -> None:
    case = BY_NAME["rule adamw"]
    program = case.program()
    values = evaluated(program)
    for step in worked(from_engine(program, case.steps, "")).steps:
        assert isinstance(step, Step)
        assert_close(step.value, values[step.key], "rounding")


def test_nets_of_every_shape_have_a_step_for_each_line() -> None:
    program = Case("any", net((2, 3, 2), "relu"), "mse", samples=2).program()
    assert [step.key for step in worked(with_pencil(program)).steps] == [line.key for line in program]


def test_an_update_moves_the_bias_itself() -> None:
    """Where a notation writes the bias as the weight of an input 1, it does so in sums only."""
    program = BY_NAME["hidden tanh"].program(passes=1)
    made = {step.key: step for step in worked(with_pencil(program), "comp0087").steps}
    assert "1 · b" in made["z1[1,1]@1"].formula.text
    assert "1 · b" not in made["b1[1]@2"].formula.text


def test_a_line_that_repeats_its_numbers_too_often_is_shown_in_short() -> None:
    """Softmax puts every unit of a layer into each of its logarithms."""
    case = Case("wide", net((2, 30), output="softmax"), "crossentropy", samples=8)
    view = StepView(case.derivation, case.steps[0])
    calculation = from_engine(view, case.steps, "")
    step = step_of(view.by_key["C@1"], calculation)
    assert len(step.uses) == 0
    assert step.numbers is None
    assert step.reason.endswith(" (over 2,000 numbers, too many to write out)")
    assert len(step.formula.text) < 200
