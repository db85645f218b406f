"""Printed lines read back: does what a reader sees multiply out to the printed result?

A line's numbers are taken as they are written, in text, LaTeX or MathML, turned into a formula again and
worked out; nothing of how the line was made is used but its rounding.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from chainrule.engines.pencil import evaluate_decimal, printed
from chainrule.engines.rounding import Rounding
from chainrule.formulas.expression import Expression
from chainrule.formulas.writing import Form
from chainrule.working.algebra import parse_formula
from chainrule.working.calculation import Calculation
from chainrule.working.document import Step, Working
from chainrule.working.exactness import is_precise
from chainrule.working.program import ScalarLine
from chainrule.working.rendering.equations import number_form

__all__ = ["as_text", "misprints"]


def misprints(
    working: Working, calculation: Calculation, form: Form = "text"
) -> Iterator[tuple[Step, str, str]]:
    """The steps whose printed line does not come to the printed result: step, what is printed, what it comes to.

    "=" must stand where the result is precisely what the numbers come to, and "≈" elsewhere.

    Under an exact rounding the printed numbers are cut off, so that the line must hold to within what their
    last digits hide.
    """
    for step in working.steps:
        if not isinstance(step, Step) or step.numbers is None:
            continue
        written = step.numbers.form(form)
        result = _number(as_text(number_form(step.result, form), form))
        tree, numbers = _read(as_text(written, form))
        rounding = calculation.rounding(step.key)
        value = evaluate_decimal(tree, numbers)
        # A sigmoid of 130 is 1 to fifty digits, and not precisely.
        exactly = "=" if value == result and is_precise(tree, numbers) else "≈"
        if rounding.kind != "exact" and rounding.apply(value) == result and step.relation == exactly:
            continue
        found = printed(tree, numbers, rounding)
        if found == result and step.relation == exactly:
            continue
        line = calculation.program.by_key[step.key]
        off = abs(found - result)
        if _is_cut_off(line, calculation) and step.relation == exactly and off <= _hidden(line, calculation):
            continue
        yield step, written, str(found)


def _number(written: str) -> Decimal:
    tree, numbers = _read(written)
    return evaluate_decimal(tree, numbers)


def _read(written: str) -> tuple[Expression, dict[str, Decimal]]:
    """The formula, its numbers being symbols n0, n1, …, and those numbers, digit for digit."""
    # Lazy Adam has a line that only compares, which comes to 1 where it holds, and later ones with "if 1".
    written = _HELD.sub(r"if \1 > 0", written)
    if _COMPARES.search(written) and not _CONDITION.search(written):
        written = f"1 if {written} else 0"
    numbers = {f"n{place}": Decimal(found) for place, found in enumerate(_NUMBER.findall(written))}
    names = iter(numbers)
    return _formula(_NUMBER.sub(lambda found: next(names), written), len(numbers)), numbers


@lru_cache(maxsize=10_000)
def _formula(written: str, count: int) -> Expression:
    """A formula without numbers, of which there are few that differ."""
    return parse_formula(written, [f"n{place}" for place in range(count)])


def _is_cut_off(line: ScalarLine, calculation: Calculation) -> bool:
    """Whether some number of a line has more digits than are printed."""
    made = calculation.program.by_key
    keys = (line.key, *(key for key in line.uses if key in made))
    return any(calculation.rounding(key).kind == "exact" for key in keys)


def _hidden(line: ScalarLine, calculation: Calculation) -> Decimal:
    """How far a result may be off for the digits that are not shown, and for its own last digit."""
    shown = {key: Decimal(calculation.written(key)) for key in line.uses}
    base = evaluate_decimal(line.tree, shown, 30)
    hidden = _unit(calculation[line.key], calculation.rounding(line.key))
    for key in line.uses:
        if key in calculation.program.by_key and calculation.rounding(key).kind == "exact":
            half = _unit(calculation[key], calculation.rounding(key)) / 2
            ends = [{**shown, key: shown[key] + way * half} for way in (1, -1)]
            hidden += max(abs(evaluate_decimal(line.tree, end, 30) - base) for end in ends)
    return hidden * Decimal("1.001")


def _unit(value: Decimal, rounding: Rounding) -> Decimal:
    """One of the last digit shown."""
    if rounding.kind in ("round", "truncate"):
        return Decimal(1).scaleb(-rounding.digits)
    return Decimal(1).scaleb(value.adjusted() - rounding.digits + 1) if value else Decimal(0)


def as_text(written: str, form: Form) -> str:
    r"""A written formula as plain text that can be read again.

    >>> as_text(r"\frac{1}{1 + \exp(-0.5)}", "latex")
    '((1)/(1 + exp(-0.5)))'
    >>> as_text("<msup><mrow><mn>2</mn></mrow><mn>3</mn></msup>", "mathml")
    '2^(3)'
    """
    if form == "text":
        return written
    if form == "latex":
        return _LatexReader(written).read()
    return _mathml(ElementTree.fromstring(f"<math>{written}</math>"))


_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?")
_HELD = re.compile(r"\bif\s+([0-9.]+)(?=\s+else)")
_COMPARES, _CONDITION = re.compile("[<>≥≤]"), re.compile(r"\bif\b")


# --- LaTeX ------------------------------------------------------------------------------------------

_TOKEN = re.compile(r"\\\\|\\[A-Za-z]+|\\.|[{}]|[^\\{}]+")
_SIGNS = {
    r"\cdot": "*",
    r"\times": "*",
    r"\left": "",
    r"\right": "",
    r"\geq": ">=",
    r"\leq": "<=",
    r"\exp": "exp",
    r"\ln": "ln",
    r"\tanh": "tanh",
    r"\cos": "cos",
    r"\max": "max",
    r"\min": "min",
    r"\pi": "π",
}


class _LatexReader:
    """Reads what our vocabulary writes, and nothing else."""

    def __init__(self, written: str) -> None:
        self.tokens = _TOKEN.findall(written)
        self.at = 0

    def read(self) -> str:
        return self.until(None)

    def take(self) -> str:
        self.at += 1
        return str(self.tokens[self.at - 1])

    def until(self, end: str | None) -> str:
        made: list[str] = []
        while self.at < len(self.tokens):
            token = self.take()
            if token == end:
                return "".join(made)
            made.append(self.piece(token))
        if end is not None:
            raise ValueError(f"{end} is missing")
        return "".join(made)

    def group(self) -> str:
        if self.take() != "{":
            raise ValueError("a group is missing")
        return self.until("}")

    def piece(self, token: str) -> str:
        if token == r"\frac":
            above = self.group()
            return f"(({above})/({self.group()}))"
        if token == r"\sqrt":
            return f"sqrt({self.group()})"
        if token == r"\operatorname":
            return self.group()
        if token == r"\begin":
            return self.cases()
        if token in _SIGNS:
            return _SIGNS[token]
        if token == "{":
            return f"({self.until('}')})"
        if token.startswith("\\"):
            raise ValueError(f"{token} is not known")
        return token

    def cases(self) -> str:
        r"""\begin{cases} a & \text{if } z > 0 \\ b & \text{otherwise} \end{cases}"""
        assert self.group() == "cases"
        depth, start = 1, self.at
        while depth:
            depth += {r"\begin": 1, r"\end": -1}.get(self.take(), 0)
        inner = self.tokens[start : self.at - 1]
        assert self.group() == "cases"
        depth = 0
        made: list[list[list[str]]] = [[[]]]
        for token in inner:
            depth += {r"\begin": 1, r"\end": -1}.get(token, 0)
            if token == r"\\" and not depth:
                made.append([[]])
            elif "&" in token and not depth:
                before, _, after = token.partition("&")
                made[-1][-1].append(before)
                made[-1].append([after])
            else:
                made[-1][-1].append(token)
        rows = [[_LatexReader("".join(cell).replace(r"\text", "")).read() for cell in row] for row in made]
        (value, condition), (other, otherwise) = rows
        assert otherwise.strip() == "(otherwise)"
        return f"({value} {condition.replace('(if )', ' if ')} else {other})"


# --- MathML -----------------------------------------------------------------------------------------

_OPERATORS = {"⋅": "*", "×": "*", "−": "-", "⁡": "", "⁢": "*", "≥": ">=", "≤": "<=", "{": ""}


def _mathml(element: ElementTree.Element) -> str:
    inner = [_mathml(child) for child in element]
    match element.tag:
        case "mfrac":
            return f"(({inner[0]})/({inner[1]}))"
        case "msup":
            return f"{inner[0]}^({inner[1]})"
        case "msqrt":
            return f"sqrt({''.join(inner)})"
        case "mo":
            sign = element.text or ""
            return _OPERATORS.get(sign, sign)
        case "mn" | "mi":
            return element.text or ""
        case "mtext":
            return f" {(element.text or '').strip()} "
        case "mtable":
            (value, condition), (other, _) = [[_mathml(cell) for cell in row] for row in element]
            return f"({value} {condition} else {other})"
        case "math" | "mrow" | "mtr" | "mtd":
            return "".join(inner)
    raise ValueError(f"<{element.tag}> is not known")
