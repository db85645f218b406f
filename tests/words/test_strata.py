"""The grid of blocks: every pair once, no word shared within a stratum, an order that the seed decides."""

from __future__ import annotations

import numpy as np
import pytest
from glove_counts import counts_of

from chainrule.formulas.hashing import hash_start
from chainrule.words.strata import LARGEST_GROUP, Pairs, deal, groups_for, order_pairs

COUNTS = counts_of(200, 12_000)


def _ordered(groups: int, *, seed: int = 0, threads: int = 1, share: float | None = None) -> Pairs:
    def chosen(start: int, stop: int) -> np.ndarray:
        return np.random.default_rng([start, 5]).random(stop - start) < (share or 0)

    return order_pairs(
        COUNTS.rows, COUNTS.columns, COUNTS.values, lambda x: (np.log(x), x / 100),
        deal(200, groups, seed), seed=seed, dtype="float64", threads=threads,
        chosen=None if share is None else chosen,
    )  # fmt: skip


def _cells(pairs: Pairs) -> dict[tuple[int, int], tuple[float, float]]:
    return {pairs.words_of(k): (float(pairs.logs[k]), float(pairs.weights[k])) for k in range(len(pairs))}


@pytest.mark.parametrize("groups", [1, 4, 7])
def test_every_cell_is_a_pair_once_with_its_own_numbers(groups: int) -> None:
    pairs = _ordered(groups)
    assert len(pairs) == len(COUNTS)
    assert _cells(pairs) == {
        (i, j): (np.log(x), x / 100)
        for i, j, x in zip(COUNTS.rows.tolist(), COUNTS.columns.tolist(), COUNTS.values.tolist(), strict=True)
    }


def test_a_stratum_shares_no_row_and_no_column_of_the_grid_and_all_strata_hold_every_pair() -> None:
    pairs, seen = _ordered(8), 0
    for shift in range(8):
        blocks = pairs.stratum(shift)
        words = [{pairs.words_of(k)[0] for k in range(first, last)} for first, last, _, _ in blocks.tolist()]
        contexts = [
            {pairs.words_of(k)[1] for k in range(first, last)} for first, last, _, _ in blocks.tolist()
        ]
        for sides in (words, contexts):
            assert sum(map(len, sides)) == len(set().union(*sides))
        seen += int((blocks[:, 1] - blocks[:, 0]).sum())
    assert seen == len(pairs)


def test_the_largest_block_of_a_stratum_comes_first() -> None:
    blocks = _ordered(8).stratum(3)
    sizes = (blocks[:, 1] - blocks[:, 0]).tolist()
    assert sizes == sorted(sizes, reverse=True)


def test_the_order_is_the_same_for_any_number_of_threads_and_another_for_another_seed() -> None:
    one, three, other = _ordered(4), _ordered(4, threads=3), _ordered(4, seed=1)
    assert np.array_equal(one.places, three.places)
    assert np.array_equal(one.logs, three.logs)
    assert not np.array_equal(one.logs, other.logs)


def test_a_block_is_shuffled_as_the_hash_says() -> None:
    pairs = _ordered(1)
    wanted, mask = COUNTS.values.tolist(), (1 << 64) - 1
    from chainrule.formulas.hashing import GOLDEN, mix64

    for count in range(len(wanted), 1, -1):
        drawn = ((mix64((hash_start(0, 0) + count * GOLDEN) & mask) >> 32) * count) >> 32
        wanted[count - 1], wanted[drawn] = wanted[drawn], wanted[count - 1]
    assert np.array_equal(pairs.weights, np.array(wanted) / 100)


def test_chosen_cells_and_the_others_are_all_cells() -> None:
    some, none = _ordered(4, share=0.3), _ordered(4, share=0.0)
    assert 0.25 < len(some) / len(COUNTS) < 0.35
    assert len(none) == 0
    assert set(_cells(some)) < set(_cells(_ordered(4)))


def test_words_are_dealt_evenly() -> None:
    dealing = deal(1003, 8, seed=5)
    assert set(np.bincount(dealing.groups).tolist()) == {125, 126}
    assert sorted(dealing.order.tolist()) == list(range(1003))
    rows = dealing.starts[dealing.groups] + dealing.places
    assert np.array_equal(dealing.order[rows], np.arange(1003))
    # Eight words in a row, equally frequent nearly, are in eight groups.
    assert len(set(dealing.groups[:8].tolist())) == 8


@pytest.mark.parametrize(("words", "pairs"), [(1, 1), (30_278, 12_934_373), (3 * 10**6, 10**9)])
def test_a_group_fits_into_16_bits(words: int, pairs: int) -> None:
    assert -(-words // groups_for(words, pairs)) <= LARGEST_GROUP
