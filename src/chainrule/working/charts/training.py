"""Charts of training: the loss by epoch, the gradient's length by layer, learning rates compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chainrule.derivation import Dense, Network
from chainrule.errors import Divergence, InvalidInput
from chainrule.learning.datasets import load_dataset
from chainrule.learning.history import EpochRecord, History
from chainrule.learning.training import train
from chainrule.working.charts.chart import Axis, Chart, Note, Panel, Series, series

__all__ = ["demonstration", "gradient_norms", "layer_series", "learning_rates", "loss_curve"]

EPOCHS = Axis("epoch", whole=True)
FAR_OFF = 30.0  # times the first loss: the chart ends there, however far a diverging run goes


def demonstration(seed: int = 0) -> History:
    """The history of a network with more units than its 60 rows need, so that it fits them too closely."""
    table = load_dataset("moons", seed).take(np.arange(60))
    X = np.stack([table.numbers("x1"), table.numbers("x2")], axis=1)
    # Blurred, or the two moons would be told apart without a mistake.
    X = X + np.random.default_rng(seed).normal(0.0, 0.35, X.shape)
    y = (table.texts("class") == "lower").astype(float)
    network = Network(2, [Dense(24, "tanh"), Dense(24, "tanh"), Dense(1, "sigmoid")])
    run = train(
        network, X, y, rule="adam", rate=0.01, epochs=150, batch=60, validation=0.5, seed=seed, shuffle=False
    )
    return run.history


def loss_curve(history: History | None = None, *, seed: int = 0) -> Chart:
    """The loss by epoch, of the training rows and of the held-out ones where there are any.

    Without a history, that of a small network that learns its rows by heart. Raises InvalidInput for a
    history without an epoch.
    """
    shown = _checked(history, seed)
    epochs = [record.epoch for record in shown]
    lines = [series("training", epochs, shown.losses)]
    notes: tuple[Note, ...] = ()
    told = "The loss of the training rows by epoch."
    held_out = [(r.epoch, r.validation_loss) for r in shown if r.validation_loss is not None]
    if held_out:
        lines.append(series("validation", (e for e, _ in held_out), (loss for _, loss in held_out)))
        epoch, least = min(held_out, key=lambda point: point[1])
        notes = (Note(f"lowest at epoch {epoch}", epoch, least, dot=True, below=True),)
        told = "Where the validation loss turns up while the training loss still falls, the network overfits."
    panel = Panel("", EPOCHS, Axis("loss"), tuple(lines), notes=notes)
    return Chart("Loss by epoch", told, (panel,))


def gradient_norms(history: History | None = None, *, seed: int = 0) -> Chart:
    """The length of each layer's gradient by epoch (the root mean square over the epoch's steps)."""
    shown = _checked(history, seed)
    panel = Panel("", EPOCHS, Axis("gradient length", log=True), layer_series(shown))
    told = "How long each layer's gradient is: a layer whose line lies far below the others hardly learns."
    return Chart("Gradient length by layer", told, (panel,))


def layer_series(history: History) -> tuple[Series, ...]:
    """The gradient's length by epoch, a series for each layer that is trained, from light to dark."""
    layers = len(history[0].gradient_norms)
    epochs = [record.epoch for record in history]
    return tuple(
        series(
            f"layer {layer + 1}",
            epochs,
            [record.gradient_norms[layer] for record in history],
            shade=layer / max(1, layers - 1),
        )
        for layer in range(layers)
    )


def learning_rates(rates: Sequence[float] = (0.005, 0.4, 1.0), *, epochs: int = 150, seed: int = 0) -> Chart:
    """The same network trained from the same first weights with several learning rates.

    The network fits one turn of a sine by gradient descent on all rows. The rates are taken from low to high.
    """
    if not rates:
        raise InvalidInput("learning rates are compared, so give at least one")
    X = np.linspace(-1.0, 1.0, 64)[:, None]
    y = np.sin(np.pi * X)
    network = Network(1, [Dense(8, "tanh"), Dense(1)])
    lines, notes = [], []
    for rate in sorted(rates):
        records: list[EpochRecord] = []
        diverged = False
        try:
            train(
                network, X, y, loss="mse", rule="gradient_descent", rate=rate, epochs=epochs, batch=64,
                seed=seed, dtype="float64", callbacks=[records.append],
            )  # fmt: skip
        except Divergence:
            diverged = True
        if diverged:
            left = next((r for r in records if r.loss > records[0].loss * FAR_OFF), records[-1])
            notes.append(
                Note(f"η = {rate:g} diverges", left.epoch, min(left.loss, records[0].loss * FAR_OFF))
            )
        name = f"η = {rate:g}" + _judged(rate, sorted(rates))
        lines.append(series(name, [r.epoch for r in records], [r.loss for r in records]))
    told = "The same network, the same first weights: only the learning rate η differs."
    highest = max(y for line in lines for y in line.ys)
    limit = FAR_OFF * max(line.ys[0] for line in lines)
    up = Axis("loss", high=limit if highest > limit else None, log=True)
    panel = Panel("", EPOCHS, up, tuple(lines), notes=tuple(notes))
    return Chart("Learning rates compared", told, (panel,))


def _judged(rate: float, rates: Sequence[float]) -> str:
    """Three rates are shown as too small, right and too large."""
    if len(rates) != 3:
        return ""
    return (" (too small)", " (right)", " (too large)")[rates.index(rate)]


def _checked(history: History | None, seed: int) -> History:
    shown = demonstration(seed) if history is None else history
    if not len(shown):
        raise InvalidInput("the history has no epoch to draw: train for at least one")
    return shown
