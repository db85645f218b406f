"""Numbers for an exercise: few digits, drawn from a seed, and what makes them good or bad to work with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from chainrule.derivation.network import Parameter
from chainrule.engines.pencil import evaluate_decimal
from chainrule.formulas.activations import Activation
from chainrule.formulas.expression import Constant
from chainrule.working.calculation import Calculation
from chainrule.working.entries import Entry, Partial, quantity
from chainrule.working.exercises.plan import Plan
from chainrule.working.program import Program, ScalarLine, scalar_program

__all__ = ["LARGEST", "Faults", "drawn", "faults_of", "filled", "parameter_gradients", "template"]

Values = Mapping[str, Any]

FLAT = Decimal("0.02")  # a slope below, or an output nearer to its bound, counts as saturated
LARGEST = Decimal(200)
DIGITS = 3  # significant digits that a gradient's printed value should have


def template(plan: Plan) -> Program:
    """The plan's scalar lines; its numbers are to be filled in."""
    network = plan.network
    inputs, outputs = plan.layers[0], plan.layers[-1]
    values: dict[str, Any] = {"x": [[1] * inputs] * plan.samples, "y": [[1] * outputs] * plan.samples}
    for parameter in network.parameters:
        if not isinstance(parameter.start, tuple):
            values[parameter.name] = _shaped(parameter, lambda: 1)
    return scalar_program(plan.derivation, values, rate=plan.rate, passes=plan.passes)


def filled(program: Program, values: Values) -> Program:
    """The same lines with other numbers. values: x, y and the parameters by name, as rows."""
    given = dict(program.given)
    for key in given:
        found = quantity(key)
        if isinstance(found, Entry) and found.symbol in values:
            number = values[found.symbol]
            for place in found.index:
                number = number[place - 1]
            given[key] = number
    return replace(program, given=given)


# --- drawing ----------------------------------------------------------------------------------------


def drawn(plan: Plan, random: Random, *, a_zero: bool = False) -> dict[str, Any]:
    """x, y and the parameters, each number of one or two digits.

    a_zero: one of the inputs is 0
    """
    network = plan.network
    parameters = [p for p in network.parameters if not isinstance(p.start, tuple)]
    weights = _pool(random, sum(p.size for p in parameters if p.role == "weights"), 5, 95)
    biases = _pool(random, sum(p.size for p in parameters if p.role != "weights"), 10, 60)
    values: dict[str, Any] = {}
    steep = Decimal(random.choice((4, 5, 6))) if plan.saturated else Decimal(1)
    for parameter in parameters:
        numbers = weights if parameter.role == "weights" else biases
        scale = steep if parameter.layer == 1 and parameter.role == "weights" else Decimal(1)
        values[parameter.name] = _shaped(parameter, partial(_next, numbers, scale))
    inputs = _inputs(random, plan.samples * plan.layers[0])
    x = [[next(inputs) for _ in range(plan.layers[0])] for _ in range(plan.samples)]
    if a_zero:
        x[random.randrange(plan.samples)][random.randrange(plan.layers[0])] = Decimal(0)
    values["x"] = x
    if plan.loss is not None:
        values["y"] = [_targets(plan, random) for _ in range(plan.samples)]
    return values


def _next(numbers: Iterator[Decimal], scale: Decimal) -> Decimal:
    return _written(next(numbers) * scale)


def _written(value: Decimal) -> Decimal:
    """Without zeros after the last digit that counts: 0.30 is given as 0.3, 2.0 as 2."""
    made = value.normalize()
    return made.quantize(Decimal(1)) if made == made.to_integral() else made


