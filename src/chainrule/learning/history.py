"""What happened in each epoch of a training run."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from chainrule.errors import ModelFileError


@dataclass(frozen=True)
class EpochRecord:
    """One epoch.

    epoch:           counted from 1
    loss:            the mean over the epoch's samples of their batch's loss, without the L2 penalty
    validation_loss: of the held-out rows after the epoch, or None
    measures:        of the held-out rows (accuracy, or RMSE in the targets' units), empty without them
    rate:            the learning rate
    gradient_norms:  for each layer, the root mean square over the epoch's steps of its gradient's length
    seconds:         the time the epoch took
    """

    epoch: int
    loss: float
    validation_loss: float | None
    measures: Mapping[str, float]
    rate: float
    gradient_norms: tuple[float, ...]
    seconds: float

    @property
    def watched(self) -> float:
        """The loss that early stopping watches: the validation loss where there is one."""
        return self.loss if self.validation_loss is None else self.validation_loss


@dataclass
class History:
    """The records of a run, in order.

    >>> history = History([EpochRecord(1, 0.5, None, {}, 0.1, (0.2,), 0.01)])
    >>> len(history), history.losses
    (1, [0.5])
    """

    records: list[EpochRecord] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self.records)

    def __getitem__(self, index: int) -> EpochRecord:
        return self.records[index]

    @property
    def losses(self) -> list[float]:
        """The training loss of each epoch."""
        return [record.loss for record in self.records]

    @property
    def validation_losses(self) -> list[float | None]:
        """The validation loss of each epoch."""
        return [record.validation_loss for record in self.records]

    def to_json(self) -> dict[str, list[Any]]:
        """The history by columns."""
        names = EpochRecord.__dataclass_fields__
        return {name: [getattr(record, name) for record in self.records] for name in names}

    @classmethod
    def from_json(cls, made: Mapping[str, Any]) -> History:
        """The history of `to_json`. Raises ModelFileError for anything else."""
        names = tuple(EpochRecord.__dataclass_fields__)
        if not isinstance(made, Mapping) or set(made) != set(names):
            raise ModelFileError("the history of the model is not one that chainrule writes: train again")
        rows = zip(*(made[name] for name in names), strict=True)
        records = [EpochRecord(**dict(zip(names, row, strict=True))) for row in rows]
        return cls([EpochRecord(**{**asdict(r), "gradient_norms": tuple(r.gradient_norms)}) for r in records])

    def jsonl(self) -> str:
        """One JSON object a line, one line an epoch; a measure that is no finite number is null."""
        return "".join(json.dumps(_json(asdict(record))) + "\n" for record in self.records)


def _json(value: Any) -> Any:
    """The value with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _json(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
