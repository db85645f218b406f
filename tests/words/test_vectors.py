"""Word vectors in use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.words import nearest, scan
from chainrule.words.counts import Counts
from chainrule.words.glove import train_glove
from chainrule.words.vectors import Vectors
from chainrule.words.vocabulary import Vocabulary

WORDS = [f"w{i}" for i in range(3000)]


def drawn(seed: int = 0, size: int = 37) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Vectors of many lengths, close together as real ones are; the fifth is zero, two are the same."""
    rng = np.random.default_rng(seed)
    made = (rng.normal(size=(3000, size)) + 0.5) * 10.0 ** rng.uniform(-3, 3, (3000, 1))
    made[4], made[11] = 0, made[10]
    return made.astype(np.float32)


@pytest.fixture(params=["small", "large"])
def vectors(request: Any, monkeypatch: pytest.MonkeyPatch) -> Vectors:
    """The same vectors, searched whole, and by the scan that large ones need."""
    if request.param == "large":
        monkeypatch.setattr(nearest, "SMALL", 0)
    return Vectors(WORDS, drawn())


def units() -> np.ndarray[Any, np.dtype[np.float64]]:
    matrix = drawn().astype(np.float64)
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.divide(matrix, lengths, out=np.zeros_like(matrix), where=lengths > 0)


def ranked(scores: Any, without: list[int], count: int) -> list[str]:
    scores[[4, *without]] = -np.inf
    return [WORDS[i] for i in np.argsort(-scores, kind="stable")[:count]]


@pytest.mark.parametrize("count", [1, 10, 2000])
def test_neighbours_are_those_of_a_full_comparison(vectors: Vectors, count: int) -> None:
    for i in (0, 77, 2999):
        found = vectors.neighbours(WORDS[i], count)
        scores = units() @ units()[i]
        assert [word for word, _ in found] == ranked(scores, [i], count)
        assert found[0][1] == pytest.approx(scores.max(), abs=1e-12)


def test_analogies_are_those_of_a_full_comparison(vectors: Vectors) -> None:
    all_units = units()
    for a, b, c in ((0, 1, 2), (50, 10, 900)):
        words = WORDS[a], WORDS[b], WORDS[c]
        add = all_units @ (all_units[b] - all_units[a] + all_units[c])
        assert [word for word, _ in vectors.analogy(*words)] == ranked(add, [a, b, c], 10)
        first, second, third = ((1 + all_units @ all_units[i]) / 2 for i in (a, b, c))
        product = ranked(second * third / (first + 0.001), [a, b, c], 10)
        assert [word for word, _ in vectors.analogy(*words, method="mul")] == product


def test_the_scans_bounds_hold_and_a_bound_too_tight_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest, "SMALL", 0)
    direction = units()[:3]
    found = nearest.Nearest(Vectors(WORDS, drawn()).data.matrix)._scan
    low, high = found.bounds(direction)
    true = direction @ units().T
    assert ((low <= true) & (true <= high)).all()
    found.lost *= 0.2
    low, high = found.bounds(direction)
    assert not ((low <= true) & (true <= high)).all()


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 1e20, 1e37])
def test_tiny_and_huge_vectors_have_the_same_neighbours(
    scale: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nearest, "SMALL", 0)
    matrix = np.random.default_rng(1).normal(size=(3000, 8)).astype(np.float32) * np.float32(scale)
    exact = matrix.astype(np.float64) / np.linalg.norm(matrix.astype(np.float64), axis=1, keepdims=True)
    scores = exact @ exact[3]
    scores[3] = -np.inf
    found = Vectors(WORDS, matrix).neighbours("w3", 5)
    assert [word for word, _ in found] == [WORDS[i] for i in np.argsort(-scores)[:5]]


def test_a_vector_may_be_asked_for_and_its_own_word_is_then_first(vectors: Vectors) -> None:
    assert vectors.neighbours(vectors["w7"] * 1e30, 1)[0][0] == "w7"
    assert len(vectors.neighbours("w7", 5000)) == 2998


def test_equal_neighbours_come_in_the_order_of_the_words(vectors: Vectors) -> None:
    assert [word for word, _ in vectors.neighbours(vectors["w10"], 2)] == ["w10", "w11"]


def test_what_cannot_be_answered_is_told(vectors: Vectors, told: Any) -> None:
    zero = 'the vector of "w4" is zero, which has no direction: choose another word'
    assert told(InvalidInput, lambda: vectors.neighbours("w4")) == zero
    assert told(InvalidInput, lambda: vectors.similarity("w1", "w4")) == zero
    for bad in (np.zeros(37), np.full(37, np.nan)):
        assert "the vector has no direction" in told(InvalidInput, lambda bad=bad: vectors.neighbours(bad))
    assert told(ShapeMismatch, lambda: vectors.neighbours([1.0, 2.0])) == (
        "the vector has shape (2,): give a word, or 37 numbers"
    )
    assert "count is how many" in told(ConfigError, lambda: vectors.neighbours("w1", 0))
    assert '"add" or "mul"' in told(ConfigError, lambda: vectors.analogy("w1", "w2", "w3", method="both"))  # type: ignore[arg-type]
    assert "three different words" in told(InvalidInput, lambda: vectors.odd_one_out(["w1", "w1", "w2"]))


