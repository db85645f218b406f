"""Exercises on the perceptron rule: samples shown one after the other, and the weights after each."""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import product
from random import Random
from typing import Any

from chainrule.formulas.expression import Constant, Expression, substitute
from chainrule.formulas.writing import text
from chainrule.working.building import build
from chainrule.working.calculation import Calculation, with_pencil
from chainrule.working.entries import Entry, quantity
from chainrule.working.exercises.plan import Plan
from chainrule.working.exercises.sheet import Section, Sheet
from chainrule.working.exercises.tomlform import quoted_toml, rounding_toml
from chainrule.working.exercises.training import blank_of, rounding_told
from chainrule.working.names.naming import Namer
from chainrule.working.program import Program, scalar_program
from chainrule.working.worked.formula_program import formula_program

__all__ = ["PerceptronMaker"]

DRAWS = 60


@dataclass(frozen=True, eq=False)
class _Run:
    """A drawn exercise: targets, and every number that is given."""

    y: list[Decimal]
    given: dict[str, Decimal]


class PerceptronMaker:
    """Makes sheets of a perceptron that learns: each presentation's sum and output, and the weights after it.

    The equations are those of the derivation with the perceptron rule, one sample at a time.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.lines = list(_lines(plan, _step(plan)))
        self.program = formula_program(_drawn(plan, Random(0)).given, self.lines)

    def sheet(self, seed: int) -> Sheet:
        """The sheet of a seed, the same on every machine: one with two to five mistakes if one is found."""
        plan, random = self.plan, Random(f"{self.plan.label} #{seed}")
        best: tuple[int, _Run, Calculation] | None = None
        for _ in range(DRAWS):
            run = _drawn(plan, random)
            given = {Entry(name).key: value for name, value in run.given.items()}
            calculation = with_pencil(replace(self.program, given=given), plan.rounding)
            mistakes = _mistakes(run, plan, calculation)
            learnt = len(set(run.y)) > 1 and bool(mistakes)
            cost = 0 if learnt and 2 <= len(mistakes) <= 5 else 1 if learnt else 2
            if best is None or cost < best[0]:
                best = (cost, run, calculation)
            if cost == 0:
                break
        assert best is not None
        return _sheet(plan, seed, best[1], best[2], self.lines)


def _step(plan: Plan) -> Program:
    """The scalar lines of one presentation."""
    inputs = plan.layers[0]
    values: dict[str, Any] = {"x": [[1] * inputs], "y": [[1]], "W1": [[1]] * inputs}
    if plan.bias:
        values["b1"] = [1]
    return scalar_program(plan.derivation, values, rate=plan.rate)


def _drawn(plan: Plan, random: Random) -> _Run:
    """Samples that a line separates, and what the unit starts from."""
    inputs = plan.layers[0]
    corners = [list(map(Decimal, corner)) for corner in product((0, 1), repeat=min(inputs, 4))]
    if inputs <= 3 and plan.samples <= 2**inputs:
        random.shuffle(corners)
        x = corners[: plan.samples]
    else:
        x = [[_tenths(random, 1, 9) for _ in range(inputs)] for _ in range(plan.samples)]
    aim = [_tenths(random, 2, 9, signed=True) for _ in range(inputs)]
    edge = _tenths(random, 1, 9, signed=True) if plan.bias else Decimal(0)
    y = [Decimal(sum(w * v for w, v in zip(aim, row, strict=True)) + edge > 0) for row in x]
    given = {f"w{i}": _tenths(random, 1, 5, signed=True) for i in range(1, inputs + 1)}
    if plan.bias:
        given["b"] = _tenths(random, 1, 5, signed=True)
    assert plan.rate is not None
    given["η"] = plan.rate
    for letter, row, target in zip(string.ascii_uppercase, x, y, strict=False):
        given |= {f"x{i}_{letter}": value for i, value in enumerate(row, start=1)}
        given[f"y_{letter}"] = target
    return _Run(y, given)


def _tenths(random: Random, least: int, most: int, *, signed: bool = False) -> Decimal:
    number = random.randint(least, most)
    return Decimal(-number if signed and random.random() < 0.4 else number) / 10


def _lines(plan: Plan, step: Program) -> Iterator[str]:
    """The derivation's lines, once for each presentation, in names of their own."""
    for shown in range(plan.passes * plan.samples):
        letter = string.ascii_uppercase[shown % plan.samples]
        for line in step:
            if line.phase == "loss":
                continue
            tree = substitute(line.tree, _constants(step))
            name = _name(line.key, shown, letter)
            yield f"{name} = {_written(tree, shown, letter)}"


