"""A step of the compiled engine beside the NumPy engine's, for every pair of choices of the grid.

With CHAINRULE_GRID=3 for every three choices, and so on to 7, the full product.
"""

from __future__ import annotations

from itertools import product

import pytest
from coverings import CHOICES, STRENGTH, Case, covering, goes_together
from parity import assert_engines_agree


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", CHOICES["activation"])
def test_a_step_of_every_kind_is_the_numpy_engines(activation: str, dtype: str) -> None:
    for case in covering():
        if case.activation == activation:
            assert_engines_agree(case.network, case.loss, case.rule, case.options, dtype)


def test_the_grid_has_every_pair_of_choices() -> None:
    cases = covering()
    for one, other in product(CHOICES, repeat=2):
        found = {(getattr(case, one), getattr(case, other)) for case in cases}
        wanted = {
            (a, b)
            for a, b in product(CHOICES[one], CHOICES[other])
            if (one != other or a == b) and goes_together({one: a, other: b})
        }
        assert found == wanted, (one, other)
    assert len(cases) >= len(CHOICES["activation"]) * len(CHOICES["rule"]) or STRENGTH < 2


def test_a_case_is_what_it_is_called() -> None:
    case = Case("tanh", "crossentropy", "adam", "both", 0.01, "norm", 0.3)
    assert str(case) == "tanh-crossentropy-adam-both-0.01-norm-0.3"
    inputs = case.lines.inputs
    assert {"x", "y", "q", "eta", "t", "key"} <= set(inputs)
    assert case.lines.rule is not None
    assert case.lines.rule.name == "adam"
    assert {line.symbol for line in case.lines.lines} >= {"m0", "m1", "n"}
