"""Products of many rows in tiles: the bias, rests of rows and columns, and what is left to BLAS."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.engines import row_products
from chainrule.engines.machine import the_machine
from chainrule.engines.machinery import function
from chainrule.engines.row_products import RowsLowering, row_product
from tolerances import assert_close


def _run(A: Any, B: Any, bias: Any, strip: int) -> Any:
    (m, k), n = A.shape, B.shape[1]
    C = np.full((m + 1, n), 7, A.dtype)
    addresses = (a.ctypes.data for a in (A, B, C))
    row = np.array([0, 0, m, n, k, strip, *addresses, 0 if bias is None else bias.ctypes.data], np.int64)
    function(row_product(A.dtype.name))(row.ctypes.data, 0, 0)
    assert np.all(C[m] == 7)
    return C[:m]


def _given(m: int, k: int, n: int, dtype: str) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(3)
    A, B, bias = (rng.normal(size=shape).astype(dtype) for shape in ((m, k), (k, n), (n,)))
    return A, B, bias


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [2, 10, 16, 17, 64, 107])
@pytest.mark.parametrize(("m", "k", "strip"), [(1, 1, 6), (6, 5, 6), (41, 9, 12), (40, 30, 600)])
def test_the_product_of_rows_is_numpys(dtype: str, n: int, m: int, k: int, strip: int) -> None:
    A, B, bias = _given(m, k, n, dtype)
    within = "rounding" if dtype == "float64" else "engines in float32"
    assert_close(_run(A, B, bias, strip), A.astype(float) @ B + bias, within)
    assert_close(_run(A, B, None, strip), A.astype(float) @ B, within)


def test_a_rows_bits_do_not_depend_on_the_rows_beside_it() -> None:
    A, B, bias = _given(41, 30, 70, "float32")
    assert np.array_equal(_run(A, B, bias, 12)[13:14], _run(A[13:14].copy(), B, bias, 6))


@pytest.mark.parametrize(
    ("m", "k", "n", "takes"),
    [
        (row_products.MANY_ROWS, 784, 128, True),
        (row_products.MANY_ROWS - 1, 784, 128, False),
        (1000, 784, 512, False),
        (1000, 64, row_products.COLUMNS + 1, False),
        (1000, 64, 1, False),
    ],
)
def test_many_rows_by_weights_that_stay_in_the_cache_are_taken(m: int, k: int, n: int, takes: bool) -> None:
    from chainrule.derivation import Dense, Network, derive
    from chainrule.engines.lowering import Numbers
    from chainrule.engines.program import Arena

    lines = derive(Network(2, [Dense(2)]))
    made = RowsLowering(lines, Arena(lines, np.dtype("float32")), Numbers(lines), 1, {}, keep={lines.output})
    assert made._takes(m, k, n) == (takes and the_machine().has_avx512)
