"""Vectors measured on analogies and on pairs of words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import InvalidInput
from chainrule.words import evaluation
from chainrule.words.evaluation import evaluate_analogies, evaluate_pairs, wilson
from chainrule.words.question_files import Analogies, Pairs, read_questions
from chainrule.words.vectors import Vectors

WORDS = [f"w{i}" for i in range(60)]


@pytest.fixture
def vectors() -> Vectors:
    matrix = np.random.default_rng(2).normal(size=(60, 3))
    matrix[7] = 0
    return Vectors(WORDS, matrix)


def questions(count: int = 200) -> Analogies:
    rng = np.random.default_rng(3)
    places = [rng.choice([i for i in range(60) if i != 7], 4, replace=False) for _ in range(count)]
    listed: list[Any] = [tuple(WORDS[i] for i in each) for each in places]
    return Analogies("q", {"capitals": listed[:120], "gram1": listed[120:]})


@pytest.mark.parametrize("block", [7, 1 << 15])
def test_each_question_is_answered_as_by_itself(vectors: Vectors, block: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(evaluation, "BLOCK", block)
    asked = questions()
    right = {
        method: {
            name: sum(vectors.analogy(a, b, c, 1, method=method)[0][0] == d for a, b, c, d in section)  # type: ignore[arg-type]
            for name, section in asked.sections.items()
        }
        for method in ("add", "mul")
    }
    found = evaluate_analogies(vectors, asked)
    assert {s.name: s.add for s in found.sections} == right["add"]
    assert {s.name: s.mul for s in found.sections} == right["mul"]
    assert found.semantic is not None
    assert found.syntactic is not None
    assert (found.semantic.questions, found.syntactic.questions, found.total.asked) == (120, 80, 200)
    assert found.total.add == sum(right["add"].values()) > 0


def test_coverage_is_stated_and_words_are_tried_in_lower_case(vectors: Vectors) -> None:
    asked = Analogies("q", {"s": [("W1", "w2", "w3", "w4"), ("w1", "w2", "w3", "unheard")]})
    total = evaluate_analogies(vectors, asked).total
    assert (total.questions, total.asked, total.coverage) == (2, 1, 0.5)
    none = evaluate_analogies(vectors, Analogies("q", {"s": [("a", "b", "c", "d")]})).total
    assert (none.asked, math.isnan(none.accuracy()), none.interval()) == (0, True, (0.0, 1.0))


def test_wilsons_interval_is_scipys() -> None:
    from scipy.stats import binomtest

    for right, count in ((0, 5), (8, 10), (300, 1000), (7, 7)):
        other = binomtest(right, count).proportion_ci(method="wilson")
        assert wilson(right, count) == pytest.approx((other.low, other.high), abs=1e-12)


def test_pairs_are_ranked_as_their_cosines(vectors: Vectors) -> None:
    from scipy.stats import spearmanr

    rng = np.random.default_rng(4)
    pairs = [(WORDS[rng.integers(60)], WORDS[rng.integers(60)], float(rng.integers(9))) for _ in range(40)]
    pairs = [p for p in pairs if "w7" not in p]
    result = evaluate_pairs(vectors, Pairs("p", [*pairs, ("w1", "unheard", 3.0)]))
    cosines = [vectors.similarity(a, b) for a, b, _ in pairs]
    assert result.spearman == pytest.approx(spearmanr(cosines, [s for _, _, s in pairs]).statistic, abs=1e-12)
    assert (result.pairs, result.asked) == (len(pairs) + 1, len(pairs))
    assert result.interval[0] < result.spearman < result.interval[1]


def test_too_few_pairs_say_nothing(vectors: Vectors) -> None:
    for pairs in ([], [("w1", "w2", 1.0)], [("w1", "w2", 1.0), ("w3", "w4", 1.0)]):
        result = evaluate_pairs(vectors, Pairs("p", pairs))  # type: ignore[arg-type]
        assert math.isnan(result.spearman)
        assert result.interval == (-1.0, 1.0)


PAIRS = [("tiger", "cat", 7.35), ("ice", "tea", -1.0)]


@pytest.mark.parametrize(
    "content",
    [
        "tiger\tcat\t7.35\nice\ttea\t-1\n",
        "tiger,cat,7.35\r\nice,tea,-1\r\n",
        "tiger;cat;7.35\nice;tea;-1\n",
        "tiger cat 7.35\nice tea -1\n",
        "word1\tword2\tscore\ntiger\tcat\t7.35\n\nice\ttea\t-1",
        "# a set\nWord 1,Word 2,Human (mean)\ntiger,cat,7.35\nice,tea,-1\n",
        "word1\tword2\tPOS\tSimLex999\ntiger\tcat\tN\t7.35\nice\ttea\tN\t-1\n",
        "\ufefftiger cat 7.35 1 2\nice tea -1 3 4\n",
    ],
)
def test_pairs_are_read_from_every_form(content: str, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text(content, "utf-8")
    assert read_questions(tmp_path / "p.txt") == Pairs("p.txt", PAIRS)


def test_analogies_are_read_by_sections(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text(": one\na b c d\n: two\ne f g h\n")
    found = read_questions(tmp_path / "q.txt")
    assert found == Analogies("q.txt", {"one": [("a", "b", "c", "d")], "two": [("e", "f", "g", "h")]})
    (tmp_path / "q.txt").write_text("a b c d\ne f g h\n")
    assert len(read_questions(tmp_path / "q.txt")) == 2


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "holds no questions"),
        (": one\n", "holds no analogies, only names of sections"),
        (": one\na b c\n", 'line 2: "a b c" has 3 words: an analogy has four'),
        ("a b 1\nc d\n", 'line 2: "c d" is not two words and a number: correct the line'),
        ("a b 1\nc d nan\n", 'line 2: "c d nan" is not two words and a number'),
        ("word1,word2,score\n", "holds no pairs of words with scores"),
    ],
)
def test_a_wrong_line_of_questions_is_named(content: str, what: str, tmp_path: Path, told: Any) -> None:
    (tmp_path / "q.txt").write_text(content)
    assert what in told(InvalidInput, lambda: read_questions(tmp_path / "q.txt"))


def test_the_known_sets_are_read_whole(data_folder: Path) -> None:
    folder = data_folder / "words"
    sizes = {"questions-words": 19544, "EN-RG-65": 65, "EN-WS-353-ALL": 353, "EN-MTurk-771": 771}
    assert {name: len(read_questions(folder / f"{name}.txt")) for name in sizes} == sizes
