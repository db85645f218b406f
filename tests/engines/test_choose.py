"""Engines by name, and by the amount of work."""

from __future__ import annotations

import pytest

from chainrule.derivation import Dense, Network
from chainrule.engines.choose import check_engine, choose_engine, find_engine
from chainrule.errors import UnknownName

SMALL, LARGE = Network(2, [Dense(1)]), Network(784, [Dense(512), Dense(10)])


@pytest.mark.parametrize("name", ["numpy", "compiled"])
def test_an_engine_is_found_by_its_name(name: str) -> None:
    assert find_engine(name).name == name
    assert choose_engine(name, SMALL, 4, 4, 1) is find_engine(name)


@pytest.mark.parametrize("refuse", [find_engine, check_engine])
def test_an_unknown_engine_is_refused(refuse: object) -> None:
    with pytest.raises(UnknownName, match=r'no engine called "abacus" \(known: auto, compiled, numpy\)'):
        refuse("abacus")  # type: ignore[operator]


def test_auto_goes_by_the_amount_of_work() -> None:
    for network, rows, batch, epochs, wanted in (
        (SMALL, 4, 4, 5000, "numpy"),
        (SMALL, 4, 4, 20_000, "compiled"),
        (SMALL, 40_000, 4, 2, "compiled"),
        (LARGE, 128, 128, 1, "numpy"),
        (LARGE, 60_000, 128, 5, "compiled"),
    ):
        assert choose_engine("auto", network, rows, batch, epochs).name == wanted, (rows, epochs)
