"""When a run ends before its last epoch, and the best parameters until then."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from numpy.typing import NDArray

from chainrule.learning.checkpoints import Position
from chainrule.learning.history import EpochRecord
from chainrule.learning.settings import Settings

Parameters = Mapping[str, NDArray[Any]]


class Stopping:
    """Watches the loss of each epoch: keeps the best parameters, and says when to stop.

    judged: whether there are held-out rows to judge the parameters by
    """

    def __init__(self, settings: Settings, *, judged: bool) -> None:
        self._settings = settings
        self._keeps = judged or settings.patience is not None
        self.best: Parameters = {}

    def watch(self, record: EpochRecord, at: Position, parameters: Callable[[], Parameters]) -> None:
        """Note an epoch, and its parameters if they are the best so far."""
        if not self._keeps:
            at.best_epoch = at.epoch
        elif record.watched < at.best_loss - self._settings.improvement:
            at.best_loss, at.best_epoch, at.waited = record.watched, at.epoch, 0
            self.best = parameters()
        else:
            at.waited += 1

    def verdict(self, record: EpochRecord, at: Position) -> str:
        """The reason to stop after an epoch, or nothing."""
        settings = self._settings
        if settings.patience is not None and at.waited >= settings.patience:
            watched = "loss" if record.validation_loss is None else "validation loss"
            return (
                f"the {watched} has not improved for {settings.patience} epochs; the best, of epoch "
                f"{at.best_epoch}, is restored"
            )
        length = math.sqrt(sum(norm**2 for norm in record.gradient_norms))
        if settings.tolerance is not None and length < settings.tolerance:
            return f"the gradient's length, {length:.3g}, is below {settings.tolerance:g}"
        return ""
