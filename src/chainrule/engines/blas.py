"""BLAS's matrix product by address: scipy's own copy of OpenBLAS, called without Python in between."""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

# OpenBLAS does not know every processor with AVX-512 and then takes its kernels for AVX2, half as fast.
KERNELS = "OPENBLAS_CORETYPE"


@cache
def product_function(dtype: str) -> int:
    """The address of sgemm or dgemm."""
    prefer_wide_kernels()
    from scipy.linalg import cython_blas

    name = "sgemm" if dtype == "float32" else "dgemm"
    capsule = vars(cython_blas)["__pyx_capi__"][name]
    get_name = ctypes.pythonapi.PyCapsule_GetName
    get_name.restype, get_name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
    get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address: int = get_pointer(capsule, get_name(capsule))
    return address


def prefer_wide_kernels() -> None:
    """Let OpenBLAS use AVX-512 where the processor has it; a choice of the user's stays."""
    from chainrule.engines.machine import the_machine

    if KERNELS not in os.environ and the_machine().has_avx512:
        os.environ[KERNELS] = "SKYLAKEX"
        # Only scipy's copy is to be loaded under it, and no child process.
        try:
            import scipy.linalg.cython_blas  # noqa: F401
        finally:
            del os.environ[KERNELS]


def row(
    dtype: str,
    a: NDArray[Any],
    a_turned: bool,
    b: NDArray[Any],
    b_turned: bool,
    c: NDArray[Any],
    k: int,
) -> list[int]:
    """The row of a product C (M, N) = A B, as `kernels.gemm` takes it.

    BLAS's matrices are stored by columns, so it computes Cᵀ = Bᵀ Aᵀ.
    """
    m, n = c.shape
    one, zero = (int(np.array(v, dtype).view(f"i{c.itemsize}")) & (2**63 - 1) for v in (1.0, 0.0))
    flags = [ord("T" if turned else "N") for turned in (b_turned, a_turned)]
    return [
        product_function(dtype), *flags, n, m, k, one,
        b.ctypes.data, _leading(b), a.ctypes.data, _leading(a), zero, c.ctypes.data, n,
    ]  # fmt: skip


def _leading(matrix: NDArray[Any]) -> int:
    """How far one row lies from the next, in entries: more than a row's length in a block of columns."""
    step: int = matrix.strides[0] // matrix.itemsize
    return max(step, int(matrix.shape[1]))
