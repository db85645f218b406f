"""Vocabularies: their order, and what is said of a word that is not in them."""

from __future__ import annotations

import pytest

from chainrule.errors import InvalidInput, UnknownName
from chainrule.words.vocabulary import Vocabulary


def test_the_most_frequent_words_come_first_and_equals_in_alphabetical_order() -> None:
    given = [("b", 2), ("a", 2), ("é", 2), ("c", 9), ("d", 1)]
    found = Vocabulary.of(given, minimum=2, largest=3)
    assert found.words == ("c", "a", "b")
    assert (found.counts.tolist(), found.tokens, found.minimum) == ([9, 2, 2], 16, 2)


def test_an_unknown_word_is_answered_with_near_ones() -> None:
    words = Vocabulary(["banking", "steam", "ice"], [9, 8, 7], minimum=5)
    with pytest.raises(UnknownName) as caught:
        words.place("bankin")
    assert str(caught.value) == (
        'the word "bankin" is not in the vocabulary of 3 words seen 5 times or more: did you mean "banking"?'
    )
    with pytest.raises(UnknownName, match='did you mean "ice"'):
        words.place("ICE")
    with pytest.raises(UnknownName, match="name a word of the corpus"):
        words.place("qqqq")


def test_words_and_counts_have_to_fit() -> None:
    with pytest.raises(InvalidInput, match="a vocabulary of 2 words has 1 counts: give one for each"):
        Vocabulary(["a", "b"], [1])
    with pytest.raises(InvalidInput, match='the word "a" is in the vocabulary twice: give each word once'):
        Vocabulary(["a", "b", "a"], [3, 2, 1])


def test_a_vocabulary_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        Vocabulary(["a"], [1]).counts[0] = 2
