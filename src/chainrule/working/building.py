"""Building a working: a program, its numbers and a notation become phases of steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import reduce
from operator import add, mul
from typing import Any, Protocol

from chainrule.derivation.lines import PHASES, Line
from chainrule.derivation.lines import Phase as PhaseName
from chainrule.derivation.network import Parameter
from chainrule.derivation.telling import TITLES
from chainrule.engines.pencil import evaluate_decimal
from chainrule.formulas.expression import Constant, Expression, Symbol, fold, symbols_in
from chainrule.formulas.writing import Form, latex_number, mathml_number, symbol_form
from chainrule.working.calculation import Calculation
from chainrule.working.document import Given, Name, Phase, Step, Working, Written
from chainrule.working.entries import Entry, Partial, Quantity
from chainrule.working.exactness import is_precise
from chainrule.working.program import Lines, ScalarLine
from chainrule.working.unfolding import MOST_WRITTEN

__all__ = ["Namer", "build", "comes_to", "number_in"]

_NOT_FINITE_IN: Mapping[Form, Mapping[str, str]] = {
    "latex": {"∞": r"\infty", "-∞": r"-\infty", "not a number": r"\text{not a number}"},
    "mathml": {
        "∞": "<mi>&#x221E;</mi>",
        "-∞": "<mrow><mo>&#x2212;</mo><mi>&#x221E;</mi></mrow>",
        "not a number": "<mtext>not a number</mtext>",
    },
}
_NOT_FINITE = {"∞": "Infinity", "-∞": "-Infinity", "not a number": "NaN"}


FEW = 100
"""A line that uses fewer is never too long to be written out."""

OF_FORMULAS: Mapping[PhaseName, str] = {
    "feedforward": "Values: line by line",
    "backpropagation": "Derivatives: slope by slope, and the chain rule",
}


class Namer(Protocol):
    """What a notation calls the quantities of a program."""

    def name(self, key: str) -> Name:
        """The name of a quantity."""
        ...

    def shown(self, tree: Expression) -> Expression:
        """A formula over keys as the notation has it."""
        ...


def build(
    calculation: Calculation,
    namer: Namer,
    *,
    title: str,
    heading: Iterable[str] = (),
    lines: Iterable[ScalarLine] | None = None,
    **facts: Any,
) -> Working:
    """The working of a calculated program, or of some of its lines.

    facts: further fields of `Working`: source, explanation, notation, certificate, …
    """
    program = calculation.program
    chosen = list(program.by_key.values() if lines is None else lines)
    write = _Writer(calculation, namer)
    titles = TITLES if program.derivation is not None else {**TITLES, **OF_FORMULAS}
    phases = [
        Phase(phase, titles[phase], number, tuple(map(write.step, members)))
        for number in sorted({line.number for line in chosen})
        for phase in PHASES
        if (members := [line for line in chosen if line.number == number and line.phase == phase])
    ]
    return Working(
        title,
        tuple(heading),
        tuple(_given(program, calculation, namer, chosen)),
        tuple(phases),
        calculation.policy.written,
        calculation.by,
        **facts,
    )


def _is_too_long(line: ScalarLine) -> bool:
    """Whether a line's formula has more numbers in it than are written, one that is used twice counted twice."""
    if line.whole or len(line.uses) < FEW:
        return line.whole
    return bool(fold(line.tree, lambda _: 1, lambda _: 1, lambda _, *counts: sum(counts)) > MOST_WRITTEN)


def _given(
    program: Lines, calculation: Calculation, namer: Namer, lines: list[ScalarLine]
) -> Iterable[Given]:
    """The numbers that the lines start from, each once, in the order in which they were given."""
    used = {key for line in lines for key in line.uses}
    seen = set()
    for key in program.given:
        if key not in used:
            continue
        name, written = namer.name(key), calculation.written(key)
        # Another pass starts from the same inputs, which are given once, but from another t.
        if (name.text, written) not in seen:
            seen.add((name.text, written))
            yield Given(key, name, written)


