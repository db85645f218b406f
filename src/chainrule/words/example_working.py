"""Negative sampling's step on one example, worked: a centre word, the word near it, and words of noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.derivation.lines import Line
from chainrule.engines.arrays import evaluate_arrays
from chainrule.engines.rounding import Policy, Spec
from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.files.vector_data import VectorData
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Constant, Expression, Symbol, substitute, symbols_in
from chainrule.formulas.rules import RULES
from chainrule.formulas.vocabulary import matmul, row_sum, transpose
from chainrule.formulas.wordvectors import negative_sampling, negative_sampling_slope, noise
from chainrule.words.line_program import LineProgram, line, replaced, update_lines, with_numbers
from chainrule.words.line_working import work_lines
from chainrule.words.parts_of_vectors import two_sides
from chainrule.working.algebra import simplified
from chainrule.working.document import Working
from chainrule.working.program import Kind

__all__ = ["drawn_noise", "example_program", "work_example_of", "work_vectors_example"]

RATE = 0.025  # word2vec's own
_KINDS: Mapping[str, Kind] = {
    "z": "weighted sums", "z_N": "weighted sums", "C": "loss", "dz": "slopes", "dz_N": "slopes",
    "dv": "gradients", "du": "gradients", "dN": "gradients", "v": "updates", "u": "updates", "N": "updates",
}  # fmt: skip


def example_program(v: Any, u: Any, N: Any, *, rate: float = RATE) -> LineProgram:
    """The lines of one skip-gram example's step, with their numbers; all scores come before any vector moves.

    v: (D,), of the centre; u: (D,), the output vector of the word near it; N: (K, D), those of the noise words

    >>> before, after = example_program([0.5, 1.0], [1.0, -0.5], [[0.2, 0.1]]).numbers
    >>> before["z"], before["dz"], after["N"].shape
    (0.0, -0.5, (1, 2))
    """
    own, near, others = (np.asarray(each, dtype=np.float64) for each in (v, u, N))
    if own.ndim != 1 or near.shape != own.shape or others.ndim != 2 or others.shape[1:] != own.shape:
        raise ShapeMismatch(
            f"v has shape {own.shape}, u {near.shape} and N {others.shape}: give (D,), (D,) and (K, D)"
        )
    if not len(others):
        raise InvalidInput("negative sampling needs at least one noise word: name one")
    rule = RULES["gradient_descent"](learning_rate=rate)
    values = {"v": own[None], "u": near[None], "N": others, "eta": rule.parameters["learning_rate"]}
    gradients = {"z": "dz", "z_N": "dz_N", "v": "dv", "u": "du", "N": "dN"}
    return LineProgram(_lines(), values, _KINDS, "C", gradients, frozenset({"z_N", "dz_N"}))


def _lines() -> tuple[Line, ...]:
    """The catalogue's cost and gradients, cut where a quantity has a name of its own: scores, and their slopes."""
    made = negative_sampling.definition
    assert made.textbook is not None
    v, u, N = Symbol("v"), Symbol("u"), Symbol("N")
    scores: dict[Expression, Expression] = {
        row_sum(v * u): Symbol("z"),
        matmul(N, transpose(v)): Symbol("z_N"),
    }
    slopes = {
        name: with_numbers(negative_sampling_slope.definition, y=target)
        for name, target in (("z", 1), ("z_N", 0))
    }
    named = {
        substitute(slope.tree, {"z": Symbol(name)}): Symbol(f"d{name}") for name, slope in slopes.items()
    }

    def cut(tree: Expression) -> Expression:
        return replaced(simplified(substitute(replaced(tree, scores), {"g": Constant(1)})), named)

    def lined(
        phase: Any, symbol: str, tree: Expression, reason: str, textbook: Expression | None = None
    ) -> Line:
        return line(phase, symbol, Definition(made.name, symbols_in(tree), tree, {}, textbook), reason)

    score, noises = scores
    lines = [
        lined("feedforward", "z", score, "the score of the word that stands near: the product of both vectors"),
        lined("feedforward", "z_N", noises, "the scores of the noise words"),
        lined("loss", "C", replaced(made.tree, scores), "small where the word's score is high and the noise's are low",
              replaced(made.textbook, scores)),
        line("backpropagation", "dz", slopes["z"], "what σ says, less the 1 that it should say of the word"),
        line("backpropagation", "dz_N", slopes["z_N"], "what σ says, less the 0 that it should say of noise", z="z_N"),
    ]  # fmt: skip
    reasons = {
        "v": "from every word scored: its slope times its vector",
        "u": "the slope of the word's score, times the centre's vector",
        "N": "the slope of each noise word's score, times the centre's vector",
    }
    for name, reason in reasons.items():
        lines.append(lined("backpropagation", f"d{name}", cut(made.gradients[name].tree), reason))
    whose = {
        "v": "the centre's vector",
        "u": "the vector of the word near it",
        "N": "the vectors of the noise words",
    }
    for name, what in whose.items():
        told = (f"{what}: against the gradient, by the rate",)
        lines += update_lines(RULES["gradient_descent"], name, f"d{name}", "eta", told)
    return tuple(lines)


