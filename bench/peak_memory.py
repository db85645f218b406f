"""The peak memory of training above an idle process that has imported the same, beside what must be held.

    python bench/peak_memory.py

What must be held: the rows once, parameters, gradients and the rule's state, and the numbers of one batch.
Reads /proc, so it needs Linux.
"""

from __future__ import annotations

import argparse
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import bars
from bars import Bar
from processes import idle, run

TRAIN = """
import numpy as np
import chainrule as cr
rng = np.random.default_rng(0)
X = rng.random(({rows}, {inputs}), dtype=np.float32)
y = rng.integers(0, {classes}, {rows})
layers = [*(cr.Dense(units, "relu") for units in {units}), cr.Dense({outputs}, "{last}")]
cr.train(cr.Network({inputs}, layers), X, y, rule="adam", epochs=1, batch={batch}, engine="compiled")
"""
MEGA = 2**20


def training(sizes: tuple[int, ...], rows: int, batch: int) -> str:
    """A run as a program."""
    return TRAIN.format(
        rows=rows, inputs=sizes[0], classes=max(sizes[-1], 2), units=list(sizes[1:-1]), outputs=sizes[-1],
        last="sigmoid" if sizes[-1] == 1 else "softmax", batch=batch,
    )  # fmt: skip


def needed(sizes: tuple[int, ...], rows: int, batch: int) -> int:
    """Bytes that must be held: data (float32 rows, int64 targets), W, dW, m and v, and x, z, a, d of a batch."""
    parameters = sum((i + 1) * o for i, o in pairwise(sizes))
    data = rows * (sizes[0] * 4 + 8)
    return data + 4 * 4 * parameters + 4 * batch * (sizes[0] + 3 * sum(sizes[1:]))


TASKS = (
    ((108, 64, 32, 1), 200_000, 128),
    ((784, 512, 256, 10), 60_000, 128),
    ((1024, 2048, 2048, 10), 20_000, 256),
)


def measure(sizes: tuple[int, ...], rows: int, batch: int, runs: int) -> float:
    """Bytes above the idle process; the median."""
    found = []
    code = training(sizes, rows, batch)
    with TemporaryDirectory() as folder:
        cache = Path(folder)
        run(code, cache=cache)
        for _ in range(runs):
            ended = run(code, cache=cache)
            found.append(ended.peak - idle(ended.modules, cache=cache).now)
    return median(found)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", default="", help="a part of the network's sizes, as in 64-10")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what is asked for and was found there"
    )
    given = parser.parse_args()
    if not Path("/proc/self/status").exists():
        print("not measured: it needs Linux")
        return
    asked: list[Bar] = []
    print("| MiB | peak above idle | must be held | of it the rows | ratio |")
    print("|---|---:|---:|---:|---:|")
    for sizes, rows, batch in TASKS:
        name = f"{'-'.join(map(str, sizes))}, {rows:,} rows, batch {batch}"
        if given.size not in name:
            continue
        peak, least = measure(sizes, rows, batch, given.runs), needed(sizes, rows, batch)
        data = rows * (sizes[0] * 4 + 8)
        print(
            f"| {name} | {peak / MEGA:.0f} | {least / MEGA:.0f} | {data / MEGA:.0f} | {peak / least:.2f} |",
            flush=True,
        )
        asked.append(Bar(name, "peak memory", peak / least, 1.2, at_most=True))
    bars.save(asked, given.json)


if __name__ == "__main__":
    main()
