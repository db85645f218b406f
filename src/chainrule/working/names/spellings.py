"""Which quantity of a program a written name means, however it is spelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from chainrule.errors import InvalidInput, unknown
from chainrule.formulas.writing import GREEK
from chainrule.working.entries import Entry, Partial, Quantity, quantity

if TYPE_CHECKING:
    from chainrule.working.names.naming import Namer

__all__ = ["Spellings", "plain"]

Place = tuple[str, tuple[int, ...]]
"""A symbol and an index: an entry, in whichever pass."""

_PASS = re.compile(r"(?P<name>.*[^\s^])\s*(?:@\s*(?P<at>\d+)|\(\s*(?P<in>\d+)\s*\))\s*")
_DERIVATIVE = re.compile(r"(?:∂|δ|d)(?P<of>.+?)/(?:∂|δ|d)(?P<wrt>.+)")
_RUN_ON = re.compile(r"(?:∂|δ|d)(?P<of>.+?)(?:∂|δ|d)(?P<wrt>.+)")
_GRADIENT = re.compile(r"(?:∂|δ|∇|d|gradient|grad)(?:of)?\(?(?P<wrt>[^()]+)\)?")
LONGEST = 100
_LOSSES = ("C", "E", "L", "J", "loss", "error", "cost")
_LETTERS = {letter: name for name, letter in GREEK.items()} | {"ŷ": "yhat"}


class Spellings:
    """The names of a program's entries in every spelling that is understood."""

    def __init__(self, namer: Namer) -> None:
        self.namer = namer
        self.program = namer.program

    def parse(self, written: str, number: int) -> Quantity:
        """The quantity meant; see `Namer.parse`."""
        told = " ".join(written.split())
        if len(told) > LONGEST:
            raise unknown("quantity", f"{told[:40]}…", self._known)
        found = self._meant(written, number)
        if found is None and (matched := _PASS.fullmatch(told)):
            number = int(matched["at"] or matched["in"])
            found = self._meant(matched["name"], number)
        if found is None:
            raise unknown("quantity", told, self._known)
        return found

    def is_name(self, written: str) -> bool:
        """Whether this is, capitals and all, the name of one entry."""
        spelled = plain(written)
        return any(len(level.get(spelled, ())) == 1 for level in self._levels)

    def _meant(self, written: str, number: int) -> Quantity | None:
        spelled = plain(written)
        found = self._look_up(spelled, written)
        if found is not None:
            return self._in_pass(found, number)
        for pattern in (_DERIVATIVE, _RUN_ON):
            for of, wrt in _splits(pattern, _marked(written)):
                made = self._derivative(of, wrt, number)
                if made is not None:
                    return made
        if matched := _GRADIENT.fullmatch(_marked(written)):
            return self._derivative("", matched["wrt"], number)
        return None

    def _derivative(self, of: str, wrt: str, number: int) -> Quantity | None:
        """∂of/∂wrt, if there is such a quantity; of: the loss where it is empty."""
        below = self._look_up(plain(wrt), wrt)
        if below is None:
            return None
        above = self._look_up(plain(of), of) if of else None
        self._check(number)
        start = self._version(below[0], number - (below[0] in self.program.versions[0]))
        if above is not None:
            partial = Partial(self._in_pass(above, number), Entry(*below, start))
            if partial.key in self.program.by_key or partial.key in self.program.factors:
                return partial
        if not of or (above or (of,))[0] in ("C", "J") or of in _LOSSES:
            gradient = self._gradient_of.get(below[0])
            if gradient is not None:
                return Entry(gradient, below[1], number)
        return None

    # --- versions -----------------------------------------------------------------------------------

    def _in_pass(self, place: Place, number: int) -> Entry:
        symbol, index = place
        return Entry(symbol, index, self._version(symbol, number))

    def _version(self, symbol: str, number: int) -> int:
        if symbol in self.program.versions[0]:
            return self.program.versions[self._check(number, least=0)][symbol]
        return max(self._check(number, least=0), 1)

    def _check(self, number: int, least: int = 1) -> int:
        passes = self.program.passes
        if not least <= number <= passes:
            raise InvalidInput(
                f"there is no pass {number} here: there {'are' if passes > 1 else 'is'} {passes} in all"
            )
        return number

    # --- spellings ----------------------------------------------------------------------------------

    def _look_up(self, spelled: str, written: str) -> Place | None:
        for level in (*self._levels, self._caseless):
            found = level.get(spelled.lower() if level is self._caseless else spelled, {})
            if len(found) > 1:
                names = " or ".join(self.namer.parts(*place, own=True).text for place in list(found)[:3])
                raise InvalidInput(f'"{written}" may mean {names}: write which')
            if found:
                return next(iter(found))
        return None

    @cached_property
    def _places(self) -> list[Place]:
        """Every entry of the program, also those that its lines leave out."""
        program, namer = self.program, self.namer
        found: dict[Place, None] = {}
        for key in (*program.given, *program.by_key, *program.factors):
            each = quantity(key)
            for entry in (each,) if isinstance(each, Entry) else (each.of, each.wrt):
                found[entry.symbol, entry.index] = None
        if program.sizes is not None:
            for gradient in namer.gradients:
                for index in program.sizes.indices(gradient):
                    found[gradient, index] = None
        return list(found)

    @cached_property
    def _levels(self) -> list[dict[str, dict[Place, None]]]:
        """What is looked up first: the notation's own names, its other names, ours, then shorter ones."""
        namer = self.namer
        levels: list[dict[str, dict[Place, None]]] = [{}, {}, {}, {}]

        def add(level: int, spelled: str, place: Place) -> None:
            levels[level].setdefault(spelled, {})[place] = None

        counts: dict[str, int] = {}
        for symbol, _ in self._places:
            counts[symbol] = counts.get(symbol, 0) + 1
        for place in self._places:
            symbol, index = place
            own = namer.parts(symbol, index, own=True)
            add(2, plain(own.text), place)
            if namer.notation.base == 1:
                add(2, plain(Entry(symbol, index).place), place)
            if symbol not in namer.gradients:
                add(0, plain(namer.parts(symbol, index).text), place)
                for parts in namer.alternatives(symbol, index):
                    add(1, plain(parts.text), place)
            if counts[symbol] == 1:
                add(3, plain(symbol), place)
        return levels

    @cached_property
    def _caseless(self) -> dict[str, dict[Place, None]]:
        merged: dict[str, dict[Place, None]] = {}
        for level in self._levels[:3]:
            for spelled, places in level.items():
                merged.setdefault(spelled.lower(), {}).update(places)
        return merged

    @cached_property
    def _gradient_of(self) -> dict[str, str]:
        return {of: symbol for symbol, of in self.namer.gradients.items()}

    @property
    def _known(self) -> Iterable[str]:
        """The names worth telling: those of the lines."""
        return dict.fromkeys(self.namer.name(key).text for key in self.program.by_key)


def _splits(pattern: re.Pattern[str], written: str) -> Iterable[tuple[str, str]]:
    """Every way to read a derivative: "dC_dw5" has one d that divides, "d d1 / d x" has three."""
    if pattern is _DERIVATIVE:
        matched = pattern.fullmatch(written)
        return [(matched["of"], matched["wrt"])] if matched else []
    if not pattern.fullmatch(written):
        return []
    return [(written[1:at], written[at + 1 :]) for at in range(2, len(written) - 1) if written[at] in "∂δd"]


def _marked(written: str) -> str:
    """Without spaces, and with ∂ for its LaTeX name."""
    shown = unicodedata.normalize("NFKC", written).replace("\\partial", "∂")
    return re.sub(r"[\s_*·]", "", shown)


def plain(written: str) -> str:
    """A name without what people leave out or write otherwise: spaces, underscores, braces, carets."""
    shown = unicodedata.normalize("NFKC", written)
    for letter, name in _LETTERS.items():
        shown = shown.replace(letter, name)
    return re.sub(r"[\s_^{}\\*·]", "", shown)
