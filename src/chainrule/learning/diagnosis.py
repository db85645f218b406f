"""When training leaves the finite numbers: where, at which line, and what usually helps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.derivation import Derivation
from chainrule.engines.engine import Step
from chainrule.learning.checkpoints import Position

HELP = "a smaller learning rate usually helps (it is {rate:g}: try {less:g}), or clipping the gradient"


def diagnose(step: Step, derivation: Derivation, at: Position, rate: float) -> str:
    """One sentence: epoch, batch, the first line that went bad, what to do."""
    where = f"training diverged in epoch {at.epoch + 1}, batch {at.batch + 1}"
    advice = HELP.format(rate=rate, less=rate / 10)
    if (broken := first_broken({p.name: step[p.name] for p in derivation.network.parameters})) is not None:
        return f"{where}: {broken} was no longer finite after the update before; {advice}"
    for line in derivation:
        if line.phase != "update" and not np.all(np.isfinite(step[line.symbol])):
            value = np.asarray(step[line.symbol]).ravel()
            bad = value[~np.isfinite(value)][0]
            return f"{where}: the first line to go bad is {line.formula}, which gave {bad}; {advice}"
    for name in derivation.gradients.values():
        gradient = np.asarray(step[name])
        largest = float(np.abs(gradient).max())
        if largest > math.sqrt(np.finfo(gradient.dtype).max / gradient.size):
            return f"{where}: {name} has grown to {largest:.3g}, too large to go on with; {advice}"
    return f"{where}: the loss rose to {float(np.asarray(step['C'])):.3g}, far above its start; {advice}"


def diagnose_end(broken: str, at: Position, rate: float) -> str:
    """The same for a run whose very last update went bad, so that no further step could show it."""
    advice = HELP.format(rate=rate, less=rate / 10)
    return f"training diverged in epoch {at.epoch}: {broken} was no longer finite after the last update; {advice}"


def first_broken(parameters: Mapping[str, Any]) -> str | None:
    """The name of the first array that holds a number which is not finite."""
    return next((name for name, array in parameters.items() if not np.all(np.isfinite(array))), None)
