"""Configuration files: TOML, its mistakes named by line, checked against a model with all errors at once."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from chainrule.errors import ConfigError
from chainrule.files.atomic import quoted

__all__ = ["Section", "checked", "read_toml"]

LISTED = 8
AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Section(BaseModel):
    """A table of a configuration file: keys it does not know are mistakes, and nothing is converted."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )


S = TypeVar("S", bound=Section)


def read_toml(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The tables of a TOML file.

    Raises ConfigError for a file that is missing or unreadable, that is not UTF-8, or is not TOML, naming
    the line.
    """
    file, source = Path(path), quoted(path)
    try:
        data = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError(f"there is no file {source}: check its name and folder") from None
    except IsADirectoryError:
        raise ConfigError(f"{source} is a folder: name a file in it") from None
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConfigError(f"cannot read {source}: {reason}: correct that, or choose another file") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{source}, line {line}: this is not UTF-8 text: save the file as UTF-8") from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{source}: its lists are nested too deeply: flatten them") from None
    except ValueError as error:
        raise ConfigError(_syntax(source, text, str(error))) from None


def _syntax(source: str, text: str, told: str) -> str:
    at = AT.search(told)
    what = AT.sub("", told)
    what = what[:1].lower() + what[1:]
    if at is None:
        return f"{source} is not TOML: {what}: write lines such as name = 3"
    line = at[1] or str(text.count("\n") + 1)
    return f"{source}, line {line}: this is not TOML: {what}: correct that line or the one before"


def checked(model: type[S], values: Mapping[str, Any], source: str) -> S:
    """The values as a section, or ConfigError: one sentence that names every mistake.

    source: what the values came from, as it is called in the message

    >>> class Run(Section):
    ...     epochs: int
    >>> checked(Run, {"epoch": 3}, "run.toml")
    Traceback (most recent call last):
        ...
    chainrule.errors.ConfigError: run.toml has 2 mistakes: epochs is missing; there is no key "epoch", ...
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as failed:
        found = failed.errors(include_url=False)
        told = list(dict.fromkeys(_told(error, model) for error in found))
    if len(told) == 1:
        raise ConfigError(f"{source}: {told[0]}{_advice(found[0])}")
    more = f"; … and {len(told) - LISTED} more" if len(told) > LISTED else ""
    raise ConfigError(f"{source} has {len(told)} mistakes: {'; '.join(told[:LISTED])}{more}: correct them")


def _told(error: Any, model: type[Section]) -> str:
    """One mistake: where it is and what it is."""
    kind, limits = error["type"], error.get("ctx", {})
    place, key, section = _place(error["loc"], model)
    given = _shown(error["input"])
    name = f"{key}{place}" if key else place.removeprefix(" of ")
    match kind:
        case "missing":
            return f"{name} is missing"
        case "extra_forbidden":
            place = place.replace(" of ", " in ", 1)
            return f'there is no key "{key}"{place}{_near(key, section.model_fields if section else ())}'
        case "value_error":
            return f"{name}: {limits['error']}" if name else str(limits["error"])
        case "greater_than_equal":
            wanted = f"must be at least {limits['ge']:g}"
        case "greater_than":
            wanted = f"must be above {limits['gt']:g}"
        case "less_than":
            wanted = f"must be below {limits['lt']:g}"
        case "less_than_equal":
            wanted = f"must be at most {limits['le']:g}"
        case "too_short":
            return f"{name} must not be empty"
        case _:
            wanted = f"must be {_WANTED[kind]}" if kind in _WANTED else error["msg"].lower()
    return f"{name} {wanted}, not {given}"


def _advice(error: Any) -> str:
    """What to do about a mistake, where what is wrong does not say so itself."""
    kind = error["type"]
    match kind:
        case "missing":
            return ": add it"
        case "extra_forbidden":
            return ": rename it, or take it out"
        case "value_error":
            told = str(error["ctx"]["error"])
            return "" if ": " in told or told.startswith("write") else ": change that"
        case "greater_than_equal" | "greater_than":
            return ": raise it"
        case "less_than_equal" | "less_than":
            return ": lower it"
        case "too_short":
            return ": add an entry"
    return f": write {_WANTED[kind]}" if kind in _WANTED else ": change that"


_WANTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "bool_type": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
}


def _place(path: tuple[int | str, ...], model: type[Section]) -> tuple[str, str, type[Section] | None]:
    """Where a mistake is: " of layer 2" (counted from 1), the key, and the section it should be in."""
    outer: list[str] = []
    section: type[Section] | None = model
    key = ""
    for step in path:
        if isinstance(step, int):
            outer.append(f"{key.removesuffix('s')} {step + 1}")
            key = ""
        elif isinstance(step, str) and step in (tags := _tags(section)):
            section = tags[step]
        else:
            outer += [key] if key else []
            key = str(step)
            section = _inner(section, key) or section
    return "".join(f" of {part}" for part in reversed(outer)), key, section


def _inner(section: type[Section] | None, key: str) -> type[Section] | None:
    """The section that a key of a section holds, itself or as a list."""
    stated = section.model_fields[key].annotation if section and key in section.model_fields else None
    parts = (stated, *get_args(stated))
    return next((part for part in parts if isinstance(part, type) and issubclass(part, Section)), None)


def _tags(section: type[Section] | None) -> dict[str, type[Section]]:
    return getattr(section, "variants", {})


def _near(key: str, known: Iterable[str]) -> str:
    names = sorted(known)
    near = get_close_matches(key, names, n=1)
    return f', did you mean "{near[0]}"?' if near else f" (known: {', '.join(names)})"


def _shown(value: Any) -> str:
    try:
        written = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        written = repr(value)
    return written if len(written) <= 40 else written[:39] + "…"
