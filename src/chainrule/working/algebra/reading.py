"""Formulas as people write them, read into trees; nothing is ever executed.

>>> parse_formula("2(o1 − y) · o1(1 − o1)", ["o1", "y"])
2 · (o1 - y) · o1 · (1 - o1)
>>> parse_formula("-½ (y − a)²", ["a", "y"])
-(1 / 2) · (y - a)²
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from chainrule.errors import InvalidInput, unknown
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.expression import Constant, Expression, Symbol, as_expression
from chainrule.formulas.vocabulary import absolute, where
from chainrule.working.algebra.functions import FUNCTIONS, Function, function_called
from chainrule.working.algebra.simplifying import is_number, made
from chainrule.working.algebra.tokens import Names, Token, tokens_of

DEEPEST = 100

# How tightly an operator binds.
_SUM, _PRODUCT, _SIGN, _POWER = 1, 2, 3, 4
_BINARY = {
    "+": ("add", _SUM),
    "-": ("subtract", _SUM),
    "*": ("multiply", _PRODUCT),
    "/": ("divide", _PRODUCT),
    "^": ("power", _POWER),
}
_COMPARISONS = {">": "greater", ">=": "greater_equal", "<": "less", "<=": "less_equal", "=": "equal"}
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def parse_formula(text: str, names: Iterable[str]) -> Expression:
    """The tree of a formula written by a person, over symbols of these names.

    Understood: + - * · × / ^ ** ² ³ ½, brackets, |x|, e^x, √, π; a product without a sign, as in 2(a - y),
    a(1 - a) or 2 a; exp, ln, log (natural), sqrt, max, min, sign, every entry-by-entry activation of the
    catalogue, also σ, and its slope, as in σ'(z); `a if z > 0 else b`. Names may have primes, hats and
    indices (W1[1,2], ŷ, w_ij) and Greek letters either way (alpha, α).

    Raises UnknownName for a name that is not among `names`; InvalidInput for what cannot be read, with
    the column, and for more than 2,000 characters or 100 levels of brackets.
    """
    known = Names(names)
    reader = _Reader(text, tokens_of(text, known), known)
    tree = reader.formula()
    reader.expect_end()
    return tree


class _Reader:
    """Reads tokens by operator precedence."""

    def __init__(self, text: str, tokens: list[Token], names: Names) -> None:
        self.text = text
        self.tokens = tokens
        self.names = names
        self.at = 0
        self.depth = 0
        self.inside_bars = 0

    @property
    def next(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def fail(self, problem: str, token: Token | None = None) -> InvalidInput:
        place = token or self.next
        shown = self.text if len(self.text) <= 60 else self.text[:57] + "…"
        return InvalidInput(f'the formula "{shown}" cannot be read at column {place.column}: {problem}')

    def found(self) -> str:
        return f'"{self.next.text}"' if self.next.kind != "end" else "its end"

    def expect(self, sign: str) -> None:
        if self.next.text != sign:
            raise self.fail(f'"{sign}" is missing before {self.found()}: write it, or check the brackets')
        self.take()

    def expect_end(self) -> None:
        if self.next.text in (")", "]", "}"):
            raise self.fail(f"{self.found()} closes no bracket: take it out, or open one")
        if self.next.text == ",":
            raise self.fail("a comma stands between arguments only: write a decimal point, as in 0.5")
        if self.next.kind != "end":
            raise self.fail(f"{self.found()} does not go on from what is before it: write an operator there")

    def go_deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail(f"more than {DEEPEST} levels of brackets or powers: write it in parts")

    def formula(self) -> Expression:
        """A whole formula, or what is in brackets: an expression, or one with a condition."""
        tree = self.expression(_SUM)
        if self.next.text != "if":
            return tree
        self.take()
        left = self.expression(_SUM)
        if self.next.text not in _COMPARISONS:
            raise self.fail(f"a condition compares, as in z > 0: write >, ≥, <, ≤ or = before {self.found()}")
        condition = made(_COMPARISONS[self.take().text], left, self.expression(_SUM))
        self.expect("else")
        return as_expression(where(condition, tree, self.formula()))

    def expression(self, loosest: int) -> Expression:
        """An operand and the operators after it that bind at least so tightly."""
        self.go_deeper()
        tree = self.operand(loosest)
        divided = False
        while True:
            name, binding = _BINARY.get(self.next.text, ("", 0)) if self.next.kind == "sign" else ("", 0)
            if not name and loosest <= _PRODUCT and self.product_is_meant():
                if divided:
                    raise self.fail("what is divided by is not clear: write the brackets, as in 1/(2·x)")
                tree = made("multiply", tree, self.expression(_SIGN))
            elif name and binding >= loosest:
                self.take()
                if name == "power":
                    tree = _raised(tree, self.expression(_SIGN))
                else:
                    tree = made(name, tree, self.expression(binding + 1))
                divided = name == "divide"
            else:
                self.depth -= 1
                return tree

    def product_is_meant(self) -> bool:
        """Whether a product without its sign goes on here: a name, a function or a bracket stands next."""
        if self.next.text in _CLOSING:
            return True
        if self.next.text == "|":
            return not self.inside_bars
        return self.next.kind == "name" and self.next.text not in ("if", "else")

    def operand(self, loosest: int) -> Expression:
        token = self.next
        if token.text in ("-", "+") and token.kind == "sign":
            self.take()
            below = self.expression(_SIGN if loosest <= _SIGN else loosest)
            return -below if token.text == "-" else below
        return self.with_superscript(self.primary())

    def with_superscript(self, tree: Expression) -> Expression:
        while self.next.kind == "superscript":
            tree = _raised(tree, Constant(int(self.take().text)))
        return tree

    def primary(self) -> Expression:
        token = self.next
        if token.kind == "number":
            return self.number()
        if token.kind == "name":
            return self.name()
        if token.text in _CLOSING:
            return self.bracketed()
        if token.text == "|":
            self.take()
            self.inside_bars += 1
            inner = self.formula()
            self.expect("|")
            self.inside_bars -= 1
            return as_expression(absolute(inner))
        raise self.fail(f"a number, a name or a bracket is missing before {self.found()}: write one")

    def bracketed(self) -> Expression:
        bars, self.inside_bars = self.inside_bars, 0
        closing = _CLOSING[self.take().text]
        inner = self.formula()
        self.expect(closing)
        self.inside_bars = bars
        return inner

    def number(self) -> Expression:
        token = self.take()
        if self.next.kind == "number":
            raise self.fail("two numbers stand side by side: write · between them")
        if token.text == "½":
            return Constant(1) / 2
        value = float(token.text)
        if not math.isfinite(value):
            raise self.fail("the number is too large: write a smaller one", token)
        return Constant(int(token.text) if token.text.isdigit() and len(token.text) <= 15 else value)

    def name(self) -> Expression:
        token = self.take()
        known = self.names.find(token.text)
        if known is not None:
            return Symbol(known)
        called = function_called(token.text)
        if called is not None:
            return self.call(called, token)
        if token.text == "e":
            if self.next.text != "^":
                return Constant(math.e)
            self.take()
            bracketed = self.next.text in _CLOSING
            exponent = self.expression(_SIGN)
            if not bracketed and self.product_is_meant():
                raise self.fail("how far the exponent reaches is not clear: write e^(…)")
            return made("exp", exponent)
        if token.text in ("π", "pi"):
            return Constant(math.pi)
        if self.next.text == "(":
            raise unknown("symbol or function", token.text, self.names.known, also=(*ACTIVATIONS, *FUNCTIONS))
        raise unknown("symbol", token.text, self.names.known)

    def call(self, function: Function, token: Token) -> Expression:
        """A function of what is in the brackets after it, or of the one number or name after it."""
        exponent = self.exponent_of_function()
        if self.next.text != "(":
            if self.next.kind not in ("name", "number"):
                raise self.fail(f"{token.text} needs its argument in brackets: write {token.text}(…)")
            self.go_deeper()
            tree = function.of(self.with_superscript(self.primary()))
            self.depth -= 1
            if self.product_is_meant() and self.next.text not in (")", "]", "}"):
                raise self.fail(f"how far {token.text} reaches is not clear: write {token.text}(…)")
        else:
            self.take()
            arguments = [self.formula()]
            while self.next.text == ",":
                self.take()
                arguments.append(self.formula())
            self.expect(")")
            if not function.least <= len(arguments) <= function.most:
                wanted = str(function.least) if function.least == function.most else (
                    f"{function.least} to {function.most}"
                )  # fmt: skip
                raise self.fail(f"{token.text} takes {wanted} arguments, not {len(arguments)}", token)
            tree = function.of(*arguments)
        return tree if exponent is None else _raised(tree, exponent)

    def exponent_of_function(self) -> Expression | None:
        """The 2 of tanh²(z) or tanh^2(z)."""
        if self.next.kind == "superscript":
            return Constant(int(self.take().text))
        if self.next.text == "^" and self.tokens[self.at + 1].text.isdigit():
            self.take()
            return self.number()
        return None


def _raised(base: Expression, exponent: Expression) -> Expression:
    return made("square", base) if is_number(exponent, 2) else made("power", base, exponent)
