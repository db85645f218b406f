"""Ranges of activations, as stated and as they are."""

from __future__ import annotations

import math

import pytest

from chainrule.errors import ConfigError
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.working.marking.answers import Answer, Marked
from chainrule.working.marking.claims import Claim
from chainrule.working.marking.ranges import Range, mark_range, range_of, read_range


def marked(name: str, written: str) -> Marked:
    return mark_range(Claim("ranges", name, Answer(f"range of {name}", written, "", where='"a.toml"')))


EXACT = {
    "identity": "(-∞, +∞)",
    "step": "{0, 1}",
    "sigmoid": "(0, 1)",
    "tanh": "(-1, 1)",
    "relu": "[0, +∞)",
    "leaky_relu": "(-∞, +∞)",
    "elu": "(-1, +∞)",
    "softplus": "(0, +∞)",
    "swish": "[-0.278465, +∞)",
    "gelu": "[-0.169971, +∞)",
    "softmax": "(0, 1)",
}


@pytest.mark.parametrize("name", EXACT)
def test_an_end_is_reached_or_only_approached(name: str) -> None:
    assert range_of(ACTIVATIONS[name]).written == EXACT[name]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_every_range_marks_itself_as_right(name: str) -> None:
    assert marked(name, range_of(ACTIVATIONS[name]).written).is_right


@pytest.mark.parametrize(
    ("written", "low", "high", "closed"),
    [
        ("(0, 1)", 0.0, 1.0, (False, False)),
        ("[0; +∞[", 0.0, math.inf, (True, False)),
        ("]−1, 1[", -1.0, 1.0, (False, False)),
        (r"$\left[0, \infty\right)$", 0.0, math.inf, (True, False)),
        ("ReLU(z) ∈ [0, inf)", 0.0, math.inf, (True, False)),
        (">= 0", 0.0, math.inf, (True, False)),
        ("0 < a < 1", 0.0, 1.0, (False, False)),
        ("-1 ≤ tanh(z) < 1", -1.0, 1.0, (True, False)),
        ("ℝ", -math.inf, math.inf, (False, False)),
    ],
)
def test_ranges_are_read_as_people_write_them(
    written: str, low: float, high: float, closed: tuple[bool, bool]
) -> None:
    assert read_range(written) == Range(low, high, closed)


@pytest.mark.parametrize(
    ("name", "written", "slips"),
    [
        ("ReLU", "(0, +∞)", ["0 is a value of relu: its bracket is square"]),
        ("softplus", "[0, ∞)", ["0 is only approached by softplus, never reached: its bracket is round"]),
        ("relu", "[0, +∞]", ["+∞ is no number that is reached: its bracket is round"]),
        ("tanh", "(0, 1)", ["the lower end is -1", "the range of sigmoid, softmax"]),
        ("σ", "(1, 0)", ["the ends exchanged: the least value comes first"]),
        ("step", "[0, 1]", ["step takes the values {0, 1} only, nothing between"]),
        ("tanh", "(-2, 7)", []),
    ],
)
def test_a_wrong_range_has_its_slips(name: str, written: str, slips: list[str]) -> None:
    found = marked(name, written)
    assert (found.verdict, [c.slip for c in found.candidates]) == ("wrong", slips)


def test_an_end_may_be_rounded() -> None:
    assert marked("gelu", "[-0.17, ∞)").verdict == "rounded"
    assert marked("gelu", "[-0.18, ∞)").verdict == "wrong"


def test_a_parameter_moves_an_end() -> None:
    assert marked("elu(alpha=2)", "(-2, ∞)").verdict == "exact"


@pytest.mark.parametrize(
    ("name", "written", "told"),
    [
        ("relu", "0 to ∞", '"0 to ∞" is no range: write it as (0, 1), [0, +∞), {0, 1} or ℝ'),
        ("relu", "(0, many)", '"many" is no end of a range: write a number, ∞ or -∞, as in [0, +∞)'),
    ],
)
def test_what_is_no_range_is_told_in_a_sentence(name: str, written: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        marked(name, written)
    assert str(caught.value) == f'"a.toml": {told}'
