"""What a gradient check found, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from chainrule.derivation.lines import Derivation
from chainrule.formulas.writing import symbol_text

LOST = (
    "The data are fitted so well that the rounding of the loss hides even the steepest slope's errors below "
    "1 %: check with other rows or parameters as well."
)


@dataclass(frozen=True)
class ParameterCheck:
    """How one parameter fared: its entries, how many were compared and left out, the worst of them.

    index: of the worst entry, from 1; empty where none was compared
    """

    symbol: str
    shape: tuple[int, ...]
    compared: int
    left_out: int
    error: float
    index: tuple[int, ...]
    analytic: float
    numeric: float

    @property
    def worst(self) -> str:
        """The worst entry as it is written: W2[3,1]."""
        written = symbol_text(self.symbol)
        return f"{written}[{','.join(map(str, self.index))}]" if self.index else written

    @property
    def entries(self) -> int:
        """How many numbers the parameter holds."""
        return prod(self.shape)


@dataclass(frozen=True)
class EntryCheck:
    """One entry's slope by the chain rule (analytic) and by differences (numeric); fields as in `ParameterCheck`.

    error: |a − n| / (|a| + |n|), or over what a difference can tell where that is more
    """

    symbol: str
    index: tuple[int, ...]
    error: float
    analytic: float
    numeric: float


@dataclass(frozen=True)
class GradientCheck:
    """What a gradient check found; `print` it to read it.

    ok:         at least one entry was compared, and none differs by more than the tolerance
    worst:      the entry with the greatest relative error, as it is written (W2[3,1]); symbol, index (from
                1), error, analytic (by the chain rule) and numeric (by differences) belong to it
    parameters: the same for each parameter
    compared, left_out: entries compared, and left out because a kink lies between the two sides
    limit:      the most entries compared of a parameter, drawn at random; None: all of them
    loss:       the loss at which the slopes were taken
    remarks:    what to bear in mind, one sentence each
    """

    ok: bool
    worst: str
    symbol: str
    index: tuple[int, ...]
    error: float
    analytic: float
    numeric: float
    parameters: tuple[ParameterCheck, ...]
    compared: int
    left_out: int
    entries: int
    limit: int | None
    tolerance: float
    loss: float
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        rows = [("parameter", "shape", "compared", "left out", "worst error", "at")]
        for found in self.parameters:
            shape = " × ".join(map(str, found.shape))
            error = f"{found.error:.1e}" if found.compared else "none"
            counts = f"{found.compared:,} of {found.entries:,}", f"{found.left_out:,}"
            rows.append((symbol_text(found.symbol), shape, *counts, error, found.worst))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
        return "\n".join([*table, "", *self.remarks, self.verdict])

    @property
    def verdict(self) -> str:
        """The outcome in a sentence."""
        if not self.compared:
            return (
                "No gradient was compared: a kink lies beside every entry, so try other parameters or data."
            )
        if self.ok and self.analytic == self.numeric == 0:
            return "Every slope is 0, by the chain rule and by differences: there is nothing to tell apart."
        figures = f"{self.analytic:.8g} by the chain rule, {self.numeric:.8g} by central differences"
        if self.ok:
            return (
                f"The gradients agree at a loss of {self.loss:.6g}: the worst relative error, "
                f"{self.error:.1e} at {self.worst} ({figures}), is within {self.tolerance:g}."
            )
        return (
            f"The gradients disagree: at {self.worst} the slope is {figures}, a relative error of "
            f"{self.error:.1e} where {self.tolerance:g} is allowed."
        )


def summary(
    derivation: Derivation,
    loss: float,
    found: tuple[ParameterCheck, ...],
    limit: int | None,
    tolerance: float,
    *,
    lost: bool = False,
) -> GradientCheck:
    """The whole check's findings from those of each parameter, in the order of `derivation.trained`.

    lost: whether the rounding of the loss would hide even a wrong slope
    """
    worst = max(found, key=lambda one: (one.compared > 0, one.error))
    compared = sum(one.compared for one in found)
    return GradientCheck(
        ok=compared > 0 and worst.error <= tolerance,
        worst=worst.worst,
        symbol=worst.symbol,
        index=worst.index,
        error=worst.error,
        analytic=worst.analytic,
        numeric=worst.numeric,
        parameters=found,
        compared=compared,
        left_out=sum(one.left_out for one in found),
        entries=sum(one.entries for one in found),
        limit=limit,
        tolerance=tolerance,
        loss=loss,
        remarks=(*_remarks(derivation, found, limit, tolerance), *([LOST] if lost else [])),
    )


def _remarks(
    derivation: Derivation, found: tuple[ParameterCheck, ...], limit: int | None, tolerance: float
) -> list[str]:
    dense = derivation.network.dense
    remarks = [
        f"Layer {number}'s step activation has slope 0 wherever it has one, so no gradient passes through it "
        "and the check is meaningless up to there: train it by the perceptron rule."
        for number, layer in enumerate(dense, start=1)
        if layer.activation.name == "step"
    ]
    if limit is not None and any(one.entries > limit for one in found):
        remarks.append(f"At most {limit:,} entries of each parameter were compared, drawn at random.")
    if any(one.left_out for one in found):
        left_out = sum(one.left_out for one in found)
        remarks.append(
            f"{left_out:,} left out: a kink of an activation or of the loss lies between the two sides."
        )
    wrong = {p.layer for p, one in zip(derivation.trained, found, strict=True) if one.error > tolerance}
    if wrong:
        top = max(wrong)
        or_loss = " or of the loss" if top == len(dense) else ""
        remarks.append(
            f"Going back, layer {top} is the first to disagree: look at the slope of its activation "
            f"({dense[top - 1].activation.name}){or_loss}, and for a kink that is not declared."
        )
    return remarks
