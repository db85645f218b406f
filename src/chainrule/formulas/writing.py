"""Trees written out: plain text, LaTeX, MathML. The rows of the vocabulary say how.

>>> from chainrule.formulas.expression import trace
>>> from chainrule.formulas.vocabulary import exp
>>> sigmoid = trace(lambda z: 1 / (1 + exp(-z)))
>>> print(text(sigmoid))
1 / (1 + exp(-z))
>>> print(latex(sigmoid))
\\frac{1}{1 + \\exp(-z)}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Literal

from chainrule.formulas.expression import Constant, Expression, Primitive, Symbol, fold
from chainrule.formulas.vocabulary import CALL, COMPARISON, PRODUCT, SIGN

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "theta": "θ",
    "lambda": "λ",
    "mu": "μ",
    "rho": "ρ",
    "sigma": "σ",
    "pi": "π",
}
_SYMBOL = re.compile(
    r"^([dc](?=(?:W|b|theta|alpha|beta|gamma)\d))?([A-Za-z]+?)(_hat|_tilde)?(\d*)(?:_(.+))?$"
)
# What stands above a letter: as text, in LaTeX, in MathML.
_ABOVE = {"": ("", "", ""), "_hat": ("\u0302", r"\hat", "^"), "_tilde": ("\u0303", r"\tilde", "~")}


@dataclass(frozen=True)
class _Written:
    """A written sub-expression that knows how tightly it binds; templates ask it for brackets."""

    body: str
    binding: int
    bracket: Callable[[str], str]
    outer: int = 0

    def __format__(self, spec: str) -> str:
        loosest = {"": self.outer, "tight": self.outer + 1, "free": 0}[spec]
        return self.bracket(self.body) if self.binding < loosest else self.body


def _write(
    node: Expression,
    template: Callable[[Primitive], str],
    name: Callable[[str], str],
    number: Callable[[str], str],
    bracket: Callable[[str], str],
) -> str:
    def apply(primitive: Primitive, *arguments: _Written) -> _Written:
        placed = (_Written(a.body, a.binding, bracket, primitive.binding) for a in arguments)
        return _Written(template(primitive).format(*placed), primitive.binding, bracket)

    def constant(leaf: Constant) -> _Written:
        body = number(number_text(leaf.value))
        binding = PRODUCT if r"\times" in body else SIGN if leaf.value < 0 else CALL
        return _Written(body, binding, bracket)

    def symbol(leaf: Symbol) -> _Written:
        body = name(leaf.name)
        return _Written(body, _binding(body), bracket)

    written: _Written = fold(node, symbol, constant, apply)
    return written.body


def _binding(body: str) -> int:
    """How tightly what is written for a symbol binds: numbers put in may be negative, or powers of ten."""
    if body.startswith(("-", "<mrow><mo>&#x2212;")):
        return COMPARISON
    return PRODUCT if r"\times 10" in body or "&#xD7;" in body else CALL


def number_text(value: float) -> str:
    """A number of a definition as a person writes it: 1 for 1.0, all digits otherwise."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def text(node: Expression, name: Callable[[str], str] | None = None) -> str:
    """A tree as one line of plain text; `·` is entry by entry, juxtaposition is the matrix product.

    name: what is written for a symbol, here and below: another name, or a number put in
    """
    return _write(node, lambda p: p.text, name or symbol_text, str, "({})".format)


def latex(node: Expression, name: Callable[[str], str] | None = None) -> str:
    """A tree as LaTeX mathematics."""
    return _write(node, lambda p: p.latex, name or symbol_latex, latex_number, r"\left({}\right)".format)


def mathml(node: Expression, name: Callable[[str], str] | None = None) -> str:
    """A tree as the contents of a MathML <math> element."""
    bracket = '<mrow><mo stretchy="false">(</mo>{}<mo stretchy="false">)</mo></mrow>'.format
    return _write(node, lambda p: p.mathml, name or symbol_mathml, mathml_number, bracket)


Form = Literal["text", "latex", "mathml"]


def write(node: Expression, form: Form, name: Callable[[str], str] | None = None) -> str:
    """A tree in one of the three written forms."""
    return {"text": text, "latex": latex, "mathml": mathml}[form](node, name)


def symbol_form(name: str, form: Form) -> str:
    """A symbol's name in one of the three written forms."""
    return {"text": symbol_text, "latex": symbol_latex, "mathml": symbol_mathml}[form](name)


def symbol_text(name: str) -> str:
    """A symbol's name as text: Greek letters as letters, hats as hats, tildes as tildes.

    >>> symbol_text("beta1"), symbol_text("m_hat_W1"), symbol_text("dW1"), symbol_text("w_tilde")
    ('β1', 'm̂_W1', 'dW1', 'w̃')
    """
    prefix, stem, above, digits, suffix = _parts(name)
    return f"{prefix}{GREEK.get(stem, stem)}{_ABOVE[above][0]}{digits}" + (
        f"_{symbol_text(suffix)}" if suffix else ""
    )


def symbol_latex(name: str) -> str:
    """A symbol's name as LaTeX, digits as a subscript."""
    prefix, stem, above, digits, suffix = _parts(name)
    letter = f"\\{stem}" if stem in GREEK else stem if len(stem) == 1 else f"\\mathrm{{{stem}}}"
    letter = f"{_ABOVE[above][1]}{{{letter}}}" if above else letter
    below = ",".join(part for part in (digits, symbol_latex(suffix) if suffix else "") if part)
    return (f"\\mathrm{{{prefix}}}" if prefix else "") + letter + (f"_{{{below}}}" if below else "")


def symbol_mathml(name: str) -> str:
    """A symbol's name as MathML, digits as a subscript."""
    prefix, stem, above, digits, suffix = _parts(name)
    letter = f"<mi>{escape(GREEK.get(stem, stem))}</mi>"
    letter = f"<mover>{letter}<mo>{_ABOVE[above][2]}</mo></mover>" if above else letter
    below = (f"<mn>{digits}</mn>" if digits else "") + (symbol_mathml(suffix) if suffix else "")
    letter = f"<msub>{letter}<mrow>{below}</mrow></msub>" if below else letter
    return f"<mrow><mi>{prefix}</mi>{letter}</mrow>" if prefix else letter


def _parts(name: str) -> tuple[str, str, str, str, str]:
    matched = _SYMBOL.match(name)
    if matched is None:
        return "", name, "", "", ""
    prefix, stem, above, digits, suffix = (part or "" for part in matched.groups())
    return prefix, stem, above, digits, suffix


def latex_number(written: str) -> str:
    """A written number as LaTeX: 1e-05 as a power of ten."""
    mantissa, _, exponent = written.partition("e")
    return f"{mantissa} \\times 10^{{{int(exponent)}}}" if exponent else written


def mathml_number(written: str) -> str:
    """A written number as MathML: 1e-05 as a power of ten, a minus sign as an operator."""
    digits, _, exponent = written.removeprefix("-").partition("e")
    body = f"<mn>{digits}</mn>"
    if exponent:
        power, below = int(exponent), "<mo>&#x2212;</mo>" if int(exponent) < 0 else ""
        body += f"<mo>&#xD7;</mo><msup><mn>10</mn><mrow>{below}<mn>{abs(power)}</mn></mrow></msup>"
    minus = "<mo>&#x2212;</mo>" if written.startswith("-") else ""
    return f"<mrow>{minus}{body}</mrow>" if minus or exponent else body
