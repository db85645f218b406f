"""The SVD of the PPMI against dense linear algebra, one-hot and bags of words, bits, refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from glove_counts import counts_of

from chainrule.errors import ChainruleError, ConfigError, InvalidInput, UnknownName
from chainrule.words.counts import Counts
from chainrule.words.svd import bag_of_words, one_hot, ppmi_of, train_svd
from chainrule.words.vocabulary import Vocabulary
from tolerances import assert_close

Told = Callable[[type[ChainruleError], Callable[[], object]], str]
COUNTS = counts_of(60, 900)
ICE = Vocabulary(["the", "ice"], [9, 4])


def _dense(counts: Counts) -> Any:
    table = np.zeros((len(counts.vocabulary),) * 2)
    table[counts.rows, counts.columns] = counts.values
    return table


@pytest.mark.parametrize("shift", [1.0, 5.0])
@pytest.mark.parametrize("smoothing", [1.0, 0.75])
def test_ppmi_is_the_definition_in_every_cell(shift: float, smoothing: float) -> None:
    table = _dense(COUNTS)
    total, own, context = table.sum(), table.sum(axis=1, keepdims=True), table.sum(axis=0) ** smoothing
    with np.errstate(divide="ignore"):
        chance = context / context.sum()
        wanted = np.maximum(np.log(table / total / (own / total * chance)) - np.log(shift), 0)
    got = ppmi_of(COUNTS, shift=shift, smoothing=smoothing, dtype="float64")
    assert_close(got.toarray(), wanted, "rounding")
    assert (got.data > 0).all()


@pytest.mark.parametrize("weighting", [0.0, 0.5, 1.0])
def test_the_vectors_are_those_of_the_dense_decomposition(weighting: float) -> None:
    made = train_svd(COUNTS, size=8, weighting=weighting, dtype="float64")
    u, s, vt = np.linalg.svd(ppmi_of(COUNTS, dtype="float64").toarray())
    assert_close(made.singular_values, s[:8], "central difference")
    for got, wanted in ((made.words, u[:, :8]), (made.contexts, vt[:8].T)):
        signs = np.sign((got * wanted).sum(axis=0))
        assert_close(got, wanted * signs * s[:8] ** weighting, "float32")


def test_the_largest_entry_of_every_column_is_positive() -> None:
    words = train_svd(COUNTS, size=8).words
    assert (words[np.abs(words).argmax(axis=0), np.arange(8)] > 0).all()


def test_the_words_times_the_contexts_are_the_best_of_that_rank() -> None:
    made = train_svd(COUNTS, size=20, dtype="float64")
    dense = ppmi_of(COUNTS, dtype="float64").toarray()
    left = np.linalg.svd(dense, compute_uv=False)[20:]
    assert_close(np.linalg.norm(dense - made.words @ made.contexts.T), np.linalg.norm(left), "worked example")


def test_the_bits_repeat_for_any_number_of_threads() -> None:
    wanted = train_svd(COUNTS, size=8, threads=1)
    for threads in (1, 2, 3):
        got = train_svd(COUNTS, size=8, threads=threads)
        assert np.array_equal(got.words, wanted.words)
        assert np.array_equal(got.contexts, wanted.contexts)


def test_vectors_are_those_of_the_words_unless_asked_otherwise() -> None:
    made = train_svd(COUNTS, size=4)
    assert made.vectors() is made.words
    assert made.vectors("both").shape == (60, 8)


def test_as_many_numbers_as_words_give_the_whole_ppmi_again() -> None:
    made = train_svd(COUNTS, size=60, dtype="float64")
    assert_close(made.words @ made.contexts.T, ppmi_of(COUNTS, dtype="float64").toarray(), "rounding")


def test_the_counts_stay_as_they_are() -> None:
    counts = counts_of(60, 900)
    train_svd(counts, size=4)
    assert np.array_equal(counts.starts, COUNTS.starts)
    assert np.array_equal(counts.columns, COUNTS.columns)


def test_one_hot_rows_have_a_1_at_the_words_place() -> None:
    assert one_hot(["ice", "the", "ice"], ICE).toarray().tolist() == [[0, 1], [1, 0], [0, 1]]


def test_an_unknown_word_has_no_one_hot_row(told: Told) -> None:
    assert told(UnknownName, lambda: one_hot(["fog"], ICE)).startswith('the word "fog" is not in')


def test_bags_of_words_count_and_leave_out_other_words() -> None:
    assert bag_of_words([["ice", "fog", "the", "ice"], ["fog"]], ICE).toarray().tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"size": 0}, "size must be a whole number of at least 1, not 0: give for example 100"),
        ({"shift": 0.0}, "k of shifted_ppmi must be above 0 and finite, not 0.0"),
        ({"smoothing": -1}, "smoothing must be at least 0 and finite, not -1: give for example 0.5"),
        ({"weighting": "x"}, "weighting must be at least 0 and finite, not 'x': give for example 0.5"),
        ({"dtype": "float16"}, 'dtype is "float32" or "float64", not \'float16\': choose one of them'),
    ],
)
def test_a_setting_out_of_its_range_is_refused_by_the_svd(
    told: Told, settings: dict[str, Any], wanted: str
) -> None:
    assert told(ConfigError, lambda: train_svd(COUNTS, **{"size": 4, **settings})) == wanted


def test_more_numbers_than_words_are_refused(told: Told) -> None:
    assert told(InvalidInput, lambda: train_svd(COUNTS, size=61)) == (
        "60 words have no vectors of 61 numbers: give a size of 60 or less"
    )


def test_a_shift_that_leaves_nothing_is_refused(told: Told) -> None:
    assert told(InvalidInput, lambda: train_svd(COUNTS, size=4, shift=1e9)) == (
        "no count is above what chance gives with shift = 1e+09: lower the shift, or give more text"
    )
