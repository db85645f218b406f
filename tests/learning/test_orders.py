"""The order of the rows in each epoch."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.learning import orders
from chainrule.learning.orders import Orders


def order(made: Orders, epoch: int) -> list[int]:
    found = made.of(epoch)
    assert found is not None
    return found.tolist()


def test_each_epoch_has_every_row_once_in_an_order_of_its_own() -> None:
    made = Orders(20, 4, seed=1, shuffle=True)
    seen = [order(made, epoch) for epoch in range(5)]
    assert all(sorted(rows) == list(range(20)) for rows in seen)
    assert len({tuple(rows) for rows in seen}) == 5


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    one, other = Orders(20, 4, seed=1, shuffle=True), Orders(20, 4, seed=1, shuffle=True)
    far = order(one, 1500)
    near = order(one, 3)
    assert (order(other, 3), order(other, 1500)) == (near, far)
    assert order(Orders(20, 4, seed=2, shuffle=True), 3) != near


def test_an_order_is_the_same_however_many_are_drawn_at_once() -> None:
    stepwise = Orders(20, 4, seed=1, shuffle=True)
    block = np.random.default_rng(np.random.SeedSequence([1, 2, 0])).permuted(
        np.tile(np.arange(20), (1024, 1)), axis=1
    )
    assert [order(stepwise, epoch) for epoch in range(1024)] == block.tolist()
    assert order(Orders(20, 4, seed=1, shuffle=True), 1000) == block[1000].tolist()


def test_a_short_run_does_not_draw_a_whole_block() -> None:
    _, most = Orders(1000, 10, seed=1, shuffle=True).following(0)
    assert 1 < most < 100


def test_the_batch_changes_nothing_of_the_order() -> None:
    assert order(Orders(20, 4, 1, True), 2) == order(Orders(20, 7, 1, True), 2)


def test_a_table_larger_than_a_block_is_drawn_epoch_by_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "BLOCK", 8)
    made = Orders(20, 4, seed=1, shuffle=True)
    assert sorted(order(made, 0)) == sorted(order(made, 1)) == list(range(20))
    assert order(made, 0) != order(made, 1)


def test_no_order_is_drawn_where_none_is_needed() -> None:
    assert Orders(20, 4, seed=1, shuffle=False).of(0) is None
    assert Orders(20, 20, seed=1, shuffle=True).of(0) is None


@pytest.mark.parametrize(("count", "batch", "steps"), [(20, 4, 5), (21, 4, 6), (3, 32, 1)])
def test_the_last_batch_may_be_smaller(count: int, batch: int, steps: int) -> None:
    assert Orders(count, batch, 0, True).steps == steps


def test_positions_in_an_order_are_even() -> None:
    first = [order(Orders(5, 1, 0, True), epoch)[0] for epoch in range(1000)]
    assert np.bincount(first).min() > 150
