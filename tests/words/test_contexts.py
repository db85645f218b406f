"""Keyword in context."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from chainrule.errors import ConfigError, InvalidInput
from chainrule.words.contexts import find_contexts
from chainrule.words.corpus import Corpus

Told = Callable[..., str]


def test_places_are_told_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "corpus.txt"
    file.write_text("None here.\nThe Ice is solid; ice floats.\r\n\nNo more ice", encoding="utf-8")
    found = find_contexts(Corpus(file), "ice")
    assert [(c.line, c.left, c.word, c.right) for c in found.contexts] == [
        (2, "The ", "Ice", " is solid; ice floats."),
        (2, "The Ice is solid; ", "ice", " floats."),
        (4, "No more ", "ice", ""),
    ]
    assert (found.count, found.lines) == (3, 2)
    assert found.contexts[0].source == str(file)


@pytest.mark.parametrize(
    ("word", "count"),
    [("ice", 1), ("ice-cream", 2), ("don't", 2), ("3", 0), ("3.14", 1), ("cream", 0), ("well", 1)],
)
def test_a_word_is_what_the_tokeniser_takes_for_one(word: str, count: int) -> None:
    text = "ICE; ice-cream, ice\u2010cream, iced don't don\u2019t 3.14, 'well'"
    corpus = Corpus.of_texts([text])
    tokens = [token for document in corpus.documents() for token in document]
    assert tokens.count(word) == count
    assert find_contexts(corpus, word).count == count


def test_ready_made_tokens_are_looked_for_as_they_are() -> None:
    corpus = Corpus.of_texts(["New_York new_york ,New_York"], tokens="space")
    assert find_contexts(corpus, "New_York").count == 1


def test_all_places_are_counted_and_the_first_given() -> None:
    corpus = Corpus.of_texts([f"line {n} has ice" for n in range(100)])
    found = find_contexts(corpus, "ice", 3)
    assert ([c.line for c in found.contexts], found.count) == ([1, 2, 3], 100)


def test_a_sample_is_the_same_for_the_same_seed_and_in_order() -> None:
    corpus = Corpus.of_texts([f"line {n} has ice" for n in range(100)])
    first, again, other = (find_contexts(corpus, "ice", 5, sample=True, seed=s).contexts for s in (1, 1, 2))
    lines = [c.line for c in first]
    assert first == again != other
    assert lines == sorted(lines)
    assert len(set(lines)) == 5


def test_every_place_is_as_likely_to_be_drawn() -> None:
    corpus = Corpus.of_texts([f"line {n} has ice" for n in range(10)])
    drawn = [find_contexts(corpus, "ice", 2, sample=True, seed=s).contexts for s in range(400)]
    counts = [sum(c.line == line for two in drawn for c in two) for line in range(1, 11)]
    assert min(counts) > 50
    assert max(counts) < 110


def test_lines_across_pieces_and_packed_files_are_whole(tmp_path: Path) -> None:
    file = tmp_path / "corpus.txt.gz"
    text = "".join(f"filler filler {n} ice end\n" for n in range(60_000))
    file.write_bytes(gzip.compress(text.encode(), 1))
    found = find_contexts(Corpus(file), "ice", 60_000)
    assert found.count == found.lines == 60_000
    wrong = [
        c for n, c in enumerate(found.contexts)
        if (c.line, c.left, c.right) != (n + 1, f"filler filler {n} ", " end")
    ]  # fmt: skip
    assert not wrong


def test_a_long_line_is_cut_around_the_word() -> None:
    found = find_contexts(Corpus.of_texts(["a " * 500 + "ice" + " b" * 500]), "ice", width=10)
    assert (found.contexts[0].left, found.contexts[0].right) == ("a a a a a ", " b b b b b")


def test_what_cannot_be_looked_for_is_refused(told: Told) -> None:
    corpus = Corpus.of_texts(["ice"])
    for word in ("ice cream", "", "!"):
        assert told(InvalidInput, lambda word=word: find_contexts(corpus, word)) == (
            f'"{word}" is not one word as the corpus is cut into words: name a single word'
        )
    assert told(ConfigError, lambda: find_contexts(corpus, "ice", 0)) == (
        "how many places to give is a whole number of at least 1, not 0"
    )
    assert told(ConfigError, lambda: find_contexts(corpus, "ice", width=0)) == (
        "the width is a whole number of at least 1, not 0"
    )
