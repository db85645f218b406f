"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from chainrule.engines.rounding import Policy
    from chainrule.learning.model import Model
    from chainrule.learning.tables import Table

F = TypeVar("F", bound=Callable[..., Any])


def as_json(command: F) -> F:
    """Add `--json`, given to the command as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object, for scripts.")(
        command
    )


def table_options(command: F) -> F:
    """Add the options that say how a table is read; the command gets them as `reading`."""
    command = click.option(
        "--delimiter", metavar="CHAR", help="Between the fields of a text file. [found out]"
    )(command)
    command = click.option(
        "--sql", metavar="QUERY", help="Take a query's rows; the file is called data in it."
    )(command)
    return click.option("--header/--no-header", default=None, help="The file has a header line, or none.")(
        command
    )


def rounding_of(text: str) -> Policy:
    """The rounding of a `--rounding`: "round:3" for every line, or a table "output=truncate:4, slopes=round:3".

    Raises ConfigError.
    """
    from chainrule.engines.rounding import Policy
    from chainrule.errors import ConfigError

    if "=" not in text:
        return Policy.parse(text)
    given: dict[str, str] = {}
    for part in text.split(","):
        name, _, each = (piece.strip() for piece in part.partition("="))
        if not name or not each or name in given:
            raise ConfigError(
                f'--rounding "{text}" is no table of roundings: write each name once, as in '
                '"output=truncate:4, slopes=round:3"'
            )
        given[name] = each
    return Policy.parse(given)


def check_outputs(outputs: Mapping[str, str | None], inputs: Iterable[str | None]) -> None:
    """Refuse, before any work is done, files that cannot be written, or that would overwrite one another.

    outputs: option → its file; inputs: files that are read
    """
    from chainrule.errors import ConfigError
    from chainrule.files.atomic import check_writable, quoted

    read = {os.path.realpath(path) for path in inputs if path}
    taken: dict[str, str] = {}
    for option, path in outputs.items():
        if path is None:
            continue
        check_writable(path)
        place = os.path.realpath(path)
        if place in read:
            raise ConfigError(f"{option} {quoted(path)} is a file that is read here: give another name")
        if place in taken:
            raise ConfigError(f"{taken[place]} and {option} both write {quoted(path)}: give two names")
        taken[place] = option


def load_both(model: str, data: str, reading: dict[str, Any]) -> tuple[Model, Table]:
    """A model trained on a table, and a table for it."""
    from chainrule.errors import ConfigError
    from chainrule.files.atomic import quoted
    from chainrule.learning.model import Model
    from chainrule.learning.sources import open_table

    loaded = Model.load(model)
    if loaded.encoding is None:
        raise ConfigError(f"{quoted(model)} was trained on arrays, not on a table: use it from Python")
    return loaded, open_table(data, seed=loaded.settings.seed, **reading)
