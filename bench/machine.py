"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "numpy", "scipy", "llvmlite", "scikit-learn", "torch", "jax", "jaxlib", "onnxruntime",
)  # fmt: skip


def processor() -> str:
    """The processor's name."""
    told = Path("/proc/cpuinfo")
    if told.exists():
        for line in told.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def kernels() -> str:
    """The kernels that NumPy's and scipy's BLAS chose, as the compiled engine loads them."""
    import numpy  # noqa: F401
    from threadpoolctl import threadpool_info

    from chainrule.engines.blas import product_function

    product_function("float32")
    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return "; ".join(
        f"{'scipy' if 'scipy' in pool['filepath'] and 'numpy' not in pool['filepath'] else 'NumPy'}: "
        f"{pool['internal_api']} {pool['version']}, {pool.get('architecture', 'unknown')}, "
        f"{pool['num_threads']} threads"
        for pool in pools
    )


def versions() -> str:
    """Python and the packages that are installed."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def load() -> str:
    """The load of the last minute, where the system tells it."""
    return f"{os.getloadavg()[0]:.2f}" if hasattr(os, "getloadavg") else "unknown"


def description() -> str:
    """The machine as a Markdown list."""
    memory = "unknown"
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GiB"
    return "\n".join(
        [
            f"- processor: {processor()}, {os.cpu_count()} cores; memory: {memory}",
            f"- system: {platform.system()} {platform.machine()}",
            f"- {versions()}",
            f"- BLAS: {kernels()}",
        ]
    )
