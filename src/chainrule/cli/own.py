"""`chainrule --formulas FILE.py COMMAND …`: formulas of one's own, registered before the command runs."""

from __future__ import annotations

import runpy
import traceback
from pathlib import Path

from chainrule.errors import ChainruleError, ConfigError
from chainrule.files.atomic import quoted


def load_formulas(path: str) -> None:
    """Run a Python file that registers activations, losses, rules, schedules, … of its own.

    Raises ConfigError naming the line that went wrong.
    """
    if not Path(path).is_file():
        raise ConfigError(f"there is no file {quoted(path)}: give a Python file that registers formulas")
    try:
        runpy.run_path(path)
    except ChainruleError as error:
        raise ConfigError(f"{quoted(path)}{_line(error, path)}: {error}") from None
    except Exception as error:
        told = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{quoted(path)}{_line(error, path)} went wrong: {told}: change that line"
        ) from None


def _line(error: Exception, path: str) -> str:
    """The line of the file that the error came from."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return f", line {error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return f", line {lines[-1]}" if lines else ""
