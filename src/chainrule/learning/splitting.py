"""Which rows train and which are held out: seeded, whole-number arithmetic, the same on every machine."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chainrule.errors import InvalidInput

__all__ = ["hold_out"]


def hold_out(
    y_or_n: ArrayLike, fraction: float, seed: int, stratify: bool = False
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Deal N rows into those that train and those held out.

    y_or_n: the number of rows, or one target a row (N,).   fraction: between 0 and 1, of the rows, rounded.
    → (training indices, held-out indices), each ascending; together they are 0…N − 1.

    With `stratify` each class (a distinct value of the targets) gives its share, left-over rows going to
    the classes with the largest remainders; every class keeps at least one training row, so a class with
    a single row is never held out. InvalidInput where nothing would be held out or nothing would be left.

    >>> train, held_out = hold_out(["no"] * 8 + ["yes"] * 4, 0.25, seed=0, stratify=True)
    >>> len(train), len(held_out[held_out < 8]), len(held_out[held_out >= 8])
    (9, 2, 1)
    """
    if not 0 < fraction < 1:
        raise InvalidInput(f"the fraction to hold out must lie between 0 and 1, and is {fraction:g}")
    targets = np.asarray(y_or_n)
    if targets.ndim > 1:
        raise InvalidInput(
            f"one target a row is needed to hold rows out, and the targets have {targets.ndim} axes"
        )
    if targets.ndim == 0 and stratify:
        raise InvalidInput("holding out by class needs the targets, and only the number of rows was given")
    rows = operator.index(targets.item()) if targets.ndim == 0 else len(targets)
    count = int(rows * fraction + 0.5)
    _check(rows, count, fraction)
    rng = np.random.default_rng(seed)
    held = _by_class(targets, count, fraction, rng) if stratify else rng.permutation(rows)[:count]
    is_held = np.zeros(rows, dtype=np.bool_)
    is_held[held] = True
    return np.flatnonzero(~is_held).astype(np.int64), np.flatnonzero(is_held).astype(np.int64)


def _check(rows: int, count: int, fraction: float) -> None:
    held_in_words = f"holding out {fraction:g} of {rows} row{'' if rows == 1 else 's'}"
    if count < 1:
        raise InvalidInput(f"{held_in_words} holds out none: give more rows or a larger fraction")
    if count >= rows:
        raise InvalidInput(f"{held_in_words} leaves none to train on: give more rows or a smaller fraction")


def _by_class(
    targets: NDArray[np.generic], count: int, fraction: float, rng: np.random.Generator
) -> NDArray[np.int64]:
    """The held-out rows, each class giving its share by the method of largest remainders."""
    classes, members = np.unique(targets, return_inverse=True)
    sizes = np.bincount(members, minlength=len(classes))
    shares = _shares([int(size) for size in sizes], count)
    if not any(shares):
        raise InvalidInput(
            f"holding out {fraction:g} of {len(targets)} rows by class holds out none, "
            "because each class keeps a training row: give more rows of each class, or hold out without "
            "classes"
        )
    order = rng.permutation(len(targets))
    by_class = order[np.argsort(members[order], kind="stable")]
    starts = np.cumsum(sizes) - sizes
    return np.concatenate([by_class[a : a + n] for a, n in zip(starts, shares, strict=True)])


def _shares(sizes: list[int], count: int) -> list[int]:
    """How many rows each class gives for `count` in all, as nearly as keeping a row of each allows."""
    rows = sum(sizes)
    shares = [size * count // rows for size in sizes]
    by_remainder = sorted(range(len(sizes)), key=lambda k: -(sizes[k] * count % rows))
    left = count - sum(shares)
    while left:
        room = [k for k in by_remainder if shares[k] < sizes[k] - 1][:left]
        if not room:
            break
        for k in room:
            shares[k] += 1
        left -= len(room)
    return shares
