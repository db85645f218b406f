from __future__ import annotations

import numpy as np
import pytest

from chainrule.errors import UnknownName
from chainrule.learning.datasets import DATASETS, load_dataset
from chainrule.learning.encoding import ClassTarget, Encoding

GENERATED = ("circles", "moons", "spirals", "odd-difference", "odd-difference-bits", "odd-difference-onehot")


@pytest.mark.parametrize("name", DATASETS)
def test_a_set_is_as_described_and_can_be_encoded(name: str) -> None:
    described, table = DATASETS[name], load_dataset(name)
    assert described.name == name
    assert (table.rows, len(table.names) - 1, table.names[-1]) == (
        described.rows,
        described.columns,
        described.target,
    )
    encoding = Encoding.fit(table, "-1")
    assert isinstance(encoding.target, ClassTarget) == (described.task == "classify")
    assert encoding.inputs == described.columns
    assert np.isfinite(encoding.features(table)).all()


def test_classes_have_the_names_of_the_set() -> None:
    assert set(load_dataset("iris").texts("species")) == {"setosa", "versicolor", "virginica"}
    assert set(load_dataset("breast-cancer").texts("diagnosis")) == {"benign", "malignant"}
    assert set(load_dataset("digits").texts("digit")) == set("0123456789")
    assert load_dataset("digits").names[0] == "pixel_0_0"


@pytest.mark.parametrize("name", GENERATED)
def test_the_seed_draws_a_generated_set(name: str) -> None:
    def features(seed: int) -> list[list[str]]:
        table = load_dataset(name, seed)
        return [table.texts(column).tolist() for column in table.names]

    assert features(1) == features(1)
    assert features(1) != features(2)


def test_xor_is_its_four_rows() -> None:
    table = load_dataset("xor")
    assert [table.numbers(name).tolist() for name in table.names] == [
        [0, 0, 1, 1],
        [0, 1, 0, 1],
        [0, 1, 1, 0],
    ]


def test_the_three_odd_difference_sets_hold_the_same_pairs() -> None:
    raw, bits, onehot = (load_dataset(name, seed=4) for name in GENERATED[3:])
    x1, x2 = raw.numbers("x1"), raw.numbers("x2")
    assert len(set(zip(x1, x2, strict=True))) == 1024
    odd = np.abs(x1 - x2) % 2 == 1
    for table in (raw, bits, onehot):
        assert (table.texts("difference") == "odd").tolist() == odd.tolist()
    for name, x in (("x1", x1), ("x2", x2)):
        assert np.array_equal(
            sum(place * bits.numbers(f"{name}_bit_{place}") for place in (16, 8, 4, 2, 1)), x
        )
        assert np.array_equal(sum(k * onehot.numbers(f"{name}_is_{k}") for k in range(32)), x)


@pytest.mark.parametrize("name", ["circles", "moons", "spirals"])
def test_no_line_divides_the_two_classes_of_points_but_their_neighbours_do(name: str) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    table = load_dataset(name)
    xy = np.stack([table.numbers("x1"), table.numbers("x2")], axis=1)
    labels = table.texts("class").astype(str)
    assert LogisticRegression().fit(xy, labels).score(xy, labels) < 0.92
    assert KNeighborsClassifier(5).fit(xy[:300], labels[:300]).score(xy[300:], labels[300:]) > 0.95


def test_an_unknown_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match='did you mean "circles"'):
        load_dataset("circels")


def test_the_digits_read_from_their_file_are_those_of_scikit_learns_loader() -> None:
    from chainrule.learning.datasets import _from_sklearn

    table, loaded = load_dataset("digits"), _from_sklearn("load_digits", "digit")(np.random.default_rng(0))
    assert table.names == tuple(loaded)
    for name in table.names[:-1]:
        assert np.array_equal(table.numbers(name), loaded[name])
    assert table.texts("digit").tolist() == loaded["digit"].tolist()
