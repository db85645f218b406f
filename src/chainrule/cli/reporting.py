"""What several commands print of a model: the network, measures, the confusion matrix, the course of the loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chainrule.cli import printing
from chainrule.cli.plotting import sparkline

if TYPE_CHECKING:
    from chainrule.derivation import Network
    from chainrule.learning.assessment import Assessment
    from chainrule.learning.history import History

MOST_CLASSES = 12
SPARKS = 42
NAMES = {"log_loss": "log loss", "rmse": "RMSE", "mae": "MAE", "r2": "R²", "f1": "F1"}


def network_table(network: Network) -> None:
    """The layers, with how many parameters each has."""
    rows = []
    for number, layer in enumerate(network.dense, start=1):
        mine = [p for p in network.parameters if p.layer == number]
        what = ", ".join(f"{p.name} {' × '.join(map(str, p.shape))}" for p in mine)
        rows.append(
            [
                f"layer {number}",
                f"{layer.units} {layer.activation.name}",
                what,
                f"{sum(p.size for p in mine):,}",
            ]
        )
    printing.table(["", "units", "parameters", "numbers"], rows, right=[3])


def measures_table(parts: Mapping[str, Mapping[str, float] | None], rows: Mapping[str, int]) -> None:
    """A row for each part of the data, a column for each measure."""
    present = {name: part for name, part in parts.items() if part is not None}
    columns = list(dict.fromkeys(measure for part in present.values() for measure in part))
    made = [
        [name, f"{rows[name]:,}", *(printing.number(part[c], 4) if c in part else "" for c in columns)]
        for name, part in present.items()
    ]
    headings = ["", "rows", *(NAMES.get(c, c) for c in columns)]
    printing.table(headings, made, right=range(1, len(headings)))


def confusion_table(found: Assessment, part: str) -> None:
    """Counts of true against predicted classes, and each class's precision, recall and F1."""
    if found.confusion is None:
        return
    classes = list(found.by_class)
    if len(classes) > MOST_CLASSES:
        worst = sorted(classes, key=lambda c: found.by_class[c]["f1"])[:5]
        listed = ", ".join(f"{c} (F1 {found.by_class[c]['f1']:.3f})" for c in worst)
        printing.say(f"The classes told apart worst, {part}: {listed}.")
        return
    printing.say(f"Confusion matrix, {part}: true classes down, predicted ones across")
    longest = max(6, 40 // len(classes))
    short = [c if len(c) <= longest else c[: longest - 1] + "…" for c in classes]
    rows = []
    for label, counts in zip(classes, found.confusion.tolist(), strict=True):
        of = found.by_class[label]
        rows.append([label, *map(str, counts), *(f"{of[m]:.3f}" for m in ("precision", "recall", "f1"))])
    if len(classes) <= 5:
        headings = ["", *short, "precision", "recall", "F1"]
    else:
        headings, rows = ["", *short], [row[:-3] for row in rows]
    printing.table(headings, rows, right=range(1, len(headings)))


def loss_line(history: History) -> None:
    """The course of the loss as a sparkline, with its first and last value."""
    if len(history) < 2:
        return
    parts: list[tuple[str, Sequence[float | None]]] = [("loss", history.losses)]
    if history[0].validation_loss is not None:
        parts.append(("validation loss", history.validation_losses))
    for name, values in parts:
        numbers = [v for v in values if v is not None]
        printing.say(f"{name:<16}{numbers[0]:<9.4g} {sparkline(numbers, SPARKS)} {numbers[-1]:.4g}")
