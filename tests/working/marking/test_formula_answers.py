from __future__ import annotations

import pytest

from chainrule.errors import UnknownName
from chainrule.working.marking.formulas import as_plain, compare_formulas, is_number
from chainrule.working.worked.examples import Example, load_example


@pytest.fixture(scope="module")
def comp() -> Example:
    return load_example("psyc681-2-2-1")


def right(example: Example, name: str, written: str, number: int = 1) -> bool:
    key = example.namer.parse(name, number).key
    return compare_formulas(example.program, key, written, lambda key: example.namer.name(key).text)


def test_a_formula_may_be_over_earlier_quantities_or_over_what_is_given(comp: Example) -> None:
    assert right(comp, "z1", "w1 x1 + w3 x2")
    assert right(comp, "h1", "1 / (1 + exp(-z1))")
    assert right(comp, "h1", "1 / (1 + exp(-(w1 x1 + w3 x2)))")


def test_names_mean_the_numbers_of_the_same_pass(comp: Example) -> None:
    assert right(comp, "z3", "w5 h1 + w6 h2", 2)
    assert not right(comp, "z3", "w5 h2 + w6 h1", 2)


def test_another_formula_is_wrong_however_like_it_is(comp: Example) -> None:
    assert not right(comp, "h1", "1 / (1 - exp(-z1))")
    assert not right(comp, "z1", "w1 x1 + w2 x2")


def test_a_quantity_is_no_formula_for_itself(comp: Example) -> None:
    assert not right(comp, "h1", "h1")


def test_an_unknown_name_is_named(comp: Example) -> None:
    with pytest.raises(UnknownName, match="q7"):
        right(comp, "h1", "q7 + 1")


@pytest.mark.parametrize("written", ["1.2e-5", "1.2·10^-5", "1.2 × 10⁻⁵", "1.2*10^(-5)", "1,2e-5"])
def test_powers_of_ten_are_read_as_they_are_written_by_hand(written: str) -> None:
    assert is_number(written)
    assert as_plain(written).replace(",", ".") == "1.2e-5"


def test_a_formula_is_no_number() -> None:
    assert not is_number("(o1 - y) * h1")
