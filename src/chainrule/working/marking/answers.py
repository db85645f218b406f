"""What marking reads and what it says: answers as they were written, verdicts, candidate slips."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["VERDICTS", "Answer", "Candidate", "Marked", "Marking", "RoundingFound", "Verdict"]

Verdict = Literal["exact", "rounded", "follow-through", "wrong"]
VERDICTS: dict[Verdict, str] = {
    "exact": "exact",
    "rounded": "right as rounded",
    "follow-through": "right from your earlier value",
    "wrong": "wrong",
}
"""Every verdict, in words."""


@dataclass(frozen=True)
class Answer:
    """One answer as it was written.

    name:    what it is called on the sheet; key: the quantity of the program that it answers
    written: digit for digit ("0.7010"), or a formula
    where:   the file and the line or row, for messages
    """

    name: str
    written: str
    key: str
    weight: float = 1.0
    where: str = ""


@dataclass(frozen=True)
class Candidate:
    """A slip that gives an answer as it was written.

    slip:     in words; kind: its stable identifier ("factor-left-out")
    where:    the line that it changes, in the sheet's notation
    value:    what it comes to, to ten significant digits
    rounding: how that becomes what was written: "rounded", "truncated" or a policy's spec
    also:     other slips, in words, that come to the same numbers
    """

    slip: str
    kind: str
    where: str
    value: str
    rounding: str
    also: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "slip": self.slip,
            "kind": self.kind,
            "where": self.where,
            "value": self.value,
            "rounding": self.rounding,
            "also": list(self.also),
        }


@dataclass(frozen=True)
class Marked:
    """An answer with its verdict.

    expected:   the right value, as the rounding prints it, or the right formula
    from_:      the names of the student's own values that it follows from
    candidates: for the first wrong answers, the slips that explain it, the likeliest first
    note:       what else there is to say ("2 slips fit", "no single slip fits")
    refused:    why its digits do not make it right, though the right value may be cut to them
    hollow:     whether it follows from a bare 0 or 1 that left nothing to calculate, and so earns nothing
    """

    answer: Answer
    expected: str
    verdict: Verdict
    from_: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    note: str = ""
    refused: str = ""
    hollow: bool = False

    @property
    def is_right(self) -> bool:
        """Whether it is right, in itself or from earlier values."""
        return self.verdict != "wrong"

    @property
    def earns(self) -> bool:
        """Whether it earns marks."""
        return self.is_right and not self.hollow

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "name": self.answer.name,
            "given": self.answer.written,
            "expected": self.expected,
            "verdict": self.verdict,
            "from": list(self.from_),
            "candidates": [candidate.to_json() for candidate in self.candidates],
            "note": self.note,
        }


@dataclass(frozen=True)
class RoundingFound:
    """How a sheet was rounded: as stated, or as inferred from it.

    policies: the specs of those that fit, the simplest first; sentence: the same in words
    """

    policies: tuple[str | dict[str, str], ...]
    sentence: str
    inferred: bool = True

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {"policies": list(self.policies), "sentence": self.sentence, "inferred": self.inferred}


@dataclass(frozen=True)
class Marking:
    """A marked sheet.

    first_wrong: the name of the first wrong answer in the order of the calculation
    """

    marked: tuple[Marked, ...]
    first_wrong: str | None
    rounding: RoundingFound
    marks: float
    out_of: float

    @property
    def is_right(self) -> bool:
        """Whether no answer is wrong."""
        return all(each.is_right for each in self.marked)

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "answers": [each.to_json() for each in self.marked],
            "first_wrong": self.first_wrong,
            "rounding": self.rounding.to_json(),
            "marks": self.marks,
            "out_of": self.out_of,
        }
