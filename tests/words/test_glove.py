"""GloVe: a pair's gradient, the kernel against a slow loop, the same bits, resuming, freezing, refusals."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from glove_counts import counts_of, step_of_pair

from chainrule.errors import (
    ChainruleError,
    ConfigError,
    Divergence,
    InvalidInput,
    ModelFileError,
    ShapeMismatch,
    UnknownName,
)
from chainrule.words.counts import Counts
from chainrule.words.epochs import sharing
from chainrule.words.glove import GloVe, Progress, Start, train_glove
from chainrule.words.glove_tables import Tables
from chainrule.words.glove_training import State, Training
from chainrule.words.strata import deal, order_pairs
from chainrule.words.vocabulary import Vocabulary
from tolerances import assert_close

Told = Callable[[type[ChainruleError], Callable[[], object]], str]
SMALL, LARGE = counts_of(30, 300), counts_of(300, 60_000)
ICE = Vocabulary(["ice", "cold"], [5, 3])


def _same(one: GloVe, other: GloVe) -> bool:
    names = ("words", "contexts", "word_bias", "context_bias")
    alike = all(np.array_equal(getattr(one, name), getattr(other, name)) for name in names)
    return alike and [e.cost for e in one.history] == [e.cost for e in other.history]


def _start(words: tuple[str, ...], size: int, seed: int = 4) -> Start:
    rng = np.random.default_rng(seed)
    vectors, contexts = rng.normal(size=(2, len(words), size))
    return Start(words, vectors, contexts, *rng.normal(size=(2, len(words))))


def assert_gradient_of_a_pair(torch: ModuleType, factor: float = 1.0) -> None:
    """The first step with η = 1 is the gradient, since the sums start at 1: PyTorch's and the difference's."""
    x, start = 7.25, _start(ICE.words, 5)
    counts = Counts.from_cells(ICE, [0], [1], [x])
    trained = train_glove(counts, size=5, rate=1.0, bias_rate=1.0, epochs=1, start=start, dtype="float64")
    before = (start.vectors[0], start.contexts[1], start.word_bias[0], start.context_bias[1])  # type: ignore[index]
    after = (trained.words[0], trained.contexts[1], trained.word_bias[0], trained.context_bias[1])
    got = np.hstack([a - b for a, b in zip(before, after, strict=True)])

    def half_cost(values: Any) -> Any:
        said = (values[:5] * values[5:10]).sum() + values[10] + values[11] - math.log(x)
        return factor * (x / 100) ** 0.75 * said**2 / 2

    at = np.hstack(before)
    held = torch.tensor(at, requires_grad=True)
    (wanted,) = torch.autograd.grad(half_cost(held), held)
    assert_close(got, wanted.numpy(), "autograd", what="gradient of a pair")
    steps = np.eye(12) * 2.0**-17
    differences = [(half_cost(at + h) - half_cost(at - h)) / 2.0**-16 for h in steps]
    assert_close(got, differences, "central difference", what="gradient of a pair")


def test_the_step_of_one_pair_is_its_gradient(torch: ModuleType) -> None:
    assert_gradient_of_a_pair(torch)


def test_the_comparison_of_gradients_can_fail(torch: ModuleType) -> None:
    with pytest.raises(AssertionError, match="gradient of a pair"):
        assert_gradient_of_a_pair(torch, factor=1 + 1e-6)


@pytest.mark.parametrize("size", [3, 15, 40])
@pytest.mark.parametrize(("dtype", "comparison"), [("float64", "rounding"), ("float32", "float32")])
def test_the_kernel_is_the_slow_loop_in_the_same_order(size: int, dtype: str, comparison: Any) -> None:
    counts, groups, rates = counts_of(40, 120), 4, (0.05, 0.5)
    dealing = deal(40, groups, 0)
    pairs = order_pairs(
        counts.rows, counts.columns, counts.values,
        lambda x: (np.log(x), np.minimum(1, (x / 100) ** 0.75)), dealing, seed=0, dtype=dtype,
    )  # fmt: skip
    tables = Tables(size, dealing, dtype)
    tables.draw(seed=2)
    slow = np.ones((2, 40, 2, size + 1))
    for side in (0, 1):
        slow[side, :, 0, :size], slow[side, :, 0, size] = tables.vectors(side)
    training = Training(counts, tables, pairs, None, rates, 0, State(), lambda work: work())
    order = training._order()
    training.epoch(1, lambda _: None, lambda: False)
    cost = 0.0
    for shift in order.tolist():
        for first, last, _, _ in pairs.stratum(shift).tolist():
            for at in range(first, last):
                i, j = pairs.words_of(at)
                x = counts.of(f"w{i}", f"w{j}")
                cost += step_of_pair(slow, (i, j), x, rates, size)
    for side in (0, 1):
        vectors, bias = tables.vectors(side)
        assert_close(vectors, slow[side, :, 0, :size], comparison, what="vectors")
        assert_close(bias, slow[side, :, 0, size], comparison, what="biases")
    assert_close(training.state.epochs[0].cost, cost / len(counts), comparison, what="cost")


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_any_number_of_threads_gives_the_same_bits(threads: int) -> None:
    wanted = train_glove(LARGE, size=6, epochs=2, threads=1, held_out=0.1)
    for _ in range(5 if threads > 1 else 1):
        assert _same(train_glove(LARGE, size=6, epochs=2, threads=threads, held_out=0.1), wanted)


def test_another_seed_gives_other_vectors() -> None:
    assert not _same(train_glove(SMALL, size=6, epochs=1), train_glove(SMALL, size=6, epochs=1, seed=1))


def test_the_papers_cost_falls() -> None:
    costs = [train_glove(SMALL, size=6, epochs=epochs).cost(SMALL) for epochs in (1, 5, 25)]
    assert costs == sorted(costs, reverse=True)


def test_the_cost_is_the_papers_sum_over_all_pairs() -> None:
    trained = train_glove(SMALL, size=6, epochs=2)
    rows, columns, x = SMALL.rows, SMALL.columns, SMALL.values
    said = (trained.words[rows].astype(float) * trained.contexts[columns]).sum(axis=1)
    e = said + trained.word_bias[rows] + trained.context_bias[columns] - np.log(x)
    wanted = (np.minimum(1, (x / 100) ** 0.75) * e**2).sum()
    assert_close(trained.cost(SMALL), wanted, "float32")


def test_the_cost_of_an_epoch_is_that_of_each_pair_before_its_step() -> None:
    """With one pair and one epoch, it is the cost of what the training started from."""
    start = _start(ICE.words, 3)
    counts = Counts.from_cells(ICE, [0], [1], [20.0])
    trained = train_glove(counts, size=3, epochs=1, start=start, dtype="float64")
    said = start.vectors[0] @ start.contexts[1] + start.word_bias[0] + start.context_bias[1]  # type: ignore[index]
    assert_close(trained.history[0].cost, 0.2**0.75 * (said - math.log(20.0)) ** 2, "rounding")


def test_weights_start_uniform_on_a_half_over_d_plus_1_as_stanfords() -> None:
    tables = Tables(20, deal(500, 4, 0), "float32")
    tables.draw(seed=0)
    for side in (0, 1):
        for drawn in tables.vectors(side):
            assert 0.9 < np.abs(drawn).max() * 2 * 21 <= 1
            assert abs(drawn.mean()) * 21 < 0.05
    assert (tables.numbers[:, :, 1] == 1).all()


def test_what_is_drawn_for_a_word_does_not_depend_on_the_dealing() -> None:
    one, other = Tables(4, deal(50, 1, 0), "float32"), Tables(4, deal(50, 8, 3), "float32")
    for tables in (one, other):
        tables.draw(seed=7)
    assert np.array_equal(one.vectors(1)[0], other.vectors(1)[0])


def test_vectors_are_summed_or_kept_apart() -> None:
    trained = train_glove(SMALL, size=4, epochs=1)
    assert np.array_equal(trained.vectors(), trained.words + trained.contexts)
    assert np.array_equal(trained.vectors("both"), np.hstack([trained.words, trained.contexts]))
    assert trained.vectors("words") is trained.words


def test_held_out_pairs_are_not_trained_on() -> None:
    trained = train_glove(SMALL, size=4, epochs=3, held_out=0.2)
    apart = [epoch.held_out for epoch in trained.history]
    assert all(cost is not None and cost > 0 for cost in apart)
    assert [e.cost for e in trained.history] != [e.cost for e in train_glove(SMALL, size=4, epochs=3).history]


def test_training_stops_when_the_cost_no_longer_falls() -> None:
    trained = train_glove(SMALL, size=4, epochs=50, rate=1e-30, bias_rate=1e-30, patience=2)
    assert (len(trained.history), trained.ended) == (3, "patience")


# --- starting from vectors --------------------------------------------------------------------------


def test_frozen_words_stay_and_new_words_learn() -> None:
    start = _start(SMALL.vocabulary.words[:20], 6)
    trained = train_glove(SMALL, size=6, epochs=3, start=start, freeze="start", dtype="float64")
    for array, wanted in (
        (trained.words, start.vectors), (trained.contexts, start.contexts),
        (trained.word_bias, start.word_bias), (trained.context_bias, start.context_bias),
    ):  # fmt: skip
        assert np.array_equal(array[:20], wanted)
    drawn = Tables(6, deal(30, 1, 0), "float64")
    drawn.draw(seed=0)
    assert (trained.words[20:] != drawn.vectors(0)[0][20:]).all()


def test_words_to_freeze_can_be_named() -> None:
    trained = train_glove(SMALL, size=6, epochs=1, freeze=["w3"])
    free = train_glove(SMALL, size=6, epochs=1)
    drawn = Tables(6, deal(30, 1, 0), "float32")
    drawn.draw(seed=0)
    assert np.array_equal(trained.words[3], drawn.vectors(0)[0][3])
    assert (free.words[3] != trained.words[3]).all()


def test_training_goes_on_from_trained_vectors() -> None:
    first = train_glove(SMALL, size=6, epochs=5)
    again = train_glove(SMALL, size=6, epochs=1, start=first)
    assert again.history[0].cost < first.history[-1].cost
    assert math.isclose(
        first.cost(SMALL),
        train_glove(SMALL, size=6, epochs=1, rate=1e-30, bias_rate=1e-30, start=first).cost(SMALL),
    )


def test_vectors_without_contexts_are_halved_so_that_their_sum_is_what_was_given() -> None:
    start = Start(SMALL.vocabulary.words, np.random.default_rng(0).normal(size=(30, 4)))
    trained = train_glove(SMALL, size=4, epochs=1, rate=1e-30, bias_rate=1e-30, start=start, dtype="float64")
    assert_close(trained.vectors(), start.vectors, "rounding")


# --- interruptions and checkpoints ------------------------------------------------------------------


class _PressCtrlC:
    """Progress that presses Ctrl-C after so many strata."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, progress: Progress) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_returns_what_there_is_and_resuming_gives_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "glove.safetensors"
    wanted = train_glove(LARGE, size=6, epochs=4, threads=2, held_out=0.05)
    # Eight strata or more an epoch: this is within the second.
    broken = train_glove(LARGE, size=6, epochs=4, held_out=0.05, progress=_PressCtrlC(11), checkpoint=path)
    assert (broken.ended, len(broken.history)) == ("interrupted", 1)
    assert np.isfinite(broken.words).all()
    resumed = train_glove(LARGE, size=6, epochs=4, held_out=0.05, checkpoint=path, resume=True)
    assert _same(resumed, wanted)
    assert [e.held_out for e in resumed.history] == [e.held_out for e in wanted.history]
    assert resumed.ended == "epochs"


