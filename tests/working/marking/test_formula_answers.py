from __future__ import annotations

import pytest

from chainrule.errors import UnknownName
from chainrule.working.marking.answers import Answer, Marked
from chainrule.working.marking.formulas import as_plain, is_number
from chainrule.working.marking.marking import mark
from chainrule.working.worked.examples import Example, load_example


@pytest.fixture(scope="module")
def comp() -> Example:
    return load_example("psyc681-2-2-1")


def right(example: Example, name: str, written: str, number: int = 1) -> bool:
    answer = Answer(name, written, example.namer.parse(name, number).key)
    return mark(example.program, [answer], example.namer).is_right


def test_a_formula_may_be_over_earlier_quantities_or_over_what_is_given(comp: Example) -> None:
    assert right(comp, "z1", "w1 x1 + w3 x2")
    assert right(comp, "h1", "1 / (1 + exp(-z1))")
    assert right(comp, "h1", "1 / (1 + exp(-(w1 x1 + w3 x2)))")


def test_names_mean_the_numbers_of_the_same_pass(comp: Example) -> None:
    assert right(comp, "z3", "w5 h1 + w6 h2", 2)
    assert not right(comp, "z3", "w5 h2 + w6 h1", 2)


def test_a_weight_in_its_own_update_is_the_old_one(comp: Example) -> None:
    assert right(comp, "w1", "w1 - η ∂C/∂w1")
    assert not right(comp, "w1", "w1 + η ∂C/∂w1")


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


def marked(example: Example, answers: dict[str, str]) -> list[Marked]:
    made = [Answer(name, text, example.namer.parse(name).key) for name, text in answers.items()]
    return list(mark(example.program, made, example.namer).marked)


WRONG_SIGMOID = {"h1": "1/(1-exp(-z1))", "∂h1/∂z1": "-exp(-z1)/(1-exp(-z1))^2"}


def test_a_slope_follows_from_the_function_that_was_written(comp: Example) -> None:
    h1, slope = marked(comp, WRONG_SIGMOID)
    assert (h1.verdict, slope.verdict, slope.from_) == ("wrong", "follow-through", ("h1",))


def test_without_that_function_it_is_wrong(comp: Example) -> None:
    assert [each.verdict for each in marked(comp, {"∂h1/∂z1": WRONG_SIGMOID["∂h1/∂z1"]})] == ["wrong"]


@pytest.mark.parametrize(
    ("name", "written", "slip"),
    [
        ("h1", "1/(1-exp(-z1))", "sign of term 2 of h1"),
        ("C", "o1 - y", "C: not squared"),
        ("z1", "x1 w1 - x2 w3", "sign of x2"),
        ("z1", "x1 w1 + x1 w3", "x1 used for x2"),
        ("w1", "w1 - ∂C/∂w1", "η left out"),
    ],
)
def test_a_formula_has_its_slip(comp: Example, name: str, written: str, slip: str) -> None:
    assert [c.slip for c in marked(comp, {name: written})[0].candidates] == [slip]
