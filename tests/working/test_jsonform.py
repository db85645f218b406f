from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest
from wide import large

from chainrule.working.document import Step
from chainrule.working.rendering.jsonform import as_json, render_json, schema
from chainrule.working.worked.examples import EXAMPLES
from chainrule.working.works import work_example

VALIDATOR = jsonschema.Draft202012Validator(schema())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_as_the_schema_says(name: str) -> None:
    VALIDATOR.validate(as_json(work_example(name)))


def test_a_working_of_matrices_is_as_the_schema_says() -> None:
    VALIDATOR.validate(as_json(large()))


def test_a_working_in_letters_is_as_the_schema_says() -> None:
    document = as_json(work_example("comp0087-2-2-1")["dW1[i,j]"])
    VALIDATOR.validate(document)
    step = document["phases"][0]["steps"][-1]
    assert (step["numbers"], step["result"]) == (None, None)


@pytest.mark.parametrize("change", ["version", "title", "phases"])
def test_the_schema_notices_what_is_missing(change: str) -> None:
    document = as_json(work_example("saturation"))
    del document[change]
    assert not VALIDATOR.is_valid(document)


def test_the_schema_describes_every_field() -> None:
    document = as_json(work_example("saturation"))
    document["phases"][0]["steps"][0]["colour"] = "red"
    assert not VALIDATOR.is_valid(document)


def test_a_step_has_everything_the_document_has() -> None:
    working = work_example("psyc681-2-2-1", "round:3")
    step = next(each for each in working.steps if each.key == "dW2[1,1]@1")
    assert isinstance(step, Step)
    written = next(
        each for phase in as_json(working)["phases"] for each in phase["steps"] if each["key"] == "dW2[1,1]@1"
    )
    assert written["name"] == {"text": step.name.text, "latex": step.name.latex, "mathml": step.name.mathml}
    assert written["call"]["text"] == "∂C/∂o1 · ∂o1/∂z3 · ∂z3/∂w5"
    assert written["formula"]["text"] == "∂C/∂o1 · ∂o1/∂z3 · h1"
    assert written["numbers"]["latex"] == r"\left(-0.708\right) \cdot 0.229 \cdot 0.615"
    assert written["result"]["text"] == "-0.100"
    assert (written["relation"], written["exact"], written["value"]) == ("≈", False, -0.1)
    assert (written["kind"], written["reason"], written["uses"]) == (step.kind, step.reason, list(step.uses))


def test_results_are_texts_digit_for_digit() -> None:
    document = as_json(work_example("psyc681-2-2-1", "round:4"))
    assert document["phases"][0]["steps"][0]["result"]["text"] == "0.4700"


def test_the_same_working_gives_the_same_text() -> None:
    assert render_json(work_example("saturation")) == render_json(work_example("saturation"))


def test_what_is_no_finite_number_is_null() -> None:
    working = work_example("saturation")
    step = working.steps[0]
    assert isinstance(step, Step)
    phase = replace(working.phases[0], steps=(replace(step, value=float("inf"), result="∞"),))
    document = json.loads(render_json(replace(working, phases=(phase,))))
    VALIDATOR.validate(document)
    written = document["phases"][0]["steps"][0]
    assert written["value"] is None
    assert written["result"] == {"text": "∞", "latex": r"\infty", "mathml": "<mi>∞</mi>"}


def test_to_json_is_the_same() -> None:
    working = work_example("saturation")
    assert working.to_json() == as_json(working)
