"""The equations of a network's training step, as `chainrule show` prints them."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chainrule.cli import printing
from chainrule.derivation import Derivation, Line, derive
from chainrule.errors import ConfigError
from chainrule.files.atomic import quoted
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES
from chainrule.formulas.writing import latex, number_text


def show_equations(path: str, *, rule: str | None, loss: str | None, as_json: bool) -> None:
    """Print the derivation of what a file holds."""
    derivation = derivation_of(path, rule=rule, loss=loss)
    if as_json:
        printing.print_json(derivation_json(derivation))
        return
    print(wrapped(str(derivation), printing.width()))
    if derivation.rule is not None:
        print(f"\nη is the learning rate: {number_text(derivation.rule.parameters['learning_rate'])}.")


def derivation_of(path: str, *, rule: str | None = None, loss: str | None = None) -> Derivation:
    """The derivation of what a file holds; `rule` and `loss` stand in for the file's own.

    Raises ConfigError for a file of another kind, and what its reader raises.
    """
    reader = READERS.get(Path(path).suffix.lower())
    if reader is None:
        kinds = " or ".join(READERS)
        raise ConfigError(f"{quoted(path)} is not a file that can be shown: give one that ends in {kinds}")
    return reader(path, rule, loss)


def _of_network_file(path: str, rule: str | None, loss: str | None) -> Derivation:
    from chainrule.learning.networkfile import read_network

    stated = read_network(path)
    return derive(
        stated.network,
        LOSSES.find(loss) if loss is not None else stated.loss,
        RULES.find(rule) if rule is not None else stated.rule,
        l2=stated.l2,
        clip_norm=stated.clip_norm,
        clip_value=stated.clip_value,
    )


def _of_model(path: str, rule: str | None, loss: str | None) -> Derivation:
    from chainrule.learning.model import Model

    if rule or loss:
        raise ConfigError("a model has its own loss and rule: leave --rule and --loss out")
    return Model.load(path).training_derivation()


READERS: dict[str, Callable[[str, str | None, str | None], Derivation]] = {
    ".toml": _of_network_file,
    ".safetensors": _of_model,
}
"""Ending of a file → what makes a derivation of its path, rule and loss."""


def wrapped(told: str, width: int) -> str:
    """A told derivation with its long lines broken between words, and set in under their first."""
    broken: list[str] = []
    for line in told.split("\n"):
        margin = len(line) - len(line.lstrip())
        hang = " " * (margin + 8 if margin == 3 else margin)
        fits = len(line) <= width
        broken += [line] if fits else textwrap.wrap(
            line, width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
        )  # fmt: skip
    return "\n".join(broken)


def derivation_json(derivation: Derivation) -> dict[str, Any]:
    """A derivation as JSON values."""
    return {
        "network": derivation.network.to_json(),
        "parameters": derivation.network.parameter_count,
        "loss": derivation.loss.spec if derivation.loss else None,
        "rule": derivation.rule.spec if derivation.rule else None,
        "sizes": dict(derivation.sizes),
        "inputs": list(derivation.inputs),
        "constants": dict(derivation.constants),
        "state": {name: {"of": of, "starts_from": start} for name, (of, start) in derivation.state.items()},
        "lines": [_line_json(line) for line in derivation],
    }


def _line_json(line: Line) -> dict[str, Any]:
    return {
        "phase": line.phase,
        "symbol": line.symbol,
        "definition": line.definition.name,
        "arguments": list(line.arguments),
        "formula": line.formula,
        "latex": latex(line.tree),
        "shape": list(line.shape),
        "reason": line.reason,
        "of": line.of,
        "through": line.through,
        "incoming": line.incoming,
    }
