"""The canonical text of a header."""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import InvalidInput
from chainrule.files.canonical import from_text, to_text

BOUNDED = settings(max_examples=150, deadline=None, derandomize=True, database=None)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.text(max_size=4) | st.sampled_from(["$float", "$", "$$", "$x", "__metadata__"])
VALUES = st.recursive(
    SCALARS, lambda v: st.lists(v, max_size=4) | st.dictionaries(KEYS, v, max_size=4), max_leaves=20
)


def ordered(value: Any) -> Any:
    if isinstance(value, dict):
        return [(key, ordered(value[key])) for key in sorted(value)]
    return [ordered(v) for v in value] if isinstance(value, list) else value


@BOUNDED
@given(VALUES)
def test_every_value_comes_back(value: Any) -> None:
    assert repr(ordered(from_text(to_text(value)))) == repr(ordered(value))


@BOUNDED
@given(VALUES)
def test_the_text_of_what_comes_back_is_the_same_text(value: Any) -> None:
    text = to_text(value)
    assert to_text(from_text(text)) == text


def test_the_order_of_keys_does_not_change_the_text() -> None:
    assert to_text({"a": 1, "b": 2}) == to_text({"b": 2, "a": 1})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324, 0.1 + 0.2])
def test_unusual_floats_come_back(value: float) -> None:
    assert repr(from_text(to_text([value]))) == repr([value])


def test_numpy_scalars_become_plain_numbers_of_the_same_value() -> None:
    value = from_text(to_text([np.float32(0.1), np.int64(7), np.bool_(True), np.float64(math.nan)]))
    assert repr(value) == repr([float(np.float32(0.1)), 7, True, math.nan])


def test_a_key_of_the_users_is_not_mistaken_for_a_float() -> None:
    assert from_text(to_text({"$float": "nan"})) == {"$float": "nan"}


def test_an_integer_enumeration_is_written_as_its_number() -> None:
    assert to_text(IntEnum("Size", {"small": 1})(1)) == "1"


HOLDS_ITSELF: list[Any] = []
HOLDS_ITSELF.append(HOLDS_ITSELF)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [0, {1: 2}]}, "a[1] has the key 1, which is not text"),
        ({"a": {"b": {3}}}, "a['b'] is a set, which a file cannot hold"),
        ({"a": np.zeros(2)}, "put arrays among the tensors"),
        (1j, "the value is a complex"),
        (HOLDS_ITSELF, "holds itself"),
        pytest.param(10**5000, "more than 4300 digits", id="a huge integer"),
    ],
)
def test_what_json_cannot_hold_is_refused_by_its_place(value: Any, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        to_text(value)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":1,"a":1}', 'the key "a" appears twice'),
        ('[{"x":{"b":1,"c":2,"b":3}}]', 'the key "b" appears twice'),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "-Infinity"),
        ("1e999", "too large"),
        ('{"$float":"0"}', "a number that is none"),
        ('{"$float":1}', "a number that is none"),
        ('{"$float":[]}', "a number that is none"),
        ('{"$float":"nan","x":1}', "a number that is none"),
        ('{"$other":1}', "unknown mark"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
        pytest.param("9" * 5000, "4300 digits", id="huge"),
        ("", "Expecting value"),
    ],
)
def test_a_doubtful_text_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        from_text(text)
    assert reason in str(caught.value)
