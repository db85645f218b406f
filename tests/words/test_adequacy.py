"""Too small a corpus is said to be too small, with the reason."""

from __future__ import annotations

from chainrule.words.adequacy import shortcomings


def test_a_small_corpus_is_named() -> None:
    assert shortcomings(tokens=340_000, words=3_000, size=100, cells=13_000_000) == [
        "the corpus has 340,000 words: below about 1,000,000 a word's neighbours depend much on the seed, "
        "so compare several"
    ]
    assert shortcomings(tokens=3_400_000, words=30_000, size=100, cells=13_000_000) == []
    assert shortcomings(tokens=340_000, words=3_000, size=100, cells=13_000, learnt=False) == []


def test_vectors_as_long_as_the_vocabulary_are_named() -> None:
    assert shortcomings(tokens=10_000_000, words=80, size=100) == [
        "vectors of 100 numbers for 80 words tell no more than the counts themselves: "
        "use a size well below 80, or more text"
    ]


def test_more_numbers_than_counts_are_named_with_a_size_that_fits() -> None:
    (reason,) = shortcomings(tokens=20_000_000, words=1000, size=300, cells=200_000)
    assert reason == (
        "600,000 numbers are to be learnt from 200,000 counts: use a size of 50 or less, or more text"
    )
    assert shortcomings(tokens=20_000_000, words=1000, size=50, cells=200_000) == []
