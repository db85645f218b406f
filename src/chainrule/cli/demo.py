"""`chainrule demo`: a network trained on digits, and one training step worked out."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, reporting

X, Y = [[0.5, 0.3]], [[1.0]]
HIDDEN, OUTPUT = [[0.7, 0.3], [0.4, 0.6]], [[0.55], [0.45]]
RATE = 0.1
FORMULA = 29


@click.command("demo")
@options.as_json
def command(as_json: bool) -> None:
    """Train on handwritten digits, then work one training step of a small network by number."""
    from chainrule.learning.assessment import assess
    from chainrule.learning.tasks import prepare, train_made

    made = prepare("digits", layers=[64, 32], epochs=60, test=0.25)
    if not as_json:
        printing.heading("A network trained on real data", "8 × 8 pictures of handwritten digits")
        reporting.network_table(made.model.network)
    trained = train_made(made)
    found = assess(trained.model, made.test) if made.test is not None else None
    assert found is not None
    step = worked_step()
    if as_json:
        printing.print_json({"digits": {**found.to_json(), "seconds": trained.run.seconds}, "step": step})
        return
    printing.say(f"{trained.run.epochs} epochs in {trained.run.seconds:.2f} s")
    reporting.measures_table({"train": trained.train, "test": trained.test}, trained.rows)
    reporting.loss_line(trained.run.history)
    printing.say()
    print_step(step)
    printing.say("What to try next:")
    for line in (
        "chainrule data",
        "chainrule train iris --layers 8 --rate 0.01 --test 0.25",
        "chainrule show model.safetensors",
        "chainrule formulas sigmoid --at 0.47",
        "chainrule train --help",
    ):
        print(f"  {line}")


def worked_step() -> list[dict[str, Any]]:
    """Each line of one training step of the 2-2-1 network of PSYC681, with its numbers."""
    from chainrule.derivation import Dense, Network, derive
    from chainrule.engines.numpy import NumpyEngine

    layers = [
        Dense(2, "sigmoid", bias=False, weights=HIDDEN),
        Dense(1, "sigmoid", bias=False, weights=OUTPUT),
    ]
    derivation = derive(Network(2, layers), "mse", "gradient_descent")
    step = NumpyEngine().run(derivation, {"x": X, "y": Y, "W1": HIDDEN, "W2": OUTPUT}, rate=RATE)
    made = []
    for line in derivation:
        value = step.updated[line.symbol] if line.phase == "update" else step[line.symbol]
        listed = value if isinstance(value, float) else value.tolist()
        made.append({"phase": line.phase, "formula": line.formula, "value": listed, "reason": line.reason})
    return made


def print_step(step: list[dict[str, Any]]) -> None:
    """The worked step as plain lines."""
    printing.heading("One training step, worked", "2-2-1, sigmoid, mean squared error, η = 0.1")
    given = {"x": X, "y": Y, "W1": HIDDEN, "W2": OUTPUT}
    for name, values in given.items():
        print(f"  {'given' if name == 'x' else '':<16}{name:<{FORMULA}} = {numbers(values)}")
    phase = ""
    for line in step:
        name = line["phase"] if line["phase"] != phase else ""
        phase = line["phase"]
        shown = f"  {name:<16}{line['formula']:<{FORMULA}}"
        value = f" = {numbers(line['value'])}"
        if len(shown + value) > printing.COLUMNS:
            shown = f"{shown.rstrip()}\n{'':<21}"
        print(shown + value)
    print()


def numbers(value: Any) -> str:
    """Numbers to seven digits, a matrix by rows."""
    if isinstance(value, float):
        return printing.number(value, 7)
    rows = value if isinstance(value[0], list) else [value]
    return "[" + "; ".join(" ".join(printing.number(v, 7) for v in row) for row in rows) + "]"
