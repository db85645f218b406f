"""The records of a run: columns, files, lines of JSON."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from threading import Barrier, Thread

import numpy as np
import pytest

from chainrule.errors import ModelFileError
from chainrule.files.canonical import from_text, to_text
from chainrule.learning.history import EpochColumns, EpochRecord, History

Told = Callable[[type, Callable[[], object]], str]

FIRST = EpochRecord(1, 0.1 + 0.2, None, {}, 0.01, (1.5, 0.5), 0.25)
SECOND = EpochRecord(2, 0.25, 1 / 3, {"accuracy": 0.9}, 0.005, (1.25, 0.25), 0.2)


def test_a_history_has_columns_and_rows() -> None:
    history = History([FIRST, SECOND])
    assert (len(history), list(history), history[-1]) == (2, [FIRST, SECOND], SECOND)
    assert history.losses == [0.1 + 0.2, 0.25]
    assert history.validation_losses == [None, 1 / 3]
    assert history.to_json()["rate"] == [0.01, 0.005]


def test_the_validation_loss_is_watched_where_there_is_one() -> None:
    assert (FIRST.watched, SECOND.watched) == (FIRST.loss, 1 / 3)


def test_a_history_comes_back_from_a_file_as_it_was() -> None:
    history = History([FIRST, SECOND])
    assert History.from_json(from_text(to_text(history.to_json()))) == history


def test_an_empty_history_comes_back() -> None:
    assert History.from_json(History().to_json()) == History()


@pytest.mark.parametrize("broken", [None, [], {}, {"epoch": [1]}, {**History().to_json(), "more": []}])
def test_what_is_no_history_is_refused(told: Told, broken: object) -> None:
    message = told(ModelFileError, lambda: History.from_json(broken))  # type: ignore[arg-type]
    assert message == "the history of the model is not one that chainrule writes: train again"


def test_each_line_of_json_is_an_epoch() -> None:
    lines = History([FIRST, SECOND]).jsonl().splitlines()
    read = [json.loads(line) for line in lines]
    assert [row["loss"] for row in read] == [FIRST.loss, SECOND.loss]
    assert read[1] == {
        "epoch": 2,
        "loss": 0.25,
        "validation_loss": 1 / 3,
        "measures": {"accuracy": 0.9},
        "rate": 0.005,
        "gradient_norms": [1.25, 0.25],
        "seconds": 0.2,
    }


def test_what_json_has_no_number_for_is_null() -> None:
    record = EpochRecord(1, 0.5, math.inf, {"r2": math.nan}, 0.1, (1.0,), 0.1)
    line = History([record]).jsonl()
    read = json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert (read["validation_loss"], read["measures"]) == (None, {"r2": None})


WRONG_COLUMNS: dict[str, tuple[dict[str, object], str]] = {
    "text": ({"loss": ["low", 0.25]}, "epoch 1 of the model's history has 'low' as its loss: train again"),
    "true": ({"rate": [0.1, True]}, "epoch 2 of the model's history has True as its rate: train again"),
    "no order": ({"epoch": [1, 3]}, "epoch 2 of the model's history has 3 as its epoch: train again"),
    "half an epoch": (
        {"epoch": [1.0, 2]},
        "epoch 1 of the model's history has 1.0 as its epoch: train again",
    ),
    "a measure": (
        {"measures": [{}, {"r2": None}]},
        "epoch 2 of the model's history has {'r2': None} as its measures: train again",
    ),
    "a length": (
        {"gradient_norms": [[1.0], 2.0]},
        "epoch 2 of the model's history has 2.0 as its gradient_norms: train again",
    ),
    "a validation loss": (
        {"validation_loss": [None, []]},
        "epoch 2 of the model's history has [] as its validation_loss: train again",
    ),
    "too few": (
        {"seconds": [1.0]},
        "the columns of the model's history have different lengths ([1, 2]): train again",
    ),
    "no list": ({"loss": 3}, "a column of the model's history is no list: train again"),
}


@pytest.mark.parametrize(("columns", "message"), WRONG_COLUMNS.values(), ids=WRONG_COLUMNS)
def test_a_column_of_wrong_values_is_refused(told: Told, columns: dict[str, object], message: str) -> None:
    made = {**History([FIRST, SECOND]).to_json(), **columns}
    assert told(ModelFileError, lambda: History.from_json(made)) == message  # type: ignore[arg-type]


def test_the_latest_record_is_read_without_making_the_others() -> None:
    history = History([EpochRecord(1, 0.5, None, {}, 0.1, (0.2,), 0.01)])
    assert history.latest == history.records[0]
    history.extend(EpochColumns(2, np.array([0.4, 0.3]), np.array([[0.1], [0.2]]), [0.1, 0.05, 0.01], 0.02))
    history.extend(EpochColumns(4, np.empty(0), np.empty((0, 1)), [], 0.0))
    latest = history.latest
    assert latest == EpochRecord(3, 0.3, None, {}, 0.05, (0.2,), 0.02)
    assert history[-1] == latest


def test_threads_that_ask_at_once_get_each_record_once() -> None:
    columns = EpochColumns(1, np.zeros(3000), np.zeros((3000, 1)), [0.1] * 3000, 0.0)
    history = History()
    history.extend(columns)
    lengths: list[int] = []
    begun = Barrier(4)

    def read() -> None:
        begun.wait()
        lengths.append(len(history.records))

    threads = [Thread(target=read) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert lengths == [3000] * 4
    assert len(history) == len(history.losses) == 3000