def test_a_finished_training_can_be_resumed_for_more_epochs(tmp_path: Path) -> None:
    path = tmp_path / "glove.safetensors"
    train_glove(SMALL, size=6, epochs=2, checkpoint=path)
    resumed = train_glove(SMALL, size=6, epochs=5, checkpoint=path, resume=True)
    assert _same(resumed, train_glove(SMALL, size=6, epochs=5))


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "glove.safetensors"
    train_glove(SMALL, size=6, epochs=1, checkpoint=path)
    message = told(ModelFileError, lambda: train_glove(SMALL, size=6, rate=0.1, checkpoint=path, resume=True))
    assert message == (
        f'"{path}" was made with rate 0.05, and it is now 0.1: set rate as it was, or begin anew without resuming'
    )


def test_a_checkpoint_of_other_counts_is_refused(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "glove.safetensors"
    train_glove(SMALL, size=6, epochs=1, checkpoint=path)
    other = counts_of(30, 300, seed=1)
    message = told(ModelFileError, lambda: train_glove(other, size=6, checkpoint=path, resume=True))
    assert message == (
        f'"{path}" was made with other counts or other frozen words: give those it was made with, or begin anew '
        "without resuming"
    )


def test_progress_is_told_after_every_stratum() -> None:
    seen: list[Progress] = []
    trained = train_glove(LARGE, size=4, epochs=2, progress=seen.append)
    assert [p.epoch for p in seen] == sorted(p.epoch for p in seen)
    assert [p.part for p in seen if p.epoch == 1][-1] == 1.0
    assert_close(seen[-1].cost, trained.history[-1].cost, "rounding")


# --- refusals ---------------------------------------------------------------------------------------


def test_numbers_that_leave_the_finite_are_located(told: Told) -> None:
    counts = Counts.from_cells(ICE, [0, 1], [1, 0], [20.0, 20.0])
    start = Start(ICE.words, np.full((2, 4), 1e30))
    message = told(Divergence, lambda: train_glove(counts, size=4, start=start))
    assert message in [
        f'the error of the pair "{one}", "{other}" (count 20) is not finite in epoch 1: lower the rate, which is '
        "0.05, or start from smaller vectors"
        for one, other in (("ice", "cold"), ("cold", "ice"))
    ]


def test_empty_counts_are_refused(told: Told) -> None:
    message = told(InvalidInput, lambda: train_glove(Counts.from_cells(ICE, [], [], [])))
    assert message == (
        "the counts are empty, no word stands near another: give more text or a lower minimum count"
    )


@pytest.mark.parametrize(("x", "written"), [(-1.0, "-1"), (math.nan, "nan"), (0.0, "0"), (math.inf, "inf")])
def test_a_count_that_has_no_logarithm_is_named(told: Told, x: float, written: str) -> None:
    message = told(InvalidInput, lambda: train_glove(Counts.from_cells(ICE, [0, 1], [1, 0], [2.0, x])))
    assert message == (
        f'the count of "ice" near "cold" is {written}: counts must be above 0 and finite, count the corpus again'
    )


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"size": 0}, "size must be a whole number of at least 1, not 0: give for example 100"),
        ({"epochs": 0}, "epochs must be a whole number of at least 1, not 0: give for example 15"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1: give for example 0"),
        (
            {"threads": 0},
            "threads must be a whole number of at least 1, not 0: leave it out to use all processors",
        ),
        ({"x_max": 0}, "x_max of glove_weighting must be above 0 and finite, not 0"),
        ({"alpha": -0.5}, "alpha of glove_weighting must be above 0 and finite, not -0.5"),
        ({"rate": 0.0}, "the learning rate must be above 0 and finite, not 0.0: give for example 0.01"),
        (
            {"held_out": 1.0},
            "held_out is a share of the pairs, at least 0 and below 1, not 1.0: give for example 0.01",
        ),
        (
            {"patience": 0},
            "patience must be a whole number of at least 1, not 0: give for example 3, or leave it out",
        ),
        ({"dtype": "float16"}, 'dtype is "float32" or "float64", not \'float16\': choose one of them'),
        ({"resume": True}, "to resume, the checkpoint must be named: give checkpoint="),
        ({"freeze": "start"}, 'freeze="start" needs vectors to start from: give start'),
        ({"freeze": "ice"}, 'freeze is a list of words, or "start", not \'ice\': give ["ice"]'),
    ],
)
def test_a_setting_out_of_its_range_is_refused(told: Told, settings: dict[str, Any], wanted: str) -> None:
    assert told(ConfigError, lambda: train_glove(SMALL, **settings)) == wanted


