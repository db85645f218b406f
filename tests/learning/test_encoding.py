from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, ModelFileError, TableError
from chainrule.learning.codes import NumberCode, PixelCode
from chainrule.learning.encoding import Encoding, complete_rows
from chainrule.learning.tables import Table, image_table
from chainrule.learning.targets import ClassTarget, NumberTarget

PEOPLE: dict[str, list[Any]] = {
    "age": [30.0, 40.0, 50.0, 60.0],
    "job": ["cook", "clerk", "cook", "baker"],
    "member": ["true", "false", "true", "true"],
    "paid": ["no", "yes", "yes", "no"],
}


def table(columns: dict[str, list[Any]], source: str = "t.csv") -> Table:
    return Table.from_columns(columns, source=source)


def people(**changed: list[Any]) -> Table:
    return table({**PEOPLE, **changed})


def refused(call: Callable[[], object], error: type[Exception] = TableError) -> str:
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_numbers_are_standardised_as_scikit_learn_does() -> None:
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(0)
    columns = {"a": rng.normal(100, 3, 50), "constant": np.full(50, 0.1), "huge": rng.normal(0, 1e100, 50)}
    rows = table({**{name: list(values) for name, values in columns.items()}, "y": ["n", "p"] * 25})
    expected = StandardScaler().fit_transform(np.stack(list(columns.values()), axis=1))
    np.testing.assert_allclose(Encoding.fit(rows, "y").features(rows), expected, rtol=1e-12, atol=1e-12)


def test_a_spread_below_rounding_error_counts_as_constant() -> None:
    rows = table({"x": list(1e15 + np.arange(50) % 2), "y": ["n", "p"] * 25})
    code = Encoding.fit(rows, "y").columns[0]
    assert isinstance(code, NumberCode)
    assert code.scale == 1


