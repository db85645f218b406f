from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from chainrule.engines.rounding import Rounding
from chainrule.working.marking.sweep import rounder
from chainrule.working.marking.verdicts import Digits, as_written, habits_of
from chainrule.working.worked.examples import load_example

ROUNDED, TRUNCATED = as_written()


def fits(value: float, written: str) -> tuple[bool, bool]:
    digits = Digits.read(written)
    return bool(ROUNDED.fits(value, "z", digits)), bool(TRUNCATED.fits(value, "z", digits))


def test_a_number_may_be_rounded_truncated_or_both() -> None:
    assert fits(0.70106, "0.7010") == (False, True)
    assert fits(0.30089, "0.3009") == (True, False)
    assert fits(0.60053, "0.6005") == (True, True)
    assert fits(0.40063, "0.4011") == (False, False)


def test_negative_numbers_are_truncated_toward_zero() -> None:
    assert fits(-0.7086, "-0.70") == (False, True)
    assert fits(-0.7086, "-0.71") == (True, False)


def test_powers_of_ten_are_read_with_their_digits() -> None:
    assert fits(-5.0976e-6, "-5.097e-6") == (False, True)


def test_a_bare_0_is_nothing_not_a_number_below_a_half() -> None:
    assert fits(0.3, "0") == (False, False)
    assert fits(0.0, "0") == (True, True)
    assert fits(0.0002, "0") == (False, False)
    assert fits(0.004, "0.00") == (True, True)


def test_an_answer_that_stands_alone_shows_a_digit_of_the_value() -> None:
    def alone(value: float, written: str) -> bool:
        return bool(ROUNDED.fits(value, "z", replace(Digits.read(written), alone=True)))

    assert alone(0.09975, "0.1")
    assert not alone(0.0006, "0.001")
    assert not alone(0.0004, "0.000")
    assert alone(0.0, "0.000")
    assert not alone(0.701, "1")


def test_whole_numbers_suggest_no_rounding_of_every_line() -> None:
    program = load_example("xor-mlp").program
    found = habits_of(program, [Digits.read("1")], [], str)
    assert [habit.policy.spec for habit in found if habit.policy is not None] == ["significant:1"]


def test_a_tie_may_go_either_way_where_nothing_says_how() -> None:
    assert fits(-0.7625, "-0.762") == (True, True)
    assert fits(-0.7625, "-0.763") == (True, False)


def test_infinities_fit_nothing() -> None:
    assert fits(float("inf"), "0.5") == fits(float("nan"), "0.5") == (False, False)


@pytest.mark.parametrize("spec", ["round:3", "truncate:2", "significant:4"])
def test_floats_are_rounded_as_the_pencil_rounds(spec: str) -> None:
    rounding = Rounding.parse(spec)
    keep = rounder(rounding.kind, rounding.digits)
    values = [0.175, -0.175, 0.0005, 0.1, 1.0, 9.9996, -0.29, 123.456, 0.0]
    expected = [float(rounding.apply(Decimal(repr(value)))) for value in values]
    assert np.allclose(keep(np.array(values)), expected, rtol=1e-12, atol=0)
