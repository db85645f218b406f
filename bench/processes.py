"""Work done in a process of its own, beside an idle one that has imported the same modules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from time import perf_counter

REPORT = """
import json, sys
from pathlib import Path
status = Path("/proc/self/status")
found = dict(line.split(":", 1) for line in status.read_text().splitlines()) if status.exists() else {}
peak, now = (int(found.get(name, "0 kB").split()[0]) * 1024 for name in ("VmHWM", "VmRSS"))
print(json.dumps({"modules": list(sys.modules), "peak": peak, "now": now}))
"""
# Loads what another process had loaded, in its order, and nothing more.
IDLE = """
import importlib, json, sys
from contextlib import suppress
for name in json.load(sys.stdin):
    with suppress(Exception):
        importlib.import_module(name)
"""


@dataclass(frozen=True)
class Ended:
    """A process that has ended.

    seconds: from its start to its end, or of the processor; peak, now: bytes, 0 where the system does not tell
    modules: what it had imported, in order
    """

    seconds: float
    peak: int
    now: int
    modules: tuple[str, ...]


def run(code: str, *, cache: Path, given: str = "", cpu: bool = False) -> Ended:
    """Run code in a new Python with a cache folder of its own; raises if it fails."""
    environment = {**os.environ, "CHAINRULE_CACHE": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    before, began = _processor(), perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", code + REPORT], input=given, env=environment, stdout=subprocess.PIPE, text=True,
        check=True,
    )  # fmt: skip
    seconds = _processor() - before if cpu else perf_counter() - began
    told = json.loads(ended.stdout.splitlines()[-1])
    return Ended(seconds, told["peak"], told["now"], tuple(told["modules"]))


def idle(modules: tuple[str, ...], *, cache: Path, cpu: bool = False) -> Ended:
    """A process that imports these modules and does nothing."""
    return run(IDLE, cache=cache, given=json.dumps(modules), cpu=cpu)


def _processor() -> float:
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
