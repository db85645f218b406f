"""From text to words: letters of every script, digits, and what joins them.

A word is a run of letters, marks and digits. An apostrophe or a hyphen between two of them belongs to the
word (don't, well-known), a point or a comma between two digits to the number (3.14, 1,000). Scripts that put
no space between words (Chinese, Japanese, Thai) have to be cut into words first: see the tokens "space".
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import unknown
from chainrule.words.word_kernels import MARK

__all__ = ["TOKENS", "spaced", "words_of"]

TOKENS = ("words", "space")
_APOSTROPHES, _HYPHENS = "'\u2019\uff07", "-\u2010\u2011"
_JOINERS = {
    **dict.fromkeys(_APOSTROPHES, "'"),
    **dict.fromkeys(_HYPHENS, "-"),
    "\u200c": "\u200c",
    "\u200d": "\u200d",
}
_LETTER, _DIGIT, _JOINER, _POINT, _OTHER, _UNKNOWN = range(6)


def words_of(text: str, *, tokens: str = "words", lower: bool | None = None) -> list[str]:
    """The words of a text. lower: None for lower case with "words", and as written with "space".

    >>> words_of("It's a well-known 'fact': π ≈ 3.14, isn’t it?")
    ["it's", 'a', 'well-known', 'fact', 'π', '3.14', "isn't", 'it']
    >>> words_of("New_York , 'tis", tokens="space")
    ['New_York', ',', "'tis"]
    """
    marked = spaced(text.encode("utf-8", "replace"), tokens, tokens == "words" if lower is None else lower)
    return marked.replace(bytes([MARK]), b" ").decode().split()


def spaced(text: bytes, tokens: str, lower: bool) -> bytes:
    """The text, proper UTF-8, with nothing but words, white space, and a mark for whatever else is there."""
    if tokens == "space":
        if not lower:
            return text
        return text.lower() if text.isascii() else text.decode().lower().encode()
    if tokens != "words":
        raise unknown("way to cut text into words", tokens, TOKENS)
    if text.isascii():
        codes = np.frombuffer(text, np.uint8)
        return _marked(codes, lower).astype(np.uint8).tobytes()
    plain = unicodedata.normalize("NFC", text.decode().replace("\u00ad", ""))
    codes = np.frombuffer((plain.lower() if lower else plain).encode("utf-32-le"), np.uint32)
    return _marked(codes, lower).tobytes().decode("utf-32-le").encode()


def _marked(codes: NDArray[np.uint8] | NDArray[np.uint32], lower: bool) -> NDArray[np.uint32]:
    table = _characters()
    kinds = table.kinds_of(codes)
    written = table.written(codes, lower)
    places = np.flatnonzero((kinds == _JOINER) | (kinds == _POINT))
    if len(places):
        kind = kinds[places]
        before, after = kinds[np.maximum(places - 1, 0)], kinds[np.minimum(places + 1, len(codes) - 1)]
        # Letters and digits come first among the kinds.
        joins = np.where(
            kind == _POINT, (before == _DIGIT) & (after == _DIGIT), np.maximum(before, after) <= _DIGIT
        )
        written[places[~joins]] = MARK
    return written


class _Characters:
    """What every character is, found out when it is first met."""

    def __init__(self) -> None:
        self._kinds = np.full(0x110000, _UNKNOWN, np.uint8)
        self._as_is = np.zeros(0x110000, np.uint32)
        for code in range(128):
            self._learn(code)
        self._ascii_kinds = self._kinds[:128].copy()
        self._ascii = self._as_is[:128].copy()
        self._ascii_lower = self._ascii.copy()
        capitals = np.arange(ord("A"), ord("Z") + 1)
        self._ascii_lower[capitals] += 32

    def kinds_of(self, codes: NDArray[np.uint8] | NDArray[np.uint32]) -> NDArray[np.uint8]:
        if codes.dtype == np.uint8:
            return self._ascii_kinds[codes]
        kinds = self._kinds[codes]
        new = codes[kinds == _UNKNOWN]
        if len(new):
            for code in np.unique(new).tolist():
                self._learn(code)
            kinds = self._kinds[codes]
        return kinds

    def written(self, codes: NDArray[np.uint8] | NDArray[np.uint32], lower: bool) -> NDArray[np.uint32]:
        if codes.dtype == np.uint8:
            return (self._ascii_lower if lower else self._ascii)[codes]
        return self._as_is[codes]  # its text is in lower case already, where that is wanted

    def _learn(self, code: int) -> None:
        character = chr(code)
        kind, written = _kind(character)
        self._kinds[code], self._as_is[code] = kind, ord(written)


def _kind(character: str) -> tuple[int, str]:
    category = unicodedata.category(character)
    if character in _JOINERS:
        return _JOINER, _JOINERS[character]
    if category == "Nd":
        return _DIGIT, character
    if category[0] in "LMN":
        return _LETTER, character
    if character in ".,":
        return _POINT, character
    if character == "\n":
        return _OTHER, "\n"
    if category[0] == "Z" or character.isspace():
        return _OTHER, " "
    return _OTHER, chr(MARK)


@cache
def _characters() -> _Characters:
    return _Characters()
