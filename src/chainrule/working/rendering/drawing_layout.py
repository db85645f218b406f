"""Placing the parts of a drawn network so that nothing covers anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from chainrule.working.building import Namer
from chainrule.working.entries import Entry
from chainrule.working.program import Lines
from chainrule.working.rendering.drawing import Box, Drawing, Edge, Node, Place, Row, Wire
from chainrule.working.rendering.drawing_blocks import blocks_drawn
from chainrule.working.rendering.drawing_parts import (
    LINE,
    MARGIN,
    Move,
    across,
    derivation_of,
    described,
    down,
    facts,
    loss_symbol,
    wide,
)

__all__ = ["blocks_drawn", "units_drawn"]

SMALL = 0.87
DIGITS = 7  # longer numbers are cut in the drawing
LONGEST_SLOPE = 9  # letters of a gradient's name that are still written beside its number
GAPS, CROWDED_GAPS = (1.0, 1.25, 1.6, 2.0, 2.6, 3.4), (2.6, 3.6, 4.8)
HEIGHT = 0.6  # of a small network, as a part of its width
NAMED, SLOPED = 24, 40  # weights of a layer above which they are drawn without names, without gradients
APART = 4.0  # at least, between labels
ALONG = [0.3, 0.36, 0.42, 0.5, 0.58, 0.64, 0.7, 0.24, 0.76, 0.18, 0.82]


def units_drawn(program: Lines, namer: Namer) -> Drawing:
    """Every unit and every weight."""
    return _Units(program, namer).drawn()


@dataclass
class _Units:
    program: Lines
    namer: Namer

    def __post_init__(self) -> None:
        self.derivation = derivation_of(self.program)
        self.network = self.derivation.network
        self.symbols = {line.symbol for line in self.derivation}
        self.backward = bool(self.derivation.phase("backpropagation"))
        self.loss = loss_symbol(self.program)
        self.sizes = self.network.sizes
        self.targets = self._targets()
        self.most_edges = max(a * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))
        self.named, self.sloped = self.most_edges <= NAMED, self.most_edges <= SLOPED and self.backward
        self.given_biases = {p.name for p in self.network.parameters if p.role in ("bias", "threshold")}

    def drawn(self) -> Drawing:
        """The parts, in as little room as holds them: wider gaps where they save more height."""
        least = 34.0 + wide(self._label_letters())
        gaps = GAPS if self.most_edges <= SLOPED else CROWDED_GAPS
        found = [drawing for wider in gaps if (drawing := self._with_gap(least * wider))]
        return min(found, key=_room, default=None) or blocks_drawn(self.program, self.namer)

    def _with_gap(self, gap: float) -> Drawing | None:
        apart = max(self._least_apart(), self._pleasing_apart(gap))
        for _ in range(18):
            nodes = self._nodes(apart, gap)
            edges = self._edges(nodes)
            if edges is not None:
                return self._fitted(nodes, edges)
            apart *= 1.1 if self.most_edges <= SLOPED else 1.25
        return None

    def _name(self, symbol: str, *index: int) -> str:
        return self.namer.name(Entry(symbol, index).key).text

    def _targets(self) -> int:
        sizes = self.program.sizes
        if sizes is None or not self.loss or "y" not in self.derivation.shapes:
            return 0
        shape = sizes.shape("y")
        return shape[1] if len(shape) == 2 else 0

    # --- sizes ----------------------------------------------------------------------------------------

    def _label_letters(self) -> float:
        weights = [p.name for p in self.network.parameters if p.role == "weights"]
        names = [len(self._name(name, 1, 1)) for name in weights] if self.named else []
        return max([DIGITS + 1.5 * self.sloped, *names])

    def _node_size(self, layer: int) -> tuple[float, float]:
        if layer == 0:
            names = [self._name("x", 1, unit) for unit in range(1, self.sizes[0] + 1)]
            return wide(max(DIGITS, *map(len, names))), 2 * LINE + 8
        names = [
            self._name(f"{letter}{layer}", 1, unit)
            for letter in "za"
            for unit in range(1, self.sizes[layer] + 1)
        ]
        return wide(max(map(len, names)) + 1 + DIGITS), 2 * LINE + 12

    def _bias_names(self, layer: int) -> list[str]:
        return [name for name in (f"b{layer}", f"theta{layer}") if name in self.given_biases]

    def _slope_height(self) -> float:
        return SMALL * LINE + 4 if self.sloped else 0.0

    def _bias_height(self) -> float:
        return 20 + LINE + 4 + self._slope_height() if self.given_biases else 0.0

    def _least_apart(self) -> float:
        return 2 * LINE + 12 + self._slope_height() + self._bias_height() + 16

    def _pleasing_apart(self, gap: float) -> float:
        """Far enough apart that a small network is not flatter than a page."""
        widths = sum(self._node_size(layer)[0] for layer in range(len(self.sizes)))
        width = widths + gap * (len(self.sizes) - 1)
        return HEIGHT * width / max(self.sizes)

    # --- nodes ----------------------------------------------------------------------------------------

    def _nodes(self, apart: float, gap: float) -> dict[str, Node]:
        most = max(self.sizes)
        found: dict[str, Node] = {}
        left = 0.0
        for layer, size in enumerate(self.sizes):
            width, height = self._node_size(layer)
            x = left + width / 2
            left += width + gap
            for unit in range(1, size + 1):
                y = (unit - 1 - (size - 1) / 2 + (most - 1) / 2) * apart
                node = self._node(layer, unit, Box(x, y, width, height))
                found[node.part] = node
        if self.loss:
            self._add_loss(found, apart)
        return found

    def _node(self, layer: int, unit: int, box: Box) -> Node:
        if layer == 0:
            name = self._name("x", 1, unit)
            return Node(f"x[*,{unit}]", "input", 0, f"input {unit}", {"value": name}, box)
        names: dict[Row, str] = {
            "sum": self._name(f"z{layer}", 1, unit),
            "value": self._name(f"a{layer}", 1, unit),
        }
        if f"z{layer}" not in self.symbols:
            del names["sum"]
        slope = None
        if self.sloped:
            letters = (LONGEST_SLOPE + 1 + DIGITS) * SMALL
            top = box.y - box.height / 2 - self._slope_height() / 2 - 1
            slope = Box(box.x, top, wide(letters), self._slope_height())
        last = layer == len(self.sizes) - 1
        told = f"output {unit}" if last else f"unit {unit} of hidden layer {layer}"
        return Node(f"a{layer}[*,{unit}]", "unit", layer, told, names, box, slope)

    def _add_loss(self, found: dict[str, Node], apart: float) -> None:
        """The targets and the loss: under a single output, otherwise beside the outputs."""
        last = len(self.sizes) - 1
        outputs = [node for node in found.values() if node.layer == last]
        name = self._name(self.loss)
        size = wide(max(len(name), DIGITS)), 2 * LINE + 8
        targets = [self._name("y", 1, unit) for unit in range(1, self.targets + 1)]
        target_width = wide(max([DIGITS, *map(len, targets)]))
        output = outputs[0].box
        if len(outputs) == 1:
            below = output.y + output.height / 2 + (self._bias_height() if self._bias_names(last) else 0)
            y = below + 34 + size[1] / 2
            loss = Box(output.x, y, *size)
            spots = [(loss.x, y + size[1] + 22)]
        else:
            x = output.x + output.width / 2 + 30 + target_width / 2
            spots = [(x, node.box.y) for node in outputs]
            x += target_width / 2 * bool(targets) + 34 + size[0] / 2
            loss = Box(x, sum(node.box.y for node in outputs) / len(outputs), *size)
        for unit, (spot, target) in enumerate(zip(spots, targets, strict=False), start=1):
            box = Box(*spot, target_width, 2 * LINE + 8)
            found[f"y[*,{unit}]"] = Node(
                f"y[*,{unit}]", "target", last + 1, f"target {unit}", {"value": target}, box
            )
        found[self.loss] = Node(self.loss, "loss", last + 1, "the loss", {"value": name}, loss)

    # --- edges ----------------------------------------------------------------------------------------

    def _edges(self, nodes: dict[str, Node]) -> list[Edge] | None:
        """The weights and biases with their labels, or None where the labels find no room."""
        taken = [box for node in nodes.values() for box in (node.box, node.slope) if box]
        biases = list(self._biases(nodes))
        places = _Places([*taken, *(bias.label for bias in biases)])
        found = []
        # The steepest first: the others have more room along the way.
        for edge in sorted(self._weights(nodes), key=lambda e: -abs(e.end[1] - e.start[1])):
            label = places.find(edge)
            if label is None:
                return None
            found.append(replace(edge, label=label))
        return sorted(
            [*biases, *found], key=lambda edge: (nodes[edge.target].layer, edge.source is None, edge.part)
        )

    def _weights(self, nodes: dict[str, Node]) -> Iterator[Edge]:
        height = (1 + self.named) * LINE + self._slope_height()
        width = wide(self._label_letters())
        for layer in range(1, len(self.sizes)):
            before = "x" if layer == 1 else f"a{layer - 1}"
            for i in range(1, self.sizes[layer - 1] + 1):
                for j in range(1, self.sizes[layer] + 1):
                    source, target = nodes[f"{before}[*,{i}]"], nodes[f"a{layer}[*,{j}]"]
                    name = self._name(f"W{layer}", i, j)
                    yield Edge(
                        f"W{layer}[{i},{j}]",
                        source.part,
                        target.part,
                        f"weight from {source.told} to {target.told}",
                        name,
                        (source.box.x + source.box.width / 2, source.box.y),
                        (target.box.x - target.box.width / 2, target.box.y),
                        Box(0, 0, width, height),
                        self.named,
                        self.sloped,
                    )

    def _biases(self, nodes: dict[str, Node]) -> Iterator[Edge]:
        for layer in range(1, len(self.sizes)):
            for symbol in self._bias_names(layer):
                for j in range(1, self.sizes[layer] + 1):
                    target = nodes[f"a{layer}[*,{j}]"]
                    box, name = target.box, self._name(symbol, j)
                    bottom = box.y + box.height / 2
                    height = LINE + 4 + self._slope_height()
                    what = "bias" if symbol.startswith("b") else "threshold"
                    yield Edge(
                        f"{symbol}[{j}]",
                        None,
                        target.part,
                        f"{what} of {target.told}",
                        name,
                        (box.x, bottom + 20),
                        (box.x, bottom),
                        Box(box.x, bottom + 20 + height / 2, wide(len(name) + 1 + DIGITS), height),
                        True,
                        self.sloped,
                    )

    # --- the whole ------------------------------------------------------------------------------------

    def _wires(self, nodes: dict[str, Node]) -> Iterator[Wire]:
        if not self.loss:
            return
        last, loss = len(self.sizes) - 1, nodes[self.loss]
        outputs = [node for node in nodes.values() if node.layer == last]
        targets = [node for node in nodes.values() if node.kind == "target"]
        if len(outputs) == 1:
            # Past the bias, which stands under the output.
            bent = outputs[0].box.width / 2 - 8 if self._bias_names(last) else 0.0
            yield down(outputs[0], loss, min(bent, loss.box.width / 2 - 8))
            yield from (down(loss, target, 0) for target in targets)
        elif len(targets) == len(outputs):
            for output, target in zip(outputs, targets, strict=True):
                yield across(output, target)
                yield across(target, loss)
        else:
            # One class number for all outputs, or none.
            yield from (across(node, loss) for node in (*outputs, *targets))

    def _fitted(self, nodes: dict[str, Node], edges: list[Edge]) -> Drawing:
        """Moved so that everything lies inside a frame that starts at 0, 0."""
        boxes = [box for node in nodes.values() for box in (node.box, node.slope) if box]
        boxes += [edge.label for edge in edges]
        left = min(box.x - box.width / 2 for box in boxes) - MARGIN
        top = min(box.y - box.height / 2 for box in boxes) - MARGIN
        right = max(box.x + box.width / 2 for box in boxes) + MARGIN
        bottom = max(box.y + box.height / 2 for box in boxes) + MARGIN
        moved = Move(-left, -top)
        return Drawing(
            described(self.network),
            round(right - left, 1),
            round(bottom - top, 1),
            tuple(
                replace(node, box=moved.box(node.box), slope=node.slope and moved.box(node.slope))
                for node in nodes.values()
            ),
            tuple(
                replace(e, start=moved.point(e.start), end=moved.point(e.end), label=moved.box(e.label))
                for e in edges
            ),
            tuple(replace(w, start=moved.point(w.start), end=moved.point(w.end)) for w in self._wires(nodes)),
            **facts(self.program),
            places=_places(nodes.values(), edges),
        )


def _room(drawing: Drawing) -> float:
    """How large a window has to be: wider than high."""
    return max(drawing.width, 1.25 * drawing.height)


class _Places:
    """Finds room for labels along their edges."""

    def __init__(self, taken: list[Box]) -> None:
        self.taken = [(box.x, box.y, box.width / 2, box.height / 2) for box in taken]

    def find(self, edge: Edge) -> Box | None:
        (x0, y0), (x1, y1) = edge.start, edge.end
        half, high = edge.label.width / 2 + APART, edge.label.height / 2 + APART
        for at in ALONG:
            x, y = x0 + at * (x1 - x0), y0 + at * (y1 - y0)
            if not any(abs(x - tx) < half + tw and abs(y - ty) < high + th for tx, ty, tw, th in self.taken):
                self.taken.append((x, y, edge.label.width / 2, edge.label.height / 2))
                return replace(edge.label, x=x, y=y)
        return None


def _places(nodes: Any, edges: list[Edge]) -> dict[str, Place]:
    found = {edge.part: Place(edge.part, "value") for edge in edges}
    for node in nodes:
        found[node.part] = Place(node.part, "value")
        if node.kind == "unit" and "sum" in node.names:
            found[f"z{node.part[1:]}"] = Place(node.part, "sum")
    return found
