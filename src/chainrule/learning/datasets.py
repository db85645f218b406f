"""The embedded data sets, by name: five that scikit-learn brings, and some generated from a seed.

`odd-difference` is the exercise of CAP4453: is |x1 − x2| odd? On the raw numbers the lecture's 2-3-1
network stays at chance on held-out pairs: nearby pairs have opposite answers, and three smooth units cannot
turn that often. `odd-difference-bits` and `odd-difference-onehot` ask the same of the same pairs with
each number written so that it can be learnt, and a small network is then right on every held-out pair.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import unknown
from chainrule.learning.tables import Table

__all__ = ["DATASETS", "Dataset", "load_dataset"]

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Dataset:
    """What an embedded set holds: `rows` rows, `columns` input columns, and the target as its last column."""

    name: str
    description: str
    rows: int
    columns: int
    target: str
    task: Literal["classify", "regress"]
    source: str
    _make: Callable[[np.random.Generator], Columns]


def load_dataset(name: str, seed: int = 0) -> Table:
    """The table of an embedded set; its target is the last column. UnknownName names the nearest set.

    The seed draws the generated sets; those of scikit-learn are the same for every seed.

    >>> table = load_dataset("xor")
    >>> table.names, table.rows
    (('x1', 'x2', 'y'), 4)
    """
    if name not in DATASETS:
        raise unknown("data set", name, DATASETS)
    return Table.from_columns(DATASETS[name]._make(np.random.default_rng(seed)), source=name)


def _from_sklearn(loader: str, target: str) -> Callable[[np.random.Generator], Columns]:
    """The set of one scikit-learn loader, its classes by their names where it has names."""

    def make(_: np.random.Generator) -> Columns:
        from sklearn import datasets

        bunch = getattr(datasets, loader)()
        columns = {str(name): bunch.data[:, i] for i, name in enumerate(bunch.feature_names)}
        names = getattr(bunch, "target_names", None)
        y = (
            bunch.target
            if names is None
            else np.array([str(name) for name in names], dtype=object)[bunch.target]
        )
        return {**columns, target: y}

    return make


def _digits(rng: np.random.Generator) -> Columns:
    """As scikit-learn's loader has it, from its file: importing scikit-learn takes longer than showing a step."""
    home = find_spec("sklearn")
    folder = Path((home.submodule_search_locations or [""])[0]) if home else Path()
    file = folder / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():
        return _from_sklearn("load_digits", "digit")(rng)
    with gzip.open(file, "rt", encoding="ascii") as opened:
        numbers = np.loadtxt(opened, delimiter=",")
    labels = np.array([str(digit) for digit in range(10)], dtype=object)
    pixels = {f"pixel_{i // 8}_{i % 8}": numbers[:, i] for i in range(64)}
    return {**pixels, "digit": labels[numbers[:, 64].astype(int)]}


def _xor(_: np.random.Generator) -> Columns:
    x1, x2 = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    return {"x1": x1, "x2": x2, "y": x1 ^ x2}


def _points(
    rng: np.random.Generator, xy: NDArray[np.float64], first: int, names: tuple[str, str], noise: float
) -> Columns:
    """Points (N, 2) with normal noise, the first `first` of one class, in a seeded order."""
    xy = xy + rng.normal(0.0, noise, xy.shape)
    labels = np.array(names, dtype=object)[(np.arange(len(xy)) >= first).astype(int)]
    order = rng.permutation(len(xy))
    return {"x1": xy[order, 0], "x2": xy[order, 1], "class": labels[order]}


def _circles(rng: np.random.Generator) -> Columns:
    angle = rng.uniform(0, 2 * np.pi, 400)
    radius = np.repeat([0.5, 1.0], 200)
    xy = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return _points(rng, xy, 200, ("inner", "outer"), noise=0.08)


def _moons(rng: np.random.Generator) -> Columns:
    angle = rng.uniform(0, np.pi, 400)
    upper = np.stack([np.cos(angle[:200]), np.sin(angle[:200])], axis=1)
    lower = np.stack([1 - np.cos(angle[200:]), 0.5 - np.sin(angle[200:])], axis=1)
    return _points(rng, np.concatenate([upper, lower]), 200, ("upper", "lower"), noise=0.12)


