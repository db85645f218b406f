"""Every exception chainrule raises on purpose.

ChainruleError
├── InvalidInput (also a ValueError)     something given to us is wrong: what, where, and what to do
│   ├── UnknownName                      a name that is not in a catalogue or a table, with the nearest ones
│   ├── ShapeMismatch                    sizes that do not fit together
│   ├── TableError                       a table: file, row, column
│   ├── ConfigError                      a configuration, option or network file
│   └── ModelFileError                   a model or checkpoint file that must not be trusted
├── CannotWrite (also an OSError)        a file could not be put in place; the old one, if any, is untouched
├── MissingDependency (also an ImportError)  an optional library that is not installed, and how to get it
└── Divergence                           training left the finite numbers
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

__all__ = [
    "CannotWrite",
    "ChainruleError",
    "ConfigError",
    "Divergence",
    "InvalidInput",
    "MissingDependency",
    "ModelFileError",
    "ShapeMismatch",
    "TableError",
    "UnknownName",
    "need",
    "unknown",
]


class ChainruleError(Exception):
    """The root of the tree; `except ChainruleError` catches everything below."""


class InvalidInput(ChainruleError, ValueError):
    """Something given to us is wrong."""


class UnknownName(InvalidInput):
    """A name that is in no catalogue."""


class ShapeMismatch(InvalidInput):
    """Sizes that do not fit together."""


class TableError(InvalidInput):
    """A table that cannot be read or used as asked."""


class ConfigError(InvalidInput):
    """A configuration, an option or a network file that is wrong."""


class ModelFileError(InvalidInput):
    """A model or checkpoint file that is broken, altered or of an unknown version."""


class CannotWrite(ChainruleError, OSError):
    """A file could not be written; what was there before is untouched."""


class MissingDependency(ChainruleError, ImportError):
    """A library of an optional extra that is not installed."""


class Divergence(ChainruleError):
    """Training left the finite numbers, or the loss exploded."""


def need(module: str, why: str, get: str) -> ModuleType:
    """A module of an optional library. Raises MissingDependency: what needs it, and how to get it.

    >>> need("matplotlip", why="drawing needs the plots extra", get="pip install 'chainrule[plots]'")
    Traceback (most recent call last):
    chainrule.errors.MissingDependency: drawing needs the plots extra: pip install 'chainrule[plots]'
    """
    from importlib import import_module

    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        # A library that is there but lacks one of its own is a broken installation, and says so itself.
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise MissingDependency(f"{why}: {get}") from None


def unknown(kind: str, name: str, known: Iterable[str], also: Iterable[str] = ()) -> UnknownName:
    """The error for a name that is not known, with near names first; `also`: names not worth listing.

    >>> print(unknown("activation", "sigmiod", ["sigmoid", "tanh"]))
    there is no activation called "sigmiod": did you mean "sigmoid"? (known: sigmoid, tanh)
    """
    from difflib import get_close_matches  # 4 ms that only a mistake should cost

    names = sorted(known)
    near = get_close_matches(str(name), [*names, *also], n=1)
    hint = f'did you mean "{near[0]}"? ' if near else ""
    listed = ", ".join(names) if len(names) <= 20 else ", ".join(names[:20]) + ", …"
    colon = ": " if hint else " "
    return UnknownName(f'there is no {kind} called "{name}"{colon}{hint}(known: {listed})')
