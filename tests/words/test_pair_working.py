"""GloVe's step on one pair as a working: the numbers of training, and lines that multiply out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput, ShapeMismatch, UnknownName
from chainrule.files.vector_data import InMemory, VectorData
from chainrule.formulas.wordvectors import glove_adagrad
from chainrule.words.counts import Counts
from chainrule.words.glove import Start, train_glove
from chainrule.words.pair_working import pair_program, work_pair, work_vectors_pair
from chainrule.words.vocabulary import Vocabulary
from chainrule.working.document import MatrixStep, Working
from chainrule.working.rendering.jsonform import schema
from tolerances import assert_close
from word_files import data_of, small_counts, small_glove

Told = Callable[..., str]
PAIR = {"x": 25.5, "w": [0.1, -0.3], "w_tilde": [0.4, 0.2], "b": 0.3, "b_tilde": -0.1}


def worked(size: int, **settings: Any) -> Working:
    rng = np.random.default_rng(3)
    return work_pair(70.25, rng.normal(size=size), rng.normal(size=size), 0.3, -0.1, **settings)


def after_training(size: int, x: float) -> tuple[list[Any], list[Any]]:
    """The vectors and biases of a pair before and after the only step of an epoch."""
    rng = np.random.default_rng(size)
    start = [rng.normal(size=(2, size)), rng.normal(size=(2, size)), rng.normal(size=2), rng.normal(size=2)]
    counts = Counts.from_cells(Vocabulary(["ice", "solid"], [2, 1]), [0], [1], [x])
    trained = train_glove(
        counts, size=size, epochs=1, threads=1, dtype="float64", start=Start(["ice", "solid"], *start)
    )
    ended = [trained.words, trained.contexts, trained.word_bias, trained.context_bias]
    return [each[place] for each, place in zip(start, (0, 1, 0, 1), strict=True)], [
        each[place] for each, place in zip(ended, (0, 1, 0, 1), strict=True)
    ]


@pytest.mark.parametrize(("size", "x"), [(2, 25.5), (7, 250.0), (100, 0.1)])
def test_the_numbers_are_those_of_the_training_kernel(size: int, x: float) -> None:
    before, after = after_training(size, x)
    _, shown = pair_program(x, *before).numbers
    for name, wanted in zip(("w", "w_tilde", "b", "b_tilde"), after, strict=True):
        assert_close(np.ravel(shown[name]), np.ravel(wanted), "rounding")


def test_the_comparison_with_the_kernel_can_fail() -> None:
    before, after = after_training(2, 25.5)
    _, shown = pair_program(25.6, *before).numbers
    with pytest.raises(AssertionError):
        assert_close(np.ravel(shown["w"]), after[0], "rounding")


def test_a_second_step_goes_on_from_the_sums_of_the_first() -> None:
    first = pair_program(**PAIR).numbers[1]
    names = ("w", "w_tilde", "b", "b_tilde")
    again = {name: np.ravel(first[name]) if name in ("w", "w_tilde") else first[name] for name in names}
    second = pair_program(25.5, **again, sums={name: first[f"s_{name}"] for name in names}).numbers[1]
    counts = Counts.from_cells(Vocabulary(["ice", "solid"], [2, 1]), [0], [1], [25.5])
    start = Start(
        ["ice", "solid"],
        np.array([PAIR["w"], [0, 0]]),
        np.array([[0, 0], PAIR["w_tilde"]]),
        np.array([0.3, 0]),
        np.array([0, -0.1]),
    )
    trained = train_glove(counts, size=2, epochs=2, threads=1, dtype="float64", start=start)
    assert_close(np.ravel(second["w"]), trained.words[0], "rounding")


def test_every_printed_line_is_worked_from_the_printed_ones_before_it() -> None:
    working = work_pair(**PAIR, rounding="round:3")
    assert [working[name].result for name in ("f", "p", "e", "C")] == ["0.359", "0.180", "-3.059", "1.680"]
    assert working["∂C/∂w[1]"].result == "-0.439"
    assert working["w[1]"].result == "0.122"
    assert "exact" not in working.policy


def test_a_quantity_can_have_a_rounding_of_its_own() -> None:
    working = work_pair(**PAIR, rounding={"default": "round:3", "f": "round:1"})
    assert (working["f"].result, working["p"].result) == ("0.4", "0.180")


def test_a_rounding_of_nothing_is_refused(told: Told) -> None:
    message = told(ConfigError, lambda: work_pair(**PAIR, rounding={"default": "round:3", "q": "round:1"}))
    assert message.startswith('there is no line, or group of lines, to round called "q"')


def test_adagrad_is_the_catalogues() -> None:
    written = [step.formula.text for step in work_pair(**PAIR).steps if step.name.text.endswith("_b")]
    assert written == ["η_b · ∂C/∂b", "s_b + u_b²"]
    assert [name for name, _ in glove_adagrad.assignments] == ["u", "w", "s"]


@pytest.mark.parametrize("rounding", [None, "round:3"])
@pytest.mark.parametrize("size", [2, 100])
def test_the_certificate_agrees(size: int, rounding: str | None) -> None:
    certificate = worked(size, rounding=rounding).certificate
    assert certificate is not None
    assert certificate.agrees
    assert certificate.compared == 2 * size + 2


def test_the_certificate_can_disagree() -> None:
    program = pair_program(**PAIR)
    calculation = program.calculate(None, str)
    values = dict(calculation.values)
    values["dw[1]@1"] *= 2
    object.__setattr__(calculation, "values", values)
    assert not program.certificate(calculation, str).agrees


def test_long_vectors_are_shown_whole_and_their_entries_on_demand() -> None:
    working = worked(100)
    shown = {step.key: step for step in working.steps}
    gradient, prediction = shown["dw"], shown["p@1"]
    assert isinstance(gradient, MatrixStep)
    assert (gradient.shape, len(gradient.values[0])) == ((1, 100), 100)
    assert not isinstance(prediction, MatrixStep)
    assert prediction.formula.text == "Σ_k(w · w̃) + b + b̃"
    assert len(working.steps) < 30
    assert [step.name.text for step in working["w[73]"].steps] == ["∂C/∂w[73]", "u_w[73]", "w[73]"]
    assert working["∂C/∂w[73]"].result == gradient.values[0][72]


@pytest.mark.parametrize("size", [2, 100])
def test_every_renderer_has_the_same_results(size: int) -> None:
    working = worked(size, rounding="round:4")
    results = {step.result for step in working.steps if not isinstance(step, MatrixStep)}
    for form in ("text", "terminal", "markdown", "latex", "html", "json"):
        rendered = str(working.render(form)).replace("&#x2212;</mo><mn>", "-").replace("\\", "")
        missing = [result for result in results if result.removeprefix("-") not in rendered]
        assert not missing, (form, missing)


@pytest.mark.parametrize("size", [2, 100])
def test_the_json_is_as_the_schema_says(size: int) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(json.loads(str(worked(size).render("json"))), schema())


def test_the_working_is_a_pdf_too() -> None:
    pytest.importorskip("typst")
    assert bytes(worked(100).render("pdf"))[:5] == b"%PDF-"  # type: ignore[arg-type]


def test_a_pair_of_trained_vectors_takes_its_numbers_and_settings() -> None:
    counts = small_counts()
    trained = small_glove(counts)
    working = work_vectors_pair(data_of(trained), counts, ("ice", "solid"))
    given = {each.name.text: each.written for each in working.given}
    assert given["x"] == f"{counts.of('ice', 'solid'):.7g}"
    assert given["w[1]"] == f"{trained.words[counts.vocabulary.place('ice'), 0]:.7g}"
    assert (given["η"], given["x_max"]) == ("0.05", "100")
    assert any("sums of squares s begin at 1" in line for line in working.heading)


def test_a_pair_that_was_never_counted_is_refused(told: Told) -> None:
    counts = small_counts()
    data = data_of(small_glove(counts))
    message = told(InvalidInput, lambda: work_vectors_pair(data, counts, ("ice", "fashion")))
    assert message == (
        '"fashion" never stands near "ice" in the counts, and GloVe trains on what it has seen: '
        "name a pair that was counted"
    )


def test_counts_that_the_vectors_were_not_trained_on_are_refused(told: Told) -> None:
    counts = small_counts()
    data = replace(data_of(small_glove(counts)), counts=counts.vocabulary.counts + 3)
    seen = int(counts.vocabulary.counts[counts.vocabulary.place("ice")])
    message = told(InvalidInput, lambda: work_vectors_pair(data, counts, ("ice", "solid")))
    assert message == (
        f'the vectors were trained on other counts: "ice" was seen {seen + 3} times there and {seen} times '
        "in these: give the counts that they were trained on"
    )


def test_vectors_without_their_training_are_refused(told: Told) -> None:
    counts = small_counts()
    data = VectorData(words=counts.vocabulary.words, matrix=InMemory(np.zeros((len(counts.vocabulary), 2))))
    message = told(InvalidInput, lambda: work_vectors_pair(data, counts, ("ice", "solid")))
    assert message == (
        "these vectors come without the contexts' vectors of their training, which our own format keeps: "
        "give a .safetensors file of a GloVe model"
    )


def test_what_cannot_be_worked_is_refused(told: Told) -> None:
    assert told(InvalidInput, lambda: work_pair(**{**PAIR, "x": 0})) == (
        "the count of a pair must be above 0 and finite, not 0: GloVe leaves it out"
    )
    assert told(ShapeMismatch, lambda: work_pair(**{**PAIR, "w": [1, 2, 3]})) == (
        "w has 3 numbers and w_tilde 2: give as many of both"
    )
    message = told(UnknownName, lambda: work_pair(**PAIR)["w[9]"])
    assert message.startswith('there is no number of this step called "w[9]"')
