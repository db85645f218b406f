"""Whether a network fits into memory."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chainrule import Dense, Network, train
from chainrule.errors import ConfigError
from chainrule.learning import capacity
from chainrule.learning.capacity import check_memory, memory_needed, memory_there
from chainrule.learning.settings import make_settings

NETWORK = Network(10_000, [Dense(10_000), Dense(1)])
PARAMETERS = 10_000 * 10_000 + 10_000 + 10_000 + 1


@pytest.mark.parametrize(("rule", "each"), [("sgd", 16), ("momentum", 20), ("adam", 24)])
def test_parameters_count_with_gradient_and_state(rule: str, each: int) -> None:
    needed = memory_needed(NETWORK, make_settings(loss="mse", rule=rule, batch=1), rows=100)
    assert needed == PARAMETERS * each + 3 * 10_001 * 4


def test_a_batch_is_no_larger_than_the_rows() -> None:
    settings = make_settings(loss="mse", batch=10**9)
    assert memory_needed(NETWORK, settings, 5) < memory_needed(NETWORK, settings, 500)


def test_a_network_that_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "memory_there", lambda: 2 * 10**9)
    sentence = (
        "a network of 100,020,001 parameters needs about 2.4 GB of memory to train, and this machine has 2 GB: "
        "give its layers fewer units"
    )
    with pytest.raises(ConfigError, match=f"^{re.escape(sentence)}$"):
        check_memory(NETWORK, make_settings(loss="mse"), rows=32)
    monkeypatch.setattr(capacity, "memory_there", lambda: 3 * 10**9)
    check_memory(NETWORK, make_settings(loss="mse"), rows=32)


def test_training_on_arrays_asks_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacity, "memory_there", lambda: 10)
    with pytest.raises(ConfigError, match="parameters needs about"):
        train(Network(2, [Dense(1)]), [[0.0, 1.0]], [1.0], epochs=1)


def test_the_limit_of_the_process_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = tmp_path / "memory.max"
    monkeypatch.setattr(capacity, "LIMIT", limit)
    whole = memory_there()
    limit.write_text("max\n")
    assert memory_there() == whole
    limit.write_text("1000\n")
    assert memory_there() == 1000
