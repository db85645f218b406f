"""Words that are written like one that is not there, found quickly among hundreds of thousands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

__all__ = ["near_words"]

_LETTERS = "abcdefghijklmnopqrstuvwxyz'-"
_FEW = 3000


def near_words(word: str, place: Callable[[str], int], words: Iterable[str], most: int = 3) -> list[str]:
    """Up to `most` words like this one: in other case, then one slip away, then alike from their beginning.

    place: of a word, the most frequent first, or −1; words: all of them

    >>> known = ["the", "king", "kind", "queen"]
    >>> place = lambda word: known.index(word) if word in known else -1
    >>> near_words("kimg", place, known), near_words("King", place, known), near_words("quueens", place, known)
    (['king'], ['king'], ['queen'])
    """
    cased = [each for each in (word.lower(), word.capitalize(), word.upper()) if place(each) >= 0]
    if cased:
        return cased[:1]
    if not 0 < len(word) <= 40:
        return []
    slips = {each for form in {word, word.lower()} for each in _one_slip(form) if place(each) >= 0}
    if slips:
        return sorted(slips, key=place)[:most]
    start, length = word[:2].lower(), len(word)
    alike = [each for each in words if each[:2].lower() == start and abs(len(each) - length) <= 3][:_FEW]
    return get_close_matches(word.lower(), alike, n=most, cutoff=0.7)


def _one_slip(word: str) -> Iterator[str]:
    """All strings that are one letter more, fewer or other, or two neighbours exchanged."""
    letters = _LETTERS + "".join(set(word) - set(_LETTERS))
    for i in range(len(word) + 1):
        before, after = word[:i], word[i:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in letters:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
