"""A written formula cut into numbers, names and signs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from chainrule.errors import InvalidInput
from chainrule.formulas.writing import GREEK, symbol_text

LONGEST = 2000

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_LETTER = r"(?:(?![⁰¹²³⁴-⁹½¼¾])[\w\u0300-\u036f])"
_NAME = re.compile(
    rf"(?:(?![\d⁰¹²³⁴-⁹½¼¾₀-₉_])[\w√])(?:_\{{[^{{}}]*\}}|{_LETTER})*['′’]*(?:\[[\w\s,+]*\])?['′’]*"
)
_NUMBER = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|½")
_SUPERSCRIPT = re.compile(r"⁻?[⁰¹²³⁴-⁹]{1,3}")
_SIGN = re.compile(r"\*\*|>=|<=|[-+*/^()\[\]{}|,><=−–·×⋅∙÷≥≤]")
_SAME = {
    "**": "^",
    "−": "-",
    "–": "-",
    "·": "*",
    "×": "*",
    "⋅": "*",
    "∙": "*",
    "÷": "/",
    "≥": ">=",
    "≤": "<=",
}
_LETTERS = {letter: word for word, letter in GREEK.items()}


@dataclass(frozen=True)
class Token:
    """A piece of a written formula. column: from 1."""

    kind: Literal["number", "name", "sign", "superscript", "end"]
    text: str
    column: int


class Names:
    """The names a formula may use, found however they are spelt: ŷ composed or not, α or alpha, w₁ or w1."""

    def __init__(self, names: Iterable[str]) -> None:
        self.known = tuple(names)
        self._by_spelling: dict[str, str] = {}
        for spelt in (str, symbol_text):
            for name in self.known:
                self._by_spelling.setdefault(_canonical(spelt(name)), name)
        # Such as W^[1] or ∂C/∂w5, which are names here though they look like formulas.
        self._unusual = sorted(
            (unicodedata.normalize("NFC", name) for name in self.known if not _NAME.fullmatch(name)),
            key=len,
            reverse=True,
        )

    def find(self, written: str) -> str | None:
        """The name that is written so."""
        return self._by_spelling.get(_canonical(written))

    def unusual_at(self, text: str, place: int) -> str | None:
        """The longest name standing at this place that no pattern of names would find."""
        for name in self._unusual:
            end = place + len(name)
            goes_on = end < len(text) and re.match(_LETTER, text[end]) and re.match(_LETTER, name[-1])
            if name and text.startswith(name, place) and not goes_on:
                return name
        return None


def _canonical(name: str) -> str:
    name = unicodedata.normalize("NFKC", re.sub(r"[\s{}]", "", name))
    name = re.sub("['’]", "′", name)
    return "".join(_LETTERS.get(letter, letter) for letter in name)


def tokens_of(text: str, names: Names) -> list[Token]:
    """The pieces of a formula, the last of kind "end".

    Raises InvalidInput for what is not a formula's text, or too long.
    """
    if not isinstance(text, str):
        raise InvalidInput(f"a formula is given as text, such as '2(a - y)', not as {text!r}")
    if len(text) > LONGEST:
        raise InvalidInput(f"a formula may have {LONGEST:,} characters, not {len(text):,}: write it in parts")
    text = unicodedata.normalize("NFC", text)
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        token, length = _token_at(text, place, names)
        tokens.append(token)
        place += length
    return [*tokens, Token("end", "", len(text) + 1)]


def _token_at(text: str, place: int, names: Names) -> tuple[Token, int]:
    unusual = names.unusual_at(text, place)
    if unusual is not None:
        return Token("name", unusual, place + 1), len(unusual)
    if found := _NUMBER.match(text, place):
        number = found[0]
        # 2e1 is 2 · e1 where there is an e1.
        if (exponent := number.lower().find("e")) > 0 and names.find(number[exponent:]):
            number = number[:exponent]
        return Token("number", number, place + 1), len(number)
    if found := _NAME.match(text, place):
        return Token("name", found[0], place + 1), len(found[0])
    if found := _SUPERSCRIPT.match(text, place):
        return Token("superscript", found[0].translate(_SUPERSCRIPTS), place + 1), len(found[0])
    if found := _SIGN.match(text, place):
        return Token("sign", _SAME.get(found[0], found[0]), place + 1), len(found[0])
    raise InvalidInput(
        f'"{text[place]}" at column {place + 1} is nothing a formula is made of: take it out, or write '
        "numbers, names, + - * / ^ and brackets"
    )
