"""Medians of interleaved runs: a busy moment of the machine falls on all competitors alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from time import perf_counter, sleep
from typing import Any

# Threads of one tool that still spin would slow the next one.
PAUSE = 0.05


@dataclass(frozen=True)
class Timed:
    """The median seconds of a competitor's runs, and what its last run returned."""

    seconds: float
    last: Any


def one_thread() -> None:
    """Hold this process to one core, for every tool alike; to be called before any of them is imported."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for pool in ("OPENBLAS", "OMP", "MKL"):
        os.environ[f"{pool}_NUM_THREADS"] = "1"


def interleaved(
    runs: int, competitors: Mapping[str, Callable[[], Any]], clock: Callable[[], float] = perf_counter
) -> dict[str, Timed]:
    """Every competitor once in each of `runs` rounds, after one run each that is not counted."""
    for run in competitors.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in competitors}
    last: dict[str, Any] = {}
    for _ in range(runs):
        for name, run in competitors.items():
            sleep(PAUSE)
            began = clock()
            last[name] = run()
            seconds[name].append(clock() - began)
    return {name: Timed(median(found), last[name]) for name, found in seconds.items()}


def repeated(call: Callable[[], Any], seconds: float = 0.02) -> Callable[[], int]:
    """A run of as many calls as take about so long; it returns how many."""
    call()
    count, began = 1, perf_counter()
    while perf_counter() - began < seconds:
        for _ in range(count):
            call()
        count *= 2

    def run() -> int:
        for _ in range(count):
            call()
        return count

    return run
