"""Unfolding: which factors a gradient is the product of, along paths and by deltas."""

from __future__ import annotations

from math import prod

import pytest
from steps import CASES, Case, evaluated, net

from chainrule.derivation import derive
from chainrule.formulas.expression import evaluate
from chainrule.working.entries import Entry, Partial, Quantity
from chainrule.working.program import Program, scalar_program
from tolerances import assert_close

TRAINED = [case for case in CASES if case.derivation.gradients]
D = derive(net((2, 2, 1)), "mse", "gradient_descent", fused=False)
VALUES = {"x": [[1, 2]], "y": [[1]], "W1": [[1, 2], [3, 4]], "b1": [1, 2], "W2": [[5], [6]], "b2": [7]}


def factors(program: Program, key: str) -> list[list[str]]:
    return [[each.key.replace("@1", "") for each in path] for path in program.by_key[key].paths]


def value_of(factor: Quantity, program: Program, values: dict[str, float]) -> float:
    if factor.key in values:
        return values[factor.key]
    return float(evaluate(program.factors[factor.key], values))


@pytest.mark.parametrize("chain", ["paths", "deltas"])
@pytest.mark.parametrize("case", TRAINED, ids=repr)
def test_each_gradient_is_the_sum_of_the_products_of_its_factors(case: Case, chain: str) -> None:
    program = case.program(chain)  # type: ignore[arg-type]
    values = evaluated(program)
    for line in program:
        if line.paths:
            total = sum(prod(value_of(f, program, values) for f in path) for path in line.paths)
            assert_close(total, values[line.key], "rounding", what=line.key)


@pytest.mark.parametrize("case", TRAINED, ids=repr)
def test_a_path_goes_from_the_loss_to_the_entry_without_a_gap(case: Case) -> None:
    program = case.program("paths", passes=1)
    for line in program:
        assert isinstance(line.quantity, Entry | Partial)
        if not line.paths:
            continue
        for first, *rest in line.paths:
            # The first factor is the slope of the loss (a gradient), or a penalty's.
            at = first.wrt if isinstance(first, Partial) else Entry(_of(program, first), first.index)
            for factor in rest:
                assert isinstance(factor, Partial)
                assert factor.of.place == at.place
                at = factor.wrt
            assert line.line is not None
            assert at.place == Entry(line.line.of or "", line.quantity.index).place  # type: ignore[union-attr]


def _of(program: Program, gradient: Quantity) -> str:
    assert isinstance(gradient, Entry)
    assert program.derivation is not None
    return str(program.derivation[gradient.symbol].of)


def test_along_paths_a_hidden_weight_has_the_lectures_five_factors() -> None:
    program = scalar_program(D, VALUES, chain="paths")
    assert factors(program, "dW1[2,1]@1") == [
        ["g2[1,1]", "∂a2[1,1]/∂z2[1,1]", "∂z2[1,1]/∂a1[1,1]", "∂a1[1,1]/∂z1[1,1]", "∂z1[1,1]/∂W1[2,1]"]
    ]
    assert repr(program.by_key["dW1[2,1]@1"].tree).replace("@1", "") == (
        "g2[1,1] · ∂a2[1,1]/∂z2[1,1] · W2[1,1] · ∂a1[1,1]/∂z1[1,1] · x[1,2]"
    )


def test_by_deltas_each_gradient_goes_on_from_the_one_that_arrives() -> None:
    program = scalar_program(D, VALUES, chain="deltas")
    assert factors(program, "dW1[2,1]@1") == [["d1[1,1]", "∂z1[1,1]/∂W1[2,1]"]]
    assert factors(program, "d1[1,1]@1") == [["g1[1,1]", "∂a1[1,1]/∂z1[1,1]"]]
    assert factors(program, "g1[1,1]@1") == [["d2[1,1]", "∂z2[1,1]/∂a1[1,1]"]]
    assert factors(program, "g2[1,1]@1") == []


def test_two_outputs_are_two_paths() -> None:
    d = derive(net((1, 1, 2)), "mse", fused=False)
    program = scalar_program(
        d, {**VALUES, "x": [[1]], "y": [[1, 0]], "W2": [[5, 6]], "b2": [7, 8]}, chain="paths"
    )
    assert [path[0] for path in factors(program, "dW1[1,1]@1")] == ["g2[1,1]", "g2[1,2]"]


def test_a_penalty_is_a_path_of_its_own() -> None:
    d = derive(net((2, 2, 1)), "mse", l2=0.1, fused=False)
    for chain in ("paths", "deltas"):
        program = scalar_program(d, VALUES, chain=chain)  # type: ignore[arg-type]
        assert factors(program, "dW2[1,1]@1")[-1] == ["∂R/∂W2[1,1]"]
        assert repr(program.by_key["∂R@1/∂W2[1,1]@1"].tree) == "lambda@1 · W2[1,1]@1"
        assert all("R" not in path[-1] for path in factors(program, "db2[1]@1"))


def test_a_factor_of_1_or_minus_1_is_not_written_out() -> None:
    program = scalar_program(D, VALUES, chain="deltas")
    assert repr(program.by_key["db2[1]@1"].tree) == "d2[1,1]@1"
    assert factors(program, "db2[1]@1") == [["d2[1,1]", "∂z2[1,1]/∂b2[1]"]]
    d = derive(net((1, 1), threshold=True), "mse", fused=False)
    program = scalar_program(
        d, {"x": [[1], [2]], "y": [[1], [0]], "W1": [[1]], "theta1": [1]}, chain="deltas"
    )
    assert repr(program.by_key["dtheta1[1]@1"].tree).replace("@1", "") == "-d1[1,1] - d1[2,1]"


def test_a_gradient_that_is_always_0_is_a_line_that_says_0() -> None:
    d = derive(net((2, 2, 1), "step"), "mse", fused=False)
    paths = scalar_program(d, VALUES, chain="paths")
    assert [line.key for line in paths if line.key.startswith("d1")] == []
    assert repr(paths.by_key["dW1[2,1]@1"].tree) == "0"
    deltas = scalar_program(d, VALUES, chain="deltas")
    assert deltas.by_key["d1[1,1]@1"].kind == "deltas"
    assert evaluated(deltas)["dW1[2,1]@1"] == 0


def test_lines_are_sorted_into_kinds() -> None:
    d = derive(net((2, 2, 1)), "mse", "adam", l2=0.1, clip_norm=1.0, fused=False)
    program = scalar_program(d, VALUES, chain="deltas")
    kinds: dict[str, set[str]] = {}
    for line in program:
        quantity = line.quantity
        name = quantity.symbol if isinstance(quantity, Entry) else f"∂{quantity.of.symbol}"
        kinds.setdefault(line.kind, set()).add(name)
    assert kinds == {
        "weighted sums": {"z1", "z2"},
        "activations": {"a1"},
        "output": {"a2"},
        "loss": {"C", "R", "J"},
        "gradients": {"g2", "dW1", "db1", "dW2", "db2"},
        "output slope": {"∂a2"},
        "slopes": {"∂a1", "∂R"},
        "deltas": {"d2", "g1", "d1"},
        "updates": {f"{kept}{p}" for kept in ("", "m_", "v_") for p in ("W1", "b1", "W2", "b2")},
        "other": {
            "n",
            "k",
            *(f"{made}{p}" for made in ("c", "m_hat_", "v_hat_") for p in ("W1", "b1", "W2", "b2")),
        },
    }
