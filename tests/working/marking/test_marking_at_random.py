"""A small run of the benchmark: random networks, one slip put in and carried on."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).parents[3] / "bench" / "bench_marking.py"


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_marking", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_marking"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_slips_of_the_catalogue_are_found(bench: ModuleType) -> None:
    tally = bench.slip_sheets(8, 3, bench.from_catalogue)
    assert (tally["first wrong"], tally["later follow"], tally["among"]) == (8, 8, 8)
    assert tally["top"] >= 7


def test_slips_made_without_the_catalogue_are_found(bench: ModuleType) -> None:
    tally = bench.slip_sheets(8, 3, bench.from_trees)
    assert (tally["first wrong"], tally["later follow"]) == (8, 8)
    assert tally["among"] >= 7


def test_sheets_without_a_slip_raise_no_alarm(bench: ModuleType) -> None:
    assert bench.clean_sheets(16, 3)[0] == 0
