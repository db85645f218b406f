"""The formats that a working can be given in: one row each. A new format is a renderer and its row."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chainrule.errors import ConfigError, unknown
from chainrule.working.document import Working

__all__ = ["FORMATS", "Format", "format_of", "render"]

Renderer = Callable[..., str | bytes]


@dataclass(frozen=True)
class Format:
    """A way to give a working out.

    made_by: where its renderer is; endings: of files that hold it, the usual one first
    told:    what it is, in a few words; binary: whether the renderer gives bytes and not text
    """

    name: str
    made_by: str
    endings: tuple[str, ...]
    told: str
    binary: bool = False

    @property
    def renderer(self) -> Renderer:
        """The renderer, imported when it is asked for."""
        module, _, name = self.made_by.partition(":")
        found: Renderer = getattr(import_module(f"chainrule.working.rendering.{module}"), name)
        return found


FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        row.name: row
        for row in (
            Format("terminal", "terminal:render_terminal", (), "text in a terminal's colours"),
            Format("text", "text:render_text", (".txt",), "plain text, 80 columns wide"),
            Format(
                "markdown", "markdown:render_markdown", (".md", ".markdown"), "Markdown as GitHub reads it"
            ),
            Format("latex", "latex:render_latex", (".tex",), "LaTeX, a fragment or a whole document"),
            Format("json", "jsonform:render_json", (".json",), "JSON, as schema.json describes it"),
            Format(
                "html", "html:render_html", (".html", ".htm"), "a page with the network drawn, in one file"
            ),
            Format("pdf", "pdf:render_pdf", (".pdf",), "PDF (extra pdf)", binary=True),
            Format(
                "pytorch", "renderers:render_script", (".py",), "a script that checks the step in PyTorch"
            ),
        )
    }
)


def render(
    working: Working, format: str = "text", *, to_terminal: bool = False, **options: Any
) -> str | bytes:
    """The working in a format: text, or bytes where the format is binary.

    to_terminal: it is to be read on a terminal, so that text has colours there
    options: of the renderer, such as reasons=False, width=60 for text or document=True for LaTeX

    Raises ConfigError for an option that the format does not have, UnknownName for an unknown format.
    """
    if format not in FORMATS:
        raise unknown("format", format, FORMATS)
    row = FORMATS["terminal" if to_terminal and format == "text" else format]
    renderer = row.renderer
    known = list(inspect.signature(renderer).parameters)[1:]
    for option in options:
        if option not in known:
            has = f"its options are {', '.join(known)}" if known else "it has no options"
            raise ConfigError(f'the format {format} has no option "{option}": {has}')
    return renderer(working, **options)


def format_of(format: str | None, file: str | Path | None = None) -> str:
    """The format asked for, or else the one that the file's ending says; text where nothing says.

    Raises UnknownName for an unknown format, ConfigError for an ending that no format has.

    >>> format_of(None, "answer.tex")
    'latex'
    """
    if format is not None:
        if format not in FORMATS:
            raise unknown("format", format, FORMATS)
        return format
    if file is None:
        return "text"
    ending = Path(file).suffix.lower()
    for row in FORMATS.values():
        if ending in row.endings:
            return row.name
    endings = ", ".join(row.endings[0] for row in FORMATS.values() if row.endings)
    raise ConfigError(
        f'"{file}" does not say which format it is to be: end it with one of {endings}, or name the format'
    )


def render_script(working: Working) -> str:
    """The PyTorch script that takes the same step. Raises ConfigError for a working without a network's step."""
    if working.script is None:
        raise ConfigError(
            f'there is no PyTorch script for "{working.title}": only a whole training step of a network has one'
        )
    return working.script()
