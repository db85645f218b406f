"""Decimal numbers become the nearest float32, whichever way they are read."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from chainrule.files import vector_numbers
from chainrule.files.vector_numbers import exact_float32, is_number, read_plain_lines


def nearest(text: str) -> np.float32:
    """The nearest float32 by whole-number arithmetic: of the candidates around, ties to even."""
    exact = Fraction(text)
    near = np.float32(float(text))
    around = [near, np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))]
    best = min(around, key=lambda f: (abs(Fraction(float(f)) - exact), int(f.view(np.int32)) & 1))
    return np.float32(best)


def midpoint(rng: random.Random) -> str:
    """A number halfway between two float32, or a hair beside it."""
    low = np.float32(rng.uniform(-4, 4))
    middle = (Fraction(float(low)) + Fraction(float(np.nextafter(low, np.float32(9))))) / 2
    digits = f"{float(middle):.60f}".rstrip("0")
    return digits + rng.choice(["", "1", "00000000000000000000001"])


def texts(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    forms = ("%.6f", "%.9g", "%r", "%.3e", "%.25f", "%+.4f", "%d", "%.1f")
    made = [rng.choice(forms) % (rng.uniform(-9, 9) * 10 ** rng.randint(-12, 6)) for _ in range(count)]
    return [*made, *(midpoint(rng) for _ in range(count // 4)), "0", "-0", ".5", "5.", "1e5", "1E-5", "007"]


def plain(text: str) -> np.float32 | None:
    """What the compiled reader makes of it, or None where it leaves the line."""
    line = np.frombuffer(f"w {text}\n".encode(), np.uint8)
    out, words = np.empty((1, 1), np.float32), np.empty((1, 2), np.int64)
    _, rows = read_plain_lines(line, 0, 1, ord(" "), out, words, 0)
    return out[0, 0] if rows else None


@pytest.mark.parametrize("seed", [1, 2])
def test_both_readers_round_to_the_nearest(seed: int) -> None:
    left = 0
    for text in texts(400, seed):
        wanted = nearest(text)
        found = plain(text)
        left += found is None
        assert exact_float32(text.encode()) == wanted, text
        assert found is None or (found == wanted and np.signbit(found) == text.startswith("-")), text
    assert left < 200


def test_a_number_between_two_float32_is_left_to_the_exact_reader() -> None:
    rng = random.Random(5)
    assert all(plain(midpoint(rng)) is None for _ in range(50))


def test_rounding_twice_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_numbers, "_odd", lambda near, exact: near)
    with pytest.raises(AssertionError):
        test_both_readers_round_to_the_nearest(1)


def test_the_smallest_and_the_largest_are_exact() -> None:
    assert exact_float32(b"1e-45") == np.float32(1e-45)
    assert exact_float32(b"7.006492321624085354618e-46") == 0
    assert exact_float32(b"7.0064923216240853546187e-46") == np.float32(1e-45)
    assert exact_float32(b"3.4028235677973366e38") == np.finfo(np.float32).max
    with pytest.raises(ValueError, match="too large"):
        exact_float32(b"3.4028235677973367e38")
    with pytest.raises(ValueError, match="too large"):
        exact_float32(b"1e999999999")


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1e", "1e+", "1_0", "0x1", "nan", "inf", "1.2.3", "--1", "１", "1 "]
)
def test_what_is_no_number_is_refused_by_both(text: str) -> None:
    assert not is_number(text.encode())
    assert text == "1 " or plain(text) is None
    with pytest.raises(ValueError, match="no number"):
        exact_float32(text.encode())
