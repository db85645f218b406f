"""A gradient in letters as a working: the chain, each factor, the product, what cancels."""

from __future__ import annotations

import re
from typing import Any

from chainrule.derivation.lines import Line
from chainrule.derivation.telling import TITLES
from chainrule.formulas.expression import Expression
from chainrule.formulas.writing import Form, write
from chainrule.working.document import LETTERS, Name, Phase, Step, Working, Written
from chainrule.working.letters import InLetters, in_letters

__all__ = ["letter_working"]


def letter_working(program: Any, names: Any, symbol: str, letters: tuple[str, ...]) -> Working:
    """The working of ∂C/∂W1[i,j]: its steps have formulas and no numbers.

    names: the namer of the notation. Raises InvalidInput for what has no single way back to the loss.
    """
    found = in_letters(program.derivation, program.sizes.samples, symbol, letters)
    writer = _Writer(found, names)
    loss = found.factors[0].of if found.penalty is None else "J"
    target = writer.derivative(loss, found.of)
    steps = [writer.chain(target)]
    steps += [writer.factor(factor.of, factor.wrt, factor.formula) for factor in found.factors]
    steps += [writer.form(target, form, at) for at, form in enumerate(found.forms)]
    line: Line = program.derivation[program.derivation.gradients[symbol]]
    return Working(
        f"{target.text} in letters",
        (line.reason,),
        (),
        (Phase("backpropagation", TITLES["backpropagation"], 1, tuple(steps)),),
        "none, in letters",
        LETTERS,
        names.notation.name,
    )


class _Writer:
    def __init__(self, found: InLetters, names: Any) -> None:
        self.found = found
        self.names = names

    def name(self, written: str) -> Name:
        """The name of an entry such as W1[i,j] in the notation."""
        symbol, _, places = written.partition("[")
        index = tuple(places.removesuffix("]").split(",")) if places else ()
        name: Name = self.names.lettered(symbol, index)
        return name

    def derivative(self, of: str, wrt: str) -> Name:
        top, bottom = self.name(of), self.name(wrt)
        return Name(
            f"∂{top.text}/∂{bottom.text}",
            rf"\frac{{\partial {top.latex}}}{{\partial {bottom.latex}}}",
            f"<mfrac><mrow><mo>&#x2202;</mo>{top.mathml}</mrow><mrow><mo>&#x2202;</mo>{bottom.mathml}</mrow></mfrac>",
        )

    def written(self, tree: Expression, *, summed: bool = False) -> Written:
        def make(form: Form) -> str:
            body = write(tree, form, lambda key: self.name(key).form(form))
            return self.whole(body, form) if summed else body

        return Written(make)

    def whole(self, body: str, form: Form) -> str:
        """A product with the sums before it, and a penalty's share after it."""
        made = self.sums(form) + body
        if self.found.penalty is not None:
            plus = "<mo>+</mo>" if form == "mathml" else " + "
            made += plus + write(self.found.penalty, form, lambda key: self.name(key).form(form))
        return f"<mrow>{made}</mrow>" if form == "mathml" else made

    def sums(self, form: Form) -> str:
        """The sums over samples and units that stand before the product."""
        made = ""
        for letter, size in self.found.sums.items():
            made += {
                "text": f"Σ_{letter}=1..{size} ",
                "latex": rf"\sum_{{{letter}=1}}^{{{size}}} ",
                "mathml": (
                    f"<munderover><mo>&#x2211;</mo><mrow><mi>{letter}</mi><mo>=</mo><mn>1</mn></mrow>"
                    f"<mn>{size}</mn></munderover>"
                ),
            }[form]
        return made

    def chain(self, target: Name) -> Step:
        dot = {"text": " · ", "latex": r" \cdot ", "mathml": "<mo>&#x22C5;</mo>"}

        def make(form: Form) -> str:
            factors = (self.derivative(f.of, f.wrt).form(form) for f in self.found.factors)
            return self.whole(dot[form].join(factors), form)

        penalty = ", and the penalty's share" * (self.found.penalty is not None)
        return self.step(target, Written(make), f"chain rule: factor by factor, from the loss back{penalty}")

    def factor(self, of: str, wrt: str, formula: Expression) -> Step:
        name = self.derivative(of, wrt)
        return self.step(
            name, self.written(formula), f"how {self.name(of).text} changes with {self.name(wrt).text}"
        )

    def form(self, target: Name, form: Expression, at: int) -> Step:
        last = at == len(self.found.forms) - 1
        reason = (
            "the factors put in"
            if at == 0
            else "what is above and below the line cancels"
            if last
            else "in one fraction"
        )
        return self.step(target, self.written(form, summed=True), reason)

    def step(self, name: Name, formula: Written, reason: str) -> Step:
        return Step(
            key=re.sub(r"\s", "", name.text),
            name=name,
            arrow="=",
            call=None,
            formula=formula,
            numbers=None,
            result="",
            exact=True,
            value=float("nan"),
            reason=reason,
            kind="letters",
            uses=(),
        )