def _constants(step: Program) -> dict[str, Expression]:
    """The numbers of the formulas themselves, such as the step's threshold."""
    assert step.derivation is not None
    return {
        key: Constant(step.given[key])
        for key in step.given
        if quantity(key).symbol in step.derivation.constants and not key.startswith("eta")  # type: ignore[union-attr]
    }


def _written(tree: Expression, shown: int, letter: str) -> str:
    return text(tree, lambda key: _name(key, shown, letter))


def _name(key: str, shown: int, letter: str) -> str:
    """x1_A is an input of sample A; z_3, ŷ_3 and w1_3 are of presentation 3 and after it."""
    found = quantity(key)
    assert isinstance(found, Entry)
    after = shown + 1 if found.version == 2 else shown
    match found.symbol:
        case "x":
            return f"x{found.index[-1]}_{letter}"
        case "y":
            return f"y_{letter}"
        case "eta":
            return "η"
        case "W1":
            return f"w{found.index[0]}_{after}" if after else f"w{found.index[0]}"
        case "b1":
            return f"b_{after}" if after else "b"
        case "a1":
            return f"ŷ_{shown + 1}"
    return f"z_{shown + 1}"


def _mistakes(run: _Run, plan: Plan, calculation: Calculation) -> list[int]:
    """The presentations with a wrong output, from 1."""
    count = plan.passes * plan.samples
    return [
        shown + 1
        for shown in range(count)
        if calculation.values[f"ŷ_{shown + 1}@1"] != run.y[shown % plan.samples]
    ]


def _sheet(plan: Plan, seed: int, run: _Run, calculation: Calculation, equations: list[str]) -> Sheet:
    program = calculation.program
    namer = Namer(plan.notation, program)
    mistakes = _mistakes(run, plan, calculation)
    count = plan.passes * plan.samples
    last = {*range(count - plan.samples + 1, count + 1)}
    learnt = not last & set(mistakes)
    wrong = ", ".join(map(str, mistakes))
    notes = (
        f"The output is wrong in presentation{'s' * (len(mistakes) > 1)} {wrong}, and only there the weights change."
        if mistakes
        else "No output is wrong, so the weights never change.",
        "In the last pass no output is wrong: it has learnt the samples."
        if learnt
        else "In the last pass some output is still wrong: it has not learnt the samples yet.",
    )
    title = f"A perceptron learns: sheet {seed}"
    working = build(
        calculation,
        namer,
        title=f"Key: {title[:1].lower()}{title[1:]}",
        heading=(f"{plan.network}, {plan.samples} samples", f"rule: perceptron, η = {plan.rate}"),
        notation=namer.notation.name,
        explanation="\n\n".join(notes),
    )
    letters = string.ascii_uppercase[: plan.samples]
    sections = []
    lines = list(program.by_key.values())
    each = len(lines) // count
    for shown in range(count):
        blanks = [blank_of(line, calculation, namer) for line in lines[shown * each : (shown + 1) * each]]
        sections.append(
            Section(f"Presentation {shown + 1}: sample {letters[shown % plan.samples]}", "", tuple(blanks))
        )
    times = {1: "once", 2: "twice"}.get(plan.passes, f"{plan.passes} times")
    return Sheet(
        f"perceptron-{plan.layers[0]}-1-seed-{seed}",
        title,
        (
            f"A unit with {plan.layers[0]} inputs{' and a bias' if plan.bias else ''} fires, ŷ = 1, where its weighted "
            f"sum z is at least 0. It is shown the samples {', '.join(letters)} one after the other, all of them "
            f"{times}. After each it learns by w ← w + η · x · (y − ŷ)"
            f"{', the bias as the weight of an input 1' if plan.bias else ''}.",
            f"w1_3 is the weight after presentation 3. {rounding_told(plan.rounding)}",
        ),
        working.given,
        tuple(sections),
        working,
        notes,
        _toml(plan, run, equations, title, notes),
        plan.rounding.spec,
        {"seed": seed, "mistakes": len(mistakes), "learnt": learnt},
    )


def _toml(plan: Plan, run: _Run, equations: list[str], title: str, notes: tuple[str, ...]) -> str:
    given = ", ".join(f'{quoted_toml(name)} = "{value}"' for name, value in run.given.items())
    lines = "".join(f"  {quoted_toml(line)},\n" for line in equations)
    return (
        f"title = {quoted_toml(title)}\nexplanation = {quoted_toml(' '.join(notes))}\n"
        f"notation = {quoted_toml(plan.notation.name)}\nrounding = {rounding_toml(plan.rounding.spec)}\n\n"
        f"[formula]\ngiven = {{ {given} }}\nlines = [\n{lines}]\n"
    )
