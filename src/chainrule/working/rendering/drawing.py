"""The network as it is drawn: what stands where, which quantity is shown in which place.

No numbers are in it: a renderer writes those that a working has reached. Sizes are in units of an SVG's
user space, with text of `FONT` units; networks too large to be drawn unit by unit are drawn layer by layer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from chainrule.working.entries import Entry, Partial, quantity

if TYPE_CHECKING:
    from chainrule.working.building import Namer
    from chainrule.working.program import Lines

__all__ = ["Box", "Drawing", "Edge", "Node", "Place", "Wire", "drawing_of"]

FONT = 15
MOST_UNITS = 12

Row = Literal["sum", "value", "gradient", ""]
Kind = Literal["input", "unit", "target", "loss", "block"]
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle by its middle and its sizes."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Place:
    """Where a quantity is in the drawing: in which part, and in which of its rows ("": shown in none)."""

    part: str
    row: Row


@dataclass(frozen=True)
class Node:
    """An input, a unit, a target, the loss, or a whole layer.

    part:  what it is known by: the place of its value (a1[*,2], * being any sample)
    told:  what it is, in words; names: of its rows, from the top (a unit's weighted sum and activation)
    slope: the box for the gradients that meet here, or None
    """

    part: str
    kind: Kind
    layer: int
    told: str
    names: Mapping[Row, str]
    box: Box
    slope: Box | None = None


@dataclass(frozen=True)
class Edge:
    """A weight between two nodes, or a bias, which comes from nowhere (source None).

    label: where its name, value and gradient stand; named: whether there is room for the name
    """

    part: str
    source: str | None
    target: str
    told: str
    name: str
    start: Point
    end: Point
    label: Box
    named: bool = True
    gradient: bool = True


@dataclass(frozen=True)
class Wire:
    """A connection without a weight: outputs and targets to the loss."""

    source: str
    target: str
    start: Point
    end: Point


@dataclass(frozen=True)
class Drawing:
    """A drawn network.

    told:    what is drawn, in words; samples: how many rows of data go through it
    places:  quantity without sample and version (a1[*,2], W1[1,2], C) → where it is shown
    owners:  symbol of a gradient or a rule's state → the symbol it belongs to
    batched: symbols whose first index counts samples
    """

    told: str
    width: float
    height: float
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    wires: tuple[Wire, ...]
    samples: int = 1
    places: Mapping[str, Place] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    batched: frozenset[str] = frozenset()
    blocks: bool = False

    def place(self, key: str) -> Place | None:
        """Where a quantity is shown; None for one that has no place.

        A local derivative belongs to what it is taken with respect to.
        """
        try:
            found = quantity(key)
        except ValueError:
            return None
        if isinstance(found, Partial):
            return self._gradient_of(found.wrt)
        if found.symbol in self.owners:
            owner = self.owners[found.symbol]
            return self._gradient_of(Entry(owner, found.index))
        return self.places.get(self._general(found)) or self._nearest(found)

    def parts_of(self, symbol: str) -> tuple[str, ...]:
        """The parts that show entries of a symbol, or of what it is the gradient of."""
        owner = self.owners.get(symbol, symbol)
        found = (place.part for name, place in self.places.items() if name.partition("[")[0] == owner)
        return tuple(dict.fromkeys(found))

    def sample(self, key: str) -> int | None:
        """The sample that a quantity is of, from 1; None for one that is of none, or of all."""
        try:
            found = quantity(key)
        except ValueError:
            return None
        entry = found.wrt if isinstance(found, Partial) else found
        return entry.index[0] if entry.index and self._is_batched(entry.symbol) else None

    def _gradient_of(self, entry: Entry) -> Place | None:
        place = self.places.get(self._general(entry)) or self._nearest(entry)
        return place and Place(place.part, "gradient" if place.row else "")

    def _is_batched(self, symbol: str) -> bool:
        return self.owners.get(symbol, symbol) in self.batched

    def _general(self, entry: Entry) -> str:
        if self.blocks or not entry.index:
            return entry.symbol
        if self._is_batched(entry.symbol):
            return f"{entry.symbol}[{','.join(('*', *map(str, entry.index[1:])))}]"
        return f"{entry.symbol}[{','.join(map(str, entry.index))}]"

    def _nearest(self, entry: Entry) -> Place | None:
        """The layer or unit that another quantity of the forward pass is of: a mask, a part of a softmax."""
        layer = re.search(r"\d+$", entry.symbol)
        name = f"a{layer.group()}" if layer else ""
        if name and not self.blocks and entry.index:
            name += f"[*,{entry.index[-1]}]"
        place = self.places.get(name)
        return place and Place(place.part, "")


def drawing_of(program: Lines, namer: Namer) -> Drawing | None:
    """The drawing of a program's network, with the names that a notation gives; None for one of formulas.

    >>> from chainrule import Dense, Network, derive
    >>> from chainrule.working.document import Name
    >>> from chainrule.working.program import scalar_program
    >>> class Plain:
    ...     def name(self, key):
    ...         return Name(key, key, key)
    >>> weights = {"weights": [[0.7], [0.4]], "bias": [0.1]}
    >>> network = Network(2, [Dense(1, "sigmoid", **weights)])
    >>> program = scalar_program(derive(network, "mse"), {"x": [[1, 2]], "y": [[1]]})
    >>> drawing = drawing_of(program, Plain())
    >>> [edge.part for edge in drawing.edges], drawing.place("dW1[2,1]@1")
    (['W1[1,1]', 'W1[2,1]', 'b1[1]'], Place(part='W1[2,1]', row='gradient'))
    """
    from chainrule.working.rendering.drawing_blocks import blocks_drawn
    from chainrule.working.rendering.drawing_layout import units_drawn

    if program.derivation is None:
        return None
    too_wide = max(program.derivation.network.sizes) > MOST_UNITS
    return (blocks_drawn if too_wide else units_drawn)(program, namer)
