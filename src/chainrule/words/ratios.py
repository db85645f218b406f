"""Ratios of probabilities: which words tell two others apart, by counts and by GloVe's vectors.

The table is that of Pennington, Socher & Manning 2014, with any two words and any probes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engines.arrays import evaluate_arrays
from chainrule.errors import ConfigError, InvalidInput
from chainrule.files.vector_data import VectorData
from chainrule.formulas.wordvectors import (
    difference_score,
    log_count_ratio,
    ppmi,
    probability,
    probability_ratio,
)
from chainrule.words.counts import Counts
from chainrule.words.parts_of_vectors import GloveParts, glove_parts, of_other_counts

__all__ = ["HOW_CHOSEN", "Probe", "Ratios", "Said", "column_totals", "ppmi_of", "ratios", "suggested"]

Array = NDArray[Any]
ALIKE = math.log(1.25)
"""Logarithms of ratios nearer to 0 than this are read as no difference."""

HOW_CHOSEN = (
    "two that tell each word from the other, by how often they stand near it times the logarithm of the ratio; "
    "the one that both have near them most beyond chance; and, of the 1,000 most frequent words, the one "
    "that they have least"
)
FREQUENT = 1000
SMOOTHED = 1.0  # added to counts where probes are chosen, so that one chance meeting tells little


@dataclass(frozen=True)
class Said:
    """What vectors say of a probe: (w_a − w_b) · w̃ + b_a − b_b.

    score: which GloVe fits to ln(X_ax / X_bx); log_ratio: it less ln(X_a / X_b), so ln(P(x|a) / P(x|b))
    reads: the sign of the second, in words
    """

    score: float
    log_ratio: float
    reads: str


@dataclass(frozen=True)
class Probe:
    """What counts say of a probe word x, and what vectors say.

    count_a, count_b: X_ax and X_bx; p_a, p_b: P(x|a) and P(x|b); ratio: of these, None where x is never near b
    log_counts: ln(X_ax / X_bx); log_ratio: ln(P(x|a) / P(x|b)); None where a count is 0
    reads: the counts in words
    """

    word: str
    count_a: float
    count_b: float
    p_a: float
    p_b: float
    ratio: float | None
    log_counts: float | None
    log_ratio: float | None
    reads: str
    vectors: Said | None = None


@dataclass(frozen=True)
class Ratios:
    """The table for two words.

    chosen: how its probes were chosen, "" where they were given
    note: what shows that the vectors were trained on other counts, "" where nothing does
    """

    a: str
    b: str
    total_a: float
    total_b: float
    probes: tuple[Probe, ...]
    chosen: str = ""
    note: str = ""


def ratios(
    counts: Counts,
    a: str,
    b: str,
    probes: Sequence[str] | None = None,
    vectors: VectorData | None = None,
) -> Ratios:
    """P(x|a), P(x|b) and their ratio for every probe x; beside them what GloVe's vectors say, where given.

    probes: None to have them suggested. Raises UnknownName for a word that is not there, InvalidInput for a
    word that has nothing near it, and for vectors that are not GloVe's with all its parts.

    >>> from chainrule.words.vocabulary import Vocabulary
    >>> words = Vocabulary(["ice", "steam", "solid", "gas"], [9, 8, 7, 6])
    >>> cells = [0, 0, 1, 1], [2, 3, 2, 3], [8.0, 2.0, 1.0, 9.0]
    >>> table = ratios(Counts.from_cells(words, *cells), "ice", "steam", ["solid", "gas"])
    >>> [(probe.p_a, probe.p_b, round(probe.ratio or 0, 2)) for probe in table.probes]
    [(0.8, 0.1, 8.0), (0.2, 0.9, 0.22)]
    """
    if a == b:
        raise ConfigError(f'the two words are both "{a}": name two different ones')
    totals = counts.total(a), counts.total(b)
    for word, total in zip((a, b), totals, strict=True):
        if not total:
            raise InvalidInput(
                f'"{word}" has no word near it in the counts: name another, or count more text'
            )
    chosen = HOW_CHOSEN if probes is None else ""
    wanted = suggested(counts, a, b) if probes is None else list(probes)
    parts = glove_parts(vectors) if vectors is not None else None
    made = [_probe(counts, (a, b), totals, word, parts) for word in wanted]
    note = of_other_counts(parts, counts, (a, b)) if parts is not None else ""
    return Ratios(a, b, *totals, tuple(made), chosen, note)


def _probe(
    counts: Counts, pair: tuple[str, str], totals: tuple[float, float], word: str, parts: GloveParts | None
) -> Probe:
    (a, b), (n_a, n_b) = pair, totals
    x_a, x_b = counts.of(a, word), counts.of(b, word)
    p_a, p_b = probability.value_at(x=x_a, x_i=n_a), probability.value_at(x=x_b, x_i=n_b)
    ratio = probability_ratio.value_at(x_a=x_a, n_a=n_a, x_b=x_b, n_b=n_b) if x_b else None
    both = bool(x_a and x_b)
    log_counts = log_count_ratio.value_at(x_a=x_a, x_b=x_b) if both else None
    log_ratio = log_count_ratio.value_at(x_a=p_a, x_b=p_b) if both else None
    if both:
        assert log_ratio is not None
        reads = _read(log_ratio, pair)
    else:
        reads = f"only near {a}" if x_a else f"only near {b}" if x_b else "never together with either"
    said = _said(parts, pair, totals, word) if parts is not None else None
    return Probe(word, x_a, x_b, p_a, p_b, ratio, log_counts, log_ratio, reads, said)


def _said(parts: GloveParts, pair: tuple[str, str], totals: tuple[float, float], word: str) -> Said:
    i, j, k = (parts.place(each) for each in (*pair, word))
    score = evaluate_arrays(
        difference_score.definition.tree,
        {
            "w_a": parts.word(i)[None],
            "w_b": parts.word(j)[None],
            "w_tilde": parts.context(k)[None],
            "b_a": parts.word_bias(i),
            "b_b": parts.word_bias(j),
        },
    ).item()
    log_ratio = score - log_count_ratio.value_at(x_a=totals[0], x_b=totals[1])
    return Said(score, log_ratio, _read(log_ratio, pair))


def _read(log_ratio: float, pair: tuple[str, str]) -> str:
    """The sign of a logarithm of a ratio, in words."""
    if abs(log_ratio) < ALIKE:
        return "near one as the other"
    return f"goes with {pair[0] if log_ratio > 0 else pair[1]}"


def suggested(counts: Counts, a: str, b: str) -> list[str]:
    """Probes for two words, chosen as `HOW_CHOSEN` says; fewer where the counts have no more."""
    words = counts.vocabulary.words
    rows = [_dense(counts, word) for word in (a, b)]
    totals = [row.sum() for row in rows]
    free = np.ones(len(words), bool)
    free[[counts.vocabulary.place(word) for word in (a, b)]] = False
    p_a, p_b = ((row + SMOOTHED) / total for row, total in zip(rows, totals, strict=True))
    logs = evaluate_arrays(log_count_ratio.definition.tree, {"x_a": p_a, "x_b": p_b})
    logs = np.where(np.abs(logs) < ALIKE, 0, logs)
    found: list[str] = []

    def take(merits: Array, most: int) -> None:
        best = [int(k) for k in np.argsort(-merits, kind="stable")[:most] if merits[k] > 0 and free[k]]
        free[best] = False
        found.extend(words[k] for k in best)

    take(np.where(free, rows[0] / totals[0] * logs, 0), 2)
    take(np.where(free, rows[1] / totals[1] * -logs, 0), 2)
    # More than chance tells of little where a pair was seen once.
    company = [
        np.where(row > SMOOTHED, ppmi_of(counts, word), 0) for row, word in zip(rows, (a, b), strict=True)
    ]
    take(np.where(free, np.minimum(*company), 0), 1)
    seen = np.asarray(counts.vocabulary.counts, dtype=np.float64)
    share = np.maximum(rows[0] / totals[0], rows[1] / totals[1]) / (seen / seen.sum())
    share[~free] = np.inf
    share[FREQUENT:] = np.inf
    if len(share) and np.isfinite(share.min()):
        found.append(words[int(np.argmin(share))])
    return found


def _dense(counts: Counts, word: str) -> NDArray[np.float64]:
    columns, values = counts.row(word)
    made = np.zeros(len(counts.vocabulary))
    made[columns] = values
    return made


def ppmi_of(counts: Counts, word: str) -> NDArray[np.float64]:
    """(V,): the PPMI of a word with every context, 0 where they were never together."""
    row, columns = _dense(counts, word), column_totals(counts)
    known = {"x": row, "x_i": row.sum(), "x_j": columns, "X": columns.sum()}
    made: NDArray[np.float64] = np.where(row > 0, evaluate_arrays(ppmi.definition.tree, known), 0.0)
    return made


def column_totals(counts: Counts) -> NDArray[np.float64]:
    """Σ_i X_ij, (V,): how often each word stands near another; as the rows' sums where counts are symmetric."""
    if counts.symmetric:
        return counts.totals
    return np.bincount(counts.columns, counts.values, minlength=len(counts.vocabulary)).astype(np.float64)
