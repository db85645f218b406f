"""The matrix products of a run's steps alone: what is left when everything else costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import Array, Job, product_sizes


def same_kernels(job: Job) -> Callable[[], float]:
    """By the BLAS kernels that the compiled engine uses."""
    from chainrule.engines.blas import product_function

    product_function(job.dtype)
    from scipy.linalg import blas

    gemm = blas.sgemm if job.dtype == "float32" else blas.dgemm
    x, W, d, z, dW, g = _matrices(job)
    # By columns, as BLAS stores them: C = A B is computed as Cᵀ = Bᵀ Aᵀ.
    calls: list[tuple[Array, Array, Array, int, int]] = []
    for n in range(len(W)):
        calls.append((W[n].T, x[n].T, z[n].T, 0, 0))
        calls.append((d[n].T, x[n].T, dW[n].T, 0, 1))
        if n:
            calls.append((W[n].T, d[n].T, g[n].T, 1, 0))

    def run() -> float:
        for _ in range(job.steps):
            for a, b, c, turn_a, turn_b in calls:
                gemm(1.0, a, b, 0.0, c, turn_a, turn_b, 1)
        return float("nan")

    return run


def numpy_products(job: Job) -> Callable[[], float]:
    """As `np.matmul` runs them, with the threads and kernels that NumPy takes by itself."""
    x, W, d, z, dW, g = _matrices(job)
    calls: list[tuple[Array, Array, Array]] = []
    for n in range(len(W)):
        calls.append((x[n], W[n], z[n]))
        calls.append((x[n].T, d[n], dW[n]))
        if n:
            calls.append((d[n], W[n].T, g[n]))

    def run() -> float:
        for _ in range(job.steps):
            for a, b, c in calls:
                np.matmul(a, b, out=c)
        return float("nan")

    return run


def _matrices(job: Job) -> tuple[list[Any], ...]:
    """x (B, I), W (I, O), d (B, O) of every layer, and room for the products."""
    sizes, rng = product_sizes(job.network), np.random.default_rng(0)

    def matrix(m: int, n: int) -> Array:
        return rng.random((m, n)).astype(job.dtype)

    x = [matrix(job.batch, i) for i, _ in sizes]
    d = [matrix(job.batch, o) for _, o in sizes]
    W = [matrix(i, o) for i, o in sizes]
    return x, W, d, *([np.empty_like(a) for a in group] for group in (d, W, x))
