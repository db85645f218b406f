"""The choices of a training run: what is refused, how they are written, which rate each epoch has."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, UnknownName
from chainrule.files.canonical import from_text, to_text
from chainrule.learning.settings import RatePlan, Settings, make_settings

Told = Callable[[type, Callable[[], object]], str]


def chosen() -> Settings:
    """Settings of which none is the default."""
    return make_settings(
        loss="huber(delta=0.5, outputs=sum)",
        rule="momentum(0.2, 0.8)",
        epochs=7,
        batch=5,
        shuffle=False,
        schedule="linear_warmup(3) * cosine",
        validation=0.25,
        patience=4,
        improvement=0.01,
        tolerance=1e-3,
        l2=0.1,
        clip_norm=2.0,
        clip_value=1.0,
        class_weight=[1, 2.5],
        fused=False,
        seed=3,
        dtype="float64",
    )


def test_settings_come_back_from_a_file_as_they_were() -> None:
    settings = chosen()
    assert Settings.from_json(from_text(to_text(settings.to_json()))) == settings


def test_every_choice_differs_in_the_example_above() -> None:
    plain = make_settings(loss="mse")
    assert set(chosen().differences(plain)) == {field.name for field in fields(Settings)}


def test_differences_names_the_choices_that_differ() -> None:
    settings = make_settings(loss="mse", rate=0.1)
    other = replace(make_settings(loss="mse", rate=0.2), epochs=3)
    assert settings.differences(other) == ("rule", "epochs")
    assert settings.differences(settings) == ()


@pytest.mark.parametrize("broken", [{}, {"loss": "mse"}, {**chosen().to_json(), "more": 1}, None])
def test_what_are_no_settings_is_refused(told: Told, broken: Any) -> None:
    assert told(ConfigError, lambda: Settings.from_json(broken)).startswith(
        "these are no settings of a training run: "
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "epochs of none": ({"epochs": 0}, "epochs must be a whole number, at least 1, not 0"),
    "half an epoch": ({"epochs": 1.5}, "epochs must be a whole number, at least 1, not 1.5"),
    "true epochs": ({"epochs": True}, "epochs must be a whole number, at least 1, not True"),
    "an empty batch": ({"batch": 0}, "batch must be a whole number, at least 1, not 0"),
    "no patience": ({"patience": 0}, "patience must be a whole number, at least 1, not 0"),
    "negative seed": ({"seed": -1}, "seed must be a whole number, at least 0, not -1"),
    "negative l2": ({"l2": -0.1}, "l2 must not be negative or infinite, but is -0.1"),
    "infinite l2": ({"l2": math.inf}, "l2 must not be negative or infinite, but is inf"),
    "l2 in words": ({"l2": "much"}, "l2 must be a number, not 'much'"),
    "no tolerance": ({"tolerance": math.nan}, "tolerance must be a number, not nan"),
    "negative improvement": (
        {"improvement": -1.0},
        "improvement must not be negative or infinite, but is -1.0",
    ),
    "all held out": (
        {"validation": 1},
        "validation is the fraction of rows held out, at least 0 and below 1, not 1",
    ),
    "balance": (
        {"class_weight": "balance"},
        "class_weight is \"balanced\" or a list with a weight for each class, in their order, not 'balance'",
    ),
    "a dict of weights": (
        {"class_weight": {0: 1}},
        'class_weight is "balanced" or a list with a weight for each class, in their order, not {0: 1}',
    ),
    "a negative weight": (
        {"class_weight": [1, -2]},
        "class weight must not be negative or infinite, but is -2.0",
    ),
    "a weight in words": ({"class_weight": ["x"]}, "class weight must be a number, not 'x'"),
    "clipping in words": ({"clip_norm": "1"}, "clip_norm must be a number, not '1'"),
    "clipping at true": ({"clip_value": True}, "clip_value must be a number, not True"),
    "clipping at 0": ({"clip_norm": 0.0}, "a clipping limit must be above 0 and finite, not 0.0"),
    "clipping at no number": (
        {"clip_value": math.nan},
        "a clipping limit must be above 0 and finite, not nan",
    ),
    "fused in words": ({"fused": "yes"}, "fused must be true or false, not 'yes'"),
    "shuffle of 1": ({"shuffle": 1}, "shuffle must be true or false, not 1"),
    "no dtype": ({"dtype": None}, "numbers are float32 or float64, not None: choose one of them"),
    "rate of 0": (
        {"rate": 0},
        "the learning rate must be above 0 and finite, not 0: give for example 0.01",
    ),
}


@pytest.mark.parametrize(("choices", "message"), WRONG.values(), ids=WRONG)
def test_a_wrong_choice_is_refused(told: Told, choices: dict[str, Any], message: str) -> None:
    assert told(ConfigError, lambda: make_settings(loss="mse", **choices)) == message


def test_an_unknown_dtype_is_refused(told: Told) -> None:
    assert "float16" in told(ConfigError, lambda: make_settings(loss="mse", dtype="float16"))


def test_an_unknown_choice_is_refused_with_the_nearest(told: Told) -> None:
    message = told(UnknownName, lambda: make_settings(loss="mse", epoch=3))
    assert message.startswith('there is no setting called "epoch": did you mean "epochs"? (known: batch, ')


def test_class_weights_may_be_an_array() -> None:
    assert make_settings(loss="mse", class_weight=np.array([1, 2])).class_weight == (1.0, 2.0)


def test_numbers_of_numpy_are_taken_as_plain_ones() -> None:
    whole: dict[str, Any] = {
        "epochs": np.int64(5),
        "batch": np.uint8(3),
        "seed": np.int32(2),
        "patience": np.int16(4),
    }
    real: dict[str, Any] = {
        "rate": np.float32(0.5),
        "l2": np.float64(0.25),
        "validation": np.float32(0.125),
        "tolerance": np.float16(2),
    }
    settings = make_settings(loss="mse", **whole, **real, shuffle=np.False_)
    plain = {name: number.item() for name, number in (whole | real).items()}
    assert settings == make_settings(loss="mse", **plain, shuffle=False)
    assert Settings.from_json(from_text(to_text(settings.to_json()))) == settings
    for name in (*whole, *real, "shuffle"):
        if name != "rate":
            assert type(getattr(settings, name)) in (int, float, bool), name
    assert type(settings.rule.parameters["learning_rate"]) is float


@pytest.mark.parametrize("number", [np.float64(2), np.True_, np.int64(0)])
def test_wrong_numbers_of_numpy_are_refused_as_plain_ones(told: Told, number: Any) -> None:
    message = told(ConfigError, lambda: make_settings(loss="mse", epochs=number))
    assert message == f"epochs must be a whole number, at least 1, not {number.item()!r}"


def rates(schedule: str | None, epochs: int = 12) -> list[float]:
    plan = RatePlan(make_settings(loss="mse", rate=0.2, schedule=schedule, epochs=epochs))
    return [plan.rate(epoch) for epoch in range(epochs)]


FORMULAS: dict[str, Callable[[int], float]] = {
    "constant": lambda e: 1,
    "step(3, 0.5)": lambda e: 0.5 ** (e // 3),
    "exponential(0.9)": lambda e: 0.9**e,
    "inverse_time(0.5)": lambda e: 1 / (1 + 0.5 * e),
    "cosine(0.1)": lambda e: 0.1 + 0.9 * (1 + math.cos(math.pi * e / 12)) / 2,
    "linear_warmup(4)": lambda e: min(1, (e + 1) / 4),
    "linear_warmup(4) * exponential(0.9)": lambda e: min(1, (e + 1) / 4) * 0.9**e,
}


@pytest.mark.parametrize("schedule", FORMULAS)
def test_the_rates_follow_the_formula_of_the_schedule(schedule: str) -> None:
    assert rates(schedule) == pytest.approx([0.2 * FORMULAS[schedule](e) for e in range(12)], rel=1e-14)


def test_without_a_schedule_the_rate_stays() -> None:
    assert rates(None) == [0.2] * 12


def test_a_plateau_cuts_the_rate_after_the_patience() -> None:
    settings = make_settings(loss="mse", rate=1.0, schedule="plateau(gamma=0.5, patience=2)")
    plan, seen = RatePlan(settings), []
    for epoch, loss in enumerate([3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0]):
        seen.append(plan.rate(epoch))
        plan.watch(loss)
    assert seen == [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5]


@pytest.mark.parametrize("kind", ["float64", np.float64, np.dtype("f8"), "f8"])
def test_a_dtype_is_kept_by_its_name(kind: Any) -> None:
    assert make_settings(loss="mse", dtype=kind).dtype == "float64"


def test_entries_are_no_names_once_they_are_settings(told: Told) -> None:
    settings = make_settings(loss="mse")
    for changes in ({"loss": "mse"}, {"rule": "adam"}, {"schedules": ("cosine",)}):
        assert "must be an entry of its catalogue" in told(
            ConfigError, lambda c=changes: replace(settings, **c)
        )  # type: ignore[misc]
