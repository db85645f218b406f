"""`chainrule train --rule perceptron`: a single unit with a threshold, and the story of its training."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.cli import printing, reporting
from chainrule.errors import ConfigError

USED = {"target", "task", "layers", "loss", "rule", "rate", "epochs", "shuffle", "missing", "drop", "test"}
USED |= {"header", "delimiter", "sql", "threshold", "seed"}


def train_on_table(data: str, choices: Mapping[str, Any], out: str, as_json: bool) -> None:
    """Train a perceptron on a table of two classes, tell what happened, and write the model."""
    from chainrule.learning.assessment import assess
    from chainrule.learning.tasks import perceptron_on_table

    unused = sorted(set(choices) - USED)
    if unused or choices.get("layers"):
        names = ", ".join("--" + name.replace("_", "-") for name in unused or ["layers"])
        raise ConfigError(f"the perceptron rule trains one unit, without {names}: leave that out, or use another rule")
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
    printing.heading("Perceptron", f"{model.network}")
    for note in made.notes:
        printing.say(f"  note: {note}")
    printing.say(str(run))
    printing.say()
    reporting.measures_table({name: each.measures for name, each in found.items()}, made.rows)
    printing.say(f"\nThe model is in {out}. Next, for example:")
    print(f"  chainrule info {out}")
