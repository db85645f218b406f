"""Gradients in letters: with numbers put in and summed over, each is the engine's gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np
import pytest
from steps import CASES, Case, net

from chainrule.derivation import Dense, Network, derive
from chainrule.errors import ChainruleError, InvalidInput
from chainrule.formulas.expression import Expression, evaluate, symbols_in
from chainrule.working.letters import InLetters, in_letters
from chainrule.working.works import work, work_example
from tolerances import assert_close

Told = Callable[[type[ChainruleError], Callable[[], object]], str]

_WEIGHTED = ("sample weights", "class weights", "class and sample", "many class", "with weights")


def sayable(case: Case) -> bool:
    output = case.network.dense[-1].activation.name
    one_product = output != "softmax" or case.derivation.loss.name == "crossentropy"  # type: ignore[union-attr]
    return bool(case.derivation.gradients) and one_product and not any(w in case.name for w in _WEIGHTED)


DEEP = [
    Case("three hidden layers", net((2, 3, 2, 2, 2), "tanh"), "mse", samples=2),
    Case("three hidden layers fused", net((2, 3, 2, 2, 3), "tanh", "softmax"), "crossentropy", samples=2),
    Case("three hidden layers, one sample", net((2, 2, 3, 2, 1), "sigmoid"), "mse"),
]
SAYABLE = [case for case in CASES if sayable(case)] + DEEP


def total(found: InLetters, form: Expression, values: Mapping[str, Any], asked: Mapping[str, int]) -> float:
    """A form with numbers in place of letters, summed over those that are summed over."""

    def at(tree: Expression, places: Mapping[str, int]) -> float:
        put_in = {}
        for name in symbols_in(tree):
            symbol, _, index = name.partition("[")
            value = np.asarray(values[symbol])
            where = tuple(places.get(p) or int(p) for p in index.rstrip("]").split(",")) if index else ()
            put_in[name] = float(value[tuple(p - 1 for p in where)])
        return float(evaluate(tree, put_in))

    ranges = [[(letter, n) for n in range(1, size + 1)] for letter, size in found.sums.items()]
    summed = sum(at(form, {**asked, **dict(places)}) for places in product(*ranges))
    return summed + (at(found.penalty, asked) if found.penalty is not None else 0.0)


@pytest.mark.parametrize("case", SAYABLE, ids=repr)
def test_the_letters_come_to_the_engines_gradient(case: Case) -> None:
    d, values = case.derivation, {**case.steps[0].values, **case.derivation.vectors}
    for symbol, gradient in d.gradients.items():
        if d.shapes[symbol] == (1,):
            letters: tuple[str, ...] = ("i",)
        else:
            letters = ("i", "j")[: len(d.shapes[symbol])]
        layers = case.network.dense[int(symbol[-1]) - 1 :]
        if any(layer.activation.name == "step" for layer in layers):
            assert not np.any(values[gradient])
            with pytest.raises(InvalidInput, match="is always 0"):
                in_letters(d, case.samples, symbol, letters)
            continue
        found = in_letters(d, case.samples, symbol, letters)
        for index in np.ndindex(*np.shape(values[gradient])):
            asked = dict(zip(letters, (i + 1 for i in index), strict=True))
            for form in found.forms:
                got = total(found, form, values, asked)
                assert_close(got, values[gradient][index], "rounding", what=f"{symbol} {form!r}")


def test_the_comparison_can_fail() -> None:
    case = DEEP[0]
    found = in_letters(case.derivation, case.samples, "W1", ("i", "j"))
    values = case.steps[0].values
    right = total(found, found.forms[-1], values, {"i": 1, "j": 1})
    wrong = total(found, 2 * found.forms[-1], values, {"i": 1, "j": 1})
    assert abs(wrong - right) > 1e-6


def test_comp0087_cancels_to_c_minus_y() -> None:
    d = derive(net((2, 2, 1)), "binary_crossentropy", "gradient_descent", fused=False)
    forms = in_letters(d, 1, "W1", ("i", "j")).forms
    assert [repr(form) for form in forms] == [
        "(a2[1,1] - y[1,1]) / (a2[1,1] · (1 - a2[1,1])) · a2[1,1] · (1 - a2[1,1]) · W2[j,1] · a1[1,j] · "
        "(1 - a1[1,j]) · x[1,i]",
        "(a2[1,1] - y[1,1]) · a2[1,1] · (1 - a2[1,1]) · W2[j,1] · a1[1,j] · (1 - a1[1,j]) · x[1,i] / "
        "(a2[1,1] · (1 - a2[1,1]))",
        "(a2[1,1] - y[1,1]) · W2[j,1] · a1[1,j] · (1 - a1[1,j]) · x[1,i]",
    ]


def test_a_sum_over_units_has_a_letter_for_each_layer() -> None:
    d = derive(net((2, 3, 2, 2, 3)), "mse", fused=False)
    found = in_letters(d, 4, "W1", ("i", "j"))
    assert found.sums == {"n": 4, "k": 2, "m": 2, "p": 3}
    assert [factor.wrt for factor in found.factors][:3] == ["a4[n,p]", "z4[n,p]", "a3[n,m]"]


def test_twelve_hidden_layers_have_letters_enough() -> None:
    d = derive(net((2,) * 13), "mse", fused=False)
    sums = in_letters(d, 2, "W1", ("i", "j")).sums
    assert len(sums) == 12
    assert list(sums) == ["n", *"kmpqrsuv", "k2", "k3", "k4"]


def test_letters_asked_for_are_not_summed_over() -> None:
    d = derive(net((2, 2, 2)), "mse", fused=False)
    found = in_letters(d, 3, "W1", ("n", "k"))
    assert found.of == "W1[n,k]"
    assert found.sums == {"n2": 3, "m": 2}


def test_a_place_may_be_a_number() -> None:
    d = derive(net((2, 2, 1)), "mse", fused=False)
    found = in_letters(d, 1, "W1", ("2", "j"))
    assert found.of == "W1[2,j]"
    assert found.factors[-1].formula.name == "x[1,2]"  # type: ignore[attr-defined]


def test_a_penalty_is_added_to_the_sum() -> None:
    d = derive(net((2, 2, 1)), "mse", l2=0.1, fused=False)
    assert symbols_in(in_letters(d, 3, "W1", ("i", "j")).penalty) == ("lambda", "W1[i,j]")  # type: ignore[arg-type]
    assert in_letters(d, 3, "b1", ("j",)).penalty is None
    working = work(net((2, 2, 1)), [[1, 2]], [[1]], loss="mse", l2=0.1)["dW1[i,j]"]
    assert all(step.formula.text.endswith(" + λ · W1[i,j]") for step in working.steps[-1:])
    assert working.steps[0].name.text == "∂J/∂W1[i,j]"
    assert working.steps[0].reason.endswith("and the penalty's share")


def test_a_fused_head_keeps_the_settings_it_was_derived_with() -> None:
    d = derive(
        net((2, 3), output="softmax"),
        "crossentropy",
        "gradient_descent",
        l2=0.2,
        integer_targets=True,
        class_weights=[1, 2, 3],
        fused=False,
    )
    found = in_letters(d, 1, "W1", ("i", "j"))
    assert found.penalty is not None
    used = {name for factor in found.factors for name in symbols_in(factor.formula)}
    assert "Y[1,j]" in used


# --- what letters cannot say ---------------------------------------------------------------------------


def test_a_softmax_in_between_is_refused(told: Told) -> None:
    ties = Network(2, [Dense(2, "tanh"), Dense(2, "softmax"), Dense(1, "sigmoid")])
    d = derive(ties, "mse", fused=False)
    message = (
        "softmax makes each unit depend on all of its layer, which one product of letters does not say: "
        "ask for an entry by number"
    )
    assert told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i", "j"))) == message
    assert told(InvalidInput, lambda: in_letters(d, 1, "W2", ("i", "j"))) == message
    assert in_letters(d, 1, "W3", ("i", "j")).of == "W3[i,j]"


def test_a_softmax_output_without_a_fused_form_is_refused(told: Told) -> None:
    d = derive(net((2, 3), output="softmax"), "mse", fused=False)
    assert told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i", "j"))).startswith("softmax makes each")


def test_weighted_samples_are_refused_where_their_weights_divide(told: Told) -> None:
    d = derive(net((2, 2)), "mse", sample_weights=True, fused=False)
    assert told(InvalidInput, lambda: in_letters(d, 2, "W1", ("i", "j"))) == (
        "the loss is divided by the sum of the samples' weights, which one product of letters does not say: "
        "ask for an entry by number"
    )
    d = derive(net((2, 2)), "mse(batch=sum)", sample_weights=True, fused=False)
    assert in_letters(d, 2, "W1", ("i", "j")).sums == {"n": 2}


def test_a_slope_that_is_always_0_is_told(told: Told) -> None:
    d = derive(net((2, 2, 1), "step"), "mse", fused=False)
    assert told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i", "j"))) == (
        "the loss does not change with W1: a slope on the way back is always 0, so there is no product to write"
    )
    d = derive(net((2, 2, 1), "step"), "mse", l2=0.1, fused=False)
    refused = told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i", "j")))
    assert refused.endswith("to write, and its gradient is the penalty's share alone")


def test_what_is_no_trained_parameter_is_refused(told: Told) -> None:
    frozen = Network(2, [Dense(2, "tanh", frozen=True), Dense(1)])
    d = derive(frozen, "mse", fused=False)
    assert told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i", "j"))) == (
        "in letters there are the gradients of the parameters, and W1 has none: ask for one of W2, b2"
    )
    d = derive(Network(2, [Dense(1, frozen=True)]), "mse", fused=False)
    assert told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i", "j"))) == (
        "no gradient is worked out here, so there is none in letters: train a parameter"
    )


def test_a_wrong_number_of_letters_is_told(told: Told) -> None:
    d = derive(net((2, 1)), "mse", fused=False)
    assert (
        told(InvalidInput, lambda: in_letters(d, 1, "W1", ("i",))) == "W1 has 2 indices, not 1: write W1[i,j]"
    )
    assert (
        told(InvalidInput, lambda: in_letters(d, 1, "b1", ("i", "j"))) == "b1 has 1 index, not 2: write b1[i]"
    )


def letters(name: str, asked: str) -> list[str]:
    working = work_example(name)[asked]
    return [working.steps[0].formula.text, working.steps[-1].formula.text]


def test_letters_tell_layers_apart_where_a_notation_numbers_all_weights_in_a_row() -> None:
    assert letters("psyc681-2-2-1", "dW1[i,j]") == [
        "∂C/∂o1 · ∂o1/∂z3 · ∂z3/∂h_j · ∂h_j/∂z1[j] · ∂z1[j]/∂W1[i,j]",
        "2 · (o1 - y) · o1 · (1 - o1) · W2[j,1] · h_j · (1 - h_j) · x_i",
    ]
    assert letters("cap4453-2-3-1", "dW1[i,j]")[0] == (
        "∂E/∂out · ∂out/∂z_out · ∂z_out/∂a_j · ∂a_j/∂z_j · ∂z_j/∂W1[i,j]"
    )
