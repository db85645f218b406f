"""The scalar view: each entry of a line by the vocabulary's own entry rules."""

from __future__ import annotations

import pytest
from steps import CASES, net

from chainrule.derivation import derive
from chainrule.formulas.expression import Expression, Symbol
from chainrule.working.entries import Entry
from chainrule.working.scalars import Index, Sizes, entry_tree, is_drawn

D = derive(net((2, 3, 2), "tanh", "softmax"), "crossentropy", "gradient_descent")
SIZES = Sizes(D, samples=2)


def name(symbol: str, index: Index) -> Expression:
    return Symbol(Entry(symbol, index).place)


@pytest.mark.parametrize(
    ("symbol", "index", "written"),
    [
        ("z1", (2, 3), "x[2,1] · W1[1,3] + x[2,2] · W1[2,3] + b1[3]"),
        ("a1", (1, 2), "tanh(z1[1,2])"),
        ("dW1", (2, 1), "x[1,2] · d1[1,1] + x[2,2] · d1[2,1]"),
        ("db1", (3,), "d1[1,3] + d1[2,3]"),
        ("g1", (1, 2), "d2[1,1] · W2[2,1] + d2[1,2] · W2[2,2]"),
        ("d2", (2, 1), "(a2[2,1] - y[2,1]) / 2"),
        ("W2", (3, 2), "W2[3,2] - η · dW2[3,2]"),
        (
            "a2",
            (1, 2),
            "exp(z2[1,2] - max(z2[1,1], z2[1,2])) / "
            "(exp(z2[1,1] - max(z2[1,1], z2[1,2])) + exp(z2[1,2] - max(z2[1,1], z2[1,2])))",
        ),
    ],
)
def test_an_entry_of_a_line(symbol: str, index: Index, written: str) -> None:
    assert repr(entry_tree(D[symbol].tree, index, SIZES.shape, name)) == written


def test_a_lone_row_serves_every_sample() -> None:
    """A bias (O,) is the same for all; a sample's weight (B, 1) for all its outputs."""
    d = derive(net((1, 2), output="identity"), "mse", sample_weights=True)
    sizes = Sizes(d, samples=2)
    written = repr(entry_tree(d["d1"].tree, (2, 1), sizes.shape, name))
    total = "(s[1,1] + s[2,1] if s[1,1] + s[2,1] > 0 else 1)"
    assert written == f"s[2,1] · 2 · (a1[2,1] - y[2,1]) / ({total} · 2)"


def test_sizes_are_numbers_once_the_samples_are_known() -> None:
    assert SIZES.shape("z1") == (2, 3)
    assert SIZES.shape("b1") == (3,)
    assert SIZES.shape("C") == ()
    assert list(SIZES.indices("z2")) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert list(SIZES.indices("C")) == [()]
    assert SIZES.per_sample("z1")
    assert not SIZES.per_sample("W1")


def test_random_numbers_are_drawn_and_nothing_else_is() -> None:
    drawn = {line.symbol for case in CASES for line in case.derivation if is_drawn(line.tree)}
    assert drawn == {"u0", "u1"}
