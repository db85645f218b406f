"""Word2vec: skip-gram and CBOW with negative sampling (Mikolov et al. 2013)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import inf
from numbers import Real
from typing import Any, Literal

from numpy.typing import NDArray

from chainrule.errors import ConfigError, InvalidInput, unknown
from chainrule.files.atomic import PathLike, check_writable
from chainrule.formulas.rules import GradientDescent
from chainrule.learning.interrupts import stop_on_interrupt
from chainrule.words.corpus import Corpus
from chainrule.words.encoding import Encoded, encode
from chainrule.words.epochs import (
    Ending,
    Epoch,
    Kind,
    Progress,
    check_common,
    check_dtype,
    check_run,
    check_share,
    check_whole,
    kinds_of,
    processors,
    run_epochs,
)
from chainrule.words.examples import Sampler, apart, ids_of
from chainrule.words.glove_tables import Start
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.word2vec_checkpoints import Checkpoint
from chainrule.words.word2vec_kernels import Shape
from chainrule.words.word2vec_tables import Tables
from chainrule.words.word2vec_training import State, Training

__all__ = ["MODELS", "Word2Vec", "train_word2vec"]

Array = NDArray[Any]
Model = Literal["skipgram", "cbow"]
MODELS = ("skipgram", "cbow")


@dataclass(frozen=True, eq=False)
class Word2Vec:
    """Trained vectors.

    words, contexts: (V, D), the input vectors, which are those to use, and the output vectors
    settings: those of `train_word2vec`; history: the epochs; ended: by what the training did
    """

    vocabulary: Vocabulary
    words: Array
    contexts: Array
    settings: dict[str, Any]
    history: tuple[Epoch, ...]
    ended: Ending

    def vectors(self, kind: Kind = "words") -> Array:
        """The vectors to use: the input vectors as usual, (V, D); others as in `GloVe.vectors`."""
        return kinds_of(self, kind)

    def start(self) -> Start:
        """These vectors as something to start from."""
        return Start(self.vocabulary.words, self.words, self.contexts)


@dataclass(frozen=True, kw_only=True)
class _Settings:
    """What decides the numbers, checked."""

    model: str
    size: int
    window: int
    negatives: int
    sample: float
    power: float
    rate: float
    last_rate: float
    epochs: int
    seed: int
    held_out: float
    corrected: bool
    dtype: str
    deterministic: bool
    threads: int | None

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise unknown("model of word2vec", self.model, MODELS)
        check_common(self.size, self.seed, self.threads)
        check_whole("window", self.window, 1, "give for example 5")
        check_whole("negatives", self.negatives, 1, "give for example 5", most=1000)
        for name, value, advice in (
            ("sample", self.sample, "give for example 1e-3, or 0 to keep all words"),
            ("power", self.power, "give for example 0.75"),
            ("last_rate", self.last_rate, "give for example 1e-4"),
        ):
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < inf:
                raise ConfigError(f"{name} must be at least 0 and finite, not {value!r}: {advice}")
        GradientDescent(learning_rate=self.rate)
        check_share(self.held_out, "documents")
        check_dtype(self.dtype)
        if self.corrected and self.model != "cbow":
            raise ConfigError("corrected is about the contexts of CBOW: leave it out, or choose cbow")

    @property
    def cbow(self) -> bool:
        return self.model == "cbow"

    def kept(self) -> dict[str, Any]:
        """Those that a checkpoint must have been made with."""
        return {name: value for name, value in vars(self).items() if name != "threads"}


def train_word2vec(
    corpus: Corpus | Encoded,
    vocabulary: Vocabulary | None = None,
    model: Model = "skipgram",
    size: int = 100,
    window: int = 5,
    negatives: int = 5,
    sample: float = 1e-3,
    power: float = 0.75,
    rate: float = 0.025,
    last_rate: float = 1e-4,
    epochs: int = 5,
    seed: int = 0,
    threads: int | None = None,
    *,
    minimum: int = 5,
    largest: int | None = None,
    deterministic: bool = False,
    corrected: bool = False,
    held_out: float = 0.0,
    patience: int | None = None,
    start: Start | Word2Vec | None = None,
    freeze: Iterable[str] | Literal["start"] = (),
    progress: Callable[[Progress], None] | None = None,
    checkpoint: PathLike | None = None,
    checkpoint_every: int = 1,
    resume: bool = False,
    dtype: Literal["float32", "float64"] = "float32",
) -> Word2Vec:
    """Train word2vec with negative sampling on a corpus, with the settings' meaning in word2vec.c and gensim.

    vocabulary: None for the corpus's own words seen `minimum` times, at most `largest` of them
    model:     "skipgram", each word near the centre to find the centre; or "cbow", the mean of all of them
    window:    the longest reach; each centre draws its own, uniform on 1 … window, among the words kept
    negatives: K, the noise words of an example, drawn by count to the power `power`; one that is the word to
               be found is left out
    sample:    sub-sampling as in the authors' program (not the paper's formula); 0 keeps all words
    rate, last_rate: η falls on a line from the one to the other over all epochs
    threads:   all processors, unless given. They do not wait for each other (Recht et al. 2011), so no two runs
               are alike, unless threads is 1 or `deterministic` is set
    deterministic: the same seed gives the same bits for any number of threads: one thread trains, in the
               corpus's order, and the others draw its examples
    corrected: CBOW's contexts get the gradient, g/M (İrsoy, Benton & Stratos 2021), not g as in the programs
    held_out:  a share of the documents that is not trained on; its cost is told each epoch
    start:     vectors to start from; words that it lacks are drawn as usual. Without contexts, as with vectors
               from a file, those start from 0
    size, epochs, seed, patience, freeze, progress, checkpoint, checkpoint_every, resume, dtype: as for
               `train_glove`; resuming is to the same bits where the training is deterministic

    Inputs start uniform on (−½, ½)/D, drawn by NumPy, outputs from 0. All scores of an example are taken
    before its vectors move. Ctrl-C ends the training within a few thousand words, and what there is is
    returned (`ended` is "interrupted").

    Raises InvalidInput for a corpus that cannot be trained on, ConfigError for a setting out of its range,
    ModelFileError for a checkpoint that does not fit, and Divergence, with the example and the epoch, where
    the numbers leave the finite.

    >>> text = Corpus.of_texts(["ice is cold and solid", "steam is hot and gas"] * 50)
    >>> trained = train_word2vec(text, size=4, epochs=20, rate=0.1, threads=1)
    >>> trained.words.shape, trained.history[-1].cost < trained.history[0].cost
    ((8, 4), True)
    """
    settings = _Settings(
        model=model, size=size, window=window, negatives=negatives, sample=sample, power=power, rate=rate,
        last_rate=last_rate, epochs=epochs, seed=seed, held_out=held_out, corrected=corrected, dtype=dtype,
        deterministic=deterministic, threads=threads,
    )  # fmt: skip
    check_run(epochs, patience, checkpoint, checkpoint_every, resume)
    encoded = encode(corpus) if isinstance(corpus, Corpus) else corpus
    words = encoded.vocabulary(minimum, largest) if vocabulary is None else vocabulary
    ids = ids_of(encoded, words)
    shape = Shape(size, negatives, dtype, settings.cbow, corrected, False)
    tables = _tables(words, shape, settings, start, freeze)
    shape = Shape(size, negatives, dtype, settings.cbow, corrected, tables.frozen is not None)
    state, save = State(), None
    if checkpoint is not None:
        check_writable(checkpoint)
        kept = Checkpoint(checkpoint, words, ids, settings.kept(), tables)
        state = kept.load() if resume else state
        save = partial(kept.save, state)
    trained, apart_ids = apart(ids, held_out, seed)
    sampler = Sampler(words, window, negatives, sample, power, seed, settings.cbow)
    workers = threads or processors()
    with ThreadPoolExecutor(workers) as pool, stop_on_interrupt() as interrupted:
        training = Training(
            sampler, shape, tables, trained, apart_ids, (rate, last_rate), state, workers, deterministic, pool
        )
        told = progress or (lambda _: None)
        ended = run_epochs(training, epochs, patience, told, interrupted, save, checkpoint_every)
    return Word2Vec(
        words, tables.vectors(0), tables.vectors(1), dict(vars(settings)), tuple(state.epochs), ended
    )


def _tables(
    vocabulary: Vocabulary,
    shape: Shape,
    settings: _Settings,
    start: Start | Word2Vec | None,
    freeze: Iterable[str] | Literal["start"],
) -> Tables:
    tables = Tables(len(vocabulary), shape)
    tables.draw(settings.seed)
    begun: list[str] = []
    if start is not None:
        given = start.start() if isinstance(start, Word2Vec) else start
        if given.size != settings.size:
            raise ConfigError(
                f"the vectors to start from have {given.size} numbers each, and size is {settings.size}: "
                f"set size to {given.size}"
            )
        begun = tables.begin_from(given, vocabulary)
        if not begun:
            raise InvalidInput("no word to start from is in the vocabulary of the corpus: check both")
    if freeze == "start":
        if start is None:
            raise ConfigError('freeze="start" needs vectors to start from: give start')
        tables.freeze(begun, vocabulary)
    elif isinstance(freeze, str):
        raise ConfigError(f'freeze is a list of words, or "start", not {freeze!r}: give ["{freeze}"]')
    else:
        tables.freeze(freeze, vocabulary)
    return tables
