"""Ratios of probabilities from counts, and what GloVe's vectors say beside them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, UnknownName
from chainrule.files.vector_data import InMemory, VectorData
from chainrule.words.counts import Counts
from chainrule.words.ratios import column_totals, ppmi_of, ratios, suggested
from chainrule.words.vocabulary import Vocabulary
from word_files import data_of, small_counts, small_glove

Told = Callable[..., str]
WORDS = ("ice", "steam", "solid", "gas", "water", "fashion")


def paper(symmetric: bool = True) -> Counts:
    """Counts whose ratios have the shape of the paper's table."""
    table = np.zeros((6, 6))
    table[0, 2:5], table[1, 2:5] = (8, 1, 11), (1, 9, 10)
    table[5, 5] = 4
    if symmetric:
        table += table.T
    rows, columns = np.nonzero(table)
    return Counts.from_cells(
        Vocabulary(WORDS, [9, 8, 7, 6, 5, 4]), rows, columns, table[rows, columns], symmetric=symmetric
    )


def test_the_ratio_is_of_both_probabilities() -> None:
    solid, gas, water = ratios(paper(), "ice", "steam", ["solid", "gas", "water"]).probes
    assert (solid.p_a, solid.p_b, solid.ratio) == (0.4, 0.05, pytest.approx(8))
    assert (solid.log_counts, solid.log_ratio) == (pytest.approx(math.log(8)), pytest.approx(math.log(8)))
    assert [probe.reads for probe in (solid, gas, water)] == [
        "goes with ice",
        "goes with steam",
        "near one as the other",
    ]


def test_a_count_of_zero_divides_nothing() -> None:
    table = ratios(paper(), "ice", "fashion", ["solid", "fashion", "steam"])
    only_a, only_b, neither = table.probes
    assert (only_a.ratio, only_a.log_ratio, only_a.reads) == (None, None, "only near ice")
    assert (only_b.ratio, only_b.reads) == (0.0, "only near fashion")
    assert (neither.ratio, neither.reads) == (None, "never together with either")


def test_probes_are_suggested_and_how_is_said() -> None:
    table = ratios(paper(), "ice", "steam")
    assert [probe.word for probe in table.probes] == ["solid", "gas", "water", "fashion"]
    assert table.chosen.startswith("two that tell each word from the other")
    assert ratios(paper(), "ice", "steam", ["gas"]).chosen == ""


def test_suggestions_are_neither_the_words_themselves_nor_twice_the_same() -> None:
    found = suggested(small_counts(), "ice", "steam")
    assert len(set(found)) == len(found)
    assert not {"ice", "steam"} & set(found)


def test_the_vectors_say_the_difference_of_their_predictions() -> None:
    counts = small_counts()
    trained = small_glove(counts)
    (probe,) = ratios(counts, "ice", "steam", ["water"], data_of(trained)).probes
    said = probe.vectors
    assert said is not None
    i, j, k = (counts.vocabulary.place(word) for word in ("ice", "steam", "water"))
    predictions = [
        trained.words[row] @ trained.contexts[k] + trained.word_bias[row] + trained.context_bias[k]
        for row in (i, j)
    ]
    assert said.score == pytest.approx(predictions[0] - predictions[1])
    marginals = math.log(counts.total("ice") / counts.total("steam"))
    assert said.log_ratio == pytest.approx(said.score - marginals)


def test_vectors_that_fit_their_counts_read_as_the_counts_do() -> None:
    counts = paper()
    size = len(WORDS)
    logs = np.zeros((size, size))
    logs[counts.rows, counts.columns] = np.log(counts.values)
    nothing = np.zeros(size)
    data = VectorData(
        words=WORDS, matrix=InMemory(logs), contexts=InMemory(np.eye(size)),
        word_bias=nothing, context_bias=nothing,
    )  # fmt: skip
    for probe in ratios(counts, "ice", "steam", ["solid", "gas", "water"], data).probes:
        assert probe.vectors is not None
        assert probe.vectors.score == pytest.approx(probe.log_counts)
        assert probe.vectors.reads == probe.reads


def test_the_ppmi_of_one_sided_counts_takes_the_sums_of_columns() -> None:
    counts = paper(symmetric=False)
    assert column_totals(counts).tolist() == [0, 0, 9, 10, 21, 4]
    assert ppmi_of(counts, "ice")[2] == pytest.approx(math.log(8 * 44 / (20 * 9)))


def test_words_that_make_no_table_are_refused(told: Told) -> None:
    counts = paper(symmetric=False)
    assert told(ConfigError, lambda: ratios(counts, "ice", "ice")) == (
        'the two words are both "ice": name two different ones'
    )
    assert told(InvalidInput, lambda: ratios(counts, "ice", "gas")) == (
        '"gas" has no word near it in the counts: name another, or count more text'
    )
    assert told(UnknownName, lambda: ratios(counts, "ice", "steem")) == (
        'the word "steem" is not in the vocabulary of 6 words: did you mean "steam"?'
    )
    assert told(UnknownName, lambda: ratios(counts, "ice", "steam", ["fasion"])) == (
        'the word "fasion" is not in the vocabulary of 6 words: did you mean "fashion"?'
    )
