"""Exercises on the perceptron rule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.numpy import NumpyEngine
from chainrule.working.exercises.perceptron import PerceptronMaker
from chainrule.working.exercises.plan import plan_of
from chainrule.working.exercises.sheet import Sheet


def sheet(seed: int, **asked: Any) -> Sheet:
    plan = plan_of(**{"layers": "2,1", "kind": "perceptron", "notation": "psyc681", **asked})
    return PerceptronMaker(plan).sheet(seed)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_key_is_what_the_engine_computes_one_sample_after_the_other(seed: int, bias: bool) -> None:
    made = sheet(seed, bias=bias)
    given = {each.name.text: float(each.written) for each in made.given}
    answers = {blank.key.removesuffix("@1"): float(blank.answer) for blank in made.blanks}
    network = Network(2, [Dense(1, "step", bias=bias)])
    derivation = derive(network, "mse", "perceptron")
    values: dict[str, Any] = {"W1": np.array([[given["w1"]], [given["w2"]]])}
    if bias:
        values["b1"] = np.array([given["b"]])
    for shown in range(8):
        letter = "ABCD"[shown % 4]
        # The step's edge: a sum of 0 in decimals must not be a hair off it in float64.
        values |= {
            "x": np.array([[given[f"x1_{letter}"], given[f"x2_{letter}"]]]),
            "y": np.array([[given[f"y_{letter}"]]]),
        }
        values = {name: np.round(value, 12) + 0.0 for name, value in values.items()}
        step = NumpyEngine().run(derivation, values, rate=0.1)
        if abs(float(step.values["z1"][0, 0])) < 1e-9:
            return  # decided by float64's own rounding
        assert step.values["z1"][0, 0] == pytest.approx(answers[f"z_{shown + 1}"], abs=1e-9)
        assert step.values["a1"][0, 0] == answers[f"ŷ_{shown + 1}"]
        for name, at in (("w1", 0), ("w2", 1)):
            assert step.updated["W1"][at, 0] == pytest.approx(answers[f"{name}_{shown + 1}"], abs=1e-9)
        values |= {name: step.updated[name] for name in ("W1", "b1") if name in values}


def test_there_is_something_to_learn() -> None:
    for seed in range(10):
        assert 2 <= sheet(seed).facts["mistakes"] <= 5


def test_the_key_says_where_it_is_wrong_and_whether_it_has_learnt() -> None:
    for seed in range(10):
        made = sheet(seed, passes=4)
        answers = {blank.key.removesuffix("@1"): blank.answer for blank in made.blanks}
        given = {each.name.text: each.written for each in made.given}
        wrong = [n for n in range(1, 17) if answers[f"ŷ_{n}"] != given[f"y_{'ABCD'[(n - 1) % 4]}"]]
        assert (
            f"presentations {', '.join(map(str, wrong))}, and only there" in made.notes[0] or len(wrong) == 1
        )
        assert made.facts["learnt"] == (not [n for n in wrong if n > 12])
        assert ("it has learnt the samples." in made.notes[1]) == made.facts["learnt"]


def test_the_same_seed_gives_the_same_sheet() -> None:
    assert sheet(5).example == sheet(5).example != sheet(6).example


def test_more_inputs_and_samples_have_decimals() -> None:
    made = sheet(2, layers="4,1", samples=3)
    assert len(made.sections) == 6
    assert len(made.blanks) == 6 * 7
