"""How good vectors are: analogies solved, and agreement with people on which words are alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import InvalidInput
from chainrule.words.nearest import EPSILON
from chainrule.words.question_files import Analogies, Pairs, Question
from chainrule.words.scan import threads
from chainrule.words.vectors import Vectors

__all__ = ["AnalogyResult", "PairsResult", "Score", "evaluate_analogies", "evaluate_pairs", "wilson"]

Z = 1.959963984540054  # 95 % of a normal distribution lie within
BLOCK = 1 << 15
_PLACES = NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """A section's questions: how many there are, how many could be asked, and how many each method got right."""

    name: str
    questions: int
    asked: int
    add: int
    mul: int

    @property
    def coverage(self) -> float:
        """The share of questions whose four words all have vectors."""
        return self.asked / self.questions if self.questions else 0.0

    def accuracy(self, method: str = "add") -> float:
        """The share right of those asked; not a number where none could be."""
        right: int = getattr(self, method)
        return right / self.asked if self.asked else math.nan

    def interval(self, method: str = "add") -> tuple[float, float]:
        """The 95 % interval of the accuracy."""
        return wilson(getattr(self, method), self.asked)


@dataclass(frozen=True)
class AnalogyResult:
    """sections: each section's score; semantic, syntactic: sums where the file has both kinds; total: of all."""

    name: str
    sections: tuple[Score, ...]
    total: Score
    semantic: Score | None = None
    syntactic: Score | None = None


