"""How fast the compiled engine trains beside other tools, and beside the bare matrix products of a step.

All start from the same weights, see the same rows in the same order and take the same steps of the same
rule; the last losses are printed, so that nobody wins by doing less. JAX runs in its best form: the whole run
in one compiled scan. `make bench` writes bench/RESULTS.md; run this file for a part of it:

    python bench/bench_compiled.py --job digits --runs 9 --without JAX,scikit

Tools that are not installed are left out. `--cpu` measures processor time, for a machine that others use too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from timing import Timed, interleaved, one_thread

if "--threads" not in sys.argv:
    one_thread()

import bars
from bars import Bar
from peers import BARE, BARE_NUMPY, OURS, TOOLS, WHOLE
from workloads import Job, jobs

PRODUCTS = (BARE, BARE_NUMPY)
# Below it the products are no part worth measuring.
SMALLEST_FOR_PRODUCTS = 50_000


@dataclass(frozen=True)
class Measured:
    """A job, and what every tool took for it and came to."""

    job: Job
    tools: Mapping[str, Timed]

    def ratio(self, name: str, ours: str = OURS) -> float:
        """How many times as long as ours a tool takes."""
        return self.tools[name].seconds / self.tools[ours].seconds

    def table(self) -> str:
        """As Markdown; the ratios are to the engine alone, and to all of `chainrule.train`."""
        job = self.job
        lines = [
            f"| {job.name}, {job.dtype}, {job.steps:,} steps ({job.data}) "
            "| seconds | µs a step | × engine | × train | last loss |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        for name, got in self.tools.items():
            ratios = [f"{self.ratio(name, o):.2f}" if o in self.tools else "–" for o in (OURS, WHOLE)]
            loss = "–" if name in PRODUCTS else f"{got.last:.5g}"
            lines.append(
                f"| {name} | {got.seconds:.4f} | {got.seconds / job.steps * 1e6:.2f} "
                f"| {' | '.join(ratios)} | {loss} |"
            )
        return "\n".join(lines)

    def bars(self, *, threads: bool) -> list[Bar]:
        """What is asked of this job; nothing where a tool that it needs was left out."""
        peers = {n: t.seconds for n, t in self.tools.items() if n not in PRODUCTS and "chainrule" not in n}
        if OURS not in self.tools or not peers:
            return []
        name = f"{self.job.name}, {self.job.dtype}, {'all cores' if threads else 'one core'}"
        fastest, _ = bars.best(peers)
        found = [Bar(name, f"the best peer: {fastest}", self.ratio(fastest), self.wanted(threads=threads))]
        if "xor" in name or "spirals" in name:
            slow = {n: s for n, s in peers.items() if "PyTorch" in n or "scikit" in n}
            if slow:
                next_best, _ = bars.best(slow)
                found.append(Bar(name, next_best, self.ratio(next_best), 30))
        bare, wanted = (BARE_NUMPY, 1.2) if threads else (BARE, 0.88)
        if bare in self.tools and "512-256" in name:
            found.append(Bar(name, bare, self.ratio(bare), wanted))
        return found

    def wanted(self, *, threads: bool) -> float:
        """How many times as fast as the best peer: for the largest network it is asked for on all cores."""
        if "xor" in self.job.name or "spirals" in self.job.name:
            return 2.0
        if "mnist" in self.job.name:
            return 1.3 if threads else 1.0
        return 1.5


def measure(job: Job, tools: list[str], runs: int, clock: Callable[[], float]) -> Measured:
    """One job by every tool."""
    ready: dict[str, Callable[[], float]] = {}
    for name in tools:
        if name in PRODUCTS and job.network.parameter_count < SMALLEST_FOR_PRODUCTS:
            continue
        try:
            ready[name] = TOOLS[name](job)
        except ImportError:
            print(f"{name}: not installed", file=sys.stderr)
    return Measured(job, interleaved(runs, ready, clock))


def main() -> None:
    """Time the jobs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--job", default="", help="a word of the job's name")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"))
    parser.add_argument("--without", default="", help="tools to leave out: words, separated by commas")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    parser.add_argument("--threads", action="store_true", help="all cores, not one")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what is asked for and was found there"
    )
    given = parser.parse_args()
    left_out = [word for word in given.without.split(",") if word]
    tools = [name for name in TOOLS if not any(word in name for word in left_out)]
    found: list[Bar] = []
    for job in jobs(given.job, given.dtype):
        measured = measure(job, tools, given.runs, process_time if given.cpu else perf_counter)
        print(f"\n{measured.table()}", flush=True)
        found += measured.bars(threads=given.threads)
    bars.save(found, given.json)


if __name__ == "__main__":
    main()
