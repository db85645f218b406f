"""Passes over memory: what becomes of divisions by one number."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from chainrule.engines import passes
from chainrule.engines.assignments import Assignment, Form
from chainrule.engines.machine import the_machine
from chainrule.formulas.expression import Expression, Symbol

X, N = Symbol("x"), Symbol("n")


def _run(tree: Expression, x: NDArray[Any], n: float) -> NDArray[Any]:
    """The tree's entries by machine code, n being a number of shape ()."""
    forms: dict[str, Form] = {"x": "entries", "n": "number"}
    made = passes.write_pass([Assignment("entries", "y", tree)], forms, x.dtype.name, "flat")
    assert made.slots == ("n",)
    held = {"x": x, "y": np.zeros_like(x)}
    addresses = [held[name].ctypes.data for name in made.addresses]
    row, numbers = np.array([0, 0, x.size, 1, *addresses, 0]), np.array([n])
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    kind(the_machine().address(made.text))(row.ctypes.data, numbers.ctypes.data, 0)
    return held["y"]


def _sizes(dtype: str) -> NDArray[Any]:
    """Numbers of every size, the subnormal ones among them, 0 and the infinities."""
    info = np.finfo(dtype)
    least = int(np.log2(info.smallest_subnormal.astype(np.float64)))
    powers = np.ldexp(1.0, np.arange(least, info.maxexp, 7))
    sizes = np.concatenate([powers * 1.0, powers * 1.37, [0.0, float(info.max), np.inf]])
    return np.concatenate([sizes, -sizes]).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_division_by_a_number_of_any_size_keeps_its_digits(dtype: str) -> None:
    sizes = _sizes(dtype)
    info = np.finfo(dtype)
    with np.errstate(all="ignore"):
        for n in sizes:
            got, true = _run(X / N, sizes, float(n)), sizes / n
            normal = np.isfinite(true) & (np.abs(true) >= 4 * info.tiny) & (np.abs(true) <= info.max / 4)
            np.testing.assert_allclose(got[normal], true[normal], rtol=2 * float(info.eps), atol=0)
            small = np.abs(true) < 4 * info.tiny
            np.testing.assert_allclose(
                got[small], true[small], rtol=0, atol=2 * float(info.smallest_subnormal)
            )
            rest = ~(normal | small) & (np.abs(true) != info.max)
            np.testing.assert_array_equal(np.isnan(got[rest]), np.isnan(true[rest]))
            assert (np.isnan(true[rest]) | (np.abs(got[rest]) >= info.max / 4)).all()


def test_a_number_of_ordinary_size_divides_as_one_multiplication() -> None:
    x = np.linspace(-3, 5, 33, dtype=np.float32)
    ordinary = [_run(X / N, x, n) for n in (7.0, 0.001, 128.0)]
    for n, got in zip((7.0, 0.001, 128.0), ordinary, strict=True):
        np.testing.assert_array_equal(got, x * np.float32(1 / n))


@pytest.mark.parametrize("n", [1e-39, 1e42])
def test_the_plain_reciprocal_would_fail(n: float) -> None:
    x = np.array([1e-20, 0.0, 1e20, 1e38], np.float32)
    with np.errstate(all="ignore"):
        true = (x.astype(np.float64) / n).astype(np.float32)
    assert not np.allclose(_run(X * (1 / N), x, n), true, rtol=1e-6, atol=0)
    np.testing.assert_allclose(_run(X / N, x, n), true, rtol=2e-7, atol=0)
