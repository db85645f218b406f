"""Files to measure vectors with: analogies in Google's format, and pairs of words with a person's score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chainrule.errors import InvalidInput
from chainrule.files.atomic import PathLike, checked_path, quoted
from chainrule.files.vector_data import shown

__all__ = ["Analogies", "Pairs", "Question", "ScoredPair", "read_questions"]

Question = tuple[str, str, str, str]
ScoredPair = tuple[str, str, float]
_SEPARATORS = ("\t", ";", ",")


@dataclass(frozen=True)
class Analogies:
    """sections: name → its questions a, b, c, d: a is to b as c is to d."""

    name: str
    sections: dict[str, list[Question]]

    def __len__(self) -> int:
        return sum(map(len, self.sections.values()))


@dataclass(frozen=True)
class Pairs:
    """pairs: two words and how alike people found them."""

    name: str
    pairs: list[ScoredPair]

    def __len__(self) -> int:
        return len(self.pairs)


def read_questions(path: PathLike) -> Analogies | Pairs:
    """The questions of a file, told by its content.

    Analogies: four words a line, sections after ": name". Pairs: two words and a number a line, between tabs,
    commas, semicolons or spaces, with or without a heading line; further columns are not read, and where the
    third is none the first column of numbers is the score. Lines that begin with # are left out.
    Raises InvalidInput, naming file and line.
    """
    name, lines = Path(checked_path(path)).name, _lines(path)
    if not lines:
        raise InvalidInput(
            f"{quoted(path)} holds no questions: give analogies, or pairs of words with scores"
        )
    if lines[0][1].startswith(":") or all(
        len(line.split()) == 4 and not _scored(line) for _, line in lines[:2]
    ):
        return Analogies(name, _sections(path, lines))
    return Pairs(name, _pairs(path, lines))


def _lines(path: PathLike) -> list[tuple[int, str]]:
    try:
        text = Path(path).read_text("utf-8-sig")
    except FileNotFoundError:
        raise InvalidInput(f"there is no file {quoted(path)}: check its name and folder") from None
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{quoted(path)} is not UTF-8 text (byte {error.start:,}): convert it") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or "its name cannot be used").lower()
        raise InvalidInput(f"cannot read {quoted(path)}: {reason}: check the file") from None
    listed = enumerate(text.split("\n"), 1)
    return [(n, line.strip("\r ")) for n, line in listed if line.strip() and not line.startswith("#")]


def _sections(path: PathLike, lines: Sequence[tuple[int, str]]) -> dict[str, list[Question]]:
    sections: dict[str, list[Question]] = {}
    current = "all"
    for number, line in lines:
        if line.startswith(":"):
            current = line[1:].strip() or f"line {number}"
            continue
        words = line.split()
        if len(words) != 4:
            raise InvalidInput(
                f"{quoted(path)}, line {number}: {shown(line)} has {len(words)} words: an analogy has four"
            )
        sections.setdefault(current, []).append((words[0], words[1], words[2], words[3]))
    if not sections:
        raise InvalidInput(
            f"{quoted(path)} holds no analogies, only names of sections: add lines of four words"
        )
    return sections


def _fields(line: str) -> list[str]:
    for separator in _SEPARATORS:
        if line.count(separator) >= 2:
            return [field.strip() for field in line.split(separator)]
    return line.split()


def _number(field: str) -> float | None:
    return float(field) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", field) else None


def _scored(line: str) -> bool:
    return any(_number(field) is not None for field in _fields(line)[2:])


def _pairs(path: PathLike, lines: Sequence[tuple[int, str]]) -> list[ScoredPair]:
    body = lines if _scored(lines[0][1]) else lines[1:]
    first = _fields(body[0][1]) if body else []
    column = next((i for i, field in enumerate(first) if i > 1 and _number(field) is not None), 2)
    pairs = []
    for number, line in body:
        fields = _fields(line)
        score = _number(fields[column]) if len(fields) > column else None
        if score is None or not fields[0] or not fields[1]:
            raise InvalidInput(
                f"{quoted(path)}, line {number}: {shown(line)} is not two words and a number: correct the line"
            )
        pairs.append((fields[0], fields[1], score))
    if not pairs:
        raise InvalidInput(f"{quoted(path)} holds no pairs of words with scores: add some")
    return pairs
