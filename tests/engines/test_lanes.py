"""Values being written: what kind a choice has."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from chainrule.engines.lanes import Lanes, Writer
from chainrule.engines.machine import the_machine
from chainrule.engines.machine_math import where


def _single(writer: Writer) -> tuple[Lanes, Lanes, Lanes]:
    numbers = [writer.load(writer.numbers, writer.whole(place), "double") for place in range(3)]
    return numbers[0] > 0, numbers[1] > 0, numbers[2] > 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_choice_between_two_truths_is_a_truth(dtype: str) -> None:
    writer = Writer(dtype)
    condition, a, b = _single(writer)
    wide = writer.spread(a, writer.lanes)
    assert [where(condition, *two).kind for two in ((a, b), (wide, b), (a, wide))] == ["i1"] * 3
    assert [where(condition, *two).width for two in ((a, b), (wide, b), (a, wide))] == [
        1,
        *[writer.lanes] * 2,
    ]


def test_a_choice_between_a_truth_and_a_number_is_a_number() -> None:
    writer = Writer("float32")
    condition, a, _ = _single(writer)
    assert [where(condition, a, other).kind for other in (0.5, writer.constant("double", 2.0))] == [
        "double"
    ] * 2


def test_a_chosen_truth_can_be_branched_on() -> None:
    writer = Writer("float64")
    with writer.when(where(*_single(writer))):
        writer.store(writer.constant("double", 7.0), writer.numbers, writer.whole(3))
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
    call = kind(the_machine().address(writer.text("KERNEL")))
    for condition, a, b in np.ndindex(2, 2, 2):
        numbers = np.array([condition, a, b, 0.0])
        call(0, numbers.ctypes.data, 0)
        assert numbers[3] == (7.0 if (a if condition else b) else 0.0)
