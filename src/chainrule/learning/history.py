"""What happened in each epoch of a training run."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError

# Held while the records of a history are made of its columns: threads may ask for them at once. One for all,
# so that histories can be copied and pickled.
_MAKING = RLock()


@dataclass(frozen=True)
class EpochRecord:
    """One epoch.

    epoch:           counted from 1
    loss:            the mean over the epoch's samples of their batch's loss, without the L2 penalty
    validation_loss: of the held-out rows after the epoch, weighted as in training, or None
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


@dataclass(frozen=True, eq=False)
class EpochColumns:
    """Consecutive epochs without held-out rows, by columns.

    first: the number of the first; losses: (epochs,); gradient_norms: (epochs, layers)
    rates: at least one an epoch; seconds: the time that one took
    """

    first: int
    losses: NDArray[np.float64]
    gradient_norms: NDArray[np.float64]
    rates: Sequence[float]
    seconds: float

    def __len__(self) -> int:
        return len(self.losses)

    @property
    def last(self) -> EpochRecord:
        """The record of the last of them."""
        at = len(self.losses) - 1
        norms, loss = tuple(self.gradient_norms[at].tolist()), float(self.losses[at])
        return EpochRecord(self.first + at, loss, None, {}, self.rates[at], norms, self.seconds)

    def records(self) -> Iterator[EpochRecord]:
        """A record for each epoch."""
        rows = zip(self.losses.tolist(), self.gradient_norms.tolist(), self.rates, strict=False)
        for epoch, (loss, norms, rate) in enumerate(rows, start=self.first):
            yield EpochRecord(epoch, loss, None, {}, rate, tuple(norms), self.seconds)


class History:
    """The records of a run, in order.

    >>> history = History([EpochRecord(1, 0.5, None, {}, 0.1, (0.2,), 0.01)])
    >>> len(history), history.losses
    (1, [0.5])
    """

    def __init__(self, records: Iterable[EpochRecord] = ()) -> None:
        self._records = list(records)
        # Thousands of short epochs are made into records when somebody looks.
        self._waiting: list[EpochColumns] = []

    @property
    def records(self) -> list[EpochRecord]:
        """The records, as a list that may be added to."""
        if self._waiting:
            with _MAKING:
                made = [record for columns in self._waiting for record in columns.records()]
                self._records.extend(made)
                self._waiting.clear()
        return self._records

    def extend(self, columns: EpochColumns) -> None:
        """Add epochs given by columns."""
        if len(columns):
            self._waiting.append(columns)

    @property
    def latest(self) -> EpochRecord:
        """The last record, read without making the others."""
        with _MAKING:
            return self._waiting[-1].last if self._waiting else self._records[-1]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, History) and self.records == other.records

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"History({self.records!r})"

    def __len__(self) -> int:
        with _MAKING:
            return len(self._records) + sum(map(len, self._waiting))

    def __iter__(self) -> Iterator[EpochRecord]:
        return iter(self.records)

    def __getitem__(self, index: int) -> EpochRecord:
        return self.records[index]

    @property
    def losses(self) -> list[float]:
        """The training loss of each epoch, read without making records."""
        with _MAKING:
            losses = [record.loss for record in self._records]
            for columns in self._waiting:
                losses.extend(columns.losses.tolist())
        return losses

    @property
    def rates(self) -> list[float]:
        """The learning rate of each epoch, read without making records."""
        with _MAKING:
            rates = [record.rate for record in self._records]
            for columns in self._waiting:
                rates.extend(columns.rates[: len(columns)])
        return rates

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
        if any(not isinstance(made[name], (list, tuple)) for name in names):
            raise ModelFileError("a column of the model's history is no list: train again")
        if len(lengths := {len(made[name]) for name in names}) > 1:
            raise ModelFileError(
                f"the columns of the model's history have different lengths ({sorted(lengths)}): train again"
            )
        for name, is_right in _COLUMNS.items():
            for number, value in enumerate(made[name], start=1):
                if not is_right(value) or (name == "epoch" and value != number):
                    raise ModelFileError(
                        f"epoch {number} of the model's history has {value!r} as its {name}: train again"
                    )
        rows = (dict(zip(names, row, strict=True)) for row in zip(*(made[n] for n in names), strict=True))
        return cls([EpochRecord(**{**row, "gradient_norms": tuple(row["gradient_norms"])}) for row in rows])

    def jsonl(self) -> str:
        """One JSON object a line, one line an epoch; a measure that is no finite number is null."""
        return "".join(json.dumps(_json(asdict(record))) + "\n" for record in self.records)


def is_number(value: object) -> bool:
    """True for a number as a file holds it; it may be infinite or NaN."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_numbers(value: object) -> bool:
    """True for names with a number each."""
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and is_number(number) for name, number in value.items()
    )


_COLUMNS: Mapping[str, Callable[[Any], bool]] = {
    "epoch": lambda value: is_number(value) and isinstance(value, int),
    "loss": is_number,
    "validation_loss": lambda value: value is None or is_number(value),
    "measures": is_numbers,
    "rate": is_number,
    "gradient_norms": lambda value: isinstance(value, (list, tuple)) and all(map(is_number, value)),
    "seconds": is_number,
}


def _json(value: Any) -> Any:
    """The value with null for what JSON has no number for."""
    if isinstance(value, dict):
        return {name: _json(part) for name, part in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
