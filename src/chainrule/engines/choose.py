"""Finding an engine by name."""

from __future__ import annotations

from chainrule.engines.engine import Engine
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import unknown

ENGINES: dict[str, Engine] = {"numpy": NumpyEngine()}


def find_engine(name: str) -> Engine:
    """The engine of a name. Raises UnknownName.

    >>> find_engine("numpy").name
    'numpy'
    """
    if name not in ENGINES:
        raise unknown("engine", name, ENGINES)
    return ENGINES[name]
