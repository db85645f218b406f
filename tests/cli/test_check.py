"""`chainrule check`: gradients against central differences, and the exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import folders
import pytest
from commandline import chainrule

ready, here = folders.ready, folders.here


def test_a_sound_model_passes(here: Path) -> None:
    ran = chainrule("check", "model.safetensors", "good.csv")
    assert (ran.code, ran.err) == (0, "")
    assert "W1" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("model", "data"), [("model.safetensors", "good.csv"), ("bare.safetensors", "bare.csv")]
)
def test_json_tells_of_every_parameter(model: str, data: str, here: Path) -> None:
    ran = chainrule("check", model, data, "--json")
    assert ran.code == 0
    made = json.loads(ran.out)
    named = {each["symbol"] for each in made["parameters"]}
    assert {"W1", "b1"} <= named


def spoilt(monkeypatch: pytest.MonkeyPatch) -> None:
    from chainrule.engines import checking

    sound = checking.check_gradients

    def check(*given: Any, **how: Any) -> Any:
        return replace(sound(*given, **how), ok=False, error=0.5)

    monkeypatch.setattr(checking, "check_gradients", check)


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_a_disagreement_is_exit_code_1(
    as_json: tuple[str, ...], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt(monkeypatch)
    ran = chainrule("check", "model.safetensors", "good.csv", *as_json)
    assert (ran.code, ran.err) == (1, "")
    assert "disagree" in ran.out or json.loads(ran.out)["ok"] is False


@pytest.mark.parametrize(("options", "rows"), [((), 24), (("--rows", "5"), 5)])
def test_rows_are_taken_from_the_first(
    options: tuple[str, ...], rows: int, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chainrule.engines import checking

    seen, sound = [], checking.check_gradients

    def check(network: Any, X: Any, *rest: Any, **how: Any) -> Any:
        seen.append((len(X), how["limit"]))
        return sound(network, X, *rest, **how)

    monkeypatch.setattr(checking, "check_gradients", check)
    chainrule("check", "model.safetensors", "good.csv", *options, "--entries", "0")
    assert seen == [(rows, None)]
