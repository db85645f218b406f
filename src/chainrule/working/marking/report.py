"""Reports: what a student reads of a marked sheet, what a lecturer reads of a class, and both for machines."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chainrule.engines.rounding import Policy
from chainrule.errors import InvalidInput
from chainrule.working.marking.answers import Candidate, Marked, Marking
from chainrule.working.marking.formulas import is_number
from chainrule.working.marking.inference import NO_NUMBER
from chainrule.working.marking.results import Result
from chainrule.working.marking.rights import STILL
from chainrule.working.rendering.breaking import columns

__all__ = ["CSV_HEADER", "csv_rows", "overview", "report", "to_json"]

WIDTH = 80
GAP, MARGIN = "  ", "  "
VERDICTS = {
    "exact": "exact",
    "rounded": "right as rounded",
    "follow-through": "follow-through",
    "wrong": "wrong",
}
CSV_HEADER = (
    *("sheet", "student", "example", "name", "given", "expected", "verdict", "marks", "weight"),
    *("from", "slip", "where", "rounding"),
)
MOST_TOLD = 5  # candidates of one answer, and wrong answers with theirs


# --- one sheet --------------------------------------------------------------------------------------


def report(result: Result) -> str:
    """A marked sheet as text of 80 columns: a row for each answer, then what is to be said of the wrong ones."""
    sheet = result.sheet
    parts = [
        "\n".join([*_wrapped(sheet.title), *_wrapped(f"Student: {sheet.student}")]),
        "\n".join(_table(result)),
        *("\n".join(part) for part in _remarks(result)),
        f"Marks: {_plain(result.earned)} of {_plain(result.out_of)}.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(result: Result) -> list[str]:
    rows = [
        (
            marked.answer.name,
            marked.answer.written,
            result.expected(marked),
            VERDICTS[marked.verdict],
            _plain(result.marks_of(marked)),
        )
        for marked in result.marking.marked
    ]
    return aligned(("", "your answer", "expected", "", "marks"), rows, right={4}, cut=(0, 1, 2))


def _remarks(result: Result) -> Iterator[list[str]]:
    if followed := [marked for marked in result.marking.marked if marked.verdict == "follow-through"]:
        if earning := [marked for marked in followed if not marked.hollow]:
            yield _followed(earning)
        if hollow := [marked for marked in followed if marked.hollow]:
            yield _hollow(hollow)
    for marked in result.wrong[:MOST_TOLD]:
        yield list(_explained(result, marked))
    if len(result.wrong) > MOST_TOLD:
        yield _wrapped(f"{len(result.wrong) - MOST_TOLD} further answers are wrong: see the table.")
    if still := [m.answer.name for m in result.marking.marked if m.is_right and m.note == STILL]:
        yield _wrapped(f"To the digits written, the update does not show in {', '.join(still)}.")
    if not result.wrong:
        told = "Every answer is right." if not followed else "No answer is wrong in itself."
        yield [told]
    found = result.marking.rounding
    if found.sentence != NO_NUMBER:
        yield _wrapped(f"Rounding{'' if found.inferred else ', as stated'}: {found.sentence}.")
    if far := list(result.far_off()):
        listed = ", ".join(f"{name} by {off * 100:.1f} %" for name, off in far)
        yield _wrapped(f"Rounding early has its price: off the exact value are {listed}.")


def _followed(followed: Sequence[Marked]) -> list[str]:
    lines = ["Right from your own earlier values:"]
    for marked in followed:
        own = "your rounded " if "rounded" in marked.note else "your "
        sources = f" from {own}{', '.join(marked.from_)}" if marked.from_ else ""
        early = [c.slip for c in marked.candidates if c.kind == "rounded-too-early"]
        lines += _wrapped(f"{marked.answer.name}{sources}{f': {early[0]}' if early else ''}", MARGIN)
    return lines


def _hollow(followed: Sequence[Marked]) -> list[str]:
    names = ", ".join(marked.answer.name for marked in followed)
    sources = dict.fromkeys(name for marked in followed for name in marked.from_)
    roots = ", ".join(name for name in sources if name not in {marked.answer.name for marked in followed})
    return _wrapped(
        f"Without marks: {names}. After {roots} as you have it, a bare 0 or 1, nothing is left to calculate there."
    )


def _explained(result: Result, marked: Marked) -> Iterator[str]:
    answer = marked.answer
    first = answer.name == result.marking.first_wrong
    start = "The first wrong answer is " if first and len(result.wrong) > 1 else "Wrong is "
    yield from _wrapped(f"{start}{answer.name}: {answer.written} in place of {result.expected(marked)}.")
    fitting = marked.candidates
    if not fitting:
        note = marked.note or "no single slip of the catalogue fits"
        if note == "no single slip fits":
            note = "no single slip of the catalogue fits"
        yield from _wrapped(f"{note[0].upper()}{note[1:]}.", MARGIN)
        return
    if len(fitting) == 1:
        yield from _wrapped(f"One slip fits: {_candidate(fitting[0], answer.written)}", MARGIN)
        return
    yield from _wrapped(f"{len(fitting)} slips fit, and these digits do not tell which:", MARGIN)
    for number, candidate in enumerate(fitting[:MOST_TOLD], start=1):
        yield from _wrapped(f"{number}. {_candidate(candidate, answer.written)}", MARGIN * 2, hang="   ")
    if len(fitting) > MOST_TOLD:
        yield f"{MARGIN * 2}… and {len(fitting) - MOST_TOLD} more"


def _candidate(candidate: Candidate, written: str) -> str:
    """What a slip changes, what it gives, and the rounding that it needs."""
    if not candidate.value:
        return f"{candidate.slip}."
    place = "" if candidate.where in candidate.slip else f", in {candidate.where}"
    return f"{candidate.slip}{place}, gives {candidate.value}{_rounded(candidate.rounding, written)}."


def _rounded(rounding: str, written: str) -> str:
    if rounding == "exact" or not is_number(written):
        return ""
    if rounding in ("rounded", "truncated"):
        return f", {rounding} {written}"
    try:
        return f", with {Policy.parse(rounding).written}"
    except InvalidInput:
        return f", with {rounding}"


# --- a class ----------------------------------------------------------------------------------------


def overview(results: Sequence[Result]) -> str:
    """All sheets in one table, the answers most often wrong and the slips most often made."""
    rows = [
        (
            each.sheet.student,
            each.sheet.answers_to,
            f"{_plain(each.earned)} of {_plain(each.out_of)}",
            _percent(each.earned, each.out_of),
            each.marking.first_wrong or "",
            each.wrong[0].candidates[0].slip if each.wrong and each.wrong[0].candidates else "",
        )
        for each in results
    ]
    headings = ("student", "example", "marks", "", "first wrong", "likeliest slip")
    parts = [aligned(headings, rows, right={2, 3}, cut=(0, 1, 5))]
    earned, out_of = sum(each.earned for each in results), sum(each.out_of for each in results)
    told = f"{len(results)} sheet{'s' * (len(results) != 1)}, {_plain(earned)} of {_plain(out_of)} marks"
    parts.append([f"{told}, {_percent(earned, out_of)}."] if out_of else [f"{told}."])
    for title, counts in (
        ("Most often wrong", _wrong_names(results)),
        ("Most common slips", _slips(results)),
    ):
        if counts:
            listed = ", ".join(f"{name} ({_times(times)})" for name, times in counts.most_common(MOST_TOLD))
            parts.append(_wrapped(f"{title}: {listed}."))
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _wrong_names(results: Sequence[Result]) -> Counter[str]:
    return Counter(marked.answer.name for each in results for marked in each.wrong)


def _slips(results: Sequence[Result]) -> Counter[str]:
    """The likeliest slip of each wrong answer, once for each sheet."""
    found: Counter[str] = Counter()
    for each in results:
        likeliest = [marked.candidates[0] for marked in each.wrong if marked.candidates]
        found.update({f"{c.slip}, in {c.where}" if c.where not in c.slip else c.slip for c in likeliest})
    return found


def _times(times: int) -> str:
    return {1: "once", 2: "twice"}.get(times, f"{times} times")


# --- for machines -----------------------------------------------------------------------------------


def to_json(marking: Marking, result: Result | None = None) -> dict[str, Any]:
    """A marking as JSON values.

    {"answers": [{"name", "given", "expected", "verdict", "from", "candidates": [{"slip", "where", "value",
    "rounding"}]}], "first_wrong", "rounding", "marks"}; result: where follow-through earns part of its marks
    """
    earned = result.earned if result is not None else marking.marks
    return {
        "answers": [
            {
                "name": marked.answer.name,
                "given": marked.answer.written,
                "expected": marked.expected,
                "verdict": marked.verdict,
                "from": list(marked.from_),
                "candidates": [
                    {"slip": c.slip, "where": c.where, "value": c.value, "rounding": c.rounding}
                    for c in marked.candidates
                ],
            }
            for marked in marking.marked
        ],
        "first_wrong": marking.first_wrong,
        "rounding": marking.rounding.to_json(),
        "marks": {"earned": earned, "of": marking.out_of},
    }


def csv_rows(results: Sequence[Result]) -> Iterator[Mapping[str, str]]:
    """A row for each answer of each sheet, by the columns of `CSV_HEADER`."""
    for result in results:
        for marked in result.marking.marked:
            slip = marked.candidates[0] if marked.candidates else None
            values = (
                result.sheet.path,
                result.sheet.student,
                result.sheet.answers_to,
                marked.answer.name,
                marked.answer.written,
                marked.expected,
                marked.verdict,
                _plain(result.marks_of(marked)),
                _plain(marked.answer.weight),
                " ".join(marked.from_),
                slip.slip if slip else "",
                slip.where if slip else "",
                slip.rounding if slip else "",
            )
            yield dict(zip(CSV_HEADER, values, strict=True))


# --- text -------------------------------------------------------------------------------------------


def aligned(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: set[int] = frozenset(),  # type: ignore[assignment]
    cut: Sequence[int] = (),
) -> list[str]:
    """Rows under headings in 80 columns; the cells of the columns in `cut` are shortened where need be."""
    cells = [[_one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(int(columns(row[place])) for row in cells) for place in range(len(headings))]
    while sum(widths) + len(GAP) * (len(widths) - 1) + len(MARGIN) > WIDTH:
        longest = max(cut or range(len(widths)), key=lambda place: widths[place])
        if widths[longest] <= 6:
            break
        widths[longest] -= 1
    lines = []
    for row in cells:
        padded = [
            _padded(_shortened(cell, width), width, place in right)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append((MARGIN + GAP.join(padded)).rstrip())
    return lines


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _shortened(cell: str, width: int) -> str:
    if columns(cell) <= width:
        return cell
    while columns(cell) > width - 1:
        cell = cell[:-1]
    return cell + "…"


def _padded(cell: str, width: int, on_right: bool) -> str:
    space = " " * (width - int(columns(cell)))
    return space + cell if on_right else cell + space


def _wrapped(text: str, margin: str = "", hang: str = "") -> list[str]:
    return textwrap.wrap(
        _one_line(text),
        WIDTH,
        initial_indent=margin,
        subsequent_indent=margin + hang,
        break_on_hyphens=False,
    )


def _plain(marks: float) -> str:
    return f"{round(marks, 6):g}"


def _percent(earned: float, out_of: float) -> str:
    return f"{100 * earned / out_of:.0f} %" if out_of else ""
