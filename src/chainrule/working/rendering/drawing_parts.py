"""What drawn networks of either kind are made of: sizes, moves, wires."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chainrule.derivation.lines import Derivation
from chainrule.derivation.network import Network
from chainrule.working.program import Lines
from chainrule.working.rendering.drawing import FONT, Box, Node, Point, Wire

__all__ = [
    "LINE",
    "MARGIN",
    "Move",
    "across",
    "derivation_of",
    "described",
    "down",
    "facts",
    "loss_symbol",
    "wide",
]

LETTER = 0.61 * FONT
LINE = 1.2 * FONT
MARGIN = 14.0


def wide(letters: float) -> float:
    return letters * LETTER + 10


def derivation_of(program: Lines) -> Derivation:
    assert program.derivation is not None
    return program.derivation


@dataclass(frozen=True)
class Move:
    x: float
    y: float

    def point(self, point: Point) -> Point:
        return round(point[0] + self.x, 1), round(point[1] + self.y, 1)

    def box(self, box: Box) -> Box:
        return Box(*self.point((box.x, box.y)), round(box.width, 1), round(box.height, 1))


def across(one: Node, other: Node) -> Wire:
    start = one.box.x + one.box.width / 2, one.box.y
    return Wire(one.part, other.part, start, (other.box.x - other.box.width / 2, other.box.y))


def down(one: Node, other: Node, aside: float) -> Wire:
    x = one.box.x + aside
    start, end = one.box.y + one.box.height / 2, other.box.y - other.box.height / 2
    return Wire(one.part, other.part, (x, start), (x, end))


def loss_symbol(program: Lines) -> str:
    lines = derivation_of(program).phase("loss")
    return lines[-1].symbol if lines else ""


def described(network: Network) -> str:
    return f"The network: {network}"


def facts(program: Lines) -> dict[str, Any]:
    derivation = derivation_of(program)
    return {
        "samples": program.sizes.samples if program.sizes else 1,
        "owners": {line.symbol: line.of for line in derivation if line.of and line.of != line.symbol},
        "batched": frozenset(s for s, shape in derivation.shapes.items() if shape[:1] == ("B",)),
    }
