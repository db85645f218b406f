"""From a table to a trained model: sources, targets, networks, losses, held-out parts."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from chainrule import TableRun, load_dataset, read_table, train_table
from chainrule.errors import ConfigError, InvalidInput, TableError, UnknownName
from chainrule.formulas.rules import RULES
from chainrule.learning.checkpoints import Keeper
from chainrule.learning.perceptron_task import perceptron_on_table
from chainrule.learning.tables import Table
from chainrule.learning.tasks import prepare

Write = Callable[..., Path]
Told = Callable[[type, Callable[[], object]], str]


def fit(source: Any, target: Any = None, **how: Any) -> TableRun:
    return train_table(source, target, **{"layers": [4], "epochs": 2, **how})


def paid(rows: int = 40) -> dict[str, Any]:
    """A number, a category, and a class of them both."""
    rng = np.random.default_rng(5)
    age = rng.integers(18, 70, rows).astype(float)
    city = rng.choice(["Bern", "Genf", "Chur"], rows)
    return {"age": age, "city": city, "paid": np.where((age > 40) | (city == "Chur"), "yes", "no")}


def as_csv(columns: dict[str, Any], between: str = ",") -> str:
    lines = [
        between.join(columns),
        *(between.join(map(str, row)) for row in zip(*columns.values(), strict=True)),
    ]
    return "\n".join(lines) + "\n"


# --- sources ------------------------------------------------------------------------------------------

SETS = {"iris": "crossentropy", "breast-cancer": "binary_crossentropy", "diabetes": "mse"}


@pytest.mark.parametrize(("name", "loss"), SETS.items())
def test_an_embedded_set_knows_its_target(name: str, loss: str) -> None:
    made = fit(name)
    assert made.rows == {"train": load_dataset(name).rows}
    assert made.model.settings.loss.name == loss
    assert (made.validation, made.test, made.test_data) == (None, None, None)


def test_the_same_table_trains_alike_from_wherever_it_comes(write: Write) -> None:
    columns = paid()
    frame = pd.DataFrame(columns)
    frame.to_parquet("a.parquet") if write(as_csv(columns)) else None
    sources = {
        "csv": "a.csv",
        "path": Path("a.csv"),
        "semicolons": write(as_csv(columns, ";"), "b.csv"),
        "tsv": write(as_csv(columns, "\t"), "c.tsv"),
        "json lines": write(frame.to_json(orient="records", lines=True), "d.jsonl"),
        "parquet": "a.parquet",
        "pandas": frame,
        "polars": pl.DataFrame(columns),
        "arrow": pl.DataFrame(columns).to_arrow(),
        "columns": columns,
        "table": Table.from_columns(columns, "t"),
    }
    digests = {name: fit(source, "paid").model.digest for name, source in sources.items()}
    assert set(digests.values()) == {digests["csv"]}, digests


def test_an_array_is_a_table_too() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 3))
    made = fit(np.c_[X, X[:, 0] > 0], -1)
    assert made.model.classes == ("0", "1")
    assert made.model.network.sizes == (3, 4, 1)


def test_a_query_chooses_the_rows(write: Write) -> None:
    file = write(as_csv(paid()))
    made = fit(file, "paid", sql="select age, paid from data where city <> 'Chur'")
    assert made.rows["train"] < 40
    assert made.model.network.inputs == 1


def test_a_file_goes_before_an_embedded_set_of_its_name(write: Write) -> None:
    write(as_csv(paid()), "xor")
    assert fit("xor", "paid").rows == {"train": 40}


def test_images_are_trained_on_as_a_pair_of_files(write: Write) -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 60).astype(np.uint8)
    images = rng.integers(0, 100, (60, 3, 3)).astype(np.uint8)
    images[np.arange(60), labels, labels] = 255
    for name, array in {"images-idx3": images, "labels-idx1": labels}.items():
        sizes = struct.pack(f">{array.ndim}I", *array.shape)
        write(bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes(), f"train-{name}-ubyte")
    made = fit("train-images-idx3-ubyte", epochs=60, rate=0.02, layers=[8], test=0.25)
    assert made.rows == {"train": 45, "test": 15}
    assert made.model.network.sizes == (9, 8, 3)
    assert made.model.classes == ("0", "1", "2")
    assert made.train["accuracy"] > 0.8


@pytest.mark.parametrize("target", ["paid", "3", "-1", 3, -1])
def test_a_target_is_a_name_or_a_number(target: str | int) -> None:
    assert fit(paid(), target).model.classes == ("no", "yes")


def test_columns_are_left_out() -> None:
    assert fit(paid(), "paid", drop=["city"]).model.network.inputs == 1


# --- networks and losses ------------------------------------------------------------------------------


def shape_of(**how: Any) -> tuple[str, str]:
    made = prepare("iris", **how).model
    return str(made.network), made.settings.loss.name


def test_the_output_and_loss_fit_the_target() -> None:
    assert shape_of(layers=[5]) == ("4 inputs → 5 relu → 3 softmax", "crossentropy")
    two = prepare(paid(), "paid", layers=[5]).model
    assert (str(two.network), two.settings.loss.name) == (
        "4 inputs → 5 relu → 1 sigmoid",
        "binary_crossentropy",
    )
    number = prepare(paid(), "age", layers=[5]).model  # city one-hot, paid
    assert (str(number.network), number.settings.loss.name) == ("4 inputs → 5 relu → 1 identity", "mse")


def test_a_loss_of_numbers_takes_sigmoids_for_classes() -> None:
    assert shape_of(layers=[5], loss="mse") == ("4 inputs → 5 relu → 3 sigmoid", "mse")
    assert fit("iris", loss="mse", epochs=30, rate=0.02).train["accuracy"] > 0.6


def test_two_classes_may_have_a_softmax() -> None:
    made = fit(paid(), "paid", loss="crossentropy")
    assert made.model.network.outputs == 2
    assert set(made.train) == {"loss", "accuracy", "log_loss"}


def test_the_default_network_has_two_hidden_layers() -> None:
    assert shape_of() == ("4 inputs → 32 relu → 16 relu → 3 softmax", "crossentropy")


def test_there_may_be_no_hidden_layer() -> None:
    assert shape_of(layers=[])[0] == "4 inputs → 3 softmax"


def test_activations_are_one_for_all_or_one_each() -> None:
    assert shape_of(layers=[5, 4], activation="tanh")[0] == "4 inputs → 5 tanh → 4 tanh → 3 softmax"
    assert shape_of(layers=[5, 4], activation=["tanh"])[0] == "4 inputs → 5 tanh → 4 tanh → 3 softmax"
    both = shape_of(layers=[5, 4], activation=["tanh", "elu(0.5)"], dropout=0.1)[0]
    assert both == "4 inputs → 5 tanh → dropout 0.1 → 4 elu → dropout 0.1 → 3 softmax"


def test_whole_numbers_of_few_values_are_classes_and_it_is_said() -> None:
    columns = {"x": np.arange(40.0), "y": np.arange(40) % 4}
    made = fit(columns, "y")
    assert made.model.classes == ("0", "1", "2", "3")
    assert made.notes == (
        'the target "y" has 4 whole-number values: treated as classes (use --task regress for numbers)',
    )
    number = fit(columns, "y", task="regress")
    assert (number.model.classes, number.notes) == (None, ())
    assert set(number.train) == {"loss", "rmse", "mae", "r2"}


# --- parts --------------------------------------------------------------------------------------------


def test_a_fraction_is_held_out_by_class() -> None:
    made = fit("iris", test=0.2)
    assert made.rows == {"train": 120, "test": 30}
    assert made.test_data is not None
    assert np.bincount(made.test_data.y[:, 0]).tolist() == [10, 10, 10]


def test_validation_is_taken_from_what_is_left() -> None:
    made = fit("iris", test=0.2, validation=0.25)
    assert made.rows == {"train": 90, "validation": 30, "test": 30}
    assert made.validation is not None
    assert made.run.history[-1].validation_loss == made.validation["loss"]


def test_nothing_is_fitted_on_the_held_out_rows() -> None:
    table = load_dataset("diabetes")
    made = prepare("diabetes", test=0.3, seed=4)
    assert made.test is not None
    together = np.concatenate([made.train.X, made.test.X])
    assert abs(made.train.X.mean(axis=0)).max() < 1e-5
    assert abs(together.mean(axis=0)).max() > 1e-3
    assert len(together) == table.rows


def test_nothing_is_fitted_on_the_validation_rows() -> None:
    made = prepare("diabetes", test=0.3, validation=0.3, seed=4)
    assert made.validation is not None
    together = np.concatenate([made.train.X, made.validation.X])
    assert abs(made.train.X.mean(axis=0)).max() < 1e-5
    assert abs(made.train.y.mean()) < 1e-5
    assert abs(together.mean(axis=0)).max() > 1e-3


def test_a_gap_is_filled_with_the_mean_of_the_training_rows() -> None:
    columns = gappy()
    made = prepare(columns, "paid", missing="mean", validation=0.25, scale="none")
    assert made.validation is not None
    encoding = made.model.encoding
    assert encoding is not None
    age = encoding.feature_names.index("age")
    filled = np.isin(np.arange(40), [3, 7])
    kept = np.concatenate([made.train.X[:, age], made.validation.X[:, age]])
    known = set(columns["age"][~filled])
    guesses = [value for value in kept if value not in known]
    whole = [value for value in made.train.X[:, age] if value in known]
    assert_allclose(guesses, np.mean(whole), rtol=1e-6)
    assert abs(np.mean(whole) - np.nanmean(columns["age"])) > 1e-3


def test_a_category_of_the_validation_rows_alone_is_noted() -> None:
    columns = paid()
    columns["city"] = np.array([f"town {i}" if i % 2 else "Bern" for i in range(40)])
    made = prepare(columns, "paid", validation=0.25)
    assert made.model.network.inputs < 22
    assert 'of 10 rows hold a category in column "city" that training never saw' in made.notes[0]


@pytest.mark.parametrize("how", [{"validation": 0.2}, {"test": 0.2}])
def test_what_the_target_is_does_not_hang_on_the_rows_held_out(how: dict[str, float]) -> None:
    columns = {"x": np.arange(30.0), "y": np.r_[np.arange(24), np.zeros(6)]}
    made = fit(columns, "y", **how)
    assert made.rows["train"] == 24
    assert made.model.classes is None


def test_every_class_is_kept_in_training() -> None:
    columns = {"x": np.arange(30.0), "y": np.array([*["a", "b"] * 14, "c", "d"])}
    made = fit(columns, "y", validation=0.2, test=0.2)
    assert made.model.classes == ("a", "b", "c", "d")


def test_a_query_is_asked_of_the_test_file_too(write: Write) -> None:
    train, test = write(as_csv(paid())), write(as_csv(paid(15)), "test.csv")
    query = "select age, paid from data where city <> 'Chur'"
    made = fit(train, "paid", test=test, sql=query)
    assert made.rows == {
        "train": int((paid()["city"] != "Chur").sum()),
        "test": int((paid(15)["city"] != "Chur").sum()),
    }


def test_test_rows_in_memory_are_taken_as_they_are(write: Write) -> None:
    train = write(as_csv(paid()))
    made = fit(train, "paid", test=paid(15), sql="select * from data limit 30", header=True, delimiter=",")
    assert made.rows == {"train": 30, "test": 15}


def test_a_generated_test_set_is_drawn_from_the_seed() -> None:
    made = prepare(load_dataset("moons", 3), "class", test="moons", seed=9, scale="none")
    assert made.test is not None
    assert_allclose(made.test.X[:, 0], load_dataset("moons", 9).numbers("x1"), rtol=1e-6)


def test_the_test_rows_may_be_a_file_or_a_table(write: Write) -> None:
    train, test = write(as_csv(paid())), write(as_csv(paid(15)), "test.csv")
    for given in (str(test), test, paid(15), pd.DataFrame(paid(15))):
        made = fit(train, "paid", test=given)
        assert made.rows == {"train": 40, "test": 15}


def test_the_fraction_may_be_written() -> None:
    assert fit("iris", test="0.2").rows["test"] == 30


def test_the_figures_are_those_of_the_model() -> None:
    made = fit("wine", test=0.3)
    assert made.test_data is not None
    truth = made.test_data.y[:, 0]
    assert made.test is not None
    assert made.test["accuracy"] == np.mean(made.model.predict(made.test_data.X) == truth)


def test_the_error_of_a_number_is_in_its_units() -> None:
    columns = {"x": np.linspace(0, 1, 80), "price": 1000 + 500 * np.linspace(0, 1, 80)}
    made = fit(columns, "price", epochs=150, rate=0.02, test=0.25)
    assert made.test is not None
    assert made.test["rmse"] < 30
    plain = fit(columns, "price", epochs=1, rate=1e-9)
    assert 100 < plain.train["rmse"] < 1000
    assert plain.train["rmse"] == pytest.approx(
        np.sqrt(
            np.mean((plain.model.predict_table(Table.from_columns(columns, "t")) - columns["price"]) ** 2)
        ),
        rel=1e-4,
    )


def test_classes_are_in_the_order_of_their_labels() -> None:
    columns = {"x": np.arange(30.0), "grade": np.array(["c", "a", "b"] * 10)}
    made = fit(columns, "grade")
    assert made.model.classes == ("a", "b", "c")
    numbers = {"x": np.arange(30.0), "grade": np.array([10, 9, 2] * 10)}
    assert fit(numbers, "grade").model.classes == ("2", "9", "10")


# --- missing values and labels ------------------------------------------------------------------------


def gappy() -> dict[str, Any]:
    columns = paid()
    columns["age"][[3, 7]] = np.nan
    return columns


def test_missing_values_are_an_error_or_handled(told: Told) -> None:
    assert told(TableError, lambda: fit(gappy(), "paid")) == (
        'the data frame: column "age" has no value in row 4: use --missing drop, mean or mode'
    )
    dropped = fit(gappy(), "paid", missing="drop")
    assert dropped.rows == {"train": 38}
    assert dropped.notes == ("2 of 40 rows with a missing value were left out",)
    assert fit(gappy(), "paid", missing="mean").rows == {"train": 40}
    assert fit(gappy(), "paid", missing="mode").rows == {"train": 40}


def test_rows_are_dropped_from_the_test_part_too() -> None:
    assert fit(paid(), "paid", missing="drop", test=gappy()).rows == {"train": 40, "test": 38}


def test_a_label_that_training_never_saw_is_named(told: Told, write: Write) -> None:
    other = paid(15)
    other["paid"] = np.where(np.arange(15) == 6, "perhaps", other["paid"])
    test = write(as_csv(other), "test.csv")
    assert told(TableError, lambda: fit(paid(), "paid", test=test)) == (
        'test.csv: the label "perhaps" in column "paid", row 7 (line 8), is not a class of the model; '
        'training saw "no", "yes": correct the label, or leave such rows out'
    )


def test_a_label_spelled_otherwise_is_matched_and_noted() -> None:
    other = paid(15)
    other["paid"] = np.char.add(other["paid"], ".")
    made = fit(paid(), "paid", test=other)
    counts = {label: int((paid(15)["paid"] == label).sum()) for label in ("no", "yes")}
    assert set(made.notes) == {
        f'the data frame: the label "{label}." is read as "{label}", as training spelled it ({n} rows)'
        for label, n in counts.items()
    }


def test_a_category_that_training_never_saw_is_noted() -> None:
    other = paid(15)
    other["city"] = np.where(np.arange(15) == 2, "Lugano", other["city"])
    made = fit(paid(), "paid", test=other)
    assert len(made.notes) == 1
    assert '1 of 15 rows hold a category in column "city" that training never saw' in made.notes[0]


def test_adult_is_read_with_its_own_test_file(data_folder: Path) -> None:
    tables = [read_table(data_folder / "tables" / f"adult-{part}.csv") for part in ("train", "test")]
    train, test = (table.take(np.arange(0, table.rows, 12)) for table in tables)
    made = fit(train, -1, test=test, layers=[16], epochs=4, batch=64, rate=0.005)
    assert made.model.classes == ("<=50K", ">50K")
    assert len([note for note in made.notes if "is read as" in note]) == 2
    assert made.test is not None
    assert made.test["accuracy"] > 0.81


# --- what a network can and cannot learn --------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_odd_difference_stays_at_chance_on_raw_numbers(seed: int) -> None:
    made = train_table(
        "odd-difference", layers=[3], activation="sigmoid", epochs=40, rate=0.01, test=0.25, seed=seed
    )
    assert made.model.network.sizes == (2, 3, 1)
    assert made.test is not None
    assert 0.40 <= made.test["accuracy"] <= 0.60


@pytest.mark.parametrize("name", ["odd-difference-bits", "odd-difference-onehot"])
def test_odd_difference_is_learnt_from_numbers_written_otherwise(name: str) -> None:
    made = train_table(name, layers=[64, 32], epochs=25, rate=0.01, test=0.25)
    assert made.test is not None
    assert made.test["accuracy"] == 1.0


# --- training -----------------------------------------------------------------------------------------


def test_a_table_run_resumes_to_the_same_bits(tmp_path: Path) -> None:
    def keeper() -> Keeper:
        return Keeper(tmp_path / "c", 1, None)

    how = {"test": 0.2, "validation": 0.2, "dropout": 0.1}
    fit("iris", epochs=3, keeper=keeper(), **how)
    resumed = fit("iris", epochs=6, keeper=keeper(), resume=True, **how)
    unbroken = fit("iris", epochs=6, **how)
    assert resumed.model.digest == unbroken.model.digest
    assert (resumed.test, resumed.train) == (unbroken.test, unbroken.train)
    assert resumed.notes == ("resumed after epoch 3, batch 0",)


def test_callbacks_are_passed_on() -> None:
    assert fit("iris", epochs=9, callbacks=[lambda record: record.epoch == 2]).run.epochs == 2


def test_a_seed_gives_the_same_bits() -> None:
    one, again, other = (fit("moons", test=0.2, seed=seed) for seed in (3, 3, 4))
    assert one.model.digest == again.model.digest != other.model.digest
    assert one.test_data is not None
    assert again.test_data is not None
    assert_array_equal(one.test_data.X, again.test_data.X)


def test_a_perceptron_is_trained_on_a_table() -> None:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(50, 2))
    side = X[:, 0] - X[:, 1]
    rows = np.abs(side) > 0.3
    table = {"a": X[rows, 0], "b": X[rows, 1], "side": np.where(side[rows] > 0, "right", "left")}
    model, run, made = perceptron_on_table(table, "side")
    assert run.converged
    assert model.classes == ("left", "right")
    assert model.predict(table).tolist() == table["side"].tolist()
    assert len(made.train.X) == rows.sum()


UNFIT = {
    "layers": [4],
    "activation": "relu",
    "loss": "mse",
    "l2": 0.1,
    "dropout": 0.2,
    "clip_norm": 1.0,
    "class_weight": "balanced",
    "validation": 0.2,
    "patience": 3,
    "schedule": "cosine",
    "batch": 4,
    "dtype": "float32",
}


@pytest.mark.parametrize(("name", "value"), UNFIT.items())
def test_a_perceptron_refuses_what_it_would_not_use(told: Told, name: str, value: Any) -> None:
    assert told(ConfigError, lambda: perceptron_on_table("moons", **{name: value})) == (
        f"the perceptron rule trains one unit, without --{name.replace('_', '-')}: leave that out, "
        "or use another rule"
    )


def test_a_perceptron_learns_by_its_own_rule(told: Told) -> None:
    assert told(ConfigError, lambda: perceptron_on_table("moons", rule="adam")) == (
        "a perceptron learns by the perceptron rule, not by adam: leave the rule out, or train a network"
    )
    made, *_ = perceptron_on_table("xor", rule=RULES["perceptron"](learning_rate=0.5), layers=[], epochs=1)
    assert made.settings.rule.parameters["learning_rate"] == 0.5


WRONG: dict[str, tuple[Callable[[], Any], type, str]] = {
    "no target": (
        lambda: fit(paid()),
        ConfigError,
        "the data frame: which column is to be predicted? name it with --target "
        "(columns: age, city, paid; -1 is the last)",
    ),
    "a target of another name": (
        lambda: fit(paid(), "payed"),
        TableError,
        'the data frame has no column "payed": did you mean "paid"? (columns: age, city, paid; or by number, '
        "1 to 3, -1 the last)",
    ),
    "a column too far": (
        lambda: fit(paid(), 4),
        TableError,
        'the data frame has no column "4": (columns: age, city, paid; or by number, 1 to 3, -1 the last)',
    ),
    "a negative seed": (
        lambda: fit("xor", seed=-1),
        ConfigError,
        "seed must be a whole number, at least 0, not -1",
    ),
    "all of it held out": (
        lambda: fit("iris", test=1),
        ConfigError,
        "the test part is a fraction above 0 and below 1, or a file, not 1",
    ),
    "a test file that is not there": (
        lambda: fit("iris", test="no.csv"),
        TableError,
        "there is no file no.csv: check its name and folder",
    ),
    "the training set for a test": (
        lambda: fit("moons", test="moons"),
        ConfigError,
        "moons: the test rows would be the training rows: give another file, or a fraction to hold out, "
        "such as 0.2",
    ),
    "an unknown setting": (
        lambda: perceptron_on_table("xor", epoch=3),
        UnknownName,
        'there is no setting called "epoch": did you mean "epochs"? (known: batch, class_weight, clip_norm, '
        "clip_value, dtype, epochs, fused, improvement, l2, loss, patience, rate, rule, schedule, seed, shuffle, "
        "tolerance, validation)",
    ),
    "three activations for two layers": (
        lambda: fit("iris", layers=[4, 4], activation=["relu", "tanh", "relu"]),
        ConfigError,
        "there are 2 hidden layers but 3 activations: give one, or one for each",
    ),
    "an unknown activation": (
        lambda: fit("iris", activation="rellu"),
        UnknownName,
        'there is no activation called "rellu": did you mean "relu"? (known: elu, gelu, gelu_tanh, identity, '
        "leaky_relu, prelu, relu, sigmoid, softmax, softplus, step, swish, tanh)",
    ),
    "classes lost on a number": (
        lambda: fit("diabetes", loss="crossentropy"),
        ConfigError,
        'crossentropy is a loss for classes, but the target "progression" is a number: '
        "use mse, mae or huber, or --task classify",
    ),
    "no units": (
        lambda: fit("iris", layers=[0]),
        ConfigError,
        "a layer needs a whole number of units, at least 1, not 0",
    ),
    "all dropped": (
        lambda: fit("iris", dropout=1.0),
        ConfigError,
        "a dropout rate is at least 0 and below 1, not 1.0",
    ),
    "an unknown task": (
        lambda: fit("iris", task="guess"),
        ConfigError,
        'the task must be auto, classify or regress, and is "guess"',
    ),
    "an unknown way with gaps": (
        lambda: fit("iris", missing="guess"),
        ConfigError,
        'missing must be error, drop, mean or mode, and is "guess"',
    ),
    "a perceptron of three classes": (
        lambda: perceptron_on_table("iris"),
        ConfigError,
        'a perceptron decides between two classes, but "species" is not of two',
    ),
    "class weights of a number": (
        lambda: fit("diabetes", class_weight="balanced"),
        ConfigError,
        'class weights need a target of classes, and "progression" is a number: leave them out',
    ),
    "two weights for three classes": (
        lambda: fit("iris", class_weight=[1, 2]),
        ConfigError,
        "3 classes need 3 class weights, not 2",
    ),
    "a gap in every row": (
        lambda: fit({"a": [np.nan, 1.0], "b": [1.0, np.nan], "y": ["u", "v"]}, "y", missing="drop"),
        TableError,
        "the data frame: every row has a missing value, so leaving such rows out leaves none: "
        "use --missing mean or mode, or --drop the emptiest column",
    ),
    "too few rows": (
        lambda: fit("xor", validation=0.1),
        InvalidInput,
        "holding out 0.1 of 4 rows holds out none: give more rows or a larger fraction",
    ),
    "nothing to read": (
        lambda: fit(3.5, "a"),
        TableError,
        "the data frame is a float: give a data frame, a dict of columns or a 2-D array",
    ),
}


@pytest.mark.parametrize(("action", "kind", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_refused(told: Told, action: Callable[[], Any], kind: type, message: str) -> None:
    assert told(kind, action) == message
