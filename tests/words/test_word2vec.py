"""Word2vec: gradients, draws and steps against a slow loop, the same bits, resuming, freezing, refusals."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from slow_word2vec import examples_of, step_of_example, text_of

from chainrule.errors import (
    ChainruleError,
    ConfigError,
    Divergence,
    InvalidInput,
    ModelFileError,
    UnknownName,
)
from chainrule.words.corpus import Corpus
from chainrule.words.encoding import encode
from chainrule.words.epochs import Progress
from chainrule.words.examples import CHUNK, Sampler, alias_table, apart, ids_of
from chainrule.words.glove_tables import Start
from chainrule.words.kernels import call, row_of
from chainrule.words.word2vec import Word2Vec, train_word2vec
from chainrule.words.word2vec_kernels import Shape, training
from chainrule.words.word2vec_tables import Tables
from chainrule.words.word2vec_training import State, Training
from tolerances import assert_close

Told = Callable[[type[ChainruleError], Callable[[], object]], str]
SMALL, LARGE = text_of(30, 60), text_of(200, 500)
MODELS = ["skipgram", "cbow"]


def _trained(corpus: Any = SMALL, **settings: Any) -> Word2Vec:
    return train_word2vec(corpus, **{"size": 6, "epochs": 2, "minimum": 1, "threads": 1, **settings})


def _same(one: Word2Vec, other: Word2Vec) -> bool:
    alike = np.array_equal(one.words, other.words) and np.array_equal(one.contexts, other.contexts)
    return alike and [e.cost for e in one.history] == [e.cost for e in other.history]


def _start(size: int = 6, words: tuple[str, ...] | None = None) -> Start:
    words = SMALL.vocabulary(1).words if words is None else words
    vectors, contexts = np.random.default_rng(4).normal(size=(2, len(words), size))
    return Start(words, vectors, contexts)


# --- one example ------------------------------------------------------------------------------------


def _one_step(cbow: bool, noise: list[int], corrected: bool = True) -> tuple[Any, Any, float]:
    """Both tables before and after a step with η = 1, and the cost: word 2 is to be found from word 0, or from
    the mean of words 0, 1 and 3."""
    shape = Shape(5, len(noise), "float64", cbow, corrected and cbow)
    tables = Tables(8, shape)
    tables.numbers[:, :, :5] = np.random.default_rng(1).normal(size=(2, 8, 5))
    before = tables.numbers[:, :, :5].copy()
    rows = np.zeros(200, np.int32)
    rows[: 3 + len(noise)] = [0, 2, *noise, 3]
    inputs, cost, bad = np.array([0, 1, 3], np.int32), np.zeros(1), np.zeros(1, np.int64)
    one = int(np.float64(1.0).view(np.int64))
    call(training(shape), row_of(*tables.numbers, rows, inputs, 1, one, cost, bad, 0))
    return before, tables.numbers[:, :, :5], float(cost[0])


def assert_gradients_of_an_example(torch: ModuleType, cbow: bool, factor: float = 1.0) -> None:
    noise = [4, 5, 2, 7, 1]
    before, after, cost = _one_step(cbow, noise)

    def wanted_cost(values: Any) -> Any:
        v = values[0, [0, 1, 3]].mean(0) if cbow else values[0, 0]
        found = -torch.nn.functional.logsigmoid(values[1, 2] @ v)
        # Noise that is the word to be found is left out.
        return factor * (found - torch.nn.functional.logsigmoid(-(values[1, [4, 5, 7, 1]] @ v)).sum())

    held = torch.tensor(before, requires_grad=True)
    said = wanted_cost(held)
    (wanted,) = torch.autograd.grad(said, held)
    assert_close(cost, said.item(), "autograd", what="cost")
    assert_close(before - after, wanted.numpy(), "autograd", what="gradient of an example")
    h = 2.0**-13
    steps = (h * np.eye(before.size)).reshape(-1, *before.shape)
    with torch.no_grad():
        costs = [[float(wanted_cost(torch.tensor(before + k * s))) for s in steps] for k in (-2, -1, 1, 2)]
    far_below, below, above, far_above = map(np.array, costs)
    differences = (8 * (above - below) - (far_above - far_below)) / (12 * h)
    assert_close((before - after).ravel(), differences, "autograd", what="gradient of an example")


@pytest.mark.parametrize("cbow", [False, True])
def test_the_step_of_one_example_is_its_gradient(torch: ModuleType, cbow: bool) -> None:
    assert_gradients_of_an_example(torch, cbow)


def test_the_comparison_of_gradients_can_fail(torch: ModuleType) -> None:
    with pytest.raises(AssertionError, match="cost"):
        assert_gradients_of_an_example(torch, False, factor=1 + 1e-6)


def test_cbow_as_the_programs_do_it_gives_every_context_the_gradient_of_the_mean() -> None:
    before, after, _ = _one_step(True, [4, 5], corrected=True)
    _, as_programs, _ = _one_step(True, [4, 5], corrected=False)
    assert_close(before[0] - as_programs[0], 3 * (before[0] - after[0]), "rounding")
    assert np.array_equal(as_programs[1], after[1])


# --- draws and steps against the slow loop ----------------------------------------------------------


@pytest.mark.parametrize("cbow", [False, True])
@pytest.mark.parametrize("sample", [0.0, 0.05])
def test_examples_are_those_of_the_slow_loop_wherever_the_corpus_is_cut(cbow: bool, sample: float) -> None:
    vocabulary = SMALL.vocabulary(1)
    ids = ids_of(SMALL, vocabulary)
    sampler = Sampler(vocabulary, 4, 3, sample, 0.75, 7, cbow)
    wanted = list(examples_of(sampler, ids.tolist(), epoch=2))
    got = []
    for first, stop in ((1, 50), (50, 51), (51, 700), (700, len(ids) - 1)):
        found = sampler.draw(ids, first, stop, 2, sampler.room())
        got += [(found.inputs_of(i), int(row[1]), row[2:].tolist()) for i, row in enumerate(found.rows)]
    assert got == wanted
    assert len(wanted) > 500


@pytest.mark.parametrize(("size", "negatives"), [(3, 1), (16, 5), (40, 17)])
@pytest.mark.parametrize(("dtype", "comparison"), [("float64", "rounding"), ("float32", "float32")])
@pytest.mark.parametrize(("cbow", "corrected"), [(False, False), (True, False), (True, True)])
def test_the_kernel_is_the_slow_loop_in_the_same_order(
    size: int, negatives: int, dtype: str, comparison: Any, cbow: bool, corrected: bool
) -> None:
    vocabulary = SMALL.vocabulary(1)
    ids = ids_of(SMALL, vocabulary)[:200]
    sampler = Sampler(vocabulary, 3, negatives, 0.05, 0.75, 1, cbow)
    shape = Shape(size, negatives, dtype, cbow, corrected)
    tables = Tables(len(vocabulary), shape)
    tables.numbers[:, :, :size] = np.random.default_rng(3).normal(size=(2, len(vocabulary), size)) / 4
    slow = tables.numbers[:, :, :size].astype(float)
    ids[-1] = -1
    with ThreadPoolExecutor(1) as pool:
        run = Training(sampler, shape, tables, ids, None, (0.1, 0.0), State(), 1, True, pool)
        run.epoch(1, lambda _: None, lambda: False)
    costs = [step_of_example(slow, e, 0.1, corrected) for e in examples_of(sampler, ids.tolist(), 1)]
    assert_close(tables.numbers[:, :, :size], slow, comparison, what="vectors")
    assert_close(run.epochs[0].cost, np.mean(costs), comparison, what="cost")


def test_the_cost_of_what_is_held_out_is_that_of_the_slow_loop() -> None:
    trained = _trained(LARGE, held_out=0.2)
    vocabulary = trained.vocabulary
    _, held = apart(ids_of(LARGE, vocabulary), 0.2, 0)
    assert held is not None
    sampler = Sampler(vocabulary, 5, 5, 1e-3, 0.75, 0, False)
    tables = np.stack([trained.words, trained.contexts]).astype(float)
    costs = [step_of_example(tables.copy(), e, 0.0) for e in examples_of(sampler, held.tolist(), 0)]
    assert_close(trained.history[-1].held_out, np.mean(costs), "rounding")


def test_noise_is_drawn_as_often_as_the_counts_say() -> None:
    vocabulary = LARGE.vocabulary(1)
    sampler = Sampler(vocabulary, 5, 5, 0.0, 0.75, 0, False)
    wanted = vocabulary.counts**0.75 / (vocabulary.counts**0.75).sum()
    assert_close(sampler.noise, wanted, "rounding")
    ids = ids_of(LARGE, vocabulary)
    rows = sampler.draw(ids, 1, CHUNK, 1, sampler.room()).rows
    seen = np.bincount(rows[:, 2:].ravel(), minlength=len(vocabulary))
    expected = wanted * seen.sum()
    assert ((seen - expected) ** 2 / expected).sum() < len(vocabulary) + 5 * np.sqrt(2 * len(vocabulary))


def test_an_alias_table_holds_the_chances() -> None:
    chances = np.random.default_rng(0).dirichlet(np.ones(50))
    accept, alias = alias_table(chances)
    found = np.zeros(50)
    np.add.at(found, np.arange(50), (accept + 1.0) / 2**32 / 50)
    np.add.at(found, alias, (1 - (accept + 1.0) / 2**32) / 50)
    assert_close(found, chances, "central difference")


def test_words_are_kept_as_the_authors_program_does() -> None:
    vocabulary = LARGE.vocabulary(1)
    keep = Sampler(vocabulary, 5, 5, 1e-2, 0.75, 0, False).keep / 2.0**32
    share = vocabulary.counts / vocabulary.counts.sum()
    wanted = np.minimum(1, (np.sqrt(share / 1e-2) + 1) * 1e-2 / share)
    assert_close(keep, wanted, "central difference")


# --- training ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_deterministic_training_has_the_same_bits_for_any_number_of_threads(
    model: str, threads: int
) -> None:
    settings = {"model": model, "deterministic": True, "held_out": 0.1}
    wanted = _trained(LARGE, **settings)
    for _ in range(3 if threads > 1 else 1):
        assert _same(_trained(LARGE, threads=threads, **settings), wanted)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_cost_falls(model: str, threads: int) -> None:
    trained = _trained(LARGE, model=model, epochs=10, rate=0.1, threads=threads, held_out=0.1)
    for costs in ([e.cost for e in trained.history], [e.held_out for e in trained.history]):
        assert costs[-1] < 0.9 * costs[0]  # type: ignore[operator]


def test_words_of_the_same_half_come_to_lie_near_each_other() -> None:
    trained = _trained(LARGE, epochs=20, rate=0.1, size=10)
    x = trained.vectors() / np.linalg.norm(trained.vectors(), axis=1, keepdims=True)
    half = np.array([int(word[1:]) % 2 for word in trained.vocabulary.words])[:40]
    alike, same = x[:40] @ x[:40].T, half[:, None] == half
    assert alike[same].mean() > alike[~same].mean() + 0.5


def test_another_seed_gives_other_vectors() -> None:
    assert not _same(_trained(), _trained(seed=1))


def test_vectors_are_the_inputs_unless_asked_otherwise() -> None:
    trained = _trained()
    assert trained.vectors() is trained.words
    assert np.array_equal(trained.vectors("sum"), trained.words + trained.contexts)


def test_training_stops_when_the_cost_no_longer_falls() -> None:
    trained = _trained(epochs=50, rate=1e-30, last_rate=0.0, patience=2, held_out=0.2)
    assert (len(trained.history), trained.ended) == (3, "patience")


def test_frozen_words_stay_and_new_words_learn() -> None:
    words = SMALL.vocabulary(1).words
    for model in MODELS:
        start = _start(words=words[:20])
        trained = _trained(model=model, start=start, freeze="start", dtype="float64", epochs=5)
        assert np.array_equal(trained.words[:20], start.vectors)
        assert np.array_equal(trained.contexts[:20], start.contexts)  # type: ignore[arg-type]
        assert (trained.contexts[20:] != 0).any(axis=1).all()


def test_words_to_freeze_can_be_named() -> None:
    drawn = Tables(len(SMALL.vocabulary(1)), Shape(6, 5, "float32"))
    drawn.draw(seed=0)
    trained = _trained(freeze=[SMALL.vocabulary(1).words[3]])
    assert np.array_equal(trained.words[3], drawn.vectors(0)[3])
    assert (trained.words[4] != drawn.vectors(0)[4]).all()


def test_training_goes_on_from_trained_vectors() -> None:
    first = _trained(LARGE, epochs=10, rate=0.1)
    again = _trained(LARGE, epochs=1, rate=0.01, start=first)
    assert again.history[0].cost < first.history[0].cost - 0.1


def test_vectors_without_contexts_start_with_outputs_of_0() -> None:
    start = Start(SMALL.vocabulary(1).words, np.ones((len(SMALL.vocabulary(1)), 6)))
    trained = _trained(start=start, epochs=1, rate=1e-30, last_rate=0.0)
    assert np.array_equal(trained.words, start.vectors)
    assert np.abs(trained.contexts).max() < 1e-20


# --- interruptions and checkpoints ------------------------------------------------------------------


class _PressCtrlC:
    """Progress that presses Ctrl-C after so many stretches."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, progress: Progress) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("model", MODELS)
