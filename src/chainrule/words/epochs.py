"""What the trainings of word vectors share: epochs and their costs, when to stop, threads, whole numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ConfigError

__all__ = ["Ending", "Epoch", "Kind", "Progress", "Share", "kinds_of", "processors", "run_epochs", "sharing"]

Array = NDArray[Any]
Ending = Literal["epochs", "patience", "interrupted"]
Kind = Literal["sum", "words", "contexts", "both"]
Share = Callable[[Callable[[], None]], None]
# Far beyond what is of use: more is a slip of the pen, and would take all memory.
MOST_NUMBERS, MOST_THREADS = 100_000, 1024


@dataclass(frozen=True)
class Epoch:
    """What one epoch did.

    number:   from 1
    cost:     the mean cost in float64, of each pair as it was before its own step. GloVe: the paper's J over
              the number of pairs (Stanford's program prints half of it); word2vec: of an example, a word to
              be found and its noise words
    held_out: the same of what was held out, after the epoch; None where there is nothing
    seconds:  how long it took
    """

    number: int
    cost: float
    held_out: float | None
    seconds: float


@dataclass(frozen=True)
class Progress:
    """How far training is: the epoch under way of so many, its part that is done, and its cost so far.

    finished: what the epoch did, told once when it is over
    """

    epoch: int
    epochs: int
    part: float
    cost: float
    finished: Epoch | None = None


class Trained(Protocol):
    """Both tables of a model."""

    @property
    def words(self) -> Array:
        """The words' vectors, (V, D)."""

    @property
    def contexts(self) -> Array:
        """The contexts' vectors, (V, D)."""


def kinds_of(trained: Trained, kind: Kind) -> Array:
    """The vectors to use: w + w̃, (V, D); either; or "both" side by side, (V, 2D)."""
    made: dict[str, Callable[[], Array]] = {
        "sum": lambda: trained.words + trained.contexts,
        "words": lambda: trained.words,
        "contexts": lambda: trained.contexts,
        "both": lambda: np.concatenate([trained.words, trained.contexts], axis=1),
    }
    if kind not in made:
        raise ConfigError(f"vectors are {', '.join(made)}, not {kind!r}: choose one of them")
    return made[kind]()


class Run(Protocol):
    """A training under way."""

    @property
    def epochs(self) -> list[Epoch]:
        """Those that are done."""

    def epoch(self, epochs: int, told: Callable[[Progress], None], stopping: Callable[[], bool]) -> bool:
        """Go on to the end of the epoch, or until stopping; whether the epoch was finished."""


def run_epochs(
    training: Run,
    epochs: int,
    patience: int | None,
    told: Callable[[Progress], None],
    interrupted: Callable[[], bool],
    save: Callable[[], None] | None,
    every: int,
) -> Ending:
    """Train for so many epochs, or until patience ends, or Ctrl-C; saved every so many epochs and at the end."""
    while len(training.epochs) < epochs:
        if patience is not None and _stuck(training.epochs, patience):
            return "patience"
        finished = training.epoch(epochs, told, interrupted)
        stop = interrupted()
        done = len(training.epochs)
        if finished:
            last_epoch = training.epochs[-1]
            told(Progress(done, epochs, 1.0, last_epoch.cost, last_epoch))
        last = done == epochs or (patience is not None and _stuck(training.epochs, patience))
        if save is not None and (stop or last or done % every == 0):
            save()
        if stop and not (finished and last):
            return "interrupted"
    return "patience" if patience is not None and _stuck(training.epochs, patience) else "epochs"


def _stuck(history: Sequence[Epoch], patience: int) -> bool:
    """Whether none of the last epochs cost less than the best before them."""
    costs = [epoch.cost if epoch.held_out is None else epoch.held_out for epoch in history]
    return len(costs) > patience and min(costs[-patience:]) >= min(costs[:-patience])


@contextmanager
def sharing(threads: int) -> Iterator[Share]:
    """A function that runs another in each of so many threads, and waits for them."""
    if threads == 1:
        yield lambda work: work()
        return
    with ThreadPoolExecutor(threads) as pool:

        def share(work: Callable[[], None]) -> None:
            for waiting in [pool.submit(work) for _ in range(threads)]:
                waiting.result()

        yield share


def processors() -> int:
    """How many there are for this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_whole(name: str, value: Any, least: int, advice: str, most: int | None = None) -> None:
    """Raises ConfigError for what is not a whole number of at least so much, and at most so much."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ConfigError(f"{name} must be a whole number of at least {least}, not {value!r}: {advice}")
    if most is not None and int(value) > most:
        raise ConfigError(f"{name} can be at most {most}, not {value}: {advice}")


def check_common(size: Any, seed: Any, threads: Any) -> None:
    """Raises ConfigError for a setting that every model has and that is out of its range."""
    check_whole("size", size, 1, "give for example 100", most=MOST_NUMBERS)
    check_whole("seed", seed, 0, "give for example 0")
    if threads is not None:
        check_whole("threads", threads, 1, "leave it out to use all processors", most=MOST_THREADS)


def check_run(epochs: Any, patience: Any, checkpoint: Any, every: Any, resume: bool) -> None:
    """Raises ConfigError where how long to train, or the checkpoints, make no sense."""
    check_whole("epochs", epochs, 1, "give for example 15")
    check_whole("checkpoint_every", every, 1, "give for example 1")
    if patience is not None:
        check_whole("patience", patience, 1, "give for example 3, or leave it out")
    if resume and checkpoint is None:
        raise ConfigError("to resume, the checkpoint must be named: give checkpoint=")


def check_share(value: Any, what: str) -> None:
    """Raises ConfigError unless held_out is at least 0 and below 1."""
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < 1:
        raise ConfigError(
            f"held_out is a share of the {what}, at least 0 and below 1, not {value!r}: give for example 0.01"
        )


def check_dtype(value: Any) -> None:
    """Raises ConfigError for other numbers than float32 and float64."""
    if value not in ("float32", "float64"):
        raise ConfigError(f'dtype is "float32" or "float64", not {value!r}: choose one of them')
