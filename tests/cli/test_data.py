"""`chainrule data`: the embedded sets."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from commandline import chainrule, refused

from chainrule.learning.datasets import DATASETS, load_dataset
from chainrule.learning.tables import read_table


def test_the_list_names_every_set() -> None:
    ran = chainrule("data")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines() if " rows, " in line] == list(DATASETS)
    assert 'iris   150 rows, 4 columns; classify "species"\n' in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_list_as_json_says_the_same() -> None:
    listed = json.loads(chainrule("data", "--json").out)["data"]
    assert [entry["name"] for entry in listed] == list(DATASETS)
    assert listed[0]["target"] == "species"


@pytest.mark.parametrize("name", DATASETS)
def test_each_set_is_shown_within_80_columns(name: str) -> None:
    ran = chainrule("data", name)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{name}   data set\n")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_set_is_shown_with_its_classes_and_first_rows() -> None:
    shown = chainrule("data", "iris").out
    assert "setosa (50 rows), versicolor (50 rows), virginica (50 rows)" in shown
    assert "  5.1               3.5               1.4               0.2              setosa\n" in shown


def test_a_set_to_predict_a_number_of_shows_its_spread() -> None:
    assert "least 25, mean 152.133, greatest 346" in chainrule("data", "diabetes").out


def test_a_set_as_json_has_its_facts() -> None:
    known = json.loads(chainrule("data", "xor", "--json").out)
    assert known["classes"] == {"0": 2, "1": 2}
    assert known["first_rows"][1] == ["0", "1", "1"]


@pytest.mark.parametrize("name", ["diabetes", "moons", "iris"])
def test_a_set_comes_back_whole_from_the_csv_it_was_written_to(name: str, tmp_path: Path) -> None:
    file = tmp_path / "set.csv"
    ran = chainrule("data", name, "--out", str(file))
    assert ran.code == 0
    assert f"{DATASETS[name].rows} rows of {name} are in" in ran.out
    written, made = read_table(file), load_dataset(name)
    assert written.names == made.names
    for column in made.names[:-1]:
        np.testing.assert_array_equal(written.numbers(column), made.numbers(column))
    assert written.texts(made.names[-1]).tolist() == made.texts(made.names[-1]).tolist()


def test_the_seed_draws_a_generated_set(tmp_path: Path) -> None:
    for seed in ("0", "1", "1"):
        chainrule(
            "data", "circles", "--seed", seed, "--out", str(tmp_path / f"{len(list(tmp_path.iterdir()))}.csv")
        )
    first, second, again = ((tmp_path / f"{n}.csv").read_text() for n in range(3))
    assert first != second == again


def test_a_header_with_commas_would_be_quoted(tmp_path: Path) -> None:
    file = tmp_path / "wine.csv"
    chainrule("data", "wine", "--out", str(file))
    with file.open(newline="") as lines:
        assert {len(row) for row in csv.reader(lines)} == {14}


def test_an_unknown_set_is_one_sentence() -> None:
    assert refused("data", "iriss").startswith('there is no data set called "iriss": did you mean "iris"?')


def test_out_without_a_set_is_one_sentence(tmp_path: Path) -> None:
    sentence = "--out needs the name of a data set: give one, for example iris"
    assert refused("data", "--out", str(tmp_path / "x.csv")) == sentence


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    place = tmp_path / "missing" / "x.csv"
    assert refused("data", "xor", "--out", str(place)) == (
        f'cannot write "{place}": the folder "{place.parent}" does not exist: make it first, or choose another one'
    )


def test_a_negative_seed_is_refused() -> None:
    assert refused("data", "moons", "--seed", "-1").startswith(
        "invalid value for '--seed': -1 is not in the range"
    )
