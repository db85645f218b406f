"""Sheets of a training step or a feedforward pass: the questions, in order, and the worked key."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from chainrule.engines.rounding import Policy, Rounding
from chainrule.formulas.writing import number_text, symbol_text, text
from chainrule.working.building import build
from chainrule.working.calculation import Calculation
from chainrule.working.document import Given, Working
from chainrule.working.entries import Entry, quantity
from chainrule.working.exercises.maker import Exercise
from chainrule.working.exercises.plan import Plan
from chainrule.working.exercises.rereading import misprints
from chainrule.working.exercises.sheet import Blank, Section, Sheet
from chainrule.working.exercises.tomlform import example_toml
from chainrule.working.exercises.zeros import explained
from chainrule.working.names.naming import Namer
from chainrule.working.program import ScalarLine
from chainrule.working.recorded import heading
from chainrule.working.rendering.drawing import drawing_of

__all__ = ["blank_of", "rounding_told", "sheet_of", "tolerance", "worked"]

_TITLES = {
    "feedforward": ("Feedforward", "Work out the weighted sums and the activations, layer by layer."),
    "loss": ("Loss", "Compare the outputs with the targets."),
    "backpropagation": (
        "Backpropagation",
        "Work out the local slopes and, with the chain rule, how the loss changes with each parameter.",
    ),
    "update": ("Update", "Take one step against the gradient: the new parameters."),
}


def sheet_of(exercise: Exercise) -> Sheet:
    """The question sheet of an exercise, with its key."""
    plan = exercise.plan
    name = f"{plan.kind}-{'-'.join(map(str, plan.layers))}-seed-{exercise.seed}"
    what = "A training step" if plan.kind == "backprop" else "A feedforward pass"
    title = f"{what} by hand: sheet {exercise.seed}"
    notes = explained(exercise)
    working = worked(exercise, f"Key: {title[:1].lower()}{title[1:]}", notes)
    facts: dict[str, Any] = {"seed": exercise.seed, "draws": exercise.draws}
    facts["misprints"] = sum(1 for _ in misprints(working, exercise.calculation))
    if exercise.collisions is not None:
        facts |= {
            "slips": exercise.collisions.slips,
            "slips_alike": exercise.collisions.alike,
            "slips_unseen": exercise.collisions.right,
        }
    remark = f"An exercise from seed {exercise.seed}."
    if exercise.collisions is not None and exercise.collisions.slips:
        found = exercise.collisions
        remark += (
            f" Of {found.slips} slips on the way to a new parameter, {found.alike} print what another prints "
            f"and {found.right} what is right."
        )
    return Sheet(
        name,
        title,
        tuple(_told(exercise)),
        _given(working, exercise),
        tuple(_sections(exercise)),
        working,
        notes,
        example_toml(plan, exercise.values, title, " ".join(notes), [remark]),
        plan.rounding.spec,
        facts,
    )


def worked(
    exercise: Exercise, title: str = "Key", notes: tuple[str, ...] = (), *, drawn: bool = True
) -> Working:
    """The worked solution; notes: what it has to say first; drawn: with the network's drawing."""
    program, names = exercise.program, exercise.namer
    return build(
        exercise.calculation,
        names,
        title=title,
        heading=heading(program),
        notation=names.notation.name,
        explanation="\n\n".join(notes),
        drawing=drawing_of(program, names) if drawn else None,
    )


def _given(working: Working, exercise: Exercise) -> tuple[Given, ...]:
    """The numbers given: inputs, parameters, targets, the rule's; not the zeros that it starts to keep from."""
    derivation = exercise.plan.derivation
    order = ["x", *(p.name for p in derivation.network.parameters), "y"]

    def place(given: Given) -> tuple[int, tuple[int, ...]]:
        found = quantity(given.key)
        if not isinstance(found, Entry) or found.symbol not in order:
            return len(order), ()
        return order.index(found.symbol), found.index

    kept = (given for given in working.given if _symbol_of(given.key) not in derivation.state)
    return tuple(sorted(kept, key=place))


def _symbol_of(key: str) -> str:
    found = quantity(key)
    return found.symbol if isinstance(found, Entry) else ""


# --- the question in words ----------------------------------------------------------------------------


