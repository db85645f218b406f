"""Our MathML as typst's mathematics: the elements that the vocabulary and the notations write, no others."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from functools import cache

__all__ = ["quoted", "typst_maths"]

LONGEST_FRACTION = 60
"""More letters and digits than this side by side do not fit a page: such a fraction gets a solidus."""
_OPERATORS = {
    "⁡": "",
    "⁢": "thin",
    "⋅": "dot.op",
    "−": "-",
    "∑": "sum",
    ",": r"\,",
    "/": r"\/",
    "(": r"\(",
    ")": r"\)",
    "[": r"\[",
    "]": r"\]",
    "|": r"\|",
    "^": r"\^",
    "_": r"\_",
    "#": r"\#",
    ";": r"\;",
    ":": r"\:",
    "'": r"\'",
    "⌊": r"\⌊",
    "⌋": r"\⌋",
    "<": "lt",
    ">": "gt",
    "=": "eq",
}
_PLAIN = {"+", "∂", "≤", "≥", "×", "∞"}
_FENCES = {"(": ")", "[": "]", "|": "|", "⌊": "⌋"}
_BETWEEN = {"+", "−", "⋅"}
_TALL = ("mfrac", "mtable", "msqrt")
Element = ElementTree.Element


@cache
def typst_maths(mathml: str) -> str:
    """What stands between typst's dollar signs for a piece of our MathML.

    >>> typst_maths("<msub><mi>w</mi><mn>5</mn></msub>")
    'attach(w, b: 5)'

    Raises ValueError for an element that is not among them.
    """
    return _row(ElementTree.fromstring(f"<math>{mathml}</math>"))


def quoted(text: str) -> str:
    """A text as typst's string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _row(element: Element) -> str:
    """The children side by side."""
    return " ".join(part for part in _parts(list(element)) if part)


def _parts(children: Sequence[Element]) -> Iterator[str]:
    at = 0
    while at < len(children):
        child = children[at]
        after = children[at + 1] if at + 1 < len(children) else None
        if _is(child, "mo", "{") and after is not None and after.tag == "mtable":
            yield _cases(after)
            at += 2
            continue
        end = _closing(children, at)
        if end and any(_is_tall(each) for each in children[at + 1 : end]):
            inside = " ".join(part for part in _parts(children[at + 1 : end]) if part)
            yield f"lr({_written(child)} {inside} {_written(children[end])})"
            at = end + 1
            continue
        if child.tag == "mi" and after is not None and _is(after, "mo", "\u2061"):
            yield f"op({quoted(_text(child))})" if len(_text(child)) > 1 else _written(child)
        else:
            yield _written(child)
        at += 1


def _closing(children: Sequence[Element], start: int) -> int:
    """Where the bracket that opens at `start` closes, among its siblings; 0 for none."""
    opening = _text(children[start]) if children[start].tag == "mo" else ""
    closing = _FENCES.get(opening)
    if closing is None:
        return 0
    level = 0
    for at in range(start, len(children)):
        if opening != closing and _is(children[at], "mo", opening):
            level += 1
        elif at > start and _is(children[at], "mo", closing):
            level -= 1 if opening != closing else 0
            if not level:
                return at
    return 0


def _is(element: Element, tag: str, text: str) -> bool:
    return element.tag == tag and _text(element) == text


def _is_tall(element: Element) -> bool:
    return any(each.tag in _TALL for each in element.iter())


def _text(element: Element) -> str:
    return (element.text or "").strip("\n")


def _written(element: Element) -> str:
    write = _ELEMENTS.get(element.tag)
    if write is None:
        raise ValueError(f"<{element.tag}> is not among the MathML elements that formulas are written in")
    return write(element)


# --- elements ---------------------------------------------------------------------------------------


def _identifier(element: Element) -> str:
    letter = _text(element)
    return letter if len(letter) == 1 and letter.isalpha() else f"upright({quoted(letter)})"


def _number(element: Element) -> str:
    digits = _text(element)
    return digits if digits.replace(".", "", 1).isdigit() and digits.isascii() else quoted(digits)


def _operator(element: Element) -> str:
    sign = _text(element)
    if sign in _OPERATORS:
        return _OPERATORS[sign]
    return sign if sign in _PLAIN else quoted(sign)


def _fraction(element: Element) -> str:
    above, below = map(_written, element)
    if max(len("".join(each.itertext())) for each in element) > LONGEST_FRACTION:
        return r" thin \/ thin ".join(map(_beside_solidus, element))
    return f"frac({above}, {below})"


def _beside_solidus(element: Element) -> str:
    """A part of a wide fraction, in brackets if it is a sum or a product; its terms are not broken."""
    terms = list(_terms(element))
    written = " ".join(
        _written(each) if each.tag == "mo" else f"#box($display({_written(each)})$)" for each in terms
    )
    return rf"\( {written} \)" if len(terms) > 1 else written


def _terms(element: Element) -> Iterator[Element]:
    """The terms and factors of a sum or product, and the signs between them."""
    if element.tag == "mrow" and (len(element) == 1 or any(_text(child) in _BETWEEN for child in element)):
        for child in element:
            yield from _terms(child)
    else:
        yield element


def _scripted(element: Element) -> str:
    """A base with what stands below and above it."""
    base, *scripts = map(_written, element)
    places = {"msub": ("b",), "msup": ("t",), "msubsup": ("b", "t")}[element.tag]
    told = ", ".join(f"{place}: {script}" for place, script in zip(places, scripts, strict=True))
    return f"attach({base}, {told})"


def _over(element: Element) -> str:
    base, accent = element
    name = {"^": "hat", "~": "tilde"}.get(_text(accent))
    if name is None:
        raise ValueError(f"no accent is written as {_text(accent)!r}")
    return f"{name}({_written(base)})"


def _cells(table: Element) -> list[list[str]]:
    return [[_row(cell) for cell in row] for row in table]


def _cases(table: Element) -> str:
    return "cases(" + ", ".join(" & quad ".join(row) for row in _cells(table)) + ")"


def _table(element: Element) -> str:
    return "mat(delim: #none, " + "; ".join(", ".join(row) for row in _cells(element)) + ")"


_ELEMENTS: dict[str, Callable[[Element], str]] = {
    "mrow": _row,
    "math": _row,
    "mi": _identifier,
    "mn": _number,
    "mo": _operator,
    "mtext": lambda element: quoted(element.text or ""),
    "mfrac": _fraction,
    "msub": _scripted,
    "msup": _scripted,
    "msubsup": _scripted,
    "msqrt": lambda element: f"sqrt({_row(element)})",
    "mover": _over,
    "mtable": _table,
}
