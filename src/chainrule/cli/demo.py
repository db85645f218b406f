"""`chainrule demo`: a network trained on digits, and one training step worked out."""

from __future__ import annotations

from typing import Any

import click

from chainrule.cli import options, printing, reporting

EXAMPLE = "psyc681-2-2-1"
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
    given, step = worked_step()
    if as_json:
        printing.print_json({"digits": {**found.to_json(), "seconds": trained.run.seconds}, "step": step})
        return
    printing.say(f"{trained.run.epochs} epochs in {trained.run.seconds:.2f} s")
    reporting.measures_table({"train": trained.train, "test": trained.test}, trained.rows)
    reporting.loss_line(trained.run.history)
    printing.say()
    print_step(given, step)
    printing.say("What to try next:")
    for line in (
        "chainrule data",
        "chainrule train iris --layers 8 --rate 0.01 --test 0.25",
        f"chainrule show {EXAMPLE} --rounding round:3",
        "chainrule formulas sigmoid --at 0.47",
        "chainrule train --help",
    ):
        print(f"  {line}")


def worked_step() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """What the step of the example starts from, and each of its lines with its numbers."""
    from chainrule.working.worked.examples import load_example
    from chainrule.working.works import step_of_example

    derivation, step = step_of_example(load_example(EXAMPLE))
    given = {
        name: listed(step[name]) for name in ("x", "y", *(p.name for p in derivation.network.parameters))
    }
    made = []
    for line in derivation:
        value = step.updated[line.symbol] if line.phase == "update" else step[line.symbol]
        made.append(
            {"phase": line.phase, "formula": line.formula, "value": listed(value), "reason": line.reason}
        )
    return given, made


def listed(value: Any) -> Any:
    """A number as it is, an array as nested lists."""
    return value if isinstance(value, float) else value.tolist()


def print_step(given: dict[str, Any], step: list[dict[str, Any]]) -> None:
    """The worked step as plain lines."""
    printing.heading("One training step, worked", "2-2-1, sigmoid, mean squared error, η = 0.1")
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
