"""What a person asks for by name: an entry, a local derivative, a whole matrix, or an entry in letters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from chainrule.errors import InvalidInput
from chainrule.working.entries import Entry, Partial, Quantity, quantity
from chainrule.working.names.spellings import plain
from chainrule.working.stepview import StepView

__all__ = ["by_key", "canonical", "in_letters_named", "local", "whole_matrix"]

MOST_TOGETHER = 64
"""A matrix of more entries is not worked as a whole."""

MOST_PLACES = 8
"""In a name with more letters and numbers than this, none is taken for a place."""

_OF_LOSS = re.compile(r"[∂d][CJ]/[∂d]")
_GRADIENT = re.compile(r"([∂d][A-Za-z](_\w+)?/)?[∂d]")
_LOCAL = re.compile(r"[∂d](.+)/[∂d](.+)")
_CANONICAL = re.compile(r"(?P<symbol>[A-Za-z]\w*)(\[(?P<places>[^\[\]]*)\])?")
_PLACE = re.compile(r"\d+|[a-z]")


def by_key(written: str, program: Any) -> Quantity | None:
    """The quantity whose key this is, exactly: W1[1,1]@2, ∂a1[1,2]@1/∂z1[1,2]@1."""
    if "@" not in written:
        return None
    try:
        found = quantity(written)
    except ValueError:
        return None
    for entry in (found,) if isinstance(found, Entry) else (found.of, found.wrt):
        if program.derivation is not None and not _fits(entry, program):
            return None
    if found.key != written:
        return None
    # A step view makes a line when it is asked for it.
    known = program.by_key.get(written) is not None
    return found if known or written in program.factors else None


def _fits(entry: Entry, program: Any) -> bool:
    """Whether the network has such an entry."""
    if entry.symbol not in program.derivation.shapes:
        return False
    shape = program.sizes.shape(entry.symbol)
    return len(entry.index) == len(shape) and all(
        1 <= at <= size for at, size in zip(entry.index, shape, strict=True)
    )


def canonical(written: str, program: Any, base: int) -> Entry | None:
    """The entry of a name in the derivation's own symbols; the sample may be left out where there is one.

    base: what its places count from. Raises InvalidInput for a place that is not there.
    """
    symbol, places = _symbol_of(written, program)
    if symbol is None:
        return None
    shape = program.sizes.shape(symbol)
    if not all(place.isdigit() for place in places):
        first = f"[{','.join(str(base) for _ in shape)}]" if shape else ""
        raise InvalidInput(f'"{written}" has a place that is no number: write for example {symbol}{first}')
    index = tuple(int(place) + 1 - base for place in places)
    if len(index) == len(shape) - 1 and shape[0] == 1:
        index = (1, *index)
    entry = Entry(symbol, index, program.versions[1].get(symbol, 1))
    if _fits(entry, program):
        return entry
    if not index and shape:
        return None
    sizes = " × ".join(map(str, shape)) or "a number"
    raise InvalidInput(f"there is no {written}: {symbol} is {sizes}, its places counted from {base}")


def _symbol_of(written: str, program: Any) -> tuple[str | None, list[str]]:
    """The symbol that a name in the derivation's own symbols begins with, and its places as written."""
    squeezed = written.replace(" ", "")
    of_loss = _OF_LOSS.match(squeezed)
    matched = _CANONICAL.fullmatch(squeezed[of_loss.end() :] if of_loss else squeezed)
    derivation = program.derivation
    if matched is None or derivation is None or matched["symbol"] not in derivation.shapes:
        return None, []
    symbol = matched["symbol"]
    if of_loss:
        gradients = {line.of: line.symbol for line in derivation.phase("backpropagation")}
        symbol = gradients.get(symbol)
    return symbol, matched["places"].split(",") if matched["places"] else []


def local(written: str, program: Any, base: int) -> Partial | None:
    """The local derivative of a name such as ∂a1[1,2]/∂z1[1,2]."""
    matched = _LOCAL.fullmatch(written.replace(" ", ""))
    if matched is None:
        return None
    of, wrt = (canonical(name, program, base) for name in matched.groups())
    if of is None or wrt is None:
        return None
    start = program.versions[0].get(wrt.symbol, 1)
    return Partial(of, Entry(wrt.symbol, wrt.index, start))


# --- whole matrices ---------------------------------------------------------------------------------


def whole_matrix(written: str, program: Any, names: Any) -> list[Entry] | None:
    """The entries of a matrix asked for by its symbol alone, W1 or ∂C/∂W1; None for anything else.

    Raises InvalidInput where there are too many to be worked together.
    """
    symbol, places = _symbol_of(written, program)
    if symbol is None or places:
        return None
    shape = program.sizes.shape(symbol)
    if prod(shape) == 1 or (not isinstance(program, StepView) and _names_an_entry(written, names)):
        return None
    version = program.versions[1].get(symbol, 1)
    if prod(shape) > MOST_TOGETHER:
        first = names.parts(symbol, (1,) * len(shape), own=True).text
        raise InvalidInput(
            f"{written} has {prod(shape):,} entries, and no more than {MOST_TOGETHER} are worked together: "
            f"ask for one of them, such as {first}"
        )
    return [Entry(symbol, index, version) for index in program.sizes.indices(symbol)]


def _names_an_entry(written: str, names: Any) -> bool:
    """Whether the notation has such a name, or that of what a gradient is the gradient of: z1 in ∂C/∂z1."""
    gradient = _GRADIENT.match(squeezed := written.replace(" ", ""))
    return names.is_name(written) or bool(gradient and names.is_name(squeezed[gradient.end() :]))


# --- letters ----------------------------------------------------------------------------------------


def in_letters_named(written: str, program: Any, names: Any) -> tuple[str, tuple[str, ...]] | None:
    """The parameter and the letters of a name such as dW1[i,j], ∂C/∂W1[i,j] or, as printed, ∂L/∂w_ij."""
    if program.derivation is None:
        return None
    gradient = _GRADIENT.match(squeezed := written.replace(" ", ""))
    if gradient is None:
        return None
    wrt = squeezed[gradient.end() :]
    matched = _CANONICAL.fullmatch(wrt)
    if matched is not None and matched["places"] and matched["symbol"] in program.derivation.gradients:
        letters = tuple(matched["places"].split(","))
        return (matched["symbol"], letters) if any(letter.isalpha() for letter in letters) else None
    return next(_as_printed(wrt, program, names), None)


def _as_printed(wrt: str, program: Any, names: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The parameters and letters whose name in the notation this is."""
    places = sorted(set(_PLACE.findall(wrt[1:])), key=str.isdigit)
    if len(places) > MOST_PLACES or not any(place.isalpha() for place in places):
        return
    for symbol in program.derivation.gradients:
        shape = program.sizes.shape(symbol)
        for letters in product(*(["1"] if size == 1 else places for size in shape)):
            if not any(letter.isalpha() for letter in letters):
                continue
            if plain(names.lettered(symbol, letters).text) == plain(wrt):
                yield symbol, letters
