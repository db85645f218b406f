"""A replayed step gives its numbers by name, and steps that were not are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from replays import (
    Rows,
    fit,
)

from chainrule import Dense, Network, train
from chainrule.errors import InvalidInput, UnknownName
from chainrule.learning.replay import Replayed


@pytest.fixture(scope="module")
def replayed() -> Replayed:
    """One step of a 2-3-1 network on four rows."""
    net = Network(2, [Dense(3, "sigmoid"), Dense(1, "sigmoid")])
    return train(net, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=5).at(epoch=3)


def test_a_name_gives_what_its_line_computes(replayed: Replayed) -> None:
    assert replayed["W1"] is replayed.step.updated["W1"]
    assert replayed["m_W1"] is replayed.step.updated["m_W1"]
    assert replayed["dW1"] is replayed.step.values["dW1"]
    assert replayed["C"] == replayed.step.values["C"]
    assert replayed["beta1"] == 0.9


@pytest.mark.parametrize("name", ["W1[2,1]", "W1[2, 1]", "dW1[2,1]", "z1[3,2]", "b1[3]", "m_b1[1]"])
def test_an_entry_is_counted_from_1(replayed: Replayed, name: str) -> None:
    symbol, _, places = name.removesuffix("]").partition("[")
    entry = np.asarray(replayed[symbol])[tuple(int(place) - 1 for place in places.split(","))]
    assert replayed[name] == float(entry)
    assert type(replayed[name]) is float


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("W1[3,1]", "there is no W1[3,1]: W1 is 2 × 3, so its first index goes from 1 to 2"),
        ("W1[1,4]", "there is no W1[1,4]: W1 is 2 × 3, so its second index goes from 1 to 3"),
        ("W1[0,1]", "there is no W1[0,1]: W1 is 2 × 3, so its first index goes from 1 to 2"),
        ("W1[i,j]", "there is no W1[i,j]: W1 is 2 × 3, so its first index goes from 1 to 2"),
        ("W1[-1,1]", "there is no W1[-1,1]: W1 is 2 × 3, so its first index goes from 1 to 2"),
        ("b1[4]", "there is no b1[4]: b1 is a row of 3, so its index goes from 1 to 3"),
        ("W1[2]", 'W1 is 2 × 3: write an entry of it as "W1[1,1]"'),
        ("W1[]", 'W1 is 2 × 3: write an entry of it as "W1[1,1]"'),
        ("b1[1,1]", 'b1 is a row of 3: write an entry of it as "b1[1]"'),
        ("C[1]", "C is a single number: leave the index out"),
        ("W1[1,1", '"W1[1,1" has no closing bracket: write for example "W1[1,1]"'),
        (7, 'a value is asked for by name, such as "W1" or "W1[2,1]", not by 7'),
    ],
)
def test_a_wrong_entry_is_refused_with_the_range(replayed: Replayed, name: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        replayed[name]
    assert str(caught.value) == message


def test_an_unknown_name_is_told_with_near_ones(replayed: Replayed) -> None:
    with pytest.raises(UnknownName, match=r'^there is no symbol called "W_1": did you mean "W1"\?'):
        replayed["W_1[1,1]"]


@pytest.mark.parametrize(
    ("epoch", "batch", "message"),
    [
        (7, 1, "there is no batch 1 of epoch 7: the run had 6 epochs of 4 batches each"),
        (2, 5, "there is no batch 5 of epoch 2: the run had 6 epochs of 4 batches each"),
        (0, 1, "the epoch is a whole number from 1, not 0: the run had 6 epochs of 4 batches each"),
        (1, 0, "the batch is a whole number from 1, not 0: the run had 6 epochs of 4 batches each"),
        (1.5, 1, "the epoch is a whole number from 1, not 1.5: the run had 6 epochs of 4 batches each"),
        (True, 1, "the epoch is a whole number from 1, not True: the run had 6 epochs of 4 batches each"),
    ],
)
def test_a_step_that_the_run_did_not_have(two_classes: Rows, epoch: Any, batch: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        fit(two_classes).at(epoch=epoch, batch=batch)
    assert str(caught.value) == message


def test_one_epoch_of_one_batch_is_told_in_the_singular(two_classes: Rows) -> None:
    run = fit(two_classes, epochs=1, batch=60)
    assert repr(run.replay) == "<Replay of 1 epoch of 1 batch>"


def test_a_numpy_integer_is_a_whole_number(two_classes: Rows) -> None:
    second: Any = np.int64(2)
    assert repr(fit(two_classes).at(epoch=second, batch=3)) == "<Replayed: step 7, batch 3 of epoch 2>"
