from __future__ import annotations

import pytest

from chainrule import Dense, Network, derive
from chainrule.working.marking.search import Search
from chainrule.working.marking.slips import KINDS, slips_of
from chainrule.working.program import Program, scalar_program
from chainrule.working.worked.examples import example_names, load_example


@pytest.fixture(scope="module")
def two_samples() -> Program:
    network = Network(
        2,
        [
            Dense(2, "sigmoid", weights=[[0.1, 0.2], [0.4, 0.5]]),
            Dense(2, "sigmoid", weights=[[0.3, -0.2], [0.6, 0.7]]),
        ],
    )
    values = {"x": [[0.5, 0.3], [0.1, 0.9]], "y": [[1, 0], [0, 1]], "b1": [0.1, 0.2], "b2": [0.3, 0.4]}
    derivation = derive(network, "binary_crossentropy", "gradient_descent", fused=False)
    return scalar_program(derivation, values, rate=0.1, passes=2, last_pass_whole=False)


def test_every_kind_of_slip_is_found_in_a_network_that_has_room_for_it(two_samples: Program) -> None:
    assert {slip.kind for slip in slips_of(two_samples)} == {*KINDS} - {"square-left-out"}


def test_kinds_are_listed_once() -> None:
    assert len(set(KINDS)) == len(KINDS)


def sentences(program: Program, where: str, kind: str) -> set[str]:
    found = slips_of(program, [where])
    return {slip.sentence(str) for slip in found if (slip.where, slip.kind) == (where, kind)}


def test_slips_say_what_they_change(two_samples: Program) -> None:
    assert "eta@1 left out" in sentences(two_samples, "W1[1,1]@2", "learning-rate")
    assert "x[1,2]@1 used for x[1,1]@1" in sentences(two_samples, "z1[1,1]@1", "another-input")
    assert "bias b1[1]@1 left out" in sentences(two_samples, "z1[1,1]@1", "bias")
    assert "slope taken at z1[1,1]@1, not a1[1,1]@1" in sentences(
        two_samples, "∂a1[1,1]@1/∂z1[1,1]@1", "slope-at-z"
    )
    assert "C@1: logarithm to base 10, not the natural one" in sentences(two_samples, "C@1", "log-base")
    assert "C@1: summed over samples and outputs, not averaged" in sentences(
        two_samples, "C@1", "sum-for-mean"
    )
    assert "W1[1,1]@1 used for W1[1,1]@2" in sentences(two_samples, "z1[1,1]@2", "old-weight")
    assert "weights transposed in z1[1,1]@1" in sentences(two_samples, "z1[1,1]@1", "transposed")


def test_no_slip_uses_a_number_that_is_not_there_yet(two_samples: Program) -> None:
    order = {line.key: place for place, line in enumerate(two_samples)}
    for slip in slips_of(two_samples):
        for key, change in slip.changes.items():
            later = {str(put) for put in change.put.values() if order.get(str(put), -1) >= order[key]}
            assert not later or slip.kind == "updated-weight"


def test_an_updated_weight_is_one_in_backpropagation_only(two_samples: Program) -> None:
    found = [slip for slip in slips_of(two_samples) if slip.kind == "updated-weight"]
    assert found
    assert {two_samples.by_key[slip.where].phase for slip in found} == {"backpropagation"}


@pytest.mark.parametrize("name", example_names())
def test_every_example_has_slips_that_can_be_run(name: str) -> None:
    program = load_example(name).program
    search = Search(program)
    found = search.sweep.run([slip.changes for slip in search.slips], program.by_key)
    assert search.slips
    assert len(found) == len(program.lines)
