"""Wrong arguments from Python: each is an error of our tree, in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule as cr

X, Y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
NET = cr.Network(2, [cr.Dense(1, "sigmoid")])

WRONG: dict[str, tuple[Callable[[], Any], str]] = {
    "no network": (lambda: cr.train(None, X, Y), "train takes a Network(inputs, layers), not None"),
    "sizes for a network": (
        lambda: cr.derive([4, 1]),
        "a derivation is of a Network(inputs, layers), not of [4, 1]",
    ),
    "no values": (lambda: cr.NumpyEngine().run(cr.derive(NET), None), "the values are given by symbol"),
    "a schedule that is a number": (lambda: cr.train(NET, X, Y, schedule=3), "a schedule is given by name"),
    "a callback that is a number": (lambda: cr.train(NET, X, Y, callbacks=[3]), "a callback is a function"),
    "no layers": (
        lambda: cr.Network(2, None),
        "a network takes a list of layers, such as [Dense(1)], not None",
    ),
    "one layer": (lambda: cr.Network(2, cr.Dense(1)), "a network takes a list of layers"),
    "no path": (lambda: cr.Model.load(None), "a file is named by a string or a Path, not by None"),
    "a number for a table": (lambda: cr.read_table(5), "a file is named by a string or a Path, not by 5"),
    "no data set": (lambda: cr.load_dataset(None), 'there is no data set called "None"'),
    "a line by number": (lambda: cr.derive(NET)[99], 'there is no line called "99"'),
    "a threshold in words": (
        lambda: cr.train_perceptron(X, Y, threshold="x"),
        "the threshold must be a finite number",
    ),
    "NumPy in a formula": (
        lambda: cr.activation("q2", value=lambda z: np.exp(z), slope=lambda a: a),
        "use exp, tanh, where, … of chainrule.formulas.vocabulary",
    ),
    "a formula in writing": (
        lambda: cr.activation("q4", value="z", slope=lambda z: 1),
        "a formula is given as a function",
    ),
    "misspelt settings": (lambda: cr.train(NET, X, Y, epoch=5), 'did you mean "epochs"?'),
    "complex numbers": (
        lambda: cr.train(NET, np.array(X) * 1j, Y),
        "X holds complex numbers: give real ones",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_refused_in_a_sentence(case: str) -> None:
    call, told = WRONG[case]
    with pytest.raises(cr.ChainruleError) as refused:
        call()
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)


def test_one_hidden_layer_may_be_given_as_a_number() -> None:
    assert cr.train_table("iris", layers=3, epochs=1).model.network.sizes == (4, 3, 3)
