"""A working as PDF, set by typst (extra `pdf`)."""

from __future__ import annotations

from typing import Any

from chainrule.errors import need
from chainrule.working.document import Working
from chainrule.working.rendering.typst_source import typst_source

__all__ = ["render_pdf"]


def render_pdf(working: Working, *, reasons: bool = True) -> bytes:
    """The working as a PDF: the same bytes for the same working. Needs no network and no fonts of one's own.

    Raises MissingDependency without typst.
    """
    typst: Any = need("typst", why="a PDF needs the pdf extra", get="pip install 'chainrule[pdf]'")
    source = typst_source(working, reasons=reasons).encode()
    made: bytes = typst.Compiler(source, ignore_system_fonts=True).compile(format="pdf")
    return made
