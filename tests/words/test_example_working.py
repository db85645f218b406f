"""Negative sampling's step on one example as a working."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch
from chainrule.words.example_working import (
    drawn_noise,
    example_program,
    work_example_of,
    work_vectors_example,
)
from tolerances import assert_close
from word_files import data_of, skip_gram_data, small_counts, small_glove

Told = Callable[..., str]
V, U, N = [0.5, 1.0], [1.0, -0.5], [[0.2, 0.1], [0.3, -0.4]]


def test_the_step_is_the_one_of_automatic_differentiation(torch: ModuleType) -> None:
    rng = np.random.default_rng(0)
    v, u, others = rng.normal(size=6), rng.normal(size=6), rng.normal(size=(3, 6))
    _, after = example_program(v, u, others, rate=0.1).numbers
    tensors = [torch.tensor(each, requires_grad=True) for each in (v, u, others)]
    ours, near, noise = tensors
    score = torch.nn.functional.logsigmoid
    (-score(ours @ near) - score(-(noise @ ours)).sum()).backward()
    for name, tensor in zip(("v", "u", "N"), tensors, strict=True):
        wanted = (tensor - 0.1 * tensor.grad).detach().numpy()
        assert_close(np.squeeze(after[name]), wanted, "autograd")


def test_scores_come_first_and_then_all_vectors_move() -> None:
    working = work_example_of(V, U, N, rounding="round:3")
    assert [working[name].result for name in ("z", "z_N[1]", "z_N[2]")] == ["0.000", "0.200", "-0.250"]
    assert [working[f"∂C/∂{name}"].result for name in ("z", "z_N[1]", "v[1]")] == [
        "-0.500",
        "0.550",
        "-0.259",
    ]
    # N moves by v as it was before the step, not by the new one.
    assert working["N[1,1]"].result == "0.193"


@pytest.mark.parametrize("rounding", [None, "round:3"])
@pytest.mark.parametrize("size", [2, 40])
def test_the_certificate_of_an_example_agrees(size: int, rounding: str | None) -> None:
    rng = np.random.default_rng(1)
    v, u, others = rng.normal(size=size), rng.normal(size=size), rng.normal(size=(5, size))
    certificate = work_example_of(v / 5, u / 5, others / 5, rounding=rounding).certificate
    assert certificate is not None
    assert certificate.agrees
    assert certificate.compared == 7 * size


def test_a_single_noise_word_is_worked_too() -> None:
    assert work_example_of(V, U, N[:1])["∂C/∂z_N"].value == pytest.approx(0.549833997312478)


def test_noise_words_are_named_in_the_heading() -> None:
    data = skip_gram_data(small_glove(small_counts()))
    working = work_vectors_example(data, ("ice", "solid"), ["gas", "art"])
    assert 'the noise words have the output vectors N: 1 "gas", 2 "art"' in working.heading
    assert {each.name.text: each.written for each in working.given}["η"] == "0.5"


def test_noise_words_are_drawn_by_the_seed_and_are_none_of_the_example() -> None:
    data = skip_gram_data(small_glove(small_counts()))
    drawn = drawn_noise(data, 5, 0, ("ice", "solid"))
    assert drawn == drawn_noise(data, 5, 0, ("ice", "solid"))
    assert len({*drawn, "ice", "solid"}) == 7


def test_an_example_that_cannot_be_worked_is_refused(told: Told) -> None:
    trained = small_glove(small_counts())
    data = skip_gram_data(trained)
    assert told(InvalidInput, lambda: work_vectors_example(data_of(trained), ("ice", "solid"), ["gas"])) == (
        "these vectors are GloVe's, which samples no noise words: ask for a pair of words instead"
    )
    assert told(ConfigError, lambda: work_vectors_example(data, ("ice", "solid"), ["gas", "solid"])) == (
        "a noise word is named twice, or is the word to be found: name each once"
    )
    assert told(ConfigError, lambda: drawn_noise(data, 99, 0, ())) == (
        "there are not 99 other words to draw noise words from: ask for fewer"
    )
    assert told(InvalidInput, lambda: work_example_of(V, U, np.zeros((0, 2)))) == (
        "negative sampling needs at least one noise word: name one"
    )
    assert told(ShapeMismatch, lambda: work_example_of(V, U, [[1.0]])) == (
        "v has shape (2,), u (2,) and N (1, 1): give (D,), (D,) and (K, D)"
    )
