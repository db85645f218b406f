"""Sheets: somebody's answers to an example, read as they were written, digit for digit.

example = "psyc681-2-2-1"      # or a [network] with [data], in the form that the examples have
student = "17"
rounding = "infer"             # the default; or "round:3", or a table for the quantities
[answers]                      # any of them, in the notation of the example
z1 = "0.47"
w3 = { value = 0.4010, weight = 2 }
[answers.pass2]                # or "z1@2" above
z1 = "0.4708"
[weights]                      # 1 where nothing else is said
z1 = 0.5

Beside answers, or without any, a sheet may state formulas, ranges, shapes, counts and the meaning of letters
(see `claims`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

from chainrule.engines.rounding import Policy, read_number
from chainrule.errors import ConfigError, InvalidInput, unknown
from chainrule.files.atomic import quoted
from chainrule.working.algebra import parse_formula
from chainrule.working.marking.answers import Answer
from chainrule.working.marking.asked import asked_example, asked_program, key_of
from chainrule.working.marking.claims import SECTIONS, Claim, claim_of
from chainrule.working.marking.formulas import is_number
from chainrule.working.marking.sheet_claims import (
    check_functions,
    name_of,
    parted,
    weighted,
    without_shapes,
)
from chainrule.working.marking.sheet_files import Given, SheetFile, read_sheet_file
from chainrule.working.names.naming import Namer
from chainrule.working.program import Program
from chainrule.working.worked.example_file import example_of
from chainrule.working.worked.examples import Example, load_example

__all__ = ["SHEETS", "Sheet", "read_sheet", "sheet_path"]

FOLDER = Path(__file__).parents[1] / "sheets"
SHEETS = ("psyc681", "ling581", "cap4453", "cap4453-practice", "comp0087", "unit", "softmax")
"""What the lectures print, as sheets."""

INFER: Literal["infer"] = "infer"
_NETWORK_KEYS = (
    "title",
    "source",
    "explanation",
    "notation",
    "passes",
    "last_pass",
    "chain",
    "fused",
    "also",
)
OWN_KEYS = frozenset((*_NETWORK_KEYS, "network", "data", "formula"))
SHEET_KEYS = frozenset(("example", "student", "rounding", "answers", "weights", *SECTIONS))
CLAIMS_ALONE = "Formulas, ranges and letters"


@dataclass(frozen=True, eq=False)
class Sheet:
    """Somebody's answers.

    path:     as it was given, the name of a file or of a built-in sheet
    example:  None where nothing on the sheet asks for one
    student:  as the sheet says, or else the name of the file
    rounding: how the student rounded, or "infer"
    """

    path: str
    example: Example | None
    student: str
    rounding: Literal["infer"] | Policy
    answers: tuple[Answer, ...]
    claims: tuple[Claim, ...] = ()

    @property
    def title(self) -> str:
        """What it answers, in a few words."""
        return self.example.title if self.example is not None else CLAIMS_ALONE

    @property
    def answers_to(self) -> str:
        """The name of its example, "" where it has none."""
        return self.example.name if self.example is not None else ""

    @cached_property
    def program(self) -> Program:
        """The lines of the example, with one for each quantity that is answered. Only where there is one."""
        assert self.example is not None
        return asked_program(self.example, [answer.key for answer in self.answers])

    @cached_property
    def namer(self) -> Namer:
        """The names of its quantities."""
        assert self.example is not None
        return Namer(self.example.stated.notation, self.program)


def sheet_path(name: str) -> Path:
    """The file of a built-in sheet. Raises UnknownName for a name that is none of theirs."""
    if name not in SHEETS:
        raise unknown("sheet", name, SHEETS)
    return FOLDER / f"{name}.toml"


def read_sheet(
    path: str | os.PathLike[str],
    example: str | os.PathLike[str] | None = None,
    rounding: Literal["infer"] | Policy | None = None,
) -> Sheet:
    """The sheet in a .toml, .csv or .json file, or a built-in one.

    example:  for a sheet that names none;  rounding: in place of the sheet's own

    >>> sheet = read_sheet("psyc681")
    >>> sheet.answers[14]
    Answer(name='w1', written='0.7010', key='W1[1,1]@2', weight=1.0, where='"psyc681", answers.w1')

    Raises ConfigError, one sentence with the file and the place, for anything wrong in it. Nothing of it
    is ever evaluated.
    """
    named = os.fspath(path)
    built_in = named in SHEETS
    if not built_in and not Path(named).suffix and os.sep not in named and not Path(named).exists():
        raise unknown("sheet", named, SHEETS, also=[f"{name}.toml" for name in SHEETS])
    file = sheet_path(named) if built_in else Path(named)
    source = quoted(path)
    stated = read_sheet_file(file, source)
    student = stated.student if stated.student is not None else named if built_in else file.stem
    found = rounding if rounding is not None else _rounding(stated.rounding, source)
    _check_is_sheet(stated, source)
    claims, given = parted(stated)
    if example is None and stated.example is None and not {"network", "formula"} & set(stated.table):
        check_functions(given, stated)
    needed = bool(given) or any(claim.kind in ("shapes", "counts") for claim in claims)
    known = _example(stated, example, source, file.parent, needed=needed)
    if known is None:
        return Sheet(named, None, student, found, (), tuple(weighted(claims, stated)))
    given, shapes = without_shapes(known, given)
    stated_claims = tuple(weighted([*claims, *shapes], stated))
    answers = tuple(_answers(replace(stated, answers=tuple(given)), known, source)) if given else ()
    known = asked_example(known, [answer.key for answer in answers])
    _check_given(answers, known)
    return Sheet(named, known, student, found, answers, stated_claims)


def _rounding(stated: Any, source: str) -> Literal["infer"] | Policy:
    if stated is None or stated == INFER:
        return INFER
    try:
        return Policy.parse(stated)
    except InvalidInput as error:
        raise ConfigError(f'{source}: {error}, or "infer"') from None


# --- which example ----------------------------------------------------------------------------------


def _example(
    stated: SheetFile, asked: str | os.PathLike[str] | None, source: str, folder: Path, *, needed: bool
) -> Example | None:
    own = {key for key in stated.table if key in OWN_KEYS}
    named = stated.example
    if named is not None and own:
        raise ConfigError(
            f'{source} names the example "{named}" and has {_listed(own)} of its own: keep one of them'
        )
    if asked is not None and (named or own):
        if named == os.fspath(asked):
            asked = None
        else:
            has = f'names the example "{named}"' if named else "has a network of its own"
            raise ConfigError(f'{source} {has}, but "{os.fspath(asked)}" is asked for: leave one of them out')
    if own:
        return _own_example(stated, source, folder)
    if named is None and asked is None:
        if not needed:
            return None
        row = " in its first row" if stated.kind == "csv" else ""
        how = "example,psyc681-2-2-1" if stated.kind == "csv" else 'example = "psyc681-2-2-1"'
        raise ConfigError(
            f"{source} does not say which example it answers: write {how}{row}, or give --example"
        )
    place = asked if asked is not None else named
    assert place is not None
    if asked is None and os.fspath(place).endswith(".toml"):
        place = folder / place
    try:
        return _loaded(os.fspath(place))
    except InvalidInput as error:
        raise ConfigError(f"{source}: {error}") from None


def _loaded(place: str) -> Example:
    """An example, loaded once for all sheets that answer it."""
    try:
        state = Path(place).stat()
    except (OSError, ValueError):
        return _load(place, ())
    return _load(place, (state.st_mtime_ns, state.st_size, state.st_ino))


@lru_cache(maxsize=16)
def _load(place: str, state: tuple[int, ...]) -> Example:
    return load_example(place)


def _check_keys(stated: SheetFile, source: str) -> None:
    """Refuse keys that no sheet has, also where what is needed is spelt wrongly."""
    for key in stated.table:
        if key not in OWN_KEYS | SHEET_KEYS:
            raise ConfigError(f"{source}: {unknown('key', key, OWN_KEYS | SHEET_KEYS)}")


def _check_is_sheet(stated: SheetFile, source: str) -> None:
    """Refuse what is no sheet: an example, one with keys of nothing, one without answers."""
    answered = bool(stated.answers or stated.claims)
    formula = stated.table.get("formula")
    if isinstance(formula, dict) and "lines" not in formula and not stated.answers:
        raise ConfigError(f"{source}: [formula] is what an example has: call it [formulas]")
    own = {"printed", "network", "formula"} & set(stated.table)
    if own and not answered and "example" not in stated.table:
        raise ConfigError(
            f"{source} is an example, not a sheet of answers: write the answers into a file of their own, "
            f"answers.csv say, and mark that one: chainrule mark --example {source} answers.csv"
        )
    if "printed" in stated.table:
        raise ConfigError(f"{source}: [printed] is what an example has: leave it out, or call it [answers]")
    _check_keys(stated, source)
    if not answered:
        how = "a row such as z1,0.47" if stated.kind == "csv" else 'a table [answers] such as z1 = "0.47"'
        raise ConfigError(f"{source} has no answers: add {how}")


def _own_example(stated: SheetFile, source: str, folder: Path) -> Example:
    table = {key: value for key, value in stated.table.items() if key in OWN_KEYS}
    table.setdefault("title", f"The network of {source}")
    made = Example(source, example_of(table, stated.decimals, source, folder))
    try:
        _ = made.program
    except InvalidInput as error:
        raise ConfigError(f"{source}: {error}") from None
    return made


def _listed(names: set[str]) -> str:
    ordered = sorted(names)
    return ordered[0] if len(ordered) == 1 else f"{', '.join(ordered[:-1])} and {ordered[-1]}"


# --- answers ----------------------------------------------------------------------------------------


def _answers(stated: SheetFile, example: Example, source: str) -> Iterator[Answer]:
    weights = _weights(stated, example)
    seen: dict[str, Given] = {}
    for given in stated.answers:
        key = _key(example, given)
        if key in seen:
            raise ConfigError(
                f"{given.where}: {given.name} is answered twice, the first time as {seen[key].name}: "
                "keep one of them"
            )
        seen[key] = given
        weight = weights.pop(key, (None, 1.0))[1] if given.weight is None else given.weight
        yield Answer(name_of(given), _value(given, example), key, weight, given.where)
    for spare, _ in weights.values():
        assert spare is not None
        raise ConfigError(
            f"{spare.where}: {spare.name} has a weight and no answer: answer it, or leave it out"
        )


def _weights(stated: SheetFile, example: Example) -> dict[str, tuple[Given | None, float]]:
    found: dict[str, tuple[Given | None, float]] = {}
    for given in stated.weights:
        assert given.weight is not None
        if claim_of(Answer(given.name, "", "")) is not None:
            continue
        key = _key(example, given)
        if key in found:
            raise ConfigError(f"{given.where}: {given.name} has a weight already: keep one of them")
        found[key] = (given, given.weight)
    answered = {_key(example, each): each for each in stated.answers}
    for key in found:
        if key in answered and answered[key].weight is not None:
            where = answered[key].where
            raise ConfigError(
                f"{where}: {answered[key].name} has a weight here and one in [weights]: keep one"
            )
    return found


def _key(example: Example, given: Given) -> str:
    try:
        return key_of(example, given.name, given.number)
    except InvalidInput as error:
        raise ConfigError(f"{given.where}: {error}") from None


def _check_given(answers: tuple[Answer, ...], example: Example) -> None:
    for answer in answers:
        if answer.key in example.program.given:
            raise ConfigError(
                f"{answer.where}: {answer.name} is given, not calculated here: leave it out, or answer "
                "what is made of it"
            )
        if answer.key not in example.program.by_key and answer.key not in example.program.factors:
            raise ConfigError(
                f"{answer.where}: {answer.name} is not calculated in this example: leave it out"
            )


def _value(given: Given, example: Example) -> str:
    """The answer, once it is sure to be a number or a formula."""
    written = given.value.strip()
    if not written:
        raise ConfigError(
            f"{given.where}: {given.name} is empty: write a number or a formula, or leave it out"
        )
    if is_number(written):
        return written
    try:
        read_number(written)
    except InvalidInput as error:
        if not any(
            letter.isalpha() or letter in "+*/^()−" or (letter == "-" and place)
            for place, letter in enumerate(written.lower().replace("e-", "").replace("e", ""))
        ):
            raise ConfigError(f"{given.where}: {error}") from None
    try:
        parse_formula(written, _formula_names(example))
    except InvalidInput as error:
        told = written if len(written) <= 40 else written[:40] + "…"
        why = str(error).partition(" (known: ")[0]
        raise ConfigError(f'{given.where}: "{told}" is neither a number nor a formula: {why}') from None
    return written


def _formula_names(example: Example) -> Mapping[str, None]:
    """What a formula may be made of: the names of everything given or calculated."""
    keys = (*example.program.given, *example.program.by_key)
    return dict.fromkeys(
        name for key in keys for name in (example.namer.name(key).text, key.partition("@")[0])
    )
