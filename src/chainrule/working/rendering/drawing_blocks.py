"""A network too large to be drawn unit by unit: every layer one block, its weights one arrow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from chainrule.working.building import Namer
from chainrule.working.program import Lines
from chainrule.working.rendering.drawing import Box, Drawing, Edge, Node, Place, Row, Wire
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

__all__ = ["blocks_drawn"]


def blocks_drawn(program: Lines, namer: Namer) -> Drawing:
    """Every layer as one block, its weights as one arrow."""
    derivation = derivation_of(program)
    network = derivation.network
    nodes: list[Node] = []
    edges: list[Edge] = []
    places: dict[str, Place] = {}
    parameters = {p.name: p for p in network.parameters}
    width, height, gap, y = wide(24), 3 * LINE + 12, 2 * MARGIN, 0.0
    most = max(network.sizes)

    def place_block(part: str, kind: Any, layer: int, told: str, names: dict[Row, str], share: float) -> None:
        nodes.append(Node(part, kind, layer, told, names, Box(0, y, width * (0.8 + 0.2 * share), height)))
        places[part] = Place(part, "value")

    apart = height + gap + 3 * LINE
    for layer, units in enumerate(network.sizes):
        share = (units / most) ** 0.5
        if layer == 0:
            place_block("x", "block", 0, f"{units} inputs", {"value": "x"}, share)
        else:
            dense = network.dense[layer - 1]
            last = layer == len(network.dense)
            told = f"{units} {'output' if last else 'unit'}{'s' * (units != 1)}, {dense.activation.name}"
            place_block(f"a{layer}", "block", layer, told, {"sum": f"z{layer}", "value": f"a{layer}"}, share)
            places[f"z{layer}"] = Place(f"a{layer}", "sum")
            source = nodes[-2]
            for place, symbol in enumerate(
                s for s in (f"W{layer}", f"b{layer}", f"theta{layer}") if s in parameters
            ):
                sizes = " × ".join(map(str, parameters[symbol].shape))
                x = -width * 0.2 if place == 0 else width * 0.22
                top, foot = y - apart + height / 2, y - height / 2
                middle = (top + foot) / 2
                edges.append(
                    Edge(
                        symbol,
                        source.part if place == 0 else None,
                        f"a{layer}",
                        f"{symbol}, {sizes}",
                        f"{symbol} ({sizes})",
                        (x, top if place == 0 else middle + 0.6 * LINE),
                        (x, foot),
                        Box(x, middle, wide(len(symbol) + len(sizes) + 3), 2 * LINE),
                        gradient=False,
                    )
                )
                places[symbol] = Place(symbol, "value")
        y += apart
    wires = _block_loss(program, nodes, places, y - apart, height, width)
    return _blocks_fitted(program, nodes, edges, wires, places)


def _block_loss(
    program: Lines, nodes: list[Node], places: dict[str, Place], y: float, height: float, width: float
) -> list[Wire]:
    loss = loss_symbol(program)
    if not loss:
        return []
    output = nodes[-1]
    y += height + 2.4 * LINE
    small = 2 * LINE + 8
    box = Box(0, y, wide(10), small)
    target = Box(-wide(10) / 2 - 24 - wide(8) / 2, y, wide(8), small)
    nodes.append(Node("y", "target", output.layer + 1, "the targets", {"value": "y"}, target))
    nodes.append(Node(loss, "loss", output.layer + 1, "the loss", {"value": loss}, box))
    places["y"], places[loss] = Place("y", "value"), Place(loss, "value")
    return [down(output, nodes[-1], 0), across(nodes[-2], nodes[-1])]


def _blocks_fitted(
    program: Lines, nodes: list[Node], edges: list[Edge], wires: list[Wire], places: dict[str, Place]
) -> Drawing:
    boxes = [node.box for node in nodes] + [edge.label for edge in edges]
    left = min(box.x - box.width / 2 for box in boxes) - MARGIN
    right = max(box.x + box.width / 2 for box in boxes) + MARGIN
    top = min(box.y - box.height / 2 for box in boxes) - MARGIN
    bottom = max(box.y + box.height / 2 for box in boxes) + MARGIN
    move = Move(-left, -top)
    return Drawing(
        described(derivation_of(program).network),
        round(right - left, 1),
        round(bottom - top, 1),
        tuple(replace(node, box=move.box(node.box)) for node in nodes),
        tuple(
            replace(e, start=move.point(e.start), end=move.point(e.end), label=move.box(e.label))
            for e in edges
        ),
        tuple(replace(w, start=move.point(w.start), end=move.point(w.end)) for w in wires),
        **facts(program),
        places=places,
        blocks=True,
    )
