"""Learning-rate schedules: the factor on the base rate at epoch e (from 0) of E.

The factor is constant within an epoch, as with PyTorch's schedulers stepped once an epoch. Factors
multiply, so a warm-up can go before any other schedule.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chainrule.errors import ConfigError
from chainrule.formulas.catalogue import Catalogue, Entry
from chainrule.formulas.definition import Definition, definition
from chainrule.formulas.expression import evaluate
from chainrule.formulas.vocabulary import cos, floor, maximum, minimum, where

SCHEDULES: Catalogue[Schedule] = Catalogue("schedule")


@dataclass(frozen=True, eq=False, repr=False)
class Schedule(Entry):
    """A schedule: the factor as a formula of e, E, the parameters, and its own state where it has one.

    factor:  the factor on the base rate
    state:   name → starting value; empty for schedules that depend on the epoch alone
    updates: (name, its next value as a formula of the state, the parameters and the watched loss), in order
    """

    factor: Definition
    state: Mapping[str, float] = field(default_factory=dict)
    updates: tuple[tuple[str, Definition], ...] = ()

    def factor_at(self, epoch: int, epochs: int, state: Mapping[str, float] | None = None) -> float:
        """The factor on the base rate at an epoch counted from 0.

        >>> SCHEDULES["exponential"](gamma=0.5).factor_at(2, 10)
        0.25
        """
        return float(
            evaluate(self.factor.tree, {**self.parameters, **(state or {}), "e": epoch, "E": epochs})
        )

    def start(self) -> dict[str, float]:
        """The state before the first epoch."""
        return dict(self.state)

    def watch(self, state: Mapping[str, float], loss: float) -> dict[str, float]:
        """The state after an epoch whose (validation) loss was `loss`; assignments are in order."""
        after = {**state, "loss": loss}
        for name, update in self.updates:
            after[name] = float(evaluate(update.tree, {**self.parameters, **after}))
        del after["loss"]
        return after

    def _check(self, name: str, value: Any) -> None:
        super()._check(name, value)
        if value < 0 or (name in ("epochs", "every") and value < 1):
            least = 1 if name in ("epochs", "every") else 0
            raise ConfigError(f"{name} of schedule {self.name} must be at least {least}, but is {value}")


def schedule(
    name: str,
    *,
    factor: Callable[..., Any],
    parameters: Mapping[str, float] | None = None,
    state: Mapping[str, float] | None = None,
    updates: Sequence[tuple[str, Callable[..., Any]]] = (),
    aliases: tuple[str, ...] = (),
    **facts: Any,
) -> Schedule:
    """Define a schedule and put it into the catalogue."""
    made = Schedule(
        name,
        factor=definition(name, factor),
        state=dict(state or {}),
        updates=tuple((target, definition(name, update)) for target, update in updates),
        parameters=dict(parameters or {}),
        **facts,
    )
    return SCHEDULES.register(made, aliases)


constant = schedule("constant", factor=lambda: 1, source="the base rate throughout")

step = schedule(
    "step",
    factor=lambda e, every, gamma: gamma ** floor(e / every),
    parameters={"every": 10, "gamma": 0.1},
    source="PyTorch's StepLR (step_size, gamma)",
)

exponential = schedule(
    "exponential",
    factor=lambda e, gamma: gamma**e,
    parameters={"gamma": 0.95},
    source="PyTorch's ExponentialLR",
)

inverse_time = schedule(
    "inverse_time",
    factor=lambda e, decay: 1 / (1 + decay * e),
    parameters={"decay": 0.1},
    source="Robbins & Monro 1951: rates whose sum diverges and whose squares' sum converges",
)

cosine = schedule(
    "cosine",
    factor=lambda e, E, least: least + (1 - least) * (1 + cos(math.pi * e / E)) / 2,
    parameters={"least": 0.0},
    source="Loshchilov & Hutter 2017, without restarts; PyTorch's CosineAnnealingLR with T_max = E",
)

linear_warmup = schedule(
    "linear_warmup",
    factor=lambda e, epochs: minimum(1, (e + 1) / epochs),
    parameters={"epochs": 5},
    source="Goyal et al. 2017: the rate grows evenly over the first epochs",
    aliases=("warmup",),
)

reduce_on_plateau = schedule(
    "reduce_on_plateau",
    factor=lambda cut: cut,
    parameters={"gamma": 0.1, "patience": 10, "threshold": 1e-4, "least": 0.0},
    state={"best": math.inf, "waited": 0.0, "cut": 1.0},
    updates=[
        ("waited", lambda waited, loss, best, threshold: where(loss < best * (1 - threshold), 0, waited + 1)),
        ("best", lambda loss, best, threshold: where(loss < best * (1 - threshold), loss, best)),
        (
            "cut",
            lambda cut, waited, patience, gamma, least: where(
                waited > patience, maximum(cut * gamma, least), cut
            ),
        ),
        ("waited", lambda waited, patience: where(waited > patience, 0, waited)),
    ],
    source="PyTorch's ReduceLROnPlateau (its factor is gamma, its min_lr least times the base rate)",
    aliases=("plateau",),
)


def find_schedules(spec: str | Schedule | tuple[Schedule, ...]) -> tuple[Schedule, ...]:
    """One or more schedules from writing, joined by " * ".

    >>> [s.name for s in find_schedules("linear_warmup(3) * cosine")]
    ['linear_warmup', 'cosine']
    """
    if isinstance(spec, str):
        return tuple(SCHEDULES.find(part) for part in spec.split("*") if part.strip() or not spec.strip())
    if isinstance(spec, Schedule):
        return (spec,)
    if not isinstance(spec, (list, tuple)):
        raise ConfigError(
            f"a schedule is given by name, such as cosine, or as an entry of SCHEDULES, not as {spec!r}"
        )
    return tuple(SCHEDULES.find(part) for part in spec)
