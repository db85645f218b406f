"""Name templates filled in and written: `w_5` as text, LaTeX and MathML from one form."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape

from chainrule.formulas.writing import GREEK, Form, symbol_latex, symbol_mathml, symbol_text
from chainrule.working.document import Name

__all__ = ["Parts", "filled", "fraction", "parts_of"]

_PART = re.compile(r"_(?P<below>[^_^\[\]]+)|\^(?P<above>\[[^\]]+\]|[^_^\[\]]+)|(?P<index>\[[^\]]+\])")
_HAT = "\u0302"
_MORE_THAN_A_DIGIT = 9


@dataclass(frozen=True)
class Parts:
    """A name taken apart: a letter or word, what stands below and above it, an index in brackets."""

    base: str
    below: str = ""
    above: str = ""
    index: str = ""

    def with_sample(self, number: int | str) -> Parts:
        """The same with the number of the sample above it."""
        return replace(self, above=f"{self.above}({number})")

    @property
    def name(self) -> Name:
        """The three written forms, each made when it is asked for: a wide layer has a thousand names."""
        return Name.later(lambda form: str(getattr(self, form)))

    @property
    def text(self) -> str:
        """Plain text: w5, z_out, W^[1]_12, z1[2], of sample 2 h1^(2)."""
        base = unicodedata.normalize("NFC", symbol_text(self.base))
        above = f"^{self.above}" if self.above else ""
        sample_only = self.above.startswith("(")
        joined = "" if self.below.isdigit() and len(base) == 1 and (not above or sample_only) else "_"
        below = f"{joined}{self.below}" if self.below else ""
        return base + (below + above if sample_only else above + below) + self.index

    @property
    def latex(self) -> str:
        """LaTeX: w_{5}, z_{\\mathrm{out}}, W^{[1]}_{12}."""
        letter = unicodedata.normalize("NFD", self.base)
        base = rf"\hat{{{letter[0]}}}" if letter[1:] == _HAT else symbol_latex(self.base).replace(" ", "\\ ")
        below = _latex_below(self.below)
        # A base that ends with a subscript of its own takes no second one.
        base = f"{{{base}}}" if below and "_" in base else base
        return (
            base
            + (f"^{{{self.above}}}" if self.above else "")
            + (f"_{{{below}}}" if below else "")
            + self.index
        )

    @property
    def mathml(self) -> str:
        """MathML, one element."""
        letter = unicodedata.normalize("NFD", self.base)
        if letter[1:] == _HAT:
            written = f"<mover><mi>{escape(letter[0])}</mi><mo>^</mo></mover>"
        else:
            written = symbol_mathml(self.base)
        below, above = _mathml_row(self.below), _mathml_row(self.above)
        if below and above:
            written = f"<msubsup>{written}{below}{above}</msubsup>"
        elif below:
            written = f"<msub>{written}{below}</msub>"
        elif above:
            written = f"<msup>{written}{above}</msup>"
        return f"<mrow>{written}{_mathml_row(self.index)}</mrow>" if self.index else written


def filled(template: str, places: Mapping[str, int | str], *, one_sample: bool, longest: int) -> Parts:
    """A template with numbers for its placeholders.

    one_sample: the sample's place among indices is left out
    longest:    the greatest of the indices; above 9, neighbours get a comma between them
    """
    parts = _taken_apart(template, one_sample, longest > _MORE_THAN_A_DIGIT)
    return Parts(*(part.format_map(places) if "{" in part else part for part in parts))


@lru_cache(maxsize=256)
def _taken_apart(template: str, one_sample: bool, commas: bool) -> tuple[str, str, str, str]:
    """A template's parts, each with its own placeholders: they hold none of the signs that part a name."""
    if one_sample:
        template = template.replace("{n},", "").replace("[{n}]", "")
    if commas:
        template = re.sub(r"(?<=[ijk]\})(?=\{[ijk]\})", ",", template)
    parts = parts_of(template)
    return parts.base, parts.below, parts.above, parts.index


def parts_of(written: str) -> Parts:
    """A name such as W^[1]_12 taken apart."""
    end = re.search(r"[_^\[]", written)
    base, rest = (written[: end.start()], written[end.start() :]) if end else (written, "")
    found = {"below": "", "above": "", "index": ""}
    for matched in _PART.finditer(rest):
        assert matched.lastgroup is not None
        found[matched.lastgroup] += matched[matched.lastgroup]
    return Parts(base, **found)


def fraction(above: Name, below: Name, *, ordinary: bool = False) -> Name:
    """∂above/∂below; ordinary: d above/d below.

    >>> fraction(parts_of("o_1").name, parts_of("z_3").name).latex
    '\\\\frac{\\\\partial o_{1}}{\\\\partial z_{3}}'
    """
    text, latex, sign = ("d", r"\mathrm{d}", "d") if ordinary else ("∂", r"\partial", "&#x2202;")

    def make(form: Form) -> str:
        if form == "latex":
            return rf"\frac{{{latex} {above.latex}}}{{{latex} {below.latex}}}"
        if form == "mathml":
            top, bottom = (f"<mrow><mo>{sign}</mo>{name.mathml}</mrow>" for name in (above, below))
            return f"<mfrac>{top}{bottom}</mfrac>"
        gap = " " if ordinary and len(above.text + below.text) > 2 else ""
        return f"{text}{gap}{above.text}/{text}{gap}{below.text}"

    return Name.later(make)


def _latex_below(below: str) -> str:
    pieces = re.findall(r"[^\W\d]+|[\d,]+|.", below)
    return "".join(
        f"\\{name}"
        if (name := _greek_name(piece))
        else f"\\mathrm{{{piece}}}"
        if len(piece) > 1 and piece.isalpha()
        else piece
        for piece in pieces
    )


def _greek_name(piece: str) -> str:
    return piece if piece in GREEK else next((n for n, letter in GREEK.items() if letter == piece), "")


def _mathml_row(written: str) -> str:
    if not written:
        return ""
    pieces = []
    for piece in re.findall(r"\d+|[^\W\d]+|.", written):
        if piece.isdigit():
            pieces.append(f"<mn>{piece}</mn>")
        elif piece.isalpha():
            pieces.append(f"<mi>{escape(GREEK.get(piece, piece))}</mi>")
        else:
            pieces.append(f'<mo stretchy="false">{escape(piece)}</mo>')
    return pieces[0] if len(pieces) == 1 else f"<mrow>{''.join(pieces)}</mrow>"
