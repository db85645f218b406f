"""The catalogue of slips: what goes wrong in a hand calculation, as changes of a program's lines.

A slip is made of edits, each of one line. The same edit in all sibling lines (every weight's learning
rate left out) is one slip, too. Nothing here knows a network: edits are read off the trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from chainrule.formulas.expression import Expression, Symbol
from chainrule.working.entries import Entry, quantity
from chainrule.working.marking.slips_formulas import formula_edits
from chainrule.working.marking.slips_numbers import Numbers, number_edits
from chainrule.working.marking.slips_parts import KINDS, Edit
from chainrule.working.marking.slips_rounding import rounding_edits
from chainrule.working.marking.sweep import Change
from chainrule.working.program import Program, ScalarLine

__all__ = ["KINDS", "Slip", "slips_of"]


@dataclass(frozen=True, eq=False)
class Slip:
    """One change of mind in a whole calculation.

    words:   a sentence with a place for each of `names`, keys of quantities
    where:   the key of the (first) line that it changes; changes: of every line that differs
    spread:  0 for one line, 1 for siblings, 2 for a given number taken for another wherever it stands
    usual:   whether people are known to do it
    phase:   the phase whose every line it changes, where it says so
    """

    kind: str
    words: str
    names: tuple[str, ...]
    where: str
    changes: Mapping[str, Change] = field(repr=False)
    spread: int = 0
    usual: bool = True
    phase: str = ""

    def sentence(self, name: Callable[[str], str]) -> str:
        """In words, in somebody's notation."""
        reach = ", throughout" if self.spread and not self.phase else ""
        return self.words.format(*map(name, self.names)) + reach


def slips_of(program: Program, lines: Iterable[str] | None = None) -> list[Slip]:
    """Every slip of the catalogue that changes one of these lines (all by default).

    Raises nothing: a line whose formula offers no foothold just has fewer slips.
    """
    numbers = Numbers(program)
    wanted = set(program.by_key if lines is None else lines)
    found: list[Slip] = []
    siblings: dict[str, list[tuple[ScalarLine, Edit]]] = {}
    for line in program:
        for edit in _edits(line, numbers):
            if line.key in wanted:
                found.append(
                    Slip(edit.kind, edit.words, edit.names, line.key, {line.key: edit.change}, 0, edit.usual)
                )
            if edit.pattern:
                siblings.setdefault(edit.pattern, []).append((line, edit))
    found.extend(_together(siblings, wanted))
    found.extend(_misread(program, numbers, wanted))
    return found


def _edits(line: ScalarLine, numbers: Numbers) -> Iterator[Edit]:
    yield from number_edits(line, numbers)
    yield from formula_edits(line, numbers)
    yield from rounding_edits(line)


PHASE = "phase"

# Made in one unit now and then; nobody leaves the activations of a whole layer out.
_ALONE = ("activation-left-out", "activation-twice", "another-activation")


def _groups(line: ScalarLine, pattern: str) -> Iterator[tuple[object, ...]]:
    """The sets of siblings that a line belongs to, the nearest first."""
    symbol = line.line.symbol if line.line is not None else line.key.partition("[")[0]
    yield pattern, symbol, line.number
    yield pattern, symbol
    yield pattern, line.kind, line.number
    yield pattern, line.kind
    layer = _layer(line)
    yield pattern, layer, line.number, "layer"
    if isinstance(line.quantity, Entry) and line.quantity.index:  # all that is made of one unit's slope
        yield pattern, layer, line.kind, line.number, line.quantity.index[-1], "unit"
    yield pattern, layer, "layer"
    if "round" in pattern or "truncate" in pattern:
        yield pattern, line.phase, line.number, PHASE
    yield pattern, line.number, "pass"
    yield (pattern,)


def _layer(line: ScalarLine) -> str:
    """The number of the layer that a line belongs to, a slope with its activation."""
    symbol = line.quantity.symbol if isinstance(line.quantity, Entry) else line.quantity.of.symbol
    return "".join(filter(str.isdigit, symbol))


