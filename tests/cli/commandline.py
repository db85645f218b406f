"""Running the command line in the test's own process."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass

from chainrule.cli import main


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def chainrule(*arguments: str) -> Ran:
    """`chainrule("formulas", "relu")` runs that command, piped."""
    with redirect_stdout(io.StringIO()) as out, redirect_stderr(io.StringIO()) as err:
        code = main(arguments)
    return Ran(code, out.getvalue(), err.getvalue())


def refused(*arguments: str) -> str:
    """The sentence with which a command is refused: one line on stderr, nothing on stdout, exit code 2."""
    ran = chainrule(*arguments)
    assert (ran.code, ran.out) == (2, ""), ran
    start, end = "chainrule: ", "\n"
    assert ran.err.startswith(start)
    assert ran.err.endswith(end)
    assert ran.err.count("\n") == 1, ran.err
    return ran.err[len(start) : -len(end)]
