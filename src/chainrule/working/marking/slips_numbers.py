"""Slips in which number is used: another input, another weight, a factor left out, a sign."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chainrule.formulas.expression import Constant, Expression, Symbol
from chainrule.working.entries import Entry, Partial, quantity
from chainrule.working.marking.slips_parts import Edit, parents
from chainrule.working.marking.sweep import Change
from chainrule.working.program import Program, ScalarLine

__all__ = ["Numbers", "number_edits"]

MOST_WEIGHTS = 40  # beyond, the weights of other layers are not tried in place of one

_ANOTHER = {
    "x": "another-input",
    "W": "another-weight",
    "b": "bias",
    "y": "another-target",
    "a": "another-unit",
    "z": "another-unit",
    "dW": "another-gradient",
    "db": "another-gradient",
    "d": "another-gradient",
    "g": "another-gradient",
}


def letters_of(symbol: str) -> tuple[str, int]:
    """dW2 → ("dW", 2); eta → ("eta", 0)."""
    matched = re.fullmatch(r"(\D+?)(\d*)", symbol)
    return (matched[1], int(matched[2] or 0)) if matched else (symbol, 0)


class Numbers:
    """The numbers of a program, and which of them are taken for which."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.samples = program.sizes.samples if program.sizes is not None else 1
        self.outputs = program.derivation.network.sizes[-1] if program.derivation is not None else 1
        self.known = {*program.given, *program.by_key}
        self.entries: dict[tuple[str, int], list[Entry]] = {}
        self.slopes: list[Partial] = []
        for key in (*program.given, *program.by_key):
            found = quantity(key)
            if isinstance(found, Entry):
                letters, _ = letters_of(found.symbol)
                self.entries.setdefault((letters, found.version), []).append(found)
            else:
                self.slopes.append(found)
        self.weights = len(self.entries.get(("W", 1), ()))
        self.order = {line.key: place for place, line in enumerate(program)}
        self._others: dict[str, list[tuple[str, str]]] = {}

    def others(self, key: str) -> list[tuple[str, str]]:
        """What may be used in a number's place by mistake: (kind of slip, key)."""
        if key not in self._others:
            found = quantity(key)
            pairs = self._entries(found) if isinstance(found, Entry) else self._partials(found)
            self._others[key] = [
                (kind, other) for kind, other in pairs if other != key and other in self.known
            ]
        return self._others[key]

    def usable(self, line: ScalarLine, kind: str, other: str) -> bool:
        """Whether a number can be taken in a line: it is there by then, or is a weight updated too early."""
        if self.order.get(other, -1) < self.order[line.key]:
            return kind != "updated-weight" or line.number > 1
        return kind == "updated-weight" and line.phase == "backpropagation"

    def _entries(self, entry: Entry) -> Iterator[tuple[str, str]]:
        letters, layer = letters_of(entry.symbol)
        kind = _ANOTHER.get(letters)
        if kind is None:
            return
        per_sample = letters in ("x", "y", "a", "z", "d", "g")
        for other in self.entries.get((letters, entry.version), ()):
            if letters_of(other.symbol)[1] != layer:
                if letters == "W" and self.weights <= MOST_WEIGHTS:
                    yield kind, other.key
                elif letters == "b" or (letters in ("a", "z", "dW") and other.index == entry.index):
                    yield "another-layer", other.key
            elif per_sample and other.index[:1] != entry.index[:1]:
                if other.index[1:] == entry.index[1:] or letters in ("x", "y"):
                    yield "another-sample", other.key
            elif letters == "W" and other.index == entry.index[::-1]:
                yield "transposed", other.key
            else:
                yield kind, other.key
        yield from self._neighbours(entry, letters, layer)

    def _neighbours(self, entry: Entry, letters: str, layer: int) -> Iterator[tuple[str, str]]:
        """The same unit before or after its activation, the layer before, and what was there before or after."""
        symbol, index, version = entry.symbol, entry.index, entry.version
        if letters == "a":
            yield "activation-left-out", Entry(f"z{layer}", index, version).key
            if layer == 1:
                yield from (
                    ("another-layer", each.key)
                    for each in self.entries.get(("x", version), ())
                    if each.index[:1] == index[:1]
                )
        if letters == "z":
            yield "activation-twice", Entry(f"a{layer}", index, version).key
        if letters == "x":
            yield from (
                ("another-layer", each.key)
                for each in self.entries.get(("a", version), ())
                if each.symbol == "a1" and each.index[:1] == index[:1]
            )
        if letters in ("W", "b"):
            yield "updated-weight", Entry(symbol, index, version + 1).key
            yield "old-weight", Entry(symbol, index, version - 1).key
        else:
            yield "old-value", Entry(symbol, index, version - 1).key

    def _partials(self, found: Partial) -> Iterator[tuple[str, str]]:
        for other in self.slopes:
            if other.of.version != found.of.version:
                if (other.of.place, other.wrt.place) == (found.of.place, found.wrt.place):
                    yield "old-value", other.key
            elif other.of.index[:1] == found.of.index[:1]:
                yield "another-slope", other.key
            elif other.of.symbol == found.of.symbol and other.of.index[1:] == found.of.index[1:]:
                yield "another-sample", other.key
        if found.of.index == found.wrt.index:
            yield "slope-of-another-function", found.of.key
            yield "slope-at-z", found.wrt.key


