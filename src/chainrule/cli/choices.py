"""What the options of `chainrule train` say, read into the choices that training takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import click

from chainrule.errors import ConfigError

Command = Callable[..., Any]

OPTIONS: tuple[tuple[str, Any, str, str], ...] = (
    ("target", str, "COLUMN", "What to predict: a column's name or number, -1 the last."),
    ("task", str, "KIND", "auto, classify or regress. [auto]"),
    ("layers", str, "UNITS", 'Units of the hidden layers, such as 32,16, or "none". [32,16]'),
    ("activation", str, "NAME", "Of the hidden layers: one, or one each (relu,tanh). [relu]"),
    ("loss", str, "NAME", "auto, mse, mae, huber, crossentropy, … [auto]"),
    ("rule", str, "NAME", "The learning rule: adam, sgd, momentum, perceptron, … [adam]"),
    ("rate", float, "R", "The learning rate. [the rule's own]"),
    ("schedule", str, "NAME", 'Of the rate, such as cosine or "linear_warmup(5) * cosine".'),
    ("epochs", int, "N", "How often all rows are seen. [100]"),
    ("batch", int, "N", "Rows in a step. [32]"),
    (
        "validation",
        float,
        "R",
        "Fraction of the training rows held out to watch. [0.1 with --patience, else 0]",
    ),
    ("patience", int, "N", "Stop after N epochs without a better loss, and restore the best."),
    ("improvement", float, "R", "By how much a loss must be lower to count as better. [0]"),
    ("tolerance", float, "R", "Stop when the gradient's length is below R."),
    ("l2", float, "R", "λ of the penalty λ/2 · Σ W². [0]"),
    ("dropout", float, "R", "Dropout rate after each hidden layer. [0]"),
    ("clip_norm", float, "R", "Greatest length of the gradient."),
    ("clip_value", float, "R", "Greatest size of a gradient's entries."),
    ("class_weight", str, "W", '"balanced", or a weight for each class: 1,2.5'),
    ("missing", str, "HOW", "Missing values: error, drop, mean or mode. [error]"),
    ("scale", str, "HOW", "Numbers: standard(ised) or none, as they are. [standard; none with perceptron]"),
    ("test", str, "FILE|R", "Test rows: a file, or the fraction to hold out."),
    ("delimiter", str, "CHAR", "Between the fields of a text file. [found out]"),
    ("sql", str, "QUERY", "Train on a query's rows; the file is called data in it."),
    ("threshold", float, "R", "With --rule perceptron: a fixed threshold. [learnt]"),
    ("seed", int, "N", "Of weights, shuffles and held-out rows. [0]"),
    ("dtype", str, "TYPE", "float32 or float64. [float32]"),
    ("engine", str, "NAME", "What computes: auto (by the amount of work), numpy or compiled. [auto]"),
)
"""Name, type, metavariable and help of each option; the name is also the key in run.toml."""


def training_options(command: Command) -> Command:
    """Add the options of a training run; the command gets them by name, None where not given."""
    command = click.option("--header/--no-header", default=None, help="The file has a header line, or none.")(
        command
    )
    command = click.option("--shuffle/--no-shuffle", default=None, help="A new order each epoch. [shuffle]")(
        command
    )
    command = click.option(
        "--drop", multiple=True, metavar="COLUMN", help="Leave a column out; may be repeated."
    )(command)
    for name, kind, metavar, told in reversed(OPTIONS):
        flag = "--" + name.replace("_", "-")
        command = click.option(flag, name, type=kind, metavar=metavar, help=told)(command)
    return command


def read_choices(given: Mapping[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """The options given, over those a run file states, in the types that training takes.

    >>> read_choices({"layers": "8,4", "rate": None}, {"rate": 0.5})
    {'rate': 0.5, 'layers': [8, 4]}
    """
    choices = {**stated, **{name: value for name, value in given.items() if value not in (None, ())}}
    for name, reader in _READERS.items():
        if isinstance(choices.get(name), str):
            choices[name] = reader(choices[name])
    if "target" in choices:
        choices["target"] = str(choices["target"])
    if "patience" in choices:
        choices.setdefault("validation", 0.1)
    for name, known in _KNOWN.items():
        _one_of(name, choices, known)
    if "dropout" in choices and not 0 <= choices["dropout"] < 1:
        raise ConfigError(f"--dropout {choices['dropout']:g}: a dropout rate is at least 0 and below 1")
    return choices


_KNOWN: dict[str, tuple[str, ...]] = {
    "task": ("auto", "classify", "regress"),
    "missing": ("error", "drop", "mean", "mode"),
    "scale": ("standard", "none"),
}


def _layers(written: str) -> list[int]:
    if written.strip().lower() in ("none", "0", ""):
        return []
    units = []
    for part in written.split(","):
        if not re.fullmatch(r"\s*[1-9]\d{0,17}\s*", part):
            raise ConfigError(
                f'--layers "{written}": "{part.strip()}" is no number of units: write for example 32,16, or none'
            )
        units.append(int(part))
    return units


def _activations(written: str) -> list[str]:
    """Names between commas, but not between the commas inside brackets."""
    return [part.strip() for part in re.split(r",(?![^(]*\))", written)]


def _class_weight(written: str) -> str | list[float]:
    if written.strip().lower() == "balanced":
        return "balanced"
    try:
        return [float(part) for part in written.split(",")]
    except ValueError:
        raise ConfigError(
            f'--class-weight "{written}": write balanced, or a number for each class, such as 1,2.5'
        ) from None


_READERS: dict[str, Callable[[str], Any]] = {
    "layers": _layers,
    "activation": _activations,
    "class_weight": _class_weight,
}


def _one_of(name: str, choices: Mapping[str, Any], known: tuple[str, ...]) -> None:
    if name in choices and choices[name] not in known:
        raise ConfigError(f'--{name} "{choices[name]}": choose one of {", ".join(known)}')