def test_text_is_one_hot_in_the_order_of_its_sorted_categories() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert encoding.feature_names == ("age", "job=baker", "job=clerk", "job=cook", "member")
    assert encoding.inputs == 5
    features = encoding.features(people())
    assert features[:, 1:4].tolist() == [[0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    assert features[:, 4].tolist() == [1, 0, 1, 1]


def test_the_summary_has_one_line_a_column() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert encoding.describe() == (
        "age: number, (v − 45)/11.18",
        "job: 3 categories one-hot",
        "member: boolean, 0 or 1",
    )
    assert encoding.target.describe() == "paid: 2 classes (no, yes)"


def test_columns_are_found_by_name_in_any_order_and_others_are_unused() -> None:
    encoding = Encoding.fit(people(), "paid")
    shuffled = table({"extra": [1, 2, 3, 4], **dict(reversed(PEOPLE.items()))})
    assert np.array_equal(encoding.features(shuffled), encoding.features(people()))
    assert encoding.unused(shuffled) == ("extra",)
    assert encoding.unused(people()) == ()


def test_a_column_left_out_is_no_input() -> None:
    encoding = Encoding.fit(people(), "-1", drop=["job", "3"])
    assert encoding.feature_names == ("age",)
    assert encoding.unused(people()) == ("job", "member")


def test_a_column_that_the_model_needs_and_the_table_lacks_is_named() -> None:
    encoding = Encoding.fit(people(), "paid")
    renamed = table({("Age" if k == "age" else k): v for k, v in PEOPLE.items()})
    assert refused(lambda: encoding.features(renamed)) == (
        't.csv lacks "age", which the model needs (did you mean its "Age"?): add or rename the column'
    )


def test_a_text_column_given_numbers_is_refused() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert refused(lambda: encoding.features(people(job=[1, 2, 3, 4]))).startswith(
        't.csv: column "job" holds numbers (1 in row 1'
    )


def test_a_number_column_given_text_is_refused_with_its_row() -> None:
    encoding = Encoding.fit(people(), "paid")
    message = refused(lambda: encoding.features(people(age=["x", "y", "z", "u"])))
    assert '"age"' in message
    assert "row 1" in message


def test_a_boolean_column_takes_one_and_zero_and_refuses_other_words() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert encoding.features(people(member=[1, 0, 1, 1]))[:, 4].tolist() == [1, 0, 1, 1]
    message = refused(lambda: encoding.features(people(member=["true", "perhaps", "false", "true"])))
    assert message.startswith('t.csv: column "member" holds "perhaps" in row 2')


def test_an_unknown_category_is_all_zeros_and_is_told() -> None:
    encoding = Encoding.fit(people(), "paid")
    new = people(job=["cook", "pilot", "clerk", "judge"])
    assert encoding.features(new)[:, 1:4].tolist() == [[0, 0, 1], [0, 0, 0], [0, 1, 0], [0, 0, 0]]
    (sentence,) = encoding.unknown_categories(new)
    assert sentence.startswith(
        't.csv: 2 of 4 rows hold a category in column "job" that training never saw, first "pilot" in row 2'
    )
    assert encoding.unknown_categories(people()) == ()


def test_features_can_be_float32() -> None:
    assert Encoding.fit(people(), "paid").features(people(), dtype=np.float32).dtype == np.float32


NO_ROOM = "holds values too large to standardise"
FILL = "use --missing drop, mean or mode"


@pytest.mark.parametrize(
    ("column", "values", "says", "advises"),
    [
        ("age", ["2024-01-02"] * 4, "holds dates", 'leave it out with --drop "age", or turn it into numbers'),
        ("age", [None] * 4, "has no value in any row", 'leave it out with --drop "age"'),
        ("age", [1.0, None, 3.0, None], "has no value in row 2", FILL),
        ("job", ["a", "b", None, "a"], "has no value in row 3", FILL),
        ("member", ["yes", "no", None, "no"], "has no value in row 3", FILL),
        ("age", [1e308, -1e308, 0.0, 1e308], f"{NO_ROOM} (largest 1e+308 in row 1", '--drop "age"'),
        ("age", [1e308] * 4, NO_ROOM, '--drop "age"'),
        (
            "paid",
            ["no", None, "yes", "no"],
            "has no value in row 2",
            "leave out such rows with --missing drop",
        ),
        ("paid", ["no"] * 4, 'has one class only, "no"', "or name another target"),
        ("paid", [7] * 4, 'has one class only, "7"', "or name another target"),
        ("paid", [7.5] * 4, "is 7.5 in every row", "name another target or give rows that differ"),
        ("paid", ["2024-01-02"] * 4, "holds dates", "or name another target"),
        ("paid", [None] * 4, "has no value in any row", "name another target"),
    ],
)
def test_a_column_that_cannot_be_trained_on_is_refused_by_name(
    column: str, values: list[Any], says: str, advises: str
) -> None:
    message = refused(lambda: Encoding.fit(people(**{column: values}), "paid"))
    target = "the target " if column == "paid" else ""
    assert message.startswith(f't.csv: {target}column "{column}" {says}')
    assert message.endswith(advises)


def test_an_identifier_is_refused_by_name() -> None:
    names = [f"person {i}" for i in range(60)]
    visits = table({"who": [*names, *names[:40]], "y": ["a", "b"] * 50})
    assert refused(lambda: Encoding.fit(visits, "y")) == (
        't.csv: column "who" has 60 different texts in 100 rows and looks like an identifier: leave it out '
        'with --drop "who" or group its values into fewer'
    )
    assert Encoding.fit(table({"who": names[:50], "y": ["a", "b"] * 25}), "y").inputs == 50


def test_a_target_of_names_is_refused() -> None:
    message = refused(
        lambda: Encoding.fit(table({"x": list(range(60)), "y": [f"n{i}" for i in range(60)]}), "y")
    )
    assert "60 different texts in 60 rows and looks like an identifier" in message


def test_a_table_of_the_target_alone_is_refused() -> None:
    assert "no column is left" in refused(
        lambda: Encoding.fit(people(), "paid", drop=["age", "job", "member"])
    )
    assert "cannot be left out too" in refused(lambda: Encoding.fit(people(), "paid", drop=["paid"]))


def test_unknown_options_are_refused() -> None:
    assert "drop, mean or mode" in refused(
        lambda: Encoding.fit(people(), "paid", missing="median"),  # type: ignore[arg-type]
        ConfigError,
    )
    assert "auto, classify or regress" in refused(
        lambda: Encoding.fit(people(), "paid", task="rank"),  # type: ignore[arg-type]
        ConfigError,
    )


GAPS: dict[str, list[Any]] = {
    "age": [30.0, None, 30.0, 60.0, 50.0],
    "job": ["cook", "cook", None, "baker", "cook"],
    "member": ["true", "true", "false", None, "true"],
    "y": [0.5, 1.5, 2.5, 3.5, None],
}


def test_rows_with_gaps_are_dropped_before_fitting_when_asked() -> None:
    gaps = table(GAPS)
    kept = complete_rows(gaps, "y")
    assert kept.tolist() == [0]
    assert complete_rows(gaps, "y", drop=["member"]).tolist() == [0, 3]
    encoding = Encoding.fit(gaps, "y", missing="drop", drop=["member"])
    assert encoding.notes == ("3 of 5 rows with a missing value were left out",)
    assert encoding.complete_rows(gaps).tolist() == [0, 3]
    assert encoding.features(gaps.take(kept)).shape == (1, 3)


def test_dropping_every_row_is_refused() -> None:
    message = refused(lambda: Encoding.fit(table({"x": [1, None], "y": [None, 2]}), "y", missing="drop"))
    assert "no row is left" in message


def test_a_missing_value_in_a_model_without_fills_names_its_row() -> None:
    encoding = Encoding.fit(table(GAPS), "y", missing="drop", drop=["member"])
    message = refused(lambda: encoding.features(table(GAPS)))
    assert message.startswith('t.csv: column "age" has no value in row 2')
    assert message.endswith("fill it in, or train with --missing mean or mode")


def test_missing_numbers_are_filled_with_the_training_mean_and_texts_with_the_mode() -> None:
    rows = table({**GAPS, "y": [0.5, 1.5, 2.5, 3.5, 4.5]})
    encoding = Encoding.fit(rows, "y", missing="mean")
    features = encoding.features(rows)
    assert features[1, 0] == pytest.approx(0)
    assert features[2, 1:3].tolist() == [0, 1]
    assert features[3, 3] == 1
    assert "missing counts as 42.5" in encoding.describe()[0]


def test_missing_numbers_can_be_filled_with_the_mode() -> None:
    rows = table({**GAPS, "y": [0.5, 1.5, 2.5, 3.5, 4.5]})
    features = Encoding.fit(rows, "y", missing="mode").features(rows)
    assert features[1, 0] == features[0, 0]
    assert features[:, 0].std() == pytest.approx(1)


def test_a_new_table_is_filled_from_training_and_not_from_itself() -> None:
    rows = table({**GAPS, "y": [0.5, 1.5, 2.5, 3.5, 4.5]})
    encoding = Encoding.fit(rows, "y", missing="mean")
    new = table({"age": [None, 1000.0], "job": [None, "baker"], "member": ["true", None]})
    assert encoding.features(new)[0].tolist() == encoding.features(rows)[1].tolist()


def test_a_missing_target_is_never_filled() -> None:
    assert "the target column" in refused(lambda: Encoding.fit(table(GAPS), "y", missing="mean"))


def test_whole_numbers_of_few_values_are_classes_and_it_says_so() -> None:
    encoding = Encoding.fit(table({"x": [1, 2, 3, 4], "quality": [10, 9, 2, 10]}), "quality")
    assert encoding.target == ClassTarget("quality", ("2", "9", "10"))
    assert encoding.target.outputs == 3
    assert encoding.notes == (
        'the target "quality" has 3 whole-number values: treated as classes (use --task regress for numbers)',
    )


def test_labels_written_with_a_point_are_the_same_class() -> None:
    encoding = Encoding.fit(table({"x": [1, 2], "y": [0, 1]}), "y")
    assert encoding.targets(table({"x": [1, 2, 3], "y": ["1.0", "0", "1"]})).tolist() == [1, 0, 1]


def test_whole_numbers_of_many_values_are_numbers() -> None:
    many = table({"x": list(range(21)), "y": list(range(21))})
    assert isinstance(Encoding.fit(many, "y").target, NumberTarget)
    assert isinstance(Encoding.fit(many, "y", task="classify").target, ClassTarget)
    assert isinstance(
        Encoding.fit(table({"x": list(range(20)), "y": list(range(20))}), "y").target, ClassTarget
    )


def test_the_task_can_be_given() -> None:
    few = table({"x": [1, 2, 3], "y": [1, 2, 2]})
    assert isinstance(Encoding.fit(few, "y", task="regress").target, NumberTarget)
    assert Encoding.fit(few, "y", task="classify").notes == ()


def test_classes_of_broken_numbers_are_refused_with_the_row() -> None:
    message = refused(lambda: Encoding.fit(table({"x": [1, 2], "y": [1, 2.5]}), "y", task="classify"))
    assert message.startswith('t.csv: the target column "y" holds 2.5 in row 2')


def test_regression_on_text_is_refused_with_the_row() -> None:
    message = refused(lambda: Encoding.fit(people(), "paid", task="regress"))
    assert message.startswith('t.csv: the target column "paid" holds text ("no" in row 1')


def test_number_targets_are_standardised_and_turned_back() -> None:
    rows = table({"x": [1, 2, 3], "y": [10.5, 20.0, 60.0]})
    encoding = Encoding.fit(rows, "y")
    y = encoding.targets(rows)
    assert y.mean() == pytest.approx(0)
    assert y.std() == pytest.approx(1)
    np.testing.assert_allclose(encoding.original(y), [10.5, 20.0, 60.0])
    assert "no labels" in refused(lambda: encoding.labels([0]), InvalidInput)


def test_two_classes_are_one_output_whose_positive_is_the_second() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert encoding.target == ClassTarget("paid", ("no", "yes"))
    assert encoding.target.outputs == 1
    y = encoding.targets(people())
    assert y.dtype == np.int64
    assert y.tolist() == [0, 1, 1, 0]
    assert encoding.labels(y).tolist() == PEOPLE["paid"]
    assert "no units" in refused(lambda: encoding.original([0.0]), InvalidInput)


def test_booleans_of_different_case_are_two_classes() -> None:
    rows = people(paid=["True", "false", "False", "False"])
    encoding = Encoding.fit(rows, "paid")
    assert encoding.target == ClassTarget("paid", ("False", "True"))
    assert encoding.targets(rows).tolist() == [1, 0, 0, 0]


def test_a_label_that_training_never_saw_is_named_with_its_row() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert refused(lambda: encoding.targets(people(paid=["no", "yes", "maybe", "no"]), "match")).startswith(
        't.csv: the label "maybe" in column "paid", row 3'
    )


def test_a_label_spelled_with_a_full_stop_is_refused_with_the_known_one_or_matched_and_told() -> None:
    encoding = Encoding.fit(people(paid=["<=50K", ">50K", ">50K", "<=50K"]), "paid")
    test = people(paid=["<=50K.", ">50K.", " >50k", "<=50K"])
    message = refused(lambda: encoding.targets(test))
    assert 'the label "<=50K." in column "paid", row 1' in message
    assert 'training saw "<=50K": spell it so' in message
    assert encoding.targets(test, "match").tolist() == [0, 1, 1, 0]
    assert encoding.label_notes(test)[0] == (
        't.csv: the label "<=50K." is read as "<=50K", as training spelled it (1 row)'
    )
    assert encoding.label_notes(people(paid=[">50K"] * 4)) == ()


def test_an_ambiguous_label_is_not_matched() -> None:
    encoding = Encoding.fit(people(paid=["A", "a", "b", "b"]), "paid")
    assert 'the label "A."' in refused(lambda: encoding.targets(people(paid=["A.", "a", "b", "b"]), "match"))


def test_a_table_without_the_target_can_be_predicted_and_not_scored() -> None:
    encoding = Encoding.fit(people(), "paid")
    new = table({k: v for k, v in PEOPLE.items() if k != "paid"})
    assert encoding.features(new).shape == (4, 5)
    assert refused(lambda: encoding.targets(new)) == 't.csv lacks the target "paid": add or rename the column'


def headerless(*columns: list[Any]) -> Table:
    return table({f"c{i}": column for i, column in enumerate(columns, start=1)})


def test_columns_without_names_count_by_position_with_or_without_the_target() -> None:
    age, job, paid = PEOPLE["age"], PEOPLE["job"], PEOPLE["paid"]
    encoding = Encoding.fit(headerless(paid, age, job), "1")
    full = encoding.features(headerless(paid, age, job))
    assert np.array_equal(encoding.features(headerless(age, job)), full)


def test_columns_without_names_fit_a_model_whose_columns_had_names() -> None:
    encoding = Encoding.fit(people(), "paid", drop=["job"])
    test = headerless(*PEOPLE.values())
    assert np.array_equal(encoding.features(test), encoding.features(people()))
    assert encoding.targets(test).tolist() == [0, 1, 1, 0]
    assert encoding.unused(test) == ("c2",)


def test_the_number_of_columns_without_names_must_match() -> None:
    encoding = Encoding.fit(people(), "paid")
    assert refused(lambda: encoding.features(headerless([1], [2]))) == (
        "t.csv has 2 columns and no header line, but the model was trained on a table of 4 columns (3 "
        "without the target): give it the same columns in the same order"
    )


def test_a_number_that_becomes_infinite_is_refused_with_its_row() -> None:
    encoding = Encoding.fit(people(), "paid")
    rows = people(age=[1.0, 1e300, 1.0, 1.0])
    assert np.isfinite(encoding.features(rows)).all()
    message = refused(lambda: encoding.features(rows, dtype=np.float32))
    assert message.startswith('t.csv: column "age" holds 1e+300 in row 2')


def images(count: int, pixels: int) -> Table:
    rng = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.uint8) % 3
    return image_table("images", rng.integers(0, 256, (count, pixels), dtype=np.uint8), labels)


def test_pixels_are_one_block_over_255() -> None:
    rows = images(6, 9)
    encoding = Encoding.fit(rows, "label")
    assert encoding.columns == (PixelCode(9),)
    assert encoding.describe() == ("p1…p9: 9 pixels, v/255",)
    features = encoding.features(rows, dtype=np.float32)
    assert features.dtype == np.float32
    assert rows.pixels is not None
    np.testing.assert_allclose(features, rows.pixels / 255, rtol=1e-6)
    assert encoding.targets(rows).tolist() == [0, 1, 2, 0, 1, 2]
    assert encoding.complete_rows(rows).tolist() == [0, 1, 2, 3, 4, 5]


def test_images_of_another_size_are_refused() -> None:
    encoding = Encoding.fit(images(6, 9), "label")
    assert "p5" in refused(lambda: encoding.features(images(6, 4)))
    assert "16 pixels" in refused(lambda: encoding.features(images(6, 16)))


def full_encoding() -> Encoding:
    return Encoding.fit(table({**GAPS, "y": [0.5, 1.5, 2.5, 3.5, 4.5]}), "y", missing="mean")


@pytest.mark.parametrize(
    "encoding",
    [full_encoding(), Encoding.fit(people(), "paid"), Encoding.fit(images(6, 9), "label")],
    ids=["fills", "classes", "pixels"],
)
def test_an_encoding_survives_json(encoding: Encoding) -> None:
    assert Encoding.from_json(json.loads(json.dumps(encoding.to_json()))) == encoding


def paths(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [at, *(path for key, entry in inner for path in paths(entry, (*at, key)))]


ODD: list[Any] = [True, -1, float("nan"), float("inf"), 10**400, 10**5000, "x", [], {}, [[]], [1], ["a", "a"]]


@pytest.mark.parametrize(
    "path", paths(full_encoding().to_json()) + paths(Encoding.fit(people(), "paid").to_json())
)
def test_an_altered_encoding_is_refused_or_reads_as_a_sound_one(path: tuple[Any, ...]) -> None:
    for source in (full_encoding(), Encoding.fit(people(), "paid")):
        for odd in [None, *ODD]:
            data: Any = copy.deepcopy(source.to_json())
            try:
                holder = {"top": data}
                place, key = (data, path[-1]) if path else (holder, "top")
                for step in path[:-1]:
                    place = place[step]
                place[key] = odd
            except (KeyError, IndexError, TypeError):
                continue
            try:
                read = Encoding.from_json(holder["top"])
            except ModelFileError:
                continue
            assert read.inputs == len(read.feature_names) > 0


def altered(change: Callable[[Any], None], source: Encoding | None = None) -> str:
    data = (source or full_encoding()).to_json()
    change(data)
    return refused(lambda: Encoding.from_json(data), ModelFileError)


def test_broken_encodings_say_what_is_wrong() -> None:
    assert altered(lambda d: d["columns"][0].update(scale=0.0)) == (
        'the model\'s encoding is broken: "scale" of column 1 must be a number above 0, and is 0.0'
    )
    assert '"mean" of column 1 must be a finite number' in altered(
        lambda d: d["columns"][0].update(mean=True)
    )
    assert "too many or too few entries ('extra')" in altered(lambda d: d["columns"][0].update(extra=1))
    assert "and is inf" in altered(lambda d: d["columns"][0].update(mean=float("inf")))
    assert "different texts" in altered(lambda d: d["table_columns"].append("age"))
    assert "not those of the table" in altered(lambda d: d["table_columns"].remove("job"))
    assert "none of number, category" in altered(lambda d: d["columns"][0].update(code="pickle"))
    assert "also an input" in altered(lambda d: d["target"].update(name="age"))
    assert "not those of the table" in altered(lambda d: d["columns"].append(d["columns"][0]))
    assert "one of cook, baker" in altered(
        lambda d: d["columns"][1].update(categories=["cook", "baker"], fill="x")
    )
    assert "more than" in altered(
        lambda d: d["columns"][0].update(count=10**12), Encoding.fit(images(6, 9), "label")
    )


def test_fitting_and_encoding_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = table({"x": [1e-300, 2e-300, 0.0], "y": ["a", "b", "a"]})
        Encoding.fit(rows, "y").features(rows)


def test_what_training_never_saw_in_another_table_is_noted() -> None:
    encoding = Encoding.fit(people(), "paid", drop=["job"])
    other = table({**PEOPLE, "shoe": [40.0, 41.0, 42.0, 43.0]})
    assert encoding.notes_on(people()) == ()
    assert encoding.notes_on(other) == ("not used, since training never saw them: shoe",)
