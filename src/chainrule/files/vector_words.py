"""The words of a file as they come: decoded, and each kept once."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.errors import unknown
from chainrule.files.vector_data import refused, shown

__all__ = ["ERRORS", "Distinct", "check_errors", "decoded"]

ERRORS = ("error", "replace", "skip")
_HANDLERS = {"replace": "replace", "skip": "ignore"}


def check_errors(errors: str) -> None:
    """Raises UnknownName for a way to treat bad UTF-8 that there is not."""
    if errors not in ERRORS:
        raise unknown("way to treat bad UTF-8", errors, ERRORS)


def decoded(word: bytes, where: str, line: str, errors: str) -> str:
    """A word in UTF-8. line: where it stands, for the message."""
    if errors != "error":
        return word.decode("utf-8", _HANDLERS[errors])
    try:
        return word.decode()
    except UnicodeDecodeError:
        what = f"{line}: the word {shown(word)} is not UTF-8"
        do = 'convert the file to UTF-8, or give errors="replace" or errors="skip"'
        raise refused(where, what, do) from None


class Distinct:
    """Words and the rows they stand in; a word that comes again is left out with its row."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.rows = 0
        self.repeated: list[int] = []
        self._twice = ""

    def add(self, words: Sequence[str]) -> None:
        """The words of the next rows."""
        places = self.places
        for row, word in enumerate(words, self.rows):
            if places.setdefault(word, row) != row:
                self.repeated.append(row)
                self._twice = self._twice or shown(word)
        self.rows += len(words)

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(self.places)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence about what was left out, if anything was."""
        count = len(self.repeated)
        if not count:
            return ()
        what = f"the word {self._twice} stands twice" if count == 1 else f"{count:,} words stand again"
        more = "" if count == 1 else f" (the first is {self._twice})"
        return (f"{what}{more}: the first vector of a word is kept",)
