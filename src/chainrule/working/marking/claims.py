"""Claims: what a sheet states beside the quantities of its example, such as shapes, ranges, formulas, letters.

[formulas]                  # of the catalogue's functions, a unit's z, GloVe's J
"σ(x)" = "1/(1 + exp(-x))"
[ranges]
relu = "[0, +∞)"
[shapes]                    # of the example's matrices; [counts] of its parameters
W1 = "2 × 3"
[letters]                   # what they stand for, each time
n = ["the number of data points"]
[again]                     # numbers among the answers that are printed a second time
"o1@2" = "0.6443"

In a table of names and values, and in [answers], the same are called "formula of σ(x)", "range of relu",
"shape of W1", "number of parameters", "letter n" and "again o1@2".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chainrule.working.marking.answers import Answer, Candidate, Marked

__all__ = ["SECTIONS", "Claim", "Kind", "claim_of", "told", "wrong"]

Kind = Literal["formulas", "ranges", "shapes", "counts", "letters", "again"]

SECTIONS: dict[Kind, str] = {
    "formulas": "formula of ",
    "ranges": "range of ",
    "shapes": "shape of ",
    "counts": "number of ",
    "letters": "letter ",
    "again": "again ",
}
"""The tables of a sheet, and how their names begin where there are no tables."""


@dataclass(frozen=True)
class Claim:
    """Something stated. kind: the table it belongs to; subject: its name there; answer: as written, without a key."""

    kind: Kind
    subject: str
    answer: Answer


def claim_of(answer: Answer) -> Claim | None:
    """The claim that an answer's name makes of it, None for a quantity's name.

    >>> claim_of(Answer("shape of W1", "2 × 3", "")).subject
    'W1'
    """
    for kind, start in SECTIONS.items():
        if answer.name.lower().startswith(start):
            return Claim(kind, answer.name[len(start) :].strip(), answer)
    return None


def told(slip: str, kind: str) -> Candidate:
    """A slip that is told in words alone."""
    return Candidate(slip, kind, "", "", "exact")


def wrong(answer: Answer, expected: str, candidates: list[Candidate], note: str = "") -> Marked:
    """A wrong claim with the slips that explain it."""
    if not candidates and not note:
        note = "no single slip fits"
    if len(candidates) > 1:
        note = f"{len(candidates)} slips fit"
    return Marked(answer, expected, "wrong", (), tuple(candidates), note)
