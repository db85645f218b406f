"""A question sheet as a document: what is given, what is asked, and the answers; renderers lower it last."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from chainrule.working.document import Given, Name, Working

__all__ = ["Blank", "Section", "Sheet"]


@dataclass(frozen=True)
class Blank:
    """A number, or something short, to be filled in.

    name:      what is asked for; spelled: the same in letters that marking reads, with its pass ("w5 (2)")
    answer:    as the key prints it
    tolerance: how far a number may be off and still be taken for it; None for what is no number
    key:       the quantity's, "" for what is none
    prompt:    the question in words, where the name alone does not say it
    """

    name: Name
    spelled: str
    answer: str
    tolerance: Decimal | None
    key: str = ""
    prompt: str = ""


@dataclass(frozen=True)
class Section:
    """What is asked in one go: title, a sentence on how to go about it, the blanks in order."""

    title: str
    told: str
    blanks: tuple[Blank, ...]


@dataclass(frozen=True, eq=False)
class Sheet:
    """A question sheet with its key.

    name:    of its files, without an ending: "backprop-2-2-1-seed-7"
    told:    what the exercise is, paragraph by paragraph
    given:   the numbers one starts from; working: the worked solution, None where words answer
    notes:   what the key has to say: which numbers are 0 and why
    example: the exercise as an example file, "" where it is none
    rounding: of the key, as policies are spelt
    facts:   about how it was made: the seed, how many printed lines do not multiply out, how many slips cannot be
             told apart, …
    """

    name: str
    title: str
    told: tuple[str, ...]
    given: tuple[Given, ...]
    sections: tuple[Section, ...]
    working: Working | None
    notes: tuple[str, ...]
    example: str
    rounding: str | dict[str, str]
    facts: Mapping[str, Any]

    @property
    def blanks(self) -> tuple[Blank, ...]:
        """Every blank in order."""
        return tuple(blank for section in self.sections for blank in section.blanks)