def _pool(random: Random, count: int, least: int, most: int) -> Iterator[Decimal]:
    """So many different hundredths, one digit before two, with either sign."""
    tens = [n for n in range(least, most + 1) if n % 10 == 0]
    fives = [n for n in range(least, most + 1) if n % 10 == 5]
    others = [n for n in range(least, most + 1) if n % 5]
    for numbers in (tens, fives, others):
        random.shuffle(numbers)
    keep = min(len(fives), max(1, count // 4))
    sizes = (tens + fives[:keep] + fives[keep:] + others)[:count]
    while len(sizes) < count:
        sizes += others[: count - len(sizes)]
    random.shuffle(sizes)
    return iter([Decimal(n if random.random() < 0.65 else -n) / 100 for n in sizes])


def _inputs(random: Random, count: int) -> Iterator[Decimal]:
    """Different inputs, most of one digit."""
    sizes = [*range(20, 100, 10), 120, 150, 200]
    random.shuffle(sizes)
    if count > len(sizes):
        more = list(range(15, 100, 10))
        random.shuffle(more)
        sizes += more
    while count > len(sizes):
        sizes += [n for n in range(11, 100) if n % 5]
    return iter([_written(Decimal(n if random.random() < 0.85 else -n) / 100) for n in sizes[:count]])


def _targets(plan: Plan, random: Random) -> list[Decimal]:
    """The targets of a sample: classes, 0 or 1, or numbers that the output activation reaches."""
    assert plan.loss is not None
    outputs = plan.layers[-1]
    if plan.loss.targets == "classes":
        right = random.randrange(outputs)
        return [Decimal(int(k == right)) for k in range(outputs)]
    low, high = plan.activations[-1].range
    if plan.loss.targets == "binary" or (low, high) == (0.0, 1.0):
        return [Decimal(random.randrange(2)) for _ in range(outputs)]
    sizes = random.sample(range(2, 10), outputs) if outputs <= 8 else [5] * outputs
    signed = low < 0 and random.random() < 0.3
    return [Decimal(-n if signed else n) / 10 for n in sizes]


def _shaped(parameter: Parameter, number: Callable[[], Any]) -> Any:
    if len(parameter.shape) == 1:
        return [number() for _ in range(parameter.shape[0])]
    return [[number() for _ in range(parameter.shape[1])] for _ in range(parameter.shape[0])]


# --- judging ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Faults:
    """All that is wrong with a candidate.

    impossible: it cannot be worked at all (an infinite or huge number)
    saturated:  keys of saturated units; zeros: of parameters' gradients that are printed as 0, in a
                feedforward pass of activations
    vanished:   keys of lines that are not 0 but are printed so, or of updates that change no digit
    missing:    how many significant digits the gradients lack
    """

    impossible: bool = False
    saturated: tuple[str, ...] = ()
    zeros: tuple[str, ...] = ()
    vanished: tuple[str, ...] = ()
    missing: int = 0

    @property
    def cost(self) -> int:
        """The lower the better, zeros aside; 0 for a good candidate."""
        return (
            1_000_000 * self.impossible + 100 * len(self.saturated) + 20 * len(self.vanished) + self.missing
        )


def parameter_gradients(program: Program) -> list[ScalarLine]:
    """The lines of the parameters' gradients."""
    derivation = program.derivation
    if derivation is None:
        return []
    trained = set(derivation.gradients.values())
    return [line for line in program if isinstance(line.quantity, Entry) and line.quantity.symbol in trained]


def faults_of(calculation: Calculation, activations: tuple[Activation, ...]) -> Faults:
    """What is wrong with the numbers of a calculation by the pencil."""
    values, program = calculation.values, calculation.program
    assert isinstance(program, Program)
    vanished = []
    for line in program:
        value = values[line.key]
        if not value.is_finite() or abs(value) > LARGEST:
            return Faults(impossible=True)
        if line.kind == "output" and not _is_inside(value, program):
            return Faults(impossible=True)
        if not value and evaluate_decimal(line.tree, values, 16):
            vanished.append(line.key)
    gradients = parameter_gradients(program)
    told = gradients or [line for line in program if line.kind in ("activations", "output")]
    zeros = [line.key for line in told if not values[line.key]]
    missing = 0
    for line in gradients:
        if values[line.key]:
            written = calculation.written(line.key).partition("e")[0].replace(".", "").lstrip("-0")
            missing += max(0, DIGITS - len(written))
    vanished += [line.key for line in program if _changes_nothing(line, values, program)]
    return Faults(
        saturated=tuple(_saturated(program, values, activations)),
        zeros=tuple(zeros),
        vanished=tuple(vanished),
        missing=missing,
    )


def _is_inside(output: Decimal, program: Program) -> bool:
    """Whether the loss takes an output as it is printed: there is no logarithm of 0."""
    loss = program.derivation.loss if program.derivation is not None else None
    low, high = loss.domain if loss is not None else (-math.inf, math.inf)
    return low < output < high


def _changes_nothing(line: ScalarLine, values: Mapping[str, Decimal], program: Program) -> bool:
    """Whether an update leaves the printed number as it was, though it should not."""
    found = line.quantity
    if line.kind != "updates" or not isinstance(found, Entry) or "_" in found.symbol:
        return False
    before = Entry(found.symbol, found.index, found.version - 1).key
    if before not in line.uses or values[before] != values[line.key]:
        return False
    return evaluate_decimal(line.tree, values, 28) != values[before]


def _saturated(
    program: Program, values: Mapping[str, Decimal], activations: tuple[Activation, ...]
) -> Iterator[str]:
    """The activations whose slope is tiny, or whose output is next to a bound."""
    for line in program:
        found = line.quantity
        if isinstance(found, Partial):
            slope = abs(values[line.key])
            own = found.of.index == found.wrt.index and found.of.symbol[0] == "a"
            if own and found.of.symbol[1:] == found.wrt.symbol[1:]:
                exact = abs(evaluate_decimal(line.tree, values, 16))
                if exact and slope < FLAT:
                    yield found.of.key
        elif line.kind in ("activations", "output") and found.symbol[1:].isdigit():
            function = activations[int(found.symbol[1:]) - 1]
            low, high = function.range
            if high - low < 3 and not _is_flat(function):
                margin = FLAT * Decimal(high - low)
                if values[line.key] - Decimal(low) < margin or Decimal(high) - values[line.key] < margin:
                    yield found.key


def _is_flat(function: Activation) -> bool:
    """Whether it is a step, whose outputs are at its bounds always."""
    return function.slope is not None and function.slope.tree is Constant(0)
