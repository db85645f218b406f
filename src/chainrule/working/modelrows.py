"""What a working of a model's rows says beside its numbers: the columns they stand for, and where the rule starts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from typing import Any

from chainrule.derivation.lines import Derivation
from chainrule.engines.engine import Data
from chainrule.engines.samples import check_inputs, check_targets
from chainrule.errors import ConfigError
from chainrule.formulas.writing import number_text, symbol_text
from chainrule.learning.codes import NumberCode
from chainrule.learning.model import Model
from chainrule.learning.sources import open_table
from chainrule.working.document import Given, Name, Working
from chainrule.working.entries import Entry, quantity
from chainrule.working.rendering.latex_text import latex_text

__all__ = ["column_labels", "columns_told", "data_of", "fresh_start", "labelled"]

MOST_TOLD = 20


def column_labels(model: Model) -> tuple[str, ...]:
    """What each input of a model stands for: "age, standardised", "job=clerk"; none where it had arrays."""
    if model.encoding is None:
        return ()
    labels: list[str] = []
    for code in model.encoding.columns:
        scaled = isinstance(code, NumberCode) and (code.mean, code.scale) != (0, 1)
        labels += [f"{name}, standardised" if scaled else name for name in code.feature_names]
    return tuple(labels)


def columns_told(labels: Sequence[str]) -> tuple[str, ...]:
    """The inputs in a line of a heading, where they are few."""
    if not labels or len(labels) > MOST_TOLD:
        return ()
    return (f"inputs: {'; '.join(f'{number} is {label}' for number, label in enumerate(labels, start=1))}",)


def fresh_start(derivation: Derivation) -> tuple[str, ...]:
    """That a rule which keeps something does not go on from what it kept in training."""
    if not derivation.state:
        return ()
    kept = {name.partition("_")[0]: start for name, (_, start) in derivation.state.items()}
    told = ", ".join(f"{symbol_text(name)} = {number_text(start)}" for name, start in kept.items())
    counted = ", t = 1" if "t" in derivation.inputs else ""
    return (f"the rule starts afresh here, {told}{counted}: what it kept in training is not in the model",)


def labelled(working: Working, labels: Sequence[str]) -> Working:
    """The working with its inputs called what they stand for: x[1] (age, standardised)."""
    if not labels:
        return working
    given = tuple(_labelled(each, labels) for each in working.given)
    look_up = working.lookup
    if look_up is None:
        return replace(working, given=given)
    return replace(working, given=given, lookup=lambda name: labelled(look_up(name), labels))


def _labelled(given: Given, labels: Sequence[str]) -> Given:
    found = quantity(given.key) if not given.values else None
    if not isinstance(found, Entry) or found.symbol != "x" or not found.index:
        return given
    label, name = labels[found.index[-1] - 1], given.name
    called = Name(
        f"{name.text} ({label})",
        rf"{name.latex}\ \text{{({latex_text(label)})}}",
        f"<mrow>{name.mathml}<mtext> ({escape(label)})</mtext></mrow>",
    )
    return replace(given, name=called)


def data_of(model: Model, x: Any, y: Any) -> tuple[Data, bool]:
    """Rows as a model takes them, and whether they have targets.

    x: (B, I), or for a model trained on a table a table (a file, a data frame, a Table), with its target or not
    Raises InvalidInput (ShapeMismatch, ConfigError) for what does not fit.
    """
    if x is None:
        raise ConfigError("a model needs rows to work on: give x, a row of its inputs for each sample")
    if model.encoding is not None and not (hasattr(x, "tolist") or isinstance(x, list | tuple)):
        if y is not None:
            raise ConfigError("a table has its targets in it: leave y out")
        table = open_table(x)
        if model.encoding.target.name in table.names:
            return model.encode(table, match_labels=True), True
        inputs = model.encoding.features(table, dtype=model.dtype)
        return Data(inputs, inputs[:, :1] * 0), False
    inputs = check_inputs(x, model.network)
    if y is None:
        return Data(inputs, inputs[:, :1] * 0), False
    return Data(inputs, check_targets(y, len(inputs), model.network, model.settings.loss)), True
