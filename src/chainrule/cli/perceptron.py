"""`chainrule train --rule perceptron`: a single unit with a threshold, and the story of its training."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli import printing, reporting

if TYPE_CHECKING:
    from chainrule.learning.perceptron import PerceptronRun

# The trace is a table of its first presentations, for at most so many inputs.
SHOWN, MOST_INPUTS = 12, 4


def train_on_table(data: str, choices: Mapping[str, Any], out: str, as_json: bool) -> None:
    """Train a perceptron on a table of two classes, tell what happened, and write the model."""
    from chainrule.learning.assessment import assess
    from chainrule.learning.perceptron_task import perceptron_on_table

    model, run, made = perceptron_on_table(data, **choices)
    model.save(out)
    found = {"train": assess(model, made.train)}
    if made.test is not None:
        found["test"] = assess(model, made.test)
    if as_json:
        facts = ("converged", "epochs", "updates", "cycle", "bound", "threshold")
        printing.print_json(
            {
                "train": found["train"].to_json(),
                "validation": None,
                "test": found["test"].to_json() if "test" in found else None,
                "rows": made.rows,
                **{name: getattr(run, name) for name in facts},
                "weights": dict(zip(run.names, run.weights.tolist(), strict=True)),
                "story": str(run),
                "parameters": model.network.parameter_count,
                "model": str(Path(out).absolute()),
                "digest": model.digest,
                "notes": list(made.notes),
            }
        )
        return
    assert model.encoding is not None
    target = model.encoding.target.name
    printing.heading("Perceptron", f"{model.network}")
    for note in made.notes:
        printing.say(f"  note: {note}")
    trace_table(run)
    printing.say(str(run))
    printing.say()
    reporting.measures_table({name: each.measures for name, each in found.items()}, made.rows)
    printing.say(f"\nThe model is in {out}. Next, for example:")
    print(f"  chainrule info {out}")
    if run.learnt and not run.converged:
        asked = shlex.join(["chainrule", "train", data, "--target", target])
        print(f"  {asked} --layers 4 --activation tanh --rate 0.01")


def trace_table(run: PerceptronRun) -> None:
    """The first presentations, one a row, where the inputs are few enough to read."""
    if len(run.names) > MOST_INPUTS:
        return
    shown = run.trace[:SHOWN]
    rows = [
        [
            str(row.epoch),
            str(row.sample),
            _numbers(row.x),
            str(row.target),
            str(row.output),
            str(row.error),
            _numbers(row.weights_after),
            _numbers([row.threshold_after]),
        ]
        for row in shown
    ]
    more = f", the first {len(shown)} of {run.presentations:,}" if run.presentations > len(shown) else ""
    printing.say(f"Presentations{more}; the weights and the threshold θ are those after each")
    headings = ["epoch", "row", ", ".join(run.names), "y", "ŷ", "y − ŷ", "weights", "θ"]
    printing.table(headings, rows, right=[0, 1, 3, 4, 5])
    printing.say()


def _numbers(values: Iterable[float]) -> str:
    return "  ".join(printing.number(value, 4) for value in values)