def work_example_of(
    v: Any,
    u: Any,
    N: Any,
    *,
    words: tuple[str, str] = ("the centre", "the word near it"),
    negatives: Sequence[str] = (),
    rate: float = RATE,
    rounding: Spec | Policy | None = None,
    told: Sequence[str] = (),
) -> Working:
    """Negative sampling's step on one example as a worked solution; the arguments as for `example_program`.

    words: the centre and the word near it; negatives: the noise words, in the order of N

    >>> working = work_example_of([0.5, 1.0], [1.0, -0.5], [[0.2, 0.1]], rounding="round:3")
    >>> working["dz"].result, working["∂C/∂v[1]"].result
    ('-0.500', '-0.390')
    """
    program = example_program(v, u, N, rate=rate)
    centre, near = words
    listed = ", ".join(f'{k} "{word}"' for k, word in enumerate(negatives, 1))
    heading = [
        f'the centre "{centre}" has the vector v, "{near}" near it the output vector u',
        *([f"the noise words have the output vectors N: {listed}"] if negatives else []),
        *told,
    ]
    return work_lines(
        program,
        title=f'Negative sampling\'s step: "{near}" near "{centre}"',
        heading=heading,
        rounding=rounding,
        source=negative_sampling.source,
    )


def drawn_noise(data: VectorData, count: int, seed: int, without: Sequence[str]) -> list[str]:
    """Noise words, each drawn with the chance that training gives it; none of those in `without`.

    Raises InvalidInput for vectors that do not say how often their words were seen.
    """
    if data.counts is None or not len(data.words):
        raise InvalidInput(
            "these vectors do not say how often each word was seen, from which noise words are drawn: name them"
        )
    seen = np.asarray(data.counts, dtype=np.float64)[:, None]
    chances = evaluate_arrays(noise.definition.tree, {"n": seen, **noise.parameters})[:, 0]
    places = {word: i for i, word in enumerate(data.words) if word in without}
    chances[list(places.values())] = 0
    if np.count_nonzero(chances) < count:
        raise ConfigError(f"there are not {count} other words to draw noise words from: ask for fewer")
    drawn = np.random.default_rng(seed).choice(len(chances), count, replace=False, p=chances / chances.sum())
    return [data.words[int(i)] for i in drawn]


def work_vectors_example(
    data: VectorData,
    pair: tuple[str, str],
    negatives: Sequence[str],
    rounding: Spec | Policy | None = None,
) -> Working:
    """The step that skip-gram would take on a centre and a word near it, from trained vectors of both sides.

    Raises InvalidInput for vectors of one side, or of GloVe; UnknownName for a word without a vector.
    """
    if data.word_bias is not None:
        raise InvalidInput(
            "these vectors are GloVe's, which samples no noise words: ask for a pair of words instead"
        )
    sides = two_sides(data)
    rate = data.settings.get("rate", RATE)
    centre, near = (sides.place(word) for word in pair)
    others = np.array([sides.context(sides.place(word)) for word in negatives])
    if len({pair[1], *negatives}) <= len(negatives):
        raise ConfigError("a noise word is named twice, or is the word to be found: name each once")
    return work_example_of(
        sides.word(centre),
        sides.context(near),
        others.reshape(len(negatives), -1),
        words=pair,
        negatives=negatives,
        rate=float(rate),
        rounding=rounding,
        told=("η is the rate that training begins with",),
    )
