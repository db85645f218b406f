"""How the cost of a training step grows with batch, width and depth, and that of an epoch with the rows.

    python bench/growth.py --plot bench/plots/growth.svg

Classifiers of 64 inputs and 10 classes in float32, on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, process_time

from timing import interleaved, one_thread

if "--threads" not in sys.argv:
    one_thread()

from peers import OURS, TOOLS
from workloads import Job, classifier, made_up

COMPARED = (OURS, "JAX, the run in one scan", "PyTorch, fused Adam", "scikit-learn")
STEPS = 64


def job(name: str, batch: int, hidden: tuple[int, ...], rows: int) -> Job:
    """One epoch over as many rows."""
    X, y = made_up(rows, 64, 10)
    return Job(name, classifier(64, *hidden, 10), X, y, 0.001, 1, batch, "made up")


# What grows, whether the cost is that of a step, and the job at each size.
SWEEPS: dict[str, tuple[bool, dict[int, Callable[[], Job]]]] = {
    "batch (64-64-10)": (
        True, {n: lambda n=n: job("batch", n, (64,), n * STEPS) for n in (1, 4, 16, 64, 256, 1024)},
    ),
    "width of one hidden layer (batch 32)": (
        True, {n: lambda n=n: job("width", 32, (n,), 32 * STEPS) for n in (4, 16, 64, 256, 1024)},
    ),
    "hidden layers of 64 (batch 32)": (
        True, {n: lambda n=n: job("depth", 32, (64,) * n, 32 * STEPS) for n in (1, 2, 4, 8)},
    ),
    "rows (64-64-10, batch 32)": (
        False, {n: lambda n=n: job("rows", 32, (64,), n) for n in (1024, 4096, 16384, 65536)},
    ),
}  # fmt: skip
Curves = dict[str, list[tuple[int, float]]]


def measure(sizes: dict[int, Callable[[], Job]], runs: int, clock: Callable[[], float]) -> Curves:
    """Seconds of each tool at each size."""
    curves: Curves = {}
    for size, make in sizes.items():
        made = make()
        ready = {}
        for name in COMPARED:
            try:
                ready[name] = TOOLS[name](made)
            except ImportError:
                print(f"{name}: not installed", file=sys.stderr)
        for name, timed in interleaved(runs, ready, clock).items():
            curves.setdefault(name, []).append((size, timed.seconds / made.steps))
    return curves


def table(what: str, each_step: bool, curves: Curves, batch: int = 32) -> str:
    """A sweep as Markdown."""
    sizes = [size for size, _ in next(iter(curves.values()))]
    unit = "µs a step" if each_step else "ms an epoch"
    lines = [f"| {what}, {unit} | {' | '.join(f'{n:,}' for n in sizes)} |", "|---|" + "---:|" * len(sizes)]
    for name, points in curves.items():
        cells = (f"{s * 1e6:.1f}" if each_step else f"{s * 1e3 * -(-n // batch):.2f}" for n, s in points)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def draw(found: dict[str, tuple[bool, Curves]], path: Path) -> None:
    """All sweeps in one drawing; the same figures give the same file."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    style = {"svg.hashsalt": "growth", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9}
    with mpl.rc_context(style):
        figure, grid = pyplot.subplots(2, 2, figsize=(9, 7), layout="constrained")
        for axes, (what, (each_step, curves)) in zip(grid.flat, found.items(), strict=True):
            for name, points in curves.items():
                sizes = [n for n, _ in points]
                costs = [s * 1e6 if each_step else s * 1e3 * -(-n // 32) for n, s in points]
                axes.plot(sizes, costs, marker="o", markersize=3, label=name)
            axes.set(
                xscale="log", yscale="log", xlabel=what, ylabel="µs a step" if each_step else "ms an epoch"
            )
            axes.set_xticks(sizes, [f"{n:,}" for n in sizes])
            axes.minorticks_off()
            axes.grid(alpha=0.3)
        grid.flat[0].legend(frameon=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        pyplot.close(figure)


def main() -> None:
    """Print the tables, and draw them where asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sweep", default="", help="a word of what grows")
    parser.add_argument("--cpu", action="store_true", help="processor time")
    parser.add_argument("--threads", action="store_true", help="all cores, not one")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw all sweeps there, as SVG")
    given = parser.parse_args()
    if given.plot is not None and given.sweep:
        parser.error("--plot draws all sweeps: leave --sweep out")
    found: dict[str, tuple[bool, Curves]] = {}
    for what, (each_step, sizes) in SWEEPS.items():
        if given.sweep in what:
            curves = measure(sizes, given.runs, process_time if given.cpu else perf_counter)
            print(f"\n{table(what, each_step, curves)}", flush=True)
            found[what] = each_step, curves
    if given.plot is not None:
        draw(found, given.plot)


if __name__ == "__main__":
    main()
