"""What is to be worked: a training step of a network, its numbers as given, and how an engine takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.derivation import Derivation
from chainrule.engines.engine import Step as EngineStep
from chainrule.engines.numpy import NumpyEngine
from chainrule.working.names.notation import Notation
from chainrule.working.rendering.pytorch import pytorch_script
from chainrule.working.scalars import is_drawn

__all__ = ["Task"]


@dataclass(frozen=True)
class Task:
    """A step to be worked.

    values: as given, by symbol; rate: η; remarks: further lines of the heading
    """

    derivation: Derivation
    values: Mapping[str, Any]
    rate: Any
    passes: int
    title: str
    notation: str | Notation
    remarks: tuple[str, ...] = ()

    @property
    def float_rate(self) -> float | None:
        """η for an engine."""
        return float(self.rate) if self.rate is not None else None

    @property
    def draws(self) -> bool:
        """Whether dropout draws random numbers."""
        return any(is_drawn(line.tree) for line in self.derivation)

    def engine_steps(self) -> list[EngineStep]:
        """The passes as the NumPy engine computes them in float64."""
        values = _floats(self.derivation, self.values)
        state: dict[str, Any] = {}
        steps = []
        for number in range(1, self.passes + 1):
            step = NumpyEngine().run(self.derivation, values, state=state, rate=self.float_rate, step=number)
            steps.append(step)
            values |= {
                p.name: step.updated[p.name] for p in self.derivation.trained if p.name in step.updated
            }
            state = {name: step.updated[name] for name in self.derivation.state}
        return steps

    def script(self) -> str:
        """The first pass as a PyTorch script."""
        step = self.engine_steps()[0]
        return pytorch_script(self.derivation, step, rate=self.float_rate, title=self.title)


def _floats(derivation: Derivation, values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of any kind of number as float64 arrays; those of the network where none are given."""
    made = {name: np.asarray(value, dtype=object).astype(np.float64) for name, value in values.items()}
    for parameter in derivation.network.parameters:
        if isinstance(parameter.start, tuple):
            made.setdefault(parameter.name, np.array(parameter.start, dtype=np.float64))
    return made
