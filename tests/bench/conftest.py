"""The benchmarks' own modules, importable as they are when a script of bench/ runs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent.parent / "bench"))