def test_an_unknown_word_is_told_with_near_ones(told: Any) -> None:
    vectors = Vectors(["king", "kind", "queen", "NATO"], np.eye(4))
    there = "is not among the 4 words of these vectors"
    for word, near in {
        "kimg": 'did you mean "king"?',
        "kine": 'did you mean "king" or "kind"?',
        "nato": 'did you mean "NATO"?',
        "queeen": 'did you mean "queen"?',
        "xyz": "give a word that is among them",
    }.items():
        assert told(UnknownName, lambda word=word: vectors[word]) == f'the word "{word}" {there}: {near}'


@pytest.mark.parametrize(
    ("words", "matrix", "kind", "what"),
    [
        (["a", "a"], [[1], [2]], InvalidInput, 'the word "a" stands there twice: give each word once'),
        (["a"], [[np.nan]], InvalidInput, 'number 1 of the vector of "a" is nan: vectors must be finite'),
        (["a"], [[1], [2]], ShapeMismatch, "1 words have a matrix of shape (2, 1)"),
        (["a"], [["x"]], InvalidInput, "holds something that is no number"),
        ([], np.empty((0, 3)), ShapeMismatch, "0 words have a matrix of shape (0, 3)"),
    ],
)
def test_wrong_vectors_are_refused(words: Any, matrix: Any, kind: Any, what: str, told: Any) -> None:
    assert what in told(kind, lambda: Vectors(words, matrix))


def test_means_and_subsets(told: Any) -> None:
    vectors = Vectors(["ice", "tea"], [[1, 0], [0, 1]], counts=[5, 3])
    assert vectors.mean_of(["ICE", "ice", "unheard"]).tolist() == [1, 0]
    assert "none of the words of" in told(InvalidInput, lambda: vectors.mean_of("no such thing"))
    part = vectors.subset(["tea"])
    assert (list(part), part.matrix.tolist(), part.counts.tolist()) == (["tea"], [[0, 1]], [3])  # type: ignore[union-attr]


def test_a_training_is_saved_with_all_that_it_made(tmp_path: Path) -> None:
    vocabulary = Vocabulary(["ice", "cold", "tea"], [5, 3, 2])
    counts = Counts.from_cells(vocabulary, [0, 1, 1, 2], [1, 0, 2, 1], [2.0, 2.0, 1.0, 1.0])
    trained = train_glove(counts, size=4, epochs=1, threads=1)
    Vectors.of(trained).save(tmp_path / "v.safetensors")
    loaded = Vectors.load(tmp_path / "v.safetensors", verify=True)
    assert np.array_equal(loaded.matrix, trained.vectors())
    assert np.array_equal(Vectors.load(tmp_path / "v.safetensors", use="words").matrix, trained.words)
    assert np.array_equal(loaded.data.context_bias, trained.context_bias)  # type: ignore[arg-type]
    assert loaded.data.settings["model"] == "glove"
    loaded.save(tmp_path / "v.txt")
    assert np.array_equal(Vectors.load(tmp_path / "v.txt").matrix, trained.vectors())


def test_loaded_and_given_vectors_answer_alike(vectors: Vectors, tmp_path: Path) -> None:
    vectors.save(tmp_path / "v.safetensors")
    loaded = Vectors.load(tmp_path / "v.safetensors")
    assert ("w5" in loaded, "x" in loaded, len(loaded)) == (True, False, 3000)
    assert loaded.neighbours("w5") == vectors.neighbours("w5")
    assert loaded.similarity("w5", "w6") == vectors.similarity("w5", "w6")


def test_sums_of_whole_numbers_stay_within_32_bits() -> None:
    matrix = np.ones((4, 5000), np.float32)
    low, high = scan.Scan(Vectors(list("abcd"), matrix).data.matrix, np.full(4, 5000**0.5)).bounds(
        np.full((1, 5000), 5000**-0.5)
    )
    assert (low <= 1).all()
    assert (high >= 1).all()
    assert (high - low < 0.1).all()


def test_a_vector_that_was_asked_for_may_be_changed() -> None:
    vectors = Vectors(["king", "man"], [[3, 1], [1, 1]])
    king = vectors["king"]
    king -= vectors["man"]
    assert vectors["king"].tolist() == [3, 1]
    with pytest.raises(ValueError, match="read-only"):
        vectors.matrix[0, 0] = 0
