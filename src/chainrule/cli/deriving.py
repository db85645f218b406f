"""The slope of an activation or a loss derived step by step, as `chainrule formulas NAME --derive` prints it."""

from __future__ import annotations

import textwrap
from math import pi as constant_pi
from math import sqrt
from typing import Any

from chainrule.cli import printing
from chainrule.errors import ConfigError
from chainrule.formulas.activations import Activation
from chainrule.formulas.catalogue import Entry
from chainrule.formulas.losses import Loss
from chainrule.formulas.writing import Form, write

__all__ = ["show_derived"]


def show_derived(entries: list[tuple[str, Entry]], name: str, form: Form, *, as_json: bool) -> None:
    """Print how the slope of the entry of that name comes about.

    Raises ConfigError for what has no slope, and InvalidInput for softmax, which has a Jacobian.
    """
    from chainrule.working.algebra.differentiation import derive_slope

    entry = next((entry for _, entry in entries if isinstance(entry, Activation | Loss)), None)
    if entry is None:
        raise ConfigError(f"{name} has no slope to derive: --derive takes an activation function or a loss")
    found = derive_slope(entry)
    steps = [{"form": _named(write(step.tree, form), form), "rule": step.rule} for step in found.steps]
    value = _named(write(found.value, form), form)
    if as_json:
        facts: dict[str, Any] = {"name": found.name, "value": value, "wrt": found.wrt, "steps": steps}
        printing.print_json({**facts, "kinks": list(found.kinks), "agrees": found.agrees})
        return
    printing.heading(f"d {found.name} / d{found.wrt}", "step by step")
    print(_set_in(f"{found.name}({found.wrt}) = {value}", 2))
    for number, step in enumerate(steps):
        print()
        print(_set_in(f"{'slope' if number == 0 else '     '} = {step['form']}", 2, hang=8))
        print(_set_in(step["rule"], 10))
    for kink in found.kinks:
        print()
        print(_set_in(kink, 2))


def _named(written: str, form: Form) -> str:
    """A formula with √2 and π by their names, not digit for digit."""
    if form == "mathml":
        return written
    root, pi = (r"\sqrt{2}", r"\pi") if form == "latex" else ("√2", "π")
    return written.replace(repr(sqrt(2)), root).replace(repr(constant_pi), pi)


def _set_in(text: str, margin: int, hang: int = 0) -> str:
    """Text wrapped to the output's width, set in by a margin, later lines by `hang` more."""
    return textwrap.fill(
        text,
        printing.width(),
        initial_indent=" " * margin,
        subsequent_indent=" " * (margin + hang),
        break_long_words=False,
        break_on_hyphens=False,
    )
