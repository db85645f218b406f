"""`chainrule info`: what a model file holds."""

from __future__ import annotations

import json
from pathlib import Path

import folders
import pytest
from commandline import chainrule

from chainrule.learning.model import Model

ready, here = folders.ready, folders.here


@pytest.mark.parametrize("name", ["model", "bare", "arrays"])
def test_the_text_tells_network_training_and_versions(name: str, here: Path) -> None:
    ran = chainrule("info", f"{name}.safetensors")
    model = Model.load(f"{name}.safetensors")
    assert (ran.code, ran.err) == (0, "")
    assert f"{model.network}: {model.network.parameter_count} parameters" in ran.out
    assert "Training   2 epochs" in ran.out
    assert model.digest[:40] in ran.out
    assert ("Columns" in ran.out) == (model.encoding is not None)
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_columns_are_told_with_their_encoding(here: Path) -> None:
    out = chainrule("info", "model.safetensors").out
    for told in ("kind: 2 classes (no, yes)", "x1: number, (v − 12.5)/", "city: "):
        assert told in out


def test_json_is_the_header_with_the_digest(here: Path) -> None:
    made = json.loads(chainrule("info", "model.safetensors", "--json").out)
    model = Model.load("model.safetensors")
    assert made["digest"] == model.digest
    assert made["parameters"] == 19
    assert made["classes"] == ["no", "yes"]
    assert made["settings"] == json.loads(json.dumps(model.settings.to_json()))
    assert made["history"]["epoch"] == [1, 2]
    assert made["made_with"] == dict(model.made_with)