class _Writer:
    """Writes the lines of one calculation."""

    def __init__(self, calculation: Calculation, namer: Namer) -> None:
        self.calculation = calculation
        self.program = calculation.program
        self.namer = namer

    def step(self, line: ScalarLine) -> Step:
        calculation = self.calculation
        result = calculation.written(line.key)
        value = calculation[line.key]
        if line.line is not None and _is_too_long(line):
            return self.in_short(line, line.line, result, float(value))
        # What an update moves is the bias itself, not what it adds to a sum.
        shown = line.tree if line.phase == "update" else self.namer.shown(line.tree)
        return Step(
            key=line.key,
            name=self.namer.name(line.key),
            arrow="←" if line.kind == "updates" else "=",
            call=self.call(line),
            formula=Written.of(shown, self.name),
            numbers=Written.of(shown, self.number),
            result=result,
            exact=self.is_exact(line, result),
            value=float(value),
            reason=self.reason(line),
            kind=line.kind,
            uses=line.uses,
        )

    def in_short(self, line: ScalarLine, whole: Line, result: str, value: float) -> Step:
        """A number made of more others than anybody can read: with the formula of its whole line."""
        return Step(
            key=line.key,
            name=self.namer.name(line.key),
            arrow="=",
            call=None,
            formula=Written.of(whole.tree, symbol_form),
            numbers=None,
            result=result,
            exact=False,
            value=value,
            reason=f"{self.reason(line)} (over {MOST_WRITTEN:,} numbers, too many to write out)",
            kind=line.kind,
            uses=(),
        )

    # --- what is written for a quantity -------------------------------------------------------------

    def name(self, key: str, form: Form) -> str:
        return self.namer.name(key).form(form)

    def number(self, key: str, form: Form) -> str:
        return number_in(self.calculation.written(key), form)

    def is_exact(self, line: ScalarLine, result: str) -> bool:
        """Whether the printed result is precisely what the printed numbers come to."""
        return comes_to(line.tree, self.calculation, result)

    # --- the formula by name ------------------------------------------------------------------------

    def call(self, line: ScalarLine) -> Written | None:
        if line.paths:
            # The chain of named derivatives, one product for each path.
            products = (reduce(mul, (Symbol(factor.key) for factor in path)) for path in line.paths)
            return Written.of(reduce(add, products), self.name)
        if line.kind in ("activations", "output") and not isinstance(line.tree, Symbol):
            return self.activation(line)
        return None

    def activation(self, line: ScalarLine) -> Written | None:
        """σ(z1), where the activation has a z of its own."""
        made = line.line.definition if line.line else None
        if made is None or line.line is None or not isinstance(line.quantity, Entry):
            return None
        summed = Entry(f"z{line.line.symbol[1:]}", line.quantity.index, line.quantity.version).key
        of_layer = [key for key in line.uses if key.startswith(f"z{line.line.symbol[1:]}[")]
        if of_layer != [summed]:
            return None
        function = {"sigmoid": "σ"}.get(made.name, made.name)

        def make(form: Form) -> str:
            name = self.name(summed, form)
            if form == "mathml":
                return (
                    f"<mrow><mi>{function}</mi><mo>&#x2061;</mo>"
                    f'<mo stretchy="false">(</mo>{name}<mo stretchy="false">)</mo></mrow>'
                )
            if form == "latex":
                escaped = function.replace("_", r"\_")
                called = r"\sigma" if function == "σ" else rf"\operatorname{{{escaped}}}"
                return f"{called}({name})"
            return f"{function}({name})"

        return Written(make)

    # --- reasons ------------------------------------------------------------------------------------

    def reason(self, line: ScalarLine) -> str:
        found: Quantity = line.quantity
        if line.phase == "update":
            return self.update_reason(line)
        if isinstance(found, Partial) and not line.paths:
            return f"how {self.text(found.of)} changes with {self.text(found.wrt)}: the slope there"
        if line.paths and self.program.chain == "paths":
            if len(line.paths) == 1:
                return f"chain rule: the factors {self.way}, multiplied"
            return f"chain rule: the sum over the {len(line.paths)} ways{self.way.removeprefix('on the way')}"
        if line.phase == "backpropagation" and line.line is not None and line.line.of is not None:
            return self.gradient_reason(line)
        return line.reason

    @property
    def way(self) -> str:
        """Where the factors of a chain lie."""
        return "on the way back from the loss" if self.program.derivation is not None else "on the way"

    def update_reason(self, line: ScalarLine) -> str:
        """As the derivation has it, but the parameter told by what it is: one reason for all its entries."""
        parameter = self.parameter(line)
        if parameter is None:
            return line.reason
        role = {"bias": "biases", "threshold": "thresholds", "activation": "learnt slope"}
        told = f"{role.get(parameter.role, parameter.role)} of layer {parameter.layer}"
        what = told if "the new " in line.reason else f"the {told}"
        return re.sub(rf"\b{parameter.name}\b", what, line.reason)

    def gradient_reason(self, line: ScalarLine) -> str:
        """As the derivation has it, but in the names of the notation."""
        if line.tree is Constant(0):
            return "no change: a slope on every way back to the loss is always 0"
        if not line.paths:
            return f"how the loss changes with {self.wrt(line)}: its slope there"
        parameter = self.parameter(line)
        if parameter is not None:
            came_in = {"bias": "1", "threshold": "−1", "activation": "the slope in it"}
            what = came_in.get(parameter.role, "what came in")
            uses = [path for path in line.paths if not _is_penalty(path)]
            summed = ", summed over all uses" * (len(uses) > 1)
            penalty = ", and the penalty's share" * (len(uses) < len(line.paths))
            return f"{what}, times the gradient that arrives{summed}{penalty}"
        if len(line.paths) > 1:
            return f"back to {self.wrt(line)}: it collects from all that it feeds, weight by weight"
        return "chain rule: the gradient that arrives, times the local slope"

    def parameter(self, line: ScalarLine) -> Parameter | None:
        """The parameter that a line of the update, or a gradient, is of."""
        of = line.line.of if line.line is not None else None
        network = self.program.derivation.network if self.program.derivation is not None else None
        return next((p for p in network.parameters if p.name == of), None) if network else None

    def wrt(self, line: ScalarLine) -> str:
        """The name of what a gradient is the gradient of."""
        assert isinstance(line.quantity, Entry)
        assert line.line is not None
        assert line.line.of is not None
        return self.text(Entry(line.line.of, line.quantity.index, line.quantity.version))

    def text(self, entry: Entry) -> str:
        return self.namer.name(entry.key).text


def _is_penalty(path: tuple[Quantity, ...]) -> bool:
    return isinstance(path[-1], Partial) and path[-1].of.symbol == "R"


def comes_to(tree: Expression, calculation: Calculation, result: str) -> bool:
    """Whether a printed result is precisely what a formula comes to with the printed numbers put in."""
    values = {key: _read(calculation.written(key)) for key in symbols_in(tree)}
    value, shown = evaluate_decimal(tree, values), _read(result)
    if not shown.is_finite():
        return value.is_nan() if shown.is_nan() else value == shown
    return value == shown and is_precise(tree, values)


def _read(written: str) -> Decimal:
    """A printed number; an infinity or not-a-number too."""
    return Decimal(_NOT_FINITE.get(written, written))


def number_in(written: str, form: Form) -> str:
    """A printed number in one of the written forms."""
    if form == "text":
        return written
    if written in _NOT_FINITE:
        return _NOT_FINITE_IN[form].get(written, written)
    return latex_number(written) if form == "latex" else mathml_number(written)
