"""Random numbers without state: a hash of a key, a step and a place, the same bits in every engine."""

from __future__ import annotations

MASK64 = (1 << 64) - 1

# The shifts and factors of the mixing, and the last shift; engines that mix whole arrays read them too.
ROUNDS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
LAST_SHIFT = 31
KEPT_BITS = 24


def mix64(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea & Flood 2014): 64 bits to 64 well-mixed bits."""
    for shift, factor in ROUNDS:
        value = ((value ^ (value >> shift)) * factor) & MASK64
    return value ^ (value >> LAST_SHIFT)


GOLDEN = 0x9E3779B97F4A7C15


def hash_start(key: int, step: int) -> int:
    """Where the counter of one mask starts, from its key and the training step."""
    return mix64((mix64((key + GOLDEN) & MASK64) + step * GOLDEN) & MASK64)


def hashed_uniform(key: int, step: int, place: int) -> float:
    """A number in [0, 1) with 24 random bits, the same in float32 and float64.

    >>> hashed_uniform(7, 1, 0) == hashed_uniform(7, 1, 0) != hashed_uniform(7, 2, 0)
    True
    """
    return (mix64((hash_start(key, step) + place * GOLDEN) & MASK64) >> (64 - KEPT_BITS)) / (1 << KEPT_BITS)
