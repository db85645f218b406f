"""Trees written as PyTorch code compute what they compute."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ConfigError
from chainrule.formulas import vocabulary as v
from chainrule.formulas.expression import trace
from chainrule.working.rendering.torch_code import torch_code
from tolerances import assert_close

VALUES = {
    "x": np.array([[0.5, -1.25], [2.0, 0.0]]),
    "w": np.array([[0.3, 0.7], [-0.2, 1.5]]),
    "q": np.array([[0.25], [3.0]]),
}
FORMULAS: list[Callable[..., Any]] = [
    lambda x, w: x * v.matmul(w, x),
    lambda x, w: v.matmul(x * w, x),
    lambda x, w: v.matmul(x, w) * x,
    lambda x, w: v.matmul(x, v.matmul(w, x)),
    lambda x, w: v.matmul(v.matmul(x, w), x),
    lambda x, w: v.matmul(x, v.transpose(w)) / v.matmul(w, x),
    lambda x, w: v.transpose(x + w) - (x - w) - (x + w),
    lambda x, w: x - (w - (x - w)),
    lambda x, w: x / (w / (x + 3)),
    lambda x, w: x * (w / 2) / (x + 5),
    lambda x, w: -((x + 2.5) ** w),
    lambda x: (-(x**2)) ** 3 + (-x) ** 2 - 2 ** (-x),
    lambda x: -v.negative(x) * -1.5,
    lambda x, w: v.where(x > w, 1, 0) * (x >= 0.5) + (x < w) - (w <= x),
    lambda x, w: v.where(v.equal(x, 0), w, -x),
    lambda x, w: v.where((x > 0) * (w > 0), x, 0.1),
    lambda x, w: v.maximum(v.minimum(x, 0.75), -w) + v.maximum(2, x),
    lambda x, q: v.row_sum(x) / v.row_max(x * q) - v.column_sum(x) / v.rows(x),
    lambda x: v.total(x**2) / (v.absolute(x) + 1) + v.sign(x) + v.floor(x) + v.cos(x),
    lambda q: v.log1p(v.exp(-q)) + v.expm1(q) + v.log(q) + v.sqrt(q) + v.tanh(q) + v.erfc(q) + v.xlogy(q, q),
    lambda x: x * v.sqrt(v.multiply(2, 8)),
]


@pytest.mark.parametrize("function", FORMULAS)
def test_the_code_computes_what_the_tree_does(function: Callable[..., Any], torch: ModuleType) -> None:
    tree = trace(function)

    def numbers(values: Any) -> Any:
        return torch.tensor(values, dtype=torch.float64)

    names = {name: numbers(value) for name, value in VALUES.items()}
    found = eval(torch_code(tree), {"torch": torch, "numbers": numbers, **names})
    wanted = evaluate_arrays(tree, VALUES)
    assert_close(found.numpy(), np.asarray(wanted, dtype=float), "rounding", what=torch_code(tree))


def test_constants_are_written_as_numbers_and_names_as_asked() -> None:
    tree = trace(lambda w, g, eta, t: w - eta / t * g)
    assert torch_code(tree, {"eta": 0.5, "t": 2}, {"g": "w.grad"}) == "w - 0.25 * w.grad"


def test_random_numbers_have_no_spelling(told: Callable[..., str]) -> None:
    tree = trace(lambda x: v.uniform(x, 1, 2))
    assert told(ConfigError, lambda: torch_code(tree, where="u1 (chance)")) == (
        "PyTorch has no uniform, which u1 (chance) uses: this step cannot be a PyTorch script"
    )
