"""What happened when a perceptron trained, in plain sentences."""

from __future__ import annotations

from math import floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chainrule.learning.perceptron import PerceptronRun

HIDDEN_LAYER = (
    'a network with a hidden layer can tell them apart, for example Network({inputs}, [Dense(4, "tanh"), '
    'Dense(1, "sigmoid")]).'
)

# More terms than MOST_TERMS are no sentence any more: then only the weightiest are written out.
MOST_TERMS, WEIGHTIEST = 8, 5


def tell(run: PerceptronRun) -> str:
    """The story of a run: how it ended, why, what to try next, and what was learnt."""
    told = [_converged(run), *_bound(run)] if run.converged else [_ending(run), *_reason(run)]
    told.append(_unit(run))
    if run.close:
        told.append(
            f"In epoch {run.close[0]:,} the weighted sum of sample {run.close[1]:,} lies within rounding of the "
            "threshold, where a calculation by hand may decide otherwise: a learning rate of 1, or another "
            "power of 2, keeps such sums exact."
        )
    if run.presentations > len(run.trace):
        told.append(f"The trace keeps the first {len(run.trace):,} of {run.presentations:,} presentations.")
    return "\n".join(told)


def _converged(run: PerceptronRun) -> str:
    return (
        f"Converged: epoch {run.epochs:,} went through {_counted(run.samples, 'sample')} without a mistake, "
        f"after {_counted(run.updates, 'update')}."
    )


def _bound(run: PerceptronRun) -> list[str]:
    if run.bound is None:
        return []
    return [
        f"No order of the samples could have taken more than (R/γ)² = {_whole(run.bound)} updates: R = "
        f"{run.separation.radius:.4g} is the length of the longest input (with the constant −1), γ = "
        f"{run.separation.margin:.4g} the margin of the best separation found."
    ]


def _ending(run: PerceptronRun) -> str:
    epochs = f"each of the {run.epochs:,} epochs" if run.epochs > 1 else "the only epoch"
    every = f"{epochs} had mistakes ({_counted(run.updates, 'update')} in all)"
    if run.cycle is None:
        return f"No convergence: {every}."
    first, last = run.cycle
    repeats = f"epochs {first:,} to {last:,} repeat" if first < last else f"epoch {first:,} repeats"
    return (
        f"No convergence: {every}, and {repeats} for ever, since the weights are exactly what they were "
        f"{'at the start' if first == 1 else f'after epoch {first - 1:,}'}."
    )


def _reason(run: PerceptronRun) -> list[str]:
    if run.separation.equal:
        return [
            "The reason: samples with equal inputs are of both classes, so no network can tell them apart.",
            "The suggestion: mend the data, or add an input in which they differ.",
        ]
    if run.separation.separable is False:
        line = {1: "point", 2: "line", 3: "plane"}.get(len(run.weights), "hyperplane")
        return [
            "The reason: the classes are not linearly separable, "
            f"since no {line} leaves them on its two sides.",
            "The suggestion: " + HIDDEN_LAYER.format(inputs=len(run.weights)),
        ]
    if run.reachable is False:
        return [
            f"The reason: with the threshold fixed at {_signed(run.threshold)} no weights tell the classes apart.",
            "The suggestion: let the threshold be learnt (leave it out).",
        ]
    if not run.learnt:
        known = "the classes are linearly separable, but " if run.separation.separable else ""
        return [
            f"The reason: {known}with the threshold fixed at {_signed(run.threshold)} nothing promises convergence.",
            "The suggestion: let the threshold be learnt (leave it out), or take a smaller learning rate.",
        ]
    if run.separation.separable is None:
        return [
            "Whether the classes are linearly separable could not be decided: more epochs may or may not do.",
            "The suggestion: more epochs, or else " + HIDDEN_LAYER.format(inputs=len(run.weights)),
        ]
    if run.cycle is not None:
        return [
            "The reason: the classes are linearly separable, but the numbers are so large or so far apart that "
            "updates are lost in rounding.",
            "The suggestion: standardise the inputs.",
        ]
    limit = f" after at most (R/γ)² = {_whole(run.bound)} updates" if run.bound is not None else ""
    return [
        f"The classes are linearly separable, so training would end{limit}.",
        "The suggestion: more epochs, or standardised inputs, which make the bound smaller.",
    ]


def _unit(run: PerceptronRun) -> str:
    written = ""
    terms = list(zip(run.weights.tolist(), run.names, strict=True))
    shown = terms if len(terms) <= MOST_TERMS else sorted(terms, key=lambda t: -abs(t[0]))[:WEIGHTIEST]
    for weight, name in shown:
        sign = ("− " if weight < 0 else "+ ") if written else ("−" if weight < 0 else "")
        written += f"{' ' if written else ''}{sign}{abs(weight):.6g} · {name}"
    if len(shown) < len(terms):
        written += f" + {len(terms) - len(shown):,} lighter terms"
    return f"The unit fires where {written} ≥ {_signed(run.threshold)}."


def _signed(number: float) -> str:
    return f"{'−' if number < 0 else ''}{abs(number):.6g}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _whole(bound: float) -> str:
    """A bound on a count: only its whole part matters."""
    return f"{floor(bound * (1 + 1e-9)):,}" if bound < 1e15 else f"{bound:.3g}"
