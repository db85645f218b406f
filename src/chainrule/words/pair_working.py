"""GloVe's step on one pair of words, worked: the count, its weight, the prediction, the error, and AdaGrad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.engines.rounding import Policy, Spec
from chainrule.errors import InvalidInput, ShapeMismatch
from chainrule.files.vector_data import VectorData
from chainrule.formulas.wordvectors import (
    glove_adagrad,
    glove_error,
    glove_half_pair_cost,
    glove_pair_cost,
    glove_prediction,
    glove_weighting,
)
from chainrule.words.counts import Counts
from chainrule.words.line_program import LineProgram, line, update_lines, with_numbers
from chainrule.words.line_working import work_lines
from chainrule.words.parts_of_vectors import GloveParts, glove_parts, of_other_counts
from chainrule.working.document import Working
from chainrule.working.program import Kind

__all__ = ["pair_program", "work_pair", "work_vectors_pair"]

_SIDES = {"w": "of the word", "w_tilde": "of the context", "b": "of the word", "b_tilde": "of the context"}
_KINDS: Mapping[str, Kind] = {
    "p": "weighted sums", "J": "loss", "C": "loss", "de": "slopes", "dp": "slopes",
    **{f"d{name}": "gradients" for name in _SIDES},
    **dict.fromkeys(_SIDES, "updates"),
    **{f"s_{name}": "updates" for name in _SIDES},
}  # fmt: skip


def pair_program(
    x: float,
    w: Any,
    w_tilde: Any,
    b: float,
    b_tilde: float,
    *,
    x_max: float = 100.0,
    alpha: float = 0.75,
    rate: float = 0.05,
    bias_rate: float = 1.0,
    sums: Mapping[str, Any] | None = None,
) -> LineProgram:
    """The lines of one pair's step, in the order of training, with their numbers.

    x: the count, above 0; w, w_tilde: (D,); b, b_tilde: the biases; x_max, alpha, rate, bias_rate: as for
    `train_glove`; sums: the sums of squares s of w, w_tilde (D,), b and b_tilde, 1 each unless given.

    >>> program = pair_program(100.0, [0.5, 1.0], [1.0, -0.5], 0.1, 0.2)
    >>> before, after = program.numbers
    >>> before["p"], after["w"].shape
    (0.30000000000000004, (1, 2))
    """
    vectors = {"w": _row(w), "w_tilde": _row(w_tilde)}
    if vectors["w"].shape != vectors["w_tilde"].shape:
        raise ShapeMismatch(
            f"w has {vectors['w'].size} numbers and w_tilde {vectors['w_tilde'].size}: give as many of both"
        )
    if not 0 < x < float("inf"):
        raise InvalidInput(f"the count of a pair must be above 0 and finite, not {x:g}: GloVe leaves it out")
    weighting = glove_weighting(x_max=x_max, alpha=alpha)
    values: dict[str, Any] = {
        "x": float(x), **weighting.parameters, **vectors, "b": float(b), "b_tilde": float(b_tilde),
        "eta": glove_adagrad(learning_rate=rate).parameters["learning_rate"],
        "eta_b": glove_adagrad(learning_rate=bias_rate).parameters["learning_rate"],
    }  # fmt: skip
    assert glove_adagrad.state is not None
    for name in _SIDES:
        start = (sums or {}).get(name, glove_adagrad.state["s"])
        values[f"s_{name}"] = (
            np.broadcast_to(np.asarray(start, np.float64), vectors[name].shape)
            if name in vectors
            else float(start)
        )
    gradients = {name: f"d{name}" for name in _SIDES}
    return LineProgram(_lines(), values, _KINDS, "C", {"e": "de", "p": "dp", **gradients})


def _lines() -> tuple[Any, ...]:
    prediction = glove_prediction.definition
    slope = with_numbers(glove_half_pair_cost.definition.gradients["e"], g=1)
    lines = [
        line("feedforward", "f", glove_weighting.definition, "how much the pair weighs: 1 from x_max on"),
        line("feedforward", "p", prediction, "the prediction of ln x: the product of the vectors, and both biases"),
        line("feedforward", "e", glove_error.definition, "the error: the prediction less the logarithm of the count"),
        line("loss", "J", glove_pair_cost.definition, "the paper's cost of the pair, which training reports"),
        line("loss", "C", glove_half_pair_cost.definition,
             "half of it, whose gradient has no factor 2: as Stanford's program"),
        line("backpropagation", "de", slope, "the weight times the error"),
        line("backpropagation", "dp", glove_error.definition.gradients["p"],
             "the logarithm of the count does not change", g="de"),
    ]  # fmt: skip
    reasons = {
        "w": "the gradient that arrives, times the context's vector",
        "w_tilde": "the gradient that arrives, times the word's vector",
        "b": "each bias is added, so what arrives goes on as it is",
        "b_tilde": "each bias is added, so what arrives goes on as it is",
    }
    for name, reason in reasons.items():
        made = prediction.gradients[name]
        lines.append(line("backpropagation", f"d{name}", made, reason, g="dp"))
    for name, side in _SIDES.items():
        what = f"the {'bias' if name.startswith('b') else 'vector'} {side}"
        told = (
            f"AdaGrad, {what}: the rate times the gradient",
            f"{what}: the step over the root of the squares so far, before this one",
            f"{what}: the sum of squares takes the step in",
        )
        rate = "eta_b" if name.startswith("b") else "eta"
        lines += update_lines(glove_adagrad, name, f"d{name}", rate, told)
    return tuple(lines)


def work_pair(
    x: float,
    w: Any,
    w_tilde: Any,
    b: float,
    b_tilde: float,
    *,
    words: tuple[str, str] = ("i", "j"),
    rounding: Spec | Policy | None = None,
    told: tuple[str, ...] = (),
    **settings: Any,
) -> Working:
    """GloVe's step on one pair as a worked solution, in float64 or, with `rounding`, as with a pencil.

    words: the pair; told: further lines for the heading; the rest as for `pair_program`

    >>> working = work_pair(100.0, ["0.5"], ["2"], 0.1, 0.2, rounding="round:2")
    >>> working["e"].result
    '-3.31'
    """
    program = pair_program(x, w, w_tilde, b, b_tilde, **settings)
    own, other = words
    heading = (
        f'the word "{own}": its vector w and bias b; the context "{other}": its vector w̃ and bias b̃',
        f'x counts how often "{other}" stands near "{own}"',
        *told,
    )
    return work_lines(
        program,
        title=f'GloVe\'s step on the pair "{own}", "{other}"',
        heading=heading,
        rounding=rounding,
        source=f"{glove_pair_cost.source}; {glove_adagrad.source}",
    )


def work_vectors_pair(
    data: VectorData,
    counts: Counts,
    pair: tuple[str, str],
    rounding: Spec | Policy | None = None,
) -> Working:
    """The next step that GloVe's training would take on a pair, from its trained vectors and its counts.

    Raises InvalidInput for vectors that are not GloVe's with both sides kept, for counts that they were not trained
    on, and for a pair that was never counted; UnknownName for a word that the vectors or the counts lack.
    """
    parts: GloveParts = glove_parts(data)
    own, other = pair
    if differs := of_other_counts(parts, counts, pair):
        raise InvalidInput(f"{differs}: give the counts that they were trained on")
    x = counts.of(own, other)
    if not x:
        raise InvalidInput(
            f'"{other}" never stands near "{own}" in the counts, and GloVe trains on what it has seen: '
            "name a pair that was counted"
        )
    i, j = parts.place(own), parts.place(other)
    told = ("the sums of squares s begin at 1, as when training begins: a file of vectors keeps none",)
    return work_pair(
        x,
        parts.word(i),
        parts.context(j),
        parts.word_bias(i),
        parts.context_bias(j),
        words=pair,
        rounding=rounding,
        told=told,
        **parts.settings,
    )


def _row(numbers: Any) -> Any:
    return np.asarray(numbers, dtype=np.float64).reshape(1, -1)
