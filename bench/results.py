"""Measures everything beside other tools, and writes bench/RESULTS.md.

    make bench                                              # all of it, in an environment of its own
    .venv-bench/bin/python bench/results.py --only prediction   # a part, printed and not written

Every part runs in a process of its own; a part that fails is named, and the others go on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import bars
import machine
from bars import Bar

HERE = Path(__file__).parent
RESULTS, PLOT = HERE / "RESULTS.md", "plots/growth.svg"
UNHURRIED = "numpy engine"
NO_COMPILE = f"{UNHURRIED},torch.compile"


@dataclass(frozen=True)
class Part:
    """A heading, what to know about it, and the script with its arguments; `bars`: whether it has any."""

    name: str
    told: str
    command: tuple[str, ...]
    bars: bool = True

    @property
    def line(self) -> str:
        """The command as it is typed."""
        return " ".join(
            ["bench/" + self.command[0], *(f'"{a}"' if " " in a else a for a in self.command[1:])]
        )


TRAINING = (
    "The same weights first, the same rows in the same order (scikit-learn draws its own order, and has one "
    "output between two classes), the same steps of Adam. *× engine* and *× train*: how many times as long as the "
    "compiled engine alone, and as `chainrule.train` with its checks, history and last step. JAX's and "
    "torch.compile's compilation, and JAX's drawing of the orders, are not counted."
)
PARTS = (
    Part("Training on one core, float32", TRAINING, ("bench_compiled.py", "--without", UNHURRIED)),
    Part(
        "Training on all cores, float32",
        "Every tool with the threads that it takes by itself.",
        ("bench_compiled.py", "--threads", "--without", UNHURRIED),
    ),
    Part(
        "Training on one core, float64: digits", "",
        ("bench_compiled.py", "--dtype", "float64", "--job", "digits", "--without", NO_COMPILE),
    ),
    Part(
        "Training on one core, float64: MNIST", "",
        ("bench_compiled.py", "--dtype", "float64", "--job", "mnist", "--without", NO_COMPILE),
    ),
    Part(
        "Training on all cores, float64: MNIST", "",
        ("bench_compiled.py", "--dtype", "float64", "--job", "512-256", "--threads", "--without", NO_COMPILE),
    ),
    Part(
        "Scalar Python, for scale",
        "Every number an object, as in teaching tools; a few full-batch steps of the same jobs.",
        ("scalar_scale.py",), bars=False,
    ),
    Part(
        "Prediction of one row",
        "A float32 row (I,) in, float32 outputs (O,) out, called from Python; the peers take (1, I).",
        ("prediction.py", "--rows", "1"),
    ),
    Part("Prediction of 60,000 rows, one core", "", ("prediction.py", "--rows", "60000")),
    Part("Prediction of 60,000 rows, all cores", "", ("prediction.py", "--rows", "60000", "--threads")),
    Part(
        "Import and first use",
        "Whole processes, less one that imports the same modules and ends.",
        ("first_use.py",),
    ),
    Part(
        "Peak memory",
        "Of a process that makes its rows and trains on them, above one that has imported the same modules. What must "
        "be held: the rows once, weights, gradients, Adam's two averages, and x, z, a and d of one batch.",
        ("peak_memory.py",),
    ),
    Part(
        "How cost grows",
        f"![cost of a step by batch, width and depth, and of an epoch by rows]({PLOT})",
        ("growth.py", "--plot", f"bench/{PLOT}"), bars=False,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """What a part printed, what was asked of it, and whether it came to its end."""

    part: Part
    text: str
    bars: list[Bar]
    whole: bool


def measure(part: Part, runs: int) -> Found:
    """Run a part; what it says of its own on the error stream is passed on."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "bars.json"
        options = ["--runs", str(runs), *(["--json", str(file)] if part.bars else [])]
        command = [sys.executable, str(HERE / part.command[0]), *part.command[1:], *options]
        ended = subprocess.run(command, cwd=HERE.parent, stdout=subprocess.PIPE, text=True, check=False)
        text = ended.stdout.strip()
        if ended.returncode:
            text = f"{text}\n\nThis part ended with code {ended.returncode} before it was done.".strip()
        return Found(part, text, bars.load(file), not ended.returncode)


def document(found: list[Found], runs: int, loads: tuple[str, str]) -> Iterator[str]:
    """The results as Markdown."""
    yield "# Measured beside other tools\n"
    yield f"Medians of {runs} runs, interleaved between the competitors. `make bench` writes this file; each part has "
    yield "its own command, run by `.venv-bench/bin/python`. Ratios above 1: chainrule is faster.\n"
    yield machine.description()
    yield f"- load at the start {loads[0]}, at the end {loads[1]} (1 is one busy core)\n"
    yield "## What is asked for\n"
    yield bars.table(bar for each in found for bar in each.bars)
    for each in found:
        yield f"\n## {each.part.name}\n"
        yield f"`{each.part.line}`\n"
        if each.part.told:
            yield f"{each.part.told}\n"
        yield each.text


def main() -> int:
    """Measure, print, and write where asked; 1 where a part failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"write {RESULTS.name}")
    parser.add_argument("--only", default="", help="the parts whose heading contains this, in any case")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    chosen = [part for part in PARTS if given.only.lower() in part.name.lower()]
    if given.write and chosen != list(PARTS):
        parser.error("--write needs all parts: leave --only out")
    before, found = machine.load(), []
    for part in chosen:
        began = monotonic()
        print(f"\n## {part.name}: {part.line}\n", flush=True)
        found.append(measure(part, given.runs))
        print(f"{found[-1].text}\n({monotonic() - began:.0f} s)", flush=True)
    text = "\n".join(document(found, given.runs, (before, machine.load()))) + "\n"
    print(f"\n{bars.table(bar for each in found for bar in each.bars)}")
    if given.write:
        RESULTS.write_text(text, encoding="utf-8")
        print(f"\nwrote {RESULTS.relative_to(HERE.parent)}")
    return 0 if all(each.whole for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
