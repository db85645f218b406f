"""How a network is trained: every choice, in one frozen record that the model file keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

import numpy as np

from chainrule.engines.program import as_dtype
from chainrule.errors import ConfigError
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.rules import RULES, Rule
from chainrule.formulas.schedules import Schedule, find_schedules

ClassWeight = Literal["balanced"] | tuple[float, ...] | None


@dataclass(frozen=True)
class Settings:
    """The choices of a training run.

    loss, rule:    entries of their catalogues; the rule holds the base learning rate
    epochs, batch: how often all rows are seen, and how many rows make a step
    shuffle:       a new order of the rows each epoch, drawn from the seed
    schedules:     factors on the base rate
    patience:      stop after this many epochs without a better watched loss, and restore the best; the
                   watched loss is that of the validation rows, or of training where there are none
    improvement:   by how much a loss must be lower to count as better
    tolerance:     stop when the length of the gradient (its root mean square over the epoch) is below this
    l2, clip_norm, clip_value, fused: see `chainrule.derive`
    class_weight:  "balanced" (N / (K · rows of the class), as scikit-learn), a weight for each class, or None
    seed:          of the first weights, the shuffles, the held-out rows and the dropout masks
    dtype:         float32 or float64
    """

    loss: Loss
    rule: Rule
    epochs: int = 100
    batch: int = 32
    shuffle: bool = True
    schedules: tuple[Schedule, ...] = ()
    validation: float = 0.0
    patience: int | None = None
    improvement: float = 0.0
    tolerance: float | None = None
    l2: float = 0.0
    clip_norm: float | None = None
    clip_value: float | None = None
    class_weight: ClassWeight = None
    fused: bool | None = None
    seed: int = 0
    dtype: str = "float32"

    def __post_init__(self) -> None:
        self._check_entries()
        for name in ("epochs", "batch", "patience"):
            _whole(name, getattr(self, name), 1, optional=name == "patience")
        check_seed(self.seed)
        for name in ("improvement", "tolerance", "l2"):
            _at_least_0(name, getattr(self, name), optional=name == "tolerance")
        for name in ("clip_norm", "clip_value"):
            _limit(name, getattr(self, name))
        _truth("shuffle", self.shuffle)
        _truth("fused", self.fused, optional=True)
        _number("validation", self.validation)
        if not 0 <= self.validation < 1:
            raise ConfigError(
                f"validation is the fraction of rows held out, at least 0 and below 1, not {self.validation}"
            )
        if isinstance(self.class_weight, tuple):
            for weight in self.class_weight:
                _at_least_0("class weight", weight)
            if not any(self.class_weight):
                raise ConfigError("all class weights are 0, so nothing would be learnt: give one above 0")
        elif self.class_weight not in (None, "balanced"):
            raise ConfigError(
                'class_weight is "balanced" or a list with a weight for each class, in their order, '
                f"not {self.class_weight!r}"
            )
        if not isinstance(self.dtype, (str, type, np.dtype)):
            raise ConfigError(f"numbers are float32 or float64, not {self.dtype!r}: choose one of them")
        object.__setattr__(self, "dtype", as_dtype(self.dtype).name)

    def _check_entries(self) -> None:
        entries = (("loss", self.loss, Loss), ("rule", self.rule, Rule))
        for name, entry, kind in (*entries, *(("schedule", s, Schedule) for s in self.schedules)):
            if not isinstance(entry, kind):
                raise ConfigError(
                    f"the {name} must be an entry of its catalogue, not {entry!r}: make_settings takes names"
                )
        rate = self.rule.parameters["learning_rate"]
        if not 0 < rate < float("inf"):
            raise ConfigError(
                f"the learning rate must be above 0 and finite, not {rate}: give for example 0.01"
            )

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON values; `from_json` reads them."""
        made = {field.name: getattr(self, field.name) for field in fields(self)}
        made |= {"loss": self.loss.spec, "rule": self.rule.spec}
        made["schedules"] = [schedule.spec for schedule in self.schedules]
        return made

    @classmethod
    def from_json(cls, made: Mapping[str, Any]) -> Settings:
        """The settings of `to_json`. Raises ConfigError for anything else."""
        try:
            weight = made["class_weight"]
            return cls(
                **{
                    **made,
                    "loss": LOSSES.find(made["loss"]),
                    "rule": RULES.find(made["rule"]),
                    "schedules": tuple(s for spec in made["schedules"] for s in find_schedules(spec)),
                    "class_weight": tuple(weight) if isinstance(weight, list) else weight,
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ConfigError(f"these are no settings of a training run: {error}") from error

    def differences(self, other: Settings) -> tuple[str, ...]:
        """The names of the choices in which two runs differ."""
        mine, theirs = self.to_json(), other.to_json()
        return tuple(name for name in mine if mine[name] != theirs[name])


def make_settings(**choices: Any) -> Settings:
    """Settings from names and entries: `loss="mse"`, `rule="adam"`, `rate=0.01`, `schedule="cosine"`, …"""
    choices = {name: v.item() if isinstance(v, np.generic) else v for name, v in choices.items()}
    rule = RULES.find(choices.pop("rule", "adam"))
    rate = choices.pop("rate", None)
    if rate is not None:
        rule = rule(learning_rate=rate)
    schedule = choices.pop("schedule", None)
    weight = choices.pop("class_weight", None)
    weight = weight.tolist() if hasattr(weight, "tolist") else weight
    if isinstance(weight, (list, tuple)):
        weight = tuple(float(w) if type(w) is int else w for w in weight)
    known = {field.name for field in fields(Settings)}
    for name in choices:
        if name not in known:
            from chainrule.errors import unknown

            raise unknown("setting", name, known - {"schedules"} | {"rate", "schedule"})
    return Settings(
        loss=LOSSES.find(choices.pop("loss")),
        rule=rule,
        schedules=find_schedules(schedule) if schedule else (),
        class_weight=weight,
        **choices,
    )


class RatePlan:
    """The learning rate of each epoch: the base rate times the schedules' factors."""

    def __init__(self, settings: Settings) -> None:
        self._base = float(settings.rule.parameters["learning_rate"])
        self._epochs = settings.epochs
        self._schedules = tuple(s for s in settings.schedules if s.name != "constant")
        self.state = [schedule.start() for schedule in self._schedules]

    def rate(self, epoch: int) -> float:
        """The rate of an epoch counted from 0."""
        rate = self._base
        for schedule, state in zip(self._schedules, self.state, strict=True):
            rate *= schedule.factor_at(epoch, self._epochs, state)
        return rate

    def rates(self, epoch: int, count: int) -> list[float]:
        """The rates of some epochs, where no schedule waits to be told how they went."""
        if not self._schedules:
            return [self._base] * count
        return [self.rate(epoch + n) for n in range(count)]

    def watch(self, loss: float) -> None:
        """Tell the schedules how the epoch went."""
        if self._schedules:
            self.state = [s.watch(state, loss) for s, state in zip(self._schedules, self.state, strict=True)]


def check_seed(seed: Any) -> None:
    """Raise ConfigError for what can be no seed."""
    _whole("seed", seed, 0)


def _whole(name: str, value: Any, least: int, *, optional: bool = False) -> None:
    if optional and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise ConfigError(f"{name} must be a whole number, at least {least}, not {value!r}")


def _number(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:
        raise ConfigError(f"{name} must be a number, not {value!r}")


def _truth(name: str, value: Any, *, optional: bool = False) -> None:
    if not isinstance(value, bool) and not (optional and value is None):
        raise ConfigError(f"{name} must be true or false, not {value!r}")


def _limit(name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{name} must be a number, not {value!r}")
    if not 0 < value < float("inf"):
        raise ConfigError(f"a clipping limit must be above 0 and finite, not {value}")


def _at_least_0(name: str, value: Any, *, optional: bool = False) -> None:
    if optional and value is None:
        return
    _number(name, value)
    if not 0 <= value < float("inf"):
        raise ConfigError(f"{name} must not be negative or infinite, but is {value}")
