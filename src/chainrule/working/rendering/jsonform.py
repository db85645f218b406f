"""A working as JSON: everything the document holds, as schema.json describes it."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from chainrule.working.certificate import Certificate
from chainrule.working.document import EntryTemplate, Given, MatrixStep, Name, Step, Working, Written
from chainrule.working.rendering.equations import number_form

__all__ = ["FORMAT", "VERSION", "as_json", "render_json", "schema"]

FORMAT = "chainrule working"
VERSION = 1
"""Raised when a field is added, changed or taken away."""


def render_json(working: Working, *, indent: int | None = 2) -> str:
    """The working as JSON text, its fields always in the same order."""
    return json.dumps(as_json(working), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def as_json(working: Working) -> dict[str, Any]:
    """The working as JSON values. Infinities and not-a-number are null; results are texts, digit for digit.

    >>> from chainrule.working.works import work_example
    >>> step = as_json(work_example("unit-0.87", "round:3"))["phases"][0]["steps"][-1]
    >>> step["name"]["text"], step["numbers"]["text"], step["relation"], step["result"]["text"]
    ('ŷ', '1 / (1 + exp(-0.870))', '≈', '0.705')
    """
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": working.title,
        "heading": list(working.heading),
        "explanation": working.explanation,
        "source": working.source,
        "notation": working.notation,
        "policy": working.policy,
        "by": working.by,
        "passes": working.passes,
        "given": [_given(each) for each in working.given],
        "phases": [
            {
                "name": phase.name,
                "title": phase.title,
                "pass": phase.number,
                "steps": [
                    _matrix(step) if isinstance(step, MatrixStep) else _step(step) for step in phase.steps
                ],
            }
            for phase in working.phases
        ],
        "certificate": _certificate(working.certificate),
    }


def _given(given: Given) -> dict[str, Any]:
    return {
        "key": given.key,
        "name": _name(given.name),
        "written": given.written,
        "symbol": given.symbol,
        "values": [list(row) for row in given.values],
    }


def _name(name: Name) -> dict[str, str]:
    return {"text": name.text, "latex": name.latex, "mathml": name.mathml}


def _written(written: Written | None) -> dict[str, str] | None:
    if written is None:
        return None
    return {"text": written.text, "latex": written.latex, "mathml": written.mathml}


def _step(step: Step) -> dict[str, Any]:
    return {
        "type": "step",
        "key": step.key,
        "name": _name(step.name),
        "arrow": step.arrow,
        "call": _written(step.call),
        "formula": _written(step.formula),
        "numbers": _written(step.numbers),
        "relation": step.relation,
        "result": _written(Written(lambda form: number_form(step.result, form))) if step.result else None,
        "exact": step.exact,
        "value": _number(step.value),
        "reason": step.reason,
        "kind": step.kind,
        "uses": list(step.uses),
    }


def _matrix(step: MatrixStep) -> dict[str, Any]:
    return {
        "type": "matrix",
        "key": step.key,
        "symbol": step.symbol,
        "name": _name(step.name),
        "arrow": step.arrow,
        "formula": _written(step.formula),
        "shape": list(step.shape),
        "values": [list(row) for row in step.values],
        "entry": _entry(step.entry),
        "reason": step.reason,
        "kind": step.kind,
        "uses": list(step.uses),
    }


def _entry(entry: EntryTemplate | None) -> dict[str, Any] | None:
    return None if entry is None else {"terms": list(entry.terms), "sums": dict(entry.sums)}


def _certificate(certificate: Certificate | None) -> dict[str, Any] | None:
    if certificate is None:
        return None
    return {
        "by": certificate.by,
        "compared": certificate.compared,
        "sampled": certificate.sampled,
        "left_out": certificate.left_out,
        "agrees": certificate.agrees,
        "worst": certificate.worst,
        "error": _number(certificate.error),
        "shown": _number(certificate.shown),
        "difference": _number(certificate.difference),
        "written": certificate.written,
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of `as_json`."""
    text = Path(__file__).with_name("schema.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