def _told(exercise: Exercise) -> Iterator[str]:
    plan = exercise.plan
    layers = [
        f"{units} unit{'s' * (units > 1)} with {_in_words(function.spec)}"
        for units, function in zip(plan.layers[1:], plan.activations, strict=True)
    ]
    inputs = plan.layers[0]
    samples = f", for {plan.samples} samples" if plan.samples > 1 else ""
    yield (
        f"A network takes {inputs} input{'s' * (inputs > 1)} and has {_layers(layers)}"
        f"{'' if plan.bias else ', without biases'}{samples}."
    )
    if plan.loss is not None:
        yield f"{_loss(plan)} {_rule(exercise)}"
    yield rounding_told(plan.rounding)


def _layers(layers: list[str]) -> str:
    if len(layers) == 1:
        return f"one layer of {layers[0]}"
    return f"{len(layers)} layers: {'; then '.join(layers)}"


def _in_words(spec: str) -> str:
    return spec.replace("_", " ")


def _loss(plan: Plan) -> str:
    assert plan.loss is not None
    over = [f"{way} over the {what}" for way, what in _ways(plan)]
    formula = text(plan.loss.value.tree, lambda name: {"p": "ŷ"}.get(name) or symbol_text(name))
    return f"The loss is {_in_words(plan.loss.spec)}, {formula}{', ' + ' and '.join(over) if over else ''}."


def _ways(plan: Plan) -> Iterator[tuple[str, str]]:
    assert plan.loss is not None
    ways = {"mean": "averaged", "sum": "summed"}
    if plan.layers[-1] > 1:
        yield ways[plan.loss.over_outputs], "outputs"
    if plan.samples > 1:
        yield ways[plan.loss.over_batch], "samples"


def _rule(exercise: Exercise) -> str:
    plan = exercise.plan
    assert plan.rule is not None
    name = plan.rule.name.replace("_", " ")
    others = [
        f"{symbol_text(key)} = {number_text(value)}"
        for key, value in plan.rule.parameters.items()
        if key != "learning_rate"
    ]
    settings = f", {', '.join(others)}" if others else ""
    passes = "" if plan.passes == 1 else f", {plan.passes} steps on the same samples"
    kept = plan.derivation.state
    if kept:
        passes += "; what it keeps for each parameter starts from 0"
    return f"It learns by {name}, with the learning rate η = {plan.rate}{settings}{passes}."


def rounding_told(policy: Policy) -> str:
    """The rounding in words, and what it means for the one who calculates.

    >>> rounding_told(Policy.parse("round:4"))
    'Write every line rounded to 4 decimals, ties half-up; go on with the numbers as you have written them.'
    """
    if not policy.per and policy.default.kind == "exact":
        return f"Carry all digits; write {policy.default.digits} significant digits."
    return f"Write {policy.written}; go on with the numbers as you have written them."


# --- the blanks ---------------------------------------------------------------------------------------


def _sections(exercise: Exercise) -> Iterator[Section]:
    program, passes = exercise.program, exercise.program.passes
    for number in range(1, passes + 1):
        for phase, (title, told) in _TITLES.items():
            lines = [line for line in program if line.number == number and line.phase == phase]
            if not lines:
                continue
            step = f", step {number}" if passes > 1 else ""
            blanks = tuple(blank_of(line, exercise.calculation, exercise.namer) for line in lines)
            if phase == "update" and any("_" in _symbol(line) for line in lines):
                told = "Work out what the rule keeps for each parameter, and the new parameters."
            yield Section(f"{title}{step}", told, blanks)


def _symbol(line: ScalarLine) -> str:
    return str(getattr(line.quantity, "symbol", ""))


def blank_of(line: ScalarLine, calculation: Calculation, namer: Namer) -> Blank:
    """The blank for a line's result."""
    name = namer.name(line.key)
    later = f" ({line.number})" if line.number > 1 else ""
    rounding, value = calculation.rounding(line.key), calculation[line.key]
    return Blank(
        name,
        f"{name.text}{later}",
        calculation.written(line.key),
        tolerance(rounding, value),
        line.key,
    )


def tolerance(rounding: Rounding, value: Decimal) -> Decimal:
    """How far an answer may be off: one unit of the last place that is written.

    >>> tolerance(Rounding("round", 4), Decimal("0.47")), tolerance(Rounding("significant", 3), Decimal("12.34"))
    (Decimal('0.0001'), Decimal('0.1'))
    """
    if rounding.kind in ("round", "truncate"):
        return Decimal(1).scaleb(-rounding.digits)
    if not value:
        return Decimal(1).scaleb(-rounding.digits)
    return Decimal(1).scaleb(value.adjusted() - rounding.digits + 1)
