"""Training a network on arrays."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chainrule.derivation import Network
from chainrule.engines.engine import Data
from chainrule.engines.samples import (
    auto_loss,
    check_inputs,
    check_range,
    check_targets,
    check_weights,
    classes_of,
    take,
)
from chainrule.errors import ConfigError, InvalidInput
from chainrule.learning.checkpoints import Keeper
from chainrule.learning.loop import Callback, train_prepared
from chainrule.learning.run import Run
from chainrule.learning.settings import Settings, make_settings
from chainrule.learning.splitting import hold_out
from chainrule.learning.unchanged import Unchanged, is_held_as_given


def train(
    network: Network,
    X: Any,
    y: Any,
    *,
    loss: Any = "auto",
    sample_weight: Any = None,
    validation_data: tuple[Any, Any] | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_epochs: int | None = None,
    checkpoint_seconds: float | None = 30.0,
    resume: bool = False,
    engine: str = "auto",
    **choices: Any,
) -> Run:
    """Train a network on arrays.

    X: (N, I), an array or one of SciPy's sparse matrices, which is never made dense; above 8 MB an array in
       the dtype of training is not copied: leave it as it is for as long as `Run.at` is to be asked
    y: (N,) or (N, O); class numbers (N,) or one-hot rows for a loss over classes.
    loss: a name or entry; "auto" takes the one that belongs to the output activation
    choices: the fields of `chainrule.Settings` by name; also rate=0.01, schedule="cosine", rule="adam"
    validation_data: held-out rows; or validation=0.1 holds out a seeded fraction (stratified for classes)
    callbacks: functions that get an EpochRecord after each epoch; one that returns True ends the training
    checkpoint: a file that the run's state is written to every `checkpoint_epochs` or `checkpoint_seconds`
    resume: whether to go on from it, to the same bits as an unbroken run

    Raises InvalidInput for data or choices that are wrong, Divergence when the numbers leave the finite ones.

    >>> from chainrule import Dense, GradientDescent, Network
    >>> net = Network(2, [Dense(2, "sigmoid"), Dense(1, "sigmoid")])
    >>> X, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> run = train(net, X, y, loss="mse", rule=GradientDescent(0.1), epochs=3)
    >>> run.epochs, run.model.predict(X).shape
    (3, (4,))
    """
    if not isinstance(network, Network):
        raise ConfigError(f"train takes a Network(inputs, layers), not {network!r}")
    for callback in callbacks:
        if not callable(callback):
            raise ConfigError(f"a callback is a function of an EpochRecord, not {callback!r}")
    chosen_loss = auto_loss(network) if isinstance(loss, str) and loss == "auto" else loss
    settings = make_settings(loss=chosen_loss, **choices)
    data = _checked(network, settings, X, y, sample_weight)
    held_out = None
    if validation_data is not None:
        held_out = _given_validation(network, settings, validation_data)
    elif settings.validation:
        classes = classes_of(data.y, settings.loss)
        rows, held = hold_out(
            len(data.X) if classes is None else classes,
            settings.validation,
            settings.seed,
            stratify=classes is not None,
        )
        data, held_out = take(data, rows), take(data, held)
    given = None
    if not settings.validation:
        given = Unchanged(data.X) if is_held_as_given(data.X, settings.dtype) else None
        data = _apart(data, settings.dtype, as_given=given is not None)
    keeper = None
    if checkpoint is not None:
        keeper = Keeper(Path(checkpoint), checkpoint_epochs, checkpoint_seconds)
    elif resume:
        raise ConfigError("resuming needs the checkpoint file to go on from: give checkpoint=…")
    return train_prepared(
        network,
        data,
        held_out,
        settings,
        callbacks=callbacks,
        keeper=keeper,
        resume=resume,
        engine=engine,
        given=given,
    )


def _checked(network: Network, settings: Settings, X: Any, y: Any, weights: Any = None) -> Data:
    inputs = check_inputs(X, network)
    data = Data(
        inputs,
        check_targets(y, len(inputs), network, settings.loss),
        check_weights(weights, len(inputs)),
    )
    for what, array in (("X", data.X), ("y", data.y), ("sample_weight", data.weights)):
        check_range(what, array, settings.dtype)
    return data


def _apart(data: Data, dtype: str, *, as_given: bool) -> Data:
    """The data, with a copy of what training would read in place: a replay finds the rows as they were.

    as_given: X is large and stays where it is; whether it was changed is told by its checksum
    """
    X, weights = data.X, data.weights
    if X.dtype == dtype and not as_given:
        X = X.copy()
    if weights is not None and weights.dtype == dtype:
        weights = weights.copy()
    return Data(X, data.y, weights)  # checking has copied y


def _given_validation(network: Network, settings: Settings, given: Any) -> Data:
    if settings.validation:
        raise ConfigError("give validation_data or the fraction validation, not both: leave one out")
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise InvalidInput("validation_data is a pair (X, y) of held-out rows: give both")
    return _checked(network, settings, *given)
