"""Entries: the single numbers of a derivation, and the names that trees and answers know them by.

An entry of W1 is W1[1,2], counted from 1; of a batch, z1[3,2] is unit 2 of sample 3. Parameters and the
rule's state change, so each has versions: W1[1,2]@1 is what the first step starts from, @2 what it makes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

__all__ = ["Entry", "Partial", "Quantity", "quantity"]

_KEY = re.compile(r"^(?P<symbol>[^\[@∂/]+)(\[(?P<index>\d+(,\d+)*)\])?(@(?P<version>\d+))?$")


@dataclass(frozen=True)
class Entry:
    """One number of a derivation.

    symbol:  of the derivation; index: counted from 1, () for a number
    version: of a parameter or a state, how often it was assigned to, counted from 1; otherwise the pass
    """

    symbol: str
    index: tuple[int, ...] = ()
    version: int = 1

    @cached_property
    def key(self) -> str:
        """The name of its symbol in trees: W1[1,2]@1."""
        return f"{self.place}@{self.version}"

    @property
    def place(self) -> str:
        """The key without its version: W1[1,2]."""
        return f"{self.symbol}[{','.join(map(str, self.index))}]" if self.index else self.symbol

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Partial:
    """A local partial derivative: how an entry changes with one that its own formula uses."""

    of: Entry
    wrt: Entry

    @cached_property
    def key(self) -> str:
        """The name of its symbol in trees: ∂a2[1,1]@1/∂z2[1,1]@1."""
        return f"∂{self.of.key}/∂{self.wrt.key}"

    def __str__(self) -> str:
        return self.key


Quantity = Entry | Partial


def quantity(key: str) -> Quantity:
    """The quantity that a key names.

    >>> quantity("W1[1,2]@1")
    Entry(symbol='W1', index=(1, 2), version=1)
    >>> quantity("∂a2[1,1]@1/∂z2[1,1]@1").wrt
    Entry(symbol='z2', index=(1, 1), version=1)

    Raises ValueError for what is no key.
    """
    if key.startswith("∂"):
        of, _, wrt = key[1:].partition("/∂")
        return Partial(_entry(of), _entry(wrt))
    return _entry(key)


@lru_cache(maxsize=8192)
def _entry(key: str) -> Entry:
    matched = _KEY.match(key)
    if matched is None:
        raise ValueError(f"{key!r} names no entry")
    index = matched["index"]
    return Entry(
        matched["symbol"],
        tuple(map(int, index.split(","))) if index else (),
        int(matched["version"] or 1),
    )
