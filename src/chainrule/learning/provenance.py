"""What a model was made with: what equal results depend on."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

import chainrule
from chainrule.engines.pools import blas_pools
from chainrule.engines.threads import count_threads


def made_with(engine: str) -> dict[str, Any]:
    """Versions, threads and processor: what equal results depend on."""
    import scipy

    pools = blas_pools()
    made = {
        "chainrule": chainrule.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "engine": engine,
        "threads": count_threads(),
        "blas": ", ".join(
            sorted({f"{p['internal_api']} {p['version']} {p.get('architecture')}" for p in pools})
        ),
    }
    if engine == "compiled":
        from chainrule.engines.machine import the_machine

        made["compiler"] = the_machine().name
    return made
