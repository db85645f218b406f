"""Decisions counted class by class, against scikit-learn."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray
from sklearn.metrics import classification_report, confusion_matrix, precision_recall_fscore_support

from chainrule import Dense, Network, train, train_table
from chainrule.engines.engine import Data
from chainrule.learning.assessment import assess

Rows = tuple[NDArray[np.float64], NDArray[np.int64]]


def test_classes_of_a_table_are_counted_by_label() -> None:
    made = train_table("wine", layers=[6], epochs=12, test=0.4)
    assert made.test_data is not None
    found = assess(made.model, made.test_data)
    truth, predicted = made.test_data.y[:, 0], made.model.predict(made.test_data.X)
    assert found.confusion is not None
    assert_array_equal(found.confusion, confusion_matrix(truth, predicted, labels=range(3)))
    report = classification_report(truth, predicted, output_dict=True, zero_division=0.0)
    assert tuple(found.by_class) == made.model.classes
    for number, figures in enumerate(found.by_class.values()):
        wanted = report[str(number)]
        assert figures["rows"] == wanted["support"]
        assert figures["f1"] == pytest.approx(wanted["f1-score"])
        assert figures["precision"] == pytest.approx(wanted["precision"])
        assert figures["recall"] == pytest.approx(wanted["recall"])
    assert found.measures["f1"] == pytest.approx(report["macro avg"]["f1-score"])
    assert found.measures["accuracy"] == pytest.approx(report["accuracy"])
    assert found.measures["loss"] == made.model.measures(made.test_data)["loss"]


def test_the_means_are_over_classes_that_occur_or_are_predicted(three_classes: Rows) -> None:
    X, y = three_classes
    model = train(Network(4, [Dense(3, "softmax")]), X, y, epochs=30, rate=0.05).model
    predicted = model.predict(X)
    for some in (y != 2, (y != 2) & (predicted != 2)):
        found = assess(model, Data(X[some], y[some].reshape(-1, 1)))
        assert found.by_class["2"]["rows"] == 0
        theirs = precision_recall_fscore_support(y[some], predicted[some], average="macro", zero_division=0)
        ours = [found.measures[name] for name in ("precision", "recall", "f1")]
        assert ours == pytest.approx(theirs[:3])
    assert set(predicted[y != 2]) == {0, 1, 2}


def test_two_classes_of_one_output_are_two_rows(two_classes: Rows) -> None:
    X, y = two_classes
    model = train(Network(4, [Dense(1, "sigmoid")]), X, y, epochs=3).model
    found = assess(model, Data(X, y.reshape(-1, 1).astype(float)))
    assert found.confusion is not None
    assert found.confusion.shape == (2, 2)
    assert found.confusion.sum() == 60
    assert set(found.by_class) == {"0", "1"}


def test_numbers_have_measures_only(two_classes: Rows) -> None:
    X, _ = two_classes
    model = train(Network(4, [Dense(1)]), X, X[:, 0], epochs=3).model
    found = assess(model, Data(X, X[:, :1]))
    assert (found.confusion, found.by_class) == (None, {})
    assert set(found.measures) == {"loss", "rmse", "mae", "r2"}
    assert found.to_json() == found.measures


def test_several_labels_a_row_have_measures_only(two_classes: Rows) -> None:
    X, y = two_classes
    labels = np.stack([y, 1 - y], axis=1).astype(float)
    model = train(Network(4, [Dense(2, "sigmoid")]), X, labels, epochs=3).model
    assert assess(model, Data(X, labels)).confusion is None


def test_an_assessment_is_plain_values() -> None:
    made = train_table("iris", layers=[4], epochs=3, test=0.2)
    assert made.test_data is not None
    read = json.loads(json.dumps(assess(made.model, made.test_data).to_json()))
    assert np.sum(read["confusion"]) == 30
    assert set(read["by_class"]) == set(made.model.classes or ())
