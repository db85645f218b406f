"""Local derivatives: every one of the grid against central differences of the line it belongs to."""

from __future__ import annotations

import pytest
from steps import CASES, Case, evaluated, net

from chainrule.derivation import Derivation, derive
from chainrule.formulas.expression import Expression, Symbol, evaluate
from chainrule.working.entries import Entry, Partial
from chainrule.working.partials import Use, uses_of
from chainrule.working.scalars import Index, Sizes
from tolerances import assert_close

SMOOTH = [case for case in CASES if case.passes == 1 and "perceptron" not in case.name]
H = 1e-6


def name(symbol: str, index: Index) -> Expression:
    return Symbol(Entry(symbol, index).key)


def uses(d: Derivation, samples: int, symbol: str, *index: int) -> list[Use]:
    return uses_of(d, Sizes(d, samples), name)(symbol, index)


def readable(found: list[Use]) -> list[tuple[str, str]]:
    return [(Entry(use.symbol, use.index).place, repr(use.partial).replace("@1", "")) for use in found]


@pytest.mark.parametrize("case", SMOOTH, ids=repr)
def test_each_local_derivative_is_a_difference_quotient(case: Case) -> None:
    """∂(entry)/∂(one it uses), by moving that one alone."""
    program = case.program("deltas")
    values = evaluated(program)
    met = 0
    for line in program:
        if not isinstance(line.quantity, Partial):
            continue
        of, wrt = line.quantity.of.key, line.quantity.wrt.key
        tree = program.by_key[of].tree
        ends = (evaluate(tree, {**values, wrt: values[wrt] + side}) for side in (H, -H))
        high, low = map(float, ends)
        assert abs(values[line.key] - (high - low) / (2 * H)) < 1e-7 * max(1, abs(values[line.key]))
        met += 1
    if case.derivation.gradients and "fused" not in case.name and len(case.network.sizes) > 2:
        assert met or case.name in WITHOUT_LINES, "no local derivative was compared"


# Slopes that are plain numbers stand in the formulas themselves.
WITHOUT_LINES = {"hidden identity", "hidden step", "linear layers", "step with threshold"}


def test_a_hidden_unit_is_used_by_every_unit_above() -> None:
    d = derive(net((1, 2, 2)), "mse", fused=False)
    assert readable(uses(d, 1, "a1", 1, 2)) == [("z2[1,1]", "W2[2,1]"), ("z2[1,2]", "W2[2,2]")]


def test_a_weight_is_used_once_for_each_sample() -> None:
    d = derive(net((2, 2, 1)), "mse", fused=False)
    assert readable(uses(d, 3, "W1", 2, 1)) == [
        ("z1[1,1]", "x[1,2]"),
        ("z1[2,1]", "x[2,2]"),
        ("z1[3,1]", "x[3,2]"),
    ]


def test_a_bias_and_a_threshold_have_1_and_minus_1() -> None:
    d = derive(net((1, 1)), "mse", fused=False)
    assert readable(uses(d, 1, "b1", 1)) == [("z1[1,1]", "1")]
    d = derive(net((1, 1), threshold=True), "mse", fused=False)
    assert readable(uses(d, 1, "theta1", 1)) == [("z1[1,1]", "-1")]


def test_a_penalised_weight_is_used_by_the_penalty_too() -> None:
    d = derive(net((1, 1)), "mse", l2=0.1, fused=False)
    assert readable(uses(d, 1, "W1", 1, 1)) == [("z1[1,1]", "x[1,1]"), ("R", "lambda · W1[1,1]")]


def test_a_softmax_sum_goes_into_every_output() -> None:
    d = derive(net((1, 3), output="softmax"), "crossentropy", fused=False)
    found = uses(d, 1, "z1", 1, 2)
    assert [use.index for use in found] == [(1, 1), (1, 2), (1, 3)]
    values = {"a1[1,1]@1": 0.2, "a1[1,2]@1": 0.5, "a1[1,3]@1": 0.3}
    slopes = [float(evaluate(use.partial, values)) for use in found]
    assert_close(slopes, [-0.2 * 0.5, 0.5 * (1 - 0.5), -0.3 * 0.5], "rounding")


def test_a_fused_loss_is_met_by_one_way_only() -> None:
    d = derive(net((1, 2), output="softmax"), "crossentropy")
    assert [use.symbol for use in uses(d, 1, "z1", 1, 1)] == ["C"]


def test_a_slope_of_0_is_no_way() -> None:
    d = derive(net((1, 1, 1), "step"), "mse", fused=False)
    assert uses(d, 1, "z1", 1, 1) == []
