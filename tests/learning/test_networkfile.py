"""Networks read from TOML files."""

from __future__ import annotations

from pathlib import Path

import pytest

from chainrule.derivation import Dense, Dropout, Network
from chainrule.errors import ConfigError
from chainrule.learning.networkfile import NetworkFile, read_network

LAYER = "[[layers]]\nunits = 1\n"


def read(folder: Path, text: str) -> NetworkFile:
    (folder / "net.toml").write_text(text)
    return read_network(folder / "net.toml")


def test_every_key_is_taken(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """
        inputs = 2
        loss = "mse(outputs=sum)"
        rule = "adam(beta1=0.8)"
        rate = 0.1
        l2 = 0.5
        clip_norm = 1
        [[layers]]
        units = 2
        activation = "leaky_relu(0.2)"
        bias = false
        weights = [[0.7, 0.3], [0.4, 0.6]]
        [[layers]]
        dropout = 0.2
        [[layers]]
        units = 1
        activation = "step"
        threshold = [0.5]
        weights = "he_normal"
        frozen = true
        """,
    )
    assert found.network == Network(
        2,
        [
            Dense(2, "leaky_relu(0.2)", bias=False, weights=[[0.7, 0.3], [0.4, 0.6]]),
            Dropout(0.2),
            Dense(1, "step", threshold=[0.5], weights="he_normal", frozen=True),
        ],
    )
    assert found.loss is not None
    assert found.rule is not None
    assert found.loss.spec == "mse(outputs=sum)"
    assert found.rule.parameters == {"learning_rate": 0.1, "beta1": 0.8, "beta2": 0.999, "epsilon": 1e-8}
    assert (found.rate, found.l2, found.clip_norm, found.clip_value) == (0.1, 0.5, 1.0, None)


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    found = read(tmp_path, f"inputs = 3\n{LAYER}")
    assert found == NetworkFile(Network(3, [Dense(1)]), None, None, None, 0.0, None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ' has 2 mistakes: inputs is missing; layers is missing: correct them'),
        ("inputs = 2\nlayers = []", ": layers must not be empty: add an entry"),
        ("inputs = 2\nlayers = 3", ": layers must be a list, not 3: write a list"),
        ("inputs = 2\nlayers = [3]", ": layer 1 must be a table, not 3: write a table"),
        (f"inputs = 0\n{LAYER}", ": inputs must be at least 1, not 0: raise it"),
        (f"inputs = 2.0\n{LAYER}", ": inputs must be a whole number, not 2.0: write a whole number"),
        (f"inputs = 2\nl2 = -1\n{LAYER}", ": l2 must be at least 0, not -1: raise it"),
        (f"inputs = 2\nl2 = nan\n{LAYER}", ": l2 must be a finite number, not NaN: write a finite number"),
        (f'inputs = 2\nlos = "mse"\n{LAYER}',
         ': there is no key "los", did you mean "loss"?: rename it, or take it out'),
        ("inputs = 2\n[[layers]]\nunit = 2\n", ' has 2 mistakes: units of layer 1 is missing; there is no key "unit" '
         'in layer 1, did you mean "units"?: correct them'),
        (f"inputs = 2\n{LAYER}[[layers]]\ndropout = 1\n", ": dropout of layer 2 must be below 1, not 1: lower it"),
        ("inputs = 2\n[[layers]]\ndropout = 0.1\nunits = 2\n",
         ': there is no key "units" in layer 1 (known: dropout): rename it, or take it out'),
        ("inputs = 2\n[[layers]]\nunits = 2\nbias = [1]\n",
         ": layer 1: a layer of 2 units needs 2 bias values, not 1: change that"),
        ("inputs = 2\n[[layers]]\nunits = 1\nweights = [[1], [nan]]\n",
         ": layer 1: weights must be finite numbers, but one is nan: change that"),
        (f"inputs = 2\nrate = 0.1\n{LAYER}",
         ': rate needs a rule to be the rate of: add one, for example rule = "gradient_descent"'),
        (f'inputs = 2\nrule = "adam"\n{LAYER}',
         ': rule needs a loss to learn from: add one, for example loss = "mse"'),
        ("inputs = 3\n[[layers]]\nunits = 1\nweights = [[1], [2]]\n",
         ": layer 1's weights are 2 × 1, but it has 3 inputs and 1 units: "
         "give one row per input and one column per unit"),
        (f"inputs = 2\n{LAYER}[[layers]]\ndropout = 0.1\n",
         ": a network ends with a Dense layer, its outputs: add one"),
    ],
)  # fmt: skip
def test_mistakes_are_named_where_they_are(text: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, text)
    assert str(refused.value) == f'"{tmp_path / "net.toml"}"{told}'


def test_names_of_formulas_are_looked_up_with_all_other_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, 'inputs = 2\nloss = "mes"\nrule = 3\n[[layers]]\nunits = 1\nactivation = "sigmiod"\n')
    told = str(refused.value)
    assert " has 3 mistakes: " in told
    assert 'activation of layer 1: there is no activation called "sigmiod": did you mean "sigmoid"?' in told
    assert 'loss: there is no loss called "mes": did you mean "mse"?' in told
    assert "rule: a learning rule is given by name" in told


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no file"):
        read_network(tmp_path / "net.toml")
