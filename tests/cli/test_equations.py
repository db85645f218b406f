"""`chainrule show`: the equations of networks that have no numbers to work on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commandline import chainrule, refused

from chainrule.cli.equations import derivation_of, wrapped

NETWORK = """
inputs = 2
loss = "mse"
rule = "gradient_descent"
rate = 0.1
l2 = 0.01
[[layers]]
units = 2
activation = "sigmoid"
bias = false
weights = [[0.7, 0.3], [0.4, 0.6]]
[[layers]]
dropout = 0.2
[[layers]]
units = 1
"""


@pytest.fixture
def network(tmp_path: Path) -> str:
    file = tmp_path / "net.toml"
    file.write_text(NETWORK)
    return str(file)


def test_a_network_is_shown_line_by_line_in_80_columns(network: str) -> None:
    ran = chainrule("show", network)
    assert (ran.code, ran.err) == (0, "")
    for line in ("a1 = sigmoid(z1) = 1 / (1 + exp(-z1))", "dW2 = h1ᵀ d2 + λ · W2", "W1 ← W1 - η · dW1"):
        assert line in ran.out
    assert ran.out.endswith("η is the learning rate: 0.1.\n")
    assert max(map(len, ran.out.splitlines())) <= 80


def test_what_is_shown_is_the_printed_derivation(network: str) -> None:
    shown = chainrule("show", network).out
    assert " ".join(str(derivation_of(network)).split()) in " ".join(shown.split())


def test_rule_and_loss_of_the_command_line_come_first(network: str) -> None:
    ran = json.loads(
        chainrule("show", network, "--rule", "adam(learning_rate=0.5)", "--loss", "mae", "--json").out
    )
    assert ran["loss"] == "mae"
    assert ran["rule"].startswith("adam(learning_rate=0.5,")
    assert ran["state"]["m_W1"] == {"of": "W1", "starts_from": 0.0}


def test_json_has_every_line(network: str) -> None:
    made = json.loads(chainrule("show", network, "--json").out)
    assert [line["symbol"] for line in made["lines"]] == [line.symbol for line in derivation_of(network)]
    last = made["lines"][-1]
    assert (last["phase"], last["formula"], last["shape"]) == ("update", "b2 ← b2 - η · db2", ["O"])


def test_without_a_loss_there_is_only_the_feedforward_pass(tmp_path: Path) -> None:
    file = tmp_path / "plain.toml"
    file.write_text("inputs = 3\n[[layers]]\nunits = 1\n")
    shown = chainrule("show", str(file)).out
    assert "Feedforward" in shown
    assert "Loss" not in shown


def test_wrapping_keeps_every_word_and_sets_reasons_in() -> None:
    told = "   z = x W   (B, O)\n        " + "word " * 30
    broken = wrapped(told.rstrip(), 80).splitlines()
    assert broken[0] == "   z = x W   (B, O)"
    assert all(line.startswith("        word") and len(line) <= 80 for line in broken[1:])
    assert " ".join(broken).split() == told.split()


def test_a_file_of_another_kind_is_one_sentence(tmp_path: Path) -> None:
    sentence = refused("show", str(tmp_path / "net.json"))
    assert sentence.startswith(
        f'"{tmp_path / "net.json"}" is not a file that can be shown: give one that ends in .toml'
    )


def test_an_unknown_rule_is_one_sentence(network: str) -> None:
    assert refused("show", network, "--rule", "adm").startswith(
        'there is no learning rule called "adm": did you mean "adam"?'
    )


def test_a_broken_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "net.toml"
    file.write_text("inputs = 2\nlayers = [\n")
    assert refused("show", str(file)).startswith(f'"{file}", line 3: this is not TOML: ')
