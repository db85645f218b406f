"""Prediction beside other tools: one encoded float32 row at a time, and 60,000 rows in one call.

    python bench/prediction.py --rows 1
    python bench/prediction.py --rows 60000 --threads

The weights are the same; the largest difference of the outputs from ours is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from timing import interleaved, one_thread, repeated

if "--threads" not in sys.argv:
    one_thread()

import bars
import numpy as np
from bars import Bar
from peers.forward import (
    Predict,
    jax_forward,
    job_of,
    model_of,
    onnx_forward,
    ready,
    sklearn_forward,
    torch_forward,
)
from workloads import Job, classifier

import chainrule as cr
from chainrule.derivation import derive
from chainrule.engines.choose import find_engine
from chainrule.engines.engine import Data

OURS, OUTPUTS, ENGINE = "Model.row_predictor", "Model.outputs", "compiled engine, forward"
SINGLE = (
    classifier(2, 4, 1, hidden="tanh"), classifier(4, 16, 3), classifier(2, 16, 16, 2, hidden="tanh"),
    classifier(13, 32, 16, 3), classifier(30, 64, 1), classifier(64, 32, 10), classifier(64, 64, 10),
    classifier(108, 64, 32, 1), classifier(64, 128, 64, 10), classifier(784, 128, 10),
    classifier(784, 512, 256, 10),
)  # fmt: skip
MANY = (
    classifier(64, 64, 10),
    classifier(108, 64, 32, 1),
    classifier(784, 128, 10),
    classifier(784, 512, 256, 10),
)


def peers(job: Job, *, threads: bool) -> dict[str, Predict]:
    """The other tools."""
    return ready({
        "scikit-learn": partial(sklearn_forward, job),
        "PyTorch": partial(torch_forward, job),
        "PyTorch, traced": partial(torch_forward, job, traced=True),
        "JAX": partial(jax_forward, job),
        "ONNX Runtime": partial(onnx_forward, job, threads=threads),
    })  # fmt: skip


def one_row(network: cr.Network, runs: int, clock: Callable[[], float]) -> tuple[str, Bar]:
    """The row of a network in the table, and what is asked of it."""
    job = job_of(network, 1)
    x = job.X
    row, ours = x[0], model_of(job).row_predictor()
    others = peers(job, threads=False)
    expected = ours(row)
    off = max(float(np.abs(predict(x)[0] - expected).max()) for predict in others.values())
    calls: dict[str, Callable[[], Any]] = {OURS: lambda: ours(row)}
    calls |= {name: partial(predict, x) for name, predict in others.items()}
    found = interleaved(runs, {name: repeated(call) for name, call in calls.items()}, clock)
    each = {name: timed.seconds / timed.last for name, timed in found.items()}
    fastest, seconds = bars.best({name: s for name, s in each.items() if name not in (OURS, "JAX")})
    wanted = 3.0 if network.parameter_count <= 5000 else 1.0
    name = f"one row, {'-'.join(map(str, network.sizes))}, {network.parameter_count:,} parameters"
    cells = " | ".join(f"{s * 1e6:.2f}" for s in each.values())
    return f"| {name} | {cells} | {off:.1g} |", Bar(
        name, f"the best peer: {fastest}", seconds / each[OURS], wanted
    )


def many_rows(
    network: cr.Network, count: int, runs: int, clock: Callable[[], float], *, threads: bool
) -> tuple[str, Bar]:
    """The same for many rows in one call."""
    job = job_of(network, count)
    model, data = model_of(job), Data(job.X, np.empty((0, 0)))
    evaluator = find_engine("compiled").evaluator(derive(network), dtype="float32")
    others = peers(job, threads=threads)
    expected = model.outputs(job.X)
    off = max(float(np.abs(predict(job.X) - expected).max()) for predict in others.values())
    calls: dict[str, Callable[[], Any]] = {
        OUTPUTS: lambda: model.outputs(job.X),
        ENGINE: lambda: evaluator(model.parameters, data),
    }
    calls |= {name: partial(predict, job.X) for name, predict in others.items()}
    found = interleaved(runs, calls, clock)
    fastest, seconds = bars.best({name: found[name].seconds for name in others})
    name = f"{count:,} rows, {'-'.join(map(str, network.sizes))}, {'all cores' if threads else 'one core'}"
    cells = " | ".join(f"{timed.seconds * 1e3:.1f}" for timed in found.values())
    bar = Bar(name, f"the best peer: {fastest}", seconds / found[OUTPUTS].seconds, 1.0)
    return f"| {name} | {cells} | {off:.1g} |", bar


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--size", default="", help="a part of the network's sizes, as in 64-10")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    parser.add_argument("--threads", action="store_true", help="all cores, not one")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what is asked for and was found there"
    )
    given = parser.parse_args()
    clock = process_time if given.cpu else perf_counter
    asked: list[Bar] = []
    for network in SINGLE if given.rows == 1 else MANY:
        if given.size not in "-".join(map(str, network.sizes)):
            continue
        if given.rows == 1:
            row, bar = one_row(network, given.runs, clock)
        else:
            row, bar = many_rows(network, given.rows, given.runs, clock, threads=given.threads)
        if not asked:
            ours = [OURS] if given.rows == 1 else [OUTPUTS, ENGINE]
            tools = [*ours, "scikit-learn", "PyTorch", "PyTorch, traced", "JAX", "ONNX Runtime"]
            unit = "µs" if given.rows == 1 else "ms"
            print(f"| {unit} | {' | '.join(tools)} | largest difference |")
            print("|---|" + "---:|" * (len(tools) + 1))
        print(row, flush=True)
        asked.append(bar)
    bars.save(asked, given.json)


if __name__ == "__main__":
    main()