def test_ctrl_c_returns_what_there_is_and_resuming_gives_the_same_bits(tmp_path: Path, model: str) -> None:
    path = tmp_path / "word2vec.safetensors"
    settings = {"model": model, "epochs": 4, "deterministic": True, "held_out": 0.05}
    wanted = _trained(LARGE, threads=2, **settings)
    stretches = len(ids_of(LARGE, LARGE.vocabulary(1))) // CHUNK + 1
    broken = _trained(LARGE, progress=_PressCtrlC(stretches + 1), checkpoint=path, **settings)
    assert (broken.ended, len(broken.history)) == ("interrupted", 1)
    assert np.isfinite(broken.words).all()
    resumed = _trained(LARGE, checkpoint=path, resume=True, threads=2, **settings)
    assert _same(resumed, wanted)
    assert [e.held_out for e in resumed.history] == [e.held_out for e in wanted.history]
    assert resumed.ended == "epochs"


def test_ctrl_c_stops_threads_that_do_not_wait_for_each_other() -> None:
    broken = _trained(LARGE, threads=2, epochs=50, progress=_PressCtrlC(3))
    assert broken.ended == "interrupted"
    assert np.isfinite(broken.words).all()


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "word2vec.safetensors"
    _trained(checkpoint=path)
    assert told(ModelFileError, lambda: _trained(rate=0.1, checkpoint=path, resume=True)) == (
        f'"{path}" was made with rate 0.025, and it is now 0.1: set rate as it was, or begin anew without resuming'
    )


