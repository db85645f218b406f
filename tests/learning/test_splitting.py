from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule.errors import InvalidInput
from chainrule.learning.splitting import hold_out


def test_the_two_parts_are_all_rows_and_share_none() -> None:
    train, held_out = hold_out(103, 0.25, seed=3)
    assert sorted([*train, *held_out]) == list(range(103))
    assert len(held_out) == 26


def test_the_same_seed_deals_the_same_rows_and_another_seed_others() -> None:
    assert np.array_equal(hold_out(100, 0.2, seed=1)[1], hold_out(100, 0.2, seed=1)[1])
    assert not np.array_equal(hold_out(100, 0.2, seed=1)[1], hold_out(100, 0.2, seed=2)[1])


def test_the_rows_dealt_for_a_seed_are_pinned() -> None:
    assert hold_out(20, 0.25, seed=0)[1].tolist() == [2, 4, 6, 13, 19]
    assert hold_out(list("aab" * 6), 0.25, seed=0, stratify=True)[1].tolist() == [2, 3, 5, 10, 12]


def test_held_out_rows_are_not_the_first_ones() -> None:
    assert hold_out(1000, 0.1, seed=0)[1].max() > 500


def test_left_over_rows_go_to_the_largest_remainders() -> None:
    targets = np.repeat([0, 1, 2], [55, 27, 18])  # quotas for 10: 5.5, 2.7, 1.8
    held_out = hold_out(targets, 0.1, seed=0, stratify=True)[1]
    assert np.bincount(targets[held_out]).tolist() == [5, 3, 2]


def test_a_class_with_one_row_stays_in_training() -> None:
    targets = ["rare"] + ["common"] * 9
    for seed in range(20):
        assert 0 in hold_out(targets, 0.5, seed=seed, stratify=True)[0]


@given(
    sizes=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    fraction=st.floats(0.05, 0.95),
    seed=st.integers(0, 10),
)
def test_every_class_keeps_a_training_row_and_its_share_within_one(
    sizes: list[int], fraction: float, seed: int
) -> None:
    targets = np.repeat(np.arange(len(sizes)), sizes)
    try:
        train, held_out = hold_out(targets, fraction, seed, stratify=True)
    except InvalidInput:
        return
    assert set(targets[train]) == set(range(len(sizes)))
    assert len(train) + len(held_out) == len(targets)
    if len(held_out) == int(len(targets) * fraction + 0.5) and min(sizes) > 20 and fraction < 0.9:
        for k, size in enumerate(sizes):
            assert abs((targets[held_out] == k).sum() - size * len(held_out) / len(targets)) < 1


@pytest.mark.parametrize(
    ("rows", "fraction", "message"),
    [
        (4, 0.1, "holding out 0.1 of 4 rows holds out none: give more rows or a larger fraction"),
        (0, 0.5, "holding out 0.5 of 0 rows holds out none: give more rows or a larger fraction"),
        (2, 0.9, "holding out 0.9 of 2 rows leaves none to train on: give more rows or a smaller fraction"),
        (10, 0.0, "the fraction to hold out must lie between 0 and 1, and is 0"),
        (10, 1.0, "the fraction to hold out must lie between 0 and 1, and is 1"),
        (10, float("nan"), "the fraction to hold out must lie between 0 and 1, and is nan"),
    ],
)
def test_a_split_that_leaves_a_part_empty_is_refused(rows: int, fraction: float, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        hold_out(rows, fraction, seed=0)
    assert str(refused.value) == message


def test_classes_of_one_row_each_cannot_be_held_out_by_class() -> None:
    with pytest.raises(InvalidInput, match="each class keeps a training row"):
        hold_out(["a", "b", "c", "d"], 0.5, seed=0, stratify=True)


def test_holding_out_by_class_needs_the_targets() -> None:
    with pytest.raises(InvalidInput, match="needs the targets"):
        hold_out(10, 0.5, seed=0, stratify=True)
