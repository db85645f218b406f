"""Shapes and counts of an example's network, as stated and as they are."""

from __future__ import annotations

import pytest

from chainrule.errors import ConfigError
from chainrule.working.exercises.plan import plan_of
from chainrule.working.marking.answers import Answer, Marked
from chainrule.working.marking.claims import Claim
from chainrule.working.marking.shapes import Shapes, is_shape, mark_count, mark_shape, read_shape

NETWORK = plan_of("3,4,2").derivation


def shape(name: str, written: str, *, columns: bool = False) -> Marked:
    claim = Claim("shapes", name, Answer(f"shape of {name}", written, "", where='"a.toml"'))
    return mark_shape(claim, Shapes(NETWORK, 5, columns))


def count(name: str, written: str) -> Marked:
    claim = Claim("counts", name, Answer(f"number of {name}", written, "", where='"a.toml"'))
    return mark_count(claim, Shapes(NETWORK, 5))


@pytest.mark.parametrize(
    "written", ["3×4", "3 x 4", "(3, 4)", "[3,4]", "3 X 4", "3 by 4", "3 · 4", "ℝ^{3×4}"]
)
def test_a_shape_is_read_as_people_write_it(written: str) -> None:
    assert read_shape(written) == (3, 4)
    assert is_shape(written)


@pytest.mark.parametrize("name", ["W1", "W¹", "W^[1]", "w1", "dW1", "∂C/∂W1", "∂L/∂W^[1]"])
def test_a_matrix_is_named_as_people_name_it(name: str) -> None:
    assert shape(name, "3 × 4").verdict == "exact"


def test_columns_turn_shapes_over() -> None:
    assert shape("W1", "4 × 3", columns=True).verdict == "exact"
    assert shape("x", "3 × 5", columns=True).verdict == "exact"


@pytest.mark.parametrize("written", ["1 × 4", "(4,)", "4"])
def test_a_bias_is_a_list_or_lies_as_the_vectors_do(written: str) -> None:
    assert shape("b1", written).verdict == "exact"


@pytest.mark.parametrize(
    ("name", "written", "slips"),
    [
        ("W1", "4 × 3", ["transposed: here z = x W + b, samples are rows"]),
        ("b1", "4 × 1", ["transposed: here z = x W + b, samples are rows"]),
        ("z1", "1 × 4", ["the batch left out: it has 5 samples", "the shape of b1 and db1"]),
        ("a2", "2", ["the batch left out: it has 5 samples"]),
        ("W1", "12", ["the number of its entries, not its shape"]),
        ("W1", "(4, 4)", ["the bias counted in"]),
        ("W1", "4 × 2", ["the shape of W2"]),
        ("W1", "2 × 4", ["the shape of W2, transposed"]),
        ("dW1", "5 × 4", ["the shape of what it makes of the batch", "the shape of z1 and a1 and g1"]),
        ("W1", "9 × 9", []),
    ],
)
def test_a_wrong_shape_has_its_slips(name: str, written: str, slips: list[str]) -> None:
    found = shape(name, written)
    assert (found.verdict, [c.slip for c in found.candidates]) == ("wrong", slips)


@pytest.mark.parametrize(
    ("name", "right"),
    [
        ("parameters", 26),
        ("weights", 20),
        ("biases", 6),
        ("parameters of layer 1", 16),
        ("weights in layer 2", 8),
        ("entries of W1", 12),
        ("units", 6),
        ("units in layer 1", 4),
        ("inputs", 3),
        ("outputs", 2),
        ("layers", 2),
        ("samples", 5),
        ("trainable parameters", 26),
    ],
)
def test_what_can_be_counted(name: str, right: int) -> None:
    assert count(name, str(right)).verdict == "exact"
    assert count(name, str(right + 1)).verdict == "wrong"


@pytest.mark.parametrize(
    ("name", "written", "slip"),
    [
        ("parameters", "20", "biases forgotten"),
        ("parameters", "24", "the output layer's biases forgotten"),
        ("parameters", "22", "one bias for each layer, not for each unit"),
        ("parameters", "29", "the inputs given biases, too"),
        ("parameters", "10", "layer 1 left out"),
        ("parameters", "52", "the gradients or the update counted again"),
        ("weights", "26", "the biases counted in"),
        ("weights", "13", "inputs and units added, not multiplied"),
        ("parameters of layer 1", "12", "biases forgotten"),
        ("layers", "3", "the inputs counted as a layer: they calculate nothing"),
        ("layers", "1", "hidden layers alone"),
    ],
)
def test_a_wrong_count_has_its_slip(name: str, written: str, slip: str) -> None:
    assert slip in [c.slip for c in count(name, written).candidates]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: shape("W9", "3 × 4"), 'there is no matrix called "W9" (known: W1, W2, a1, a2, b1, b2, '),
        (lambda: shape("W1", "three"), '"three" is no shape: write rows × columns, such as 2 × 3'),
        (lambda: count("parameters", "many"), '"many" is no count: write a whole number'),
        (lambda: count("parameters of layer 3", "2"), "there is no layer 3: the network has 2"),
    ],
)
def test_what_cannot_be_marked_is_told_in_a_sentence(made: object, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made()  # type: ignore[operator]
    assert str(caught.value).startswith(f'"a.toml": {told}'), caught.value
