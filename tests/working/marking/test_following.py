from __future__ import annotations

import pytest

from chainrule.working.marking.following import follow, nearest
from chainrule.working.marking.sweep import Sweep
from chainrule.working.marking.verdicts import Digits, as_written
from chainrule.working.worked.examples import load_example


@pytest.fixture(scope="module")
def sweep() -> Sweep:
    return Sweep(load_example("psyc681-2-2-1").program)


def followed(
    sweep: Sweep, key: str, written: str, own: dict[str, str], wrong: list[str]
) -> tuple[str, ...] | None:
    found = follow(
        sweep,
        key,
        Digits.read(written),
        {other: Digits.read(text) for other, text in own.items()},
        wrong,
        as_written(),
    )
    return None if found is None else found.sources


Z1, H1, Z3, O1 = "z1[1,1]@1", "a1[1,1]@1", "z2[1,1]@1", "a2[1,1]@1"


def test_an_answer_follows_from_the_printed_value_before_it(sweep: Sweep) -> None:
    assert followed(sweep, H1, "0.587", {Z1: "0.35"}, [Z1]) == (Z1,)


def test_it_follows_across_lines_that_nobody_answered(sweep: Sweep) -> None:
    assert followed(sweep, O1, "0.642", {Z1: "0.35"}, [Z1]) == (Z1,)


def test_a_wrong_value_may_have_been_carried_with_more_digits_than_written(sweep: Sweep) -> None:
    # σ(0.4) is 0.5987, and σ(0.449), written as 0.4 by truncating, is 0.6104.
    assert followed(sweep, H1, "0.6104", {Z1: "0.4"}, [Z1]) == (Z1,)


def test_what_no_hidden_digit_can_give_does_not_follow(sweep: Sweep) -> None:
    assert followed(sweep, H1, "0.7", {Z1: "0.35"}, [Z1]) is None


def test_right_values_hide_no_slip(sweep: Sweep) -> None:
    assert followed(sweep, H1, "0.6104", {Z1: "0.47"}, []) is None


def test_nothing_follows_from_nothing(sweep: Sweep) -> None:
    assert followed(sweep, H1, "0.7", {O1: "0.6"}, [O1]) is None


def test_the_nearest_own_values_are_named(sweep: Sweep) -> None:
    assert nearest(sweep, O1, [Z1, H1, Z3]) == (Z3,)
    assert nearest(sweep, O1, [Z1, H1]) == (H1,)
