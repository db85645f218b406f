"""When training leaves the finite numbers: where, at which line, and what usually helps."""

from __future__ import annotations

import numpy as np

from chainrule.derivation import Derivation
from chainrule.engines.engine import Step
from chainrule.learning.checkpoints import Position

HELP = "a smaller learning rate usually helps (it is {rate:g}: try {less:g}), or clipping the gradient"


def diagnose(step: Step, derivation: Derivation, at: Position, rate: float) -> str:
    """One sentence: epoch, batch, the first line that went bad, what to do."""
    where = f"training diverged in epoch {at.epoch + 1}, batch {at.batch + 1}"
    advice = HELP.format(rate=rate, less=rate / 10)
    for parameter in derivation.network.parameters:
        if not np.all(np.isfinite(step[parameter.name])):
            return f"{where}: {parameter.name} was no longer finite after the update before; {advice}"
    for line in derivation:
        if line.phase != "update" and not np.all(np.isfinite(step[line.symbol])):
            value = np.asarray(step[line.symbol]).ravel()
            bad = value[~np.isfinite(value)][0]
            return f"{where}: the first line to go bad is {line.formula}, which gave {bad}; {advice}"
    return f"{where}: the loss rose to {float(np.asarray(step['C'])):.3g}, far above its start; {advice}"
