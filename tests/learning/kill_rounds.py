"""Runs training in forked children and kills them; used by test_killing.py, in a process of its own.

Arguments: a folder, the number of rounds, a seed, an engine. Prints one JSON object a round: how often a
child was killed, the digest and the losses of the end, and the same of an unbroken run.
"""

from __future__ import annotations

import json
import os
import random
import select
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from chainrule import Dense, Dropout, EpochRecord, Network, train
from chainrule.learning import loop

EPOCHS = 20
MOST_KILLS = 2
LONGEST_WAIT = 0.015


def fit(seed: int, **keeping: Any) -> dict[str, Any]:
    """A run with everything that has a state: masks, rule, plateau, patience."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(100, 4))
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    net = Network(4, [Dense(12, "prelu"), Dropout(0.1), Dense(1, "sigmoid")])
    choices: dict[str, Any] = {"engine": sys.argv[4]}
    choices |= {"epochs": EPOCHS, "batch": 4, "rate": 0.02, "seed": seed, "validation": 0.2, "patience": 20}
    run = train(net, X, y, **choices, schedule="plateau(patience=2, gamma=0.5)", **keeping)
    return {"digest": run.model.digest, "losses": run.history.losses, "notes": run.notes}


def child(seed: int, path: Path, seconds: float) -> tuple[int, int]:
    """A process that trains, writes a byte after each epoch and its result at the end."""
    reading, writing = os.pipe()
    process = os.fork()
    if process:
        os.close(writing)
        return process, reading
    try:

        def tell(record: EpochRecord) -> None:
            os.write(writing, b".")

        done = fit(seed, checkpoint=path, checkpoint_seconds=seconds, resume=True, callbacks=[tell])
        os.write(writing, json.dumps(done).encode())
    finally:
        os._exit(0)


def read_to_the_end(reading: int) -> str:
    with os.fdopen(reading, "rb") as stream:
        return stream.read().decode().lstrip(".")


def killed(process: int, reading: int, rng: random.Random) -> bool:
    """Kill the child after a random number of epochs and some milliseconds; False if it ended before."""
    for _ in range(rng.randrange(EPOCHS)):
        if os.read(reading, 1) != b".":
            break
    select.select([], [], [], rng.uniform(0, LONGEST_WAIT))
    os.kill(process, signal.SIGKILL)
    os.close(reading)
    return os.WIFSIGNALED(os.waitpid(process, 0)[1])


def play(folder: Path, seed: int) -> dict[str, Any]:
    """One round: a run killed once or twice, and then left alone to its end."""
    rng = random.Random(seed)
    path, seconds = folder / f"checkpoint-{seed}", rng.choice([0.01, 0.03, 0.06])
    kills = sum(killed(*child(seed, path, seconds), rng) for _ in range(rng.randint(1, MOST_KILLS)))
    process, reading = child(seed, path, seconds)
    told = read_to_the_end(reading)
    os.waitpid(process, 0)
    return {"kills": kills, "resumed": json.loads(told), "unbroken": fit(seed)}


if __name__ == "__main__":
    # So that checkpoints fall within epochs, too.
    loop.SLICE = 0.0 if sys.argv[4] == "compiled" else 0.0005
    fit(0)  # so that a child need not load anything
    for number in range(int(sys.argv[2])):
        print(json.dumps(play(Path(sys.argv[1]), int(sys.argv[3]) + number)), flush=True)
