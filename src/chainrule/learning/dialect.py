"""How a delimited text file is laid out: its records, its delimiter, and whether it has a header line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from chainrule.learning.columns import BOOLEANS, DATES, DRESSED, MISSING

__all__ = ["BrokenQuote", "find_delimiter", "looks_like_header", "records"]

WHITE_SPACE = " "
SINGLE = "\x1f"
CANDIDATES = ("\t", ";", "|", ",")
SAMPLE = 1000
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
TYPED = re.compile(f"{NUMBER.pattern}|{DRESSED}|{DATES}|{'|'.join(BOOLEANS)}", re.IGNORECASE)


class BrokenQuote(Exception):
    """A quoted field that does not end as it should; `line` is where the record begins."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


def records(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record as the line on which it begins, from 1, and its trimmed fields; blank lines are skipped.

    delimiter: one character; a space stands for runs of white space, and `SINGLE` for one column only.
    Between tabs a field never spans lines, and one that only begins with a quote is taken as it stands.

    >>> list(records(['a, b', '', '"x, y", "2', 'lines"'], ","))
    [(1, ['a', 'b']), (3, ['x, y', '2\\nlines'])]
    """
    numbered = enumerate((line.rstrip("\n") for line in lines), start=1)
    blank = None if delimiter == WHITE_SPACE else " "
    for start, line in numbered:
        if not line.strip(blank):
            continue
        if '"' not in line:
            fields = line.split() if delimiter == WHITE_SPACE else line.split(delimiter)
            yield start, [field.strip() for field in fields]
            continue
        parts, parsed = [line], _quoted(line, delimiter, start)
        while parsed is None:
            _, more = next(numbered, (0, None))
            if more is None:
                raise BrokenQuote(start, "a quote that is never closed")
            parts.append(more)
            if '"' in more:
                parsed = _quoted("\n".join(parts), delimiter, start)
        yield start, parsed


@lru_cache
def _patterns(delimiter: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """A quoted field, a bare one, and the beginning of a quoted one that goes on."""
    if delimiter == WHITE_SPACE:
        space, end, bare = r"\s*", r"(?:\s+|\Z)", r"\s*(\S*)"
    else:
        space, end, bare = r"[ ]*", f"(?:{re.escape(delimiter)}|\\Z)", f"([^{re.escape(delimiter)}]*)"
    inside = r'"([^"]*(?:""[^"]*)*)'
    return (
        re.compile(f'{space}{inside}"{"" if delimiter == WHITE_SPACE else space}{end}'),
        re.compile(bare + end),
        re.compile(f"{space}{inside}\\Z"),
    )


def _quoted(text: str, delimiter: str, line: int) -> list[str] | None:
    """The fields of a record that holds quotes, or None if a quote is still open."""
    quoted, bare, opened = _patterns(delimiter)
    fields: list[str] = []
    at = 0
    while True:
        found = quoted.match(text, at)
        if found:
            fields.append(found[1].replace('""', '"').strip())
        elif delimiter != "\t" and text[at:].lstrip(" ").startswith('"'):
            if opened.match(text, at):
                return None
            raise BrokenQuote(line, 'text after a closing quote (a quote in a field is written "")')
        if not found:
            found = bare.match(text, at)
            assert found is not None
            fields.append(found[1].strip())
        at = found.end()
        if at == len(text):
            if delimiter != WHITE_SPACE and found[0].endswith(delimiter):
                fields.append("")
            return fields


def field_counts(lines: Sequence[str], delimiter: str) -> tuple[int, float]:
    """The commonest number of fields, and the share of the records that have it."""
    counts: list[int] = []
    broken = 0
    try:
        counts.extend(len(fields) for _, fields in islice(records(lines, delimiter), SAMPLE))
    except BrokenQuote:
        broken = 1
    if not counts:
        return 1, 0.0
    fields, often = Counter(counts).most_common(1)[0]
    return fields, often / (len(counts) + broken)


def find_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that splits most lines into the same number of fields, at least two.

    Of equals the first of tab, semicolon, pipe and comma is taken. Runs of white space count only where none
    of these fits half the lines, and then must fit nine lines in ten (or half, if one of the first two
    is all numbers), because sentences have spaces too. A file that nothing splits is a single column.

    >>> find_delimiter(["1,5;2", "3,5;4"]), find_delimiter(["1  2", "3 4"])
    (';', ' ')
    """
    best, best_share = SINGLE, 0.0
    for delimiter in CANDIDATES:
        fields, share = field_counts(lines, delimiter)
        if fields > 1 and share > best_share:
            best, best_share = delimiter, share
    if best_share >= 0.5:
        return best
    fields, share = field_counts(lines, WHITE_SPACE)
    numeric = any(all(NUMBER.fullmatch(field) for field in line.split()) for line in lines[:2])
    return WHITE_SPACE if fields > 1 and share >= (0.5 if numeric else 0.9) else best


def looks_like_header(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first line of a file names its columns.

    1. A number, a date, yes/no/true/false, `?` or a missing-value word in the first line: it is data.
    2. Otherwise, a column that is mostly numbers, dates or booleans below: it is a header.
    3. All text: a header if its fields are distinct, not empty, at most 40 characters long, and none of them
       comes again below in its own column.

    >>> looks_like_header(["city", "size"], [["Bern", "3"]]), looks_like_header(["a", "b"], [["a", "c"]])
    (True, False)
    """
    words = {*MISSING[1:], "?"}
    if any(TYPED.fullmatch(field) or field in words for field in first):
        return False
    columns = [[row[i] for row in body if i < len(row)] for i in range(len(first))]
    for column in columns:
        values = [value for value in column if value not in MISSING and value != "?"]
        if values and 2 * sum(1 for value in values if TYPED.fullmatch(value)) >= len(values):
            return True
    distinct = len(set(first)) == len(first)
    return distinct and all(
        0 < len(name) <= 40 and name not in column for name, column in zip(first, columns, strict=True)
    )
