"""Training steps of every kind: activation × loss × rule × weights × L2 × clipping × dropout.

The full product has some 40,000 members, so tests take a covering part of it: every pair (or triple, …) of
choices that go together is in one of its members.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, product
from typing import Any

from chainrule.derivation import Dense, Derivation, Dropout, Network, derive
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES

# How many choices at once are covered in every combination.
STRENGTH = int(os.environ.get("CHAINRULE_GRID", "2"))
CHOICES: dict[str, tuple[Any, ...]] = {
    "activation": tuple(ACTIVATIONS),
    "loss": tuple(LOSSES),
    "rule": tuple(name for name, rule in RULES.items() if rule.needs_gradient),
    "weights": ("none", "samples", "classes", "both"),
    "l2": (0.0, 0.01),
    "clip": (None, "norm", "value"),
    "dropout": (0.0, 0.3),
}
LIMITS = {"norm": {"clip_norm": 0.05}, "value": {"clip_value": 0.02}}


@dataclass(frozen=True)
class Case:
    """One training step of the grid."""

    activation: str
    loss: str
    rule: str
    weights: str
    l2: float
    clip: str | None
    dropout: float

    def __str__(self) -> str:
        return "-".join(str(getattr(self, name)) for name in CHOICES)

    @property
    def network(self) -> Network:
        """Two hidden layers, and the outputs that belong to the loss."""
        loss = LOSSES[self.loss]
        outputs = 1 if loss.targets == "binary" else 3
        hidden: list[Dense | Dropout] = [Dense(5, self.activation), Dense(4, self.activation)]
        if self.dropout:
            hidden = [Dropout(self.dropout), hidden[0], Dropout(self.dropout), hidden[1]]
        return Network(3, [*hidden, Dense(outputs, loss.output)])

    @property
    def options(self) -> dict[str, Any]:
        """What `derive` is given beside network, loss and rule."""
        made: dict[str, Any] = {"l2": self.l2, "sample_weights": self.weights in ("samples", "both")}
        if self.weights in ("classes", "both"):
            made["class_weights"] = (0.5, 2.0, 1.25)[: max(2, self.network.outputs)]
        return {**made, **(LIMITS[self.clip] if self.clip else {})}

    @property
    def lines(self) -> Derivation:
        """The training step."""
        return derive(self.network, self.loss, self.rule, **self.options)


def goes_together(chosen: dict[str, Any]) -> bool:
    """Classes have weights only where the loss is over classes."""
    over_classes = "loss" not in chosen or LOSSES[chosen["loss"]].targets != "numbers"
    return over_classes or chosen.get("weights") not in ("classes", "both")


def covering(strength: int = STRENGTH, seed: int = 0) -> list[Case]:
    """Cases, found greedily, in which every combination of `strength` choices occurs."""
    missing = {
        combination
        for names in combinations(CHOICES, strength)
        for combination in _combinations(names)
        if goes_together(dict(combination))
    }
    rng, cases, waiting = random.Random(seed), [], sorted(missing, key=repr)
    for combination in waiting:
        if combination not in missing:
            continue
        trials = [_completed(dict(combination), rng) for _ in range(30)]
        best = max(trials, key=lambda chosen: len(missing & set(_parts(chosen, strength))))
        missing -= set(_parts(best, strength))
        cases.append(Case(**best))
    return cases


def _combinations(names: tuple[str, ...]) -> Iterator[tuple[tuple[str, Any], ...]]:
    for values in product(*(CHOICES[name] for name in names)):
        yield tuple(zip(names, values, strict=True))


def _parts(chosen: dict[str, Any], strength: int) -> Iterator[tuple[tuple[str, Any], ...]]:
    return combinations(((name, chosen[name]) for name in CHOICES), strength)


def _completed(chosen: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    while True:
        made = {name: chosen.get(name, rng.choice(values)) for name, values in CHOICES.items()}
        if goes_together(made):
            return made
