"""Templates of entries: filled in with numbers, each comes to the engine's entry."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
from steps import CASES, Case, net

from chainrule.derivation import Line, derive
from chainrule.formulas.expression import evaluate
from chainrule.working.algebra import parse_formula
from chainrule.working.document import EntryTemplate
from chainrule.working.names.columns import in_columns
from chainrule.working.opening import entry_template
from chainrule.working.scalars import Sizes
from tolerances import assert_close

_PLACE = re.compile(r"\{([^{}]*)\}")


def filled(template: EntryTemplate, index: tuple[int, ...], values: Mapping[str, Any]) -> float:
    """What a page makes of a template: every piece, for every value of the letters it sums over."""
    row, column = index if len(index) == 2 else (1, *index) if index else (1, 1)
    total = 0.0
    for piece in template.terms:
        letters = [
            letter
            for letter in template.sums
            if any(letter in at.partition("[")[2].rstrip("]").split(",") for at in _PLACE.findall(piece))
        ]
        for places in product(*(range(1, template.sums[letter] + 1) for letter in letters)):
            known = {"i": row, "j": column, **dict(zip(letters, places, strict=True))}
            total += evaluated(piece, known, values)
    return total


def evaluated(piece: str, known: Mapping[str, int], values: Mapping[str, Any]) -> float:
    numbers: dict[str, float] = {}

    def name(matched: re.Match[str]) -> str:
        symbol, _, places = matched[1].partition("[")
        at = [known.get(p) or int(p) for p in places.rstrip("]").split(",")] if places else []
        numbers[f"v{len(numbers)}"] = float(np.asarray(values[symbol])[tuple(p - 1 for p in at)])
        return f"v{len(numbers) - 1}"

    # A truth is a number here: `if touched` is read as `if touched > 0`.
    written = re.sub(r"if (v\d+) else", r"if \1 > 0 else", _PLACE.sub(name, piece))
    return float(evaluate(parse_formula(written, numbers), numbers))


def lines_with_values(case: Case) -> Iterator[tuple[Line, dict[str, Any]]]:
    """Each line with the numbers as they stand before it."""
    step = case.steps[0]
    values = {**step.values, **case.derivation.vectors}
    values |= {"v": np.array([case.derivation.vectors["v"]])} if "v" in case.derivation.vectors else {}
    for line in case.derivation:
        yield line, values
        if line.phase == "update":
            values = {**values, line.symbol: step.updated[line.symbol]}


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_a_filled_in_template_comes_to_the_entry(case: Case) -> None:
    sizes = Sizes(case.derivation, case.samples)
    met = 0
    for line, values in lines_with_values(case):
        template = entry_template(line.tree, sizes.shape)
        if template is None:
            continue
        met += 1
        found = case.steps[0].updated if line.phase == "update" else case.steps[0].values
        for index in sizes.indices(line.symbol):
            wanted = np.asarray(found[line.symbol], dtype=float)[tuple(i - 1 for i in index)]
            assert_close(filled(template, index, values), wanted, "rounding", what=f"{line} {index}")
    assert met


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_column_vectors_open_as_rows_do(case: Case) -> None:
    sizes = Sizes(case.derivation, case.samples)

    def shapes(symbol: str) -> tuple[int, ...]:
        shape = sizes.shape(symbol)
        return (*reversed(shape), 1) if len(shape) == 1 else tuple(reversed(shape))

    for line, rows in lines_with_values(case):
        template = entry_template(in_columns(line.tree), shapes)
        if template is None:
            continue
        values = {name: np.atleast_2d(value).T if np.ndim(value) else value for name, value in rows.items()}
        found = case.steps[0].updated if line.phase == "update" else case.steps[0].values
        wanted = np.asarray(found[line.symbol], dtype=float)
        turned = np.atleast_2d(wanted).T if wanted.ndim else wanted
        for index in np.ndindex(*shapes(line.symbol)):
            got = filled(template, tuple(i + 1 for i in index), values)
            assert_close(got, turned[index], "rounding", what=f"{line} {index}")


@pytest.mark.parametrize(
    ("symbol", "terms", "sums"),
    [
        ("z1", ("{x[i,k]} · {W1[k,j]}", "{b1[j]}"), {"k": 2}),
        ("a1", ("tanh({z1[i,j]})",), {}),
        ("dW1", ("{x[k,i]} · {d1[k,j]}",), {"k": 3}),
        ("db1", ("{d1[k,j]}",), {"k": 3}),
        ("g1", ("{d2[i,k]} · {W2[j,k]}",), {"k": 2}),
        ("d1", ("{g1[i,j]} · (1 - {a1[i,j]}²)",), {}),
        ("W1", ("{W1[i,j]} - {eta} · {dW1[i,j]}",), {}),
    ],
)
def test_a_template_of_a_line(symbol: str, terms: tuple[str, ...], sums: dict[str, int]) -> None:
    d = derive(net((2, 3, 2), "tanh"), "mse", "gradient_descent", fused=False)
    assert entry_template(d[symbol].tree, Sizes(d, 3).shape) == EntryTemplate(terms, sums)


def test_a_sum_inside_a_formula_has_no_template() -> None:
    d = derive(net((2, 3), output="softmax"), "mse", "gradient_descent", fused=False)
    assert entry_template(d["a1"].tree, Sizes(d, 3).shape) is None
    assert entry_template(d["C"].tree, Sizes(d, 3).shape) is None


def test_a_lone_row_or_column_is_place_1() -> None:
    d = derive(net((1, 1)), "mse", "gradient_descent", fused=False)
    template = entry_template(d["z1"].tree, Sizes(d, 1).shape)
    assert template == EntryTemplate(("{x[1,1]} · {W1[1,1]}", "{b1[1]}"), {"k": 1})
