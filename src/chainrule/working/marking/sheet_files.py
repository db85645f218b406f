"""Sheets as files: TOML, JSON and CSV, each read strictly and every answer with its digits as written."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from chainrule.errors import ConfigError
from chainrule.files.atomic import quoted
from chainrule.learning.configuration import read_toml
from chainrule.working.marking.claims import SECTIONS

__all__ = ["ENDINGS", "Given", "SheetFile", "read_sheet_file"]

PASS = "pass"
LARGEST = 10_000_000  # bytes; a sheet has some dozens of answers
LONGEST_NUMBER = 1000
Kind = Literal["toml", "json", "csv"]


@dataclass(frozen=True)
class Given:
    """An answer as its file gives it: name, pass, text, where it stands; weight: where it has one of its own."""

    name: str
    number: int
    value: str
    weight: float | None
    where: str


@dataclass(frozen=True)
class SheetFile:
    """What a file says.

    claims: the entries of [formulas], [ranges], [shapes], [counts], [letters] and [again], named as they are elsewhere
    table: its keys, with floating-point numbers;  decimals: the same with the digits as written
    """

    kind: Kind
    example: str | None
    student: str | None
    rounding: Any
    answers: tuple[Given, ...]
    weights: tuple[Given, ...] = ()
    claims: tuple[Given, ...] = ()
    table: Mapping[str, Any] = field(default_factory=dict)
    decimals: Mapping[str, Any] = field(default_factory=dict)


def read_sheet_file(file: Path, source: str) -> SheetFile:
    """What a .toml, .json or .csv file says. Raises ConfigError; source: what messages call the file."""
    reader = _READERS.get(file.suffix.lower())
    if reader is None:
        raise ConfigError(f"{source} is no sheet: give a file that ends in .toml, .csv or .json")
    return reader(file, source)


# --- TOML and JSON ----------------------------------------------------------------------------------


def _read_toml(file: Path, source: str) -> SheetFile:
    _text(file, source)
    plain = read_toml(file)
    text = file.read_bytes().decode("utf-8-sig")
    return _tables(
        "toml",
        plain,
        tomllib.loads(text, parse_float=str),
        tomllib.loads(text, parse_float=Decimal),
        source,
    )


def _read_json(file: Path, source: str) -> SheetFile:
    text = _text(file, source)

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                raise ConfigError(f"{source}: {quoted(name)} is given twice: keep one of them")
            made[name] = value
        return made

    try:
        plain = json.loads(text, object_pairs_hook=once)
        texts = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
        decimals = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        what = error.msg[:1].lower() + error.msg[1:]
        raise ConfigError(
            f"{source}, line {error.lineno}: this is not JSON: {what}: correct that line or the one before"
        ) from None
    except RecursionError:
        raise ConfigError(f"{source}: its lists are nested too deeply: flatten them") from None
    if not isinstance(plain, dict):
        raise ConfigError(f'{source} is no sheet: write an object such as {{"example": …, "answers": {{…}}}}')
    return _tables("json", plain, texts, decimals, source)


def _tables(
    kind: Kind, plain: dict[str, Any], texts: dict[str, Any], decimals: dict[str, Any], source: str
) -> SheetFile:
    example, student = texts.get("example"), texts.get("student")
    if example is not None and not isinstance(plain["example"], str):
        raise ConfigError(f'{source}: example is the name of one in quotes, such as "psyc681-2-2-1"')
    if student is not None and (
        isinstance(plain["student"], bool) or not isinstance(plain["student"], str | int)
    ):
        raise ConfigError(f'{source}: student is a name or number in quotes, such as "17"')
    return SheetFile(
        kind,
        example,
        None if student is None else str(student),
        plain.get("rounding"),
        tuple(_given(_table(texts, "answers", source), 1, f"{source}, answers")),
        tuple(_weights(_table(texts, "weights", source), f"{source}, weights")),
        tuple(_claims(texts, source)),
        plain,
        decimals,
    )


def _table(texts: dict[str, Any], name: str, source: str) -> dict[str, Any]:
    found = texts.get(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"{source}: {name} must be a table of names and numbers")
    return found


def _given(table: dict[str, Any], number: int, place: str) -> Iterator[Given]:
    for name, value in table.items():
        where = f"{place}.{name}"
        if isinstance(value, dict) and not ("value" in value and set(value) <= {"value", "weight"}):
            later = name.removeprefix(PASS)
            if number == 1 and later != name and later.isdecimal():
                yield from _given(value, int(later[:9]), where)
                continue
            raise ConfigError(f'{where} is an answer such as "0.47" or {{ value = "0.47", weight = 2 }}')
        weight = None
        if isinstance(value, dict):
            weight = _weight(value["weight"], where) if "weight" in value else None
            value = value["value"]
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ConfigError(f'{where} is an answer in quotes, such as "0.47", not {_shown(value)}')
        yield Given(name, number, str(value), weight, where)


def _claims(texts: dict[str, Any], source: str) -> Iterator[Given]:
    """What the tables of claims say; the several meanings of a letter become one text."""
    for section, start in SECTIONS.items():
        table = _table(texts, section, source)
        if section == "letters":
            table = {name: _meanings(value, f"{source}, letters.{name}") for name, value in table.items()}
        for given in _given(table, 0, f"{source}, {section}"):
            yield replace(given, name=f"{start}{given.name}", number=1)


def _meanings(value: Any, where: str) -> Any:
    if not isinstance(value, list):
        return value
    if not all(isinstance(each, str) and each.strip() and ";" not in each for each in value):
        raise ConfigError(f'{where} is what it stands for, in quotes, such as ["the number of data points"]')
    return "; ".join(value)


def _weights(table: dict[str, Any], place: str, number: int = 1) -> Iterator[Given]:
    for name, value in table.items():
        where = f"{place}.{name}"
        later = name.removeprefix(PASS)
        if isinstance(value, dict) and number == 1 and later != name and later.isdecimal():
            yield from _weights(value, where, int(later[:9]))
        else:
            yield Given(name, number, "", _weight(value, where), where)


def _weight(written: Any, where: str) -> float:
    """A weight: a number from 0."""
    try:
        if isinstance(written, bool):
            raise ValueError
        weight = float(written)
    except (TypeError, ValueError, OverflowError):
        weight = math.nan
    if not 0 <= weight <= 1e6:
        raise ConfigError(f"{where}: a weight is a number from 0 to 1000000, not {_shown(written)}")
    return weight


def _shown(value: Any) -> str:
    told = json.dumps(value, ensure_ascii=False, default=str)
    return told if len(told) <= 40 else told[:39] + "…"


# --- CSV --------------------------------------------------------------------------------------------

_HEADERS = (["name", "value"], ["name", "value", "weight"])
_FACTS = ("example", "student", "rounding")


def _read_csv(file: Path, source: str) -> SheetFile:
    text = _text(file, source)
    facts: dict[str, str] = {}
    answers: list[Given] = []
    for number, row in _rows(text, source):
        where = f"{source}, row {number}"
        cells = [cell.strip() for cell in row]
        name = cells[0]
        if not answers and [cell.lower() for cell in cells] in _HEADERS:
            continue
        if name in _FACTS and not any(cells[2:]):
            if name in facts or answers:
                raise ConfigError(f"{where}: {name} is said once, above the answers: move or remove this row")
            if len(cells) < 2 or not cells[1]:
                raise ConfigError(f"{where}: {name} is empty: write it beside the word, or remove the row")
            facts[name] = cells[1]
            continue
        if len(cells) not in (2, 3):
            raise ConfigError(
                f"{where} has {len(cells)} field{'s' * (len(cells) != 1)}: write name,value or "
                "name,value,weight, and a value with a comma in quotes"
            )
        if not name:
            raise ConfigError(f"{where} names no quantity: write name,value")
        weight = _weight(cells[2], where) if len(cells) == 3 and cells[2] else None
        answers.append(Given(name, 1, cells[1], weight, where))
    rounding = facts.get("rounding")
    return SheetFile("csv", facts.get("example"), facts.get("student"), rounding, tuple(answers))


def _rows(text: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with their numbers; a semicolon in every one of them is what divides them."""
    lines = [line for line in text.splitlines() if line.strip()]
    divider = ";" if lines and all(";" in line for line in lines) else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=divider, strict=True)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                yield reader.line_num, row
    except csv.Error as error:
        raise ConfigError(
            f"{source}, row {reader.line_num}: this is not CSV: {error}: write name,value, and quotes in pairs"
        ) from None


# --- files ------------------------------------------------------------------------------------------


def _text(file: Path, source: str) -> str:
    """The text of a file. Raises ConfigError for what cannot be read."""
    try:
        with file.open("rb") as opened:
            data = opened.read(LARGEST + 1)
    except FileNotFoundError:
        raise ConfigError(f"there is no sheet {source}: check its name and folder") from None
    except IsADirectoryError:
        raise ConfigError(f"{source} is a folder: name a file in it") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConfigError(f"cannot read {source}: {reason}: correct that, or choose another file") from None
    if len(data) > LARGEST:
        raise ConfigError(f"{source} is no sheet: it has more than {LARGEST:,} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{source}, line {line}: this is not UTF-8 text: save the file as UTF-8") from None
    if "\0" in text:
        raise ConfigError(f"{source} is no sheet: it is not a text")
    if not text.strip():
        raise ConfigError(f"{source} is empty: write which example it answers, and the answers")
    if re.search(f"[0-9]{{{LONGEST_NUMBER}}}", text):
        raise ConfigError(f"{source}: a number in it has too many digits: write fewer")
    return text


_READERS = {".toml": _read_toml, ".csv": _read_csv, ".json": _read_json}
ENDINGS = tuple(_READERS)
