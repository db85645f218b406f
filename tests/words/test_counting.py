"""Counting: right, exact, and the same to the bit however the work is cut up."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import lcm

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ConfigError, InvalidInput
from chainrule.words import counting, rows
from chainrule.words.bands import Band
from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.counts import Counts
from chainrule.words.encoding import encode

BOUNDED = settings(max_examples=40, deadline=None, derandomize=True, database=None)
DOCUMENTS = st.lists(
    st.lists(st.sampled_from("abcdefg"), max_size=40).map(" ".join), min_size=1, max_size=6
).filter(lambda texts: any(texts))


def spaced(texts: list[str]) -> Corpus:
    return Corpus.of_texts(texts, tokens="space")


def slowly(
    texts: list[str], window: int, symmetric: bool, flat: bool, words: tuple[str, ...]
) -> dict[tuple[str, str], Fraction]:
    """Every pair by itself, in exact fractions."""
    found: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for text in texts:
        known = [word for word in text.split() if word in words]
        for i, word in enumerate(known):
            for d in range(1, min(window, i) + 1):
                weight = Fraction(1, 1 if flat else d)
                found[word, known[i - d]] += weight
                if symmetric:
                    found[known[i - d], word] += weight
    return found


def as_dict(counts: Counts) -> dict[tuple[str, str], float]:
    words = counts.vocabulary.words
    triples = zip(counts.rows.tolist(), counts.columns.tolist(), counts.values.tolist(), strict=True)
    return {(words[i], words[j]): value for i, j, value in triples}


def assert_same_bits(one: Counts, other: Counts) -> None:
    assert one.vocabulary == other.vocabulary
    for name in ("starts", "columns", "values"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()


def random_texts(seed: int, documents: int = 30, length: int = 400, words: int = 150) -> list[str]:
    rng = np.random.default_rng(seed)
    drawn = [np.minimum(rng.zipf(1.3, length), words) for _ in range(documents)]
    return [" ".join(f"w{k}" for k in numbers) for numbers in drawn]


@BOUNDED
@given(DOCUMENTS, st.integers(1, 18), st.booleans(), st.booleans(), st.integers(1, 3))
def test_counts_are_those_of_counting_every_pair_by_itself(
    texts: list[str], window: int, symmetric: bool, flat: bool, minimum: int
) -> None:
    encoded = encode(spaced(texts))
    try:
        vocabulary = encoded.vocabulary(minimum)
    except InvalidInput:
        return
    weighting = "flat" if flat else "distance"
    found = count(encoded, vocabulary, window=window, symmetric=symmetric, weighting=weighting, threads=1)
    want = slowly(texts, window, symmetric, flat, vocabulary.words)
    assert as_dict(found) == {pair: float(value) for pair, value in want.items()}


@pytest.mark.parametrize("window", [19, 30, 47])
@pytest.mark.parametrize("symmetric", [True, False])
def test_wide_windows_count_in_bands_and_agree_with_every_pair(window: int, symmetric: bool) -> None:
    texts = random_texts(3, documents=4, length=120, words=12)
    found = count(spaced(texts), window=window, symmetric=symmetric, minimum=1)
    assert len(found.bands) > 1
    want = slowly(texts, window, symmetric, False, found.vocabulary.words)
    assert as_dict(found).keys() == want.keys()
    for pair, value in as_dict(found).items():
        assert value == pytest.approx(float(want[pair]), rel=1e-15)


@pytest.mark.parametrize("window", [10, 30])
@pytest.mark.parametrize("threads", [2, 3])
def test_any_number_of_threads_gives_the_same_bits(
    window: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small tasks, so that there are many of them.
    monkeypatch.setattr(rows, "_LARGEST_CAPACITY", 500)
    corpus = spaced(random_texts(1))
    assert_same_bits(
        count(corpus, window=window, threads=1, minimum=1),
        count(corpus, window=window, threads=threads, minimum=1),
    )


@pytest.mark.parametrize("window", [1, 5, 30])
@pytest.mark.parametrize("part", [7, 100, 4000])
def test_parts_spilled_to_disk_give_the_same_bits(
    window: int, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = spaced(random_texts(2, documents=1 if part < 10 else 20, length=400))
    whole = count(corpus, window=window, minimum=1)
    monkeypatch.setattr(counting, "_LONGEST_PART", part)
    monkeypatch.setattr(counting, "_MOST_RUNS", 5)
    assert_same_bits(count(corpus, window=window, minimum=1, threads=2), whole)


def test_a_result_on_disk_has_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = spaced(random_texts(4))
    whole = count(corpus, minimum=1)
    monkeypatch.setattr(counting, "_RESULT_SHARE", 10**9)
    stored = count(corpus, minimum=1)
    assert not stored.values.flags.writeable
    assert_same_bits(stored, whole)


def test_one_long_document_may_be_cut_into_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    text = [" ".join(random_texts(5, documents=3))]
    whole = count(spaced(text), minimum=1, window=7)
    monkeypatch.setattr(counting, "_LONGEST_PART", 50)
    assert_same_bits(count(spaced(text), minimum=1, window=7), whole)


def test_documents_are_not_crossed() -> None:
    counts = count(spaced(["a b", "c d"]), minimum=1)
    assert as_dict(counts) == {("a", "b"): 1, ("b", "a"): 1, ("c", "d"): 1, ("d", "c"): 1}


def test_words_that_are_left_out_bring_their_neighbours_nearer() -> None:
    assert count(spaced(["a x b", "a y b"]), minimum=2).of("a", "b") == 2


def test_one_sided_counts_have_the_words_before_as_contexts() -> None:
    counts = count(spaced(["a b c"]), minimum=1, symmetric=False)
    assert as_dict(counts) == {("b", "a"): 1, ("c", "b"): 1, ("c", "a"): 0.5}


def test_symmetric_counts_are_symmetric_and_a_word_beside_itself_counts_twice() -> None:
    counts = count(spaced(["a a b a"]), minimum=1)
    assert counts.of("a", "a") == 2 * (1 + 1 / 2 + 1 / 3)
    assert counts.of("a", "b") == counts.of("b", "a") == 1 + 1 / 2 + 1


def test_totals_and_probabilities_come_from_the_cells() -> None:
    counts = count(spaced(random_texts(6)), minimum=1, window=25)
    want = np.zeros(len(counts.vocabulary))
    np.add.at(want, counts.rows, counts.values)
    np.testing.assert_allclose(counts.totals, want, rtol=1e-13)
    word = counts.vocabulary.words[3]
    every = [counts.probability(context, word) for context in counts.vocabulary.words]
    assert sum(every) == pytest.approx(1)


def test_totals_are_right_where_a_block_of_cells_ends_within_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.words import counts as module

    counts = count(spaced(random_texts(7)), minimum=1)
    whole = counts.totals
    monkeypatch.setattr(module, "_BLOCK", 13)
    assert (
        Counts(
            counts.vocabulary, counts.tables, window=10, symmetric=True, weighting="distance"
        ).totals.tolist()
        == whole.tolist()
    )


def test_the_most_frequent_contexts_come_first() -> None:
    counts = count(spaced(["a b a b a c"]), minimum=1, window=1)
    assert counts.contexts("a", 2) == [("b", 4.0), ("c", 1.0)]


def test_whole_numbers_come_back_from_the_values() -> None:
    counts = count(spaced(random_texts(8)), minimum=1, window=10)
    units = counts.values * lcm(*range(1, 11))
    assert np.abs(units - np.rint(units)).max() < 1e-6
    assert (np.rint(units) / lcm(*range(1, 11))).tobytes() == counts.values.tobytes()


def test_counting_can_be_seen_to_go_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a b c d e f"] * 3
    monkeypatch.setattr(Band, "parts", property(lambda band: np.array([2, 2])))
    found = count(spaced(texts), minimum=1, window=2)
    assert as_dict(found) != slowly(texts, 2, True, False, found.vocabulary.words)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0}, "the window is 0: give a whole number from 1 to 1000"),
        ({"window": True}, "the window is True: give a whole number from 1 to 1000"),
        ({"weighting": "near"}, 'there is no weighting called "near": choose one of distance, flat'),
        ({"memory": 1000}, "the memory for counting is 1,000 bytes: allow 50,000,000 or more"),
        ({"threads": 0}, "the number of threads is 0: give 1 or more"),
        ({"minimum": 0}, "the minimum count is 0: give 1 or more"),
        ({"largest": 0}, "the largest vocabulary is 0: give 1 or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(options: dict[str, int], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        count(spaced(["a b"]), **options)  # type: ignore[arg-type]
    assert str(caught.value) == message


def test_a_corpus_without_frequent_words_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        count(spaced(["a b a"]))
    assert str(caught.value) == (
        "no word of the corpus is seen 5 times (the most frequent one 2 times in 3 words): "
        "give a larger corpus or a smaller minimum"
    )


@pytest.mark.parametrize("texts", [[], [""], ["\n \n"]])
def test_a_corpus_without_words_is_refused(texts: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        count(spaced(texts))
    assert str(caught.value) == ("the corpus holds no words: give text, or check how it is cut into words")


def test_a_pair_too_frequent_to_be_exact_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_LARGEST_SUM", 5000.0)
    with pytest.raises(InvalidInput, match="too often to be counted exactly: use a smaller window"):
        count(spaced(["a b a b"]), minimum=1)
