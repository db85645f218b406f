"""Text and formulas as LaTeX takes them: special characters escaped, letters beyond ASCII as commands."""

from __future__ import annotations

import re
import unicodedata

from chainrule.formulas.writing import GREEK

__all__ = ["latex_maths", "latex_text"]

_COMMAND = re.compile(r"\\[A-Za-z]+")

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "\u2018": "`",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
    "\u2013": "--",
    "\u2014": "---",
    "\u2026": r"\ldots{}",
    "\u00a0": "~",
    "\u00a7": r"\S{}",
}
_SIGNS = {
    **{letter: f"\\{name}" for name, letter in GREEK.items()},
    "φ": r"\varphi", "ψ": r"\psi", "ω": r"\omega", "τ": r"\tau", "κ": r"\kappa", "ν": r"\nu", "ξ": r"\xi",
    "ζ": r"\zeta", "χ": r"\chi", "ι": r"\iota", "υ": r"\upsilon", "ϵ": r"\epsilon", "ϕ": r"\phi",
    "ε": r"\varepsilon", "Γ": r"\Gamma", "Δ": r"\Delta", "Θ": r"\Theta", "Λ": r"\Lambda", "Ξ": r"\Xi",
    "Π": r"\Pi", "Σ": r"\Sigma", "Φ": r"\Phi", "Ψ": r"\Psi", "Ω": r"\Omega", "µ": r"\mu",
    "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "√": r"\surd", "∑": r"\sum", "∏": r"\prod",
    "→": r"\rightarrow", "←": r"\leftarrow", "↔": r"\leftrightarrow", "⇒": r"\Rightarrow",
    "·": r"\cdot", "⋅": r"\cdot", "×": r"\times", "÷": r"\div", "±": r"\pm", "−": "-", "≈": r"\approx",
    "≠": r"\neq", "≤": r"\leq", "≥": r"\geq", "∈": r"\in", "⊙": r"\odot", "ᵀ": r"^{\mathsf{T}}",
    "′": "'", "½": r"\tfrac{1}{2}", "¼": r"\tfrac{1}{4}", "¾": r"\tfrac{3}{4}", "°": r"^{\circ}",
    **{digit: f"^{{{value}}}" for value, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
    **{digit: f"_{{{value}}}" for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")},
    "⁻": "^{-}",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "grave", "\u0301": "acute", "\u0302": "hat", "\u0303": "tilde", "\u0304": "bar",
    "\u0307": "dot", "\u0308": "ddot", "\u030c": "check",
}  # fmt: skip
_TEXT_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".",
    "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
_LETTERS = {"ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "ø": r"\o{}", "Ø": r"\O{}", "œ": r"\oe{}",
            "Œ": r"\OE{}", "ł": r"\l{}", "Ł": r"\L{}", "ı": r"\i{}"}  # fmt: skip


def latex_text(text: str) -> str:
    r"""Running text, safe in any place; letters of other scripts stay as they are, which needs LuaLaTeX.

    >>> latex_text("50 % of w_1 → ŷ, η = 0.1")
    '50 \\% of w\\_1 $\\rightarrow$ \\^{y}, $\\eta$ = 0.1'
    """
    written: list[str] = []
    for letter in _apart(" ".join(text.split())):
        if letter in _TEXT_ACCENTS and written:
            written[-1] = rf"\{_TEXT_ACCENTS[letter]}{{{written[-1]}}}"
        elif letter in _SPECIAL:
            written.append(_SPECIAL[letter])
        elif letter in _SIGNS:
            written.append(f"${_SIGNS[letter]}$")
        else:
            written.append(_LETTERS.get(letter, letter))
    return "".join(written)


def latex_maths(formula: str) -> str:
    r"""A formula whose letters beyond ASCII are commands.

    >>> latex_maths("η \\cdot ŷ")
    '\\eta \\cdot \\hat{y}'
    """
    if formula.isascii():
        return formula
    written: list[str] = []
    for letter in _apart(formula):
        if letter in _ACCENTS and written:
            written[-1] = rf"\{_ACCENTS[letter]}{{{written[-1]}}}"
            continue
        if letter.isalpha() and written and _COMMAND.fullmatch(written[-1]):
            written.append(" ")  # or the command would run on into the letter
        written.append(_SIGNS.get(letter, letter))
    return "".join(written)


def _apart(text: str) -> str:
    """Letters and their accents one by one; other signs stay whole."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(unicodedata.normalize("NFD", each) if each.isalpha() else each for each in composed)