def _spirals(rng: np.random.Generator) -> Columns:
    turn = np.sqrt(rng.uniform(0.02, 1, 600))  # the root spreads the points evenly along the arms
    angle = 3 * np.pi * turn + np.repeat([0.0, np.pi], 300)
    xy = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1)
    return _points(rng, xy, 300, ("first", "second"), noise=0.02)


PAIR_LIMIT = 32  # numbers 0…31: five bits each, 1,024 pairs


def _pairs(rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    """Every pair of numbers once, in a seeded order, and whether their difference is odd."""
    x1, x2 = np.divmod(rng.permutation(PAIR_LIMIT**2), PAIR_LIMIT)
    return x1, x2, np.array(["even", "odd"], dtype=object)[np.abs(x1 - x2) % 2]


def _odd_difference(rng: np.random.Generator) -> Columns:
    x1, x2, parity = _pairs(rng)
    return {"x1": x1, "x2": x2, "difference": parity}


def _odd_difference_bits(rng: np.random.Generator) -> Columns:
    x1, x2, parity = _pairs(rng)
    places = [1 << k for k in reversed(range((PAIR_LIMIT - 1).bit_length()))]
    bits = {
        f"{name}_bit_{place}": (x // place) & 1 for name, x in (("x1", x1), ("x2", x2)) for place in places
    }
    return {**bits, "difference": parity}


def _odd_difference_onehot(rng: np.random.Generator) -> Columns:
    x1, x2, parity = _pairs(rng)
    onehot = {
        f"{name}_is_{k}": (x == k).astype(np.int64)
        for name, x in (("x1", x1), ("x2", x2))
        for k in range(PAIR_LIMIT)
    }
    return {**onehot, "difference": parity}


_SKLEARN = "scikit-learn"
_GENERATED = "generated from the seed"
_PAIRS = "CAP4453; every pair of whole numbers 0 to 31, ordered by the seed"

DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            Dataset(
                "iris", "three species of iris by the sizes of their leaves", 150, 4, "species", "classify",
                f"Fisher 1936; {_SKLEARN}", _from_sklearn("load_iris", "species"),
            ),
            Dataset(
                "wine", "three cultivars of wine by chemical analysis", 178, 13, "cultivar", "classify",
                f"UCI, Forina et al. 1991; {_SKLEARN}", _from_sklearn("load_wine", "cultivar"),
            ),
            Dataset(
                "breast-cancer", "benign or malignant tumours by the shapes of their cells", 569, 30,
                "diagnosis", "classify", f"UCI, Wolberg et al. 1995; {_SKLEARN}",
                _from_sklearn("load_breast_cancer", "diagnosis"),
            ),
            Dataset(
                "digits", "handwritten digits, 8 × 8 pixels of 0 to 16", 1797, 64, "digit", "classify",
                f"UCI, Alpaydin & Kaynak 1998; {_SKLEARN}", _digits,
            ),
            Dataset(
                "diabetes", "progression of diabetes after a year, a number", 442, 10,
                "progression", "regress", f"Efron et al. 2004; {_SKLEARN}",
                _from_sklearn("load_diabetes", "progression"),
            ),
            Dataset(
                "xor", "exclusive or: the smallest table that needs a hidden layer", 4, 2, "y", "classify",
                "Minsky & Papert 1969", _xor,
            ),
            Dataset("circles", "a circle inside a circle", 400, 2, "class", "classify", _GENERATED, _circles),
            Dataset("moons", "two half moons, interlocked", 400, 2, "class", "classify", _GENERATED, _moons),
            Dataset("spirals", "two arms of a spiral", 600, 2, "class", "classify", _GENERATED, _spirals),
            Dataset(
                "odd-difference",
                "is |x1 − x2| odd? on the raw numbers the lecture's 2-3-1 network stays at chance",
                1024, 2, "difference", "classify", _PAIRS, _odd_difference,
            ),
            Dataset(
                "odd-difference-bits",
                "the same question with each number as five bits, which a small network learns exactly",
                1024, 10, "difference", "classify", _PAIRS, _odd_difference_bits,
            ),
            Dataset(
                "odd-difference-onehot",
                "the same question with each number one-hot, which a small network learns exactly",
                1024, 64, "difference", "classify", _PAIRS, _odd_difference_onehot,
            ),
        )
    }
)  # fmt: skip