def test_an_unknown_word_to_freeze_is_refused(told: Told) -> None:
    assert told(UnknownName, lambda: train_glove(SMALL, freeze=["w33"])).startswith(
        'the word "w33" is not in the vocabulary of 30 words'
    )


def test_a_share_that_leaves_no_pair_is_refused(told: Told) -> None:
    counts = Counts.from_cells(ICE, [0, 1], [1, 0], [2.0, 2.0])
    message = told(InvalidInput, lambda: train_glove(counts, held_out=1e-9))
    assert message == "held_out = 1e-09 leaves none of 2 pairs to hold out: give another share"


def test_vectors_of_another_size_to_start_from_are_refused(told: Told) -> None:
    start = _start(SMALL.vocabulary.words, 6)
    message = told(ConfigError, lambda: train_glove(SMALL, size=5, start=start))
    assert message == "the vectors to start from have 6 numbers each, and size is 5: set size to 6"


def test_vectors_of_other_words_to_start_from_are_refused(told: Told) -> None:
    message = told(InvalidInput, lambda: train_glove(SMALL, size=6, start=_start(("x", "y"), 6)))
    assert message == "no word to start from is in the vocabulary of the counts: check both"


def test_vectors_to_start_from_must_fit_their_words_and_be_finite(told: Told) -> None:
    assert told(ShapeMismatch, lambda: Start(["ice"], np.zeros((2, 3)))) == (
        "1 words to start from have vectors of shape (2, 3): give a row for each word"
    )
    assert told(ShapeMismatch, lambda: Start(["ice"], np.zeros((1, 3)), word_bias=np.zeros(2))) == (
        "word_bias to start from have shape (2,), and the vectors (1, 3): give word_bias of shape (1,)"
    )
    assert told(InvalidInput, lambda: Start(["ice"], np.full((1, 3), np.nan))) == (
        'the vector of "ice" to start from is not finite: leave the word out'
    )


def test_the_cost_of_counts_of_other_words_is_refused(told: Told) -> None:
    trained = train_glove(SMALL, size=4, epochs=1)
    other = Counts.from_cells(ICE, [0], [1], [2.0])
    assert told(InvalidInput, lambda: trained.cost(other)) == (
        "the counts have other words than the vectors: give counts of the same vocabulary"
    )


def test_sharing_runs_in_every_thread_and_passes_errors_on() -> None:
    ran: list[int] = []
    with sharing(3) as share:
        share(lambda: ran.append(1))
        with pytest.raises(ZeroDivisionError):
            share(lambda: [][0] if not ran else 1 / 0)  # type: ignore[arg-type, return-value]
    assert len(ran) == 3
