"""Steps as they are set down: each a chain of equal sides, neighbours of one reason together.

What every renderer needs to know of a working beyond its fields, so that all of them show the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from chainrule.formulas.writing import Form, latex_number, mathml_number
from chainrule.working.document import MatrixStep, Phase, Step, Working, Written

__all__ = [
    "Group",
    "Side",
    "facts",
    "groups",
    "number_form",
    "phase_title",
    "sentence",
    "sides",
]

Relation = Literal["=", "≈", "←"]
Role = Literal["call", "formula", "numbers", "result"]
_ONE_REASON = ("slopes", "output slope")
_LABELLED = re.compile(r"([a-z]+): (.*)")
_UNUSUAL = {
    "∞": (r"\infty", "<mi>∞</mi>"),
    "-∞": (r"-\infty", "<mrow><mo>&#x2212;</mo><mi>∞</mi></mrow>"),
    "not a number": (r"\text{not a number}", "<mtext>not a number</mtext>"),
}


@dataclass(frozen=True, eq=False)
class Side:
    """What stands on the right of a relation: the formula by name, the formula, the numbers, the result."""

    relation: Relation
    role: Role
    written: Written


@dataclass(frozen=True, eq=False)
class Group:
    """Neighbouring steps that have one reason. reason: "" where it was said before."""

    reason: str
    steps: tuple[Step | MatrixStep, ...]


def sides(step: Step) -> tuple[Side, ...]:
    """The sides of a step in order; one that reads as the one before it is left out.

    >>> from chainrule.working.works import work_example
    >>> [f"{s.relation} {s.written.text}" for s in sides(work_example("unit-0.87", "round:2").steps[-1])]
    ['= σ(z)', '= 1 / (1 + exp(-z))', '= 1 / (1 + exp(-0.87))', '≈ 0.70']
    """
    found: list[tuple[Role, Written | None]] = [
        ("call", step.call),
        ("formula", step.formula),
        ("numbers", step.numbers),
    ]
    if step.result:
        found.append(("result", Written(lambda form: number_form(step.result, form))))
    kept: list[Side] = []
    for role, written in found:
        if written is None:
            continue
        if kept and kept[-1].written.text == written.text:
            kept.pop()
        relation: Relation = step.relation if role == "result" and step.numbers is not None else "="
        kept.append(Side(relation if kept else step.arrow, role, written))
    return tuple(kept)


def number_form(written: str, form: Form) -> str:
    """A printed number as text, LaTeX or MathML."""
    if form == "text":
        return written
    if written in _UNUSUAL:
        return _UNUSUAL[written][0 if form == "latex" else 1]
    return latex_number(written) if form == "latex" else mathml_number(written)


def groups(working: Working, *, reasons: bool = True) -> Iterator[tuple[Phase, tuple[Group, ...]]]:
    """Each phase with its groups. A reason is said once; that of a slope, once for all slopes."""
    said: set[str] = set()
    for phase in working.phases:
        made = []
        for key, members in groupby(phase.steps, _reason_key):
            steps = tuple(members)
            made.append(Group(steps[0].reason if reasons and key not in said else "", steps))
            said.add(key)
        yield phase, _joined(made)


def _reason_key(step: Step | MatrixStep) -> str:
    return "slopes" if step.kind in _ONE_REASON else step.reason


def _joined(made: Sequence[Group]) -> tuple[Group, ...]:
    """Groups whose reasons are not said stay apart only where their kinds differ."""
    joined: list[Group] = []
    for group in made:
        if joined and not group.reason and joined[-1].steps[-1].kind == group.steps[0].kind:
            joined[-1] = Group(joined[-1].reason, (*joined[-1].steps, *group.steps))
        else:
            joined.append(group)
    return tuple(joined)


def phase_title(working: Working, phase: Phase) -> str:
    """The heading of a phase: with its pass, where there are several."""
    return f"Pass {phase.number}. {phase.title}" if working.passes > 1 else phase.title


def facts(working: Working) -> tuple[tuple[str, str], ...]:
    """What is worked and how: labels, some of them empty, and texts."""
    made = []
    for line in working.heading:
        labelled = _LABELLED.fullmatch(line)
        made.append((labelled[1], labelled[2]) if labelled else ("", line))
    made += [("rounding", working.policy), ("worked by", working.by), ("notation", working.notation)]
    return tuple((label, told) for label, told in made if told)


def sentence(told: str) -> str:
    """A phrase as a sentence: a capital, unless it starts with a name, and a full stop."""
    first = told.split(" ", 1)[0]
    capital = told[:1].upper() + told[1:] if first.isalpha() and first.islower() and len(first) > 1 else told
    return capital if capital.endswith((".", "!", "?", ":")) else f"{capital}."
