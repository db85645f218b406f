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

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from string import Formatter
from typing import Any, Literal

from chainrule.formulas.expression import Constant, Expression, Primitive, Symbol, as_expression, fold
from chainrule.formulas.vocabulary import CALL, COMPARISON, PRODUCT, SIGN, sqrt

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


_ROOTS: Mapping[float, Expression] = {
    math.sqrt(2): as_expression(sqrt(Constant(2))),
    math.sqrt(2 * math.pi): as_expression(sqrt(2 * Symbol("pi"))),
    math.sqrt(2 / math.pi): as_expression(sqrt(2 / Symbol("pi"))),
}
"""The numbers of definitions that are the nearest to what a textbook writes as a root."""

_Pieces = list[Any]
"""Text in pieces, joined once at the end: a list of strings and of such lists."""


@dataclass(frozen=True)
class _Written:
    """A written sub-expression that knows how tightly it binds."""

    pieces: _Pieces
    binding: int


def _write(
    node: Expression,
    template: Callable[[Primitive], str],
    name: Callable[[str], str] | None,
    plain: Callable[[str], str],
    number: Callable[[str], str],
    brackets: tuple[str, str],
) -> str:
    opened, shut = brackets

    def apply(primitive: Primitive, *arguments: _Written) -> _Written:
        pieces: _Pieces = []
        for literal, place, tighter in _parsed(template(primitive)):
            pieces.append(literal)
            if place is None:
                continue
            argument = arguments[place]
            loosest = 0 if tighter is None else primitive.binding + tighter
            looser = argument.binding < loosest
            pieces += [opened, argument.pieces, shut] if looser else [argument.pieces]
        return _Written(pieces, primitive.binding)

    def constant(leaf: Constant) -> _Written:
        root = _ROOTS.get(leaf.value)
        if root is not None:
            return _Written([_write(root, template, None, plain, number, brackets)], CALL)
        body = number(number_text(leaf.value))
        binding = PRODUCT if r"\times" in body else SIGN if leaf.value < 0 else CALL
        return _Written([body], binding)

    def symbol(leaf: Symbol) -> _Written:
        body = (name or plain)(leaf.name)
        return _Written([body], _binding(body))

    written: _Written = fold(node, symbol, constant, apply)
    return _joined(written.pieces)


@lru_cache(maxsize=1024)
def _parsed(template: str) -> tuple[tuple[str, int | None, int | None], ...]:
    """A template in pieces: what stands before a place, which argument goes there, and how tightly that must
    bind to go without brackets: as the operation (0), more tightly (1), or anyhow (None).
    """
    return tuple(
        (literal, int(place) if place else None, {"": 0, "tight": 1, "free": None}[spec or ""])
        for literal, place, spec, _ in Formatter().parse(template)
    )


def _joined(pieces: _Pieces) -> str:
    """The text of the pieces; a stack, as they lie as deep as a sum is long."""
    found: list[str] = []
    waiting: list[Any] = [pieces]
    while waiting:
        at = waiting.pop()
        if isinstance(at, str):
            found.append(at)
        else:
            waiting += reversed(at)
    return "".join(found)


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
    return _write(node, lambda p: p.text, name, symbol_text, str, ("(", ")"))


def latex(node: Expression, name: Callable[[str], str] | None = None) -> str:
    """A tree as LaTeX mathematics."""
    return _write(node, lambda p: p.latex, name, symbol_latex, latex_number, (r"\left(", r"\right)"))


def mathml(node: Expression, name: Callable[[str], str] | None = None) -> str:
    """A tree as the contents of a MathML <math> element."""
    brackets = '<mrow><mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo></mrow>'
    return _write(node, lambda p: p.mathml, name, symbol_mathml, mathml_number, brackets)


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


@lru_cache(maxsize=4096)
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
