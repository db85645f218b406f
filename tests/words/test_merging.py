"""Merged counts are those of all the text."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import ConfigError
from chainrule.words.corpus import Corpus
from chainrule.words.counting import count
from chainrule.words.counts import Counts
from chainrule.words.encoding import encode
from chainrule.words.merging import merge_counts

ONE = ["ice is solid and cold"] * 3 + ["cold ice"]
TWO = ["steam is gas and hot", "ice is not hot"] * 2


def counted(texts: list[str], like: list[str] | None = None, **options: int | str) -> Counts:
    words = None if like is None else encode(Corpus.of_texts(like)).vocabulary(1)
    return count(Corpus.of_texts(texts), words, minimum=1, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("window", [4, 30])
@pytest.mark.parametrize("same_words", [True, False])
def test_merged_counts_are_those_of_counting_both_at_once(window: int, same_words: bool) -> None:
    whole = counted(ONE + TWO, window=window)
    like = ONE + TWO if same_words else None
    parts = [counted(texts, like, window=window) for texts in (ONE, TWO)]
    for order in (parts, parts[::-1]):
        found = merge_counts(order)
        assert found.vocabulary.words == whole.vocabulary.words
        for name in ("starts", "columns", "values"):
            assert getattr(found, name).tobytes() == getattr(whole, name).tobytes()
    if not same_words:
        assert parts[0].merge(parts[1]).vocabulary == whole.vocabulary


def test_rare_words_of_one_corpus_bring_nothing_from_there() -> None:
    one = count(Corpus.of_texts(ONE), minimum=3)
    two = count(Corpus.of_texts(TWO), minimum=2)
    merged = one.merge(two)
    assert merged.vocabulary.minimum == 2
    assert merged.vocabulary.tokens == one.vocabulary.tokens + two.vocabulary.tokens
    assert merged.vocabulary.counts[merged.vocabulary.index["gas"]] == 2
    assert merged.of("steam", "gas") == two.of("steam", "gas")


def test_counts_with_different_settings_are_not_merged() -> None:
    with pytest.raises(ConfigError) as caught:
        merge_counts([counted(ONE, window=2), counted(TWO, window=3)])
    assert str(caught.value) == (
        "counts with window 2 and window 3 cannot be merged: count both corpora with the same settings"
    )
    with pytest.raises(ConfigError, match="weighting distance and weighting flat"):
        merge_counts([counted(ONE), counted(TWO, weighting="flat")])
    with pytest.raises(ConfigError, match="there are no counts to merge"):
        merge_counts([])


def test_merging_one_gives_the_same() -> None:
    one = counted(ONE)
    assert np.array_equal(merge_counts([one]).values, one.values)
