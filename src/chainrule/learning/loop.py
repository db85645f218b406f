"""The training loop: epochs of steps, watched, checkpointed, and stopped for a stated reason."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from time import monotonic
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Network
from chainrule.engines.choose import choose_engine, load_products
from chainrule.engines.engine import Data, Engine, EpochsTrainer, Trainer
from chainrule.engines.sparse import SparseRows
from chainrule.engines.threads import enough_threads
from chainrule.errors import Divergence
from chainrule.files.atomic import remove_leftovers
from chainrule.learning.capacity import check_memory
from chainrule.learning.checkpoints import Checkpoint, Keeper, Position, fingerprint
from chainrule.learning.diagnosis import diagnose, diagnose_end, first_broken
from chainrule.learning.history import EpochColumns, EpochRecord, History
from chainrule.learning.interrupts import stop_on_interrupt
from chainrule.learning.model import Model
from chainrule.learning.objective import class_weights, training_lines
from chainrule.learning.orders import Orders
from chainrule.learning.provenance import made_with
from chainrule.learning.replay import Replay, begin_training, in_dtype
from chainrule.learning.run import LastStep, Run
from chainrule.learning.settings import RatePlan, Settings
from chainrule.learning.snapshots import KeptFile, Snapshots
from chainrule.learning.stopping import Stopping
from chainrule.learning.unchanged import Unchanged
from chainrule.learning.validation import Validation

Array = NDArray[Any]
Callback = Callable[[EpochRecord], Any]
# Seconds after which progress is told, Ctrl-C heard and a checkpoint thought of.
SLICE = 0.1


def train_prepared(
    network: Network,
    data: Data,
    held_out: Data | None,
    settings: Settings,
    *,
    model: Model | None = None,
    callbacks: Sequence[Callback] = (),
    progress: Callback | None = None,
    keeper: Keeper | None = None,
    resume: bool = False,
    engine: str = "auto",
    given: Unchanged | None = None,
) -> Run:
    """Train on data that is checked and split; `model` brings the encoding that scores are taken by.

    `callbacks` get the record of every epoch; `progress` gets one several times a second, the latest.
    given: what X was, where it belongs to the caller, who might change it before a replay
    """
    entries = len(data.X.values) if isinstance(data.X, SparseRows) else None
    chosen = choose_engine(engine, network, len(data.X), settings.batch, settings.epochs, entries)
    check_memory(network, settings, len(data.X))
    load_products(chosen, network, min(settings.batch, len(data.X)))
    if keeper is not None:
        remove_leftovers(keeper.path)
    with stop_on_interrupt() as pressed, enough_threads(network, min(settings.batch, len(data.X))):
        loop = _Loop(network, data, held_out, settings, model, chosen, keeper, pressed, given)
        if resume and keeper is not None and keeper.path.exists():
            loop.resume(Checkpoint.load(keeper.path))
        return loop.run(tuple(callbacks), progress)


class _Loop:
    """One training run, from its first step or a checkpoint to its end."""

    def __init__(
        self,
        network: Network,
        data: Data,
        held_out: Data | None,
        settings: Settings,
        model: Model | None,
        engine: Engine,
        keeper: Keeper | None,
        pressed: Callable[[], bool],
        given: Unchanged | None,
    ) -> None:
        self.network, self.data, self.held_out, self.asked = network, data, held_out, settings
        self.settings = replace(settings, class_weight=class_weights(network, data, settings))
        self.engine, self.keeper, self.pressed, self.given = engine, keeper, pressed, given
        self.derivation = training_lines(network, data, self.settings)
        self.notes: list[str] = []
        self.history = History()
        self.at = Position(squares=[0.0] * len({p.layer for p in self.derivation.trained}))
        self.stopping = Stopping(self.settings, judged=held_out is not None)
        self.stepped = False
        self.rates = RatePlan(settings)
        self.orders = Orders(len(data.X), settings.batch, settings.seed, settings.shuffle)
        self.rows = in_dtype(data, settings.dtype)
        self.trainer: Trainer = begin_training(engine, self.derivation, self.rows, settings)
        self.takes_epochs = isinstance(self.trainer, EpochsTrainer)
        self.snapshots = Snapshots(self.derivation, settings.dtype)
        self.saved: int | None = None
        self.tell = 0.0
        self.made_with = made_with(self.trainer.engine)
        if self.trainer.engine != engine.name:
            self.notes.append(
                f"the {engine.name} engine has no code for this training step: "
                f"the {self.trainer.engine} engine computed it"
            )
        self.template = model or Model(network, {}, self.settings)
        self.validate = Validation(self.template, held_out, self.settings, engine)
        self.fingerprint = fingerprint(data, held_out) if keeper is not None else ""

    # --- going on -----------------------------------------------------------------------------------

    def resume(self, found: Checkpoint) -> None:
        """Take over where a checkpoint stands."""
        assert self.keeper is not None
        found.check(self.network, self.asked, self.fingerprint, self.keeper.path)
        for what in ("threads", "numpy", "machine", "blas", "engine"):
            if found.made_with.get(what) != self.made_with[what]:
                self.notes.append(
                    f"the run began with {what} {found.made_with.get(what)} and goes on with "
                    f"{self.made_with[what]}: the last bits may differ from those of an unbroken run"
                )
        if self.asked.epochs != found.settings.epochs and any(
            "E" in s.factor.arguments for s in self.asked.schedules
        ):
            self.notes.append(
                f"the run was begun for {found.settings.epochs} epochs and goes on for {self.asked.epochs}: its "
                "schedule depends on that, so the result differs from that of a run begun so"
            )
        self.at, self.history, self.stopping.best = found.position, found.history, found.best
        self.rates.state = [dict(state) for state in self.at.schedules]
        self.trainer.load(found.parameters, found.state, self.at.step)
        self.trainer.loss_limit = self.at.loss_limit
        self.snapshots.resume(self.trainer)
        self.notes.append(f"resumed after epoch {self.at.epoch}, batch {self.at.batch}")

    def save(self, now: float) -> None:
        """Write a checkpoint of the present position."""
        parameters = self.trainer.parameters()
        # The next step will tell that it went bad; the last good checkpoint stays.
        if self.keeper is None or first_broken(parameters):
            return
        self.at.step = self.trainer.step_number
        self.at.schedules = [dict(state) for state in self.rates.state]
        self.at.loss_limit = self.trainer.loss_limit
        Checkpoint(
            self.network,
            self.asked,
            self.fingerprint,
            self.made_with,
            self.at,
            self.history,
            parameters,
            self.trainer.state(),
            self.stopping.best,
        ).save(self.keeper.path)
        self.saved = self.at.step
        self.keeper.done(self.at.epoch, now)

    # --- the loop -----------------------------------------------------------------------------------

    def run(self, callbacks: tuple[Callback, ...], progress: Callback | None = None) -> Run:
        began = monotonic() - self.at.seconds
        self.snapshots.begin(monotonic())
        if self.keeper is not None:
            self.keeper.done(self.at.epoch, monotonic())
        stopped = self.already_over()
        while not stopped:
            several = not callbacks and self.unwatched()
            stopped = self.several(began) if several else self.epoch(began, callbacks)
            if progress is not None and len(self.history) and monotonic() >= self.tell:
                progress(self.history.latest)
                self.tell = monotonic() + SLICE
                if not stopped and self.at.batch == 0 and self.pressed():
                    stopped = f"Ctrl-C, after epoch {self.at.epoch}"
            if not stopped and self.at.epoch >= self.settings.epochs:
                stopped = f"all {self.settings.epochs} epochs are done"
        if progress is not None and len(self.history):
            progress(self.history.latest)
        self.at.seconds = monotonic() - began
        if self.pressed():
            self.save(monotonic())
        return self.finish(stopped)

    def already_over(self) -> str:
        """The reason, when the checkpoint is of a run that had come to its end."""
        if self.at.epoch >= self.settings.epochs:
            return f"all {self.settings.epochs} epochs are done"
        if len(self.history):
            return self.stopping.verdict(self.history[-1], self.at)
        return ""

    def epoch(self, began: float, callbacks: tuple[Callback, ...]) -> str:
        """The steps of one epoch; the reason to stop, or nothing."""
        at, settings = self.at, self.settings
        started = monotonic()
        if at.rate is None:
            at.rate = self.rates.rate(at.epoch)
        rate = at.rate
        order = self.orders.of(at.epoch)
        steps = self.orders.steps
        while at.batch < steps:
            sums = (at.samples, at.loss, at.squares)
            done = self.trainer.steps(order, settings.batch, at.batch, rate, SLICE, self.pressed, *sums)
            at.batch += done.batches
            at.samples, at.loss, at.squares, self.stepped = done.samples, done.loss, list(done.squares), True
            if done.bad:
                raise Divergence(diagnose(self.trainer.last_step(), self.derivation, at, rate))
            now = monotonic()
            self.snapshots.watch(self.trainer, now)
            if at.batch < steps and self.pressed():
                return f"Ctrl-C, in epoch {at.epoch + 1} after batch {at.batch}"
            if (
                at.batch < steps
                and self.keeper is not None
                and self.keeper.due(at.epoch, now, between_epochs=False)
            ):
                at.seconds = now - began
                self.save(now)
        record = self.record(rate, monotonic() - started)
        self.history.records.append(record)
        at.epoch, at.batch, at.samples, at.loss, at.rate = at.epoch + 1, 0, 0.0, 0.0, None
        at.squares = [0.0] * len(at.squares)
        self.rates.watch(record.watched)
        self.stopping.watch(record, at, self.trainer.parameters)
        asked_to_stop = [callback(record) is True for callback in callbacks]
        stopped = self.stopping.verdict(record, at) or (
            "a callback asked to stop" if any(asked_to_stop) else ""
        )
        if self.pressed():
            stopped = stopped or f"Ctrl-C, after epoch {at.epoch}"
        now = monotonic()
        if self.keeper is not None and self.keeper.due(at.epoch, now, between_epochs=True):
            at.seconds = now - began
            self.save(now)
        return stopped

    def unwatched(self) -> bool:
        """Whether nothing has to be looked at between this epoch and the next."""
        settings = self.settings
        return (
            self.takes_epochs
            and self.at.batch == 0
            and self.held_out is None
            and settings.patience is None
            and settings.tolerance is None
            and not any(self.rates.state)
        )

    def several(self, began: float) -> str:
        """Epochs in one call, for as long as a slice may last; the last of them may be left unfinished.

        Returns the reason to stop, or nothing.
        """
        at, trainer, started = self.at, self.trainer, monotonic()
        assert isinstance(trainer, EpochsTrainer)
        orders, count = self.orders.following(at.epoch)
        count = min(count, self.settings.epochs - at.epoch)
        if self.keeper is not None:
            count = min(count, self.keeper.epochs_left(at.epoch))
        rates = self.rates.rates(at.epoch, count)
        if orders is not None:
            orders = orders[: len(rates)]
        sums, rest = trainer.epochs(orders, self.settings.batch, rates, SLICE, self.pressed)
        self.stepped = True
        now = monotonic()
        self.history.extend(self.columns(sums, rates, (now - started) / max(len(sums), 1)))
        at.epoch += len(sums)
        at.best_epoch = at.epoch
        self.snapshots.watch(self.trainer, now)
        if rest is not None:
            at.batch, at.samples, at.loss = rest.batches, rest.samples, rest.loss
            at.squares, at.rate = list(rest.squares), rates[len(sums)]
            if rest.bad:
                raise Divergence(diagnose(trainer.last_step(), self.derivation, at, rates[len(sums)]))
        if self.keeper is not None and self.keeper.due(at.epoch, now, between_epochs=at.batch == 0):
            at.seconds = now - began
            self.save(now)
        if not self.pressed():
            return ""
        if at.batch:
            return f"Ctrl-C, in epoch {at.epoch + 1} after batch {at.batch}"
        return f"Ctrl-C, after epoch {at.epoch}"

    def columns(self, sums: Array, rates: Sequence[float], seconds: float) -> EpochColumns:
        """What several epochs came to; see `record`."""
        mean = self.derivation.loss is None or self.derivation.loss.over_batch == "mean"
        weight = np.where(sums[:, 1] == 0, 1.0, sums[:, 1])
        losses = sums[:, 0] / weight * (1 if mean else self.orders.steps)
        norms = np.sqrt(sums[:, 2:] / self.orders.steps)
        return EpochColumns(self.at.epoch + 1, losses, norms, rates, seconds)

    def record(self, rate: float, seconds: float) -> EpochRecord:
        """What the epoch came to."""
        at = self.at
        mean = self.derivation.loss is None or self.derivation.loss.over_batch == "mean"
        norms = tuple(math.sqrt(square / at.batch) for square in at.squares)
        validation_loss, measures = self.validate(self.trainer.parameters)
        loss = at.loss / (at.samples or 1) * (1 if mean else self.orders.steps)
        return EpochRecord(at.epoch + 1, loss, validation_loss, measures, rate, norms, seconds)

    def finish(self, stopped: str) -> Run:
        wanted = self.settings.patience is not None or self.pressed()
        chosen = self.stopping.best if wanted else {}
        final = chosen or self.trainer.parameters()
        if (broken := first_broken(final)) is not None:
            raise Divergence(diagnose_end(broken, self.at, self.history[-1].rate))
        model = replace(
            self.template,
            network=self.network,
            parameters=final,
            settings=self.settings,
            history=self.history,
            made_with=self.made_with,
        )
        return Run(
            model=model,
            history=self.history,
            stopped=stopped,
            epochs=self.at.epoch,
            best_epoch=self.at.best_epoch if chosen else self.at.epoch,
            seconds=self.at.seconds,
            derivation=self.derivation,
            last_step=self.last_step(final),
            replay=self.replay(),
            interrupted=self.pressed(),
            notes=tuple(self.notes),
        )

    def replay(self) -> Replay:
        """The means to compute any step of the run again."""
        at, keeper, file = self.at, self.keeper, None
        if keeper is not None and self.saved is not None:
            path = keeper.path.absolute()
            file = KeptFile(path, self.saved, self.network, self.asked, self.fingerprint, self.made_with)
        begun = () if at.rate is None else (at.rate,)
        return Replay(
            self.derivation,
            self.rows,
            self.settings,
            self.trainer.engine,
            (*self.history.rates, *begun),
            at.epoch * self.orders.steps + at.batch,
            self.snapshots,
            file,
            self.given,
        )

    def last_step(self, final: Mapping[str, Array]) -> LastStep:
        """Every number of the last batch under the final parameters."""
        trainer, at = self.trainer, self.at
        if not self.stepped:
            # The checkpoint was of a finished run: its last batch is computed once more.
            state, number = trainer.state(), trainer.step_number
            order, rate = self.orders.of(at.epoch - 1), self.history[-1].rate
            trainer.steps(order, self.settings.batch, self.orders.steps - 1, rate, 0.0, lambda: True)
            trainer.load({}, state, number)
        trainer.load(final, {}, trainer.step_number)
        return LastStep(trainer.end(), self.network, min(self.settings.batch, len(self.data.X)))
