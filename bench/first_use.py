"""What the first use costs beyond the imports: where no machine code was made yet, and afterwards.

    python bench/first_use.py

Each figure is the time of a whole process that trains a few steps, less that of a process that only imports
the same modules.
"""

from __future__ import annotations

import argparse
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
layers = [*(cr.Dense(units, "{hidden}") for units in {units}), cr.Dense({outputs}, "{last}")]
run = cr.train(cr.Network({inputs}, layers), X, y, rule="adam", epochs=3, batch={batch}, engine="compiled")
"""
ROW = "run.model.row_predictor()(X[0])\n"


def training(sizes: tuple[int, ...], hidden: str, rows: int, batch: int) -> str:
    """A short run as a program."""
    outputs = sizes[-1]
    return TRAIN.format(
        rows=rows, inputs=sizes[0], classes=max(outputs, 2), hidden=hidden, units=list(sizes[1:-1]),
        outputs=outputs, last="sigmoid" if outputs == 1 else "softmax", batch=batch,
    )  # fmt: skip


TASKS = {
    "xor 2-4-1": training((2, 4, 1), "tanh", 4, 4),
    "digits 64-64-10": training((64, 64, 10), "relu", 256, 32),
    "mnist 784-512-256-10": training((784, 512, 256, 10), "relu", 512, 128),
    "digits 64-64-10, and a row predicted": training((64, 64, 10), "relu", 256, 32) + ROW,
}


def measure(code: str, runs: int, *, cpu: bool) -> tuple[float, float, float]:
    """Seconds of the imports, and beyond them with an empty cache and with a full one; medians."""
    first, again, nothing = [], [], []
    for _ in range(runs):
        with TemporaryDirectory() as folder:
            cache = Path(folder)
            ended = run(code, cache=cache, cpu=cpu)
            first.append(ended.seconds)
            again.append(run(code, cache=cache, cpu=cpu).seconds)
            nothing.append(idle(ended.modules, cache=cache, cpu=cpu).seconds)
    imports = median(nothing)
    return imports, median(first) - imports, median(again) - imports


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--task", default="", help="a word of the task's name")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write what is asked for and was found there"
    )
    given = parser.parse_args()
    asked: list[Bar] = []
    print("| seconds | the imports | first use beyond them | afterwards beyond them |")
    print("|---|---:|---:|---:|")
    for name, code in TASKS.items():
        if given.task not in name:
            continue
        imports, first, again = measure(code, given.runs, cpu=given.cpu)
        print(f"| {name} | {imports:.2f} | {first:.2f} | {again:.2f} |", flush=True)
        asked.append(Bar(name, "first use, empty cache", first, 10, " s", at_most=True))
        asked.append(Bar(name, "first use, code on disk", again, 0.3, " s", at_most=True))
    bars.save(asked, given.json)


if __name__ == "__main__":
    main()