@dataclass(frozen=True)
class PairsResult:
    """spearman: rank correlation of cosines and scores over the pairs asked; interval: 95 %."""

    name: str
    pairs: int
    asked: int
    spearman: float
    interval: tuple[float, float]

    @property
    def coverage(self) -> float:
        """The share of pairs whose words both have vectors."""
        return self.asked / self.pairs if self.pairs else 0.0


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % score interval of a share (Wilson 1927); (0, 1) where nothing was asked.

    >>> [round(edge, 4) for edge in wilson(8, 10)]
    [0.4902, 0.9433]
    """
    if not count:
        return 0.0, 1.0
    share, z2 = right / count, Z * Z / count
    middle = (share + z2 / 2) / (1 + z2)
    half = Z / (1 + z2) * math.sqrt(share * (1 - share) / count + z2 / (4 * count))
    return max(0.0, middle - half), min(1.0, middle + half)


def evaluate_analogies(vectors: Vectors, analogies: Analogies) -> AnalogyResult:
    """Answer every question whose words all have vectors, by 3CosAdd and by 3CosMul, over all words.

    A word without a vector is tried in lower case. The three words of a question are never its answer.
    """
    asked: list[tuple[str, tuple[int, int, int, int]]] = []
    for section, questions in analogies.sections.items():
        for question in questions:
            a, b, c, d = (vectors.find(word) for word in question)
            if min(a, b, c, d) >= 0:
                asked.append((section, (a, b, c, d)))
    right = _right(vectors, np.array([places for _, places in asked], np.int64).reshape(-1, 4))
    rows: dict[str, list[int]] = {section: [] for section in analogies.sections}
    for row, (section, _) in enumerate(asked):
        rows[section].append(row)
    sections = [_score(name, analogies.sections[name], right[rows[name]]) for name in analogies.sections]
    syntactic = [score for score in sections if score.name.startswith("gram")]
    semantic = [score for score in sections if not score.name.startswith("gram")]
    both = bool(syntactic and semantic)
    return AnalogyResult(
        analogies.name,
        tuple(sections),
        _sum("all", sections),
        _sum("semantic", semantic) if both else None,
        _sum("syntactic", syntactic) if both else None,
    )


def _score(name: str, questions: Sequence[Question], right: NDArray[np.bool_]) -> Score:
    add, mul = right.sum(axis=0).tolist() if len(right) else (0, 0)
    return Score(name, len(questions), len(right), add, mul)


def _sum(name: str, scores: Sequence[Score]) -> Score:
    return Score(
        name, *(sum(getattr(s, what) for s in scores) for what in ("questions", "asked", "add", "mul"))
    )


def _right(vectors: Vectors, questions: _PLACES) -> NDArray[np.bool_]:
    """(Q, 2): whether 3CosAdd and 3CosMul answer each of (Q, 4) questions rightly."""
    if not len(questions):
        return np.zeros((0, 2), bool)
    best = _Best(vectors, questions)
    for start in range(0, len(vectors), BLOCK):
        best.look_at(start, min(start + BLOCK, len(vectors)))
    found: NDArray[np.bool_] = best.places == questions[:, 3:]
    return found


class _Best:
    """The best answers so far: questions with the same first two words share a difference of rows.

    places, scores: (Q, 2), for 3CosAdd and 3CosMul
    """

    def __init__(self, vectors: Vectors, questions: _PLACES) -> None:
        self.vectors, self.questions = vectors, questions
        self.known, rows = np.unique(questions[:, :3], return_inverse=True)
        self.rows: _PLACES = rows.reshape(-1, 3)
        self.units = vectors.units(self.known).astype(np.float32)
        self.places = np.full((len(questions), 2), -1, np.int64)
        self.scores = np.full((len(questions), 2), -np.inf, np.float32)
        order = np.lexsort((self.rows[:, 1], self.rows[:, 0])).tolist()
        pairs = groupby(order, key=lambda q: (self.rows[q, 0], self.rows[q, 1]))
        self.groups = [(int(a), int(b), list(group)) for (a, b), group in pairs]

    def look_at(self, start: int, stop: int) -> None:
        """Compare all questions with the words from `start` to `stop`."""
        block = self.vectors.units(np.arange(start, stop)).astype(np.float32)
        nowhere = ~block.any(axis=1)
        cosines = self.units @ block.T
        shifted = np.maximum((1 + cosines) / 2, 0)
        # The product of 3CosMul as a sum of logarithms, so that both methods are one addition a question.
        with np.errstate(divide="ignore"):
            tables = ((cosines, cosines), (np.log(shifted), np.log(shifted + np.float32(EPSILON))))

        def answer(groups: Sequence[tuple[int, int, list[int]]]) -> None:
            scores = np.empty(stop - start, np.float32)
            for method, (table, taken) in enumerate(tables):
                for a, b, group in groups:
                    # A cosine of −1 has no logarithm: such a word is never the answer.
                    difference = table[b] - taken[a]
                    difference[nowhere] = -np.inf
                    for question in group:
                        np.add(difference, table[self.rows[question, 2]], out=scores)
                        self._note(question, method, scores, start)

        parts = threads()
        with ThreadPoolExecutor(parts) as pool:
            list(pool.map(answer, [self.groups[part::parts] for part in range(parts)]))

    def _note(self, question: int, method: int, scores: NDArray[np.float32], start: int) -> None:
        for place in self.questions[question, :3] - start:
            if 0 <= place < len(scores):
                scores[place] = -np.inf
        found = int(scores.argmax())
        if scores[found] > self.scores[question, method]:
            self.scores[question, method], self.places[question, method] = scores[found], start + found


def evaluate_pairs(vectors: Vectors, pairs: Pairs) -> PairsResult:
    """Spearman's rank correlation between the cosines and the scores of the pairs whose words have vectors.

    A word without a vector is tried in lower case. The interval is Fisher's, with the variance of Bonett & Wright
    (2000) for ranks; where fewer than four pairs are left it says nothing: (−1, 1). A correlation that is not
    defined (fewer than two pairs, or all alike) is not a number.
    """
    places = [(vectors.find(a), vectors.find(b), score) for a, b, score in pairs.pairs]
    asked = [(a, b, score) for a, b, score in places if a >= 0 and b >= 0]
    if any(not math.isfinite(score) for _, _, score in asked):
        raise InvalidInput(f"{pairs.name} has a score that is not finite: correct it")
    cosines = _cosines(vectors, [a for a, _, _ in asked], [b for _, b, _ in asked])
    correlation = _spearman(cosines, [score for _, _, score in asked])
    return PairsResult(pairs.name, len(pairs), len(asked), correlation, _fisher(correlation, len(asked)))


def _cosines(vectors: Vectors, first: list[int], second: list[int]) -> NDArray[np.float64]:
    products: NDArray[np.float64] = np.einsum("ij,ij->i", vectors.units(first), vectors.units(second))
    return products


def _spearman(cosines: NDArray[np.float64], scores: list[float]) -> float:
    if len(scores) < 2 or np.ptp(cosines) == 0 or np.ptp(scores) == 0:
        return math.nan
    from scipy.stats import spearmanr

    found: Any = spearmanr(cosines, scores)
    return float(found.statistic)


def _fisher(correlation: float, count: int) -> tuple[float, float]:
    if count < 4 or not abs(correlation) < 1:
        return (-1.0, 1.0) if count < 4 or math.isnan(correlation) else (correlation, correlation)
    half = Z * math.sqrt((1 + correlation**2 / 2) / (count - 3))
    middle = math.atanh(correlation)
    return math.tanh(middle - half), math.tanh(middle + half)
