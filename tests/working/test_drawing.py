"""The drawn network: where every quantity is shown, and that nothing covers anything."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest

from chainrule import Dense, Network, derive
from chainrule.working.document import Name
from chainrule.working.program import scalar_program
from chainrule.working.rendering.drawing import Box, Drawing, Place, drawing_of


class Plain:
    def name(self, key: str) -> Name:
        place = key.partition("@")[0]
        return Name(place, place, place)


def drawn(*sizes: int, bias: bool = True, samples: int = 1) -> Drawing:
    layers = [
        Dense(units, "tanh", bias=[0.1] * units if bias else False, weights=[[0.5] * units] * inputs)
        for inputs, units in pairwise(sizes)
    ]
    derivation = derive(Network(sizes[0], layers), "mse", "gradient_descent")
    values = {"x": [[1.0] * sizes[0]] * samples, "y": [[0.0] * sizes[-1]] * samples}
    program = scalar_program(derivation, values, rate=0.1, chain="deltas")
    drawing = drawing_of(program, Plain())
    assert drawing
    return drawing


def boxes(drawing: Drawing) -> list[Box]:
    nodes = [box for node in drawing.nodes for box in (node.box, node.slope) if box]
    return nodes + [edge.label for edge in drawing.edges]


def overlap(one: Box, other: Box) -> bool:
    across = (one.width + other.width) / 2 - abs(one.x - other.x)
    down = (one.height + other.height) / 2 - abs(one.y - other.y)
    return across > 0.5 and down > 0.5


@pytest.mark.parametrize(
    "sizes", [(1, 1), (2, 2, 1), (2, 3, 1), (2, 2, 3), (1, 1, 1, 1, 1), (4, 5, 3), (6, 6, 4), (8, 12, 2)]
)
@pytest.mark.parametrize("bias", [True, False])
def test_nothing_covers_anything_and_all_is_inside(sizes: tuple[int, ...], bias: bool) -> None:
    drawing = drawn(*sizes, bias=bias)
    assert not [pair for pair in combinations(boxes(drawing), 2) if overlap(*pair)]
    for box in boxes(drawing):
        assert box.width / 2 <= box.x <= drawing.width - box.width / 2
        assert box.height / 2 <= box.y <= drawing.height - box.height / 2


def test_an_overlap_is_noticed() -> None:
    assert overlap(Box(0, 0, 10, 10), Box(9, 9, 10, 10))


def test_every_weight_and_bias_is_drawn() -> None:
    parts = [edge.part for edge in drawn(2, 2, 1).edges]
    assert parts == [
        "W1[1,1]",
        "W1[1,2]",
        "W1[2,1]",
        "W1[2,2]",
        "b1[1]",
        "b1[2]",
        "W2[1,1]",
        "W2[2,1]",
        "b2[1]",
    ]


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("x[1,2]@1", Place("x[*,2]", "value")),
        ("z1[3,2]@1", Place("a1[*,2]", "sum")),
        ("a1[1,2]@2", Place("a1[*,2]", "value")),
        ("W1[2,1]@3", Place("W1[2,1]", "value")),
        ("dW1[2,1]@1", Place("W1[2,1]", "gradient")),
        ("db2[1]@1", Place("b2[1]", "gradient")),
        ("d1[1,2]@1", Place("a1[*,2]", "gradient")),
        ("∂a2[1,1]@1/∂z2[1,1]@1", Place("a2[*,1]", "gradient")),
        ("y[1,1]@1", Place("y[*,1]", "value")),
        ("C@1", Place("C", "value")),
        ("eta@1", None),
        ("no key [", None),
    ],
)
def test_every_quantity_has_its_place(key: str, place: Place | None) -> None:
    assert drawn(2, 2, 1).place(key) == place


def test_a_quantity_of_a_sample_says_which() -> None:
    drawing = drawn(2, 2, 1, samples=3)
    assert [drawing.sample(key) for key in ("z1[3,2]@1", "W1[2,1]@1", "C@1")] == [3, None, None]


def test_a_wide_network_is_drawn_layer_by_layer() -> None:
    drawing = drawn(3, 13, 2)
    assert drawing.blocks
    assert [node.told for node in drawing.nodes][:3] == ["3 inputs", "13 units, tanh", "2 outputs, tanh"]
    assert drawing.place("dW1[2,13]@1") == Place("W1", "gradient")
    assert drawing.parts_of("dW1") == ("W1",)


def test_the_parts_of_a_symbol_are_all_that_show_it() -> None:
    assert drawn(2, 2, 1).parts_of("dW2") == ("W2[1,1]", "W2[2,1]")


def test_a_network_without_a_loss_has_neither_loss_nor_targets() -> None:
    network = Network(1, [Dense(1, bias=False, weights=[[1.0]])])
    drawing = drawing_of(scalar_program(derive(network), {"x": [[1.0]]}), Plain())
    assert drawing
    assert {node.kind for node in drawing.nodes} == {"input", "unit"}
