"""The models of `chainrule words train`: which settings each has, where they start, and what trains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from chainrule.errors import ConfigError, unknown

if TYPE_CHECKING:
    from chainrule.words.counts import Counts
    from chainrule.words.encoding import Encoded
    from chainrule.words.epochs import Progress
    from chainrule.words.glove import GloVe
    from chainrule.words.glove_tables import Start
    from chainrule.words.svd import SVD
    from chainrule.words.vocabulary import Vocabulary
    from chainrule.words.word2vec import Word2Vec

__all__ = ["MODELS", "Task", "check_settings", "settings_of", "start_of", "trained_by"]

_COMMON: dict[str, Any] = {
    "size": 100,
    "epochs": 15,
    "rate": 0.05,
    "seed": 0,
    "held_out": 0.0,
    "patience": None,
    "start": None,
    "freeze": False,
    "resume": False,
    "checkpoint_every": 5,
}
_WORD2VEC = {
    **_COMMON, "window": 5, "epochs": 5, "rate": 0.025, "negatives": 5, "sample": 1e-3, "deterministic": False,
}  # fmt: skip
_COUNTED = {"window": 10, "counts": None, "one_sided": False, "flat": False}
MODELS: dict[str, dict[str, Any]] = {
    "glove": {**_COMMON, **_COUNTED, "x_max": 100.0, "alpha": 0.75, "bias_rate": 1.0},
    "skipgram": _WORD2VEC,
    "cbow": _WORD2VEC,
    "svd": {**_COUNTED, "size": 100, "seed": 0, "shift": 1.0, "smoothing": 0.75, "weighting": 0.5},
}
"""Model → the settings it has, and their values where nothing is given."""


def settings_of(model: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a model, those given over its own. Raises ConfigError for one of another model.

    >>> settings_of("cbow", {"size": 50, "window": None})["size"]
    50
    >>> settings_of("cbow", {"x_max": 10.0})
    Traceback (most recent call last):
        ...
    chainrule.errors.ConfigError: --x-max belongs to the model glove, and this one is cbow: leave it out, or ...
    """
    if model not in MODELS:
        raise unknown("model of word vectors", model, MODELS)
    chosen = {name: value for name, value in given.items() if value is not None and value is not False}
    for name in chosen:
        owners = [other for other, has in MODELS.items() if name in has]
        # The others' bits are the same without being asked for.
        if owners and name not in MODELS[model] and name != "deterministic":
            listed = " and ".join([", ".join(owners[:-1]), owners[-1]] if owners[1:] else owners)
            whose = f"the model{'' if len(owners) == 1 else 's'} {listed}"
            raise ConfigError(
                f"--{name.replace('_', '-')} belongs to {whose}, and this one is {model}: "
                f"leave it out, or choose --model {owners[0]}"
            )
    known = MODELS[model]
    return {**known, **{name: value for name, value in chosen.items() if name in known}}


def check_settings(model: str, settings: Mapping[str, Any], threads: int | None) -> None:
    """Refuse settings out of their ranges before the corpus is read, which may take long. Raises ConfigError."""
    from chainrule.words.bands import bands_of
    from chainrule.words.epochs import check_common, check_run, check_share

    check_common(settings["size"], settings["seed"], threads)
    if "counts" in settings:
        bands_of(settings["window"], "flat" if settings["flat"] else "distance")
    if "epochs" not in settings:
        return
    check_run(settings["epochs"], settings["patience"], "named", settings["checkpoint_every"], False)
    check_share(settings["held_out"], "pairs" if model == "glove" else "documents")
    if model == "glove":
        from chainrule.formulas.wordvectors import glove_adagrad, glove_weighting

        glove_weighting(x_max=settings["x_max"], alpha=settings["alpha"])
        for rate in ("rate", "bias_rate"):
            glove_adagrad(learning_rate=settings[rate])
    else:
        from chainrule.formulas.rules import GradientDescent
        from chainrule.words.epochs import check_whole

        check_whole("window", settings["window"], 1, "give for example 5")
        check_whole("negatives", settings["negatives"], 1, "give for example 5", most=1000)
        GradientDescent(learning_rate=settings["rate"])


@dataclass(frozen=True)
class Task:
    """What there is to train on, how, and where checkpoints go."""

    settings: Mapping[str, Any]
    threads: int | None
    checkpoint: str
    encoded: Encoded | None
    counts: Counts | None
    vocabulary: Vocabulary
    start: Start | None
    progress: Callable[[Progress], None] | None

    @property
    def shared(self) -> dict[str, Any]:
        """What every training by epochs takes under the same name."""
        names = ("size", "epochs", "rate", "seed", "held_out", "patience", "resume", "checkpoint_every")
        return {name: self.settings[name] for name in names} | {
            "threads": self.threads,
            "checkpoint": self.checkpoint,
            "progress": self.progress,
            "start": self.start,
            "freeze": "start" if self.settings["freeze"] else (),
        }


def trained_by(model: str, task: Task) -> GloVe | Word2Vec | SVD:
    """Train the model."""
    if model == "svd":
        from chainrule.words.svd import train_svd

        assert task.counts is not None
        own = {name: task.settings[name] for name in ("size", "seed", "shift", "smoothing", "weighting")}
        return train_svd(task.counts, **own, threads=task.threads)
    if model == "glove":
        from chainrule.words.glove import train_glove

        assert task.counts is not None
        own = {name: task.settings[name] for name in ("x_max", "alpha", "bias_rate")}
        return train_glove(task.counts, **task.shared, **own)
    from chainrule.words.word2vec import train_word2vec

    assert task.encoded is not None
    own = {name: task.settings[name] for name in ("window", "negatives", "sample", "deterministic")}
    return train_word2vec(
        task.encoded, task.vocabulary, cast(Literal["skipgram", "cbow"], model), **task.shared, **own
    )


def start_of(path: str | None, size: int | None) -> Start | None:
    """The vectors to start from, of a file. size: the one asked for. Raises ConfigError where it is another."""
    if path is None:
        return None
    from chainrule.files.vectors import read_vectors
    from chainrule.words.glove_tables import Start

    data = read_vectors(path)
    count, numbers = data.matrix.shape
    if size is not None and numbers != size:
        raise ConfigError(
            f'the vectors of "{path}" have {numbers} numbers each, and --size is {size}: leave --size out'
        )
    contexts = None if data.contexts is None else data.contexts.rows(0, count)
    return Start(tuple(data.words), data.matrix.rows(0, count), contexts, data.word_bias, data.context_bias)
