from __future__ import annotations

from decimal import Decimal

import pytest

from chainrule.working.marking.answers import Answer, Marking
from chainrule.working.marking.arithmetic import arithmetic, is_arithmetic
from chainrule.working.marking.marking import mark
from chainrule.working.worked.examples import load_example


def marking(**answers: str) -> Marking:
    example = load_example("psyc681-2-2-1")
    names = {"dCdo1": "∂C/∂o1"}
    made = [
        Answer(name, written, example.namer.parse(names.get(name, name)).key)
        for name, written in answers.items()
    ]
    return mark(example.program, made, example.namer)


@pytest.mark.parametrize("written", ["0.5*0.7+0.3*0.4", "47/100", "0.77 - 0.3", "0.5·0.7 + 0.12"])
def test_arithmetic_is_the_number_that_it_comes_to(written: str) -> None:
    assert marking(z1=written).marked[0].verdict == "exact"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("w1", "0.7+0.1*0.01055"),
        ("dCdo1", "2*(0.6457-1)"),
        ("h1", "1/(1+exp(-0.47))"),
        ("o1", "1/(1+exp(-0.6))"),
    ],
)
def test_it_is_as_exact_as_its_numbers(name: str, written: str) -> None:
    assert marking(**{name: written}).marked[0].verdict == "rounded"


@pytest.mark.parametrize("written", ["0.5*0.7+0.3*0.45", "0.5*0.7", "2*0.2", "1/0", "0.47+1"])
def test_other_arithmetic_is_wrong(written: str) -> None:
    assert marking(z1=written).marked[0].verdict == "wrong"


def test_a_slip_is_found_behind_it() -> None:
    found = marking(z1="0.5*0.7").marked[0]
    assert found.candidates[0].kind in ("term-left-out", "factor-left-out")


def test_what_follows_from_wrong_arithmetic_follows() -> None:
    found = marking(z1="0.5*0.7", h1="0.587").marked
    assert (found[1].verdict, found[1].from_) == ("follow-through", ("z1",))


def test_letters_make_a_formula() -> None:
    assert is_arithmetic("2*(0.6457-1)")
    assert not any(map(is_arithmetic, ("2*(o1-1)", "0.47", "2*(", "1/0")))


def test_given_numbers_are_exact_and_others_rounded() -> None:
    loose, exact = arithmetic("2*0.64"), arithmetic("2*0.64", [Decimal("0.64")])
    assert loose is not None
    assert exact is not None
    assert (loose.slack, exact.slack) == (pytest.approx(0.01), pytest.approx(1.28e-4))
