"""chainrule itself: an engine's trainer alone, and `chainrule.train` with all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from workloads import Job

import chainrule as cr
from chainrule.engines.choose import find_engine
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.threads import enough_threads


def engine(name: str) -> Callable[[Job], Callable[[], float]]:
    """One of chainrule's engines, ready to train; whole runs where it can."""

    def ready(job: Job) -> Callable[[], float]:
        derivation = cr.derive(job.network, job.loss, "adam", integer_targets=not job.binary)
        start = initial_parameters(job.network, 0)
        data = Data(job.X.astype(job.dtype), job.targets)
        trainer = find_engine(name).trainer(derivation, start, data, dtype=job.dtype, key=0)
        zeros = {symbol: np.zeros_like(value) for symbol, value in trainer.state().items()}
        orders = job.orders()

        def train() -> float:
            trainer.load(start, zeros, 0)
            epoch, last = 0, 0.0
            while epoch < job.epochs:
                if hasattr(trainer, "epochs"):
                    block, most = orders.following(epoch)
                    rates = [job.rate] * min(most, job.epochs - epoch)
                    block = None if block is None else block[: len(rates)]
                    sums, _ = trainer.epochs(block, job.batch, rates, 1e9, lambda: False)
                    epoch, last = epoch + len(sums), sums[-1, 0] / sums[-1, 1]
                else:
                    done = trainer.steps(orders.of(epoch), job.batch, 0, job.rate, 1e9, lambda: False)
                    epoch, last = epoch + 1, done.loss / done.samples
            return float(last)

        def held() -> float:
            # As `chainrule.train` decides it.
            with enough_threads(job.network, min(job.batch, len(job.X))):
                return train()

        return held

    return ready


def whole(job: Job) -> Callable[[], float]:
    """`chainrule.train` with everything that belongs to it: the derivation, the history, the last step."""
    choices = {"rule": cr.Adam(job.rate), "epochs": job.epochs, "batch": job.batch, "dtype": job.dtype}
    return lambda: float(cr.train(job.network, job.X, job.y, **choices, engine="compiled").history.losses[-1])