def number_edits(line: ScalarLine, numbers: Numbers) -> Iterator[Edit]:
    """The edits that use another number, or none, in the place of one."""
    bases: dict[str, list[str]] = {}
    for used, above in parents(line.tree).items():
        base = _base(used)
        bases.setdefault(base, []).append(used)
        yield from _changed(line, used, above, base)
        for kind, other in numbers.others(used):
            if not numbers.usable(line, kind, other):
                continue
            pattern = f"{kind} {base}" if kind in _CONSISTENT else ""
            if kind == "another-gradient" and line.kind != "updates" and line.paths:
                pattern = ""
            put: dict[str, Expression] = {used: Symbol(other)}
            yield Edit(kind, "{} used for {}", (other, used), Change(put=put), pattern)
    for base, several in bases.items():
        if len(several) > 1:
            yield from _all_of_them(line, base, several, numbers)
    yield from _of_another_time(line, numbers)


def _of_another_time(line: ScalarLine, numbers: Numbers) -> Iterator[Edit]:
    """All the parameters in a line from before their update, or from after it."""
    for kind, words in (("old-weight", "old weights used"), ("updated-weight", "updated weights used")):
        put: dict[str, Expression] = {
            used: Symbol(other)
            for used in line.uses
            for found, other in numbers.others(used)
            if found == kind and numbers.usable(line, kind, other)
        }
        if put:
            yield Edit(kind, f"{words} in {{}}", (line.key,), Change(put=put), kind)


_CONSISTENT = {"updated-weight", "old-weight", "old-value"}


def _base(key: str) -> str:
    """What a number is called among its siblings: W2, ∂a2/∂z2."""
    found = quantity(key)
    return found.symbol if isinstance(found, Entry) else f"∂{found.of.symbol}/∂{found.wrt.symbol}"


def _all_of_them(line: ScalarLine, base: str, used: list[str], numbers: Numbers) -> Iterator[Edit]:
    """Several numbers of one matrix changed together in a line."""
    names = (line.key,)
    if line.paths:
        out: dict[str, Expression] = dict.fromkeys(used, Constant(1))
        told = base.replace("{", "").replace("}", "")
        yield Edit(
            "factor-left-out",
            f"the factors {told} left out of {{}}",
            names,
            Change(put=out),
            f"out all {base}",
        )
    for kind in ("transposed", "activation-left-out"):
        put: dict[str, Expression] = {}
        for each in used:
            for found, other in numbers.others(each):
                if found == kind and numbers.usable(line, kind, other):
                    put[each] = Symbol(other)
        if len(put) > (kind != "transposed"):
            words = {
                "transposed": "weights transposed in {}",
                "activation-left-out": "weighted sums used for activations in {}",
            }[kind]
            yield Edit(kind, words, names, Change(put=put), f"all {kind} {base}")
    if base.startswith("W") and line.kind == "weighted sums":
        yield from _exchanged(line, used)


def _exchanged(line: ScalarLine, used: list[str]) -> Iterator[Edit]:
    for place, one in enumerate(used):
        for other in used[place + 1 :]:
            put: dict[str, Expression] = {one: Symbol(other), other: Symbol(one)}
            yield Edit("another-weight", "{} and {} exchanged", (one, other), Change(put=put))


def _changed(line: ScalarLine, used: str, above: set[str], base: str) -> Iterator[Edit]:
    """A number left out, doubled, or with another sign."""
    at = Symbol(used)
    rate = base == "eta"
    names = (used,)
    letters, _ = letters_of(base)
    inside = line.kind in ("activations", "output")
    yield Edit("sign", "sign of {}", names, Change(put={used: -at}), f"sign {base}", usual=not inside)
    if rate:
        for put, words in (
            (Constant(1), "{} left out"),
            (at * at, "{} multiplied twice"),
            (10 * at, "{} ten times too large"),
            (at / 10, "{} ten times too small"),
        ):
            yield Edit("learning-rate", words, names, Change(put={used: put}), f"{words} {base}")
        return
    if above & {"multiply", "divide", "square"}:
        kind = "factor-left-out" if letters != "b" else "bias"
        yield Edit(kind, "{} left out", names, Change(put={used: Constant(1)}), f"out {base}")
        yield Edit(
            "factor-doubled", "{} multiplied twice", names, Change(put={used: at * at}), f"twice {base}"
        )
        yield Edit("half", "{} doubled", names, Change(put={used: 2 * at}), usual=False)
    if above & {"add", "subtract", "negative"} or (letters == "W" and line.kind == "weighted sums"):
        if letters == "b":
            words, kind = "bias {} left out", "bias"
            yield Edit("bias", "bias {} added twice", names, Change(put={used: 2 * at}), "bias twice")
        elif letters == "W" and line.kind == "weighted sums":
            words, kind = "the term with {} left out", "term-left-out"
        elif line.kind == "updates" and letters == "W":
            words, kind = "{} left out: only the step is written", "term-left-out"
        else:
            words, kind = "{} left out", "term-left-out"
        pattern = f"none {'b' if letters == 'b' else base}"
        yield Edit(kind, words, names, Change(put={used: Constant(0)}), pattern)
