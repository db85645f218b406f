"""The tools that are measured, each given the same job: a function that trains and returns the last loss."""

from __future__ import annotations

from collections.abc import Callable

from workloads import Job

from peers.jaxscan import jax_scan
from peers.ours import engine, whole
from peers.products import numpy_products, same_kernels
from peers.pytorch import torch_loop
from peers.scikit import sklearn_fit

Ready = Callable[[Job], Callable[[], float]]

OURS, WHOLE = "chainrule, compiled engine", "chainrule.train, all of it"
BARE, BARE_NUMPY = "the bare products, same kernels", "the bare products, as NumPy runs them"
TOOLS: dict[str, Ready] = {
    OURS: engine("compiled"),
    WHOLE: whole,
    "chainrule, numpy engine": engine("numpy"),
    "JAX, the run in one scan": jax_scan,
    "PyTorch, fused Adam": torch_loop(fused=True),
    "PyTorch, default Adam": torch_loop(fused=False),
    "PyTorch, torch.compile": torch_loop(fused=True, compiled=True),
    "scikit-learn": sklearn_fit,
    BARE: same_kernels,
    BARE_NUMPY: numpy_products,
}
