"""How long `import chainrule` and `chainrule --help` take on top of bare Python.

Run it with `make bench` or `python bench/bench_startup.py`. The runs are interleaved, so that a busy moment
of the machine falls on all three alike.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

# An installed package has its bytecode; a variable that keeps it from being written would hide that.
CACHING = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

RUNS = 15
BARE = "bare python"
COMMANDS = {
    BARE: ["-c", "pass"],
    "import chainrule": ["-c", "import chainrule"],
    "chainrule --help": [str(Path(sys.executable).with_name("chainrule")), "--help"],
}
BARS_MS = {"import chainrule": 200, "chainrule --help": 150}


def milliseconds(arguments: list[str]) -> float:
    """The wall time of one run of this Python with `arguments`; raises if the run fails."""
    start = perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=CACHING)
    return (perf_counter() - start) * 1000


def medians() -> dict[str, float]:
    """The median time of each command, after one run each that fills the caches of files and bytecode."""
    for arguments in COMMANDS.values():
        milliseconds(arguments)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(RUNS):
        for name, arguments in COMMANDS.items():
            times[name].append(milliseconds(arguments))
    return {name: median(measured) for name, measured in times.items()}


def main() -> None:
    """Print the table."""
    measured = medians()
    print(f"start-up, median of {RUNS} interleaved runs, Python {sys.version.split()[0]}")
    print(f"{BARE:<18}{measured[BARE]:7.1f} ms")
    for name, bar in BARS_MS.items():
        added = measured[name] - measured[BARE]
        verdict = "met" if added <= bar else "missed"
        print(f"{name:<18}{added:7.1f} ms on top   bar {bar} ms   {verdict}")


if __name__ == "__main__":
    main()