def test_a_checkpoint_of_another_corpus_is_refused(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "word2vec.safetensors"
    _trained(checkpoint=path)
    assert told(ModelFileError, lambda: _trained(text_of(30, 60, seed=1), checkpoint=path, resume=True)) == (
        f'"{path}" was made with another corpus or other frozen words: give those it was made with, or begin '
        "anew without resuming"
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_progress_is_told_along_the_way(threads: int) -> None:
    seen: list[Progress] = []
    trained = _trained(LARGE, deterministic=True, threads=threads, progress=seen.append)
    assert [(p.epoch, p.part) for p in seen] == sorted((p.epoch, p.part) for p in seen)
    assert seen[-1].part == 1.0
    assert seen[-1].cost == trained.history[-1].cost


# --- refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_numbers_that_leave_the_finite_are_located(told: Told, threads: int) -> None:
    text = encode(Corpus.of_texts(["ice ice"] * 9))
    start = Start(["ice"], np.full((1, 6), 1e30), np.full((1, 6), 1e30))
    message = told(Divergence, lambda: _trained(text, start=start, threads=threads, sample=0.0))
    assert message == (
        'a score of the example "ice" → "ice" is not finite in epoch 1: lower the rate, which is 0.025, or start '
        "from smaller vectors"
    )


def test_a_corpus_in_which_no_word_is_near_another_is_refused(told: Told) -> None:
    assert told(InvalidInput, lambda: _trained(encode(Corpus.of_texts(["ice", "steam"])))) == (
        "no word of the corpus stands near another: give more text or a lower minimum count"
    )


def test_a_share_that_leaves_no_document_is_refused(told: Told) -> None:
    text = encode(Corpus.of_texts(["ice is cold"]))
    assert told(InvalidInput, lambda: _trained(text, held_out=0.01)) == (
        "held_out = 0.01 leaves none of 1 documents to hold out: give another share, or a corpus of more documents"
    )


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"window": 0}, "window must be a whole number of at least 1, not 0: give for example 5"),
        ({"negatives": 0}, "negatives must be a whole number of at least 1, not 0: give for example 5"),
        (
            {"sample": -1.0},
            "sample must be at least 0 and finite, not -1.0: give for example 1e-3, or 0 to keep all words",
        ),
        ({"power": float("nan")}, "power must be at least 0 and finite, not nan: give for example 0.75"),
        ({"last_rate": "x"}, "last_rate must be at least 0 and finite, not 'x': give for example 1e-4"),
        ({"rate": 0.0}, "the learning rate must be above 0 and finite, not 0.0: give for example 0.01"),
        ({"corrected": True}, "corrected is about the contexts of CBOW: leave it out, or choose cbow"),
        (
            {"held_out": 1.0},
            "held_out is a share of the documents, at least 0 and below 1, not 1.0: give for example 0.01",
        ),
        ({"freeze": "start"}, 'freeze="start" needs vectors to start from: give start'),
        ({"freeze": "ice"}, 'freeze is a list of words, or "start", not \'ice\': give ["ice"]'),
        ({"resume": True}, "to resume, the checkpoint must be named: give checkpoint="),
    ],
)
def test_a_setting_out_of_its_range_is_refused(told: Told, settings: dict[str, Any], wanted: str) -> None:
    assert told(ConfigError, lambda: _trained(**settings)) == wanted


def test_another_model_is_refused_with_the_near_one(told: Told) -> None:
    assert told(UnknownName, lambda: _trained(model="skipgran")) == (
        'there is no model of word2vec called "skipgran": did you mean "skipgram"? (known: cbow, skipgram)'
    )


def test_vectors_of_another_size_to_start_from_are_refused(told: Told) -> None:
    assert told(ConfigError, lambda: _trained(start=_start(4))) == (
        "the vectors to start from have 4 numbers each, and size is 6: set size to 4"
    )


def test_vectors_of_other_words_to_start_from_are_refused(told: Told) -> None:
    assert told(InvalidInput, lambda: _trained(start=_start(words=("x", "y")))) == (
        "no word to start from is in the vocabulary of the corpus: check both"
    )
