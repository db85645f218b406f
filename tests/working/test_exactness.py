"""Whether a formula comes to precisely a number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from chainrule.working.algebra import parse_formula
from chainrule.working.exactness import is_precise

PRECISE = [
    "0.5 * x",
    "x^2 + 1",
    "1 / (1 + exp(0 * x))",
    "max(0, x)",
    "sqrt(4 * x^2)",
    "x / 3 * 3",
    "exp(x) / (exp(x) + exp(x))",
    "0 * tanh(200 * x)",
]
ENDLESS = ["1 / (1 + exp(0 - 130 * x))", "tanh(200 * x)", "exp(0 - 900 * x) + 1", "ln(1 + x * 10^(0-60))"]


@pytest.mark.parametrize("formula", PRECISE)
def test_what_is_found_without_endless_digits_is_precise(formula: str) -> None:
    assert is_precise(parse_formula(formula, ["x"]), {"x": Decimal(1)})


@pytest.mark.parametrize("formula", ENDLESS)
def test_what_is_only_the_same_to_fifty_digits_is_not(formula: str) -> None:
    assert not is_precise(parse_formula(formula, ["x"]), {"x": Decimal(1)})