def _together(siblings: Mapping[str, list[tuple[ScalarLine, Edit]]], wanted: set[str]) -> Iterator[Slip]:
    """The same edit in all the lines of a set, each different set once."""
    seen: set[tuple[str, frozenset[str]]] = set()
    for pattern, members in siblings.items():
        groups: dict[tuple[object, ...], dict[str, Edit]] = {}
        for line, edit in members:
            for group in _groups(line, pattern):
                groups.setdefault(group, {}).setdefault(line.key, edit)
        for group, edits in groups.items():
            keys = frozenset(edits)
            if len(edits) < 2 or (pattern, keys) in seen or not keys & wanted:
                continue
            seen.add((pattern, keys))
            where, phase = next(iter(edits)), str(group[1]) if group[-1] == PHASE else ""
            if phase:  # told by what matters most: a slope is made of its activation
                hidden = (line.key for line, _ in members if line.kind == "activations" and line.key in edits)
                where = next(hidden, where)
            first = edits[where]
            others = f"{{}} and the other lines of the {phase}"
            yield Slip(
                first.kind,
                first.words.replace("{}", others, 1) if phase else first.words,
                first.names,
                where,
                {key: edit.change for key, edit in edits.items()},
                1,
                first.usual and first.kind not in _ALONE,
                phase,
            )


def _misread(program: Program, numbers: Numbers, wanted: set[str]) -> Iterator[Slip]:
    """A given number taken for another of its kind, or two exchanged, in every line."""
    lines: dict[str, list[str]] = {}
    for line in program:
        for used in line.uses:
            if used in program.given:
                lines.setdefault(used, []).append(line.key)
    for key in lines:
        for kind, other in numbers.others(key):
            if other not in lines or kind not in ("another-input", "another-weight", "transposed", "bias"):
                continue
            # Every pass starts from the same inputs, under a key of its own.
            pairs = list(zip(_passes(key, lines), _passes(other, lines), strict=False))
            if key != pairs[0][0]:
                continue
            used_in = [line for one, _ in pairs for line in lines[one]]
            if len(used_in) > 1 and wanted.intersection(used_in):
                put: dict[str, Expression] = {one: Symbol(two) for one, two in pairs}
                changes = dict.fromkeys(used_in, Change(put=put))
                yield Slip(kind, "{} used for {}", (other, key), used_in[0], changes, 2)
            both = list(dict.fromkeys([*used_in, *(line for _, two in pairs for line in lines[two])]))
            if key < other and _symbol(key) == _symbol(other) and wanted.intersection(both):
                put = {**{one: Symbol(two) for one, two in pairs}, **{two: Symbol(one) for one, two in pairs}}
                changes = dict.fromkeys(both, Change(put=put))
                yield Slip(kind, "{} and {} exchanged", (key, other), both[0], changes, 2, usual=False)
    yield from _transposed(program, lines, wanted)


def _symbol(key: str) -> str:
    return key.partition("[")[0]


def _passes(key: str, known: Iterable[str]) -> list[str]:
    """The keys of the same given number in every pass."""
    place = key.partition("@")[0]
    return [other for other in known if other.partition("@")[0] == place]


def _transposed(program: Program, lines: Mapping[str, list[str]], wanted: set[str]) -> Iterator[Slip]:
    """A whole matrix of weights written down as its transpose."""
    matrices: dict[str, dict[str, Expression]] = {}
    for key in lines:
        entry = quantity(key)
        if isinstance(entry, Entry) and len(entry.index) == 2 and entry.symbol.startswith("W"):
            other = Entry(entry.symbol, entry.index[::-1], entry.version).key
            if other in program.given:
                matrices.setdefault(entry.symbol, {})[key] = Symbol(other)
    for put in matrices.values():
        used_in = list(dict.fromkeys(line for key in put for line in lines[key]))
        if len(put) > 2 and wanted.intersection(used_in):
            changes = dict.fromkeys(used_in, Change(put=put))
            yield Slip("transposed", "weights transposed", (), used_in[0], changes, 2)
