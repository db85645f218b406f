"""Scalar Python beside the compiled engine, for scale: a few full-batch steps of the same jobs.

    python bench/scalar_scale.py

Both begin with the same weights and take the same steps; the losses of the last step are printed.
"""

from __future__ import annotations

import argparse
from time import perf_counter

from timing import interleaved, one_thread

if __name__ == "__main__":
    one_thread()

from peers import OURS, TOOLS
from peers.scalar import scalar_loop
from workloads import jobs

# About a second of scalar Python each.
STEPS = {"xor": 200, "spirals 2-16-16-2, batch 32": 10, "digits": 1}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    print("| workload | steps | scalar Python, µs a step | compiled engine, µs a step | × | losses |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, steps in STEPS.items():
        (job,) = jobs(name)
        short, long = job.cut(steps), job.cut(1000)
        same, timed = TOOLS[OURS](short)(), TOOLS[OURS](long)
        found = interleaved(given.runs, {"scalar": scalar_loop(short), "ours": timed}, perf_counter)
        scalar, ours = found["scalar"].seconds / steps, found["ours"].seconds / long.epochs
        print(
            f"| {job.name} | {steps} | {scalar * 1e6:,.0f} | {ours * 1e6:.2f} | {scalar / ours:,.0f} "
            f"| {found['scalar'].last:.5g} and {same:.5g} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
