"""GloVe: word vectors from the counts of words near words (Pennington, Socher & Manning 2014)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.atomic import PathLike, check_writable
from chainrule.formulas.expression import Symbol
from chainrule.formulas.vocabulary import log
from chainrule.formulas.wordvectors import glove_adagrad, glove_weighting
from chainrule.learning.interrupts import stop_on_interrupt
from chainrule.words.counts import Counts
from chainrule.words.epochs import (
    Ending,
    Epoch,
    Kind,
    Progress,
    check_common,
    check_dtype,
    check_run,
    check_share,
    kinds_of,
    processors,
    run_epochs,
    sharing,
)
from chainrule.words.glove_checkpoints import Checkpoint
from chainrule.words.glove_tables import Start, Tables
from chainrule.words.glove_training import State, Training, total_cost
from chainrule.words.strata import Chosen, Dealing, Pairs, deal, groups_for, order_pairs
from chainrule.words.vocabulary import Vocabulary

__all__ = ["Epoch", "GloVe", "Progress", "Start", "train_glove"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class GloVe:
    """Trained vectors.

    words, contexts: (V, D), w and w̃; word_bias, context_bias: (V,), b and b̃
    settings: those of `train_glove`; history: the epochs; ended: by what the training did
    """

    vocabulary: Vocabulary
    words: Array
    contexts: Array
    word_bias: Array
    context_bias: Array
    settings: dict[str, Any]
    history: tuple[Epoch, ...]
    ended: Ending

    def vectors(self, kind: Kind = "sum") -> Array:
        """The vectors to use: w + w̃ as in the paper, (V, D); either; or "both" side by side, (V, 2D)."""
        return kinds_of(self, kind)

    def start(self) -> Start:
        """These vectors as something to start from."""
        return Start(self.vocabulary.words, self.words, self.contexts, self.word_bias, self.context_bias)

    def cost(self, counts: Counts, threads: int | None = None) -> float:
        """The paper's cost J = Σ f(x) e² over all pairs of counts of the same vocabulary, in float64."""
        if counts.vocabulary.words != self.vocabulary.words:
            raise InvalidInput(
                "the counts have other words than the vectors: give counts of the same vocabulary"
            )
        checked = _Settings(**{**self.settings, "threads": threads, "held_out": 0.0})
        dealing = _dealing(counts, checked)
        tables = Tables(checked.size, dealing, checked.dtype)
        tables.begin_from(self.start(), counts.vocabulary)
        with sharing(checked.workers) as share:
            return total_cost(tables, _pairs(counts, dealing, checked, None), share)


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What decides the numbers, checked."""

    size: int
    x_max: float
    alpha: float
    rate: float
    bias_rate: float
    seed: int
    held_out: float
    dtype: str
    threads: int | None

    def __post_init__(self) -> None:
        check_common(self.size, self.seed, self.threads)
        glove_weighting(x_max=self.x_max, alpha=self.alpha)
        for rate in (self.rate, self.bias_rate):
            glove_adagrad(learning_rate=rate)
        check_share(self.held_out, "pairs")
        check_dtype(self.dtype)

    @property
    def workers(self) -> int:
        """How many threads."""
        return self.threads or processors()

    def kept(self) -> dict[str, Any]:
        """Those that a checkpoint must have been made with."""
        return {name: value for name, value in vars(self).items() if name != "threads"}


def train_glove(
    counts: Counts,
    size: int = 100,
    x_max: float = 100.0,
    alpha: float = 0.75,
    rate: float = 0.05,
    epochs: int = 15,
    seed: int = 0,
    threads: int | None = None,
    *,
    bias_rate: float = 1.0,
    held_out: float = 0.0,
    patience: int | None = None,
    start: Start | GloVe | None = None,
    freeze: Iterable[str] | Literal["start"] = (),
    progress: Callable[[Progress], None] | None = None,
    checkpoint: PathLike | None = None,
    checkpoint_every: int = 1,
    resume: bool = False,
    dtype: Literal["float32", "float64"] = "float32",
) -> GloVe:
    """Train GloVe on counts, as its paper does: AdaGrad on Σ f(x) (w·w̃ + b + b̃ − ln x)², pair by pair.

    size, x_max, alpha, rate, epochs: D, x_max, α, η and how often all pairs are gone through
    seed:      decides everything that is drawn. The same seed gives the same bits for any number of threads
    threads:   all processors, unless given
    bias_rate: η of the biases: 1 in Stanford's program, version 1.2; the same as `rate` in its version 1.0
    held_out:  a share of the pairs that is not trained on; its cost is told each epoch
    patience:  stop when the cost (of the held-out pairs, if any) has not fallen for so many epochs
    start:     vectors to start from; words that it lacks are drawn as usual, and words that the counts lack
               are left out
    freeze:    words whose vectors and biases stay as they start, or "start" for all that `start` has
    progress:  called after every stratum
    checkpoint, checkpoint_every, resume: a file that is written every so many epochs, and when interrupted;
               with `resume`, training goes on from it, to the same bits as without the break; `start` is not
               read again
    dtype:     of the vectors while they are trained

    Weights start as in Stanford's program, uniform on (−½, ½)/(D + 1), drawn by NumPy; so do the sums of
    squares, at 1; gradients are of half the paper's cost, without the factor 2. Ctrl-C ends the training
    after the stratum, and what there is is returned (`ended` is "interrupted").

    Raises InvalidInput for counts that cannot be trained on, ConfigError for a setting out of its range,
    ModelFileError for a checkpoint that does not fit, and Divergence, with the pair and the epoch, where
    the numbers leave the finite.

    >>> from chainrule.words.vocabulary import Vocabulary
    >>> pairs = Counts.from_cells(Vocabulary(["ice", "cold"], [5, 3]), [0, 1], [1, 0], [20.0, 20.0])
    >>> trained = train_glove(pairs, size=4, epochs=30)
    >>> trained.words.shape, trained.history[-1].cost < trained.history[0].cost
    ((2, 4), True)
    """
    settings = _Settings(
        size=size, x_max=x_max, alpha=alpha, rate=rate, bias_rate=bias_rate, seed=seed, held_out=held_out,
        dtype=dtype, threads=threads,
    )  # fmt: skip
    check_run(epochs, patience, checkpoint, checkpoint_every, resume)
    _check_counts(counts)
    tables = _tables(counts, settings, start, freeze)
    kept = None
    if checkpoint is not None:
        check_writable(checkpoint)
        kept = Checkpoint(checkpoint, counts, settings.kept(), tables)
    state = kept.load() if kept is not None and resume else State()
    pairs = _pairs(counts, tables.dealing, settings, False if held_out else None)
    apart = _pairs(counts, tables.dealing, settings, True) if held_out else None
    if not len(pairs) or (apart is not None and not len(apart)):
        lacking = "hold out" if len(pairs) else "train on"
        raise InvalidInput(
            f"held_out = {held_out:g} leaves none of {len(counts)} pairs to {lacking}: give another share"
        )
    with sharing(min(settings.workers, tables.dealing.count)) as share, stop_on_interrupt() as interrupted:
        training = Training(counts, tables, pairs, apart, (rate, bias_rate), seed, state, share)
        save = None if kept is None else partial(kept.save, state)
        told = progress or (lambda _: None)
        ended = run_epochs(training, epochs, patience, told, interrupted, save, checkpoint_every)
    arrays = (*tables.vectors(0), *tables.vectors(1))
    return GloVe(
        counts.vocabulary, arrays[0], arrays[2], arrays[1], arrays[3], dict(vars(settings)), tuple(state.epochs), ended
    )  # fmt: skip


def _tables(
    counts: Counts, settings: _Settings, start: Start | GloVe | None, freeze: Iterable[str] | Literal["start"]
) -> Tables:
    tables = Tables(settings.size, _dealing(counts, settings), settings.dtype)
    tables.draw(settings.seed)
    begun: list[str] = []
    if start is not None:
        given = start.start() if isinstance(start, GloVe) else start
        if given.size != settings.size:
            raise ConfigError(
                f"the vectors to start from have {given.size} numbers each, and size is {settings.size}: "
                f"set size to {given.size}"
            )
        begun = tables.begin_from(given, counts.vocabulary)
        if not begun:
            raise InvalidInput("no word to start from is in the vocabulary of the counts: check both")
    if freeze == "start":
        if start is None:
            raise ConfigError('freeze="start" needs vectors to start from: give start')
        tables.freeze(begun, counts.vocabulary)
    elif isinstance(freeze, str):
        raise ConfigError(f'freeze is a list of words, or "start", not {freeze!r}: give ["{freeze}"]')
    else:
        tables.freeze(freeze, counts.vocabulary)
    return tables


def _dealing(counts: Counts, settings: _Settings) -> Dealing:
    words = len(counts.vocabulary)
    return deal(words, groups_for(words, len(counts)), settings.seed)


def _pairs(counts: Counts, dealing: Dealing, settings: _Settings, held: bool | None) -> Pairs:
    """The pairs to train on (False), those held out (True), or all (None)."""
    weighting = glove_weighting(x_max=settings.x_max, alpha=settings.alpha)
    logarithm, weight = log(Symbol("x")), weighting.definition.tree

    def known(x: NDArray[np.float64]) -> tuple[Array, Array]:
        values = {"x": x, **weighting.parameters}
        return evaluate_arrays(logarithm, values), evaluate_arrays(weight, values)

    def share(start: int, stop: int) -> NDArray[np.bool_]:
        drawn = np.random.default_rng([settings.seed, 2, start]).random(stop - start)
        apart: NDArray[np.bool_] = drawn < settings.held_out
        return apart if held else ~apart

    chosen: Chosen | None = None if held is None else share
    return order_pairs(
        counts.rows, counts.columns, counts.values, known, dealing,
        seed=settings.seed, dtype=settings.dtype, threads=settings.workers, chosen=chosen,
    )  # fmt: skip


def _check_counts(counts: Counts) -> None:
    if not len(counts):
        raise InvalidInput(
            "the counts are empty, no word stands near another: give more text or a lower minimum count"
        )
    wrong = ~((counts.values > 0) & (counts.values < math.inf))
    if wrong.any():
        at = int(np.argmax(wrong))
        own, other = (counts.vocabulary.words[array[at]] for array in (counts.rows, counts.columns))
        raise InvalidInput(
            f'the count of "{other}" near "{own}" is {counts.values[at]:g}: counts must be above 0 and finite, '
            "count the corpus again"
        )
